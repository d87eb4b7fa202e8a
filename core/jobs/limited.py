"""Do one thing with foreign data in a process of its own, with limits: :func:`run_limited`.

A server process (:mod:`core.jobs.limited_server`) that has loaded what files are read with forks a
child per call, so that a small file costs milliseconds more than in this process. The app itself is
never forked: it has threads. Arguments and answers are parcels (:mod:`core.jobs.parcel`) and no
pickles: a child that a file has taken over can hand back wrong data, no code. It has none of the
app's secrets in its environment.

Linux only; elsewhere the function is called in this process, without limits.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, TypeVar

from core.errors import AppError, DataError, JobError, LimitError, Stopped
from core.jobs.launchers import REPOSITORY
from core.jobs.parcel import pack, unpack
from core.messages import N_, Message
from core.progress import Reporter, SilentReporter

log = logging.getLogger(__name__)
Result = TypeVar("Result")

ROOM_PER_MB = 8
AVAILABLE = sys.platform == "linux"
# What is told where the reader itself failed.
_UNEXPECTED = N_(
    "{name} cannot be read: it holds something that the reader does not expect ({detail}). Export "
    "it again, or save it in another format."
)
_ENDED = N_(
    "The process that read {name} ended unexpectedly ({status}): the file is probably damaged. "
    "Nothing was kept. Export it again, or save it in another format."
)
UNFORESEEN = (_UNEXPECTED, _ENDED)
# Any function that walks through what a file holds can meet it; readers leave it to this module.
_TOO_DEEP = N_(
    "{name} holds lists or objects inside one another so deep that they cannot be read. "
    "Export it as a plain table."
)
_LOOK_EVERY_S = 0.1
_LONGEST_NEWS = 1_000_000  # bytes of progress without an end of line
_NEARLY = 0.8  # of the memory allowed: who is killed or ends badly there had too little of it
# What a child may know of this process's environment: where programs lie, language, no secrets.
_KEPT = ("PATH", "HOME", "LANG", "LANGUAGE", "TMPDIR", "TZ", "VIRTUAL_ENV")
_KEPT_PREFIXES = ("LC_", "PYTHON", "LD_LIBRARY")
# One thread each: threads do not survive a fork, and each takes address space for its stack.
_SINGLE = {
    name: "1"
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
}
_ALLOCATOR = {"ARROW_DEFAULT_MEMORY_POOL": "system"}  # the others reserve far more than they use


@dataclass(frozen=True)
class Limits:
    """What one call may take.

    Attributes
    ----------
    memory_mb : float > 0
        Besides what the loaded program takes itself, and :data:`ROOM_PER_MB` for each MB of what
        is handed over: large files need more without being odd.
    cpu_seconds : float > 0
    output_mb : float > 0
        Size of the answer, and of any file that is written meanwhile.
    """

    memory_mb: float = 2000
    cpu_seconds: float = 600
    output_mb: float = 2000

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Limits:
        """Return the limits that the environment sets (:data:`VARIABLES`), the usual ones else.

        Raises
        ------
        JobError
            If one of them is not a number above 0.
        """
        given: dict[str, float] = {}
        for field, name in VARIABLES.items():
            text = environment.get(name, "").strip()
            if not text:
                continue
            try:
                given[field] = float(text)
            except ValueError:
                given[field] = 0.0
            if not 0 < given[field] < 1e9:
                raise JobError(
                    "The setting {name} of the server is {value}; it must be a number above 0.",
                    name=name,
                    value=text[:40],
                )
        return cls(**given)


VARIABLES: Mapping[str, str] = {
    "memory_mb": "UPLOAD_MEMORY_MB",
    "cpu_seconds": "UPLOAD_CPU_SECONDS",
    "output_mb": "UPLOAD_OUTPUT_MB",
}
_REACHED: Mapping[str, str] = {
    "memory_mb": N_(
        "Reading {name} took more than {limit} MB of memory and was stopped; nothing was kept. "
        "Upload a part of it, or raise {setting} on the server."
    ),
    "cpu_seconds": N_(
        "Reading {name} took more than {limit} seconds of computing and was stopped; nothing "
        "was kept. Upload a part of it, or raise {setting} on the server."
    ),
    "output_mb": N_(
        "What was read from {name} takes more than {limit} MB; nothing was kept. Upload a part of "
        "it, or raise {setting} on the server."
    ),
}


@dataclass(frozen=True)
class Used:
    """What a call took: seconds of computing, and its peak of memory with the loaded program."""

    cpu_seconds: float
    peak_mb: float


def run_limited(
    function: Callable[..., Result],
    *arguments: object,
    name: str,
    limits: Limits,
    preload: Sequence[str] = (),
    report: Reporter | None = None,
    reports: bool = False,
    on_end: Callable[[Used], None] | None = None,
    **options: Any,
) -> Result:
    """Call a function in a child process with limits, and return what it returns.

    Parameters
    ----------
    function : function of a module of ``core``
    *arguments, **options
        Its own; documents, see :mod:`core.jobs.parcel`.
    name : str
        What is read, for messages.
    preload : sequence of str
        Modules that the server loads when it starts, see :func:`core.jobs.limited_server.serve`.
    report : Reporter or None
        Told how far it is, and asked about ten times a second whether to stop; the child is killed
        then, and also if the reporter raises.
    reports : bool
        Whether the function takes a reporter as its option ``report``.
    on_end : callable or None
        Gets what the child took.

    Raises
    ------
    Stopped
        If the reporter wants to stop.
    LimitError
        If a limit was reached; the text names it and the setting that raises it.
    AppError
        What the function raised, of the same kind.
    DataError
        If it raised what nobody foresaw, or ended the process; the log has the details.
    """
    report = report or SilentReporter()
    if not AVAILABLE:
        try:
            return function(*arguments, **(options | ({"report": report} if reports else {})))
        except RecursionError as error:
            raise DataError(_TOO_DEEP, name=name) from error
    request: dict[str, object] = {
        "function": f"{function.__module__}:{function.__qualname__}",
        "reports": reports,
        "cpu_seconds": limits.cpu_seconds,
        "output_mb": limits.output_mb,
    }
    with _memory_file() as given, _memory_file() as answer:
        pack((arguments, options), given)
        given.flush()
        room = ROOM_PER_MB * given.tell() / 1_000_000
        limits = replace(limits, memory_mb=limits.memory_mb + room)
        request["memory_mb"] = limits.memory_mb
        given.seek(0)
        ended = _follow(json.dumps(request).encode(), given, answer, report, preload)
        if on_end is not None and ended:
            on_end(Used(ended["cpu_seconds"], ended["peak_mb"]))
        answer.seek(0)
        return _outcome(ended, answer, name, limits)


@contextlib.contextmanager
def _memory_file() -> Iterator[BinaryIO]:
    """Yield a file that lies in memory and can be handed to another process."""
    try:
        handle = os.memfd_create("parcel")
    except OSError as error:
        raise _not_started(error) from error
    with os.fdopen(handle, "w+b") as file:
        yield file


def _follow(
    request: bytes, given: BinaryIO, answer: BinaryIO, report: Reporter, preload: Sequence[str]
) -> Mapping[str, Any]:
    """Hand a request to the server and wait; return how the child ended, empty if nobody knows."""
    try:
        mine, theirs = socket.socketpair()
        news, tell = os.pipe()
    except OSError as error:
        raise _not_started(error) from error
    with mine, theirs, os.fdopen(news, "rb", 0) as heard, selectors.DefaultSelector() as selector:
        try:
            SERVER.send(request, (given.fileno(), answer.fileno(), tell, theirs.fileno()), preload)
        finally:
            os.close(tell)
            theirs.close()
        os.set_blocking(news, False)
        selector.register(mine, selectors.EVENT_READ)
        selector.register(heard, selectors.EVENT_READ)
        pending = b""
        while True:
            ready = {key.fileobj for key, _ in selector.select(_LOOK_EVERY_S)}
            if heard in ready:
                more = heard.read(65_536) or b""
                if not more:
                    selector.unregister(heard)
                *lines, pending = (pending + more).split(b"\n")
                for line in lines:
                    _tell(line, report)
                if len(pending) > _LONGEST_NEWS:
                    return {}
            if mine in ready:
                ended = mine.recv(4096)
                return dict(json.loads(ended)) if ended else {}
            if report.should_stop():
                raise Stopped


def _tell(line: bytes, report: Reporter) -> None:
    """Pass on what a line of progress says; one that says nothing is left out."""
    try:
        share, document = json.loads(line)
        message, fraction = Message.from_json(document), min(1.0, max(0.0, float(share)))
        str(message)
    except (ValueError, TypeError, KeyError, IndexError, AssertionError, AttributeError):
        return
    report.progress(fraction, message)


def _outcome(ended: Mapping[str, Any], answer: BinaryIO, name: str, limits: Limits) -> Any:
    status = ended.get("status")
    size = os.fstat(answer.fileno()).st_size
    if status == 0 and 0 < size <= limits.output_mb * 1_000_000 + 1_000_000:
        kind, *told = unpack(answer)
        if kind == "value":
            return told[0]
        if kind == "error":
            raise _error(told[0], told[1])
        if kind == "limit":
            raise _limit_reached(told[0], name, limits)
        log.error("reading %r failed\n%s", name[:100], told[1])
        if str(told[0]).startswith(RecursionError.__name__):
            raise DataError(_TOO_DEEP, name=name)
        raise DataError(_UNEXPECTED, name=name, detail=str(told[0])[:200])
    if status == -signal.SIGXCPU or (
        status == -signal.SIGKILL and ended["cpu_seconds"] >= limits.cpu_seconds
    ):
        raise _limit_reached("cpu_seconds", name, limits)
    tight = bool(ended) and ended["peak_mb"] >= _NEARLY * limits.memory_mb
    if status == -signal.SIGKILL or tight:  # the kernel ends the largest when memory is short
        raise _limit_reached("memory_mb", name, limits)
    log.error("the process that read %r ended with %s", name[:100], status)
    raise DataError(_ENDED, name=name, status=_status(status))


def _status(status: int | None) -> str:
    if status is None:
        return "–"
    try:
        return signal.Signals(-status).name if status < 0 else str(status)
    except ValueError:
        return str(status)


def _limit_reached(limit: str, name: str, limits: Limits) -> LimitError:
    """Return what is told of a limit, named as in :class:`Limits`."""
    most = max(1, round(getattr(limits, limit)))
    return LimitError(_REACHED[limit], name=name, limit=most, setting=VARIABLES[limit])


def _error(kind: str, message: object) -> AppError:
    """Return the error of this name; a child's own, so of a kind that the product has."""
    known: dict[str, type[AppError]] = {}
    waiting: list[type[AppError]] = [AppError]
    while waiting:
        found = waiting.pop()
        known[found.__name__] = found
        waiting += found.__subclasses__()
    told = message if isinstance(message, Message) else Message("")
    error = known.get(kind, DataError).__new__(known.get(kind, DataError))
    error.message = told
    error.args = (told.template,)
    return error


