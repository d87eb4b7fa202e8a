"""Reciprocal rank fusion against its formula, answer by answer."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from core.evaluation.fusion import K, fuse
from core.evaluation.retrieval import listed_right_rank, rank, rank_one

rankings = st.lists(st.permutations(range(9)), min_size=1, max_size=4)


@given(rankings, st.integers(1, 9))
def test_every_answer_has_the_sum_of_its_reciprocal_ranks(orders, kept):
    lists = [np.array([order[:kept]], np.int32) for order in orders]
    found = fuse(lists, 9)
    expected = {
        answer: sum(
            1 / (K + 1 + list(o[:kept]).index(answer)) for o in orders if answer in o[:kept]
        )
        for answer in {a for o in orders for a in o[:kept]}
    }
    best = sorted(expected, key=lambda answer: (-round(expected[answer], 12), answer))
    assert found.top_answers[0].tolist() == best + [-1] * (9 - len(best))
    assert np.allclose(found.top_scores[0, : len(best)], [expected[a] for a in best])


def test_a_list_that_found_nothing_changes_nothing():
    model = np.array([[3, 1, 2]], np.int32)
    nothing = np.full((1, 3), -1, np.int32)
    assert fuse([nothing, model], 3).top_answers.tolist() == [[3, 1, 2]]


def test_an_unknown_answer_keeps_its_rank():
    """An answer that the data do not have must not lift those below it."""
    gap = np.array([[-1, 5]], np.int32)
    assert np.allclose(fuse([gap], 2).top_scores[0, 0], 1 / (K + 2))


def test_equal_sums_are_ordered_by_answer_row():
    lists = [np.array([[7, 2]]), np.array([[2, 7]])]
    assert fuse(lists, 2).top_answers.tolist() == [[2, 7]]


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
