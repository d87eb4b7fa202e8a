"""Background jobs of a project: launch, follow, stop, resume."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import WorkspaceError
from core.jobs import launch as jobs
from core.jobs.folder import KEEP, RunFolder
from core.jobs.state import JobView
from core.workspace.records import RunRecord, now
from core.workspace.workspace import Workspace

SCORE, TUNE, COMPARE = "score", "tune", "compare"
RACE, DATA_CURVE = "race", "curve"
PROBE = "probe"  # a short measurement; it lies outside the runs and waits for nothing
EXPORT = "export"  # the tuned model as ONNX


def is_queued(kind: str) -> bool:
    """Return True if jobs of a kind wait for their device, one at a time.

    Scoring, comparing and exporting take minutes and are what a person waits for on the page: they
    do not stand in line behind hours of tuning.
    """
    return kind not in {SCORE, COMPARE, PROBE, EXPORT}


def new_run_id(kind: str) -> str:
    """Return an id that sorts by time and says what it is: ``tune-20261123-1405-3f9a``."""
    return f"{kind}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def launch_job(
    workspace: Workspace,
    project_id: str,
    kind: str,
    config: Mapping[str, Any],
    who: str,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Write the request of a job, register it and start its worker.

    Parameters
    ----------
    environment : mapping or None
        Secrets for the worker's environment; written nowhere.

    Returns
    -------
    str
        Run id.

    Raises
    ------
    JobError
        If the run folder cannot be written or the worker cannot be started.
    """
    run_id = new_run_id(kind)
    request = {
        "kind": kind,
        "project_id": project_id,
        "config": dict(config),
        "who": who,
        "created_at": now(),
    }
    workspace.records.add_run(RunRecord(run_id, project_id, kind, now()))
    workspace.records.note(project_id, f"{kind} started", who, {"run": run_id})
    jobs.launch(workspace.run_folder(run_id), request, environment)
    return run_id


def job(workspace: Workspace, run_id: str) -> JobView:
    """Return what a page shows of a job; raises WorkspaceError if its folder is gone."""
    return jobs.follow(RunFolder(workspace.run_folder(run_id)))


def jobs_of(workspace: Workspace, project_id: str, kind: str | None = None) -> list[JobView]:
    """Return the jobs of a project, newest first; jobs whose folder is gone are left out."""
    views = []
    for record in workspace.records.runs(project_id, kind):
        try:
            views.append(job(workspace, record.id))
        except WorkspaceError:
            continue  # the run folder was deleted by hand: there is nothing left to show
    return views


def stop(workspace: Workspace, run_id: str, wish: str = KEEP) -> None:
    """Ask a job to end; see :func:`core.jobs.launch.ask` for what can be wished."""
    jobs.ask(RunFolder(workspace.run_folder(run_id)), wish)


def close(workspace: Workspace, run_id: str, *, keep: bool) -> None:
    """End a paused, interrupted or failed job for good; see :func:`core.jobs.launch.close`."""
    jobs.close(RunFolder(workspace.run_folder(run_id)), keep=keep)


def resume(workspace: Workspace, run_id: str, environment: Mapping[str, str] | None = None) -> None:
    """Start a job again where it left off; raises JobError if it is still running."""
    jobs.resume(RunFolder(workspace.run_folder(run_id)), environment)


def log_of(workspace: Workspace, run_id: str) -> str:
    """Return the end of a job's log."""
    return jobs.log_tail(RunFolder(workspace.run_folder(run_id)))


def result_of(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """Return the result of a finished job; raises WorkspaceError if it is missing."""
    return RunFolder(workspace.run_folder(run_id)).read_result()


def workspace_of(folder: RunFolder) -> Workspace:
    """Open the workspace that a run folder (``<workspace>/runs/<id>``) lies in."""
    return Workspace.open(folder.root.resolve().parents[1])
