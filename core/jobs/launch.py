"""Start, follow, stop and resume workers; a worker outlives the process that launched it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import AppError, JobError
from core.jobs.folder import (
    DISCARD,
    KEEP,
    PAUSE,
    STOP_REQUESTS,
    RunFolder,
    append_event,
    create_run,
    last_event,
    read_events,
)
from core.jobs.launchers import Sign
from core.jobs.ray_cluster import last_launch, launcher_of, sign_of
from core.jobs.state import (
    ALIVE,
    FAILED,
    FINAL,
    INTERRUPTED,
    LAST_WORDS,
    PAUSED,
    PENDING,
    JobView,
    view,
)


def launch(
    root: Path, request: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> RunFolder:
    """Make a run folder and start a worker on it.

    Parameters
    ----------
    environment : mapping or None
        What the worker's environment holds besides this one's: secrets, which are written nowhere.

    Raises
    ------
    JobError
        If the folder cannot be made or the process cannot be started.
    """
    folder = create_run(root, request)
    _start(folder, environment)
    return folder


def resume(folder: RunFolder, environment: Mapping[str, str] | None = None) -> None:
    """Start a worker again on the folder of a job that is no longer running.

    Parameters
    ----------
    environment : mapping or None
        See :func:`launch`; nothing of it was kept since.

    Raises
    ------
    JobError
        If a worker still holds the lock, or the cluster still has one.
    """
    sign = sign_of(folder)
    if is_locked(folder) or (sign is not None and _is_on_its_way(folder, sign)):
        raise JobError("This job is still running; there is nothing to resume.")
    folder.clear_stop_requests()
    _start(folder, environment)


def _start(folder: RunFolder, environment: Mapping[str, str] | None = None) -> None:
    launcher_of(folder, environment).start(folder, environment)


def _is_on_its_way(folder: RunFolder, sign: Sign) -> bool:
    """Return True if the cluster has a worker that has yet to say its last word."""
    if sign.word not in {PENDING, ALIVE}:
        return False
    return follow(folder).state not in FINAL


def is_locked(folder: RunFolder) -> bool:
    """Return True while a worker lives. Never a PID: a killed, unreaped worker still has one."""
    from filelock import FileLock, Timeout

    if not folder.lock.exists():
        return False
    try:
        # Another page may be looking at the same instant: ask for 50 ms before believing it.
        with FileLock(folder.lock, timeout=0.05, poll_interval=0.01):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def follow(folder: RunFolder) -> JobView:
    """Return what a page shows of a job now."""
    stop_requested = folder.stop_requested()
    ended = _ended(folder, folder.stamp(), stop_requested)
    if ended is not None:
        return ended
    sign = sign_of(folder)
    locked = is_locked(folder)
    # Read after both: a worker that ended in between has written its last word.
    return _seen(folder, locked, stop_requested, sign)


def _seen(
    folder: RunFolder, locked: bool, stop_requested: str | None, sign: Sign | None = None
) -> JobView:
    return view(
        folder.read_request(),
        read_events(folder, progress=False),
        run_id=folder.root.name,
        lock_held=locked,
        now=datetime.now(UTC),
        stop_requested=stop_requested,
        keepable=folder.has_something,
        scheduler=sign.word if sign else None,
        note=sign.message if sign else None,
    )


@lru_cache(maxsize=256)
def _ended(
    folder: RunFolder, _stamp: tuple[int, ...], stop_requested: str | None
) -> JobView | None:
    """Return the view of a job that has said its last word, None where it has not.

    Every page asks for all jobs of a project several times; the story of one that has ended is read
    again only when a file of its folder has changed.
    """
    ended = last_event(folder.events) in LAST_WORDS
    return _seen(folder, False, stop_requested) if ended else None


def request_stop(folder: RunFolder, how: str = KEEP) -> None:
    """Ask the worker to end at its next safe moment. Asking twice is harmless.

    Parameters
    ----------
    how : str
        ``pause`` (can be resumed), ``cancel`` (keep the best so far) or ``discard`` (keep nothing).
        Asked one after the other, the strongest counts.
    """
    if how not in STOP_REQUESTS:
        raise JobError(
            "A job cannot be asked to {how}. Choose one of: {known}.",
            how=how,
            known=", ".join(STOP_REQUESTS),
        )
    seen = follow(folder)
    if seen.state in FINAL:
        return
    folder.request_stop(how)
    if seen.scheduler == PENDING:
        _withdraw(folder)


def _withdraw(folder: RunFolder) -> None:
    """End a job that waits on a cluster, where no worker is there yet to see what is asked."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder.lock, timeout=1):
            launched = last_launch(folder)
            if last_event(folder.events) != "launched":
                return  # it has just begun, and sees it
            launcher_of(folder).withdraw(str(launched.get("submission")))
            how = folder.stop_requested()
            if how == DISCARD:
                folder.discard()
            if how == PAUSE:
                append_event(folder, "paused")
            else:
                append_event(folder, "cancelled", discarded=how == DISCARD)
    except (Timeout, AppError):
        return  # it has just begun, or its folder was deleted


def close(folder: RunFolder, *, keep: bool) -> None:
    """End for good what no worker is busy with: a paused, interrupted or failed job.

    Parameters
    ----------
    keep : bool
        False removes checkpoints, model and result. True makes what a failed job had found
        before it failed, if anything, its result.

    Raises
    ------
    JobError
        If a worker is busy with it, or has finished it.
    """
    from filelock import FileLock, Timeout

    if follow(folder).state not in {PAUSED, INTERRUPTED, FAILED}:
        raise JobError("This job has ended or is still running; there is nothing to discard.")
    try:
        # Held, so that nobody resumes it at the same moment.
        with FileLock(folder.lock, timeout=1):
            if keep:
                folder.keep_rescued()
            else:
                folder.discard()
            append_event(folder, "cancelled", discarded=not keep)
    except Timeout as error:
        raise JobError("This job was just resumed. Cancel it while it runs.") from error


def log_tail(folder: RunFolder, characters: int = 20_000) -> str:
    """Return the end of the worker's log."""
    try:
        return folder.log.read_bytes()[-characters:].decode(errors="replace")
    except OSError:
        return ""
