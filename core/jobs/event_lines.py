"""The lines of a job's story, as far as they can be judged without reading all of it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

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
