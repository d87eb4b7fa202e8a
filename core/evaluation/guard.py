"""May a tuned model replace the base model? Only if it did not get worse where we can see it."""

from __future__ import annotations

from core.evaluation.differences import BASE, TUNED
from core.evaluation.measures import MAIN_METRIC
from core.evaluation.verdict import WORSE, effect_text
from core.messages import N_, Message
from core.types import KNOWN, Comparison, Generality

GENERALITY_LIMIT = 0.02  # Spearman points; seeds of one recipe differ by about half of that

KEPT = "kept"  # the whole interval lies inside the limit
UNSURE = "unsure"  # the drop is inside the limit, its interval reaches past it
LOST = "lost"  # the drop is past the limit


def generality_state(probe: Generality, limit: float = GENERALITY_LIMIT) -> str:
    """Return ``kept``, ``unsure`` or ``lost``.

    The measured drop decides whether a model is refused, since it is the best guess there is; the
    interval says how sure that is. Only a drop whose whole interval stays inside the limit counts
    as shown to be small (a non-inferiority test with the limit as its margin).
    """
    if probe.before - probe.after > limit:
        return LOST
    return KEPT if -probe.low <= limit else UNSURE


def promotion_allowed(
    comparison: Comparison, limit: float = GENERALITY_LIMIT
) -> tuple[bool, list[Message]]:
    """Return whether the tuned model may be promoted, and every reason against it.

    Refused when base or tuned is absent, when the main metric is ``worse`` in a regime, or when
    Spearman on a general probe falls by more than ``limit``; the reason names the interval of the
    drop. "Not shown" does not refuse: a tuned model may be wanted for other reasons. For
    overruling see :mod:`core.journey.promotion`.
    """
    reasons: list[Message] = []
    if comparison.arm(BASE) is None or comparison.arm(TUNED) is None:
        reasons.append(
            Message(N_("The model before or after tuning is missing from the comparison."))
        )
    for difference in comparison.differences:
        if (difference.metric, difference.word) != (MAIN_METRIC, WORSE):
            continue
        params: dict[str, str | int | float] = {
            "drop": effect_text(-difference.difference, 3),
            "low": effect_text(-difference.high, 3),
            "high": effect_text(-difference.low, 3),
            "questions": difference.questions,
        }
        reasons.append(
            Message(
                N_(
                    "On new wordings of known answers the tuned model is worse by {drop} ({low} to "
                    "{high}; nDCG@10, {questions} held-out questions)."
                ),
                params,
            )
            if difference.regime == KNOWN
            else Message(
                N_(
                    "On unseen answers the tuned model is worse by {drop} ({low} to {high}; "
                    "nDCG@10, {questions} held-out questions)."
                ),
                params,
            )
        )
    reasons += [
        _loss(probe, limit)
        for probe in comparison.generality
        if generality_state(probe, limit) == LOST
    ]
    return not reasons, reasons


def promotion_cautions(comparison: Comparison, limit: float = GENERALITY_LIMIT) -> list[Message]:
    """Return what does not refuse the tuned model but is not shown to be harmless either."""
    return [
        Message(
            N_(
                "On general sentence pairs ({language}) the measured loss of {drop} is inside the "
                "limit of {limit}, but with {pairs} pairs it could be up to {high} (95 % interval)."
            ),
            _numbers(probe, limit),
        )
        for probe in comparison.generality
        if generality_state(probe, limit) == UNSURE
    ]


def _loss(probe: Generality, limit: float) -> Message:
    if -probe.high > limit:
        return Message(
            N_(
                "On general sentence pairs ({language}) the tuned model lost {drop} ({low} to "
                "{high}), from {before} to {after} (Spearman); the limit is {limit}."
            ),
            _numbers(probe, limit),
        )
    return Message(
        N_(
            "On general sentence pairs ({language}) the tuned model lost {drop} ({low} to {high}), "
            "from {before} to {after} (Spearman); the limit is {limit}. With {pairs} pairs the "
            "true loss may also be inside the limit."
        ),
        _numbers(probe, limit),
    )


def _numbers(probe: Generality, limit: float) -> dict[str, str | int | float]:
    def short(value: float) -> str:
        text = f"{value:.3f}"
        return "0.000" if float(text) == 0 else text.replace("-", "−")

    return {
        "language": probe.language,
        "pairs": probe.pairs,
        "drop": short(probe.before - probe.after),
        "low": short(-probe.high),
        "high": short(-probe.low),
        "before": short(probe.before),
        "after": short(probe.after),
        "limit": f"{limit:g}",
    }
