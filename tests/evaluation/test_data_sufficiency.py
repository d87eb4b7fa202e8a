"""What data allow is told from their counts; what helps is only what was measured."""

from dataclasses import replace

import numpy as np
import pytest

from core.data.splitting import MIN_GROUPS, MIN_QUESTIONS, split_by_group
from core.evaluation.data_sufficiency import MEASURED, SMALLEST_HELP, gain_text, helps, sufficiency
from core.journey.data import what_data_allow
from core.messages import Message
from core.types import OPEN, TRAIN
from core.types.scoring import ScoringResult, TeacherAdvice
from core.types.sufficiency import JUDGED_LOG, NO_LOG, ONE_WORDING, OPEN_LOG, Situation


def asked(dataset, groups, each, opened=0):
    """Return a dataset of ``groups`` answers with ``each`` questions, and ``opened`` without."""
    group = np.repeat(np.arange(groups), each).astype(np.int32)
    count = len(group) + opened
    large = len(group) >= MIN_QUESTIONS and groups >= MIN_GROUPS  # an import takes no less
    split = split_by_group(group) if large else np.full(len(group), TRAIN)
    return replace(
        dataset,
        questions=tuple(f"question {i}" for i in range(count)),
        question_ids=tuple(f"q{i}" for i in range(count)),
        answers=tuple(f"answer {i}" for i in range(groups)),
        answer_ids=tuple(f"a{i}" for i in range(groups)),
        right_question=np.arange(len(group), dtype=np.int32),
        right_answer=group,
        right_grade=np.ones(len(group), np.float32),
        question_group=np.concatenate([group, groups + np.arange(opened)]).astype(np.int32),
        answer_group=np.arange(groups, dtype=np.int32),
        split=np.concatenate([split.astype("U18"), np.full(opened, OPEN, "U18")]),
        question_row=np.arange(count, dtype=np.int32) + 2,
        attributes={},
        question_weight=np.ones(count, np.float32),
        must_find=np.zeros(count, bool),
    )


@pytest.mark.parametrize(
    ("groups", "each", "opened", "teacher", "learn", "prove", "missing"),
    [
        (60, 1, 0, False, "with a stronger expert", "cross-fit", 0),  # the bare FAQ sample
        (60, 1, 300, False, "with a stronger expert", "cross-fit", 0),
        (60, 1, 0, True, "yes", "cross-fit", 0),
        (110, 6, 0, False, "yes", "split", 0),
        (40, 2, 0, False, "yes", "cross-fit", 0),
        (13, 1, 0, False, "no", "no", 7),  # twenty questions make a verdict
        (13, 1, 17, False, "with a stronger expert", "no", 7),  # open ones teach, but prove nothing
        (5, 8, 0, False, "yes", "no", 5),  # forty questions on five answers: five answers more
        (29, 1, 0, True, "no", "cross-fit", 0),
    ],
)
def test_what_data_allow(tiny_dataset, groups, each, opened, teacher, learn, prove, missing):
    found = sufficiency(asked(tiny_dataset, groups, each, opened), teacher=teacher)
    assert (found.learn, found.prove, found.missing) == (learn, prove, missing)
    assert (found.questions, found.groups) == (groups * each, groups)
    assert found.open_questions == opened
    if missing:
        assert found.prove_text.params["missing"] == missing


def keys(*situation):
    return [help_.key for help_ in helps(Situation(*situation))]


def test_a_step_is_advised_where_it_was_measured_to_gain():
    assert keys(ONE_WORDING, False, NO_LOG) == ["judging", "open questions", "teacher"]
    assert keys(ONE_WORDING, False, OPEN_LOG) == ["judging", "teacher"]
    assert keys(ONE_WORDING, True, NO_LOG) == ["judging", "open questions"]
    assert keys(ONE_WORDING, True, OPEN_LOG) == ["judging"]
    assert keys(ONE_WORDING, True, JUDGED_LOG) == []


def test_the_most_helpful_comes_first_and_no_step_is_noise():
    for here in {gain.situation for gain in MEASURED}:
        worth = [help_.worth for help_ in helps(here)]
        assert worth == sorted(worth, reverse=True)
        assert all(value >= SMALLEST_HELP for value in worth)


def test_a_log_without_a_teacher_is_not_promised_to_help():
    (teacher_and_log,) = [
        help_
        for help_ in helps(Situation(ONE_WORDING, False, NO_LOG))
        if help_.key == "open questions"
    ]
    assert teacher_and_log.then.situation.teacher
    assert "stronger expert" in str(teacher_and_log.text)


def test_nothing_is_promised_for_data_on_which_nothing_was_measured(tiny_dataset):
    assert sufficiency(asked(tiny_dataset, 110, 6), teacher=False).helps == ()
    assert sufficiency(asked(tiny_dataset, 10, 1), teacher=False).helps == ()


def test_expected_gains_are_told_as_they_were_measured(tiny_dataset):
    found = sufficiency(asked(tiny_dataset, 60, 1), teacher=False)
    told = {help_.key: help_.text.params["then"] for help_ in found.helps}
    assert told == {"judging": "+0.15", "open questions": "+0.07", "teacher": "+0.06"}
    assert {gain_text(help_.now.gain) for help_ in found.helps} == {"+0.01"}
    open_log = sufficiency(asked(tiny_dataset, 60, 1, 300), teacher=False).helps
    assert {gain_text(help_.now.gain) for help_ in open_log} == {"0.00"}
    assert found.to_json()["helps"][0] == {
        "key": "judging",
        "now": pytest.approx(0.009),
        "then": pytest.approx(0.153),
    }


@pytest.mark.parametrize(
    ("verdict", "learn"),
    [
        ("teacher", "yes"),
        ("perhaps", "with a stronger expert"),
        ("none", "with a stronger expert"),
    ],
)
def test_only_an_expert_that_surely_searches_better_counts_as_a_teacher(
    tiny_dataset, verdict, learn
):
    scoring = ScoringResult(teacher=TeacherAdvice(verdict, "base", Message("So it is.")))
    assert what_data_allow(asked(tiny_dataset, 60, 1), scoring).learn == learn
    assert what_data_allow(asked(tiny_dataset, 60, 1)).learn == "with a stronger expert"
