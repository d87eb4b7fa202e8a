"""The weighted hybrid against its formula on whole tables; its weight against planted worlds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.evaluation.exact_search import Ranking
from core.evaluation.hybrid import WEIGHTS, JoinedScores, choose_weight
from core.types import KNOWN, UNSEEN


def ranking_of(table: np.ndarray, depth: int | None = None) -> Ranking:
    order = np.argsort(-table, axis=1, kind="stable")[:, :depth].astype(np.int32)
    return Ranking(order, np.take_along_axis(table, order, 1).astype(np.float32), None)


@given(st.integers(0, 10_000), st.sampled_from(WEIGHTS), st.integers(1, 12))
def test_lists_are_those_of_the_weighted_sum_of_scores_from_their_theoretical_minimum(
    seed, weight, depth
):
    rng = np.random.default_rng(seed)
    words = (rng.random((3, 12)) * rng.integers(0, 2, (3, 12)) * 9).astype(np.float32)
    words[0] = 0  # a question that shares no word with any answer
    model = (rng.random((3, 12)) * 2 - 1).astype(np.float32)
    found = JoinedScores.of(ranking_of(words), ranking_of(model)).ranking(weight, depth)
    left, right = words.astype(float), model.astype(float)
    left = left / np.maximum(left.max(axis=1, keepdims=True), 1e-30)
    right = (right + 1) / (right.max(axis=1, keepdims=True) + 1)
    expected = (weight * left + (1 - weight) * right).round(12)
    order = np.lexsort((np.broadcast_to(np.arange(12), expected.shape), -expected))[:, :depth]
    np.testing.assert_array_equal(found.top_answers[:, :12], order)
    np.testing.assert_allclose(
        found.top_scores, np.take_along_axis(expected, order, 1), rtol=1e-6, atol=1e-7
    )


def test_without_weight_the_hybrid_is_the_model_and_lists_may_differ_in_what_they_hold():
    rng = np.random.default_rng(1)
    words, model = rng.random((4, 30)), rng.random((4, 30))
    joined = JoinedScores.of(ranking_of(words, 5), ranking_of(model, 7))
    np.testing.assert_array_equal(
        joined.ranking(0.0, 7).top_answers, ranking_of(model, 7).top_answers
    )
    np.testing.assert_array_equal(
        joined.ranking(1.0, 5).top_answers, ranking_of(words, 5).top_answers
    )
    assert (joined.ranking(0.5, 20).top_answers[:, 12:] == -1).all()


def worlds(tiny_dataset, words_help: bool, size: int | None = None):
    """Return data, rows and scores in which keyword search helps or is noise."""
    rng = np.random.default_rng(0)
    count, corpus = len(tiny_dataset.questions), len(tiny_dataset.answers)
    rows = np.arange(count, dtype=np.int32)[:size]
    right = tiny_dataset.hard_block(rows, np.arange(corpus, dtype=np.int32))
    model = rng.normal(size=right.shape) * 0.2 + 0.1 * right
    words = rng.random(right.shape) * 3 + (3.0 * right if words_help else 0)
    joined = JoinedScores.of(ranking_of(words), ranking_of(model.clip(-1, 1)))
    return rows, joined


def test_the_weight_is_found_where_keyword_search_helps_and_none_where_it_is_noise(tiny_dataset):
    rows, joined = worlds(tiny_dataset, words_help=True)
    chosen = choose_weight(tiny_dataset, {KNOWN: rows}, {KNOWN: joined})
    assert chosen.weight > 0.3
    assert chosen.joined > chosen.alone + 0.1
    assert chosen.questions == len(rows)
    rows, joined = worlds(tiny_dataset, words_help=False)
    chosen = choose_weight(tiny_dataset, {KNOWN: rows}, {KNOWN: joined})
    assert chosen.weight == 0
    assert chosen.joined == chosen.alone


def test_regimes_count_the_same_and_one_question_proves_nothing(tiny_dataset):
    rows, joined = worlds(tiny_dataset, words_help=True)
    few, one = worlds(tiny_dataset, words_help=True, size=1)
    both = choose_weight(tiny_dataset, {KNOWN: rows, UNSEEN: few}, {KNOWN: joined, UNSEEN: one})
    means = [
        choose_weight(tiny_dataset, {KNOWN: r}, {KNOWN: j}).alone
        for r, j in ((rows, joined), (few, one))
    ]
    assert both.alone == pytest.approx(np.mean(means))
    assert choose_weight(tiny_dataset, {KNOWN: few}, {KNOWN: one}).weight == 0


def test_an_answer_of_lowest_possible_score_was_not_found():
    nothing = replace(ranking_of(np.zeros((1, 3))), right_rank=None)
    model = ranking_of(np.array([[0.1, 0.9, 0.5]]))
    assert JoinedScores.of(nothing, model).ranking(0.9, 3).top_answers.tolist() == [[1, 2, 0]]
