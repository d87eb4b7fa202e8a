"""Questions written from answers: plausible, new, marked, and never part of a test."""

from __future__ import annotations

import dataclasses
import io
import json
from collections import Counter
from types import SimpleNamespace
from zipfile import ZipFile

import numpy as np
import pytest

from core.asking.writer import (
    distinct,
    round_trip,
    with_written,
    without_written,
    write_from_answers,
    written_in,
)
from core.data.near_duplicates.grouping import question_clusters
from core.data.splitting import check_fold, cross_fit_folds, everything, with_training
from core.labels.model import LabelModel
from core.reporting.exchange import beir_archive
from core.reporting.wording import Wording
from core.tuning.taught import TaughtQuestions, without_held_out
from core.types import TRAIN, WRITTEN, WRITTEN_BY, ExpertScores, LabelRecipe, ListedScores
from core.types.written import STYLES, WrittenQuestion
from core.workspace.datasets import load_dataset, save_dataset


def answers_of(dataset, *texts):
    """The dataset with other answers; its first answers, in order."""
    rest = dataset.answers[len(texts) :]
    return dataclasses.replace(dataset, answers=(*texts, *rest))


def written_of(dataset, language, answer=0, most=8):
    found = write_from_answers(dataset, language, most=most, answers=np.array([answer]))
    return {(one.style, one.text) for one in found}


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        (
            "To cancel your subscription, open the account page and press Stop.",
            {
                ("question", "How do I cancel my subscription?"),
                ("complaint", "I can't cancel my subscription"),
            },
        ),
        (
            "If a gift card is lost we can block it, as long as you send us its number.",
            {
                ("question", "What happens if a gift card is lost?"),
                ("title", "a gift card is lost"),
            },
        ),
        (
            "You can collect points with every order. They last a year.",
            {("question", "Can I collect points with every order?")},
        ),
        (
            "We only exchange items for the same model.",
            {("question", "Do you exchange items for the same model?")},
        ),
    ],
)
def test_english_answers_say_what_they_answer(tiny_dataset, answer, written):
    assert written <= written_of(answers_of(tiny_dataset, answer), "en")


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        (
            "お届け予定日を過ぎても届かない場合は、注文番号を添えてご連絡ください。",
            {
                (
                    "question",
                    "お届け予定日を過ぎても届かない場合はどうすればよいですか？",
                ),
                ("complaint", "お届け予定日を過ぎても届かないのですが、どうすればいいですか"),
            },
        ),
        (
            "ギフト包装は無料で承ります。",
            {("question", "ギフト包装について教えてください。"), ("title", "ギフト包装")},
        ),
    ],
)
def test_japanese_answers_say_what_they_answer(tiny_dataset, answer, written):
    assert written <= written_of(answers_of(tiny_dataset, answer), "ja")


def test_another_language_still_gets_keywords(tiny_dataset):
    found = written_of(answers_of(tiny_dataset, "Der Versand dauert drei Werktage."), "de")
    assert any(style == "keywords" and "Versand" in text for style, text in found)


def test_nothing_repeats_what_anybody_asked_of_whatever_part(tiny_dataset):
    """The words of a test question must not come back as a training question."""
    held = tiny_dataset.questions[-1]
    repeated = WrittenQuestion(held.upper() + "!", 11, "question")
    near = WrittenQuestion(f"{held} ?", 11, "question")
    fresh = WrittenQuestion("Something else entirely", 11, "question")
    empty, again = (
        WrittenQuestion(" ", 1, "title"),
        WrittenQuestion("something ELSE entirely", 2, ""),
    )
    assert distinct(tiny_dataset, [repeated, near, fresh, empty, again]) == [fresh]


def test_written_questions_are_marked_kept_on_disk_and_taken_out_again(tiny_dataset, tmp_path):
    new = [
        WrittenQuestion("where did it go", 0, "question"),
        WrittenQuestion("lost and never found", 2, "complaint", "Local: 2"),
    ]
    whole = with_written(tiny_dataset, new)
    assert written_in(whole) == new
    assert whole.split[whole.written_rows].tolist() == [WRITTEN, WRITTEN]
    assert whole.attributes[WRITTEN_BY][-2:] == ("patterns: question", "Local: 2: complaint")
    assert whole.questions[: len(tiny_dataset.questions)] == tiny_dataset.questions
    save_dataset(tmp_path, whole, {})
    assert written_in(load_dataset(tmp_path, whole.id)) == new
    one = without_written(whole, whole.written_rows[:1])
    assert written_in(one) == new[1:]
    assert without_written(whole).id == without_written(one).id == tiny_dataset.id
    assert written_in(with_written(one, new[:1])) == [new[1], new[0]]


def test_no_count_no_measure_and_no_weight_looks_at_written_questions(tiny_dataset):
    whole = with_written(tiny_dataset, [WrittenQuestion("where did it go", 0, "question")])
    for rows in ("judged_rows", "seen_rows", "validation_rows", "held_out_rows", "open_rows"):
        assert np.array_equal(getattr(whole, rows), getattr(tiny_dataset, rows)), rows
    assert whole.split_counts() == tiny_dataset.split_counts()
    assert np.array_equal(whole.rows(TRAIN), tiny_dataset.rows(TRAIN))
    everything_learned = everything(whole)
    assert everything_learned.split[-1] == WRITTEN


