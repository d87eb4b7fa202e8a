import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import average_precision_score, roc_auc_score

from core.labels.pair_sample import sample_for_inspection
from core.labels.quality import (
    average_precision,
    calibration_error,
    histogram,
    label_spread,
    pair_quality,
    roc_auc,
)

LABELLED = st.integers(2, 40).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.float32, n, elements=st.sampled_from([0, 0.1, 0.25, 0.5, 0.8, 1])),
        hnp.arrays(np.int8, n, elements=st.integers(0, 1)),
        hnp.arrays(np.float64, n, elements=st.floats(0.1, 9)),
    )
)


@given(LABELLED)
def test_measures_equal_scikit_learns_with_ties_and_weights(labelled):
    values, hard, weight = labelled
    hard[:2] = [0, 1]
    assert average_precision(values, hard, weight) == pytest.approx(
        average_precision_score(hard, values, sample_weight=weight), abs=1e-9
    )
    assert roc_auc(values, hard, weight) == pytest.approx(
        roc_auc_score(hard, values, sample_weight=weight), abs=1e-9
    )
    assert average_precision(values, hard) == pytest.approx(
        average_precision_score(hard, values), abs=1e-9
    )


@pytest.mark.parametrize("hard", [np.zeros(3), np.zeros(0)])
def test_without_right_pairs_there_is_no_measure(hard):
    values = np.linspace(0, 1, len(hard))
    assert np.isnan(average_precision(values, hard)) and np.isnan(roc_auc(values, hard))


def test_histogram_counts_both_ends_and_leaves_out_nan():
    shape = histogram(np.array([0, 1, 1, np.nan, 0.5]), np.array([0, 1, 1, 1, 0]), bins=4)
    np.testing.assert_allclose(shape.right, [0, 0, 0, 1])
    np.testing.assert_allclose(shape.other, [0.5, 0, 0.5, 0])
    assert shape.overlap == 0
    alike = histogram(np.tile([0.1, 0.9], 2), np.array([0, 0, 1, 1]))
    assert alike.overlap == pytest.approx(1)


def test_calibration_error_of_honest_and_of_overconfident_labels():
    rng = np.random.default_rng(0)
    values = rng.random(100_000)
    hard = (rng.random(100_000) < values).astype(float)  # balanced by symmetry
    assert calibration_error(values, hard) < 0.01
    assert calibration_error(1 - values, hard) > 0.3


def test_interval_covers_repeated_draws_of_questions(make_world):
    """Resampling pairs instead of questions gives intervals that are far too narrow."""
    dataset, scores = make_world(n_groups=80, noises=(1.5,))
    sample = sample_for_inspection(dataset, scores, seed=0)
    found = pair_quality(sample.raw[0].clip(0, 1), sample, seed=0).average_precision
    assert found.low < found.value < found.high
    covered = 0
    for seed in range(1, 41):
        other = sample_for_inspection(*make_world(n_groups=80, noises=(1.5,), seed=seed), seed=0)
        covered += (
            found.low
            <= average_precision(other.raw[0].clip(0, 1), other.hard_label, other.weight)
            <= found.high
        )
    assert covered > 20


def test_quality_of_a_half_silent_expert_uses_the_pairs_it_knows(silent_world):
    sample = sample_for_inspection(*silent_world, seed=0)
    values = sample.raw[1].clip(0, 1)
    found = pair_quality(values, sample, seed=0, replicates=20)
    known = ~np.isnan(values)
    assert found.coverage == pytest.approx(known.mean())
    assert found.average_precision.value == pytest.approx(
        average_precision_score(sample.hard_label[known], values[known]), abs=1e-9
    )
    assert found.chance == pytest.approx(sample.hard_label[known].mean())
    silent = pair_quality(np.full(len(sample), np.nan), sample, seed=0)
    assert silent.coverage == 0 and np.isnan(silent.average_precision.value)


def test_spread_lets_both_kinds_count_the_same_and_leaves_out_silence():
    values = np.array([0.9, 0.5, 0.1, 0.1, 0.1, np.nan], np.float32)
    hard = np.array([1, 1, 0, 0, 0, 1], np.float32)
    spread = label_spread(values, hard)
    assert spread.right == pytest.approx(0.7) and spread.other == pytest.approx(0.1)
    assert spread.between == pytest.approx(0.25), "half of the right pairs, none of the others"
    assert spread.overlap == 0
    assert np.isnan(label_spread(values[:2], hard[:2]).other)
