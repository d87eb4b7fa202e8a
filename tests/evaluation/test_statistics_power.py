"""Planning: what these questions can show, and how many would be needed, by simulation."""

import numpy as np
import pytest
from scipy import stats

from core.evaluation.statistics import (
    mean_intervals,
    questions_needed,
    smallest_detectable,
    win_tie_loss,
)


def draw(rng, groups, effect, size=3):
    """Differences of questions whose groups share half of their noise."""
    clusters = np.repeat(np.arange(groups), size)
    shared = rng.normal(size=groups)[clusters]
    return effect + 0.3 * (shared + rng.normal(size=groups * size)), clusters


def test_smallest_detectable_is_scipys_power_where_questions_are_independent():
    differences = np.random.default_rng(1).normal(0, 0.4, 500)
    found = smallest_detectable(differences, np.arange(500))
    error = differences.std(ddof=1) / np.sqrt(500)
    power = stats.norm.sf(stats.norm.isf(0.025) - found / error)
    assert power == pytest.approx(0.8, abs=0.002)


def test_as_many_questions_as_said_find_the_difference_in_four_of_five_cases():
    """Ignoring the groups would promise too much: here about half of these cases."""
    rng = np.random.default_rng(4)
    differences, clusters = draw(rng, 400, 0.0)
    smallest = smallest_detectable(differences, clusters)
    needed = questions_needed(len(differences), smallest, 0.12)
    hits = 0
    for seed in range(200):
        values, groups = draw(rng, round(needed / 3), 0.12)
        interval = mean_intervals(values[:, None], groups, seed=seed, resamples=400)[0]
        hits += interval.low > 0
    assert 0.70 <= hits / 200 <= 0.90


def test_half_the_difference_needs_four_times_the_questions():
    assert questions_needed(100, 0.04, 0.02) == 400
    assert questions_needed(100, 0.04, 0.04) == 100
    assert questions_needed(100, 0.0, 0.02) is None


def test_a_difference_of_the_margin_itself_is_a_tie():
    changes = np.array([0.1, 0.1 + 1e-12, 0.11, -0.1, -0.2, 0.0])
    assert win_tie_loss(changes, 0.1) == (1, 4, 1)
    assert win_tie_loss(changes) == (3, 1, 2)


def test_the_interval_covers_the_truth_on_changes_as_searches_make_them():
    """Most questions do not change, few change a lot, whole groups together: far from normal."""
    rng, hits, tries = np.random.default_rng(8), 0, 400
    sizes = np.array([0.0, 0.37, 0.5, 1.0, -0.37, -0.5])
    shares = np.array([0.70, 0.10, 0.06, 0.04, 0.06, 0.04])
    truth = float(sizes @ shares)
    for seed in range(tries):
        clusters = np.repeat(np.arange(50), 4)
        shared = rng.choice(sizes, 50, p=shares)[clusters]
        own = rng.choice(sizes, 200, p=shares)
        values = np.where(rng.random(200) < 0.5, shared, own)
        interval = mean_intervals(values[:, None], clusters, seed=seed, resamples=800)[0]
        hits += interval.low <= truth <= interval.high
    assert 0.91 <= hits / tries <= 0.985, hits / tries
