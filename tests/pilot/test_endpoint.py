"""The endpoint as programs meet it: OpenAI's own client, LangChain's, and everything refused."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import numpy as np
import pytest
import uvicorn

from core.pilot.batching import MicroBatcher
from core.pilot.endpoint import MOST_INPUTS, Endpoint, endpoint_app
from core.types.expert_entry import DOCUMENT, QUERY

KEY = "a-long-enough-key"
ANSWERS = ("red boots", "blue tent", "返品について", "a kayak & more")


def vector_of(text: str, role: str) -> np.ndarray:
    """Letters of a text as a unit vector; a question and an answer differ in the last number."""
    found = np.zeros(17, np.float32)
    for letter in text:
        found[ord(letter) % 16] += 1
    found[16] = 0.5 if role == QUERY else 0.0
    return found / np.linalg.norm(found)


def encoder(role: str, gate: threading.Event | None = None):
    def encode(texts: list[str]) -> np.ndarray:
        if gate is not None:
            gate.wait(60)
        return np.array([vector_of(text, role) for text in texts])

    return encode


def made(key: str = "", gate: threading.Event | None = None, waiting: int = 512) -> Endpoint:
    batchers = {
        role: MicroBatcher(encoder(role, gate), at_once=4, waiting=waiting)
        for role in (QUERY, DOCUMENT)
    }
    vectors = np.array([vector_of(text, DOCUMENT) for text in ANSWERS])
    return Endpoint("tuned", batchers, ANSWERS, ("a1", "a2", "a3", "a4"), vectors, key)


@contextmanager
def served(endpoint: Endpoint) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(endpoint_app(endpoint), port=port, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(made(KEY)) as url:
        yield url


@pytest.fixture
def ask(address) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {KEY}"}) as client:
        yield client


def test_openai_client_gets_vectors_of_questions_and_of_answers(address):
    from openai import AuthenticationError, BadRequestError, OpenAI

    client = OpenAI(base_url=f"{address}/v1", api_key=KEY, max_retries=0)
    texts = ["where is my kayak?", "返品"]
    for settings, role in (
        ({"model": "tuned"}, DOCUMENT),
        ({"model": "tuned-query"}, QUERY),
        ({"model": "tuned", "extra_body": {"input_type": "query"}}, QUERY),
        ({"model": "tuned-query", "extra_body": {"input_type": "passage"}}, DOCUMENT),
    ):
        for form in ({}, {"encoding_format": "float"}):  # the client asks for base64 by itself
            got = client.embeddings.create(input=texts, **settings, **form)
            assert [one.index for one in got.data] == [0, 1]
            for text, one in zip(texts, got.data, strict=True):
                assert np.abs(np.array(one.embedding) - vector_of(text, role)).max() < 1e-6
    (one,) = client.embeddings.create(input="alone", model="tuned").data
    assert len(one.embedding) == 17
    assert {m.id for m in client.models.list()} == {"tuned", "tuned-query", "tuned-document"}
    with pytest.raises(AuthenticationError, match="bearer token"):
        OpenAI(base_url=f"{address}/v1", api_key="wrong", max_retries=0).models.list()
    with pytest.raises(BadRequestError, match="Send texts, not token ids"):
        client.embeddings.create(input=[[1, 2, 3]], model="tuned")


def test_langchain_client_finds_the_answer(address):
    from langchain_core.vectorstores import InMemoryVectorStore
    from langchain_openai import OpenAIEmbeddings

    def embeddings(model: str) -> OpenAIEmbeddings:
        # Without this, LangChain sends token ids of OpenAI's own models.
        settings = {"check_embedding_ctx_length": False, "max_retries": 0}
        return OpenAIEmbeddings(model=model, base_url=f"{address}/v1", api_key=KEY, **settings)

    store = InMemoryVectorStore(embeddings("tuned"))
    store.add_texts(list(ANSWERS))
    question = embeddings("tuned-query").embed_query("blue tents")
    (found,) = store.similarity_search_by_vector(question, k=1)
    assert found.page_content == "blue tent"


@pytest.mark.parametrize("way", ["post", "get"])
def test_search_gives_answers_with_their_ids(ask, way):
    asked = {"query": "red boot", "limit": 2}
    got = ask.post("/search", json=asked) if way == "post" else ask.get("/search", params=asked)
    results = got.json()["results"]
    assert [one["rank"] for one in results] == [1, 2]
    assert (results[0]["id"], results[0]["text"]) == ("a1", "red boots")
    wanted = float(vector_of("red boot", QUERY) @ vector_of("red boots", DOCUMENT))
    assert abs(results[0]["score"] - wanted) < 1e-5


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("/v1/embeddings", {"input": []}, f"1 to {MOST_INPUTS} texts"),
        ("/v1/embeddings", {"input": ["x", ""]}, "none of them empty"),
        ("/v1/embeddings", {"input": "x", "dimensions": 5}, "17 dimensions"),
        ("/v1/embeddings", {"input": "x", "input_type": "song"}, "'input_type' is one of"),
        ("/v1/embeddings", {"model": "tuned"}, "input"),
        ("/search", {"query": ""}, "query"),
        ("/search", {"query": "x", "limit": 0}, "limit"),
        ("/search", {"query": "x", "pages": 2}, "pages"),
    ],
)
def test_wrong_requests_say_what_is_wrong(ask, path, body, why):
    got = ask.post(path, json=body)
    assert got.status_code == 400 and why in got.json()["error"]["message"]
    assert ask.post(path, content=b"{").status_code == 400


def test_health_is_open_and_metrics_count(address, ask):
    told = httpx.get(f"{address}/health").json()
    assert (told["status"], told["answers"], told["dimension"]) == ("ok", 4, 17)
    assert httpx.get(f"{address}/metrics").status_code == 401
    ask.post("/search", json={"query": "kayak"})
    text = ask.get("/metrics").text
    assert 'search_tuner_requests_total{path="/search",status="200"}' in text
    assert "search_tuner_query_texts" in text and "request_seconds_bucket" in text


def test_a_request_of_any_size_is_not_read_to_its_end(ask):
    assert ask.post("/search", content=b"x" * (9 << 20)).status_code == 413


def test_without_a_key_only_calls_to_this_machine_are_answered():
    with served(made()) as url:
        assert httpx.get(f"{url}/v1/models").status_code == 200
        strange = httpx.get(f"{url}/v1/models", headers={"Host": "evil.example.com"})
        assert strange.status_code == 403
        assert httpx.get(f"{url}/metrics", headers={"Host": "evil.example.com"}).status_code == 403


def test_overload_answers_429_and_everything_taken_is_answered_rightly():
    gate = threading.Event()  # nothing is read before somebody was refused
    with served(made(gate=gate, waiting=8)) as url, httpx.Client(base_url=url) as client:
        got: list[tuple[str, httpx.Response]] = []

        def one(number: int) -> None:
            text = f"text {number}"
            limits = httpx.Limits(max_connections=100)
            with httpx.Client(base_url=url, timeout=60, limits=limits) as own:
                got.append((text, own.post("/v1/embeddings", json={"input": text})))
            if any(response.status_code == 429 for _, response in got):
                gate.set()

        threads = [threading.Thread(target=one, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 40
        refused = [response for _, response in got if response.status_code == 429]
        assert refused and all(r.headers["retry-after"] == "1" for r in refused)
        taken = [(text, r) for text, r in got if r.status_code == 200]
        assert len(taken) + len(refused) == 40 and len(taken) >= 9
        for text, response in taken:
            (one_vector,) = response.json()["data"]
            found = np.array(one_vector["embedding"])
            assert np.abs(found - vector_of(text, DOCUMENT)).max() < 1e-6
        assert client.get("/health").json()["status"] == "ok"
