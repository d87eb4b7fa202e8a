"""The queue for a device: one at a time, in order, whatever is killed, deleted or damaged."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from core.errors import FolderGone, JobError, Stopped
from core.jobs.folder import DISCARD, PAUSE, RunFolder, append_event, create_run, read_events
from core.jobs.launch import follow, request_stop, resume
from core.jobs.queue import DOWN, FIRST, UP, Need, Queue
from core.jobs.state import CANCELLED, INTERRUPTED, PAUSED, RUNNING, STARTING, WAITING

ROOT = Path(__file__).resolve().parents[2]
# Does nothing but hold its device until a file "go" appears; says at its end what it had imported.
WORKER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from core.errors import Stopped
    from core.jobs.folder import RunFolder
    from core.jobs.queue import Need
    from core.jobs.worker import work

    def step(folder, request, report):
        while not (folder.root / "go").exists():
            if report.should_stop():
                raise Stopped
            time.sleep(0.02)
        return {"done": True}

    def need(request):
        return Need(tuple(request["config"]["slots"]), request["config"]["count"])

    sys.exit(work(RunFolder(Path(sys.argv[1])), {"hold": step}, need))
    """
)


def wait_for(condition: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("waited in vain")


class Workers:
    """Workers as processes, with their run folders in one workspace."""

    def __init__(self, workspace: Path) -> None:
        self.runs = workspace / "runs"
        self.runs.mkdir()
        self.queue = Queue(workspace / "queue", self.runs)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *slots: str, count: int = 1) -> RunFolder:
        config = {"slots": slots or ("cpu",), "count": count}
        folder = create_run(self.runs / name, {"kind": "hold", "config": config})
        self.again(folder)
        return folder

    def again(self, folder: RunFolder) -> None:
        append_event(folder, "launched")
        command = [sys.executable, "-c", WORKER, str(folder.root)]
        with folder.log.open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        self.processes[folder.root.name] = process

    def waiting(self) -> list[str]:
        return [ticket.run for ticket in self.queue.tickets() if ticket.waits]

    def end(self, folder: RunFolder) -> int:
        (folder.root / "go").touch()
        return self.processes[folder.root.name].wait(120)


@pytest.fixture
def workers(tmp_path) -> Iterator[Workers]:
    made = Workers(tmp_path)
    yield made
    for process in made.processes.values():
        process.kill()
        process.wait()


def state_is(folder: RunFolder, state: str) -> Callable[[], bool]:
    return lambda: follow(folder).state == state


def test_runs_take_turns_in_the_order_of_their_launch(workers):
    """Two at once on one device would slow each other down and share its memory."""
    first = workers.start("a")
    wait_for(state_is(first, RUNNING))
    second = workers.start("b")
    wait_for(state_is(second, WAITING))
    third = workers.start("c")
    wait_for(lambda: workers.waiting() == ["b", "c"])
    assert workers.end(first) == 0
    wait_for(state_is(second, RUNNING))
    assert follow(third).state == WAITING
    assert workers.end(second) == 0
    wait_for(state_is(third, RUNNING))
    assert workers.end(third) == 0
    assert [e["event"] for e in read_events(third)] == [
        *("launched", "awake", "waiting", "started", "finished")
    ]
    assert workers.queue.tickets() == []


def test_killed_workers_block_nobody_and_lose_nothing(workers):
    """SIGKILL of the running one and of one that waits, both without a last word."""
    first = workers.start("a")
    wait_for(state_is(first, RUNNING))
    second, third = workers.start("b"), workers.start("c")
    wait_for(lambda: workers.waiting() == ["b", "c"])
    workers.processes["b"].send_signal(signal.SIGKILL)
    workers.processes["b"].wait()
    wait_for(state_is(second, INTERRUPTED))
    workers.processes["a"].send_signal(signal.SIGKILL)  # left as a zombie: it still has a PID
    wait_for(state_is(third, RUNNING))
    assert follow(first).state == INTERRUPTED
    workers.again(second)  # what Resume does
    wait_for(state_is(second, WAITING))
    assert workers.end(third) == 0
    wait_for(state_is(second, RUNNING))
    assert workers.end(second) == 0


@pytest.mark.parametrize(
    ("how", "state", "code"),
    [("cancel", CANCELLED, 2), (PAUSE, PAUSED, 2), (DISCARD, CANCELLED, 2)],
)
def test_waiting_run_can_leave_the_queue(workers, how, state, code):
    first = workers.start("a")
    wait_for(state_is(first, RUNNING))
    second = workers.start("b")
    wait_for(state_is(second, WAITING))
    request_stop(second, how)
    assert workers.processes["b"].wait(120) == code
    assert follow(second).state == state
    assert follow(second).discarded == (how == DISCARD)
    assert workers.waiting() == []
    assert workers.end(first) == 0


def test_deleted_run_folder_of_a_waiting_worker_ends_it(workers):
    first = workers.start("a")
    wait_for(state_is(first, RUNNING))
    second, third = workers.start("b"), workers.start("c")
    wait_for(lambda: workers.waiting() == ["b", "c"])
    shutil.rmtree(second.root)
    assert workers.processes["b"].wait(120) == 4
    assert not second.root.exists()
    assert workers.end(first) == 0
    wait_for(state_is(third, RUNNING))
    assert workers.end(third) == 0


