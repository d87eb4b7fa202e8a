import numpy as np
import pytest

from core.errors import LabelError
from core.labels.pair_sample import sample_for_inspection, sample_pairs
from core.labels.quality import average_precision
from core.types import SPLITS, TEST_KNOWN, TRAIN


def test_held_out_test_questions_are_never_looked_at(world):
    sample = sample_for_inspection(*world, seed=0)
    dataset, _ = world
    seen = set(dataset.split[sample.question_rows])
    assert seen <= {TRAIN, "validation_known", "validation_unseen"}
    assert not seen & {TEST_KNOWN, "test_unseen"}


def test_small_table_is_taken_whole_with_weight_one(world):
    dataset, scores = world
    rows = dataset.rows(TRAIN)
    sample = sample_pairs(dataset, scores, rows, seed=0)
    keys = set(zip(sample.question_rows.tolist(), sample.answer_rows.tolist(), strict=True))
    assert len(keys) == len(sample) == len(rows) * len(dataset.answers)
    np.testing.assert_array_equal(sample.weight, 1)


@pytest.mark.parametrize("size", [100, 1000, 3000])
def test_sample_has_no_pair_twice_and_right_pairs_are_right(make_world, size):
    dataset, scores = make_world(n_groups=60, per_group=5, near_duplicates=10)
    sample = sample_pairs(dataset, scores, dataset.rows(*SPLITS), seed=1, size=size)
    assert len(sample) <= size
    keys = list(zip(sample.question_rows.tolist(), sample.answer_rows.tolist(), strict=True))
    assert len(set(keys)) == len(keys)
    right = dataset.right_answer[sample.question_rows] == sample.answer_rows
    np.testing.assert_array_equal(sample.kind == "right", right)
    assert {"right", "hard", "random"} == set(sample.kind)


def test_near_duplicates_of_the_right_answer_are_not_taken_for_wrong_ones(make_world):
    dataset, scores = make_world(n_groups=20, near_duplicates=20)
    sample = sample_pairs(dataset, scores, dataset.rows(*SPLITS), seed=0, size=900)
    inside = (
        dataset.question_group[sample.question_rows] == (dataset.answer_group[sample.answer_rows])
    )
    np.testing.assert_array_equal(inside, sample.kind == "right")


def test_weights_stand_for_the_whole_table(make_world):
    """Without weights the average precision of a sample full of right pairs is far too high."""
    dataset, scores = make_world(n_groups=150, per_group=4, noises=(1.2, 2.0))
    rows, columns = dataset.rows(*SPLITS), np.arange(len(dataset.answers))
    sample = sample_pairs(dataset, scores, rows, seed=0, size=6000)
    assert sample.weight.sum() == pytest.approx(len(rows) * len(columns), rel=1e-9)
    for expert, raw in zip(scores, sample.raw, strict=True):
        truth = average_precision(
            expert.block(rows, columns).ravel(), dataset.hard_block(rows, columns).ravel()
        )
        estimate = average_precision(raw, sample.hard_label, sample.weight)
        unweighted = average_precision(raw, sample.hard_label)
        assert abs(estimate - truth) < 0.03 < unweighted - truth


def test_hard_pairs_score_higher_than_random_ones(make_world):
    dataset, scores = make_world(n_groups=60)
    sample = sample_pairs(dataset, scores, dataset.rows(*SPLITS), seed=0, size=2000)
    best = sample.raw.max(axis=0)
    assert best[sample.kind == "hard"].mean() > best[sample.kind == "random"].mean() + 0.1


def test_same_seed_same_pairs(make_world):
    dataset, scores = make_world(n_groups=60)
    draw = [
        sample_pairs(dataset, scores, dataset.rows(*SPLITS), seed=seed, size=500)
        for seed in (4, 4, 5)
    ]
    np.testing.assert_array_equal(draw[0].answer_rows, draw[1].answer_rows)
    assert not np.array_equal(draw[0].answer_rows, draw[2].answer_rows)


def test_no_right_pair_is_an_error_with_a_remedy(world):
    with pytest.raises(LabelError, match="right answer"):
        sample_pairs(*world, np.empty(0, np.int32), seed=0)
