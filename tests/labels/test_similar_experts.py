"""Near-copies are told from experts of their own; who is alike stands side by side."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from core.labels.similar_experts import agreement, copies, leaf_order


def test_agreement_is_scipys_spearman():
    values = np.random.default_rng(0).integers(0, 9, (4, 200)).astype(np.float32)
    np.testing.assert_allclose(agreement(values), spearmanr(values, axis=1).statistic, atol=1e-9)


def test_agreement_leaves_out_pairs_that_one_of_both_does_not_know():
    values = np.random.default_rng(0).random((3, 100))
    values[1, ::3] = np.nan
    known = ~np.isnan(values[1])
    found = agreement(values)
    assert found[0, 1] == pytest.approx(spearmanr(values[0][known], values[1][known]).statistic)
    assert found[0, 2] == pytest.approx(spearmanr(values[0], values[2]).statistic)


def test_agreement_with_a_constant_or_silent_expert_is_zero_not_nan():
    values = np.random.default_rng(0).random((4, 50))
    values[2], values[3] = 0.5, np.nan
    found = agreement(values)
    np.testing.assert_array_equal(found[2], [0, 0, 1, 0])
    np.testing.assert_array_equal(found[3], [0, 0, 0, 1])


def test_like_experts_stand_side_by_side():
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(2, 300))
    rows = [left, right, left + 0.3 * rng.normal(size=300), right + 0.3 * rng.normal(size=300)]
    order = leaf_order(spearmanr(rows, axis=1).statistic)
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}
    assert leaf_order(np.full((3, 3), np.nan)) is not None


def test_a_chain_of_likes_is_not_one_copy():
    """a~b and b~c do not make c a copy of a."""
    alike = np.array([[1, 0.96, 0.80], [0.96, 1, 0.96], [0.80, 0.96, 1]])
    assert copies(alike, np.array([0.9, 0.5, 0.8])) in ([0, 0, 2], [0, 2, 2])
    assert copies(alike, np.array([np.nan, 0.5, 0.8])) == [0, 2, 2]  # unmeasured speaks last
