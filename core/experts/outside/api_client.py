"""Check where an API is, and ask it patiently: paced, repeated, and stoppable.

From its words to what was asked for, or to an error that says what to do. The key itself is kept
nowhere, only where it is found.
"""

from __future__ import annotations

import json
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any, Generic, Self, TypeVar
from urllib.parse import urlsplit

import numpy as np

from core.errors import ExpertError, Stopped
from core.experts.outside.guards import (
    check_address_written,
    check_host,
    checked_transport,
    proxies_of,
    web_address,
)
from core.messages import N_, N_n
from core.types.access import is_loopback
from core.types.scoring import ApiConnection, ChatConnection, ServerConnection

_Error = TypeVar("_Error", bound=BaseException)
_Connection = TypeVar("_Connection", bound=ServerConnection)
_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
_SLICE = 0.5  # seconds between two looks whether to stop
_LARGEST_REPLY = 256 * 1024 * 1024  # bytes; 64 vectors of 8,192 numbers are about 12 MB
_LARGEST_COMPLAINT = 20_000  # bytes that are read of any other answer
# A user names the variable, so it must be one that was made for this: a database password in
# another variable must not be sent to whatever host somebody types. Capital letters, because a
# key that is pasted here by mistake would be stored.
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,55}API_KEY|API_KEY")
_NAME = re.compile(r"[^\x00-\x1f,]{1,60}")


def checked(connection: _Connection, environment: Mapping[str, str]) -> _Connection:
    """Return a connection as it may be used: spaces gone, address in one spelling.

    Parameters
    ----------
    environment : mapping
        Of the server; ``API_HOSTS`` in it limits the hosts, see :mod:`core.experts.outside.guards`.

    Raises
    ------
    ExpertError
        If a field cannot be used; says which and why. The wrong variable name is not repeated:
        it may be a key that was pasted into the wrong field.
    """
    name = " ".join(connection.name.split())
    if not _NAME.fullmatch(name):
        raise ExpertError("A connection needs a name of 1 to 60 characters without commas.")
    if not connection.model.strip():
        raise ExpertError(
            "The connection {name} needs the name of a model, as the API calls it.", name=name
        )
    variable = connection.key_variable.strip()
    if variable and not _VARIABLE.fullmatch(variable):
        raise ExpertError(
            "The key of the API is never typed here: type the name of the environment variable "
            "that holds it, in capital letters and ending in API_KEY, for example {example}.",
            example="OPENAI_API_KEY",
        )
    for value, lowest, highest in _limits(connection):
        if value is not None and not lowest <= value <= highest:
            raise ExpertError(
                "{value} is out of range: this setting goes from {lowest} to {highest}.",
                value=value,
                lowest=lowest,
                highest=highest,
            )
    address = _address(connection.base_url.strip())
    done = replace(
        connection,
        name=name,
        base_url=address,
        model=connection.model.strip(),
        key_variable=variable,
    )
    check_host(done, environment)
    return done


def _limits(connection: ServerConnection) -> list[tuple[float | None, int, int]]:
    """Return the numbers of a connection with the lowest and the highest that they may be."""
    limits: list[tuple[float | None, int, int]] = [
        (connection.longest, 20, 999_999),
        (connection.requests_per_minute, 1, 999_999),
        (connection.price, 0, 999_999),
    ]
    if isinstance(connection, ApiConnection):
        limits.append((connection.dimensions, 1, 999_999))
    if isinstance(connection, ChatConnection):
        limits += [(connection.repeats, 1, 9), (connection.most_pairs, 1, 999_999)]
        limits += [(connection.pairs_per_request, 1, 50), (connection.requests_at_once, 1, 64)]
        counts = (connection.top, connection.disputed, connection.random)
        limits += [(count, 0, 100) for count in counts]
    return limits


