"""What is erased is gone from the disk and the records; what others use stays, and is named."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.hashing import text_key
from core.types import Override, QADataset
from core.types.judgements import COMMENT, QuestionNote
from core.workspace.erasure import belongings, erase_project
from core.workspace.feedback import STARS, Rating
from core.workspace.modelstore import ModelStore
from core.workspace.records import Records, RunRecord
from core.workspace.vectors import VectorCache
from core.workspace.workspace import Layout, Workspace


@pytest.fixture
def workspace(tmp_path, records_url) -> Workspace:
    layout = Layout(tmp_path / "w").create()
    return Workspace(
        layout, Records(records_url), VectorCache(layout.vectors), ModelStore(layout.models)
    )


def small_dataset(*words: str) -> QADataset:
    """A dataset of one question and answer per word."""
    rows = np.arange(len(words), dtype=np.int32)
    return QADataset(
        name="small",
        questions=tuple(f"where is the {word}?" for word in words),
        answers=tuple(f"the {word} is here" for word in words),
        question_ids=tuple(f"q{row}" for row in rows),
        answer_ids=tuple(f"a{row}" for row in rows),
        right_question=rows,
        right_answer=rows,
        right_grade=np.ones(len(words), np.float32),
        question_group=rows,
        answer_group=rows,
        split=np.array(["train"] * len(words), "U18"),
        question_row=rows + 2,
    )


def keys_of(texts, prompt="") -> np.ndarray:
    joined = b"".join(text_key(text, prompt) for text in texts)
    return np.frombuffer(joined, np.uint8).reshape(-1, 16)


def project_with(workspace: Workspace, name: str, *words: str):
    """A project with data, vectors, a run, an export, a score file and every kind of record."""
    dataset = small_dataset(*words)
    project = workspace.create_project(name, "me")
    workspace.save_dataset(dataset, {"summary": {}, "set_aside": []})
    workspace.records.use_dataset(project.id, dataset.id, "me")
    texts = [*dataset.questions, *dataset.answers]
    workspace.vectors.put("abcd", keys_of(texts, "query: "), np.ones((len(texts), 3)))
    run = f"tune-{name}"
    folder = workspace.run_folder(run)
    folder.mkdir()
    request = {"project_id": project.id, "kind": "tune", "config": {"dataset_id": dataset.id}}
    (folder / "request.json").write_text(json.dumps(request))
    (workspace.layout.exports / run).mkdir()
    (workspace.layout.exports / run / "report_en.html").write_text(dataset.questions[0])
    workspace.score_files.save(dataset.id, "file:a", {"values": np.ones(1, np.float32)}, {})
    records = workspace.records
    records.add_run(RunRecord(run, project.id, "tune", "2026-01-01T00:00:00+00:00"))
    question, answer = dataset.questions[0], dataset.answers[0]
    records.add_override(project.id, Override(question, answer, 1.0, "me", "", "2026"))
    records.add_ratings(project.id, [Rating(question, answer, "me", 1.0, STARS, "2026")])
    records.set(project.id, "anything", {"text": question})
    return workspace.project(project.id), dataset


def test_a_project_is_erased_with_all_that_is_its_own(workspace, in_records):
    project, dataset = project_with(workspace, "one", "secret")
    assert "secret" in in_records()
    assert belongings(workspace, project.id).datasets == {dataset.id}
    receipt = erase_project(workspace, project.id, "Eve", ("query: ",))
    counts = {one.kind: one.count for one in receipt.removed}
    texts = [*dataset.questions, *dataset.answers]
    assert counts["vectors"] == len(set(texts))
    assert {k: counts[k] for k in ("datasets", "runs", "exports", "scores")} == dict.fromkeys(
        ("datasets", "runs", "exports", "scores"), 1
    )
    assert counts["records"] == 4
    assert workspace.projects() == []
    held = [p for p in workspace.layout.root.rglob("*") if p.is_file() and p.suffix != ".lock"]
    assert not [p for p in held if b"secret" in p.read_bytes()], "also not in a free database page"
    assert "secret" not in in_records()
    _, found = VectorCache(workspace.layout.vectors).get("abcd", keys_of(texts, "query: "))
    assert not found.any()
    trail = [line["what"] for line in workspace.records.audit_trail(project.id)]
    assert trail[-2:] == ["project deleted", "erased"]
    assert receipt.who == "Eve" and receipt.not_reached


def test_what_another_project_uses_is_kept_and_named(workspace):
    first, dataset = project_with(workspace, "one", "shared")
    second = workspace.create_project("two", "me")
    workspace.records.use_dataset(second.id, dataset.id, "me")
    receipt = erase_project(workspace, first.id, "Eve", ("query: ",))
    assert {one.kind for one in receipt.removed} == {"runs", "exports", "records"}
    assert any(dataset.id in str(message) for message in receipt.kept)
    workspace.load_dataset(dataset.id)
    _, found = workspace.vectors.get("abcd", keys_of(dataset.questions, "query: "))
    assert found.all()


def test_texts_that_other_data_hold_keep_their_vectors(workspace):
    first, _ = project_with(workspace, "one", "common", "mine")
    _, other = project_with(workspace, "two", "common", "theirs")
    erase_project(workspace, first.id, "Eve", ("query: ",))
    _, found = workspace.vectors.get("abcd", keys_of(other.questions, "query: "))
    assert found.all()


def test_records_of_other_projects_stay(workspace):
    first, _ = project_with(workspace, "one", "a")
    second, _ = project_with(workspace, "two", "b")
    erase_project(workspace, first.id, "Eve")
    assert len(workspace.records.overrides(second.id)) == 1
    assert len(workspace.records.ratings(second.id)) == 1


def test_rows_with_an_erased_text_go(workspace):
    project, dataset = project_with(workspace, "one", "gone", "stays")
    note = QuestionNote(COMMENT, dataset.questions[0], "", "see", "me", "2026")
    workspace.records.add_note(project.id, note)
    assert workspace.records.erase_texts(project.id, {dataset.questions[0]}, set()) == 3
    assert not workspace.records.ratings(project.id)


def test_folders_and_records_are_for_their_owner_alone(tmp_path):
    root = tmp_path / "open"
    root.mkdir(mode=0o755)
    workspace = Workspace.open(root)
    workspace.create_project("p", "me")
    files = [path for path in root.rglob("*") if path.is_file()]
    assert files and all(path.stat().st_mode & 0o077 == 0 for path in files)
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in folders)
