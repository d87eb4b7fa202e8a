"""What goes out in a format of other tools comes back in as it was, and computes nothing."""

from __future__ import annotations

import csv
import io
import itertools
import zipfile
from dataclasses import replace

import ir_measures
import numpy as np
import pytest

from core.data.beir import read_beir
from core.data.reading.archives import open_beir
from core.data.trec_run import parse_run
from core.journey import data
from core.journey.delivery import FORMATS, exchange_file, write_exchange
from core.reporting.exchange import (
    beir_archive,
    exchange_ids,
    per_question_csv,
    trec_qrels,
    trec_run,
    whole_grades,
)
from tests.reporting.finished_journey import finished_journey, small_comparison, small_dataset


@pytest.fixture(scope="module")
def dataset():
    made, _ = small_dataset()
    categories = tuple(f"c{row % 3}" if row % 5 else "" for row in range(len(made.questions)))
    return replace(made, attributes={"category": categories})


@pytest.fixture(scope="module")
def comparison(dataset):
    return small_comparison(dataset, "run")


def partition(groups: np.ndarray) -> list[tuple[int, ...]]:
    return sorted(tuple(np.flatnonzero(groups == group)) for group in np.unique(groups))


def test_beir_comes_back_with_splits_groups_grades_and_categories(dataset):
    """Data that change on the way out and in would make two "same" comparisons differ."""
    grades = np.where(np.arange(len(dataset.right_grade)) % 4, 1.0, 0.25).astype(np.float32)
    dataset = replace(dataset, right_grade=grades)
    back = read_beir(beir_archive(dataset), name="back").dataset
    assert back.questions == dataset.questions and back.answers == dataset.answers
    assert back.question_ids == dataset.question_ids and back.answer_ids == dataset.answer_ids
    for name in ("right_question", "right_answer", "right_grade", "split"):
        np.testing.assert_array_equal(getattr(back, name), getattr(dataset, name))
    for name in ("question_group", "answer_group"):
        assert partition(getattr(back, name)) == partition(getattr(dataset, name))
    assert back.attributes == dataset.attributes


def test_beir_is_read_by_the_import_of_the_data_page(dataset):
    back, report = data.read_dataset(beir_archive(dataset), "back.zip")
    assert back.questions == dataset.questions
    assert report["summary"]["rows_set_aside"] == 0


def test_beir_has_the_files_that_other_tools_look_for(dataset):
    with zipfile.ZipFile(io.BytesIO(beir_archive(dataset))) as archive:
        names = set(archive.namelist())
        table = archive.read("beir/qrels/test.tsv").decode().splitlines()
    assert {"beir/corpus.jsonl", "beir/queries.jsonl", "beir/qrels/train.tsv"} <= names
    assert table[0].split("\t") == ["query-id", "corpus-id", "score"]
    assert all(int(line.split("\t")[2]) == 1 for line in table[1:])
    assert beir_archive(dataset) == beir_archive(dataset)  # the same bytes every time


def test_ids_with_line_breaks_and_tabs_do_not_tear_lines(dataset):
    ids = tuple(f"a\t{n}\nb" for n in range(len(dataset.questions)))
    files = open_beir(beir_archive(replace(dataset, question_ids=ids)))
    assert next(iter(files.queries)) == "a 0 b"
    assert sum(map(len, files.qrels.values())) == len(dataset.right_question)
    assert exchange_ids(("a\nb", "a b"), "q") == ("q1", "q2")


@pytest.mark.parametrize("name", ["base", "tuned", "bm25"])
def test_runs_and_qrels_give_the_same_figures_elsewhere(dataset, comparison, name):
    """A colleague who checks our figures with trec_eval must find the very same ones."""
    arm = comparison.system(name)
    run = list(ir_measures.read_trec_run(trec_run(dataset, comparison, arm)))
    qrels = list(ir_measures.read_trec_qrels(trec_qrels(dataset, comparison.question_rows)))
    measures = {
        "ndcg@10": ir_measures.nDCG @ 10,
        "recall@10": ir_measures.R @ 10,
        "map@10": ir_measures.AP @ 10,
    }
    found = ir_measures.calc_aggregate(list(measures.values()), qrels, run)
    for metric, measure in measures.items():
        assert found[measure] == pytest.approx(arm.mean(metric), abs=1e-6)


def test_scores_that_tie_keep_their_order(dataset, comparison):
    """trec_eval orders ties by document id: the same lists would get other figures there."""
    arm = comparison.system("base")
    tied = replace(arm, top_scores=np.zeros_like(arm.top_scores))
    lines = [line.split() for line in trec_run(dataset, comparison, tied).splitlines()]
    scores = [float(np.float32(line[4])) for line in lines[:20]]
    assert all(a > b for a, b in itertools.pairwise(scores))
    assert [int(line[3]) for line in lines[:20]] == list(range(1, 21))


