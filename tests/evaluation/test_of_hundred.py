"""Of a hundred customers: whole numbers that add up, and words that never hide a contradiction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as some

from core.evaluation.of_hundred import _in_hundred, headline, meaning, of_hundred, span_text
from core.types import BETTER, NOT_SHOWN, WORSE, OfHundred
from tests.reporting.finished_journey import small_comparison, small_dataset

FOUND = OfHundred("known", 45, 16, 5, 34, low=5.2, high=17.0, questions=245, word=BETTER)


@given(some.lists(some.integers(0, 40), min_size=4, max_size=4).filter(lambda n: sum(n) > 0))
def test_parts_sum_to_a_hundred_and_to_what_is_said(counts):
    """The dots are counted by somebody in the room: they must give the numbers of the sentence."""
    kept, gained, lost, missed = (count / sum(counts) for count in counts)
    parts = _in_hundred(kept, gained, lost, missed)
    assert sum(parts) == 100 and min(parts) >= 0
    assert abs(parts[0] + parts[2] - 100 * (kept + lost)) <= 0.5 + 1e-9
    assert abs(parts[0] + parts[1] - 100 * (kept + gained)) <= 0.5 + 1e-9
    for part, share in zip(parts, (kept, gained, lost, missed), strict=True):
        assert abs(part - 100 * share) <= 2
    assert lost > 0 or parts[2] == 0, "nobody lost an answer, so no dot may say so"
    assert gained > 0 or parts[1] == 0


def test_numbers_are_those_of_the_comparison():
    dataset, _ = small_dataset()
    comparison = small_comparison(dataset, "run")
    for regime in ("known", "unseen"):
        found = of_hundred(comparison, regime)
        rows = comparison.regimes == regime
        before, after = (
            100 * comparison.system(name).metrics["top1"][rows].mean() for name in ("base", "tuned")
        )
        assert abs(found.before - before) <= 0.5 and abs(found.after - after) <= 0.5
        first = comparison.difference(regime, "top1")
        assert (found.low, found.high) == (100 * first.low, 100 * first.high)
        assert found.word == comparison.difference(regime).word, "the verdict's word stays"
        assert found.questions == np.count_nonzero(rows)
    gone = replace(comparison, systems=comparison.systems[1:], differences=())
    assert of_hundred(gone, "known") is None


def test_sentence_is_for_everybody():
    assert str(headline(FOUND)) == (
        "Of 100 customers who reword a known question, 61 instead of 50 now get the right answer "
        "first."
    )
    assert "as many as before" in str(headline(replace(FOUND, gained=5)))
    assert "the model has not learned" in str(headline(replace(FOUND, regime="unseen")))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (5.2, 17.0, "The true gain is 5 to 17 of 100"),
        (-17.0, -5.2, "The true loss is 5 to 17 of 100"),
        (-3.4, 9.0, "between 3 fewer and 9 more of 100"),
        (0.2, 9.0, "The true gain is 0.2 to 9 of 100"),
        (0.01, 9.0, "The true gain is 0.1 to 9 of 100"),
        (0.0, 0.0, "For none of the 245 held-out questions"),
    ],
)
def test_interval_says_its_direction_and_never_rounds_to_nothing(low, high, said):
    assert said in str(span_text(replace(FOUND, low=low, high=high)))
    few = str(span_text(replace(FOUND, low=low, high=high, enough=False)))
    assert "95" not in few and f"{FOUND.questions} held-out questions" in few


@pytest.mark.parametrize(
    ("word", "low", "high", "said"),
    [
        (BETTER, 5, 17, "more than chance"),
        (BETTER, -3, 9, "for the first place alone the change may be chance"),
        (BETTER, -9, -3, "The two do not agree"),
        (NOT_SHOWN, 5, 17, "More right answers are in the first place, yet"),
        (NOT_SHOWN, -3, 9, "may be chance"),
        (NOT_SHOWN, -9, -3, "Fewer right answers are in the first place, yet"),
        (WORSE, 5, 17, "The two do not agree"),
        (WORSE, -3, 9, "for the first place alone the change may be chance"),
        (WORSE, -9, -3, "stand lower in the list, and that is more than chance"),
    ],
)
def test_where_first_place_and_verdict_differ_it_is_said(word, low, high, said):
    assert said in str(meaning(replace(FOUND, word=word, low=low, high=high)))


def test_too_few_questions_and_no_change_are_said():
    few = replace(FOUND, word=NOT_SHOWN, enough=False)
    assert "at least 20 on 10 groups" in str(meaning(few))
    same = replace(FOUND, word=NOT_SHOWN, low=0.0, high=0.0, changed=False)
    assert "Nothing changed" in str(meaning(same))
