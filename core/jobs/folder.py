"""The run folder: request, lock, events, log, checkpoints, model, result."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import FolderGone, JobError
from core.messages import Message
from core.workspace.files import read_json, write_json

# What can be asked of a job, the strongest first. Each is an empty file of that name in its folder:
# nothing to tear, and no room needed on a full disk.
DISCARD, KEEP, PAUSE = "discard", "cancel", "pause"
STOP_REQUESTS = (DISCARD, KEEP, PAUSE)
_RESERVE_BYTES = 64 * 1024
# What a job may take of a cluster, where there is one; "" = it stays on the machine of the app.
ONE_PLACE, WHOLE_NODE = "place", "node"
# Says to a worker of a cluster under which name it was handed over.
SUBMISSION_VARIABLE = "RAY_JOBS_SUBMISSION"


@dataclass(frozen=True)
class JobRequest:
    """What a job is told: its kind, its project, what is asked, by whom and when.

    Attributes
    ----------
    config : mapping of JSON types
        What is asked; each kind of job has a document of its own for it.
    cluster : str
        ``place`` or ``node``: it may be done on a cluster, on one device or on all graphics cards
        of a machine; "": on the machine of the app.
    """

    kind: str = ""
    project_id: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    who: str = ""
    created_at: str = ""
    cluster: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> JobRequest:
        """Return what a request says; what it lacks is empty, what nobody knows is left out."""
        return cls(**{f.name: document[f.name] for f in fields(cls) if f.name in document})

    @property
    def device(self) -> str:
        """The device that the settings ask for, ``auto`` where they say nothing."""
        return device_told(self.config)


def device_told(config: Mapping[str, Any]) -> str:
    """Return the device that a job's settings ask for, ``auto`` where they say nothing."""
    for settings in (config.get("tuning"), config):
        if isinstance(settings, Mapping) and settings.get("device"):
            return str(settings["device"])
    return "auto"