def test_ids_with_spaces_are_separated_by_tabs(dataset, comparison):
    spaced = replace(dataset, answer_ids=tuple(f"page {n}" for n in range(len(dataset.answers))))
    run = trec_run(spaced, comparison, comparison.system("base"))
    assert {line.count("\t") for line in run.splitlines()} == {5}


def test_run_comes_back_as_the_lists_that_it_was_made_from(dataset, comparison):
    arm = comparison.system("tuned")
    parsed = parse_run(trec_run(dataset, comparison, arm).encode(), dataset)
    answers, _ = parsed.table(comparison.question_rows, arm.top_answers.shape[1])
    np.testing.assert_array_equal(answers, arm.top_answers)


def test_fractions_become_whole_grades_without_changing_ndcg():
    assert whole_grades(np.array([1, 2, 3], np.float32)) == [1, 2, 3]
    assert whole_grades(np.array([0.25, 1, 0.001], np.float32)) == [25, 100, 1]


def test_table_of_questions_comes_back_as_data(dataset, comparison):
    content = per_question_csv(dataset, comparison)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(rows) == len(comparison.question_rows)
    tuned = comparison.system("tuned")
    assert [int(row["tuned rank"]) for row in rows] == tuned.right_rank.tolist()
    mean = np.mean([float(row["tuned ndcg@10"]) for row in rows])
    assert mean == pytest.approx(tuned.mean("ndcg@10"), abs=1e-6)
    back, report = data.read_dataset(content, "questions.csv")
    assert set(back.questions) == {dataset.questions[q] for q in comparison.question_rows}
    assert report["summary"]["rows_set_aside"] == 0
    right = {(dataset.questions[q], dataset.answers[a]) for q, a in judged(dataset)}
    assert {(back.questions[q], back.answers[a]) for q, a in judged(back)} <= right


def judged(dataset):
    return zip(dataset.right_question, dataset.right_answer, strict=True)


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@A1", '=HYPERLINK("http://x")'])
def test_no_cell_is_computed_and_texts_come_back(dataset, comparison, formula):
    first = int(comparison.question_rows[0])
    texts = list(dataset.questions)
    texts[first] = f"{formula} where is my tent"
    content = per_question_csv(replace(dataset, questions=tuple(texts)), comparison)
    cells = [c for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) for c in row]
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]
    back, _ = data.read_dataset(content, "questions.csv")
    assert texts[first] in back.questions


def test_files_are_made_on_disk_and_recorded(tmp_path):
    journey = finished_journey(tmp_path, model=False)
    dataset = journey.workspace.load_dataset(journey.project.dataset_id)
    for key in FORMATS:
        made = write_exchange(journey.project, dataset, journey.compare_run, key, "ann")
        assert made == exchange_file(journey.workspace, journey.compare_run, key)
        assert made.stat().st_size > 500
    trail = journey.workspace.records.audit_trail(journey.project.id)
    assert [note["what"] for note in trail[-3:]] == ["data exported"] * 3
    with zipfile.ZipFile(exchange_file(journey.workspace, journey.compare_run, "runs")) as archive:
        assert archive.namelist() == [
            "qrels.txt", "runs/base.run", "runs/tuned.run", "runs/bm25.run",
        ]  # fmt: skip


def test_a_question_that_was_tested_twice_stands_once_in_each_run(dataset, comparison):
    """Cross-fitted, a question is there once per regime: one list would name it twice."""
    twice = np.concatenate([comparison.question_rows, comparison.question_rows])

    def doubled(system):
        tables = ("top_answers", "top_scores", "right_rank")
        both = {name: np.concatenate([getattr(system, name)] * 2) for name in tables}
        return replace(system, **both)

    folded = replace(
        comparison,
        question_rows=twice,
        regimes=np.repeat(["known", "unseen"], len(comparison.question_rows)),
        groups=np.concatenate([comparison.groups] * 2),
        systems=tuple(doubled(system) for system in comparison.systems),
        folds=5,
    )
    with zipfile.ZipFile(io.BytesIO(FORMATS["runs"].make(dataset, folded))) as archive:
        names = set(archive.namelist())
        run = archive.read("runs/tuned.known.run").decode().splitlines()
    assert {"qrels.txt", "runs/tuned.known.run", "runs/tuned.unseen.run"} <= names
    pairs = [(line.split()[0], line.split()[3]) for line in run]
    assert len(pairs) == len(set(pairs))
