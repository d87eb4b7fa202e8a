"""Folds of the cross-fitted verdict: all questions are tested once, and nothing leaks into one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.data.near_duplicates.grouping import question_clusters
from core.data.splitting import check_fold, cross_fit_folds, everything, fold_count
from core.errors import DataError, TooLittleDataError
from core.types import (
    OPEN,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_KNOWN,
    VALIDATION_UNSEEN,
    QADataset,
)


def grouped(sizes, open_questions=0):
    """Return a dataset with one answer per group, ``sizes`` questions each, and open questions."""
    group = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    judged, n = len(group), len(group) + open_questions
    groups = np.concatenate([group, len(sizes) + np.arange(open_questions)]).astype(np.int32)
    return QADataset(
        name="folds",
        questions=tuple(f"question {i * 7919} about {i}" for i in range(n)),
        answers=tuple(f"answer {i * 104729}" for i in range(len(sizes))),
        question_ids=tuple(f"q{i}" for i in range(n)),
        answer_ids=tuple(f"a{i}" for i in range(len(sizes))),
        right_question=np.arange(judged, dtype=np.int32),
        right_answer=group,
        right_grade=np.ones(judged, np.float32),
        question_group=groups,
        answer_group=np.arange(len(sizes), dtype=np.int32),
        split=np.array([TRAIN] * judged + [OPEN] * open_questions, "U18"),
        question_row=np.arange(n, dtype=np.int32) + 2,
    )


def alone(data):
    """Return clusters in which no question is nearly the same as another one."""
    return np.arange(len(data.questions))


SHAPES = {
    "one question per answer": [1] * 79,
    "a few answers": [1] * 20,
    "two wordings": [2] * 40,
    "seven wordings": [7] * 60,
    "very uneven": [1] * 30 + [2] * 10 + [12] * 5 + [60],
}


@pytest.mark.parametrize("sizes", SHAPES.values(), ids=SHAPES)
def test_every_question_is_tested_once_per_regime_by_a_fold_that_has_not_met_it(sizes):
    data = grouped(sizes)
    folds = cross_fit_folds(data, alone(data), seed=3)
    assert len(folds) == fold_count(data)
    unseen = np.concatenate([fold.rows(TEST_UNSEEN) for fold in folds])
    known = np.concatenate([fold.rows(TEST_KNOWN) for fold in folds])
    assert sorted(unseen) == list(range(len(data.questions)))
    several = np.flatnonzero(np.isin(data.question_group, np.flatnonzero(np.array(sizes) > 1)))
    assert len(set(known)) == len(known) and set(known) <= set(several)
    if max(sizes) < 12:  # of a group with more wordings than folds can take, some are never left
        assert sorted(known) == several.tolist()
    for fold in folds:
        check_fold(fold, alone(data))
        assert fold.questions == data.questions and fold.id != data.id
        held = fold.question_group[fold.rows(VALIDATION_UNSEEN)]
        learned = fold.question_group[fold.rows(TRAIN, VALIDATION_KNOWN, TEST_KNOWN)]
        assert len(held) and not set(held) & set(learned), "validation must be nested, too"
        assert len(fold.rows(TRAIN)) >= 0.35 * len(data.questions)
    tested = [len(fold.rows(TEST_UNSEEN)) for fold in folds]
    assert max(tested) - min(tested) <= max(sizes)


@pytest.mark.parametrize(("groups", "folds"), [(8, 4), (20, 10), (59, 10), (60, 5), (300, 5)])
def test_few_questions_get_more_folds(groups, folds):
    assert fold_count(grouped([1] * groups)) == folds


def test_too_few_answers_for_folds_are_refused_with_the_number():
    with pytest.raises(TooLittleDataError, match="7 groups of different answers"):
        fold_count(grouped([5] * 7))


def test_folds_are_the_same_again_and_others_with_another_seed():
    """A killed job makes its folds anew: other folds would test questions that were learned."""
    data = grouped([3] * 30)
    first, again = (cross_fit_folds(data, alone(data), seed=1) for _ in range(2))
    assert [fold.id for fold in first] == [fold.id for fold in again]
    assert first[0].id != cross_fit_folds(data, alone(data), seed=2)[0].id


def test_nearly_the_same_questions_stand_on_one_side_of_every_fold():
    data = grouped([4] * 30)
    cluster = alone(data)
    cluster[[0, 1]] = 0  # of one answer
    cluster[[9, 70]] = 9  # of two answers: both are held out together
    folds = cross_fit_folds(data, cluster)
    for fold in folds:
        check_fold(fold, cluster)
        assert fold.split[0] == fold.split[1]
    assert sum(TEST_UNSEEN in fold.split[[9, 70]] for fold in folds) == 1
    tested = np.concatenate([fold.rows(TEST_KNOWN) for fold in folds])
    assert {0, 1} <= set(tested)


def test_open_questions_stay_open_except_near_duplicates_of_test_questions():
    """An open question that repeats a test question would carry it into training."""
    data = grouped([1] * 30, open_questions=5)
    cluster = alone(data)
    cluster[31] = 4  # the open question 31 is nearly question 4
    folds = cross_fit_folds(data, cluster)
    for fold in folds:
        check_fold(fold, cluster)
        leaves = 4 in fold.held_out_rows
        assert (31 in fold.open_rows) != leaves
        assert {30, 32, 33, 34} <= set(fold.open_rows.tolist())
        assert not set(range(30, 35)) & set(fold.held_out_rows.tolist())


def planted(fold, row, split):
    changed = fold.split.copy()
    changed[row] = split
    return dataclasses.replace(fold, split=changed)


def test_planted_leaks_are_caught():
    """The check must fail for each way in which a test question can reach its fold's training."""
    data = grouped([3] * 30, open_questions=2)
    fold = cross_fit_folds(data, alone(data))[0]
    check_fold(fold, alone(data))
    unseen, known = int(fold.rows(TEST_UNSEEN)[0]), int(fold.rows(TEST_KNOWN)[0])
    with pytest.raises(DataError, match="leak into what it learns from"):
        check_fold(planted(fold, unseen, TRAIN), alone(data))  # its group is tested as unseen
    with pytest.raises(DataError, match="leak"):
        check_fold(planted(fold, unseen, VALIDATION_KNOWN), alone(data))
    for other in (int(fold.rows(TRAIN)[0]), int(fold.open_rows[0])):
        cluster = alone(data)
        cluster[other] = known  # a near-duplicate of a test question is learned
        with pytest.raises(DataError, match="nearly identical"):
            check_fold(fold, cluster)
    group = np.flatnonzero(data.question_group == data.question_group[known])
    with pytest.raises(DataError, match="count as known answers"):
        check_fold(planted(fold, group, TEST_KNOWN), alone(data))


def test_clusters_are_found_again_from_the_texts(tiny_dataset):
    texts = list(tiny_dataset.questions)
    texts[5] = texts[4] + "!"
    data = dataclasses.replace(tiny_dataset, questions=tuple(texts))
    cluster = question_clusters(data)
    assert cluster[4] == cluster[5] and len(set(cluster)) == len(texts) - 1


def test_the_model_that_is_delivered_learns_from_every_judged_question():
    data = grouped([2] * 20, open_questions=3)
    whole = everything(dataclasses.replace(data, split=cross_fit_folds(data, alone(data))[0].split))
    assert len(whole.rows(TRAIN)) == 40 and len(whole.open_rows) == 3
    assert not len(whole.held_out_rows) and not len(whole.validation_rows)
