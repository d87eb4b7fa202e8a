"""Ranking against a full, slow sort."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from core.evaluation.retrieval import rank


def slow_order(scores: np.ndarray) -> np.ndarray:
    """Sort by falling score, then by rising answer row."""
    rows = np.arange(scores.shape[1])
    return np.stack([np.lexsort((rows, -line)) for line in scores])


def integer_vectors(rng, n, d=3):
    """Few distinct values: hundreds of exact ties, also below zero."""
    return rng.integers(-2, 3, (n, d)).astype(np.float32)


@pytest.mark.parametrize("depth", [1, 7, 50])
@pytest.mark.parametrize("block", [1, 4, None])
def test_ties_at_and_across_the_depth_are_in_answer_order(depth, block):
    rng = np.random.default_rng(depth)
    questions, answers = integer_vectors(rng, 9), integer_vectors(rng, 50)
    right = (rng.random((9, 50)) < 0.05).astype(np.float32)
    right[0] = 0
    scores = questions @ answers.T
    order = slow_order(scores)
    found = rank(questions, answers, depth, right=csr_array(right), block=block)
    assert found.top_answers.tolist() == order[:, :depth].tolist()
    assert (
        found.top_scores.tolist() == np.take_along_axis(scores, order[:, :depth], axis=1).tolist()
    )
    for q in range(9):
        places = [i for i, a in enumerate(order[q], start=1) if right[q, a]]
        assert found.right_rank[q] == (places[0] if places else 0)


def test_sparse_and_dense_give_the_same_ranking():
    rng = np.random.default_rng(3)
    questions, answers = integer_vectors(rng, 6), integer_vectors(rng, 40)
    dense = rank(questions, answers, 10)
    sparse = rank(csr_array(questions), csr_array(answers), 10, block=4)
    assert dense.top_answers.tolist() == sparse.top_answers.tolist()
    assert dense.top_scores.tolist() == sparse.top_scores.tolist()


def test_copies_of_an_answer_tie_exactly_wherever_they_stand_in_the_corpus():
    """In float32, BLAS gives copies different last bits and the higher row may win."""
    rng = np.random.default_rng(4)
    answers = rng.normal(size=(333, 384)).astype(np.float32)
    copies = [5, 100, 331, 332]
    answers[copies] = answers[5]
    questions = answers[[5]] + rng.normal(size=(20, 384)).astype(np.float32) * 0.1
    for block in (1, 3, None):
        found = rank(questions, answers, 4, block=block)
        assert found.top_answers.tolist() == [copies] * 20
        assert (np.ptp(found.top_scores, axis=1) == 0).all()


def test_a_corpus_smaller_than_the_depth_is_padded():
    found = rank(np.ones((2, 1), np.float32), np.array([[1], [2]], np.float32), 4)
    assert found.top_answers.tolist() == [[1, 0, -1, -1]] * 2
    assert found.top_scores[0].tolist() == [2, 1, -np.inf, -np.inf]
    assert found.right_rank is None


def test_minus_zero_ties_with_zero():
    answers = np.array([[-0.0], [0.0], [-0.0]], np.float32)
    assert rank(np.ones((1, 1), np.float32), answers, 3).top_answers.tolist() == [[0, 1, 2]]
