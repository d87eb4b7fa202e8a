"""Who is ahead, and whether that may be luck: against scipy and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.evaluation.statistics import ONE_SEED_STD, Spread, contrast


def one_regime(table):
    """One question per answer group: nothing is clustered."""
    return {"known": table}, {"known": np.arange(table.shape[2])}


def test_spread_is_the_sample_standard_deviation():
    found = Spread.of([0.5, 0.6, 0.9])
    assert found.mean == pytest.approx(np.mean([0.5, 0.6, 0.9]))
    assert found.std == pytest.approx(stats.tstd([0.5, 0.6, 0.9]))
    assert Spread.of([0.5]).std is None


def test_luck_of_questions_alone_is_the_paired_t_interval():
    rng = np.random.default_rng(0)
    base = rng.random((2, 1, 40))
    table = np.repeat(base, 3, axis=1)  # every seed gives the same: only questions differ
    found = contrast(*one_regime(table), (1, -1))
    difference = base[0, 0] - base[1, 0]
    wanted = stats.ttest_1samp(difference, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    assert found.seeds_error == 0


def test_luck_of_seeds_alone_is_the_paired_t_interval_over_seeds():
    shift = np.array([0.01, 0.03, 0.02, 0.05])
    table = np.zeros((2, 4, 30)) + 0.5
    table[0] += shift[:, None]
    found = contrast(*one_regime(table), (1, -1))
    wanted = stats.ttest_1samp(shift, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    assert found.questions_error == pytest.approx(0, abs=1e-12)


def test_one_seed_is_not_taken_for_certain():
    """With one seed per system its luck cannot be seen; a difference of 0.015 must not win."""
    table = np.zeros((2, 1, 200)) + 0.5
    table[0] += 0.015
    found = contrast(*one_regime(table), (1, -1))
    assert not found.leaves_out_zero
    assert found.high - found.value == pytest.approx(stats.norm.ppf(0.975) * ONE_SEED_STD)


def test_wordings_of_one_answer_are_not_independent_questions():
    rng = np.random.default_rng(1)
    per_group = rng.normal(0.02, 0.2, 20)
    table = np.zeros((2, 2, 200))
    table[0] = np.repeat(per_group, 10)
    groups = np.repeat(np.arange(20), 10)
    clustered = contrast({"known": table}, {"known": groups}, (1, -1))
    wanted = stats.ttest_1samp(per_group, 0).confidence_interval(0.95)
    assert (clustered.low, clustered.high) == pytest.approx((wanted.low, wanted.high))


def test_regimes_count_the_same_whatever_their_size():
    known, unseen = np.zeros((2, 2, 100)), np.zeros((2, 2, 10))
    known[0], unseen[0] = 0.1, 0.3
    groups = {"known": np.arange(100), "unseen": np.arange(10)}
    assert contrast({"known": known, "unseen": unseen}, groups, (1, -1)).value == pytest.approx(0.2)


def test_equal_systems_are_tied():
    table = np.repeat(np.random.default_rng(2).random((1, 3, 25)), 2, axis=0)
    found = contrast(*one_regime(table), (1, -1))
    assert (found.low, found.value, found.high) == (0, 0, 0) and not found.leaves_out_zero


def test_interval_covers_as_often_as_it_says():
    """Questions and seeds both vary: a promise of 95% kept in 90% would crown lucky recipes."""
    rng = np.random.default_rng(3)
    hits, rounds = 0, 400
    for _ in range(rounds):
        question = rng.normal(0, 0.2, 40)
        seed = rng.normal(0, 0.02, 3)
        noise = rng.normal(0, 0.05, (3, 40))
        table = np.stack([0.03 + question[None] + seed[:, None] + noise, np.zeros((3, 40))])
        found = contrast(*one_regime(table), (1, -1))
        hits += found.low <= 0.03 <= found.high
    assert hits / rounds >= 0.93
