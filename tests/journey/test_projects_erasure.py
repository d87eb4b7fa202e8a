"""Deleting in the app erases; single texts go wherever they lie; old projects go by themselves."""

from __future__ import annotations

import json

import pytest

from core.errors import WorkspaceError
from core.journey import data
from core.journey.data import erase_texts, find_texts, import_report
from core.journey.projects import delete_project, receipt_file, retention_days, sweep
from core.types import Override
from core.workspace.workspace import Workspace
from tests.data.made_files import THINGS, shop_faq

FILE = shop_faq(
    "Eve Miller asks about kayaks,About kayaks: ask the kayak team.",
    "Eve Miller,",
)


@pytest.fixture
def workspace(tmp_path, records_url, monkeypatch) -> Workspace:
    monkeypatch.setenv("DATABASE_URL", records_url)
    return Workspace.open(tmp_path / "w")


def made(workspace: Workspace, name: str = "p"):
    project = workspace.create_project(name, "me")
    data.import_file(project, FILE, "faq.csv", who="me")
    return workspace.project(project.id)


def holding(workspace: Workspace, word: bytes) -> list[str]:
    """Files that hold a word, also compressed in Parquet."""
    import pyarrow.parquet as parquet

    found = []
    for path in workspace.layout.root.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content = str(parquet.read_table(path).to_pydict()).encode()
        if word in content:
            found.append(path.name)
    return found


def test_a_deleted_project_leaves_no_text_behind(workspace, in_records):
    project = made(workspace)
    pair = Override("Eve Miller?", "an answer", 1.0, "me", "", "2026")
    workspace.records.add_override(project.id, pair)
    assert "Eve Miller" in in_records()
    assert holding(workspace, b"Eve Miller")
    receipt = delete_project(project, "Ann")
    assert holding(workspace, b"Eve Miller") == [] and "Eve Miller" not in in_records()
    assert {one.kind for one in receipt.removed} >= {"datasets"}
    assert json.loads(receipt_file(receipt))["who"] == "Ann"


def test_single_texts_are_erased_with_all_that_holds_them(workspace, in_records):
    project = made(workspace)
    questions, answers = find_texts(project.load_dataset(), "EVE miller")
    assert len(questions) >= 1 and answers == ()
    pair = Override(questions[0], project.load_dataset().answers[0], 1.0, "me", "", "2026")
    workspace.records.add_override(project.id, pair)
    run = workspace.run_folder("score-1")
    run.mkdir()
    asked = {"project_id": project.id, "config": {"dataset_id": project.dataset_id}}
    (run / "request.json").write_text(json.dumps(asked))
    assert "Eve Miller" in in_records()
    receipt = erase_texts(project, questions, "Ann")
    assert holding(workspace, b"Eve Miller") == [] and "Eve Miller" not in in_records()
    assert {one.kind: one.count for one in receipt.removed} == {
        "runs": 1,
        "datasets": 1,
        "records": 1,
    }
    left = workspace.project(project.id).load_dataset()
    assert len(left.questions) == len(THINGS) and not find_texts(left, "Eve")[0]
    assert import_report(workspace, left.id)["summary"]["questions"] == len(THINGS)


def test_data_of_another_project_keep_the_text_and_the_receipt_says_so(workspace):
    project, other = made(workspace), made(workspace, "other")
    receipt = erase_texts(project, find_texts(project.load_dataset(), "Eve")[0], "Ann")
    assert any("other projects" in str(message) for message in receipt.kept)
    assert find_texts(workspace.project(other.id).load_dataset(), "Eve")[0]


def test_projects_without_a_change_are_swept(workspace):
    made(workspace)
    assert sweep(workspace, None) == []
    assert sweep(workspace, 30) == []
    receipts = sweep(workspace, 30, at="2999-01-01T00:00:00+00:00")
    assert [receipt.what for receipt in receipts] == ["p"]
    assert workspace.projects() == []


@pytest.mark.parametrize("said", ["0", "-3", "1.5", "soon", "٣"])
def test_a_wrong_setting_deletes_nothing(said):
    with pytest.raises(WorkspaceError, match="RETENTION_DAYS"):
        retention_days({"RETENTION_DAYS": said})


def test_the_setting():
    assert retention_days({}) is None
    assert retention_days({"RETENTION_DAYS": " 90 "}) == 90
