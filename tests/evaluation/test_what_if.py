"""What if: changes that leave the content alone, and arrows that start where the table stands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.evaluation.what_if import CHANGES, what_if
from core.labels.model import LabelModel
from core.types import LabelRecipe
from tests.labels.conftest import build_world

EXPERTS = ("expert0", "expert1", "expert2")


@pytest.fixture(scope="module")
def labelled():
    dataset, scores = build_world()
    return LabelModel.fit(dataset, scores, LabelRecipe(EXPERTS, blend=0.0))


def table(model, question, answer):
    """Return what asks each expert for the pair as it stands, whatever the texts."""
    rows = np.array([question]), np.array([answer])
    raw = [float(one.pairs(*rows)[0]) for one in model.used]
    return [lambda _q, _a, score=score: score for score in raw]


def pair_of(model):
    question = int(model.dataset.seen_rows[3])
    return question, int(model.dataset.right_answer[model.dataset.right_question == question][0])


def test_an_unchanged_pair_moves_nothing_and_has_the_scores_of_the_table(labelled):
    pair = pair_of(labelled)
    found = what_if(labelled, table(labelled, *pair), pair, ("q", "a"))
    assert found.moved == [] and found.together[0] == pytest.approx(found.together[1])
    rows = np.array([pair[0]]), np.array([pair[1]])
    assert found.before == pytest.approx(labelled.expert_block(*rows)[:, 0, 0])
    assert found.together[0] == pytest.approx(labelled.block(*rows)[0][0, 0], abs=1e-5)


def test_only_the_expert_that_moves_is_named(labelled):
    pair = pair_of(labelled)
    live = table(labelled, *pair)
    live[1] = lambda _q, _a: -1.0
    found = what_if(labelled, live, pair, ("q", "a"))
    assert found.moved == [1] and found.after[1] == 0
    assert found.together[1] < found.together[0]


def test_who_cannot_be_asked_takes_no_part_on_either_side(labelled):
    """An expert that falls silent would move the combined score although no score moved."""
    pair = pair_of(labelled)
    live = [None, *table(labelled, *pair)[1:]]
    found = what_if(labelled, live, pair, ("q", "a"))
    assert np.isnan(found.after[0]) and not np.isnan(found.before[0])
    assert found.moved == [] and found.together[0] == pytest.approx(found.together[1])


@pytest.fixture
def texts(labelled):
    questions = [f"how to reset it {row}" for row in range(len(labelled.dataset.questions))]
    return replace(labelled.dataset, questions=tuple(questions))


@pytest.mark.parametrize("key", ["longer", "filler", "echo"])
def test_changes_of_the_answer_keep_it_whole(texts, key):
    asked, told = CHANGES[key].make(texts, 0, 0)
    assert asked == texts.questions[0]
    assert texts.answers[0] in told and len(told) > len(texts.answers[0])
    assert (asked in told) == (key == "echo")


def test_filler_words_speak_the_language_of_the_answer(texts):
    japanese = replace(texts, answers=("返品は三十日以内に承ります。", *texts.answers[1:]))
    assert "お問い合わせ" in CHANGES["filler"].make(japanese, 0, 0)[1]
    assert "Thank you" in CHANGES["filler"].make(japanese, 0, 1)[1]


def test_another_wording_is_a_question_of_the_same_answer_outside_the_test(texts):
    """A held-out question shown here would be seen before the final test."""
    found = 0
    for question in texts.seen_rows.tolist():
        answer = int(texts.right_answer[texts.right_question == question][0])
        made = CHANGES["reworded"].make(texts, question, answer)
        if made is None:
            continue
        row = texts.questions.index(made[0])
        assert row != question and row in texts.seen_rows
        assert texts.question_group[row] == texts.question_group[question]
        found += 1
    assert found
    assert CHANGES["language"].make(texts, 0, 0) is None


def test_another_language_takes_what_the_file_marks_as_such(texts):
    first = int(texts.seen_rows[0])
    group = int(texts.question_group[first])
    rows = texts.seen_rows[texts.question_group[texts.seen_rows] == group]
    languages = ["en"] * len(texts.questions)
    languages[int(rows[-1])] = "ja"
    marked = replace(texts, attributes={"language": tuple(languages)})
    made = CHANGES["language"].make(marked, first, group)
    assert made == (marked.questions[int(rows[-1])], marked.answers[group])
    reworded = CHANGES["reworded"].make(marked, first, group)
    assert reworded is None or reworded[0] != made[0]
