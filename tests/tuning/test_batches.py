"""Batches: every question once, groups apart, the same after a restart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings, strategies as st

from core.tuning.batches import (
    Batch,
    group_batches,
    learnable,
    mine_hard_negatives,
    plan_epoch,
)
from core.types import TRAIN, QADataset
from core.types.tuning_config import TuningConfig


def dataset_of(groups, rights, answer_groups):
    """Questions with group and right answers given; texts do not matter."""
    count, answers = len(groups), len(answer_groups)
    pairs = np.array([(q, a) for q, row in enumerate(rights) for a in sorted(row)], np.int32)
    return QADataset(
        name="grid",
        questions=tuple(f"q {n}" for n in range(count)),
        answers=tuple(f"a {n}" for n in range(answers)),
        question_ids=tuple(map(str, range(count))),
        answer_ids=tuple(map(str, range(answers))),
        right_question=pairs[:, 0],
        right_answer=pairs[:, 1],
        right_grade=np.ones(len(pairs), np.float32),
        question_group=np.array(groups, np.int32),
        answer_group=np.array(answer_groups, np.int32),
        split=np.full(count, TRAIN),
        question_row=np.arange(count, dtype=np.int32),
    )


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.integers(0, 9), min_size=1, max_size=60),
    size=st.integers(2, 16),
    seed=st.integers(0, 99),
)
def test_every_question_is_dealt_once_into_even_batches(groups, size, seed):
    """A question left out is never learned; a last batch of one question teaches nothing."""
    count = -(-len(groups) // size)
    batches = group_batches(np.array(groups), count, np.random.default_rng(seed))
    assert sorted(np.concatenate(batches)) == list(range(len(groups)))
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1


@settings(max_examples=40, deadline=None)
@given(groups=st.integers(4, 12), each=st.integers(1, 5), seed=st.integers(0, 99))
def test_groups_do_not_meet_themselves_where_it_can_be_avoided(groups, each, seed):
    """Two questions with the same right answer in one grid leave fewer cells to learn from."""
    names = np.repeat(np.arange(groups), each)
    for batch in group_batches(names, -(-len(names) // 4), np.random.default_rng(seed)):
        assert len(set(names[batch])) == len(batch)


def test_the_plan_depends_on_seed_and_epoch_only():
    """A resumed run that saw other batches could not end with the same weights."""
    rights = [{n % 5, 5} for n in range(40)]
    dataset = dataset_of(np.arange(40) % 5, rights, np.arange(6))
    config = TuningConfig(questions_per_batch=8, seed=7)
    negatives = np.tile(np.arange(6, dtype=np.int32), (40, 1))

    def plan(epoch, seed=7):
        settings = TuningConfig(questions_per_batch=8, seed=seed)
        batches = plan_epoch(dataset, dataset.rows(TRAIN), negatives, settings, epoch)
        return [(b.question_rows.tolist(), b.answer_rows.tolist()) for b in batches]

    first = plan(2)
    plan(0)
    assert plan(2) == first
    assert plan(1) != first
    assert plan(2, seed=8) != first
    assert config.questions_per_batch == max(len(rows) for rows, _ in first)


def test_all_right_answers_get_their_turn():
    """Taking the first right answer in every epoch would never teach the others."""
    dataset = dataset_of([0, 1], [{0, 1, 2}, {3}], [0, 0, 0, 1])
    config = TuningConfig(questions_per_batch=2)
    seen = [
        set(plan_epoch(dataset, dataset.rows(TRAIN), None, config, epoch)[0].answer_rows)
        for epoch in range(3)
    ]
    assert all(len(answers) == 2 and 3 in answers for answers in seen)
    assert set.union(*seen) == {0, 1, 2, 3}


def test_an_answer_that_questions_share_is_in_the_grid_once():
    dataset = dataset_of([0, 0, 1], [{0}, {0}, {1}], [0, 1])
    (batch,) = plan_epoch(
        dataset, dataset.rows(TRAIN), None, TuningConfig(questions_per_batch=3), 0
    )
    assert batch.answer_rows.tolist() == [0, 1]


def test_mined_negatives_are_wrong_hardest_first_and_never_near_duplicates():
    """A duplicate of the right answer pushed away as a negative would hurt the right one, too."""
    dataset = dataset_of([0, 1], [{0}, {2}], [0, 0, 1, 2])
    questions = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    answers = np.array([[1, 0], [0.99, 0.1], [0.5, 0.8], [0.9, 0.4]], np.float32)
    rows = np.arange(2, dtype=np.int32), np.arange(4, dtype=np.int32)
    found = mine_hard_negatives(dataset, rows[0], questions, rows[1], answers, depth=3)
    assert found.tolist() == [[3, 2, -1], [3, 1, 0]]


def test_unmarked_answers_of_the_own_group_are_not_learned_from():
    dataset = dataset_of([0, 1], [{0}, {2}], [0, 0, 1, 2])
    batch = Batch(np.array([0, 1], np.int32), np.arange(4, dtype=np.int32))
    hard = dataset.hard_block(batch.question_rows, batch.answer_rows)
    assert learnable(dataset, batch, hard).tolist() == [
        [True, False, True, True],
        [True, True, True, True],
    ]


def test_answers_known_to_be_wrong_stand_beside_their_question_and_count_as_wrong():
    """Whoever says which answers are wrong expects the model to learn to tell them apart."""
    plain = dataset_of([0, 1, 2], [{0}, {1}, {2}], [0, 1, 2, 0, 4, 5, 6])
    told = replace(
        plain,
        wrong_question=np.array([0, 1, 1, 1], np.int32),
        wrong_answer=np.array([3, 4, 5, 6], np.int32),
    )
    config = TuningConfig(questions_per_batch=2, neighbourhoods_per_batch=0)
    seen = set()
    for epoch in range(3):
        columns = []
        for row in range(3):
            (batch,) = plan_epoch(told, np.array([row], np.int32), None, config, epoch)
            columns.append(set(batch.answer_rows.tolist()))
        assert columns[0] == {0, 3} and columns[2] == {2}
        assert len(columns[1] & {4, 5, 6}) == 2 and 1 in columns[1]
        seen |= columns[1]
    assert seen == {1, 4, 5, 6}  # more than fit take turns
    batch = Batch(np.array([0], np.int32), np.array([0, 3], np.int32))
    hard = told.hard_block(batch.question_rows, batch.answer_rows)
    assert hard.tolist() == [[1.0, 0.0]]
    assert learnable(told, batch, hard).tolist() == [[True, True]]
    assert learnable(plain, batch, hard).tolist() == [[True, False]]


def test_mined_wrong_answers_fill_the_room_that_known_ones_leave():
    data = replace(
        dataset_of([0], [{0}], [0, 1, 2, 3]),
        wrong_question=np.array([0], np.int32),
        wrong_answer=np.array([3], np.int32),
    )
    config = TuningConfig(
        questions_per_batch=2, neighbourhoods_per_batch=0, hard_negatives_per_question=2
    )
    mined = np.array([[1, 2, -1]], np.int32)
    (batch,) = plan_epoch(data, np.array([0], np.int32), mined, config, 0)
    assert {0, 3} < set(batch.answer_rows.tolist()) and len(batch.answer_rows) == 3


def test_data_read_from_disk_are_read_only(small_dataset):
    """Every run of the app ended with "array is read-only" where no wrong pairs are known."""
    nothing = np.empty(0, np.int32)
    nothing.flags.writeable = False
    data = replace(small_dataset, wrong_question=nothing, wrong_answer=nothing)
    rows = data.rows(TRAIN)
    assert plan_epoch(data, rows, None, TuningConfig(questions_per_batch=8), 0)


def test_data_read_from_disk_without_known_wrong_answers_give_batches():
    """Arrays of a saved dataset cannot be written to; numpy shuffled empty ones in place."""
    data = dataset_of([0, 1], [{0}, {1}], [0, 1])
    empty = np.empty(0, np.int32)
    empty.setflags(write=False)
    data = replace(data, wrong_question=empty, wrong_answer=empty)
    (batch,) = plan_epoch(data, np.arange(2, dtype=np.int32), None, TuningConfig(), 0)
    assert batch.answer_rows.tolist() == [0, 1]