def test_exports_and_reports_tell_written_questions_from_asked_ones(tiny_dataset):
    new = WrittenQuestion("where did it go", 0, "question", "Judge")
    whole = with_written(tiny_dataset, [new])
    with ZipFile(io.BytesIO(beir_archive(whole))) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    (own,) = (json.loads(line) for line in files["beir/written_questions.jsonl"].splitlines())
    assert own["text"] == new.text and own["metadata"][WRITTEN_BY] == "Judge: question"
    for name, text in files.items():
        if name.endswith((".tsv", "queries.jsonl", "splits.json")):
            assert new.text not in text and f'"{own["_id"]}"' not in text, name
    told = Wording("en").written(SimpleNamespace(written={"patterns": 3, "Judge": 2}))
    assert "5 questions that nobody asked" in told and "Judge: 2" in told
    assert "never part of a test" in told


def written_for_all(dataset):
    new = [WrittenQuestion(f"made up matter {a} {a * 7919}", a, "title") for a in range(12)]
    return with_written(dataset, new)


def test_no_fold_tests_a_written_question_or_learns_one_of_an_answer_it_holds_out(tiny_dataset):
    whole = written_for_all(tiny_dataset)
    clusters = question_clusters(whole)
    learned = Counter()
    for fold in cross_fit_folds(whole, clusters, seed=1, folds=3):
        check_fold(fold, clusters)
        assert not np.isin(fold.held_out_rows, whole.written_rows).any()
        assert not np.isin(fold.validation_rows, whole.written_rows).any()
        trained = fold.question_group[fold.rows(TRAIN)]
        assert np.isin(fold.question_group[fold.written_rows], trained).all()
        learned.update(fold.written_rows.tolist())
    assert set(learned) == set(whole.written_rows.tolist())  # each is learned somewhere


def test_one_split_does_not_learn_what_was_written_from_answers_it_tests_as_unseen(tiny_dataset):
    whole = written_for_all(tiny_dataset)
    learned = without_held_out(whole)
    assert whole.question_group[learned].tolist() == list(range(9))
    fewer = with_training(whole, whole.rows(TRAIN)[whole.question_group[whole.rows(TRAIN)] < 3])
    assert fewer.question_group[fewer.written_rows].tolist() == [0, 1, 2, 9, 10, 11]


def test_a_written_question_learns_what_the_experts_say_of_all_answers(tiny_dataset):
    """Its own answer is the one it was written from: not the only right one."""
    whole = written_for_all(tiny_dataset)
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((len(whole.questions), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    expert = ExpertScores("bm25", "f" * 8, whole.id, vectors, vectors[:12])
    labels = LabelModel.fit(whole, [expert], LabelRecipe(("bm25",), blend=0.5))
    taught = TaughtQuestions.of(labels)
    rows, columns = taught.open_rows, np.arange(12)
    targets, mask = taught.block(rows, columns)
    soft, _ = taught.soft.block(rows, columns)
    assert set(rows.tolist()) <= set(whole.written_rows.tolist()) and len(rows)
    np.testing.assert_array_equal(targets, soft)
    assert mask.all() and not taught.borrowed[1].any()


def labels_that_say(dataset, table):
    """Labels of one expert whose raw scores are the table, for the last questions."""
    rows = np.repeat(np.arange(len(dataset.questions) - len(table), len(dataset.questions)), 12)
    training = np.repeat(dataset.rows(TRAIN), 12)
    columns = np.tile(np.arange(12), len(table)), np.tile(np.arange(12), len(training) // 12)
    hard = dataset.hard_block(training[::12], np.arange(12)).ravel()
    expert = ListedScores(
        "file:x",
        "f" * 8,
        dataset.id,
        np.concatenate([rows, training]).astype(np.int32),
        np.concatenate(columns).astype(np.int32),
        np.concatenate([np.ravel(table), hard]).astype(np.float32),
    )
    return LabelModel.fit(dataset, [expert], LabelRecipe(("file:x",), blend=0.0))


def test_the_round_trip_wants_the_answer_or_a_near_duplicate_among_the_first_three(tiny_dataset):
    """Experts without an opinion give all answers the same score: that is no finding."""
    groups = tiny_dataset.answer_group.copy()
    groups[1] = 0
    dataset = dataclasses.replace(tiny_dataset, answer_group=groups)
    whole = with_written(dataset, [WrittenQuestion(f"new {i}", 0, "title") for i in range(5)])
    table = np.zeros((5, 12))
    table[0, [5, 6, 0]] = 0.9, 0.8, 0.7  # third
    table[1, [5, 6, 1]] = 0.9, 0.8, 0.7  # third, by an answer that says the same
    table[2, [5, 6, 7, 0]] = 0.9, 0.8, 0.7, 0.6  # fourth
    table[3, :] = 0.5  # no opinion
    table[4, [5, 6, 7, 0]] = 0.9, 0.8, 0.7, 0.7  # shares the third place
    labels = labels_that_say(whole, table)
    assert round_trip(labels, whole.written_rows).tolist() == [True, True, False, False, False]


def test_every_style_is_named():
    assert set(STYLES) == {"question", "keywords", "complaint", "title"}
