"""Runs from a terminal take their turn beside those of the app, and say for whom they wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from core.cli import commands
from core.cli.options import main
from core.errors import TuningError
from core.jobs.folder import RunFolder, append_event, create_run, read_events
from core.jobs.queue import Queue
from core.journey import jobs, tune as tuning
from core.journey.jobs import TUNE, QueuedJob, need_of, queue_of
from core.tuning.presets import to_document
from core.types.tuning_config import TuningConfig

REQUEST = {"kind": TUNE, "config": {"tuning": {"device": "cpu", "base_model": "small"}}}


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


@pytest.fixture
def looked(workspace, monkeypatch) -> list[QueuedJob]:
    """The queue as it is while a command tunes; the run fails as soon as it has been seen."""
    seen: list[QueuedJob] = []

    def look(*_told):
        seen.extend(queue_of(workspace))
        assert jobs.next_place(workspace, "cpu") == 1  # the app waits for it, too
        raise TuningError("Seen enough.")

    monkeypatch.setattr(tuning, "tune_step", look)
    return seen


@pytest.mark.parametrize("verb", ["run", "tune"])
def test_a_command_waits_for_the_app_and_says_so(
    verb, workspace, busy, looked, faq, settings, capsys
):
    """Two at once on one processor take twice as long each, and nobody knows why."""
    assert main([verb, str(faq), "--config", str(settings), "--experts", "bm25"]) == 1
    lines = capsys.readouterr().err.splitlines()
    waiting = "Waiting for the device. Before this run: tune-of-the-app (project Shop, computes)"
    assert waiting in lines and lines[-1] == "Seen enough."
    (here,) = looked
    assert (here.project, here.place, here.job.state) == ("faq", 0, "running")
    folder = RunFolder(workspace.run_folder(here.job.id))
    told = [event["event"] for event in read_events(folder)]
    assert told == ["launched", "awake", "waiting", "started", "failed"]
    assert queue_of(workspace) == () and jobs.next_place(workspace, "cpu") == 0


def test_nobody_is_told_to_wait_for_a_free_device(workspace, looked, faq, settings, capsys):
    assert main(["run", str(faq), "--config", str(settings), "--experts", "bm25"]) == 1
    assert len(looked) == 1 and "Waiting" not in capsys.readouterr().err


def test_race_says_for_whom_it_waits(workspace, busy, monkeypatch, capsys):
    """Its worker waits in the background; the terminal would stay silent for hours."""
    folder = create_run(workspace.run_folder("race-1"), {"kind": "race", "config": {}})
    append_event(folder, "launched")
    with FileLock(folder.lock):
        append_event(folder, "waiting")
        clock = SimpleNamespace(sleep=lambda _: append_event(folder, "cancelled"))
        monkeypatch.setattr(commands, "time", clock)
        assert commands._follow(workspace, "race-1") == 1
    assert "Before this run: tune-of-the-app (project Shop, computes)" in capsys.readouterr().err
