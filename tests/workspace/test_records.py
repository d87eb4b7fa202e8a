"""Records: nothing that people write is lost, and what is saved never changes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from core.errors import WorkspaceError
from core.types import Calibration, LabelRecipe, Override
from core.workspace.records import Records, now, sqlite_url


@pytest.fixture
def records(records_url) -> Iterator[Records]:
    opened = Records(records_url)
    yield opened
    opened.close()


def test_project_life(records):
    made = records.create_project("  Spring   pilot ", "ann")
    assert made.name == "Spring pilot"
    with pytest.raises(WorkspaceError, match="already a project named"):
        records.create_project("spring PILOT", "ben")
    records.rename_project(made.id, "Spring Pilot", "ben")  # another case of its own name is fine
    records.delete_project(made.id, "ann")
    assert records.projects() == []
    with pytest.raises(WorkspaceError, match="no project"):
        records.project(made.id)
    assert [line["what"] for line in records.audit_trail(made.id)] == [
        "project created",
        "project renamed",
        "project deleted",
    ]


@pytest.mark.parametrize("name", ["", "   ", "\n"])
def test_project_needs_a_name(records, name):
    with pytest.raises(WorkspaceError, match="needs a name"):
        records.create_project(name, "ann")


def test_settings_keep_the_newest_value_per_project(records):
    for value in ([1], {"a": "ü"}, None):
        records.set("p", "key", value)
    records.set("other", "key", 1)
    assert records.get("p", "key", "default") is None
    assert records.get("p", "unknown", "default") == "default"


def test_recipes_come_back_as_saved_and_names_are_taken_for_good(records):
    recipe = LabelRecipe(
        experts=("a", "b"), calibrations={"a": Calibration(gamma=2.0)}, weights={"b": 0.5}
    )
    saved = records.save_recipe("p", "Balanced", recipe, "ann")
    assert records.recipes("p") == [saved]
    with pytest.raises(WorkspaceError, match="never changed"):
        records.save_recipe("p", "balanced", recipe, "ben")


def test_undone_override_stays_on_record(records):
    first = Override("q", "a", 0.2, "ann", "wrong answer", now())
    undone = Override("q", "a", None, "ben", "it was right", now())
    records.add_override("p", first)
    records.add_override("p", undone)
    assert records.overrides("p") == (first, undone)


def test_many_processes_writing_at_once_lose_nothing(records, records_url):
    """A workshop: everyone changes labels at the same moment in one database."""
    code = textwrap.dedent(
        f"""
        import sys
        from core.types import Override
        from core.workspace.records import Records, now
        records = Records({records_url!r})
        for i in range(25):
            records.add_override("p", Override("q", f"a{{i}}", i / 25, sys.argv[1], "", now()))
        """
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, f"user{i}"]) for i in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    kept = records.overrides("p")
    assert len(kept) == 100
    assert {o.who for o in kept} == {"user0", "user1", "user2", "user3"}


def test_damaged_database_is_a_readable_error(tmp_path):
    path = tmp_path / "records.db"
    path.write_bytes(b"this is not a database, not even nearly" * 100)
    with pytest.raises(WorkspaceError, match="cannot be used: file is not a database"):
        Records(sqlite_url(path))
