"""Ranking against a full, slow sort."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.sparse import csr_array

from core.evaluation.search import listed_right_rank, rank, rank_one


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


def test_right_rank_of_lists():
    right = csr_array(np.array([[0, 0, 1.0, 1.0], [1.0, 0, 0, 0]]))
    lists = np.array([[1, 3, 2], [-1, 3, 2]], np.int32)
    assert listed_right_rank(lists, right, 4).tolist() == [2, 5]


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(1, 40))
def test_one_typed_question_finds_what_the_comparison_finds(seed, depth, count):
    """Twins among the answers tie exactly, which float32 sums alone would not show."""
    rng = np.random.default_rng(seed)
    answers = rng.normal(size=(count, 16)).astype(np.float32)
    answers[count // 2 :] = answers[: count - count // 2]
    question = rng.normal(size=16).astype(np.float32)
    one, many = rank_one(question, answers, depth), rank(question[None], answers, depth)
    assert (one.top_answers == many.top_answers).all()
    assert (one.top_scores == many.top_scores).all()
