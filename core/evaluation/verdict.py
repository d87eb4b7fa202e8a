"""From numbers to one of three words, and to the sentence that a manager reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.evaluation.measures import MAIN_METRIC
from core.messages import N_, Message
from core.types import KNOWN, UNSEEN, Difference

BETTER = "better"
WORSE = "worse"
NOT_SHOWN = "not shown"

ALPHA = 0.05
MIN_QUESTIONS = 20  # below this one lucky question moves the mean by more than 0.05
MIN_GROUPS = 10  # below this the bootstrap over answer groups gives too narrow intervals

_MOST_DECIMALS = 6

WORDS = {BETTER: N_("Better"), WORSE: N_("Worse"), NOT_SHOWN: N_("Not shown")}


@dataclass(frozen=True)
class Regime:
    """One way of holding questions out, in the reader's words."""

    key: str
    title: str
    meaning: str


REGIME_TEXTS = {
    regime.key: regime
    for regime in (
        Regime(
            KNOWN,
            N_("Known answers, new wording"),
            N_("Questions that were held out, about answers that other questions trained."),
        ),
        Regime(
            UNSEEN,
            N_("Unseen answers"),
            N_("Questions about answers that no training question was about."),
        ),
    )
}


def word(low: float, high: float, p: float, questions: int, groups: int) -> str:
    """Return ``better``, ``worse`` or ``not shown``.

    A difference is shown only when there are at least ``MIN_QUESTIONS`` questions from
    ``MIN_GROUPS`` answer groups, the 95% interval leaves out zero AND the randomisation test gives
    p below ``ALPHA``: two tests with different weaknesses have to agree.

    Parameters
    ----------
    low, high : float
        Interval of tuned minus base.
    p : float in (0, 1]
        For the main metric the raw p (it was chosen beforehand), for others Holm's.
    questions, groups : int
        Held-out questions and their answer groups.
    """
    if questions < MIN_QUESTIONS or groups < MIN_GROUPS or p >= ALPHA or low <= 0 <= high:
        return NOT_SHOWN
    return BETTER if low > 0 else WORSE


def decides_raw(regime: str, arm: str, reference: str, metric: str) -> bool:
    """Return True for the question that was fixed before anybody looked: it needs no correction.

    Tuned against base, on the main metric, on all questions of a regime. Everything else is one
    of several looks at the same questions and is judged on its adjusted p.
    """
    return bool(regime) and (arm, reference, metric) == ("tuned", "base", MAIN_METRIC)


def decisive_p(difference: Difference) -> float:
    """Return the p-value that decides, see :func:`decides_raw`."""
    d = difference
    return d.p if decides_raw(d.regime, d.arm, d.reference, d.metric) else d.p_adjusted


def sentence(difference: Difference) -> Message:
    """Return the verdict in one sentence, with the reason where nothing was shown."""
    size = _digits(difference)
    params: dict[str, str | int | float] = {
        "difference": _signed(difference.difference, size),
        "low": _number(difference.low, size),
        "high": _number(difference.high, size),
        "questions": difference.questions,
        "groups": difference.groups,
    }
    if difference.word == BETTER:
        return Message(
            N_("Better: {difference} ({low} to {high}), on {questions} held-out questions."), params
        )
    if difference.word == WORSE:
        return Message(
            N_("Worse: {difference} ({low} to {high}), on {questions} held-out questions."), params
        )
    if difference.questions < MIN_QUESTIONS or difference.groups < MIN_GROUPS:
        return Message(
            N_(
                "Not shown: too few held-out questions for a verdict ({questions} questions on "
                "{groups} groups of answers; needed: {min_questions} questions on {min_groups} "
                "groups). Add questions and compare again."
            ),
            {**params, "min_questions": MIN_QUESTIONS, "min_groups": MIN_GROUPS},
        )
    if difference.wins == difference.losses == 0:
        return Message(
            N_("Not shown: on all {questions} held-out questions the result is the same."), params
        )
    if difference.low <= 0 <= difference.high:
        return Message(
            N_(
                "Not shown: {difference} ({low} to {high}), on {questions} held-out questions. "
                "There may be no difference at all; with this many questions, one of {smallest} "
                "or more would probably be found."
            ),
            {**params, "smallest": effect_text(difference.smallest_detectable)},
        )
    return Message(
        N_(
            "Not shown: {difference} ({low} to {high}), on {questions} held-out questions. A "
            "second test does not confirm the difference (p = {p}, needed: below {alpha})."
        ),
        {**params, "p": f"{decisive_p(difference):.3f}", "alpha": ALPHA},
    )


def effect_text(effect: float, least: int = 2) -> str:
    """Return an effect with ``least`` decimals, or as many as it takes not to read as zero."""
    return _number(effect, max(least, _decimals([effect])))


def signed_effect(effect: float) -> str:
    """Return :func:`effect_text` with its sign."""
    return _signed(effect, _decimals([effect]))


def _digits(difference: Difference) -> int:
    """Return decimals so that an end of the interval that is not zero does not read as zero."""
    return _decimals([difference.low, difference.high])


def _decimals(values: Sequence[float]) -> int:
    smallest = min((abs(value) for value in values if value != 0), default=1.0)
    digits = 2 if smallest >= 0.01 else 3 if smallest >= 0.001 else 4
    while digits < _MOST_DECIMALS and float(f"{smallest:.{digits}f}") == 0:
        digits += 1
    return digits


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def _signed(value: float, digits: int) -> str:
    text = _number(value, digits)
    return text if text.startswith("−") or float(text) == 0 else f"+{text}"
