"""Pairs to inspect: no right answer or duplicate of one is shown as wrong."""

from dataclasses import replace

import numpy as np
import pytest

from core.data.samples import HARD, RANDOM, RIGHT, sample_pairs


def scores(questions, answers):
    """Give scores that fall with the distance of question and answer."""
    return -np.abs(questions[:, None] // 4 - answers[None, :] - 0.1).astype(np.float32)


def test_wrong_pairs_are_never_right_nor_in_the_same_group(tiny_dataset):
    joined = np.array([0, 0, 2, *range(3, 12)], np.int32)  # answers 0 and 1 are near-duplicates
    dataset = replace(
        tiny_dataset, answer_group=joined, question_group=np.repeat(joined, 4).astype(np.int32)
    )
    found = sample_pairs(dataset, scores, per_question=3, seed=1)
    wrong = found.kind != RIGHT
    assert (
        dataset.question_group[found.question_rows[wrong]]
        != dataset.answer_group[found.answer_rows[wrong]]
    ).all()
    assert (found.kind == RIGHT).sum() == len(dataset.right_question)
    keys = list(zip(found.question_rows.tolist(), found.answer_rows.tolist(), strict=True))
    assert len(set(keys)) == len(keys)


def test_hard_pairs_are_the_best_scored_wrong_ones(tiny_dataset):
    found = sample_pairs(tiny_dataset, scores, per_question=2)
    first = found.answer_rows[(found.question_rows == 20) & (found.kind == HARD)]
    assert first.tolist() == [4, 6]


def test_without_scores_there_are_right_and_random_pairs(tiny_dataset):
    found = sample_pairs(tiny_dataset, None, per_question=2)
    assert set(found.kind.tolist()) == {RIGHT, RANDOM}


def test_missing_scores_are_not_taken_for_hard(tiny_dataset):
    def blank(questions, answers):
        return np.full((len(questions), len(answers)), np.nan, np.float32)

    assert HARD not in sample_pairs(tiny_dataset, blank).kind


@pytest.mark.parametrize("limit", [0, 50, 100])
def test_the_limit_holds_and_every_kind_stays(tiny_dataset, limit):
    found = sample_pairs(tiny_dataset, scores, per_question=2, limit=limit)
    assert len(found.kind) <= limit
    assert set(found.kind.tolist()) == ({RIGHT, HARD, RANDOM} if limit else set())


def test_the_seed_decides(tiny_dataset):
    one, two, other = (sample_pairs(tiny_dataset, scores, seed=seed) for seed in (1, 1, 2))
    assert (one.answer_rows == two.answer_rows).all()
    assert (one.answer_rows != other.answer_rows).any()


def test_only_the_wanted_questions_are_sampled(tiny_dataset):
    rows = tiny_dataset.rows("train")
    assert set(sample_pairs(tiny_dataset, None, question_rows=rows).question_rows) == set(rows)


def test_more_wanted_than_there_is(tiny_dataset):
    found = sample_pairs(tiny_dataset, scores, per_question=50)
    assert len(found.kind) == 48 * 12