def _not_started(error: OSError) -> JobError:
    return JobError(
        "The process that reads files cannot be started: {reason}. Free memory (close other "
        "programs), then try again.",
        reason=error.strerror or str(error),
    )


class LimitedServer:
    """The process that forks children, started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def start(self, preload: Sequence[str]) -> None:
        """Start it where it does not run; returns at once, what it loads takes a second or two.

        Raises
        ------
        JobError
            If no process can be started.
        """
        with self._lock:
            if not AVAILABLE or self._is_alive():
                return
            mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            command = [sys.executable, "-m", "core.jobs.limited_server", str(theirs.fileno())]
            try:
                self._process = subprocess.Popen(
                    [*command, *preload],
                    cwd=REPOSITORY,
                    env=_environment(os.environ),
                    stdin=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            except OSError as error:
                mine.close()
                raise _not_started(error) from error
            finally:
                theirs.close()
            self._line, self._owner = mine, os.getpid()

    def _is_alive(self) -> bool:
        return (
            self._owner == os.getpid()  # else a fork of whoever started it
            and self._process is not None
            and self._process.poll() is None
        )

    def send(self, request: bytes, files: Sequence[int], preload: Sequence[str]) -> None:
        """Send a request with its files, to a new server where the old one is gone."""
        for attempt in range(2):
            self.start(preload)
            try:
                with self._lock:
                    assert self._line is not None
                    socket.send_fds(self._line, [request], list(files))
                return
            except OSError as error:
                self.stop()
                if attempt:
                    raise _not_started(error) from error

    def stop(self) -> None:
        """End the server and all its children."""
        with self._lock:
            if self._line is not None:
                self._line.close()
            process, self._process, self._line = self._process, None, None
        if process is not None and self._owner == os.getpid():
            try:
                process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in environment.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIXES)
    }
    return kept | _SINGLE | _ALLOCATOR


SERVER = LimitedServer()
atexit.register(SERVER.stop)