def test_deleted_or_damaged_queue_folder_loses_no_run(workers):
    first = workers.start("a")
    wait_for(state_is(first, RUNNING))
    second = workers.start("b")
    wait_for(lambda: workers.waiting() == ["b"])
    for file in workers.queue.folder.glob("*.json"):
        file.write_text('{"torn')
    (workers.queue.folder / "order.json").write_text("[1]")
    wait_for(lambda: any(t.run == "b" and t.slots for t in workers.queue.tickets()))
    shutil.rmtree(workers.queue.folder)  # the locks are gone, too: the second may start at once
    wait_for(lambda: workers.queue._file("b").exists())
    assert workers.end(first) == 0
    wait_for(state_is(second, RUNNING))
    assert workers.end(second) == 0


def test_each_graphics_card_is_a_slot_of_its_own(workers):
    """A free card is taken; who needs two waits for both without holding one meanwhile."""
    both = ("GPU-1", "GPU-2")
    first, second = workers.start("a", *both), workers.start("b", *both)
    wait_for(lambda: state_is(first, RUNNING)() and state_is(second, RUNNING)())
    pair = workers.start("c", *both, count=2)
    wait_for(state_is(pair, WAITING))
    other = workers.start("d", "cpu")
    wait_for(state_is(other, RUNNING))  # nobody ahead of it wants the processor
    assert workers.end(first) == 0
    time.sleep(1.2)  # two looks
    assert follow(pair).state == WAITING
    assert workers.end(second) == 0
    wait_for(state_is(pair, RUNNING))
    assert [set(t.taken) for t in workers.queue.tickets() if t.run == "c"] == [set(both)]
    assert workers.end(pair) == workers.end(other) == 0


@pytest.fixture
def line(tmp_path) -> Iterator[Queue]:
    """Four living workers that wait, without processes: their locks are held here."""
    queue = Queue(tmp_path / "queue", tmp_path / "runs")
    queue.folder.mkdir()
    locks = []
    for place, name in enumerate("abcd"):
        folder = create_run(queue.runs / name, {"kind": "hold"})
        locks.append(FileLock(folder.lock))
        locks[-1].acquire()
        ticket = {"joined": f"2026-01-01T00:00:0{place}", "slots": ["cpu"], "taken": []}
        (queue.folder / f"{name}.json").write_text(json.dumps(ticket))
    yield queue
    for lock in locks:
        lock.release()


def order(queue: Queue) -> str:
    return "".join(ticket.run for ticket in queue.tickets())


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([("c", UP)], "acbd"),
        ([("d", FIRST)], "dabc"),
        ([("a", DOWN)], "bacd"),
        ([("a", UP), ("d", DOWN), ("a", FIRST)], "abcd"),
        ([("d", FIRST), ("d", DOWN), ("c", UP)], "adcb"),
        ([("gone", FIRST)], "abcd"),
    ],
)
def test_moving_in_the_queue(line, moves, expected):
    for run, to in moves:
        line.move(run, to)
    assert order(line) == expected


def test_damaged_order_falls_back_to_the_order_of_launch(line):
    line.move("d", FIRST)
    for damaged in ('{"order": 7}', "[]", "\x00", '{"order": [{"a": 1}]}'):
        (line.folder / "order.json").write_text(damaged)
        assert order(line) == "abcd"
    line.move("b", UP)
    assert order(line) == "bacd"


def test_run_that_joins_later_is_not_before_those_that_were_moved(line):
    line.move("d", FIRST)
    ticket = {"joined": "2026-01-01T00:00:09", "slots": ["cpu"], "taken": []}
    (line.folder / "a.json").write_text(json.dumps(ticket))  # killed and resumed meanwhile
    assert order(line) == "dbca"


def test_ticket_of_a_dead_worker_is_removed(line):
    dead = create_run(line.runs / "e", {"kind": "hold"})
    dead.lock.touch()
    for name in ("e", "deleted"):
        ticket = {"joined": "2025", "slots": ["cpu"], "taken": []}
        (line.folder / f"{name}.json").write_text(json.dumps(ticket))
    assert order(line) == "abcd"
    assert {file.stem for file in line.folder.glob("*.json")} == set("abcd")


def test_full_disk_where_the_order_is_written_is_told(line, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.jobs.queue.write_json", full)
    with pytest.raises(JobError, match="No space left on device"):
        line.move("d", FIRST)
    assert order(line) == "abcd"


def test_workspace_that_is_gone_is_not_made_again(tmp_path):
    run = create_run(tmp_path / "ws" / "runs" / "a", {"kind": "hold"})
    shutil.rmtree(tmp_path / "ws")
    turn = Queue.of(run).turn(run, "", Need(("cpu",)), should_stop=bool, waiting=lambda: None)
    with pytest.raises(FolderGone), turn:
        pass
    assert not (tmp_path / "ws").exists()


def test_request_to_stop_beats_a_free_device(tmp_path):
    run = create_run(tmp_path / "runs" / "a", {"kind": "hold"})
    turn = Queue.of(run).turn(
        run, "", Need(("cpu",)), should_stop=lambda: True, waiting=lambda: None
    )
    with pytest.raises(Stopped), turn:
        pass
    assert not (tmp_path / "queue").exists()


def test_resume_forgets_what_was_asked_before(tmp_path, monkeypatch):
    """A paused run that is resumed must not pause again at once."""
    folder = create_run(tmp_path / "runs" / "a", {"kind": "hold"})
    append_event(folder, "launched")
    request_stop(folder, PAUSE)
    append_event(folder, "paused")
    monkeypatch.setattr("core.jobs.launchers.subprocess.Popen", lambda *_, **__: None)
    resume(folder)
    assert folder.stop_requested() is None
    assert follow(folder).state == STARTING
