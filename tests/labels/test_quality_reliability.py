"""The calibration curve against scikit-learn and against planted truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from core.labels.pair_sample import RANDOM, RIGHT, PairSample
from core.labels.quality import calibration_error, reliability_curve
from core.reporting.charts.label_charts import calibration_chart


def sample_of(right, questions=None):
    n = len(right)
    return PairSample(
        np.arange(n, dtype=np.int32) if questions is None else questions,
        np.zeros(n, np.int32),
        np.where(right, RIGHT, RANDOM),
        np.empty((0, n), np.float32),
        np.ones(n),
        (),
    )


def test_with_equally_many_right_and_other_pairs_it_is_scikit_learns_curve():
    rng = np.random.default_rng(0)
    values = rng.random(4000).astype(np.float32)
    right = np.arange(4000) % 2 == 0
    right = right[np.argsort(np.argsort(rng.random(4000) - values))]  # likelier where higher
    curve = reliability_curve(values, sample_of(right), seed=0, replicates=50)
    share, label = calibration_curve(right, values, n_bins=10)
    np.testing.assert_allclose(curve.right, share, atol=1e-9)
    np.testing.assert_allclose(curve.label, label, atol=1e-6)
    assert curve.error == pytest.approx(calibration_error(values, right.astype(float)), abs=1e-6)
    assert ((curve.low <= curve.right) & (curve.right <= curve.high)).all()


def test_many_other_pairs_do_not_push_the_curve_down():
    """Were every pair to count, the corpus size alone would make labels look too high."""
    rng = np.random.default_rng(1)
    right = np.arange(11000) < 1000
    values = np.clip(rng.normal(np.where(right, 0.7, 0.3), 0.15), 0, 1).astype(np.float32)
    few = np.r_[np.flatnonzero(right), np.flatnonzero(~right)[:1000]]
    everything = reliability_curve(values, sample_of(right), seed=0, replicates=0)
    balanced = reliability_curve(values[few], sample_of(right[few]), seed=0, replicates=0)
    filled = balanced.weight > 0.02
    np.testing.assert_allclose(everything.right[filled], balanced.right[filled], atol=0.12)


def test_pairs_of_one_question_are_not_independent():
    rng = np.random.default_rng(2)
    level = np.repeat(rng.random(40), 50)
    right = np.repeat(rng.random(40) < 0.5, 50)
    apart = reliability_curve(level, sample_of(right), seed=0)
    grouped = reliability_curve(
        level, sample_of(right, np.repeat(np.arange(40, dtype=np.int32), 50)), seed=0
    )
    assert np.nanmean(grouped.high - grouped.low) > 2 * np.nanmean(apart.high - apart.low)


def test_silence_and_emptiness_draw_nothing_instead_of_failing():
    sample = sample_of(np.array([True, False]))
    curve = reliability_curve(np.full(2, np.nan), sample, seed=0)
    chart = calibration_chart(curve, lambda text: text)
    assert len(chart.table) == 0 and "no pair" in str(chart.summary)
    only_right = replace(sample, kind=np.array([RIGHT, RIGHT]))
    curve = reliability_curve(np.array([0.2, 0.9]), only_right, seed=0)
    chart = calibration_chart(curve, lambda text: text)
    assert list(chart.table["Share of right pairs"]) == [1, 1]