def _address(url: str) -> str:
    """Return a base URL in one spelling, so that the same API is the same expert."""
    parts = web_address(url)
    if parts is None:
        raise ExpertError(
            "This is no address of an API. Type it as its documentation gives it, for example "
            "{example}.",
            example="https://api.openai.com/v1",
        )
    host = parts.hostname or ""
    if parts.username is not None or parts.query or parts.fragment:
        raise ExpertError(
            "The address of {host} holds more than host and path. User names, passwords, keys "
            "and whatever follows ? or # would be stored: leave them out.",
            host=host,
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise ExpertError(
            "The address of {host} begins with http://: everybody on the way could read texts "
            "and key. Use https://; only a server on this machine may do without.",
            host=host,
        )
    path = re.sub(r"/+(embeddings|chat/completions)/*$", "", parts.path).rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


@dataclass(frozen=True)
class Patience:
    """How long to wait for an API.

    Attributes
    ----------
    attempts : int
        Requests for one batch before giving up.
    timeout : float in seconds
        Without a sign of life, and for a whole reply.
    first_pause, longest_pause : float in seconds
        The pause doubles with each failure; up to half of it is taken off at random, so that
        several workers do not come back at the same instant.
    longest_asked : float in seconds
        A server that asks for a longer pause (``Retry-After``) is not waited for.
    """

    attempts: int = 6
    timeout: float = 60.0
    first_pause: float = 1.0
    longest_pause: float = 30.0
    longest_asked: float = 300.0


class ServerClient(Generic[_Connection]):
    """Sends documents to one API; a context manager, which hangs up. Threads may share it.

    Parameters
    ----------
    connection : ServerConnection
    environment : mapping
        Holds the key under ``connection.key_variable``.
    clock, sleep : functions
        Seconds.
    wall : function
        Unix time, for a ``Retry-After`` that is a date.
    seed : int
        Of the random part of pauses.

    Raises
    ------
    ExpertError
        If the key is not there or cannot be sent, or the host is not allowed here.
    """

    def __init__(
        self,
        connection: _Connection,
        environment: Mapping[str, str],
        *,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        wall: Callable[[], float] = time.time,
        seed: int = 0,
    ) -> None:
        import httpx2  # here, because pages that merely name an API do not pay for it

        check_host(connection, environment)
        self._connection, self._patience = connection, patience or Patience()
        self._key = find_key(connection, environment)
        self._clock, self._sleep, self._wall = clock, sleep, wall
        self._random = random.Random(seed)  # noqa: S311  (spreads pauses, keeps no secret)
        self._next_at, self._turns = -1e18, threading.Lock()
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # so that the limit is on what is really held
        }
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        # The system's own certificates, to which a company adds its own.
        certificates = ssl.create_default_context()
        place = urlsplit(connection.base_url)
        proxy = proxies_of(place.hostname or "").get(place.scheme)
        direct = None if proxy else checked_transport(connection, environment, certificates)
        if proxy:
            check_address_written(connection, environment)
        self._http = httpx2.Client(
            headers=headers,
            timeout=self._patience.timeout,
            # Texts and key go where the user confirmed, nowhere else.
            follow_redirects=False,
            trust_env=False,
            verify=certificates,
            proxy=proxy,
            transport=direct,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def post(
        self, document: Mapping[str, Any], should_stop: Callable[[], bool] = lambda: False
    ) -> bytes:
        """Send a document and return what the API answers, asking again where that may help.

        Raises
        ------
        RefusedError
            If the server does not take this document; a smaller or simpler one it may take.
        ExpertError
            If asking again would not help, or did not.
        Stopped
            If asked to stop while waiting.
        """
        import httpx2

        # A lone surrogate from a broken file is no text that any server could read.
        body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
        reason = ""
        for attempt in range(self._patience.attempts):
            with self._turns:
                turn = max(self._next_at, self._clock())
                self._next_at = turn + 60 / self._connection.requests_per_minute
            self._wait(turn - self._clock(), should_stop)
            asked: float | None = None
            try:
                status, headers, reply = self._request(body)
            except (httpx2.TransportError, TimeoutError) as error:
                certificate = _find(error, ssl.SSLCertVerificationError)
                if certificate is not None:
                    raise ExpertError(
                        "{host} cannot prove who it is ({reason}), so nothing was sent. Check the "
                        "address; inside a company its certificates may have to be installed here.",
                        host=self._connection.host,
                        reason=certificate.verify_message,
                    ) from None
                reason = _cause(error)
            else:
                if status == 200:
                    return reply
                if status not in _TRANSIENT or (status == 429 and _quota_is_gone(reply)):
                    raise refusal(status, self._connection)
                reason, asked = f"status {status}", _retry_after(headers, self._wall())
            if attempt + 1 < self._patience.attempts:
                pause = self._pause(attempt, asked)
                if asked is not None:  # whoever else asks at the same time is asked to wait, too
                    with self._turns:
                        self._next_at = max(self._next_at, self._clock() + pause)
                self._wait(pause, should_stop)
        raise ExpertError(
            "{host} did not answer in {attempts} attempts (the last time: {reason}). What was "
            "answered before is kept. Let the experts score again later: only the rest is sent.",
            host=self._connection.host,
            attempts=self._patience.attempts,
            reason=reason,
        )

    def _request(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Send and read; a reply that trickles in without end is given up like none at all."""
        with self._http.stream("POST", self._connection.url, content=body) as reply:
            deadline = self._clock() + self._patience.timeout
            parts, size = [], 0
            for part in reply.iter_raw():
                parts.append(part)
                size += len(part)
                if reply.status_code != 200 and size >= _LARGEST_COMPLAINT:
                    break
                if self._clock() > deadline or size > _LARGEST_REPLY:
                    raise TimeoutError
            return reply.status_code, reply.headers, b"".join(parts)

    def _pause(self, attempt: int, asked: float | None) -> float:
        limits = self._patience
        if asked is not None and asked > limits.longest_asked:
            raise ExpertError(
                N_n(
                    "{host} asks to wait {minutes} minute. What was answered before is "
                    "kept. Let the experts score again after that: only the rest is "
                    "sent.",
                    "{host} asks to wait {minutes} minutes. What was answered before "
                    "is kept. Let the experts score again after that: only the rest is "
                    "sent.",
                    by="minutes",
                ),
                host=self._connection.host,
                minutes=round(asked / 60),
            )
        own = min(limits.first_pause * 2**attempt, limits.longest_pause)
        own *= 1 - self._random.random() / 2
        return own if asked is None else max(asked, own)

    def _wait(self, seconds: float, should_stop: Callable[[], bool]) -> None:
        until = self._clock() + max(seconds, 0)
        while True:
            if should_stop():
                raise Stopped
            left = until - self._clock()
            if left <= 0:
                return
            self._sleep(min(left, _SLICE))


class ApiClient(ServerClient[ApiConnection]):
    """Sends texts to one embeddings API and returns their vectors."""

    def embed(
        self, texts: Sequence[str], should_stop: Callable[[], bool] = lambda: False
    ) -> np.ndarray:
        """Return unit vectors of texts that go out in one request, float32 [n, d].

        Raises
        ------
        RefusedError, ExpertError, Stopped
            See :meth:`post`.
        """
        settings: dict[str, Any] = {"model": self._connection.model, "input": list(texts)}
        if self._connection.dimensions is not None:
            settings["dimensions"] = self._connection.dimensions
        reply = self.post(settings | {"encoding_format": "float"}, should_stop)
        return _read_vectors(reply, len(texts), self._connection)


def find_key(connection: ServerConnection, environment: Mapping[str, str]) -> str:
    """Return the key of an API, "" where none is needed; an ExpertError never repeats it."""
    variable = connection.key_variable
    if not variable:
        return ""
    key = environment.get(variable, "").strip()
    if not key:
        raise ExpertError(
            "The environment variable {variable} is not set, so there is no key for {host}. Set "
            "it before the app starts, or put it into .streamlit/secrets.toml.",
            variable=variable,
            host=connection.host,
        )
    # Checked here, because the library's own complaint would repeat the key.
    if not all("!" <= character <= "~" for character in key):
        raise ExpertError(
            "The key in the environment variable {variable} has spaces or characters that no key "
            "has. Copy it again.",
            variable=variable,
        )
    return key


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a server asks to wait, None where it does not say."""
    said = (headers.get("Retry-After") or "").strip()
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(said).timestamp() - now
        except (ValueError, TypeError):
            return None
    return max(seconds, 0.0) if np.isfinite(seconds) else None


def _cause(error: Exception) -> str:
    """Return in a few words why a request failed: the system's own where there are any."""
    import httpx2

    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return "timeout"
    system = _find(error, OSError)
    return str((system and system.strerror) or type(error).__name__)


def _find(error: BaseException | None, kind: type[_Error]) -> _Error | None:
    """Return the first error of a kind among those that caused an error."""
    while error is not None and not isinstance(error, kind):
        error = error.__cause__ or error.__context__
    return error


class RefusedError(ExpertError):
    """The server does not take this batch; a smaller one it may take."""


def _read_vectors(body: bytes, count: int, connection: ApiConnection) -> np.ndarray:
    """Return unit vectors in the order of the texts that were sent."""
    host = connection.host
    try:
        items = json.loads(body)["data"]
        rows = [item["embedding"] for item in items]
        places = [item.get("index") for item in items]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ExpertError(
            "The reply of {host} is not what an embeddings API sends ({reason}). Check the base "
            "URL: it usually ends in /v1.",
            host=host,
            reason=type(error).__name__,
        ) from None
    if len(rows) != count:
        raise ExpertError(
            "{host} sent {got} vectors for {count} texts, so nobody knows which belongs to which. "
            "Nothing of this reply is kept. Ask whoever runs the API.",
            host=host,
            got=len(rows),
            count=count,
        )
    if any(place is not None for place in places):
        # Servers that work in parallel may answer out of order; "index" says what belongs where.
        if any(type(place) is not int for place in places) or set(places) != set(range(count)):
            raise ExpertError(
                "{host} numbered its {count} vectors wrongly, so nobody knows which belongs to "
                "which text. Nothing of this reply is kept. Ask whoever runs the API.",
                host=host,
                count=count,
            )
        rows = [row for _, row in sorted(zip(places, rows, strict=True), key=lambda one: one[0])]
    return _unit_vectors(rows, connection)


def _unit_vectors(rows: list[Any], connection: ApiConnection) -> np.ndarray:
    try:
        table = np.asarray(rows, np.float64)
    except (ValueError, TypeError):  # rows of unlike length, null, texts
        table = np.zeros(0)
    lengths = np.linalg.norm(table, axis=1) if table.ndim == 2 else np.zeros(1)
    if table.ndim != 2 or not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise ExpertError(
            "{host} sent vectors that are not lists of finite numbers of one length. Nothing of "
            "this reply is kept. Check that {model} is a model for embeddings.",
            host=connection.host,
            model=connection.model,
        )
    wanted = connection.dimensions
    if wanted is not None and table.shape[1] != wanted:
        raise ExpertError(
            "{host} sent vectors of {got} numbers, {wanted} were asked for. Leave the dimensions "
            "of the connection empty, or choose a model that can shorten its vectors.",
            host=connection.host,
            got=table.shape[1],
            wanted=wanted,
        )
    return np.asarray(table / lengths[:, None], np.float32)


def refusal(status: int, connection: ServerConnection) -> ExpertError:
    """Return the error for an answer that asking again does not change.

    Nothing of what the server says is passed on: it may repeat the key or the texts, or be made to
    mislead who reads it.

    Returns
    -------
    ExpertError
        ``RefusedError`` where fewer or shorter texts may be taken.
    """
    host = connection.host
    if 300 <= status < 400:
        return ExpertError(
            "{host} sends us on to another address. Texts only go to the address that was "
            "confirmed: enter the final address as base URL.",
            host=host,
        )
    if status in (401, 403):
        return ExpertError(
            "{host} does not accept the key (status {status}). Check that the environment "
            "variable {variable} holds a valid key with access to {model}, restart the app, and "
            "let the experts score again.",
            host=host,
            status=status,
            variable=connection.key_variable or "…_API_KEY",
            model=connection.model,
        )
    if status == 404:
        return ExpertError(
            "{host} knows neither this address nor the model {model} (status 404). Check base "
            "URL (it usually ends in /v1) and model.",
            host=host,
            model=connection.model,
        )
    if status in (402, 429):
        return ExpertError(
            "{host} says that the quota of this key is used up (status {status}). Raise it there, "
            "then let the experts score again: only the rest is sent.",
            host=host,
            status=status,
        )
    kind = RefusedError if status in (400, 413, 422) else ExpertError
    return kind(
        N_(
            "{host} refuses the texts (status {status}). If they are too long for it, set the "
            "longest text of the connection."
        ),
        host=host,
        status=status,
    )


def _quota_is_gone(body: bytes) -> bool:
    """Return True if "too many requests" means: no credit left, waiting does not help."""
    return b"insufficient_quota" in body
