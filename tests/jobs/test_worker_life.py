"""Workers as processes: killed, cancelled, crashed, torn logs. Nothing may be lost or misread."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from core.errors import DataError, JobError, Stopped
from core.jobs.folder import RunFolder, append_event, create_run, read_events
from core.jobs.launch import follow, is_locked, request_stop, resume
from core.jobs.state import CANCELLED, FAILED, FINISHED, INTERRUPTED, RUNNING
from core.jobs.worker import work
from core.messages import Message


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    made = create_run(tmp_path / "run-1", {"kind": "count", "project_id": "p", "config": {"n": 3}})
    append_event(made, "launched")
    return made


def count(folder, request, report):
    for i in range(request["config"]["n"]):
        if report.should_stop():
            raise Stopped
        report.progress((i + 1) / request["config"]["n"], Message("counting {i}", {"i": i}))
    return {"total": request["config"]["n"]}


def test_finished_job_leaves_its_result(folder):
    assert work(folder, {"count": count}) == 0
    seen = follow(folder)
    assert (seen.state, seen.fraction) == (FINISHED, 1.0)
    assert folder.read_result() == {"total": 3}


def test_failure_is_readable_and_the_log_is_not_the_message(folder):
    def fail(folder, request, report):
        raise DataError("Row {row}: the answer is empty.", row=7)

    assert work(folder, {"count": fail}) == 1
    seen = follow(folder)
    assert seen.state == FAILED
    assert str(seen.error) == "Row 7: the answer is empty."
    assert not folder.result.exists()


def test_unforeseen_failure_names_its_kind_and_points_to_the_log(folder):
    assert work(folder, {"count": lambda *_: {"x": 1 / 0}}) == 1
    assert "ZeroDivisionError" in str(follow(folder).error)


def test_unknown_kind_lists_the_known_ones(folder):
    assert work(folder, {"other": count}) == 1
    assert "Known kinds: other" in str(follow(folder).error)


def test_cancel_file_stops_the_step(folder):
    request_stop(folder)
    assert work(folder, {"count": count}) == 2
    assert follow(folder).state == CANCELLED


def test_torn_last_line_does_not_swallow_the_next_event(folder):
    """A worker killed in the middle of a line must not make the resumed one's first line vanish."""
    with folder.events.open("ab") as file:
        file.write(b'{"at": "2026-01-01T00:00:00+00:00", "event": "prog')
    append_event(folder, "started")
    assert [e["event"] for e in read_events(folder)] == ["launched", "started"]


def test_run_folder_is_never_reused(tmp_path):
    create_run(tmp_path / "r", {})
    with pytest.raises(JobError, match="cannot be made"):
        create_run(tmp_path / "r", {})


WORKER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from core.jobs.folder import RunFolder
    from core.jobs.worker import work
    from core.messages import Message

    def step(folder, request, report):
        report.progress(0.5, Message("half way"))
        while not (folder.root / "go").exists():
            time.sleep(0.02)
        return {"done": True}

    sys.exit(work(RunFolder(Path(sys.argv[1])), {"count": step}))
    """
)


def wait_for(condition, seconds=120.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("waited in vain")


def test_sigkill_is_seen_as_interrupted_although_the_zombie_has_a_pid(folder):
    """A PID check takes an unreaped killed worker for alive; the lock does not."""
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(folder.root)])
    try:
        wait_for(lambda: follow(folder).state == RUNNING)
        wait_for(lambda: follow(folder).fraction == 0.5)
        os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: not is_locked(folder))
        os.kill(process.pid, 0)  # still there as a zombie: not reaped on purpose
        assert follow(folder).state == INTERRUPTED
    finally:
        process.wait()
    (folder.root / "go").touch()
    assert subprocess.run([sys.executable, "-c", WORKER, str(folder.root)]).returncode == 0
    assert follow(folder).state == FINISHED


def test_second_worker_leaves_the_folder_alone(folder):
    """Two clicks on Resume must not train twice in one folder."""
    first = subprocess.Popen([sys.executable, "-c", WORKER, str(folder.root)])
    try:
        wait_for(lambda: follow(folder).state == RUNNING)
        second = subprocess.run([sys.executable, "-c", WORKER, str(folder.root)])
        assert second.returncode == 3
        with pytest.raises(JobError, match="still running"):
            resume(folder)
    finally:
        (folder.root / "go").touch()
        assert first.wait(120) == 0
