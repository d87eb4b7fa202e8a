"""Many people write at once: nothing is lost, no name is given twice; on every database."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import WorkspaceError
from core.types import LabelRecipe, Override
from core.types.project import GeneralitySet, RunFile
from core.types.scoring import ApiConnections
from core.workspace.database import sqlite_url
from core.workspace.feedback import Rating
from core.workspace.project_state import ProjectState
from core.workspace.records import Records, RunRecord, now

WRITERS = 25


def at_once(url: str, write: Callable[[Records, int], object]) -> list[object]:
    """Let 25 writers, each with its own connection, begin at the same moment; what each got."""
    ready = threading.Barrier(WRITERS)

    def one(number: int) -> object:
        records = Records(url)
        ready.wait()
        try:
            return write(records, number)
        except WorkspaceError as error:
            return error
        finally:
            records.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(one, range(WRITERS)))


def test_a_new_database_may_be_opened_while_another_process_makes_it(tmp_path):
    """SQLite does not wait when a file is switched to WAL: it says "locked" at once."""
    path = tmp_path / "records.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE early (number INTEGER)")
    other.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.3, other.execute, ("COMMIT",))
    done.start()
    records = Records(sqlite_url(path))
    assert not done.is_alive(), "it was held while this one opened it"
    records.create_project("p", "ann")
    records.close()
    other.close()


@pytest.fixture
def records(records_url):
    opened = Records(records_url)
    yield opened
    opened.close()


def test_one_name_is_given_once(records_url, records):
    got = at_once(records_url, lambda r, _: r.create_project("Same name", "ann"))
    refused = [found for found in got if isinstance(found, WorkspaceError)]
    assert len(refused) == WRITERS - 1
    assert all("already a project named" in str(error) for error in refused)
    assert len(records.projects()) == 1
    got = at_once(records_url, lambda r, _: r.save_recipe("p", "Same", LabelRecipe(("a",)), "ann"))
    assert sum(isinstance(found, WorkspaceError) for found in got) == WRITERS - 1
    assert len(records.recipes("p")) == 1


def test_renaming_to_one_name_succeeds_once(records_url, records):
    made = [records.create_project(f"p{number}", "ann") for number in range(WRITERS)]
    got = at_once(records_url, lambda r, n: r.rename_project(made[n].id, "Wanted", "ann"))
    assert sum(found is None for found in got) == 1
    assert sorted(p.name for p in records.projects()).count("Wanted") == 1


LISTS = {
    "run_files": (
        ProjectState.run_files,
        lambda n: RunFile(f"key{n}", f"run {n}", "f.run", True, now(), "ann"),
    ),
    "generality_sets": (ProjectState.generality_sets, lambda n: GeneralitySet("beir", f"set {n}")),
    "model_folders": (ProjectState.model_folders, lambda n: f"/models/{n}"),
    "score_files": (ProjectState.score_files, lambda n: f"file:{n}"),
}


@pytest.mark.parametrize("name", LISTS)
def test_what_is_added_to_a_list_at_once_is_all_there(records_url, records, name):
    kept, make = LISTS[name]
    got = at_once(
        records_url,
        lambda r, n: ProjectState(r, "p").change(kept, lambda present: (*present, make(n))),
    )
    assert not any(isinstance(found, WorkspaceError) for found in got), got
    assert len(set(getattr(ProjectState(records, "p"), name))) == WRITERS


def test_a_change_that_is_refused_leaves_everything_as_it_was(records):
    state = ProjectState(records, "p")
    state.score_files = ("file:a",)

    def refuse(_: object) -> tuple[str, ...]:
        records.note("p", "half done", "ann", {})
        raise WorkspaceError("No.")

    with pytest.raises(WorkspaceError, match=r"No\."):
        state.change(ProjectState.score_files, refuse)
    assert state.score_files == ("file:a",)
    assert records.audit_trail("p") == [], "what was written before the refusal is undone"
    state.change(ProjectState.api_connections, lambda own: ApiConnections(own.used, own.removed))


def test_every_other_kind_of_record_keeps_all_rows(records_url, records):
    at_once(records_url, lambda r, n: r.note("p", "event", f"w{n}", {"n": n}))
    assert sorted(line["detail"]["n"] for line in records.audit_trail("p")) == list(range(WRITERS))
    at_once(
        records_url, lambda r, n: r.add_override("p", Override(f"q{n}", "a", 0.5, "ann", "", now()))
    )
    assert len(records.overrides("p")) == WRITERS
    at_once(records_url, lambda r, n: r.add_run(RunRecord(f"tune-{n}", "p", "tune", now())))
    assert len(records.runs("p")) == WRITERS
    at_once(
        records_url,
        lambda r, n: r.add_ratings("p", [Rating(f"q{n}", "a", f"w{n}", 1.0, "points", now())]),
    )
    assert len(records.ratings("p")) == WRITERS