@dataclass(frozen=True)
class RunFolder:
    """Names and places of everything a job reads and writes."""

    root: Path

    @property
    def request(self) -> Path:
        """What to do; written once, before launch."""
        return self.root / "request.json"

    @property
    def lock(self) -> Path:
        """Held by the worker for its whole life: liveness is whether the lock is held."""
        return self.root / "run.lock"

    @property
    def events(self) -> Path:
        """Append-only story of the job, one JSON object a line."""
        return self.root / "events.jsonl"

    @property
    def reserve(self) -> Path:
        """Room on the disk that a worker gives back to write its last words when it is full."""
        return self.root / "reserve"

    @property
    def log(self) -> Path:
        """Standard output and error of the worker."""
        return self.root / "worker.log"

    @property
    def checkpoints(self) -> Path:
        """Where a tuning run can go on from."""
        return self.root / "checkpoints"

    @property
    def model(self) -> Path:
        """The tuned model, a sentence-transformers folder."""
        return self.root / "model"

    @property
    def examples(self) -> Path:
        """Validation questions as they are answered at each check, for people who look on."""
        return self.root / "examples.json"

    @property
    def result(self) -> Path:
        """What came out; there only if the job finished."""
        return self.root / "result.json"

    @property
    def rescued(self) -> Path:
        """What had come out when the job failed; the user may make it the result."""
        return self.root / "rescued.json"

    @property
    def arrays(self) -> Path:
        """Numbers that belong to the result and are too many for JSON."""
        return self.root / "arrays.safetensors"

    def stamp(self) -> tuple[int, ...]:
        """Return what changes whenever a file that a page reads does: sizes and times of them."""
        seen: list[int] = []
        for path in (self.request, self.events, self.result, self.rescued, self.arrays):
            try:
                found = path.stat()
            except OSError:
                seen += (-1, -1)
            else:
                seen += (found.st_size, found.st_mtime_ns)
        return tuple(seen)

    def is_valid(self) -> bool:
        """Return True if the folder holds a request."""
        return self.request.is_file()

    def stop_requested(self) -> str | None:
        """Return the strongest request: discard, cancel (keep the best so far) or pause."""
        return next((how for how in STOP_REQUESTS if (self.root / how).exists()), None)

    def request_stop(self, request: str) -> None:
        """Leave a request for the worker; one of :data:`STOP_REQUESTS`."""
        if self.is_valid():
            (self.root / request).touch()

    def clear_stop_requests(self) -> None:
        """Take back what was asked: the job goes on."""
        for request in STOP_REQUESTS:
            (self.root / request).unlink(missing_ok=True)

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Write the result; raises FolderGone rather than making a deleted folder again."""
        if not self.is_valid():
            raise FolderGone(str(self.root))
        write_json(self.result, result)
        self.rescued.unlink(missing_ok=True)

    def write_examples(self, examples: Mapping[str, Any]) -> None:
        """Write what people look on at, where there is room: no job ends for the want of it."""
        if self.is_valid():
            with contextlib.suppress(OSError):
                write_json(self.examples, examples)

    def write_rescued(self, result: Mapping[str, Any]) -> None:
        """Write what can be kept of a job that is about to fail."""
        write_json(self.rescued, result)

    def keep_rescued(self) -> None:
        """Make what could be kept of a failed job its result, where there is something."""
        if self.rescued.is_file():
            self.rescued.replace(self.result)

    @property
    def has_something(self) -> bool:
        """Whether there is something to keep of a job that did not come to its end."""
        return self.rescued.is_file() or self.result.is_file()

    def drop_checkpoints(self) -> None:
        """Drop what a job would go on from: its result is written, it is over."""
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def discard(self) -> None:
        """Remove all that the job made; what it was told and its story stay."""
        kept = {self.request, self.lock, self.events, self.log}
        for path in sorted(set(self.root.iterdir()) - kept):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def reserve_room(self) -> None:
        """Hold some room on the disk for the last words."""
        # Random bytes: a file system that compresses would give no room for zeros.
        self.reserve.write_bytes(os.urandom(_RESERVE_BYTES))

    def read_request(self) -> dict[str, Any]:
        """Return the request; raises WorkspaceError if it is missing or damaged."""
        return read_json(self.request)

    def job(self) -> JobRequest:
        """Return the request as a document; raises WorkspaceError if it is missing or damaged."""
        return JobRequest.of(self.read_request())

    def read_result(self) -> dict[str, Any]:
        """Return the result; raises WorkspaceError if it is missing or damaged."""
        return read_json(self.result)


def create_run(root: Path, request: Mapping[str, Any]) -> RunFolder:
    """Make a run folder with its request.

    Raises
    ------
    JobError
        If the folder exists already or cannot be written.
    """
    folder = RunFolder(root)
    try:
        root.mkdir(parents=True, exist_ok=False)
        write_json(folder.request, request)
    except OSError as error:
        if not isinstance(error, FileExistsError):
            shutil.rmtree(root, ignore_errors=True)  # never half a folder
        raise JobError(
            "The run folder {folder} cannot be made: {reason}. Free some disk space or check "
            "the rights of the workspace folder, then try again.",
            folder=str(root),
            reason=error.strerror or str(error),
        ) from error
    return folder


def append_event(folder: RunFolder, event: str, **values: Any) -> None:
    """Add one line to the story of a job; a line is written whole or not at all.

    One ``write`` to a file opened for appending, so that lines of two processes never mix.

    Raises
    ------
    FolderGone
        If the folder was deleted; it is not made again.
    OSError
        If the disk is full.
    """
    if not folder.is_valid():
        raise FolderGone(str(folder.root))
    line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **values}
    content = (json.dumps(line, ensure_ascii=False) + "\n").encode()
    try:
        handle = os.open(folder.events, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except FileNotFoundError as error:
        raise FolderGone(str(folder.root)) from error
    try:
        if _ends_torn(folder.events):
            content = b"\n" + content
        if os.write(handle, content) < len(content):  # so a disk tells that this filled it
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder.events))
    finally:
        os.close(handle)


def _ends_torn(path: Path) -> bool:
    """Return True if a killed worker left half a line at the end."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def read_events(folder: RunFolder, *, progress: bool = True) -> list[dict[str, Any]]:
    """Return the story so far; a torn or damaged line is left out.

    Parameters
    ----------
    progress : bool
        False leaves out progress that lies between progress: hours of work leave tens of thousands
        of such lines, and only the first and the last one say how fast it goes and how far it is.
    """
    try:
        lines = folder.events.read_bytes().splitlines()
    except OSError:
        return []
    if not progress:
        lines = without_middle(lines)
    events = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if _is_whole(event):
            events.append(event)
    return events


def _is_whole(event: Any) -> bool:
    """Tell whether a line has what its kind of event says; a bent one would break every page."""
    try:
        if datetime.fromisoformat(event["at"]).tzinfo is None:
            return False
        if event["event"] in ("progress", "warning", "failed"):
            str(Message.from_json(event["message"]))
        if event["event"] == "progress":
            float(event["fraction"])
        if event["event"] == "metric":
            return isinstance(event["values"], dict)
        return isinstance(event["event"], str)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, AssertionError):
        return False


_TAIL_BYTES = 16 * 1024
_PROGRESS = b'"event": "progress"'  # as core.jobs.folder.append_event writes it


def last_event(path: Path) -> str:
    """Return the name of the last whole event of a file, "" where there is none.

    Only the end of the file is read: the story of a long run is megabytes.
    """
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            return str(event["event"])
    return ""


def without_middle(lines: Sequence[bytes]) -> list[bytes]:
    """Return the lines without those of progress in the middle of others of progress.

    The first and the last of each stretch say how fast a job goes and how far it is. The last but
    one stays as well: a killed worker may have torn the last.
    """
    told = [_PROGRESS in line for line in lines]
    around = [False, *told, False, False]
    inside = [all(around[place : place + 4]) for place in range(len(lines))]
    return [line for line, middle in zip(lines, inside, strict=True) if not middle]
