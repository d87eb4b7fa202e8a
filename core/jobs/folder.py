"""The run folder: request, lock, events, log, checkpoints, model, result."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import JobError
from core.workspace.layout import read_json, write_json


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
    def cancel(self) -> Path:
        """An empty file here means: please stop."""
        return self.root / "cancel"

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
    def result(self) -> Path:
        """What came out; there only if the job finished."""
        return self.root / "result.json"

    @property
    def arrays(self) -> Path:
        """Numbers that belong to the result and are too many for JSON."""
        return self.root / "arrays.safetensors"

    def is_valid(self) -> bool:
        """Return True if the folder holds a request."""
        return self.request.is_file()

    def read_request(self) -> dict[str, Any]:
        """Return the request; raises WorkspaceError if it is missing or damaged."""
        return read_json(self.request)

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
    """
    line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **values}
    content = (json.dumps(line, ensure_ascii=False) + "\n").encode()
    handle = os.open(folder.events, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        if _ends_torn(folder.events):
            content = b"\n" + content
        os.write(handle, content)
    finally:
        os.close(handle)


def _ends_torn(path: Path) -> bool:
    """Return True if a killed worker left half a line at the end."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def read_events(folder: RunFolder) -> list[dict[str, Any]]:
    """Return the story so far; a torn or damaged line is left out."""
    try:
        lines = folder.events.read_bytes().splitlines()
    except OSError:
        return []
    events = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and "event" in event:
            events.append(event)
    return events
