"""The present search as a file: kept, compared, and explained where it does not answer all."""

import json

import pytest

from core.errors import ComparisonError, DataError, WorkspaceError
from core.evaluation.systems import held_out_rows
from core.journey.compare_systems import (
    add_run_file,
    answers_with_ids,
    check_run,
    file_system,
    held_out_questions,
    remove_run_file,
)
from core.workspace.workspace import Workspace


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return Workspace.open(tmp_path)


@pytest.fixture
def project(workspace):
    return workspace.create_project("Pilot", "ann")


def answered(dataset, left_out: int = 0) -> bytes:
    """A search that answers every held-out question, but for some, with the first answer."""
    asked = [json.loads(line) for line in held_out_questions(dataset).splitlines()]
    kept = asked[left_out:]
    return "\n".join(f"{one['_id']} Q0 a1 1 1.0 old" for one in kept).encode()


def add(workspace, project, dataset, content, **more):
    options = {"title": "Old search", "empty_is_nothing": False, "who": "ann"} | more
    return add_run_file(project, dataset, content, "run.txt", **options)


def test_questions_go_out_under_the_users_own_ids(tiny_dataset):
    asked = [json.loads(line) for line in held_out_questions(tiny_dataset).splitlines()]
    rows = held_out_rows(tiny_dataset)
    assert [one["_id"] for one in asked] == [tiny_dataset.question_ids[row] for row in rows]
    assert [one["text"] for one in asked] == [tiny_dataset.questions[row] for row in rows]


def test_answers_go_out_under_the_ids_that_a_run_file_names(tiny_dataset):
    """Without them nobody whose file has no ids could write a run file at all."""
    listed = [json.loads(line) for line in answers_with_ids(tiny_dataset).splitlines()]
    assert [one["_id"] for one in listed] == list(tiny_dataset.answer_ids)
    assert [one["text"] for one in listed] == list(tiny_dataset.answers)


def test_a_complete_file_becomes_a_system(workspace, project, tiny_dataset):
    kept = add(workspace, project, tiny_dataset, answered(tiny_dataset))
    assert project.state.run_files == (kept,)
    arm = file_system(workspace, tiny_dataset, kept)
    assert (arm.title, arm.kind, arm.notes) == ("Old search", "run_file", ())
    assert (arm.top_answers[:, 0] == 0).all() and (arm.top_answers[:, 1:] == -1).all()
    assert workspace.records.audit_trail(project.id)[-1]["what"] == "search run uploaded"


def test_missing_questions_need_a_word_on_what_they_mean(workspace, project, tiny_dataset):
    """Not run and nothing found are different things; only the second may count as zero."""
    content = answered(tiny_dataset, left_out=2)
    assert check_run(content, tiny_dataset).missing == 2
    with pytest.raises(DataError, match="no result for 2 of the"):
        add(workspace, project, tiny_dataset, content)
    assert project.state.run_files == ()
    kept = add(workspace, project, tiny_dataset, content, empty_is_nothing=True)
    arm = file_system(workspace, tiny_dataset, kept)
    assert (arm.top_answers[:2] == -1).all()
    assert "2 of" in str(arm.notes[0]) and "count as not found" in str(arm.notes[0])


def test_after_a_new_split_a_file_that_no_longer_answers_all_is_left_out(
    workspace, project, tiny_dataset
):
    from dataclasses import replace

    kept = add(workspace, project, tiny_dataset, answered(tiny_dataset))
    split = tiny_dataset.split.copy()
    split[0] = "test_known"
    with pytest.raises(ComparisonError, match="no result for 1 of the"):
        file_system(workspace, replace(tiny_dataset, split=split), kept)


def test_the_same_title_replaces_and_a_removed_file_is_gone(workspace, project, tiny_dataset):
    add(workspace, project, tiny_dataset, answered(tiny_dataset))
    newer = add(workspace, project, tiny_dataset, answered(tiny_dataset, 1), empty_is_nothing=True)
    assert project.state.run_files == (newer,)
    remove_run_file(project, newer.key, "ann")
    assert project.state.run_files == ()


def test_a_file_of_training_questions_only_is_refused(tiny_dataset):
    with pytest.raises(DataError, match="for any of the"):
        check_run(b"q1 Q0 a1 1 1.0 old", tiny_dataset)


def test_a_deleted_file_is_explained(workspace, project, tiny_dataset):
    kept = add(workspace, project, tiny_dataset, answered(tiny_dataset))
    (workspace.layout.run_files / f"{kept.key}.run").unlink()
    with pytest.raises(WorkspaceError, match="Old search cannot be read"):
        file_system(workspace, tiny_dataset, kept)


def test_a_title_is_a_title_and_never_a_path(workspace, project, tiny_dataset):
    kept = add(workspace, project, tiny_dataset, answered(tiny_dataset), title="../../etc/passwd")
    assert [p.name for p in workspace.layout.run_files.iterdir()] == [f"{kept.key}.run"]
