"""Nothing leaks from training to test, whatever the groups; less data leaves out whole answers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from core.data.splitting import (
    LEFT_OUT,
    check_enough,
    split_by_group,
    split_figures,
    training_subset,
    with_training,
)
from core.errors import TooLittleDataError
from core.types import (
    SPLITS,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_KNOWN,
    VALIDATION_UNSEEN,
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
