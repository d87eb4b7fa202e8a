"""Rough scores first must not change a single place of any list."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array

from core.evaluation import rough_search, search
from core.evaluation.exact_search import rank_all
from core.evaluation.rough_search import RoughAnswers, score_listed
from core.evaluation.search import rank

KINDS = ("spread", "narrow", "copies", "whole numbers", "zeros")


def vectors(kind, rng, n_questions, n_answers, d=24):
    questions = rng.normal(size=(n_questions, d))
    answers = rng.normal(size=(n_answers, d))
    if kind == "narrow":  # like e5: all answers point nearly the same way
        answers = 1 + 0.02 * answers
        questions = 1 + 0.02 * questions
    elif kind == "copies":
        answers = answers[rng.integers(0, max(1, n_answers // 20), n_answers)]
    elif kind == "whole numbers":
        questions, answers = np.rint(questions), np.rint(answers)
    elif kind == "zeros":
        answers[rng.random(n_answers) < 0.5] = 0
        questions[0] = 0
    return questions.astype(np.float32), answers.astype(np.float32)


def same(left, right):
    assert left.top_answers.tolist() == right.top_answers.tolist()
    np.testing.assert_allclose(left.top_scores, right.top_scores, rtol=1e-6, atol=1e-7)
    assert left.right_rank.tolist() == right.right_rank.tolist()


@pytest.mark.parametrize("bf16", [True, False])
@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 10_000),
    depth=st.sampled_from([1, 10, 100]),
    n_answers=st.sampled_from([1, 30, 4096, 5000]),
)
def test_lists_and_ranks_are_those_of_the_exact_search(bf16, kind, seed, depth, n_answers):
    rng = np.random.default_rng(seed)
    questions, answers = vectors(kind, rng, 7, n_answers)
    right = csr_array((rng.random((7, n_answers)) < 2 / n_answers).astype(np.float32))
    exact = rank_all(questions, answers, depth, right, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rough_search, "RoughAnswers", lambda table: RoughAnswers(table, bf16))
        same(rough_search.rank_many(questions, answers, depth, right, None), exact)
        same(rough_search.rank_many(questions, answers, depth, right, 3), exact)


def test_no_right_score_is_further_off_than_the_bound_says():
    rng = np.random.default_rng(5)
    questions, answers = vectors("narrow", rng, 20, 3000, 384)
    exact = questions.astype(np.float64) @ answers.astype(np.float64).T
    for bf16 in (True, False):
        table = RoughAnswers(answers, bf16)
        for block in table.blocks(questions, 10):
            scores = block.scores
            rough = scores.scores[:3000].float().numpy().T + scores.shift[:, None]
            room = scores.error[:, None] + np.abs(rough - scores.shift[:, None]) * table.rounding
            assert (np.abs(rough - exact) <= room * 1.01 + 1e-9).all()
            # and the bound is of use: far below the spread of the scores
            assert scores.error.max() < exact.std(axis=1).min() / 2


def test_few_answers_remain_to_be_scored_exactly():
    rng = np.random.default_rng(6)
    questions, answers = vectors("spread", rng, 40, 20_000, 64)
    for block in RoughAnswers(answers, True).blocks(questions, 10):
        assert len(block.question) < 40 * 60


def test_where_all_answers_are_alike_exact_search_takes_over():
    answers = np.ones((9000, 8), np.float32)
    questions = np.ones((3, 8), np.float32)
    found = list(RoughAnswers(answers, True).blocks(questions, 10))
    assert found == [slice(0, 3)]
    ranking = rough_search.rank_many(questions, answers, 10, None, None)
    assert ranking.top_answers.tolist() == [list(range(10))] * 3


def test_large_tables_take_this_way_by_themselves(monkeypatch):
    called = []
    real = rough_search.rank_many
    monkeypatch.setattr(rough_search, "rank_many", lambda *a: called.append(1) or real(*a))
    rng = np.random.default_rng(7)
    questions, answers = vectors("spread", rng, 30, 2000)
    small = rank(questions, answers, 5)
    assert not called
    monkeypatch.setattr(search, "LARGE", 60_000)
    assert rank(questions, answers, 5).top_answers.tolist() == small.top_answers.tolist()
    assert called


def test_listed_answers_are_scored_like_ranked_ones():
    rng = np.random.default_rng(8)
    questions, answers = vectors("spread", rng, 5, 50)
    ranking = rank(questions, answers, 60)
    assert score_listed(questions, answers, ranking.top_answers).tolist() == (
        ranking.top_scores.tolist()
    )
