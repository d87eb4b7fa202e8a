"""Less training data: whole answers are left out, and a larger share holds every smaller one."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings, strategies as st

from core.data.splitting import LEFT_OUT, training_subset, with_training
from core.types import TRAIN


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
