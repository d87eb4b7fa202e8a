"""The process that forks one child per file: see :mod:`core.jobs.limited`.

It has loaded what files are read with, runs no thread, knows no secret and opens no file itself.
Each child has limits of memory, computing time and output; it is killed as soon as whoever asked
for it lets go of its end of the line.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from core.errors import AppError
from core.jobs.parcel import pack, unpack
from core.messages import Message
from core.progress import SilentReporter

VALUE, ERROR, LIMIT, FAILURE = "value", "error", "limit", "failure"
MEMORY, OUTPUT = "memory_mb", "output_mb"  # limits, as the request names them
LONGEST_REQUEST = 65_536
_MB = 1_000_000
_LAST_WORDS_MB = 50  # memory to tell that there was not enough of it
_TELL_EVERY_S = 0.1
_LONGEST_LINE = 4000  # of progress; a pipe takes so much whole
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def serve(control: socket.socket, preload: Sequence[str]) -> None:
    """Fork children until the other end of the line is closed.

    Parameters
    ----------
    control : socket
        Each message is a request with the files of :func:`_child`.
    preload : sequence of str
        Modules to load first; ``module:function`` calls a function without arguments, too.
    """
    for name in preload:
        module, _, function = name.partition(":")
        loaded = importlib.import_module(module)
        if function:
            getattr(loaded, function)()
    gc.collect()
    gc.freeze()  # so that children share what was loaded
    children: dict[int, socket.socket] = {}
    selector = selectors.DefaultSelector()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    selector.register(control, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fd == woken:
                os.read(woken, 512)
                _reap(children, selector)
            elif key.fileobj is control:
                message, files, _, _ = socket.recv_fds(control, LONGEST_REQUEST, 4)
                if not message:
                    for pid in children:
                        os.kill(pid, signal.SIGKILL)
                    return
                ours = (control.fileno(), woken, wake, *(s.fileno() for s in children.values()))
                pid = os.fork()
                if pid == 0:
                    _child(json.loads(message), files, ours)
                for file in files[:3]:
                    os.close(file)
                line = socket.socket(fileno=files[3])
                children[pid] = line
                selector.register(line, selectors.EVENT_READ, pid)
            elif key.data in children:  # nobody waits for this child any more
                os.kill(key.data, signal.SIGKILL)
                selector.unregister(key.fileobj)


def _reap(children: dict[int, socket.socket], selector: selectors.BaseSelector) -> None:
    """Tell of each child that has ended how it did, and what it took."""
    while children:
        pid, status, used = os.wait4(-1, os.WNOHANG)
        if not pid:
            return
        line = children.pop(pid)
        if line.fileno() in selector.get_map():
            selector.unregister(line)
        told = {
            "status": os.waitstatus_to_exitcode(status),
            "cpu_seconds": used.ru_utime + used.ru_stime,
            "peak_mb": used.ru_maxrss * 1024 / _MB,
        }
        with suppress(OSError):  # nobody listens any more
            line.send(json.dumps(told).encode())
        line.close()


def _child(request: Mapping[str, Any], files: Sequence[int], foreign: Sequence[int]) -> NoReturn:
    """Do what is asked and write what came of it; never returns.

    Parameters
    ----------
    files : four file descriptors
        The parcel of arguments, the parcel of the answer, the line for progress, and the line that
        belongs to the parent.
    foreign : sequence of int
        Files of the parent and of other children.
    """
    try:
        for file in (*foreign, files[3]):
            os.close(file)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _limit(request)
        _answer(request, files[0], files[1], _LineReporter(files[2]))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _limit(request: Mapping[str, Any]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        # of all processes the kernel shall end this one first when memory runs out
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold people's texts
    _soft(resource.RLIMIT_FSIZE, int(request["output_mb"] * _MB), 0)
    seconds = max(1, round(request["cpu_seconds"]))
    _soft(resource.RLIMIT_CPU, seconds, 2)
    held = _held_bytes()
    _soft(resource.RLIMIT_DATA, held + int(request["memory_mb"] * _MB), _LAST_WORDS_MB * _MB)


def _soft(kind: int, most: int, more: int) -> None:
    """Set a limit, with some room above it; never more than there was."""
    _, hard = resource.getrlimit(kind)
    hard = most + more if hard == resource.RLIM_INFINITY else min(hard, most + more)
    resource.setrlimit(kind, (min(most, hard), hard))


def _held_bytes() -> int:
    """Return how much memory for data this process has already: what was loaded before."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0


def _answer(request: Mapping[str, Any], arguments: int, answer: int, report: _LineReporter) -> None:
    answered: object
    try:
        with os.fdopen(arguments, "rb") as file:
            given, options = unpack(file)
        module, _, name = request["function"].partition(":")
        function = getattr(importlib.import_module(module), name)
        if request["reports"]:
            options["report"] = report
        answered = (VALUE, function(*given, **options))
        given = options = function = None
        with os.fdopen(os.dup(answer), "wb") as file:
            pack(answered, file)
        return
    except BaseException as error:
        answered = _failed(error)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
    os.ftruncate(answer, 0)
    os.lseek(answer, 0, os.SEEK_SET)
    with os.fdopen(answer, "wb") as file:
        pack(answered, file)


def _failed(error: BaseException) -> tuple[str, *tuple[object, ...]]:
    causes: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in causes:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    # parsers that meet everything with one sentence say "damaged" of a file that is only large
    if any(isinstance(cause, MemoryError) for cause in causes):
        return LIMIT, MEMORY
    if any(isinstance(cause, OSError) and cause.errno == errno.EFBIG for cause in causes):
        return LIMIT, OUTPUT
    if isinstance(error, AppError):
        return ERROR, type(error).__name__, error.message
    lines = traceback.format_exception(error)
    return FAILURE, f"{type(error).__name__}: {error}"[:200], "".join(lines)[-10_000:]


class _LineReporter(SilentReporter):
    """Tells progress as lines, a few a second and each new step."""

    def __init__(self, line: int) -> None:
        self._line, self._last, self._step = line, 0.0, ""
        os.set_blocking(line, False)

    def progress(self, fraction: float, message: Message) -> None:
        """Write a line; whoever does not read misses it."""
        now = time.monotonic()
        if now - self._last < _TELL_EVERY_S and message.template == self._step:
            return
        self._last, self._step = now, message.template
        told = json.dumps([fraction, message.to_json()]).encode() + b"\n"
        with suppress(OSError):  # the line is full, or nobody listens any more
            if len(told) <= _LONGEST_LINE:
                os.write(self._line, told)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
