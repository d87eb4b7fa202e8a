"""Where jobs are done: in a worker, on one card or on several, or in the process that asks."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import AppError, Stopped, WorkspaceError
from core.jobs.folder import RunFolder, append_event, create_run
from core.jobs.queue import Need
from core.jobs.worker import Step, work as run_worker
from core.journey.jobs import (
    KINDS,
    TUNE,
    Start,
    cards_together,
    need_of,
    project_of,
    request_of,
)
from core.journey.projects import scored_experts
from core.journey.tune import tune_step
from core.tuning.device import spare_memory
from core.tuning.team import leave_team, place_in_team, team_command
from core.types import Reporter, SilentReporter

log = logging.getLogger(__name__)

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
    spare_memory()
    place = RunFolder(folder)
    rank, size = place_in_team()
    if size == 1:
        cards = _cards_asked_for(place)
        if cards > 1:
            command = team_command(cards, ["-m", "core", "work", str(folder)])
            os.execv(command[0], command)  # noqa: S606  (this very interpreter)
        return _worked(place)
    status = _learn_along(place) if rank > 0 else _worked(place)
    if status == CANCELLED_STATUS:
        status = 0  # torchrun would take a run that somebody stopped for a crash
    leave_team(status)
    return status


def _worked(folder: RunFolder) -> int:
    """Do the job, then start what was asked to follow it; returns the exit status."""
    status = run_worker(folder, STEPS, need_of)
    if status == 0 and folder.job().kind == TUNE:
        _compare_next(folder)
        _challenge_next(folder)
    return status


def _challenge_next(folder: RunFolder) -> None:
    """Name a model the challenger where its run was told so, and compare it with the champion.

    What keeps it from being named is no failure of the run: its page offers it then.
    """
    from core.journey.pilot.challenging import challenge_with

    try:
        if request_of(folder).challenges:
            challenge_with(project_of(folder), folder.root.name, folder.job().who)
    except AppError as error:
        log.warning("the model did not become the challenger: %s", error)


def _compare_next(folder: RunFolder) -> None:
    """Compare a tuned model with its base where the run was told so; who tuned, compares.

    What keeps it from starting is no failure of the run: its page offers the comparison then.
    """
    from core.journey.compare import comparisons_of, launch_comparison

    try:
        if not request_of(folder).then_compare or not folder.model.is_dir():
            return
        project, run = project_of(folder), folder.root.name
        if not comparisons_of(project, run):  # a resumed run may have started it already
            launch_comparison(project, run, scored_experts(project), folder.job().who)
    except AppError as error:
        log.warning("the comparison was not started: %s", error)


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


def in_this_process(
    before: Callable[[Path], None],
    told: Callable[[Reporter], Reporter],
    need: Callable[[Mapping[str, Any]], Need | None] = need_of,
) -> Start:
    """Return how a job is started that this process does itself, as a terminal wants it.

    Its folder, lock, queue and last words are those of a worker: the app shows, stops and resumes
    it. How it ended stands in its folder; an interrupt from the keyboard leaves it to be resumed.

    Parameters
    ----------
    before : callable
        Gets the run folder's path before the job waits for its device.
    told : callable
        From the reporter of the run folder to the one that the step gets.
    need : callable
        From the request to the devices that the job waits for.
    """

    def start(
        root: Path, request: Mapping[str, Any], _environment: Mapping[str, str] | None
    ) -> RunFolder:
        folder = create_run(root, request)
        do_here(folder, before, told, need)
        return folder

    return start


def do_here(
    folder: RunFolder,
    before: Callable[[Path], None],
    told: Callable[[Reporter], Reporter],
    need: Callable[[Mapping[str, Any]], Need | None] = need_of,
) -> None:
    """Do the job of a run folder in this process, also one that another worker left undone.

    Parameters
    ----------
    before, told, need
        As of :func:`in_this_process`.
    """

    def aloud(step: Step) -> Step:
        return lambda folder, request, report: step(folder, request, told(report))

    folder.clear_stop_requests()
    append_event(folder, "launched")
    before(folder.root)
    with _own_log(folder):
        run_worker(folder, {key: aloud(step) for key, step in STEPS.items()}, need)


class _LogFile(logging.FileHandler):
    """The log of a job; where its folder was deleted there is none, and that is no trouble."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing."""


@contextmanager
def _own_log(folder: RunFolder) -> Iterator[None]:
    """Write what is logged into the job's own log as well: its card shows why it failed."""
    handler = _LogFile(folder.log, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
