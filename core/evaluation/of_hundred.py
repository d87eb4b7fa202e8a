"""The verdict as a customer meets it: of a hundred who ask, how many get the right answer first.

The word stays that of :mod:`core.evaluation.verdict`, which counts the first ten places and was
fixed beforehand. The first place alone is easier to understand and less sure; where the two do not
say the same, the reader is told.
"""

from __future__ import annotations

import numpy as np

from core.evaluation.measures import MAIN_METRIC, TOP1
from core.evaluation.verdict import (
    MIN_GROUPS,
    MIN_QUESTIONS,
    present_regimes,
    regime_positions,
)
from core.messages import N_, Message
from core.types import (
    BASE,
    BETTER,
    KNOWN,
    NOT_SHOWN,
    TUNED,
    UNSEEN,
    WORSE,
    Comparison,
    Difference,
    OfHundred,
)
from core.types.comparison import VerdictSummary

_UP, _EITHER, _DOWN = 1, 0, -1  # where the interval of the first place lies: above, around, below 0

_CHANGED = {
    KNOWN: N_(
        "Of 100 customers who reword a known question, {after} instead of {before} now get the "
        "right answer first."
    ),
    UNSEEN: N_(
        "Of 100 customers who ask about something the model has not learned, {after} instead of "
        "{before} now get the right answer first."
    ),
}
_SAME = {
    KNOWN: N_(
        "Of 100 customers who reword a known question, {after} get the right answer first, as "
        "many as before."
    ),
    UNSEEN: N_(
        "Of 100 customers who ask about something the model has not learned, {after} get the "
        "right answer first, as many as before."
    ),
}
_SPANS = {
    _UP: N_("The true gain is {low} to {high} of 100 (95 %; {questions} held-out questions)."),
    _DOWN: N_("The true loss is {low} to {high} of 100 (95 %; {questions} held-out questions)."),
    _EITHER: N_(
        "The true change is between {low} fewer and {high} more of 100 (95 %; {questions} held-out "
        "questions)."
    ),
}
_NO_CHANGE = N_("For none of the {questions} held-out questions did the first answer change.")
_NO_SPAN = N_("Counted on {questions} held-out questions.")
_MEANINGS = {
    (BETTER, _UP): N_("Right answers stand higher in the list, and that is more than chance."),
    (BETTER, _EITHER): N_(
        "Right answers stand higher among the first ten, which is what the verdict counts; for the "
        "first place alone the change may be chance."
    ),
    (BETTER, _DOWN): N_(
        "The two do not agree: right answers stand higher among the first ten, which is what the "
        "verdict counts, yet fewer are in the first place."
    ),
    (NOT_SHOWN, _UP): N_(
        "More right answers are in the first place, yet among the first ten, which is what the "
        "verdict counts, the difference may be chance."
    ),
    (NOT_SHOWN, _EITHER): N_("The difference may be chance: with more questions it may show."),
    (NOT_SHOWN, _DOWN): N_(
        "Fewer right answers are in the first place, yet among the first ten, which is what the "
        "verdict counts, the difference may be chance."
    ),
    (WORSE, _UP): N_(
        "The two do not agree: right answers stand lower among the first ten, which is what the "
        "verdict counts, yet more are in the first place."
    ),
    (WORSE, _EITHER): N_(
        "Right answers stand lower among the first ten, which is what the verdict counts; for the "
        "first place alone the change may be chance."
    ),
    (WORSE, _DOWN): N_("Right answers stand lower in the list, and that is more than chance."),
}
_UNCHANGED = N_("Nothing changed: every held-out question has the same result as before.")
_TOO_FEW = N_(
    "Too few held-out questions to tell: at least {min_questions} on {min_groups} groups of "
    "answers are needed."
)


def of_hundred(comparison: Comparison, regime: str) -> OfHundred | None:
    """Return what becomes of a hundred customers of a regime; None where it was not measured."""
    base, tuned = comparison.system(BASE), comparison.system(TUNED)
    first, main = (comparison.difference(regime, key) for key in (TOP1.key, MAIN_METRIC))
    if base is None or tuned is None or first is None or main is None:
        return None
    rows = regime_positions(comparison, regime)
    before, after = (np.asarray(system.metrics[TOP1.key])[rows] > 0 for system in (base, tuned))
    counts = _in_hundred(
        *(
            float(np.mean(part))
            for part in (before & after, after & ~before, before & ~after, ~before & ~after)
        )
    )
    return OfHundred(
        regime,
        *counts,
        low=100 * first.low,
        high=100 * first.high,
        questions=first.questions,
        word=main.word,
        enough=_enough(main),
        changed=main.wins + main.losses > 0,
    )


def verdict_summary(comparison: Comparison) -> VerdictSummary:
    """Return what the first page says of a comparison."""
    found = (of_hundred(comparison, regime) for regime in present_regimes(comparison))
    return VerdictSummary(
        comparison.dataset_id, comparison.run_id, tuple(one for one in found if one is not None)
    )


def _enough(difference: Difference) -> bool:
    return difference.questions >= MIN_QUESTIONS and difference.groups >= MIN_GROUPS


def _in_hundred(
    kept: float, gained: float, lost: float, missed: float
) -> tuple[int, int, int, int]:
    """Return four shares that sum to 1 as whole numbers that sum to 100.

    Before (kept + lost) and after (kept + gained) are rounded first, since these are what is said;
    the four parts are the nearest ones that add up to them. What never happened stays 0.
    """
    before, after = (int(100 * share + 0.5) for share in (kept + lost, kept + gained))
    fits = range(max(0, before + after - 100), min(before, after) + 1)
    if lost == 0:
        both = before
    elif gained == 0:
        both = after
    else:
        both = min(fits, key=lambda n: abs(n - 100 * kept))
    return both, after - both, before - both, 100 - before - after + both


def headline(found: OfHundred) -> Message:
    """Return the sentence for everybody."""
    texts = _SAME if found.before == found.after else _CHANGED
    return Message(texts[found.regime], {"before": found.before, "after": found.after})


def span_text(found: OfHundred) -> Message:
    """Return how sure that is; of too few an interval would promise too much."""
    if found.low == found.high == 0:
        return Message(_NO_CHANGE, {"questions": found.questions})
    if not found.enough:
        return Message(_NO_SPAN, {"questions": found.questions})
    side = _side(found)
    ends = {
        _UP: (found.low, found.high),
        _DOWN: (-found.high, -found.low),
        _EITHER: (-found.low, found.high),
    }[side]
    low, high = (_customers(end) for end in ends)
    return Message(_SPANS[side], {"low": low, "high": high, "questions": found.questions})


def meaning(found: OfHundred) -> Message:
    """Return what it means, and where first place and verdict do not say the same."""
    if not found.enough:
        return Message(_TOO_FEW, {"min_questions": MIN_QUESTIONS, "min_groups": MIN_GROUPS})
    return Message(_MEANINGS[found.word, _side(found)] if found.changed else _UNCHANGED)


def _side(found: OfHundred) -> int:
    return _UP if found.low > 0 else _DOWN if found.high < 0 else _EITHER


def _customers(number: float) -> str:
    """Return a number of customers without decimals, but never a 0 that is none."""
    if number == 0 or abs(number) >= 0.5:
        return str(round(number))
    return f"{number:.1f}" if abs(number) >= 0.05 else "0.1"
