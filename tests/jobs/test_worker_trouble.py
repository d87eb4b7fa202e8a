"""What a worker meets on a bad day: deleted folders, a full disk, requests at the wrong moment."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import JobError, Stopped, TuningError
from core.jobs import folder as folders
from core.jobs.folder import (
    DISCARD,
    KEEP,
    PAUSE,
    SUBMISSION_VARIABLE,
    RunFolder,
    append_event,
    create_run,
    read_events,
)
from core.jobs.launch import close, follow, launch, request_stop
from core.jobs.state import CANCELLED, FAILED, FINISHED, INTERRUPTED, PAUSED
from core.jobs.worker import is_disk_full, work
from core.messages import Message

ROOT = Path(__file__).resolve().parents[2]
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    made = create_run(tmp_path / "ws" / "runs" / "run-1", {"kind": "do", "config": {}})
    append_event(made, "launched")
    return made


def learn(folder: RunFolder) -> None:
    """Leave behind what a tuning step leaves behind when it is stopped."""
    for place in (folder.checkpoints, folder.model):
        place.mkdir()
        (place / "weights").write_text("1")


@pytest.mark.parametrize("which", ["run", "workspace"])
@pytest.mark.parametrize("notices", ["progress", "metric", "should_stop", "result"])
def test_deleted_folder_ends_the_worker_and_is_not_made_again(folder, which, notices, caplog):
    """Half a folder, made anew by a worker's last write, would be a run that nobody can read."""
    gone = folder.root if which == "run" else folder.root.parents[1]

    def step(folder, request, report):
        shutil.rmtree(gone)
        if notices == "progress":
            report.progress(0.5, Message("half"))
        elif notices == "metric":
            report.metric({"loss": 1.0})
        elif notices == "should_stop":
            report.should_stop()
        return {"done": True}

    assert work(folder, {"do": step}) == 4
    assert not gone.exists()
    assert "was deleted" in caplog.text


def test_step_that_stumbles_over_the_deleted_folder_is_not_called_failed(folder, caplog):
    def step(folder, request, report):
        shutil.rmtree(folder.root)
        raise TuningError("The state cannot be saved.")

    assert work(folder, {"do": step}) == 4
    assert not folder.root.exists()


def test_worker_on_a_folder_that_is_not_there_makes_none(tmp_path):
    assert work(RunFolder(tmp_path / "runs" / "typo"), {}) == 4
    assert not (tmp_path / "runs").exists()


class FullDisk:
    """Lets writes of events or files fail as a full disk does, until room is given back."""

    def __init__(self, patch: pytest.MonkeyPatch, folder: RunFolder) -> None:
        self.folder, self.on = folder, False
        self.write, self.save = os.write, folders.write_json
        patch.setattr(folders.os, "write", self._write)
        patch.setattr(folders, "write_json", self._save)

    def _full(self) -> bool:
        return self.on and self.folder.reserve.exists()

    def _write(self, handle: int, content: bytes) -> int:
        return self.write(handle, content[:20] if self._full() else content)

    def _save(self, path, document):
        if self._full():
            raise FULL
        self.save(path, document)


@pytest.fixture
def disk(monkeypatch, folder) -> FullDisk:
    return FullDisk(monkeypatch, folder)


def test_full_disk_costs_progress_lines_but_not_the_job(folder, disk):
    def step(folder, request, report):
        disk.on = True
        report.progress(0.5, Message("half"))
        report.metric({"step": 1, "loss": 0.5})
        report.warning(Message("careful"))
        disk.on = False
        report.metric({"step": 2, "loss": 0.4})
        return {"done": True}

    assert work(folder, {"do": step}) == 0
    seen = follow(folder)
    assert seen.state == FINISHED
    assert [values["step"] for values in seen.metrics] == [2]  # after the torn lines


def test_result_is_written_into_the_room_kept_for_it(folder, disk):
    """Hours of learning must not be lost for want of a few kilobytes at the end."""

    def step(folder, request, report):
        disk.on = True
        return {"done": True}

    assert work(folder, {"do": step}) == 0
    assert follow(folder).state == FINISHED
    assert folder.read_result() == {"done": True}


@pytest.mark.parametrize("plain", [True, False])
def test_full_disk_in_the_step_is_told_although_nothing_can_be_written(folder, disk, plain):
    def step(folder, request, report):
        disk.on = True
        if plain:
            raise FULL
        raise RuntimeError("I/O error: No space left on device (os error 28)")  # safetensors' words

    assert work(folder, {"do": step}) == 1
    seen = follow(folder)
    assert seen.state == FAILED
    assert "The disk is full" in str(seen.error)


def test_disk_so_full_that_not_even_the_reserve_fits_fails_at_once(folder, monkeypatch):
    def no_room(_: RunFolder) -> None:
        raise FULL

    monkeypatch.setattr(RunFolder, "reserve_room", no_room)
    assert work(folder, {"do": lambda *_: {"done": True}}) == 1
    assert "The disk is full" in str(follow(folder).error)


def test_full_disk_is_recognised_behind_other_errors():
    try:
        try:
            raise FULL
        except OSError as cause:
            raise TuningError("cannot be saved") from cause
    except TuningError as error:
        assert is_disk_full(error)
    assert is_disk_full(OSError(errno.EDQUOT, "quota"))
    assert not is_disk_full(OSError(errno.EACCES, "denied"))


