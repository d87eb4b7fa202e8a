"""Nothing leaks from training to test, whatever the groups; less data leaves out whole answers.

The same for the folds of the cross-fitted verdict, in which all questions are tested once.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from core.data.near_duplicates.grouping import question_clusters
from core.data.splitting import (
    LEFT_OUT,
    check_enough,
    check_fold,
    cross_fit_folds,
    everything,
    fold_count,
    split_by_group,
    split_figures,
    training_subset,
    with_training,
)
from core.errors import DataError, TooLittleDataError
from core.types import (
    OPEN,
    SPLITS,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_KNOWN,
    VALIDATION_UNSEEN,
    QADataset,
)

KNOWN = (TRAIN, VALIDATION_KNOWN, TEST_KNOWN)
UNSEEN = (VALIDATION_UNSEEN, TEST_UNSEEN)

group_sizes = st.lists(st.integers(1, 12), min_size=8, max_size=40).filter(lambda s: sum(s) >= 20)


@settings(max_examples=200, deadline=None)
@given(group_sizes, st.integers(0, 5), st.randoms(use_true_random=False))
def test_no_group_straddles_and_no_near_duplicate_is_torn(sizes, seed, random):
    group = np.repeat(np.arange(len(sizes)), sizes)
    cluster = np.array([g * 100 + random.randrange(4) for g in group.tolist()])
    order = list(range(len(group)))
    random.shuffle(order)
    group, cluster = group[order], cluster[order]
    split = split_by_group(group, seed=seed, question_cluster=cluster)

    assert set(split.tolist()) <= set(SPLITS)
    for name in UNSEEN:
        held = set(group[split == name].tolist())
        assert held
        assert not held & set(group[split != name].tolist())
    for one in np.unique(cluster):
        assert len(set(split[cluster == one].tolist())) == 1
    trained = set(group[split == TRAIN].tolist())
    assert set(group[np.isin(split, KNOWN)].tolist()) == trained


@settings(max_examples=50, deadline=None)
@given(group_sizes, st.integers(0, 5))
def test_groups_of_three_wordings_or_more_are_tested_and_trained(sizes, seed):
    group = np.repeat(np.arange(len(sizes)), sizes)
    split = split_by_group(group, seed=seed)
    for one, size in enumerate(sizes):
        names = split[group == one]
        if size >= 3 and np.isin(names, KNOWN).all():
            assert (names == TEST_KNOWN).sum() >= 1
            assert (names == TRAIN).sum() >= 1


def test_shares_are_as_documented():
    group = np.repeat(np.arange(150), 8)
    figures = split_figures(split_by_group(group), group)
    assert figures.groups[TEST_UNSEEN] == 30
    assert figures.groups[VALIDATION_UNSEEN] == 15
    known = 105 * 8
    assert figures.questions[TEST_KNOWN] == pytest.approx(0.3 * known, abs=15)  # rounded per group
    assert figures.questions[VALIDATION_KNOWN] == pytest.approx(0.12 * known, abs=1)
    assert sum(figures.questions.values()) == len(group)
    assert (figures.known_groups, figures.unseen_groups) == (105, 45)
    assert figures.warnings == ()


def test_the_seed_decides_and_nothing_else_does():
    group = np.repeat(np.arange(30), 5)
    assert (split_by_group(group, seed=3) == split_by_group(group, seed=3)).all()
    assert (split_by_group(group, seed=3) != split_by_group(group, seed=4)).any()


def test_one_question_per_answer_leaves_the_unseen_regime_and_says_so():
    group = np.arange(60)
    split = split_by_group(group)
    figures = split_figures(split, group)
    assert figures.questions[TEST_KNOWN] == 0
    assert figures.questions[TEST_UNSEEN] == 12
    assert "tested on unseen answers only" in str(figures.warnings[0])


def test_a_huge_group_is_not_held_out():
    """Held out, it would be nearly the whole test, and training would lack it."""
    sizes = [200, *[3] * 30]
    group = np.repeat(np.arange(len(sizes)), sizes)
    for seed in range(10):
        assert not np.isin(split_by_group(group, seed=seed)[:200], UNSEEN).any()


def test_small_tests_are_called_small():
    group = np.repeat(np.arange(8), 3)
    warnings = split_figures(split_by_group(group), group).warnings
    assert any("unseen answers" in str(warning) for warning in warnings)


@pytest.mark.parametrize(("questions", "groups"), [(19, 15), (100, 7), (0, 0)])
def test_too_little_data_is_refused_with_both_numbers(questions, groups):
    with pytest.raises(TooLittleDataError) as caught:
        check_enough(questions, groups)
    assert {str(questions), str(groups), "20", "8"} <= set(
        str(caught.value).replace(";", "").split()
    )


def test_shares_are_nested_and_made_of_whole_groups(tiny_dataset):
    everyone = set(tiny_dataset.rows(TRAIN))
    before: set[int] = set()
    for share in (0.25, 0.5, 0.75, 1.0):
        taken = training_subset(tiny_dataset, share, seed=3)
        groups = set(tiny_dataset.question_group[taken])
        of_groups = {row for row in everyone if tiny_dataset.question_group[row] in groups}
        assert set(taken) == of_groups and before <= set(taken) and len(taken) > len(before)
        assert share * len(everyone) <= len(taken) < share * len(everyone) + 2
        before = set(taken)
    assert before == everyone


def test_draws_differ_but_repeat(tiny_dataset):
    first, again = (training_subset(tiny_dataset, 0.5, seed=1) for _ in range(2))
    assert np.array_equal(first, again)
    others = [training_subset(tiny_dataset, 0.5, seed) for seed in range(2, 8)]
    assert any(not np.array_equal(first, other) for other in others)


def test_what_is_left_out_is_neither_learned_from_nor_measured_on(tiny_dataset):
    rows = training_subset(tiny_dataset, 0.5, seed=0)
    part = with_training(tiny_dataset, rows)
    assert np.array_equal(part.rows(TRAIN), rows)
    kept = tiny_dataset.split != TRAIN
    assert np.array_equal(part.split[kept], tiny_dataset.split[kept])
    assert set(part.split[~kept]) == {TRAIN, LEFT_OUT}
    assert part.answers == tiny_dataset.answers and part.id != tiny_dataset.id
    assert with_training(tiny_dataset, tiny_dataset.rows(TRAIN)).id == tiny_dataset.id


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 100), st.integers(0, 9))
def test_share_is_reached_and_not_overshot_by_more_than_a_group(groups, percent, seed):
    count = len(groups)
    dataset = _with_groups(np.array(groups, np.int32))
    taken = training_subset(dataset, percent / 100, seed)
    sizes = np.bincount(groups)
    assert percent * count / 100 - 1e-6 <= len(taken) < percent * count / 100 + sizes.max()


def _with_groups(groups):
    from core.types import QADataset

    count = len(groups)
    empty = np.empty(0, np.int32)
    return dataclasses.replace(
        QADataset(
            name="x",
            questions=tuple(f"q{n}" for n in range(count)),
            answers=("a",),
            question_ids=tuple(f"q{n}" for n in range(count)),
            answer_ids=("a",),
            right_question=empty,
            right_answer=empty,
            right_grade=np.empty(0, np.float32),
            question_group=groups,
            answer_group=np.zeros(1, np.int32),
            split=np.array([TRAIN] * count),
            question_row=np.arange(count, dtype=np.int32),
        )
    )


# Folds.


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
