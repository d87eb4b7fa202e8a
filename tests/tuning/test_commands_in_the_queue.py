"""Runs from a terminal take their turn beside those of the app, and say for whom they wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from core.__main__ import main
from core.errors import JobError, TuningError
from core.jobs.folder import append_event, create_run, read_events
from core.jobs.queue import Queue
from core.journey import headless, jobs, race_command, tune_command
from core.journey.jobs import TUNE, need_of, queue_of
from core.journey.terminal_turn import own_turn
from core.tuning.config import TuningConfig
from core.tuning.presets import to_document
from core.workspace.workspace import Workspace

REQUEST = {"kind": TUNE, "config": {"tuning": {"device": "cpu", "base_model": "small"}}}


@pytest.fixture
def workspace(tmp_path, monkeypatch) -> Workspace:
    monkeypatch.setenv("WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return Workspace.open()


@pytest.fixture
def settings(tmp_path, tiny_static) -> Path:
    path = tmp_path / "settings.json"
    path.write_bytes(to_document(TuningConfig(base_model=f"local:{tiny_static}", device="cpu")))
    return path


@pytest.fixture
def busy(workspace, monkeypatch) -> Iterator[ExitStack]:
    """A run of the app that computes; it ends when somebody has waited for it once."""
    made = workspace.create_project("Shop", "ann")
    request = REQUEST | {"project_id": made.id}
    folder = create_run(workspace.run_folder("tune-of-the-app"), request)
    need, line = need_of(request), Queue(workspace.layout.queue, workspace.layout.runs)
    with ExitStack() as computing:
        computing.enter_context(FileLock(folder.lock))
        told = {"should_stop": lambda: False, "waiting": pytest.fail}
        computing.enter_context(line.turn(folder, "2026-01-01T00:00:00+00:00", need, **told))
        settings = Queue.turn.__wrapped__.__kwdefaults__
        monkeypatch.setitem(settings, "sleep", lambda _: computing.close())
        yield computing


def test_a_command_waits_for_the_app_and_says_so(workspace, busy, tmp_path, capsys):
    """Two at once on one processor take twice as long each, and nobody knows why."""
    folder = create_run(tmp_path / "out" / "tune-of-the-terminal", REQUEST)
    with own_turn(workspace, folder, "cpu"):
        told = capsys.readouterr().err
        (here,) = queue_of(workspace)
        assert (here.job.id, here.place, here.elsewhere) == ("tune-of-the-terminal", 0, True)
        assert jobs.next_place(workspace, "cpu") == 1  # the app waits for it, too
        second = own_turn(workspace, folder, "cpu")
        with pytest.raises(JobError, match="Another process works in the folder"), second:
            pytest.fail("two at once")
    assert told == (
        "Waiting for the device. Before this run: tune-of-the-app (project Shop, computes)\n"
    )
    assert queue_of(workspace) == () and jobs.next_place(workspace, "cpu") == 0
    assert [event["event"] for event in read_events(folder)] == ["waiting", "started"]


def test_a_command_that_was_killed_blocks_nobody(workspace, tmp_path):
    folder = create_run(tmp_path / "out" / "tune-killed", REQUEST)
    with own_turn(workspace, folder, "cpu"):
        ticket = (workspace.layout.queue / "tune-killed.json").read_bytes()
    (workspace.layout.queue / "tune-killed.json").write_bytes(ticket)  # its lock is not held
    assert queue_of(workspace) == () and jobs.next_place(workspace, "cpu") == 0


class EnoughError(Exception):
    """Ends a command where the test has seen what it wanted."""


def test_the_whole_journey_holds_the_device_while_it_tunes(
    workspace, faq, settings, monkeypatch, capsys
):
    seen = []

    def look(*_told, **_more):
        seen.extend(queue_of(workspace))
        raise EnoughError

    monkeypatch.setattr(headless, "run_tuning", look)
    with pytest.raises(EnoughError):
        main(["run", str(faq), "--config", str(settings), "--experts", "bm25"])
    (one,) = seen
    assert one.elsewhere and one.place == 0 and one.job.state == "running"
    assert queue_of(workspace) == ()
    assert "Waiting" not in capsys.readouterr().err


def test_tune_says_for_whom_it_waits(workspace, busy, faq, settings, monkeypatch, capsys):
    def look(*_told, **_more):
        raise TuningError("Seen enough.")

    monkeypatch.setattr(tune_command, "tune_step", look)
    assert main(["tune", str(faq), "--config", str(settings), "--experts", "bm25"]) == 1
    told = capsys.readouterr().err
    assert "Before this run: tune-of-the-app (project Shop, computes)" in told


def test_race_says_for_whom_it_waits(workspace, busy, monkeypatch, capsys):
    """Its worker waits in the background; the terminal would stay silent for hours."""
    folder = create_run(workspace.run_folder("race-1"), {"kind": "race", "config": {}})
    append_event(folder, "launched")
    with FileLock(folder.lock):
        append_event(folder, "waiting")
        clock = SimpleNamespace(sleep=lambda _: append_event(folder, "cancelled"))
        monkeypatch.setattr(race_command, "time", clock)
        monkeypatch.setattr(race_command, "read_race", lambda *_: None)
        monkeypatch.setattr(race_command, "race_request", lambda _: None)
        monkeypatch.setattr(race_command, "table", lambda _: "")
        assert race_command._follow(workspace, "race-1", "cpu") == 1
    assert "Before this run: tune-of-the-app (project Shop, computes)" in capsys.readouterr().err
