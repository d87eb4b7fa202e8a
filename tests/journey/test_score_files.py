"""Scores that come as a file: every row is accounted for, and the scores work as an expert."""

from __future__ import annotations

import csv
import io

import numpy as np
import openpyxl
import pytest

from core.errors import AppError, DataError, ExpertError
from core.experts.catalogue import find_entry
from core.journey import data, experts, labels
from core.journey.compare_systems import expert_system
from core.journey.projects import scored_experts
from core.journey.score_files import (
    ScoreColumns,
    add_score_file,
    preview_scores,
    remove_score_file,
    score_files,
)
from core.types import LabelRecipe, SilentReporter
from core.types.scoring import ScoredExperts
from core.workspace.workspace import Workspace

WORDS = "refund parcel password invoice delivery colour size voucher account courier".split()


def shop_csv(groups=30, wordings=4) -> bytes:
    rng = np.random.default_rng(0)
    rows = []
    for group in range(groups):
        words = rng.choice(WORDS, 3)
        answer = f"Answer {group}: about {' and '.join(words)}, see page {group}."
        rows += [
            (f"Wording {n} on {' '.join(rng.permutation(words))} case {group}?", answer)
            for n in range(wordings)
        ]
    return table(["question", "answer"], rows)


def table(header, rows) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


@pytest.fixture
def shop(tmp_path):
    workspace = Workspace.open(tmp_path / "workspace")
    project = workspace.create_project("Shop", "me")
    dataset = data.import_file(project, shop_csv(), "shop.csv", who="me")
    return workspace, workspace.project(project.id), dataset


def truth_rows(dataset, count=None, noise=0.0, seed=0):
    """Rows (question, answer, score) that score right answers high and two others low."""
    rng = np.random.default_rng(seed)
    rows = []
    for q in range(len(dataset.questions))[:count]:
        right = int(dataset.right_answers(q)[0])
        for a in (right, *rng.choice(len(dataset.answers), 2)):
            if a == right or int(a) not in dataset.right_answers(q):
                value = float(a == right) * 10 + rng.normal(0, noise or 0.01)
                rows.append((dataset.questions[q], dataset.answers[int(a)], f"{value:.4f}"))
    return list(dict((row[:2], row) for row in rows).values())


def test_every_row_is_taken_or_named_with_its_number_and_reason(shop):
    workspace, project, dataset = shop
    q, a = dataset.questions, dataset.answers
    rows = [
        (q[0], a[0], "0,75"),  # row 2
        (f"  {q[1]} ".replace(" ", "\u3000"), a[0], "80 %"),  # row 3: other spaces
        (dataset.question_ids[2], dataset.answer_ids[1], "-1.5"),  # row 4: by id
        ("Nobody asked this", a[0], "1"),  # row 5
        (q[3], "Nobody answered this", "1"),  # row 6
        (q[4], a[2], "high"),  # row 7
        ("", a[2], "1"),  # row 8
        (q[5], a[2], ""),  # row 9
        (q[0], a[0], "0.75"),  # row 10: says the same again
        (q[0], a[0], "0.2"),  # row 11: contradicts row 2
    ]
    content = table(["question", "answer", "score"], rows)
    kept = add_score_file(project, dataset, content, "our scores.csv", who="me")
    assert kept.key == "file:our scores" and (kept.rows, kept.pairs) == (10, 3)
    assert (kept.by_id, kept.repeated, kept.set_aside_count) == (1, 1, 6)
    reasons = {row: str(reason) for row, reason, _, _ in kept.set_aside}
    assert sorted(reasons) == [5, 6, 7, 8, 9, 11]
    assert "Nobody asked this" in reasons[5] and "answer" in reasons[6]
    assert "high" in reasons[7] and "empty" in reasons[8] and "empty" in reasons[9]
    assert "Row 2" in reasons[11]
    (scores,) = experts.load_expert_scores(workspace, dataset, [kept.key])
    block = scores.block(np.arange(3), np.arange(2))
    expected = np.full((3, 2), np.nan)
    expected[0, 0], expected[1, 0], expected[2, 1] = 0.75, 0.8, -1.5
    np.testing.assert_allclose(block, expected, rtol=1e-6)
    assert score_files(project, dataset) == [kept]


def test_full_width_texts_match(shop):
    """Prevents a file that passed through another system from losing its Japanese rows."""
    _workspace, project, dataset = shop
    wide = str.maketrans({c: chr(ord(c) + 0xFEE0) for c in "0123456789ABCWw"})
    rows = [(q.translate(wide), a, s) for q, a, s in truth_rows(dataset, 5)]
    content = table(["question", "answer", "score"], rows)
    kept = add_score_file(project, dataset, content, "wide.csv", who="me")
    assert kept.pairs == len(rows) and not kept.set_aside


