"""Blind votes become a preference with an honest interval."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as some
from scipy.stats import binomtest

from core.evaluation.preference import (
    FIRST,
    PREFERRED_FIRST,
    PREFERRED_SECOND,
    SECOND,
    TIE,
    UNDECIDED,
    VoteTable,
    clustered_share,
    preference,
    wilson,
)


def table(value, question, voter=None, change=None, left=None) -> VoteTable:
    count = len(value)
    return VoteTable(
        value=np.array(value, float),
        question=np.array(question),
        group=np.array(question),
        voter=np.zeros(count, int) if voter is None else np.array(voter),
        second_left=np.zeros(count, bool) if left is None else np.array(left),
        change=np.zeros(count) if change is None else np.array(change, float),
    )


@given(hits=some.integers(0, 60), count=some.integers(1, 60))
def test_wilson_equals_scipy(hits, count):
    hits = min(hits, count)
    reference = binomtest(hits, count).proportion_ci(0.95, method="wilson")
    found = wilson(hits / count, count)
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high), abs=1e-9)


@given(
    votes=some.lists(
        some.tuples(some.sampled_from([FIRST, TIE, SECOND]), some.integers(0, 9)), min_size=1
    )
)
def test_interval_holds_the_share_and_swapping_the_systems_mirrors_it(votes):
    """A slip in one tail would favour one of the systems."""
    value, cluster = (np.array(column) for column in zip(*votes, strict=True))
    found, mirrored = clustered_share(value, cluster), clustered_share(1 - value, cluster)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((found.low, found.high), abs=1e-9)


def test_three_people_of_one_mind_prove_nothing():
    """A bootstrap calls a unanimous vote of three certain: every resample says the same."""
    found = preference(table([SECOND] * 3, [0, 1, 2]))
    assert found.word == UNDECIDED and found.second.low < 0.5
    assert preference(table([SECOND] * 30, range(30))).word == PREFERRED_SECOND
    assert preference(table([FIRST] * 30, range(30))).word == PREFERRED_FIRST
    assert preference(table([TIE] * 30, range(30))).word == UNDECIDED


def test_thirty_votes_on_one_question_say_nothing_about_others():
    found = preference(table([SECOND] * 30, [7] * 30, voter=range(30)))
    assert found.word == UNDECIDED and (found.second.low, found.second.high) == (0, 1)


@pytest.mark.parametrize(("true_share", "spread"), [(0.5, 0.0), (0.5, 0.35), (0.8, 0.15)])
def test_interval_covers_the_truth(true_share, spread):
    """20 questions × 4 people; questions differ, so that votes on one of them go together."""
    rng = np.random.default_rng(11)
    covered, runs = 0, 500
    for _ in range(runs):
        each = np.clip(true_share + rng.choice([-spread, spread], 20), 0, 1)
        votes = (rng.random((20, 4)) < each[:, None]).astype(float)
        found = clustered_share(votes.ravel(), np.repeat(np.arange(20), 4))
        covered += found.low <= true_share <= found.high
    assert covered / runs >= 0.93


def test_agreement_with_the_metric_counts_questions_on_which_both_decide():
    found = preference(
        table(
            [SECOND, SECOND, FIRST, SECOND, FIRST, TIE, SECOND],
            [0, 0, 1, 2, 2, 3, 4],
            voter=[0, 1, 0, 0, 1, 0, 0],
            # 0: both second; 1: metric says second; 2, 3: people undecided; 4: metric undecided
            change=[0.2, 0.2, 0.3, 0.1, 0.1, 0.5, 0.0],
        )
    ).metric
    assert (found.same, found.both, found.undecided) == (1, 2, 3)
    assert found.share.value == 0.5


def test_voting_by_place_is_noticed():
    """Somebody who always presses the left key must not look like a fan of one system."""
    left = np.arange(40) % 2 == 0
    found = preference(table(np.where(left, SECOND, FIRST), range(40), left=left))
    assert found.left.low > 0.5 and found.word == UNDECIDED


def test_agreement_between_people_is_krippendorffs():
    same = preference(table([SECOND, SECOND, FIRST, FIRST], [0, 0, 1, 1], voter=[0, 1, 0, 1]))
    assert same.agreement.alpha == pytest.approx(1)
    alone = preference(table([SECOND, FIRST], [0, 1]))
    assert alone.agreement is None
