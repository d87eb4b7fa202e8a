"""What a reader should decide, beware of, and do next; worked out from the results alone."""

from __future__ import annotations

from collections.abc import Sequence

from core.evaluation.verdict import BETTER, MIN_GROUPS, MIN_QUESTIONS, NOT_SHOWN, WORSE, effect_text
from core.messages import N_, Message
from core.reporting.report_content import RegimeResults, ReportContent
from core.reporting.wording import NO_VERDICT
from core.types import KNOWN, UNSEEN

SMALL_TEST = 100  # questions; below this the smallest detectable difference is about 0.05 or more


def decision(words: Sequence[str]) -> Message:
    """Return the verdict over all regimes in one sentence.

    Parameters
    ----------
    words : sequence of str
        Verdict of each regime that has one, by the main metric.
    """
    said = set(words)
    if not said:
        text = NO_VERDICT
    elif said == {BETTER}:
        text = N_("Better: the tuned model places right answers higher than the base model.")
    elif said == {BETTER, NOT_SHOWN}:
        text = N_("Better in one test; no clear difference in the other.")
    elif {BETTER, WORSE} <= said:
        text = N_("Mixed: better in one test, worse in the other.")
    elif WORSE in said:
        text = N_("Worse: the tuned model places right answers lower than the base model.")
    else:
        text = N_("No clear difference between the two models on the held-out questions.")
    return Message(text)


def overall_word(words: Sequence[str]) -> str:
    """Return the word that colours the decision: the worst news wins."""
    return next((word for word in (WORSE, BETTER) if word in words), NOT_SHOWN)


def caveats(report: ReportContent) -> list[Message]:
    """Return what limits the verdict."""
    limits = [_size_caveat(regime) for regime in report.regimes]
    tested = {regime.key for regime in report.regimes}
    asked = [e.origin for e in report.experts if e.origin.key in report.labels.recipe.experts]
    by_hand = len(report.labels.overrides)

    def add(text: str, **values: int) -> None:
        limits.append(Message(text, dict(values)))

    if KNOWN not in tested:
        add(N_("New wordings of known answers were not tested: no such question is held out."))
    if UNSEEN not in tested:
        add(N_("Answers without training questions were not tested: none is held out."))
    if report.lost:
        text = N_(
            "Right answers that were among the first ten and no longer are: {lost}. Read them in "
            "the list of losses before deciding."
        )
        add(text, lost=report.lost)
    if not report.generality:
        add(N_("Whether everyday language is still understood was not measured."))
    if report.data.personal_data:
        text = N_(
            "The uploaded texts hold personal data. Whoever gets this report or the model should "
            "be allowed to see it."
        )
        add(text)
    if report.tuning.best_step == 0 and report.tuning.reader is None:
        add(N_("Nothing of what was learned was kept, so both models are the same."))
    if by_hand:
        add(N_("Labels set by hand: {count}. The verdict depends on them too."), count=by_hand)
    if not all(origin.commercial_use for origin in asked):
        text = N_(
            "The licence of an expert does not allow commercial use, or is not known. Ask your "
            "legal department whether a model that learned from it may be used."
        )
        add(text)
    text = N_(
        "One run with one random seed: another seed gives slightly different figures. The "
        "intervals cover the choice of questions, not the choice of seed."
    )
    add(text)
    return limits


# By regime; a test that tells no smallest effect, a small one, any other.
_SIZES = {
    KNOWN: (
        N_("New wordings of known answers: {questions} questions on {groups} groups of answers."),
        N_(
            "New wordings of known answers: a small test of {questions} questions on {groups} "
            "groups of answers. Differences below about {smallest} would often be missed."
        ),
        N_(
            "New wordings of known answers: {questions} questions on {groups} groups of answers. "
            "Differences below about {smallest} would often be missed."
        ),
    ),
    UNSEEN: (
        N_("Unseen answers: {questions} questions on {groups} groups of answers."),
        N_(
            "Unseen answers: a small test of {questions} questions on {groups} groups of answers. "
            "Differences below about {smallest} would often be missed."
        ),
        N_(
            "Unseen answers: {questions} questions on {groups} groups of answers. Differences "
            "below about {smallest} would often be missed."
        ),
    ),
}


def _size_caveat(regime: RegimeResults) -> Message:
    main = regime.main
    untold, small, large = _SIZES[regime.key]
    counts: dict[str, str | int | float] = {"questions": regime.questions, "groups": regime.groups}
    if main is None or main.smallest_detectable == 0:  # no question changed: nothing to plan with
        return Message(untold, counts)
    text = small if regime.questions < SMALL_TEST else large
    return Message(text, {**counts, "smallest": effect_text(main.smallest_detectable)})


def next_steps(report: ReportContent) -> list[Message]:
    """Return what to do now, the most important step first."""
    words = set(report.words)
    steps: list[str] = []
    if report.refusals or WORSE in words:
        steps += [
            N_(
                "Keep the base model for now. Read the losses: where the experts are wrong, "
                "correct the labels by hand and tune again."
            ),
            N_(
                "Try a lower “Share of the known right answers (blend λ)” on Labels or fewer "
                "“Passes over the data (epochs)” on Tune: both memorise less of the training "
                "questions."
            ),
        ]
    elif BETTER in words:
        steps += [
            N_(
                "Let colleagues who know the customers try their own questions on the Compare "
                "page before the model goes live."
            ),
            N_(
                "To use the tuned model, encode all answers again with it: vectors of the base "
                "model and of the tuned model must not be mixed."
            ),
        ]
    if NOT_SHOWN in words or not words:
        steps.append(
            N_(
                "Add questions: four times as many held-out questions halve the smallest "
                "difference that can be found."
            )
        )
    if any(r.questions < MIN_QUESTIONS or r.groups < MIN_GROUPS for r in report.regimes):
        steps.append(
            N_(
                "One test is too small for any verdict. Collect more differently worded questions "
                "per answer, and more answers."
            )
        )
    steps.append(
        N_(
            "Repeat the journey with new real questions after some weeks: customers change their "
            "words."
        )
    )
    return [Message(step) for step in steps]
