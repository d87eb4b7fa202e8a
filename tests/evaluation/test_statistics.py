"""Paired statistics against scipy and by simulation."""

import numpy as np
import pytest
from scipy import stats

from core.evaluation import statistics
from core.types import Interval


def clustered(rng, groups=30, size=4, effect=0.0, spread=0.5):
    """Differences of questions whose clusters share half of their noise."""
    clusters = np.repeat(np.arange(groups), size)
    shared = rng.normal(size=groups)[clusters]
    return effect + spread * (shared + rng.normal(size=groups * size)), clusters


def test_interval_equals_scipy_where_every_question_is_its_own_cluster():
    values = np.random.default_rng(0).gamma(2.0, size=80)
    ours = statistics.mean_intervals(values[:, None], np.arange(80), seed=1)[0]
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=2
    ).confidence_interval
    assert ours.value == pytest.approx(values.mean())
    assert ours.low == pytest.approx(theirs.low, abs=0.01)
    assert ours.high == pytest.approx(theirs.high, abs=0.01)


def test_bootstrap_spread_equals_the_cluster_standard_error():
    """Resampling questions instead of groups would give about half of this spread."""
    values, clusters = clustered(np.random.default_rng(1), groups=200, size=6)
    means = statistics.bootstrap_means(values[:, None], clusters, seed=1)
    expected = statistics.standard_error(values, clusters)
    assert means.std() == pytest.approx(expected, rel=0.04)
    assert expected > 1.5 * values.std() / np.sqrt(len(values))


def test_chunks_do_not_lose_resamples(monkeypatch):
    monkeypatch.setattr(statistics, "CHUNK_CELLS", 70)
    values = np.random.default_rng(2).normal(size=(20, 2))
    means = statistics.bootstrap_means(values, np.arange(20), seed=3, resamples=101)
    assert means.shape == (101, 2)
    assert len(np.unique(means[:, 0])) == 101


def test_interval_covers_the_truth_as_often_as_it_promises():
    """300 simulated data sets with clusters of different sizes."""
    rng, hits = np.random.default_rng(5), 0
    for seed in range(300):
        sizes = rng.integers(1, 8, 40)
        clusters = np.repeat(np.arange(40), sizes)
        values = 0.1 + rng.normal(size=40)[clusters] + rng.normal(size=len(clusters))
        interval = statistics.mean_intervals(values[:, None], clusters, seed=seed, resamples=1_000)[
            0
        ]
        hits += interval.low <= 0.1 <= interval.high
    assert 0.90 <= hits / 300 <= 0.99


@pytest.mark.parametrize("count", [8, 60])  # all patterns counted, and drawn at random
def test_p_equals_scipy_where_every_question_is_its_own_cluster(count):
    differences = np.random.default_rng(count).normal(0.25, 1.0, size=count)
    ours = statistics.randomisation_p(differences, np.arange(count), seed=1)
    theirs = stats.permutation_test(
        (differences, np.zeros(count)),
        lambda a, b: np.mean(a - b),
        permutation_type="samples",
        n_resamples=10_000,
        rng=2,
    ).pvalue
    assert ours == pytest.approx(theirs, abs=1e-12 if count == 8 else 0.02)


def test_p_is_fair_when_clusters_share_their_fate():
    """Flipping single questions would call about a quarter of these A/A tests significant."""
    found = 0
    for seed in range(300):
        differences, clusters = clustered(np.random.default_rng(seed), groups=20, size=6)
        found += statistics.randomisation_p(differences, clusters, seed=seed, resamples=500) < 0.05
    assert 0.01 <= found / 300 <= 0.09


def test_p_of_identical_systems_is_one_and_never_zero():
    assert statistics.randomisation_p(np.zeros(30), np.arange(30), seed=0) == 1.0
    p = statistics.randomisation_p(np.ones(200), np.arange(200), seed=0, resamples=999)
    assert p == pytest.approx(1 / 1000)


def test_power_at_the_smallest_detectable_difference_is_80_percent():
    base, clusters = clustered(np.random.default_rng(11), groups=60)
    effect = statistics.smallest_detectable(base, clusters)
    found = 0
    for seed in range(300):
        differences, clusters = clustered(np.random.default_rng(seed), groups=60, effect=effect)
        error = statistics.standard_error(differences, clusters)
        found += abs(differences.mean()) > 1.96 * error
    assert 0.70 <= found / 300 <= 0.92


def test_wins_ties_losses_ignore_rounding():
    assert statistics.win_tie_loss(np.array([0.5, 1e-16, -1e-16, 0.0, -0.1])) == (1, 3, 1)


def test_holm_by_hand():
    """Example worked by hand: .01·4, .02·3 → .06, .03·2 → .06, .04 → .06, in the given order."""
    adjusted = statistics.holm(np.array([0.04, 0.01, 0.03, 0.02]))
    np.testing.assert_allclose(adjusted, [0.06, 0.04, 0.06, 0.06])
    assert statistics.holm(np.array([0.6, 0.9])).tolist() == [1.0, 1.0]


def test_widening_moves_both_ends():
    wide = statistics.widened(Interval(0.5, 0.3, 0.9), 1.5)
    assert (wide.value, wide.low, wide.high) == pytest.approx((0.5, 0.2, 1.1))
    assert statistics.widened(Interval(0.5, 0.3, 0.9), 1.0) == Interval(0.5, 0.3, 0.9)
