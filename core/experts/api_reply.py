"""From the words of an embeddings API to vectors, or to an error that says what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from core.errors import ExpertError
from core.experts.api_connection import ApiConnection
from core.messages import N_

_TOLD = 200  # characters of a server's own words that are passed on
_WINDOW = 8  # a run of so many characters of the key is taken for the key


class RefusedError(ExpertError):
    """The server does not take this batch; a smaller one it may take."""


def read_vectors(body: bytes, count: int, connection: ApiConnection) -> np.ndarray:
    """Return unit vectors in the order of the texts that were sent.

    Parameters
    ----------
    body : bytes
        The reply: ``{"data": [{"index": 0, "embedding": [...]}, ...]}``.
    count : int
        Texts that were sent.

    Returns
    -------
    float32 array [count, d]

    Raises
    ------
    ExpertError
        If the reply is no such document, or not one finite vector of the right length per text.
    """
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


def refusal(
    status: int, body: bytes, location: str, connection: ApiConnection, key: str
) -> ExpertError:
    """Return the error for an answer that asking again does not change.

    Parameters
    ----------
    location : str
        Where a redirect (status 3xx) leads; never followed.
    key : str
        The key that was sent: a server's words that repeat any of it are not passed on.

    Returns
    -------
    ExpertError
        ``RefusedError`` where fewer or shorter texts may be taken.
    """
    host = connection.host
    if 300 <= status < 400:
        return ExpertError(
            "{host} sends us on to another address ({location}). Texts only go to the address "
            "that was confirmed: enter the final address as base URL.",
            host=host,
            location=without_key(location, key) or "?",
        )
    if status in (401, 403):  # their words often repeat a part of the key: not passed on
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
            "URL (it usually ends in /v1) and model. Its own words: {words}",
            host=host,
            model=connection.model,
            words=without_key(_words(body), key) or "–",
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
            "longest text of the connection. Its own words: {words}"
        ),
        host=host,
        status=status,
        words=without_key(_words(body), key) or "–",
    )


def quota_is_gone(body: bytes) -> bool:
    """Return True if "too many requests" means: no credit left, waiting does not help."""
    return b"insufficient_quota" in body


def without_key(words: str, key: str) -> str:
    """Return a server's words, "" if they repeat any part of the key."""
    runs = {key[i : i + _WINDOW] for i in range(max(1, len(key) - _WINDOW + 1))} if key else set()
    return "" if any(run in words for run in runs) else words[:_TOLD]


def _words(body: bytes) -> str:
    """Return the message of an error document, else the text itself, on one line."""
    text = body.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return " ".join(text.split())
    for name in ("error", "message", "detail"):
        if isinstance(document, Mapping) and name in document:
            document = document[name]
    return " ".join(str(document).split())
