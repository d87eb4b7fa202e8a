"""The worker's entry: the step of a run folder, on one card or on several."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from core.errors import AppError, Stopped, WorkspaceError
from core.jobs.folder import RunFolder
from core.jobs.worker import Step
from core.jobs.worker import work as run_worker
from core.journey.jobs import KINDS, cards_together, need_of
from core.journey.tuning import tune_step
from core.tuning.team import place_in_team, team_command
from core.types import SilentReporter

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
        cards = cards_asked_for(place)
        if cards > 1:
            command = team_command(cards, ["-m", "core", "work", str(folder)])
            os.execv(command[0], command)  # noqa: S606  (this very interpreter)
        return run_worker(place, STEPS, need_of)
    if rank > 0:
        return learn_along(place)
    status = run_worker(place, STEPS, need_of)
    # torchrun would take a run that somebody stopped for a crash.
    return 0 if status == CANCELLED_STATUS else status


def cards_asked_for(folder: RunFolder) -> int:
    """Return how many graphics cards a job is to use together; 1 where it does not say so."""
    try:
        return cards_together(folder.read_request())
    except WorkspaceError:
        return 1  # the worker itself says what is wrong with the request


def learn_along(folder: RunFolder) -> int:
    """Do a tuning run beside the worker, which reports and saves; returns the exit status."""
    try:
        tune_step(folder, folder.read_request(), SilentReporter())
    except (AppError, Stopped):
        return 0  # the worker has met the same and says so
    return 0
