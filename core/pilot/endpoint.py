"""The search as an endpoint for programs: embeddings as OpenAI's API has them, search, metrics.

Vectors are those of the project's model, with the prompt of what a text is: a question or an
answer. OpenAI's API has no word for that, so it is said by ``input_type`` or by the model's name.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import BusyError
from core.evaluation.search import rank_one
from core.pilot.batching import MicroBatcher
from core.types.expert_entry import DOCUMENT, QUERY

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response

MOST_INPUTS = 2048  # texts in one request, as OpenAI's API allows
MOST_BYTES = 8 << 20  # of a request
MOST_RESULTS = 100
RETRY_AFTER = "1"  # seconds
LEAST_KEY = 12  # characters
# What others call the two kinds of texts: OpenAI-compatible servers of several makers.
INPUT_TYPES: Mapping[str, str] = {
    "query": QUERY,
    "search_query": QUERY,
    "document": DOCUMENT,
    "passage": DOCUMENT,
    "search_document": DOCUMENT,
}
Form = TypeVar("Form", bound=BaseModel)
_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, eq=False)
class Endpoint:
    """What is served.

    Attributes
    ----------
    model : str
        What the model is called; ``NAME-query`` and ``NAME-document`` say what the texts are, too.
    batchers : mapping of role to MicroBatcher
        ``query`` and ``document``.
    answers, ids : sequence of str
        Of the project, and what its file calls them.
    vectors : float32 array [n_a, d]
        Unit vectors of the answers.
    key : str
        What callers must know; "" = nothing, and only this machine may call.
    facts : mapping of str to str
        What ``/health`` says besides.
    """

    model: str
    batchers: Mapping[str, MicroBatcher]
    answers: Sequence[str]
    ids: Sequence[str]
    vectors: np.ndarray
    key: str = ""
    facts: Mapping[str, str] | None = None


class EmbeddingsRequest(BaseModel):
    """Body of ``POST /v1/embeddings``."""

    model_config = ConfigDict(extra="ignore")
    input: str | list[str]
    model: str = ""
    encoding_format: Literal["float", "base64"] = "float"
    input_type: str | None = None
    dimensions: int | None = None


class SearchRequest(BaseModel):
    """Body of ``POST /search``."""

    model_config = ConfigDict(extra="forbid")
    query: str = Field(min_length=1, max_length=10_000)
    limit: int = Field(default=10, ge=1, le=MOST_RESULTS)


class _RefusedError(Exception):
    """A request that is not answered, with what its sender is told."""

    def __init__(self, status: int, text: str, kind: str = "invalid_request_error") -> None:
        super().__init__(text)
        self.status, self.text, self.kind = status, text, kind


class _Meters:
    """What ``/metrics`` tells, in a registry of its own: two endpoints in one process are two."""

    def __init__(self, endpoint: Endpoint) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = CollectorRegistry()
        self.requests = Counter(
            "search_tuner_requests", "Requests", ["path", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "search_tuner_request_seconds",
            "Time from a request to its answer",
            ["path"],
            registry=self.registry,
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
        )
        for role, batcher in endpoint.batchers.items():
            for name, text, value in (
                ("texts", "Texts encoded", lambda b=batcher: b.texts),
                ("batches", "Batches encoded", lambda b=batcher: b.batches),
                ("waiting", "Texts that wait for the model", lambda b=batcher: b.waiting),
            ):
                gauge = Gauge(
                    f"search_tuner_{role}_{name}", f"{text} ({role})", registry=self.registry
                )
                gauge.set_function(value)


def endpoint_app(endpoint: Endpoint, clock: Callable[[], float] = time.perf_counter) -> FastAPI:
    """Return the ASGI app of an endpoint.

    Routes: ``POST /v1/embeddings``, ``GET /v1/models``, ``POST`` and ``GET /search``, ``GET
    /health`` and ``GET /metrics``. What comes while too much is waiting gets 429 with
    ``Retry-After``, and nothing of it is begun.
    """
    from fastapi import FastAPI
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
    from starlette.responses import Response

    app = FastAPI(title="Search Tuner", docs_url=None, redoc_url=None)
    meters = _Meters(endpoint)

    def measured(
        path: str, answer: Callable[[Request], Awaitable[Response]], *, is_open: bool = False
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            began = clock()
            try:
                _admit(request, "" if is_open else endpoint.key, bool(endpoint.key))
                response = await answer(request)
            except _RefusedError as refused:
                response = _error(refused.status, refused.text, refused.kind)
            except BusyError as busy:
                response = _error(429, str(busy), "rate_limit_error")
                response.headers["Retry-After"] = RETRY_AFTER
            meters.requests.labels(path, str(response.status_code)).inc()
            meters.seconds.labels(path).observe(clock() - began)
            return response

        return answered

    async def embeddings(request: Request) -> Response:
        asked = _read(EmbeddingsRequest, await _body(request))
        texts = [asked.input] if isinstance(asked.input, str) else asked.input
        dimension = endpoint.vectors.shape[1]
        if not 1 <= len(texts) <= MOST_INPUTS or not all(texts):
            raise _RefusedError(
                400, f"'input' must hold 1 to {MOST_INPUTS} texts, none of them empty."
            )
        if asked.dimensions not in (None, dimension):
            raise _RefusedError(
                400, f"Vectors of this model have {dimension} dimensions, no others."
            )
        role = _role(asked, endpoint.model)
        vectors = await asyncio.wrap_future(endpoint.batchers[role].submit(texts))
        letters = sum(map(len, texts))
        return _json(
            {
                "object": "list",
                "data": [
                    {"object": "embedding", "index": index, "embedding": _written(vector, asked)}
                    for index, vector in enumerate(vectors)
                ],
                "model": asked.model or endpoint.model,
                # Tokens are not counted here; letters over four is what people go by.
                "usage": {"prompt_tokens": letters // 4, "total_tokens": letters // 4},
            }
        )

    async def searched(asked: SearchRequest) -> Response:
        (vector,) = await asyncio.wrap_future(endpoint.batchers[QUERY].submit([asked.query]))
        found = rank_one(vector, endpoint.vectors, asked.limit)
        rows = [int(row) for row in found.top_answers[0] if row >= 0]
        results = [
            {
                "rank": rank,
                "id": endpoint.ids[row],
                "score": float(found.top_scores[0][rank - 1]),
                "text": endpoint.answers[row],
            }
            for rank, row in enumerate(rows, start=1)
        ]
        return _json({"query": asked.query, "results": results})

    async def search(request: Request) -> Response:
        if request.method == "GET":
            given = request.query_params
            values = {"query": given.get("query") or given.get("q") or ""}
            if "limit" in given:
                values["limit"] = given["limit"]
            return await searched(_checked(SearchRequest, values))
        return await searched(_read(SearchRequest, await _body(request)))

    async def models(_request: Request) -> Response:
        names = [endpoint.model, *(f"{endpoint.model}-{role}" for role in (QUERY, DOCUMENT))]
        listed = [{"id": name, "object": "model", "owned_by": "search-tuner"} for name in names]
        return _json({"object": "list", "data": listed})

    async def health(_request: Request) -> Response:
        told = {"status": "ok", "model": endpoint.model, "answers": len(endpoint.answers)}
        return _json(told | {"dimension": endpoint.vectors.shape[1]} | dict(endpoint.facts or {}))

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(meters.registry), media_type=CONTENT_TYPE_LATEST)

    for path, answer, methods in (
        ("/v1/embeddings", embeddings, ["POST"]),
        ("/v1/models", models, ["GET"]),
        ("/search", search, ["GET", "POST"]),
        ("/health", health, ["GET"]),
        ("/metrics", metrics, ["GET"]),
    ):
        # Requests are read by hand: FastAPI would check a body of any size, and every field twice.
        app.router.add_route(path, measured(path, answer, is_open=path == "/health"), methods)
    return app


def _admit(request: Request, key: str, is_shared: bool) -> None:
    """Refuse whoever does not know the key; without one, whoever does not call this machine."""
    if key:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.casefold() != "bearer" or not hmac.compare_digest(given.encode(), key.encode()):
            raise _RefusedError(
                401, "Send the key of this endpoint as a bearer token.", "auth_error"
            )
    elif not is_shared:
        # A page of another site can make the browser ask here under a name of its own.
        host = request.headers.get("host", "")
        bare = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
        if bare.casefold() not in _THIS_MACHINE:
            raise _RefusedError(403, "This endpoint answers calls to 127.0.0.1 or localhost only.")


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise _RefusedError(413, f"A request may have {MOST_BYTES >> 20} MB.")
        parts.append(part)
    return b"".join(parts)


def _read(form: type[Form], body: bytes) -> Form:
    try:
        return form.model_validate_json(body)
    except ValidationError as error:
        raise _RefusedError(400, _problems(error)) from error


def _checked(form: type[Form], values: Mapping[str, Any]) -> Form:
    try:
        return form.model_validate(values)
    except ValidationError as error:
        raise _RefusedError(400, _problems(error)) from error


def _problems(error: ValidationError) -> str:
    said = "; ".join(
        f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in error.errors()[:5]
    )
    is_input = any("input" in one["loc"] for one in error.errors())
    return said + (" Send texts, not token ids." if is_input else "")


def _role(asked: EmbeddingsRequest, model: str) -> str:
    """Return whether the texts are questions or answers; what nobody says is an answer."""
    if asked.input_type is not None:
        role = INPUT_TYPES.get(asked.input_type.casefold())
        if role is None:
            known = ", ".join(INPUT_TYPES)
            raise _RefusedError(400, f"'input_type' is one of: {known}.")
        return role
    return QUERY if asked.model in (f"{model}-{QUERY}", QUERY) else DOCUMENT


def _written(vector: np.ndarray, asked: EmbeddingsRequest) -> object:
    if asked.encoding_format == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    return np.ascontiguousarray(vector, np.float32)


def _json(document: object, status: int = 200) -> Response:
    import orjson
    from starlette.responses import Response

    content = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(content, status, media_type="application/json")


def _error(status: int, text: str, kind: str) -> Response:
    return _json({"error": {"message": text, "type": kind, "param": None, "code": None}}, status)