def test_launch_on_a_full_disk_leaves_no_half_folder(tmp_path, monkeypatch):
    def full(*_):
        raise FULL

    monkeypatch.setattr(folders, "write_json", full)
    with pytest.raises(JobError, match="No space left"):
        launch(tmp_path / "run", {"kind": "do"})
    assert list(tmp_path.iterdir()) == []


def test_event_that_cannot_be_written_at_launch_is_told(tmp_path, monkeypatch):
    def full(*_):
        raise FULL

    monkeypatch.setattr(folders.os, "write", full)
    with pytest.raises(JobError, match="No space left"):
        launch(tmp_path / "run", {"kind": "do"})


@pytest.mark.parametrize(
    ("requests", "state", "kept"),
    [
        ([KEEP], CANCELLED, True),
        ([PAUSE], PAUSED, True),
        ([DISCARD], CANCELLED, False),
        ([PAUSE, KEEP], CANCELLED, True),
        ([PAUSE, DISCARD], CANCELLED, False),
        ([DISCARD, KEEP], CANCELLED, False),
    ],
)
@pytest.mark.parametrize("raises", [True, False])
def test_stop_requests_of_a_running_job(folder, requests, state, kept, raises):
    def step(folder, request, report):
        learn(folder)
        for how in requests:
            request_stop(folder, how)
        assert report.should_stop()
        if raises:
            raise Stopped
        return {"cancelled": True}

    assert work(folder, {"do": step}) == 2
    seen = follow(folder)
    assert (seen.state, seen.discarded) == (state, not kept)
    assert folder.checkpoints.exists() == folder.model.exists() == kept
    assert folder.result.exists() == (kept and not raises)
    assert not folder.reserve.exists()


def test_discard_counts_even_if_the_step_was_done_first(folder):
    def step(folder, request, report):
        learn(folder)
        request_stop(folder, DISCARD)
        return {"cancelled": False}

    assert work(folder, {"do": step}) == 2
    assert follow(folder).state == CANCELLED
    assert not folder.model.exists() and not folder.result.exists()


def test_job_that_was_done_before_it_could_pause_is_done(folder):
    def step(folder, request, report):
        request_stop(folder, PAUSE)
        return {"cancelled": False}

    assert work(folder, {"do": step}) == 0
    assert follow(folder).state == FINISHED


def test_discarded_run_begins_anew(folder):
    def stopped(folder, request, report):
        learn(folder)
        request_stop(folder, DISCARD)
        raise Stopped

    work(folder, {"do": stopped})
    folder.clear_stop_requests()
    append_event(folder, "launched")
    assert not follow(folder).discarded
    assert work(folder, {"do": lambda *_: {"done": True}}) == 0
    assert follow(folder).state == FINISHED


@pytest.mark.parametrize("keep", [True, False])
def test_interrupted_run_is_closed_by_the_page(folder, keep):
    append_event(folder, "started")
    learn(folder)
    assert follow(folder).state == INTERRUPTED
    close(folder, keep=keep)
    assert follow(folder).state == CANCELLED
    assert folder.checkpoints.exists() == keep
    with pytest.raises(JobError, match="nothing to discard"):
        close(folder, keep=False)


def test_closing_leaves_a_finished_or_living_run_alone(folder):
    from filelock import FileLock

    append_event(folder, "paused")
    learn(folder)
    with FileLock(folder.lock), pytest.raises(JobError, match="just resumed"):
        close(folder, keep=False)
    append_event(folder, "finished")
    with pytest.raises(JobError, match="nothing to discard"):
        close(folder, keep=False)
    assert folder.model.exists()


def test_story_is_kept_when_the_rest_is_discarded(folder):
    append_event(folder, "started")
    folder.log.write_text("log")
    learn(folder)
    folder.request_stop(PAUSE)
    folder.discard()
    assert {path.name for path in folder.root.iterdir()} == {
        *("request.json", "events.jsonl", "worker.log")
    }
    assert len(read_events(folder)) == 2


def test_worker_that_waits_has_not_imported_torch():
    """Ten waiting runs would hold several gigabytes for nothing."""
    code = (
        "import sys; from core.journey import steps, jobs; jobs.slots_for('auto');"
        "jobs.need_of({'kind': jobs.TUNE});"
        "print([m for m in ('torch', 'transformers', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("submission", "story", "works"),
    [
        ("run-1", [{"submission": "run-1"}], True),
        ("run-1", [{"submission": "run-1"}, {"submission": "run-1-2"}], False),  # resumed since
        ("run-1-2", [{"submission": "run-1"}, {"submission": "run-1-2"}], True),
        ("run-1", [{"submission": "run-1"}, {}], False),  # resumed on another machine
        ("run-1", [{"submission": "run-1"}, "cancelled"], False),
        ("improve-7", [{}], True),  # a part of another job, done by the worker of that
        ("", [{}], True),
    ],
)
def test_a_worker_of_a_cluster_whose_turn_comes_too_late_does_nothing(
    tmp_path, monkeypatch, submission, story, works
):
    folder = create_run(tmp_path / "run-1", {"kind": "do"})
    for one in story:
        told = one if isinstance(one, dict) else {}
        append_event(folder, "launched" if one is told else one, **told)
    before = folder.events.read_bytes()
    monkeypatch.setenv(SUBMISSION_VARIABLE, submission)
    assert work(folder, {"do": lambda *_: {"done": 1}}) == 0
    assert folder.result.exists() == works
    assert works or folder.events.read_bytes() == before
