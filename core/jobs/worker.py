"""The worker: takes the lock of a run folder, does what the request says, writes the result."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from core.errors import AppError, JobError, Stopped
from core.jobs.folder import RunFolder, append_event
from core.messages import N_, Message
from core.workspace.layout import write_json

log = logging.getLogger(__name__)

Step = Callable[[RunFolder, Mapping[str, Any], "FolderReporter"], Mapping[str, Any]]

# The page reads every half second or slower: writing more often would only grow the file.
_PROGRESS_EVERY_SECONDS = 0.3


class FolderReporter:
    """A :class:`core.types.Reporter` that writes into a run folder."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._last_progress = 0.0

    def progress(self, fraction: float, message: Message) -> None:
        """Append a progress event, at most every 0.3 s but always the last one."""
        moment = time.monotonic()
        if fraction < 1 and moment - self._last_progress < _PROGRESS_EVERY_SECONDS:
            return
        self._last_progress = moment
        share = round(min(1.0, max(0.0, fraction)), 5)
        append_event(self._folder, "progress", fraction=share, message=message.to_json())

    def metric(self, values: Mapping[str, float]) -> None:
        """Append a metric event."""
        append_event(self._folder, "metric", values=dict(values))

    def warning(self, message: Message) -> None:
        """Append a warning event."""
        log.warning("%s", message)
        append_event(self._folder, "warning", message=message.to_json())

    def should_stop(self) -> bool:
        """Return True once the cancel file is there."""
        return self._folder.cancel.exists()


def work(folder: RunFolder, steps: Mapping[str, Step]) -> int:
    """Do the job of a run folder.

    Parameters
    ----------
    steps : mapping of job kind to function
        ``step(folder, request, reporter) -> result``, a JSON document.

    Returns
    -------
    int
        Exit status: 0 finished, 1 failed, 2 cancelled, 3 another worker has the folder.
    """
    from filelock import FileLock, Timeout

    try:
        # A page that looks whether the lock is held holds it for an instant: wait that out.
        with FileLock(folder.lock, timeout=3, poll_interval=0.02):
            return _work_locked(folder, steps)
    except Timeout:
        log.error("another worker holds %s", folder.lock)
        return 3


def _work_locked(folder: RunFolder, steps: Mapping[str, Step]) -> int:
    append_event(folder, "started")
    try:
        request = folder.read_request()
        step = steps.get(str(request.get("kind")))
        if step is None:
            raise JobError(
                "Jobs of the kind {kind} are not known. Known kinds: {known}.",
                kind=str(request.get("kind")),
                known=", ".join(sorted(steps)),
            )
        result = step(folder, request, FolderReporter(folder))
        write_json(folder.result, result)
    except Stopped:
        append_event(folder, "cancelled")
        return 2
    except Exception as error:
        log.exception("the job failed")
        append_event(folder, "failed", message=readable_reason(error).to_json())
        return 1
    append_event(folder, "cancelled" if result.get("cancelled") else "finished")
    return 0


def readable_reason(error: Exception) -> Message:
    """Say in the user's words why a job failed; the whole story is in the log."""
    if isinstance(error, AppError):
        return error.message
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return Message(
            N_(
                "There was not enough memory. Close other programs, choose a smaller batch or a "
                "smaller model, then resume."
            )
        )
    if isinstance(error, OSError) and error.errno == 28:
        return Message(
            N_("The disk is full. Free some space, then resume: nothing that was saved is lost.")
        )
    return Message(
        N_("An unexpected error ended this job ({kind}: {reason}). The log below has the details."),
        {"kind": type(error).__name__, "reason": str(error)[:300]},
    )
