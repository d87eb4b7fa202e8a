"""A command's turn in the queue: it waits as launched jobs do, and says for whom."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import JobError
from core.jobs.folder import RunFolder, append_event
from core.jobs.queue import Queue
from core.journey.jobs import QueuedJob, need_of, queue_of, slots_for
from core.workspace.records import now
from core.workspace.workspace import Workspace


def tell_waiting(workspace: Workspace, run_id: str, device: str) -> None:
    """Say on the terminal which jobs come before a run; say nothing where none does."""
    before = _before(workspace, run_id, device)
    if before:
        names = ", ".join(_name(one) for one in before)
        sys.stderr.write(f"Waiting for the device. Before this run: {names}\n")


def _before(workspace: Workspace, run_id: str, device: str) -> list[QueuedJob]:
    """Return the jobs that have a device which the run could take, or wait before it for one."""
    allowed, before = set(slots_for(device)), list[QueuedJob]()
    for one in queue_of(workspace):
        if one.job.id == run_id:
            break
        if allowed & set(one.slots):
            before.append(one)
    return before


def _name(one: QueuedJob) -> str:
    state = f"waits at place {one.place}" if one.place else "computes"
    project = f"project {one.project}, " if one.project else ""
    return f"{one.job.id} ({project}{state})"


@contextmanager
def own_turn(workspace: Workspace, folder: RunFolder, device: str) -> Iterator[None]:
    """Hold a run folder and its device, as a worker does; wait for them with a line of words.

    Parameters
    ----------
    folder : RunFolder
        May lie outside the workspace: its place in the queue is the workspace's all the same.

    Raises
    ------
    TuningError
        If the device is not on this machine.
    JobError
        If somebody else works in the folder.
    """
    from filelock import FileLock, Timeout

    request = folder.read_request()
    need = need_of(request)
    if need is None:
        yield
        return

    def waiting() -> None:
        append_event(folder, "waiting")
        tell_waiting(workspace, folder.root.name, device)

    queue = Queue(workspace.layout.queue, workspace.layout.runs)
    try:
        held = FileLock(folder.lock, timeout=3).acquire()
    except Timeout as error:
        raise JobError(
            "Another process works in the folder {folder}. Choose another one.",
            folder=str(folder.root),
        ) from error
    with (
        held,
        queue.turn(folder, now(), need, should_stop=lambda: False, waiting=waiting) as taken,
    ):
        os.environ.update(need.environment(taken))
        append_event(folder, "started")
        yield
