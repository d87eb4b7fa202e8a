"""By which questions a run measures itself: those that were asked, and written ones beside few."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.asking.writer import WrittenQuestion, with_written
from core.tuning import validation
from core.tuning.student import DOCUMENT, QUERY, encode, load_model
from core.tuning.task import CheckedQuestions
from core.tuning.taught import TaughtQuestions, without_held_out
from core.tuning.validation import SearchCheck, search_quality
from core.types import TRAIN, UNSEEN, VALIDATION_SPLIT
from tests.tuning.test_taught import OPENLY, random_experts
from tests.tuning.tiny_runs import run

RNG = np.random.default_rng(3)


@given(st.integers(1, 40), st.integers(0, 60), st.integers(0, 10))
def test_written_questions_count_at_most_as_much_as_those_that_were_asked(asked, written, seed):
    values = np.random.default_rng(seed).random(asked + written)
    rows = np.arange(asked + written, dtype=np.int32)
    checked = CheckedQuestions(rows[:asked], rows[asked:])
    weights = np.concatenate([np.ones(asked), np.full(written, min(1, asked / max(written, 1)))])
    assert checked.mean(lambda rows: float(values[rows].mean())) == pytest.approx(
        np.average(values, weights=weights)
    )
    assert checked.count == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert asked - 1e-9 <= checked.count <= min(asked + written, 4 * asked) + 1e-9


def written_about_all(dataset, each=2):
    """Return the data with questions written from every answer."""
    answers = [row for row in range(len(dataset.answers)) for _ in range(each)]
    made = [
        WrittenQuestion(f"written {n}", row, "title", "patterns") for n, row in enumerate(answers)
    ]
    return with_written(dataset, made)


def test_only_what_is_written_from_answers_that_nothing_else_uses_joins(small_dataset):
    """Else the state is chosen by what was learned, or by what is tested."""
    dataset = written_about_all(small_dataset)
    check = SearchCheck.of(dataset, "cpu", 0)
    rows, groups = check.written[UNSEEN], dataset.question_group
    assert len(rows) and np.isin(rows, dataset.written_rows).all()
    assert set(groups[rows]) <= set(groups[dataset.rows(VALIDATION_SPLIT[UNSEEN])])
    used = np.concatenate([dataset.rows(TRAIN), dataset.held_out_rows])
    assert not set(groups[rows]) & set(groups[used])
    assert not set(rows) & set(without_held_out(dataset)), "nor are they learned from"
    assert all(not len(found) for regime, found in check.written.items() if regime != UNSEEN)
    right = np.concatenate([dataset.right_answers(int(row)) for row in rows])
    assert np.isin(right, check.answer_rows).all()
    assert check.count == sum(map(len, check.questions.values())) + len(rows)


def test_they_join_few_questions_alone_and_are_few_themselves(small_dataset, monkeypatch):
    dataset = written_about_all(small_dataset, each=8)
    monkeypatch.setattr(validation, "MOST_WRITTEN", 5)
    assert len(SearchCheck.of(dataset, "cpu", 0).written[UNSEEN]) == 5
    monkeypatch.setattr(validation, "FEW_QUESTIONS", 1)
    assert not len(SearchCheck.of(dataset, "cpu", 0).written[UNSEEN])
    plain = SearchCheck.of(small_dataset, "cpu", 0)
    assert all(not len(rows) for rows in plain.written.values())


def test_a_check_is_their_weighted_mean_and_only_real_questions_are_looked_on_at(small_dataset):
    dataset, seen = written_about_all(small_dataset), []
    check = SearchCheck.of(dataset, "cpu", 0)
    table = {text: RNG.normal(size=8) for text in (*dataset.questions, *dataset.answers)}

    def read(texts, role):
        vectors = np.array([table[text] for text in texts], np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    answers = check.answer_vectors(read)
    point = check.check(read, 7, answers, see=lambda rows, found: seen.extend(rows.tolist()))

    def quality(rows):
        questions = read([dataset.questions[row] for row in rows], "query")
        return search_quality(dataset, rows, questions, check.answer_rows, answers).mean()

    asked, written = check.questions[UNSEEN], check.written[UNSEEN]
    weight = min(len(asked), len(written))
    expected = (len(asked) * quality(asked) + weight * quality(written)) / (len(asked) + weight)
    assert point.regimes[UNSEEN] == pytest.approx(expected)
    assert set(seen) == set(np.concatenate([*check.questions.values()]))
    own = check.check(read, 7, answers, evaluate=lambda rows, *_: float(len(rows)))
    assert own.regimes[UNSEEN] == pytest.approx(
        (len(asked) ** 2 + weight * len(written)) / (len(asked) + weight)
    )
    assert own.first is None


def test_teachers_are_judged_by_questions_that_people_asked(small_dataset, tiny_bert, tmp_path):
    """Of written ones those were kept to which the experts find the answer."""
    dataset, given = written_about_all(small_dataset), []

    def search(questions, answers):
        given.append((np.concatenate(questions), answers))
        return 1.0

    labels = random_experts(dataset)
    taught = TaughtQuestions.of(labels)
    config = dataclasses.replace(OPENLY, guard_regimes=True)
    asked = {"strongest_teacher": search, "labels": labels, "taught": taught}
    run(dataset, tiny_bert, tmp_path, config=config, evaluate=None, **asked)
    ((rows, corpus),) = given
    assert np.isin(rows, dataset.validation_rows).all()
    state = json.loads(next(tmp_path.glob("checkpoints/step-*/state.json")).read_text())
    base = load_model(tiny_bert)
    answers = encode(base, [dataset.answers[row] for row in corpus], DOCUMENT)
    alone = []
    for regime, found in SearchCheck.of(dataset, "cpu", config.seed).questions.items():
        questions = encode(base, [dataset.questions[row] for row in found], QUERY)
        alone.append(search_quality(dataset, found, questions, corpus, answers).mean())
        assert regime in state["curve"][0]["regimes"]
    assert state["base_asked"] == pytest.approx(np.mean(alone), abs=1e-6)
    assert state["base_asked"] != pytest.approx(state["curve"][0]["score"], abs=1e-6)
