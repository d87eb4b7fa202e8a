"""The queue as a page shows it: what computes now, what waits, in which order."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import AppError
from core.jobs.launch import follow
from core.jobs.queue import Queue
from core.jobs.state import JobView
from core.journey.devices import slots_for
from core.workspace.workspace import Workspace


@dataclass(frozen=True)
class QueuedJob:
    """One job of the queue.

    Attributes
    ----------
    job : JobView
    project : str
        Name of its project, "" where that is gone.
    place : int
        1 = the next to start; 0 = it computes now.
    slots : tuple of str
        Devices that it computes on, or could take.
    elsewhere : bool
        A command runs it in a folder of its own: it ends at its terminal, not here.
    """

    job: JobView
    project: str
    place: int
    slots: tuple[str, ...] = ()
    elsewhere: bool = False


def queue_of(workspace: Workspace) -> tuple[QueuedJob, ...]:
    """Return the jobs that compute, then those that wait in the order of their turns.

    Jobs of all projects: they share the devices.
    """
    names = {project.id: project.name for project in workspace.records.projects()}
    queued: list[QueuedJob] = []
    place = 0
    line = _queue(workspace)
    for ticket in line.tickets():
        try:
            view = follow(line.run_of(ticket))
        except AppError:
            continue  # its folder was deleted a moment ago: its worker is about to notice
        place += ticket.waits
        project, number = names.get(view.project_id, ""), place if ticket.waits else 0
        slots = ticket.taken or ticket.slots
        queued.append(QueuedJob(view, project, number, slots, bool(ticket.folder)))
    return tuple(queued)


def place_of(workspace: Workspace, run_id: str) -> int | None:
    """Return the place of a waiting job, 1 = the next; None where it does not wait (yet)."""
    waiting = [ticket.run for ticket in _queue(workspace).tickets() if ticket.waits]
    return waiting.index(run_id) + 1 if run_id in waiting else None


def next_place(workspace: Workspace, device: str, starting: int = 0) -> int:
    """Return the place that a job launched now would get; 0 where it would start at once.

    Parameters
    ----------
    device : str
        As in the settings of a run, see :func:`core.journey.devices.slots_for`.
    starting : int
        Jobs that were launched but are not in the queue yet.
    """
    tickets, allowed = _queue(workspace).tickets(), set(slots_for(device))
    claimed = {slot for t in tickets for slot in (t.slots if t.waits else t.taken)}
    if allowed - claimed and not starting:
        return 0
    return sum(ticket.waits for ticket in tickets) + starting + 1


def move(workspace: Workspace, run_id: str, to: str) -> None:
    """Give a waiting job another place: ``first``, ``up`` or ``down``."""
    _queue(workspace).move(run_id, to)


def _queue(workspace: Workspace) -> Queue:
    return Queue(workspace.layout.queue, workspace.layout.runs)