def test_a_workbook_with_ids_and_other_column_names(shop):
    _workspace, project, dataset = shop
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["質問番号", "回答番号", "スコア"])
    for q in range(6):
        sheet.append([dataset.question_ids[q], dataset.answer_ids[q % 3], q / 10])
    file = io.BytesIO()
    book.save(file)
    found = preview_scores(file.getvalue(), "ids.xlsx")
    assert found.columns == ScoreColumns("質問番号", "回答番号", "スコア")
    kept = add_score_file(project, dataset, file.getvalue(), "ids.xlsx", who="me", preview=found)
    assert (kept.pairs, kept.by_id) == (6, 6)


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        ([("a", "b", "1")], None, "None of the 1 rows .*row 2"),
        (None, ScoreColumns("question", "answer", "answer"), "three different columns"),
        ("same", None, "are the same"),
    ],
)
def test_a_file_of_no_use_is_refused_and_changes_nothing(shop, rows, columns, words):
    _workspace, project, dataset = shop
    if rows == "same":
        rows = [(q, a, "1") for q, a, _ in truth_rows(dataset, 5)]
    content = table(["question", "answer", "score"], rows or truth_rows(dataset, 5))
    with pytest.raises(DataError, match=words):
        add_score_file(project, dataset, content, "bad.csv", who="me", columns=columns)
    assert score_files(project, dataset) == []
    assert scored_experts(project) == ()


def test_scores_are_in_use_at_once_and_gone_when_deleted(shop):
    workspace, project, dataset = shop
    content = table(["question", "answer", "score"], truth_rows(dataset))
    kept = add_score_file(project, dataset, content, "gold.csv", who="me")
    assert scored_experts(project) == (kept.key,)
    (figures,) = experts.scoring_report(project).figures
    assert figures.title == "gold" and figures.ndcg is None
    assert figures.average_precision.value == pytest.approx(1.0)
    targets, mask = labels.label_model(
        workspace, dataset, LabelRecipe((kept.key,), "mean", blend=0.0)
    ).block(np.arange(10), np.arange(len(dataset.answers)))
    assert np.isfinite(targets).all() and 0 < mask.mean() < 0.2
    entry = find_entry(kept.key)
    assert entry.availability(workspace.models).ready and not entry.trainable
    remove_score_file(project, dataset, kept.key, "me")
    assert scored_experts(project) == () and not score_files(project, dataset)
    assert experts.scoring_report(project) is None
    with pytest.raises(ExpertError, match="has not scored"):
        experts.load_expert_scores(workspace, dataset, [kept.key])
    assert not list(workspace.layout.scores.rglob("*.safetensors"))


def test_it_joins_experts_of_a_job_and_a_job_keeps_it(shop):
    workspace, project, dataset = shop
    result = experts.run_scoring(workspace, dataset, ["bm25", "tfidf"], SilentReporter())
    project.state.scored = ScoredExperts(dataset.id, ("bm25", "tfidf"), "", result)
    content = table(["question", "answer", "score"], truth_rows(dataset, noise=1.0))
    kept = add_score_file(project, dataset, content, "gold.csv", who="me")
    report = experts.scoring_report(project)
    assert [f.expert for f in report.figures] == ["bm25", "tfidf", kept.key]
    assert report.agreement_table.shape == (3, 3) and np.isfinite(report.agreement_table).all()
    assert report.figures[0].texts_encoded == len(dataset.questions) + len(dataset.answers)
    again = experts.run_scoring(workspace, dataset, [kept.key, "bm25"], SilentReporter())
    assert [f.expert for f in again.figures] == [kept.key, "bm25"]
    assert again.figures[0].texts_encoded == 0


def test_a_listed_expert_is_absent_from_a_comparison_with_the_reason(shop):
    """Prevents a crash of the comparison, or a system with made-up ranks."""
    workspace, project, dataset = shop
    content = table(["question", "answer", "score"], truth_rows(dataset))
    kept = add_score_file(project, dataset, content, "gold.csv", who="me")
    with pytest.raises(AppError, match="cannot search all answers"):
        expert_system(workspace, dataset, kept.key)


def test_another_project_with_the_same_data_keeps_its_own_file(shop):
    workspace, project, dataset = shop
    other = workspace.create_project("Other", "me")
    data.import_file(other, shop_csv(), "shop.csv", who="me")
    other = workspace.project(other.id)
    rows = truth_rows(dataset)
    content = table(["question", "answer", "score"], rows)
    mine = add_score_file(project, dataset, content, "gold.csv", who="me")
    theirs = add_score_file(other, dataset, content, "gold.csv", who="me")
    assert (mine.key, theirs.key) == ("file:gold", "file:gold (2)")
    less = table(["question", "answer", "score"], rows[:30])
    replaced = add_score_file(project, dataset, less, "gold.csv", who="me")
    assert replaced.key == mine.key and replaced.pairs == 30
    assert [f.pairs for f in score_files(other, dataset)] == [len(rows)]
