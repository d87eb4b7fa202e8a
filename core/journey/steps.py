"""Where jobs are done: in a worker, on one card or on several, or in the process that asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import AppError, Stopped, WorkspaceError
from core.jobs.folder import RunFolder, append_event, create_run
from core.jobs.worker import Step, work as run_worker
from core.journey.jobs import KINDS, Start, cards_together, need_of, request_of
from core.journey.tune import tune_step
from core.tuning.team import place_in_team, team_command
from core.types import Reporter, SilentReporter

STEPS: Mapping[str, Step] = {key: kind.do for key, kind in KINDS.items()}
CANCELLED_STATUS = 2


def work(folder: Path) -> int:
    """Do the job of a run folder in this process; the worker's entry.

    A tuning run on all graphics cards replaces this process by torchrun, which comes back here
    once for each card. The first of these processes is the worker; the others only learn with it.

    Returns
    -------
    int
        Exit status as of :func:`core.jobs.worker.work`.
    """
    place = RunFolder(folder)
    rank, size = place_in_team()
    if size == 1:
        cards = _cards_asked_for(place)
        if cards > 1:
            command = team_command(cards, ["-m", "core", "work", str(folder)])
            os.execv(command[0], command)  # noqa: S606  (this very interpreter)
        return run_worker(place, STEPS, need_of)
    if rank > 0:
        return _learn_along(place)
    status = run_worker(place, STEPS, need_of)
    # torchrun would take a run that somebody stopped for a crash.
    return 0 if status == CANCELLED_STATUS else status


def _cards_asked_for(folder: RunFolder) -> int:
    """Return how many graphics cards a job is to use together; 1 where it does not say so."""
    try:
        return cards_together(folder.read_request())
    except WorkspaceError:
        return 1  # the worker itself says what is wrong with the request


def _learn_along(folder: RunFolder) -> int:
    """Do a tuning run beside the worker, which reports and saves; returns the exit status."""
    try:
        tune_step(folder, request_of(folder), SilentReporter())
    except (AppError, Stopped):
        return 0  # the worker has met the same and says so
    return 0


def in_this_process(before: Callable[[Path], None], told: Callable[[Reporter], Reporter]) -> Start:
    """Return how a job is started that this process does itself, as a terminal wants it.

    Its folder, lock, queue and last words are those of a worker: the app shows, stops and resumes
    it. How it ended stands in its folder; an interrupt from the keyboard leaves it to be resumed.

    Parameters
    ----------
    before : callable
        Gets the run folder's path before the job waits for its device.
    told : callable
        From the reporter of the run folder to the one that the step gets.
    """

    def aloud(step: Step) -> Step:
        return lambda folder, request, report: step(folder, request, told(report))

    def start(
        root: Path, request: Mapping[str, Any], _environment: Mapping[str, str] | None
    ) -> RunFolder:
        folder = create_run(root, request)
        append_event(folder, "launched")
        before(root)
        run_worker(folder, {key: aloud(step) for key, step in STEPS.items()}, need_of)
        return folder

    return start
