"""May a tuned model replace the base model? Only if it did not get worse where we can see it."""

from __future__ import annotations

from core.evaluation.differences import BASE, TUNED
from core.evaluation.metrics import MAIN_METRIC
from core.evaluation.verdict import WORSE
from core.messages import N_, Message
from core.types import KNOWN, Comparison

GENERALITY_LIMIT = 0.02  # Spearman points; seeds of one recipe differ by about half of that


def promotion_allowed(
    comparison: Comparison, limit: float = GENERALITY_LIMIT
) -> tuple[bool, list[Message]]:
    """Return whether the tuned model may be promoted, and every reason against it.

    Refused when base or tuned is absent, when the main metric is ``worse`` in a regime, or when
    Spearman on a general probe falls by more than ``limit``. "Not shown" does not refuse: a tuned
    model may be wanted for other reasons. Overruling is the caller's business, and to be recorded.
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
            "drop": f"{-difference.difference:.3f}",
            "questions": difference.questions,
        }
        reasons.append(
            Message(
                N_(
                    "On new wordings of known answers the tuned model is worse by {drop} "
                    "(nDCG@10, {questions} held-out questions)."
                ),
                params,
            )
            if difference.regime == KNOWN
            else Message(
                N_(
                    "On unseen answers the tuned model is worse by {drop} "
                    "(nDCG@10, {questions} held-out questions)."
                ),
                params,
            )
        )
    reasons += [
        Message(
            N_(
                "On general sentence pairs ({language}) the tuned model lost {drop}, from {before} "
                "to {after} (Spearman); the limit is {limit}."
            ),
            {
                "language": probe.language,
                "drop": f"{probe.before - probe.after:.3f}",
                "before": f"{probe.before:.3f}",
                "after": f"{probe.after:.3f}",
                "limit": f"{limit:g}",
            },
        )
        for probe in comparison.generality
        if probe.before - probe.after > limit
    ]
    return not reasons, reasons
