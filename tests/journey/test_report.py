"""From a finished journey to the report: everything it says, the files it takes along."""

from __future__ import annotations

import io
import json
import re
from urllib.parse import unquote

import pytest
from openpyxl import load_workbook

from core.errors import WorkspaceError
from core.evaluation.cost import SavingsInput
from core.jobs.folder import RunFolder
from core.journey import compare, decisions, experts, report
from core.journey.pilot import versions
from core.reporting.html_report import render
from core.reporting.workbook import decision_workbook
from core.types import SilentReporter
from core.types.comparison import WhatCounts
from core.types.personal_rules import RiskAssessment
from tests.reporting.finished_journey import EVIL, finished_journey


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    return finished_journey(tmp_path_factory.mktemp("journey"))


@pytest.mark.parametrize("language", ["en", "ja"])
def test_report_is_written_and_recorded(journey, language):
    """The journey bar shows the Report step as done only if the record names the comparison."""
    path = report.write_report(journey.project, journey.compare_run, language, "ben")
    page = path.read_text("utf-8")
    assert EVIL not in page
    assert path.is_relative_to(journey.workspace.layout.exports)
    table = report.exported_report(journey.workspace, journey.compare_run, language, report.TABLES)
    assert table.read_bytes().startswith(b"PK")
    kept = journey.workspace.records.get(journey.project.id, "report")
    assert kept["run_id"] == journey.compare_run
    last = journey.workspace.records.audit_trail(journey.project.id)[-1]
    assert (last["what"], last["who"]) == ("report made", "ben")


def test_the_content_holds_the_journey(journey):
    content = report.content_of(journey.project, journey.compare_run)
    assert content.words == ("better", "not shown")  # too few unseen answers in so small a file
    assert [o.value for o in content.labels.overrides] == [0.4]  # the withdrawn one is gone
    assert dict(content.hashes)["Labels"] == "0123456789abcdef"
    assert len(dict(content.hashes)["Uploaded file (sha256)"]) == 64
    assert [e.weight for e in content.experts] == [0.5, 0.5]
    assert {title for title, _ in content.absent} == {"gone", "TF-IDF"}
    assert all(m.change < 0 or m.lost for m in content.losses)
    assert all(m.change > 0 for m in content.wins) and len(content.wins) > 10
    gains = [m.change for m in content.wins]
    assert gains == sorted(gains, reverse=True)
    json.dumps(content.configuration)
    command = content.repeat.command
    assert command.startswith("python -m core run 'faq <b>.csv' --experts bm25,tfidf")
    assert "--recipe mean:0.3 --config settings.json" in command
    assert command.endswith("--overrides overrides.json --seed 0 --verdict split")


def test_worse_model_is_refused_in_the_report(tmp_path):
    journey = finished_journey(tmp_path, gain=-0.5, model=False)
    content = report.content_of(journey.project, journey.compare_run)
    assert "worse" in content.words and content.refusals
    assert content.lost > 0 and content.losses[0].lost
    assert any(movement.first_now for movement in content.losses)


def test_a_damaged_result_is_a_readable_error(tmp_path):
    journey = finished_journey(tmp_path, model=False)
    RunFolder(journey.workspace.run_folder(journey.compare_run)).result.write_text("{")
    with pytest.raises(WorkspaceError):
        report.content_of(journey.project, journey.compare_run)
    dataset = journey.workspace.load_dataset(journey.project.dataset_id)
    with pytest.raises(WorkspaceError):
        report.preview(journey.project, dataset, journey.compare_run)


def test_the_report_holds_the_files_of_its_command(journey):
    """Who gets the report by mail has nothing but the report."""
    content = report.content_of(journey.project, journey.compare_run)
    assert list(content.repeat.files) == ["settings.json", "overrides.json"]
    page = render(content, "en")
    attached = dict(re.findall(r'download="([^"]+)" href="data:[^,]+,([^"]+)"', page))
    assert {name: unquote(text) for name, text in attached.items()} == content.repeat.files
    table = io.BytesIO(decision_workbook(content, "en"))
    cells = [c.value for row in load_workbook(table)["Configuration"] for c in row]
    held = [str(cell).strip() for cell in cells]
    assert all(text.strip() in held for text in content.repeat.files.values())


def test_every_report_is_made_from_what_is_known_then(tmp_path):
    """A file made before the decision was handed out after it, without a word."""
    journey = finished_journey(tmp_path, model=False)
    project, run = journey.project, journey.compare_run

    def told() -> str:
        return report.write_report(project, run, "en", "ben").read_text("utf-8")

    before = told()
    assert "Nobody has taken the tuned model into use." in before and "In use since" not in before
    versions.promote(project, compare.load_comparison(journey.workspace, run), "Ann")
    assert "In use since" in told() and "decided by Ann" in told()
    decisions.save_savings(project, SavingsInput(currency="CHF"), "Ann")
    assert re.search(r"[\d,.−]+ CHF a month", told())
    words = ("a", "b", "c", "d", "e")
    decisions.keep_risk(project, RiskAssessment(*words, "high"), "Ann")
    assert "What remains: high: do not go on (Ann" in told()
    versions.withdraw(project, "Ann")
    assert "In use since" not in told()


def test_what_counts_changes_the_preview(journey):
    """The page kept what it had worked out before must-find questions were named."""
    before = report.preview_stamp(journey.project, journey.compare_run)
    assert before == report.preview_stamp(journey.project, journey.compare_run)
    compare.set_what_counts(journey.project, WhatCounts(10, (), ()), "Ann")
    assert before != report.preview_stamp(journey.project, journey.compare_run)


def test_labels_and_bias_are_those_that_were_learned(tmp_path):
    """Without the experts' scores both pictures are missing, not the report."""
    journey = finished_journey(tmp_path, model=False)
    without = report.content_of(journey.project, journey.compare_run).labels
    assert without.spread is None and without.bias is None
    dataset = journey.project.load_dataset()
    experts.run_scoring(journey.workspace, dataset, ("bm25", "tfidf"), SilentReporter())
    labels = report.content_of(journey.project, journey.compare_run).labels
    assert sum(labels.spread.right) == pytest.approx(1) == pytest.approx(sum(labels.spread.other))
    assert labels.spread.right_mean > labels.spread.other_mean
    questions = len(dataset.seen_rows)
    assert labels.spread.right_pairs <= questions, "no pair of a test question is among them"
    assert labels.bias.experts == ("BM25", "TF-IDF")
    assert all(len(cells) == 3 for _, cells in labels.bias.rows)
    text = render(report.content_of(journey.project, journey.compare_run), "en")
    assert "Mean label of right answers" in text and "Points of 100 that a group gets" in text
