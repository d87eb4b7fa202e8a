"""A workspace in one file and back, on every database; what was damaged is never restored."""

from __future__ import annotations

import dataclasses
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from core.__main__ import main
from core.errors import WorkspaceError
from core.types import LabelRecipe, Override
from core.workspace.backup import back_up, restore
from core.workspace.modelstore import ModelStore
from core.workspace.records import Records, now
from core.workspace.vectors import VectorCache
from core.workspace.workspace import Layout, Workspace


def workspace_at(root: Path, url: str) -> Workspace:
    layout = Layout(root).create()
    return Workspace(layout, Records(url), VectorCache(layout.vectors), ModelStore(layout.models))


@pytest.fixture
def full(tmp_path, records_url, tiny_dataset):
    workspace = workspace_at(tmp_path / "full", records_url)
    project = workspace.create_project("Pilot <b>", "ann")
    workspace.save_dataset(tiny_dataset, {"rows": 1})
    workspace.records.use_dataset(project.id, tiny_dataset.id, "ann")
    workspace.records.save_recipe(project.id, "Mine", LabelRecipe(("a", "b")), "ann")
    word = Override("q", "日本語", 0.5, "ann", "why", now())
    workspace.records.add_override(project.id, word)
    project.state.score_files = ("file:one",)
    run = workspace.layout.runs / "tune-1"
    run.mkdir()
    (run / "result.json").write_text("{}")
    (run / "run.lock").write_text("")
    (workspace.layout.vectors / "big.bin").write_bytes(b"x" * 1000)
    yield workspace
    workspace.records.close()


def files_of(workspace: Workspace) -> dict[str, bytes]:
    root = workspace.layout.root
    return {
        str(path.relative_to(root)): path.read_bytes()
        for folder in ("datasets", "runs")
        for path in (root / folder).rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def test_everything_comes_back_on_another_database(full, tmp_path, tiny_dataset):
    made = back_up(full, tmp_path / "b.zip")
    assert made.tables["projects"] == 1 and made.size > 0
    other = workspace_at(tmp_path / "other", f"sqlite:///{tmp_path / 'other.db'}")
    assert restore(tmp_path / "b.zip", other) == made
    assert dict(other.records.dump()) == dict(full.records.dump())
    assert files_of(other) == files_of(full)
    (project,) = other.projects()
    assert project.load_dataset().id == tiny_dataset.id
    assert project.state.score_files == ("file:one",)
    assert not (other.layout.vectors / "big.bin").exists()
    # what is written afterwards goes on after what was there
    other.records.note(project.id, "restored", "ben", {})
    assert other.records.audit_trail(project.id)[-1]["what"] == "restored"
    other.records.close()


def test_numbers_go_on_on_the_same_kind_of_database(full, tmp_path, records_url):
    back_up(full, tmp_path / "b.zip")
    tables = dict(full.records.dump())
    with full.records._write() as connection:
        for table in full.records._tables.metadata.sorted_tables:
            connection.execute(table.delete())
    restore(tmp_path / "b.zip", full)
    assert dict(full.records.dump()) == tables
    (project,) = full.projects()
    full.records.note(project.id, "restored", "ben", {})
    assert full.records.audit_trail(project.id)[-1]["what"] == "restored"


def test_caches_are_in_it_where_asked(full, tmp_path):
    assert "files/vectors/big.bin" not in back_up(full, tmp_path / "a.zip").files
    assert "files/vectors/big.bin" in back_up(full, tmp_path / "b.zip", caches=True).files


def test_a_full_workspace_is_not_written_over(full, tmp_path):
    back_up(full, tmp_path / "b.zip")
    with pytest.raises(WorkspaceError, match="holds projects already"):
        restore(tmp_path / "b.zip", full)
    with pytest.raises(WorkspaceError, match="inside the workspace"):
        back_up(full, full.layout.root / "b.zip")


def changed(archive: Path, target: Path, change) -> Path:
    """Copy an archive, each member through ``change(name, content) -> (name, content)``."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            found = change(name, old.read(name))
            if found is not None:
                new.writestr(*found)
    return target


def renamed_in_manifest(old: str, new: str):
    def change(name, content):
        if name == "manifest.json":
            return name, content.replace(json.dumps(old).encode(), json.dumps(new).encode())
        return (new if name == old else name), content

    return change


def as_other_format(name, content):
    if name != "manifest.json":
        return name, content
    return name, json.dumps(json.loads(content) | {"format": 99})


RESULT = "files/runs/tune-1/result.json"
DAMAGE = {
    "a changed file": (
        lambda n, c: (n, c.replace(b"{}", b"[]") if n.endswith("result.json") else c),
        "damaged or changed",
    ),
    "a missing file": (lambda n, c: None if n == RESULT else (n, c), "cannot be read"),
    "a changed table": (
        lambda n, c: (n, c.replace(b"ann", b"eve") if n.endswith("recipes.jsonl") else c),
        "damaged or changed",
    ),
    "no manifest": (lambda n, c: None if n == "manifest.json" else (n, c), "is no backup"),
    "another format": (as_other_format, "another version"),
    "a path outside": (renamed_in_manifest(RESULT, "files/../../evil"), "leads outside"),
    "the database itself": (renamed_in_manifest(RESULT, "files/records.db"), "leads outside"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_was_damaged_is_not_restored(full, tmp_path, name):
    change, said = DAMAGE[name]
    back_up(full, tmp_path / "b.zip")
    bad = changed(tmp_path / "b.zip", tmp_path / "bad.zip", change)
    other = workspace_at(tmp_path / "other", f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(WorkspaceError, match=said):
        restore(bad, other)
    assert other.projects() == []
    assert not (tmp_path / "evil").exists()
    other.records.close()


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_archive_is_told(full, tmp_path, content):
    (tmp_path / "b.zip").write_bytes(content)
    other = workspace_at(tmp_path / "other", f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(WorkspaceError, match="backup"):
        restore(tmp_path / "b.zip", other)
    other.records.close()


def test_rows_of_a_newer_version_are_refused_whole(full, tmp_path):
    tables = dict(full.records.dump())
    strange = {"projects": tables["projects"], "settings": [{"number": 1, "shoe size": 43}]}
    other = workspace_at(tmp_path / "other", f"sqlite:///{tmp_path / 'other.db'}")
    with pytest.raises(WorkspaceError, match="shoe size"):
        other.records.load(strange)
    assert other.projects() == []
    other.records.close()


def test_nothing_is_left_of_a_backup_that_cannot_be_written(full, tmp_path, monkeypatch):
    place = tmp_path / "no" / "folder"
    (tmp_path / "no").write_text("a file where a folder is needed")
    with pytest.raises(WorkspaceError, match="cannot be written"):
        back_up(full, place / "b.zip")


def test_on_the_command_line(old_workspace, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("WORKSPACE", str(old_workspace))
    assert main(["backup", str(tmp_path / "b.zip"), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    target = tmp_path / "new"
    assert main(["restore", str(tmp_path / "b.zip"), "--workspace", str(target), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {**found, "place": ""} == {**made, "place": ""} and found["projects"] >= 1
    with Workspace.open(target).records.alone():
        pass
    assert main(["restore", str(tmp_path / "b.zip"), "--workspace", str(target)]) == 1
    assert "holds projects already" in capsys.readouterr().err
    shutil.rmtree(target)
    assert dataclasses.is_dataclass(back_up(Workspace.open(old_workspace), tmp_path / "c.zip"))
