"""Parts of the held-out questions: counts, labels, correction, silence where there is little."""

from dataclasses import replace

import numpy as np
import pytest

from core.evaluation.slices import SLICERS, overlap, slice_differences
from core.evaluation.statistics import holm
from core.evaluation.systems import EncodedSystem, compare, from_files, to_files
from core.types import TEST_KNOWN, TEST_UNSEEN, TRAIN, QADataset, SilentReporter

GROUPS, PER_GROUP = 48, 4


def make_dataset() -> QADataset:
    n = GROUPS * PER_GROUP
    group = np.repeat(np.arange(GROUPS, dtype=np.int32), PER_GROUP)
    category = np.where(group < 20, "parcels", np.where(group < 44, "refunds", "rare"))
    words = ["short one", "a question of middle length here", "quite a long question " * 3, "why"]
    return QADataset(
        name="made up",
        questions=tuple(f"{words[i % 4]} {i}" for i in range(n)),
        answers=tuple(f"answer about a question {i}" for i in range(GROUPS)),
        question_ids=tuple(f"q{i}" for i in range(n)),
        answer_ids=tuple(f"a{i}" for i in range(GROUPS)),
        right_question=np.arange(n, dtype=np.int32),
        right_answer=group,
        right_grade=np.ones(n, np.float32),
        question_group=group,
        answer_group=np.arange(GROUPS, dtype=np.int32),
        split=np.where(group % 2 == 0, TEST_KNOWN, TEST_UNSEEN),
        question_row=np.arange(n, dtype=np.int32) + 2,
        attributes={"category": tuple(category)},
    )


@pytest.fixture(scope="module")
def dataset() -> QADataset:
    return make_dataset()


@pytest.fixture(scope="module")
def comparison(dataset):
    """Tuned is far better on refunds and equal elsewhere."""
    rng = np.random.default_rng(3)
    answers = rng.normal(size=(GROUPS, 16)).astype(np.float32)
    near = answers[dataset.right_answer]
    base = (near + 2.5 * rng.normal(size=near.shape)).astype(np.float32)
    helped = np.array(dataset.attributes["category"]) == "refunds"
    tuned = np.where(helped[:, None], 0.7 * base + near, base).astype(np.float32)
    arms = [
        EncodedSystem("base", "Base", "base", "b", base, answers),
        EncodedSystem("tuned", "Tuned", "tuned", "t", tuned, answers),
    ]
    return compare(dataset, arms, run_id="r", seed=1, report=SilentReporter())


def of(comparison, attribute):
    found = [part for part in comparison.slices if part.attribute == attribute]
    return {str(part.label): part for part in found}


def test_verdicts_fall_where_the_difference_was_planted(comparison):
    parts = of(comparison, "category")
    assert parts["refunds"].result.word == "better"
    assert parts["parcels"].result.word == "not shown"
    assert parts["parcels"].result.difference == 0
    assert parts["refunds"].result.questions == 24 * PER_GROUP
    assert parts["refunds"].result.groups == 24


def test_a_small_slice_says_so_and_has_no_verdict(comparison):
    rare = of(comparison, "category")["rare"]
    assert (rare.result.questions, rare.result.groups) == (16, 4)
    assert rare.small and rare.result.word == "not shown"


def test_means_are_those_of_the_questions_in_the_slice(comparison, dataset):
    mask = np.array(dataset.attributes["category"])[comparison.question_rows] == "refunds"
    result = of(comparison, "category")["refunds"].result
    for name, mean in (("base", result.before), ("tuned", result.after)):
        assert mean == pytest.approx(comparison.system(name).metrics["ndcg@10"][mask].mean())


def test_correction_is_holms_over_the_slices_that_are_judged(comparison):
    """Uncorrected, one of twenty slices without any difference would be called better or worse."""
    judged = [part for part in comparison.slices if not part.small]
    expected = holm(np.array([part.result.p for part in judged]))
    assert [part.result.p_adjusted for part in judged] == pytest.approx(expected)
    assert all(part.result.p_adjusted == 1 for part in comparison.slices if part.small)


def test_parts_of_one_attribute_do_not_overlap(dataset):
    rows = np.arange(len(dataset.questions))
    for slicer in SLICERS.values():
        masks = np.array([mask for _, mask in slicer.parts(dataset, rows)] or [rows < 0])
        assert (masks.sum(axis=0) <= 1).all(), slicer.key


def test_every_question_has_a_length_and_an_overlap(dataset, comparison):
    for key in ("regime", "question_length", "overlap"):
        counts = [part.result.questions for part in of(comparison, key).values()]
        assert sum(counts) == len(comparison.question_rows), key


def test_an_attribute_that_tells_nothing_apart_is_left_out(comparison):
    assert not of(comparison, "language") and not of(comparison, "source")


@pytest.mark.parametrize(
    ("question", "answers", "share"),
    [
        ("Where is my parcel?", ["Your parcel is on its way."], 0.5),
        ("Where is my parcel?", ["Nothing", "my parcel, where is it"], 1.0),
        ("返品したい", ["返品は三十日以内です"], pytest.approx(3 / 5)),
        ("?", ["anything"], 0.0),
    ],
)
def test_overlap_counts_distinct_words(question, answers, share):
    assert overlap(question, answers) == share


def test_languages_are_told_apart_by_script_where_the_file_says_nothing(dataset):
    mixed = replace(dataset, questions=("返品したい", *dataset.questions[1:]))
    parts = SLICERS["language"].parts(mixed, np.arange(3))
    assert [mask.tolist() for _, mask in parts] == [[False, True, True], [True, False, False]]


def test_slices_survive_the_disk(comparison):
    document, arrays = to_files(comparison)
    assert from_files(document, arrays).slices == comparison.slices
    del document["slices"]  # an older comparison
    assert from_files(document, arrays).slices == ()


def test_without_a_system_there_are_no_slices(dataset, comparison):
    assert slice_differences(comparison, dataset, seed=0, arm="gone") == ()


def test_training_questions_are_in_no_slice(dataset):
    split = np.where(dataset.question_group < 40, TRAIN, dataset.split)
    few = replace(dataset, split=split)
    rows = np.flatnonzero(split != TRAIN)
    for slicer in SLICERS.values():
        for _, mask in slicer.parts(few, rows):
            assert len(mask) == len(rows)
