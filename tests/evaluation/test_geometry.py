"""Shape of the vectors: the figures equal independent references, the intervals are honest."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import cosine_similarity

from core.evaluation.geometry import SHAPE_MEASURES, Cloud, joint_projection, shape_changes


def cloud(seed: int, n: int = 60, d: int = 8, lean: float = 0.0) -> Cloud:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) + lean
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return Cloud(x.astype(np.float32), np.arange(n // 2), np.arange(n // 2, n))


def test_figures_equal_their_definitions():
    one = cloud(0, lean=0.4)
    x = one.vectors.astype(np.float64)
    upper = np.triu_indices(len(x), 1)
    assert SHAPE_MEASURES["anisotropy"].measure(one) == pytest.approx(
        cosine_similarity(x)[upper].mean(), abs=1e-6
    )
    squared = pdist(x, "sqeuclidean")
    assert SHAPE_MEASURES["uniformity"].measure(one) == pytest.approx(
        np.log(np.exp(-2 * squared).mean()), abs=1e-6
    )
    gaps = [np.sum((x[i] - x[j]) ** 2) for i, j in zip(one.left, one.right, strict=True)]
    assert SHAPE_MEASURES["alignment"].measure(one) == pytest.approx(np.mean(gaps), abs=1e-6)
    share = np.linalg.svd(x, compute_uv=False)
    share /= share.sum()
    assert SHAPE_MEASURES["effective_rank"].measure(one) == pytest.approx(
        np.exp(-(share * np.log(share)).sum()), rel=1e-6
    )


@pytest.mark.parametrize("rank", [1, 3, 8])
def test_effective_rank_of_equal_directions_is_their_number(rank):
    x = np.tile(np.eye(rank, 8), (5, 1)).astype(np.float32)
    one = Cloud(x, np.array([0]), np.array([1 % len(x)]))
    assert SHAPE_MEASURES["effective_rank"].measure(one) == pytest.approx(rank, rel=1e-5)


def test_same_model_has_no_change_and_says_so():
    one = cloud(1)
    for change in shape_changes(one, one, np.arange(60), seed=0):
        assert (change.low, change.high) == (0, 0)
        assert str(change.sentence) == SHAPE_MEASURES[change.measure].same


def test_a_model_that_moved_all_texts_together_is_called_more_alike():
    changes = {
        c.measure: c for c in shape_changes(cloud(2), cloud(2, lean=1.0), np.arange(60), seed=0)
    }
    assert changes["anisotropy"].low > 0
    assert str(changes["anisotropy"].sentence) == SHAPE_MEASURES["anisotropy"].more
    assert str(changes["uniformity"].sentence) == SHAPE_MEASURES["uniformity"].more


def test_interval_of_the_change_covers_the_truth():
    """100 pairs of models with the same truth: 95% intervals must hold 0 about 95 times."""
    held = 0
    for seed in range(100):
        before, after = cloud(seed), cloud(seed + 1000)
        found = next(iter(shape_changes(before, after, np.arange(60), seed=0)))
        held += found.low <= 0 <= found.high
    assert held >= 88


def test_both_models_share_one_projection():
    """Fitted on each alone, equal texts would lie at different places in the two pictures."""
    before = cloud(3).vectors
    after = before.copy()
    after[:5] = -after[:5]
    found = joint_projection(before, after)
    assert np.allclose(found.before[5:], found.after[5:])
    assert not np.allclose(found.before[:5], found.after[:5])
    assert 0 < found.explained < 1
    assert joint_projection(before, before[:, :4]) is None
