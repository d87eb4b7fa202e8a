"""Ask an embeddings API, patiently: paced, repeated with growing pauses, and stoppable."""

from __future__ import annotations

import http.client
import json
import random
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message as Headers
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from core.errors import ExpertError, Stopped
from core.experts.api_connection import ApiConnection, check_host, is_loopback
from core.experts.api_reply import quota_is_gone, read_vectors, refusal

_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
_SLICE = 0.5  # seconds between two looks whether to stop
_LARGEST_REPLY = 256 * 1024 * 1024  # bytes; 64 vectors of 8,192 numbers are about 12 MB


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


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are errors: texts and key go where the user confirmed, nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


class ApiClient:
    """Sends texts to one API and returns their vectors.

    Parameters
    ----------
    connection : ApiConnection
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
        connection: ApiConnection,
        environment: Mapping[str, str],
        *,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        wall: Callable[[], float] = time.time,
        seed: int = 0,
    ) -> None:
        check_host(connection, environment)
        self._connection, self._patience = connection, patience or Patience()
        self._key = find_key(connection, environment)
        self._clock, self._sleep, self._wall = clock, sleep, wall
        self._random = random.Random(seed)  # noqa: S311  (spreads pauses, keeps no secret)
        self._next_at = -1e18
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if is_loopback(urlsplit(connection.base_url).hostname or ""):
            handlers.append(urllib.request.ProxyHandler({}))  # this machine needs no proxy
        self._opener = urllib.request.build_opener(*handlers)

    def embed(
        self, texts: Sequence[str], should_stop: Callable[[], bool] = lambda: False
    ) -> np.ndarray:
        """Return unit vectors of texts that go out in one request, float32 [n, d].

        Raises
        ------
        RefusedError
            If the server does not take these texts; fewer or shorter ones it may take.
        ExpertError
            If asking again would not help, or did not.
        Stopped
            If asked to stop while waiting.
        """
        settings: dict[str, Any] = {"model": self._connection.model, "input": list(texts)}
        if self._connection.dimensions is not None:
            settings["dimensions"] = self._connection.dimensions
        # A lone surrogate from a broken file is no text that any server could read.
        content = json.dumps(settings | {"encoding_format": "float"}, ensure_ascii=False)
        body = content.encode("utf-8", "replace")
        reason = ""
        for attempt in range(self._patience.attempts):
            self._wait(self._next_at - self._clock(), should_stop)
            self._next_at = self._clock() + 60 / self._connection.requests_per_minute
            asked: float | None = None
            try:
                status, headers, reply = self._request(body)
            except ssl.SSLCertVerificationError as error:
                raise ExpertError(
                    "{host} cannot prove who it is ({reason}), so nothing was sent. Check the "
                    "address; inside a company its certificates may have to be installed here.",
                    host=self._connection.host,
                    reason=error.verify_message,
                ) from None
            except (OSError, http.client.HTTPException) as error:
                reason = _cause(error)
            else:
                if status == 200:
                    return read_vectors(reply, len(texts), self._connection)
                if status not in _TRANSIENT or (status == 429 and quota_is_gone(reply)):
                    location = headers.get("Location", "")
                    raise refusal(status, reply, location, self._connection, self._key)
                reason, asked = f"status {status}", retry_after(headers, self._wall())
            if attempt + 1 < self._patience.attempts:
                self._wait(self._pause(attempt, asked), should_stop)
        raise ExpertError(
            "{host} did not answer in {attempts} attempts (the last time: {reason}). What was "
            "answered before is kept. Let the experts score again later: only the rest is sent.",
            host=self._connection.host,
            attempts=self._patience.attempts,
            reason=reason,
        )

    def _request(self, body: bytes) -> tuple[int, Headers, bytes]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        # The address was checked to be https, or http on this machine.
        request = urllib.request.Request(self._connection.url, body, headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=self._patience.timeout) as answer:
                return answer.status, answer.headers, self._read(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read(20_000)
        except urllib.error.URLError as error:
            raise error.reason if isinstance(error.reason, OSError) else error from None

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        """Read a reply; one that trickles in without end is given up like one that never comes."""
        deadline = self._clock() + self._patience.timeout
        parts, size = [], 0
        while part := answer.read1(1 << 20):
            parts.append(part)
            size += len(part)
            if self._clock() > deadline or size > _LARGEST_REPLY:
                raise TimeoutError
        if answer.length:  # read1 does not complain about a reply that was cut off
            raise http.client.IncompleteRead(b"", answer.length)
        return b"".join(parts)

    def _pause(self, attempt: int, asked: float | None) -> float:
        limits = self._patience
        if asked is not None and asked > limits.longest_asked:
            raise ExpertError(
                "{host} asks to wait {minutes} minutes. What was answered before is kept. Let the "
                "experts score again after that: only the rest is sent.",
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


def find_key(connection: ApiConnection, environment: Mapping[str, str]) -> str:
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


def retry_after(headers: Headers, now: float) -> float | None:
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
    if isinstance(error, TimeoutError):
        return "timeout"
    return str(getattr(error, "strerror", None) or type(error).__name__)
