"""The worker: takes the lock of a run folder, does what the request says, writes the result."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from core.errors import AppError, FolderGone, JobError, Stopped
from core.jobs.folder import (
    DISCARD,
    PAUSE,
    SUBMISSION_VARIABLE,
    RunFolder,
    append_event,
    read_events,
)
from core.jobs.queue import Need, Queue
from core.jobs.state import LAST_WORDS
from core.messages import N_, Message
from core.progress import Reporter

log = logging.getLogger(__name__)

Step = Callable[[RunFolder, Mapping[str, Any], Reporter], Mapping[str, Any]]

# The page reads every half second or slower: writing more often would only grow the file.
_PROGRESS_EVERY_SECONDS = 0.3


class _FolderReporter:
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
        self._append("progress", fraction=share, message=message.to_json())

    def metric(self, values: Mapping[str, float]) -> None:
        """Append a metric event."""
        self._append("metric", values=dict(values))

    def warning(self, message: Message) -> None:
        """Append a warning event."""
        log.warning("%s", message)
        self._append("warning", message=message.to_json())

    def should_stop(self) -> bool:
        """Return True once somebody asked for an end; raises FolderGone if the folder is."""
        if not self._folder.is_valid():
            raise FolderGone(str(self._folder.root))
        return self._folder.stop_requested() is not None

    def _append(self, event: str, **values: Any) -> None:
        """Append an event; a full disk costs the event, not the job: saving has its own words."""
        try:
            append_event(self._folder, event, **values)
        except OSError as error:
            if not is_disk_full(error):
                raise
            log.warning("the disk is full: a line of the story was left out")


def work(
    folder: RunFolder,
    steps: Mapping[str, Step],
    need_of: Callable[[Mapping[str, Any]], Need | None] = lambda _: None,
) -> int:
    """Do the job of a run folder.

    Parameters
    ----------
    steps : mapping of job kind to function
        ``step(folder, request, reporter) -> result``, a JSON document.
    need_of : callable
        From the request to the devices that the job has to wait for; None = none.

    Returns
    -------
    int
        Exit status: 0 finished, 1 failed, 2 cancelled or paused, 3 another worker has the folder,
        4 the folder is not there (any more).
    """
    from filelock import FileLock, Timeout

    if not folder.is_valid():
        log.error("there is no request in %s", folder.root)
        return 4
    try:
        # A page that looks whether the lock is held holds it for an instant: wait that out.
        with FileLock(folder.lock, timeout=3, poll_interval=0.02):
            if not _is_wanted(folder):
                log.info("this worker's job has ended or was started again: nothing is left to do")
                return 0
            return _work_locked(folder, steps, need_of)
    except Timeout:
        log.error("another worker holds %s", folder.lock)
        return 3
    except FolderGone:
        log.error("%s was deleted: nothing is left to do", folder.root)
        return 4


def _is_wanted(folder: RunFolder) -> bool:
    """Return True unless this is a worker of a cluster whose turn came too late.

    A cluster keeps what waits there also when somebody has cancelled it meanwhile, or has resumed
    it under another name.
    """
    own, name = os.environ.get(SUBMISSION_VARIABLE, ""), folder.root.resolve().name
    if own != name and not own.startswith(f"{name}-"):
        return True  # no cluster, or a part of its job, which is done in the same process
    events = read_events(folder, progress=False)
    launches = [place for place, event in enumerate(events) if event["event"] == "launched"]
    if not launches or events[launches[-1]].get("submission") != own:
        return False
    return not any(event["event"] in LAST_WORDS for event in events[launches[-1] :])


def _work_locked(
    folder: RunFolder,
    steps: Mapping[str, Step],
    need_of: Callable[[Mapping[str, Any]], Need | None],
) -> int:
    stopped = False
    try:
        append_event(folder, "awake")
        folder.reserve_room()
        request = folder.read_request()
        step = steps.get(str(request.get("kind")))
        if step is None:
            raise JobError(
                "Jobs of the kind {kind} are not known. Known kinds: {known}.",
                kind=str(request.get("kind")),
                known=", ".join(sorted(steps)),
            )
        report = _FolderReporter(folder)
        with _turn(folder, need_of(request), report):
            append_event(folder, "started")
            result = step(folder, request, report)
            _at_all_costs(folder, lambda: folder.write_result(result))
        stopped = bool(result.get("cancelled"))
    except Stopped:
        stopped = True
    except Exception as error:
        if not folder.is_valid():  # whatever the step made of it: this is why
            raise FolderGone(str(folder.root)) from error
        log.exception("the job failed")
        reason = readable_reason(error).to_json()
        _at_all_costs(folder, lambda: append_event(folder, "failed", message=reason))
        return 1
    return _ended(folder, stopped)


@contextmanager
def _turn(folder: RunFolder, need: Need | None, report: _FolderReporter) -> Iterator[None]:
    """Wait for the devices that the job needs and hold them."""
    if need is None:
        yield
        return
    launched = [event["at"] for event in read_events(folder) if event["event"] == "launched"]
    joined = str(launched[-1]) if launched else datetime.now(UTC).isoformat(timespec="milliseconds")
    with Queue.of(folder).turn(
        folder,
        joined,
        need,
        should_stop=report.should_stop,
        waiting=lambda: append_event(folder, "waiting"),
    ) as taken:
        os.environ.update(need.environment(taken))
        yield


def _ended(folder: RunFolder, stopped: bool) -> int:
    """Say how a job ended whose step came back; return the exit status."""
    folder.reserve.unlink(missing_ok=True)
    how = folder.stop_requested()
    if how == DISCARD:  # also where the step was done before it saw the request
        folder.discard()
        append_event(folder, "cancelled", discarded=True)
        return 2
    if not stopped:
        # Not before the result is written: a kill in between would cost all that was learned.
        folder.drop_checkpoints()
        append_event(folder, "finished")
        return 0
    append_event(folder, "paused" if how == PAUSE else "cancelled")
    return 2


def _at_all_costs(folder: RunFolder, write: Callable[[], None]) -> None:
    """Write; on a full disk give the reserved room back and write again."""
    try:
        write()
    except OSError as error:
        if not is_disk_full(error):
            raise
        folder.reserve.unlink(missing_ok=True)
        try:
            write()
        except OSError as again:
            log.error("the disk is full: %s", again)  # the story ends here: it shows as interrupted
            raise


def is_disk_full(error: BaseException | None) -> bool:
    """Return True if a full disk or a used up quota is behind an error."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        if "No space left on device" in str(error):  # safetensors says it in words only
            return True
        error = error.__cause__ or error.__context__
    return False


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
    if is_disk_full(error):
        return Message(
            N_("The disk is full. Free some space, then resume: nothing that was saved is lost.")
        )
    return Message(
        N_("An unexpected error ended this job ({kind}: {reason}). The log below has the details."),
        {"kind": type(error).__name__, "reason": str(error)[:300]},
    )
