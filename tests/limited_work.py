"""What tests let a child process do: take too much, fail, end badly, tell how far it is."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from core.data.table import Table
from core.errors import LabelError
from core.messages import Message
from core.progress import Reporter


def take_memory(megabytes: int) -> int:
    return len(bytearray(megabytes * 1_000_000))


def take_memory_quietly(megabytes: int) -> int:
    """As a parser does that calls everything damaged."""
    try:
        return take_memory(megabytes)
    except Exception as error:
        raise LabelError("It is damaged.") from error


def walk(depth: int) -> int:
    """As a function does that walks through lists inside lists."""
    return 1 + walk(depth - 1) if depth else 0


def compute() -> None:
    while True:
        pass


def wait(mark: str, report: Reporter) -> None:
    """Leave the process id in a file and tell progress for ever."""
    Path(mark).write_text(str(os.getpid()), encoding="utf-8")
    while True:
        report.progress(0.25, Message("Reading row {row}", {"row": 7}))
        time.sleep(0.02)


def answer(megabytes: int) -> bytes:
    return bytes(megabytes * 1_000_000)


def write(megabytes: int, path: str) -> None:
    Path(path).write_bytes(bytes(megabytes * 1_000_000))


def crash() -> None:
    os.abort()


def fail() -> None:
    raise KeyError("nobody thought of this")


def refuse() -> None:
    raise LabelError("Row {row} is odd.", row=3)


def secrets() -> list[str]:
    return sorted(os.environ)


def same(table: Table) -> Table:
    return table


def pid() -> int:
    return os.getpid()


def loaded_modules() -> list[str]:
    return sorted({name.split(".")[0] for name in sys.modules})
