"""Experts behind an API: nothing sent twice, nothing mixed up, nothing waited for without end."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from email.utils import formatdate
from types import SimpleNamespace

import numpy as np
import pytest

from core.errors import ExpertError, Stopped
from core.experts.catalogue import find_entry
from core.experts.expert_scores import load_scores, score_dataset
from core.experts.outside.api import ApiExpert, estimated_tokens, plan_sending
from core.experts.outside.api_client import Patience, checked
from core.experts.source import ScoringContext
from core.types import SilentReporter
from core.types.scoring import ApiConnection
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache
from tests.experts.api_server import KEY, EmbeddingsServer, embeddings_server, fails, vector_of

ENVIRONMENT = {"TEST_API_KEY": KEY}
QUESTIONS = tuple(f"How do I return item {i}?" for i in range(90))
ANSWERS = tuple(f"Item {i} is returned at the counter." for i in range(10))


@pytest.fixture
def server():
    with embeddings_server() as running:
        yield running


@pytest.fixture
def cache(tmp_path):
    return VectorCache(tmp_path / "vectors")


class Sleeper:
    """A clock that moves only when somebody sleeps, plus what really passes."""

    def __init__(self) -> None:
        self.slept = 0.0

    def clock(self) -> float:
        return time.monotonic() + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def connection(server: EmbeddingsServer, **settings) -> ApiConnection:
    fields = {"name": "test", "base_url": server.url, "model": "m", "key_variable": "TEST_API_KEY"}
    return ApiConnection(**{**fields, "requests_per_minute": 60_000, **settings})


def expert(server, sleeper=None, patience=None, **settings) -> ApiExpert:
    sleeper = sleeper or Sleeper()
    return replace(
        ApiExpert.of(connection(server, **settings), ENVIRONMENT),
        patience=patience or Patience(),
        clock=sleeper.clock,
        sleep=sleeper.sleep,
    )


def unit(texts, dimension=8) -> np.ndarray:
    table = np.array([vector_of(text, dimension) for text in texts])
    return (table / np.linalg.norm(table, axis=1, keepdims=True)).astype(np.float32)


def working_with(cache) -> ScoringContext:
    return ScoringContext(ModelStore(cache.root / "models"), cache)


def represent(one: ApiExpert, cache, questions=QUESTIONS, answers=ANSWERS, report=None) -> int:
    texts, context = SimpleNamespace(questions=questions, answers=answers), working_with(cache)
    return one.score(texts, context, report or SilentReporter())


def recall(one: ApiExpert, questions, answers, cache):
    texts = SimpleNamespace(id="any", questions=questions, answers=answers)
    return one.recall(texts, working_with(cache))


@pytest.mark.parametrize("order", [list, lambda data: data[::-1], lambda data: data[1:] + data[:1]])
def test_each_text_gets_its_own_vector_in_whatever_order_they_come(server, cache, order):
    server.misbehave = [lambda body: server.answer(body, order)] * 3
    one = expert(server)
    assert represent(one, cache) == 100
    tables = recall(one, QUESTIONS, ANSWERS, cache)
    np.testing.assert_allclose(tables.question_matrix, unit(QUESTIONS), atol=1e-6)
    np.testing.assert_allclose(tables.answer_matrix, unit(ANSWERS), atol=1e-6)
    assert [len(r["input"]) for r in server.requests] == [64, 26, 10]
    assert server.paths[0] == "/v1/embeddings"
    assert server.requests[0]["encoding_format"] == "float"
    assert "dimensions" not in server.requests[0]


def test_replies_without_index_are_taken_in_order(server, cache):
    def strip(data):
        return [{"embedding": item["embedding"]} for item in data]

    server.misbehave = [lambda body: server.answer(body, strip)]
    one = expert(server)
    represent(one, cache, QUESTIONS[:3], ())
    assert np.allclose(recall(one, QUESTIONS[:3], (), cache).question_matrix, unit(QUESTIONS[:3]))


def test_cached_and_repeated_texts_are_not_sent_again(server, cache):
    """Every text costs money: once per distinct text, also across runs and other data."""
    one = expert(server)
    assert represent(one, cache, (*QUESTIONS, *QUESTIONS, ANSWERS[0])) == 100
    assert sorted(server.texts) == sorted({*QUESTIONS, *ANSWERS})
    server.requests.clear()
    assert represent(one, cache) == 0
    assert represent(one, cache, (*QUESTIONS, "Is this new?")) == 1
    assert server.texts == ["Is this new?"]


def test_prompts_dimensions_and_the_longest_text_shape_what_is_sent(server, cache):
    one = expert(server, query_prompt="query: ", document_prompt="", dimensions=5, longest=20)
    represent(one, cache, ("q" * 50,), ("a",))
    assert server.texts == ["query: " + "q" * 20, "a"]
    assert [request["dimensions"] for request in server.requests] == [5, 5]
    assert recall(one, ("q" * 50,), ("a",), cache).question_matrix.shape == (1, 5)


def test_equal_text_under_two_prompts_is_two_texts(server, cache):
    one = expert(server, query_prompt="query: ", document_prompt="passage: ")
    assert represent(one, cache, ("a",), ("a",)) == 2
    assert recall(one, ("a",), ("a",), cache) is not None


def test_waits_as_long_as_the_server_asks(server, cache):
    sleeper = Sleeper()
    server.misbehave = [fails(429, Retry_After="7"), None]
    assert represent(expert(server, sleeper), cache, QUESTIONS[:2], ()) == 2
    assert 6.9 < sleeper.slept < 8
    date = formatdate(time.time() + 30, usegmt=True)
    server.misbehave = [fails(503, Retry_After=date)]
    before = sleeper.slept
    represent(expert(server, sleeper), cache, QUESTIONS[2:4], ())
    assert 25 < sleeper.slept - before < 31


def test_a_server_that_asks_for_an_hour_is_not_waited_for(server, cache):
    server.misbehave = [fails(429, Retry_After="3600")]
    with pytest.raises(ExpertError, match="asks to wait 60 minutes"):
        represent(expert(server), cache)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_passing_trouble_is_passed_over_with_growing_pauses(server, cache, status):
    sleeper = Sleeper()
    server.misbehave = [fails(status)] * 3
    assert represent(expert(server, sleeper), cache, QUESTIONS[:2], ()) == 2
    assert len(server.requests) == 4
    assert 0.5 + 1 + 2 - 0.1 <= sleeper.slept <= 1 + 2 + 4 + 0.1


def test_lasting_trouble_ends_with_the_number_of_attempts(server, cache):
    server.misbehave = [fails(500)] * 50
    with pytest.raises(ExpertError, match=r"6 attempts .*status 500"):
        represent(expert(server), cache)
    assert len(server.requests) == 6


def test_no_credit_left_is_not_waited_for(server, cache):
    server.misbehave = [fails(429, b'{"error": {"code": "insufficient_quota"}}')]
    with pytest.raises(ExpertError, match="quota"):
        represent(expert(server), cache)
    assert len(server.requests) == 1


def test_a_server_that_hangs_is_asked_again(server, cache):
    def hang(body):
        time.sleep(0.6)
        return server.answer(body)

    server.misbehave = [hang]
    one = expert(server, patience=Patience(timeout=0.2))
    assert represent(one, cache, QUESTIONS[:2], ()) == 2
    assert len(server.requests) == 2


def test_a_reply_that_was_cut_off_is_asked_for_again(server, cache):
    def cut(body):
        status, _, content = server.answer(body)
        return status, {"Content-Length": str(len(content)), "Connection": "close"}, content[:40]

    server.misbehave = [cut]
    assert represent(expert(server), cache, QUESTIONS[:2], ()) == 2


def test_nobody_listening_is_said(server, cache):
    one = expert(server)
    one = replace(one, connection=replace(one.connection, base_url="http://127.0.0.1:9/v1"))
    with pytest.raises(ExpertError, match=r"127.0.0.1:9 did not answer in 6 attempts .*refused"):
        represent(one, cache)


def reply(*embeddings, **more) -> bytes:
    items = [{"index": i, "embedding": e} for i, e in enumerate(embeddings)]
    return json.dumps({"data": items, **more}).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"data": [{"index": 0, "embed', "not what an embeddings API sends"),
        (b"<html>It works!</html>", "usually ends in /v1"),
        (b"[1, 2]", "not what an embeddings API sends"),
        (b"[" * 100_000, "not what an embeddings API sends"),
        (b'{"data": null}', "not what an embeddings API sends"),
        (b'{"data": []}', "0 vectors for 2 texts"),
        (reply([1.0, 2.0]), "1 vectors for 2 texts"),
        (reply([1.0, 2.0], [1.0]), "not lists of finite numbers"),
        (reply([1.0, 2.0], [1.0, None]), "not lists of finite numbers"),
        (reply([1.0, 2.0], [1.0, float("nan")]), "not lists of finite numbers"),
        (reply([1.0, 2.0], [0.0, 0.0]), "not lists of finite numbers"),
        (reply("AACAPw==", "AACAPw=="), "not lists of finite numbers"),
        (reply([1.0], [2.0]).replace(b'"index": 1', b'"index": 0'), "numbered its 2 vectors"),
        (reply([1.0], [2.0]).replace(b'"index": 1', b'"index": 2'), "numbered its 2 vectors"),
        (reply([1.0], [2.0]).replace(b'"index": 1', b'"index": "x"'), "numbered its 2 vectors"),
        (reply([1.0], [2.0]).replace(b'"index": 1', b'"index": null'), "numbered its 2 vectors"),
    ],
)
def test_a_broken_reply_is_refused_and_nothing_of_it_is_kept(server, cache, content, words):
    """Vectors that belong to other texts would poison every label, silently."""
    server.misbehave = [fails(200, content)]
    one = expert(server)
    with pytest.raises(ExpertError) as caught:
        represent(one, cache, QUESTIONS[:2], ())
    assert words in str(caught.value)
    assert len(server.requests) == 1, "asking again for the same nonsense costs money"
    assert plan_sending(one.connection, QUESTIONS[:2], (), cache).texts == 2


def test_other_dimensions_than_asked_for_are_refused(server, cache):
    server.misbehave = [fails(200, reply([1.0, 2.0], [2.0, 1.0]))]
    with pytest.raises(ExpertError, match="vectors of 2 numbers, 5 were asked for"):
        represent(expert(server, dimensions=5), cache, QUESTIONS[:2], ())


def test_a_model_that_was_exchanged_is_noticed(server, cache):
    """The cache holds one length per expert: other vectors would be bought again on every run."""
    represent(expert(server), cache, QUESTIONS[:2], ())
    server.dimension = 6
    with pytest.raises(ExpertError, match="vectors of 6 numbers, earlier ones have 8"):
        represent(expert(server), cache)


def test_a_server_that_takes_fewer_texts_gets_fewer(server, cache):
    server.most = 10
    one = expert(server)
    assert represent(one, cache) == 100
    np.testing.assert_allclose(
        recall(one, QUESTIONS, ANSWERS, cache).question_matrix, unit(QUESTIONS), atol=1e-6
    )


def test_a_text_that_is_refused_by_itself_ends_without_the_servers_words(server, cache):
    refuse = fails(400, b'{"error": {"message": "maximum context length is 8192 tokens"}}')
    server.misbehave = [refuse] * 50
    with pytest.raises(ExpertError, match=r"status 400.*longest text") as caught:
        represent(expert(server), cache)
    assert "8192" not in str(caught.value), "another server's words are not shown"
    assert len(server.requests) <= 8


@pytest.mark.parametrize("status", [401, 403])
def test_a_rejected_key_is_said_without_the_key(server, cache, status):
    server.misbehave = [fails(status, json.dumps({"error": {"message": f"bad {KEY}"}}).encode())]
    with pytest.raises(ExpertError) as caught:
        represent(expert(server), cache)
    assert "TEST_API_KEY" in str(caught.value) and KEY[:12] not in str(caught.value)
    assert len(server.requests) == 1


def test_an_error_text_of_the_server_that_repeats_the_key_is_dropped(server, cache):
    server.misbehave = [fails(404, f"no model for {KEY[3:14]}...".encode())]
    with pytest.raises(ExpertError) as caught:
        represent(expert(server), cache)
    assert "status 404" in str(caught.value) and "no model for" not in str(caught.value)


def test_redirects_are_not_followed(server, cache):
    """A redirect would carry texts and key to a host that nobody confirmed."""
    with embeddings_server() as other:
        server.misbehave = [fails(307, Location=f"{other.url}/embeddings")]
        with pytest.raises(ExpertError, match="another address"):
            represent(expert(server), cache)
        assert other.requests == []


@pytest.mark.parametrize(
    ("key", "words"),
    [("", "not set"), ("sk abc", "characters that no key"), ("sk-ä", "characters"), (None, "set")],
)
def test_an_unusable_key_is_said_before_anything_is_sent(server, cache, key, words):
    """The HTTP library's own complaint about a bad header repeats the key."""
    environment = {} if key is None else {"TEST_API_KEY": key}
    one = replace(expert(server), environment=environment)
    with pytest.raises(ExpertError, match=words) as caught:
        represent(one, cache)
    assert not key or key not in str(caught.value)
    assert server.requests == []


def test_nothing_is_sent_without_consent(server, cache):
    one = replace(expert(server), environment=None)
    with pytest.raises(ExpertError, match="nobody agreed"):
        represent(one, cache)
    assert server.requests == []
    represent(expert(server), cache)
    assert represent(one, cache) == 0


def test_what_was_answered_is_kept_and_the_rest_is_sent_later(server, cache):
    """A run that ends half-way must not pay for its first half again."""
    server.misbehave = [None, fails(401)]
    with pytest.raises(ExpertError):
        represent(expert(server), cache)
    sent = server.requests[0]["input"]
    server.requests.clear()
    assert represent(expert(server), cache) == 36
    assert not set(sent) & set(server.texts)


def test_stop_is_heard_while_waiting(server, cache):
    class Stopping(SilentReporter):
        def should_stop(self) -> bool:
            return sleeper.slept > 3

    sleeper = Sleeper()
    server.misbehave = [fails(429, Retry_After="200")]
    with pytest.raises(Stopped):
        represent(expert(server, sleeper), cache, report=Stopping())
    assert sleeper.slept < 5


def test_requests_keep_their_distance(server, cache):
    sleeper, start = Sleeper(), time.monotonic()
    represent(expert(server, sleeper, requests_per_minute=30), cache)
    took = time.monotonic() - start
    assert len(server.requests) == 3
    assert 4.0 - took <= sleeper.slept < 4.1, "two waits of two seconds, less what the answers took"


def test_plan_counts_what_would_be_sent_and_what_it_costs(server, cache):
    settings = {"price": 0.1, "query_prompt": "q: "}
    plan = plan_sending(connection(server, **settings), QUESTIONS, ANSWERS, cache)
    assert (plan.questions, plan.answers, plan.texts, plan.requests) == (90, 10, 100, 3)
    sent = [f"q: {q}" for q in QUESTIONS] + list(ANSWERS)
    assert plan.characters == sum(map(len, sent))
    assert plan.tokens == sum(-(-len(text) // 4) for text in sent)
    assert plan.cost == pytest.approx(plan.tokens * 0.1 / 1e6)
    assert len(plan.examples) == 5 and set(plan.examples) <= set(sent)
    represent(expert(server, **settings), cache, QUESTIONS[:40], ())
    assert plan_sending(connection(server, **settings), QUESTIONS, ANSWERS, cache).texts == 60
    assert server.texts == sent[:40]


def test_japanese_costs_more_tokens_per_character():
    assert estimated_tokens("abcdefgh") == 2
    assert estimated_tokens("返品できますか") == 5
    assert estimated_tokens("") == 1


def test_the_identity_is_what_decides_the_vectors(server):
    one = connection(server)
    for same in ({"price": 3.0}, {"key_variable": "OTHER_API_KEY"}, {"requests_per_minute": 1}):
        assert replace(one, **same).fingerprint == one.fingerprint
    for other in ({"model": "x"}, {"dimensions": 3}, {"query_prompt": "q"}, {"longest": 99}):
        assert replace(one, **other).fingerprint != one.fingerprint
    swapped = replace(one, query_prompt="a", document_prompt="")
    assert swapped.fingerprint != replace(one, query_prompt="", document_prompt="a").fingerprint


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("base_url", "http://api.example.com/v1", "Use https"),
        ("base_url", "http://127.0.0.1.example.com/v1", "Use https"),
        ("base_url", "http://localhost@example.com/v1", "would be stored"),
        ("base_url", "https://user:pass@example.com/v1", "would be stored"),
        ("base_url", "https://example.com/v1?key=abc", "would be stored"),
        ("base_url", "ftp://example.com", "no address"),
        ("base_url", "file:///etc/passwd", "no address"),
        ("base_url", "https://", "no address"),
        ("base_url", "https://example.com:99999/v1", "no address"),
        ("base_url", "https://exam ple.com/v1", "no address"),
        ("key_variable", "sk-abcdef0123456789", "never typed here"),
        ("key_variable", "abcdef0123456789abcdef", "never typed here"),
        ("key_variable", "DATABASE_URL", "ending in API_KEY"),
        ("model", " ", "name of a model"),
        ("name", "a,b", "1 to 60"),
        ("name", "", "1 to 60"),
        ("dimensions", 0, "out of range"),
        ("price", -1.0, "out of range"),
        ("requests_per_minute", 0, "out of range"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_in_words(server, field, value, words):
    with pytest.raises(ExpertError, match=words) as caught:
        checked(replace(connection(server), **{field: value}), {})
    if field == "key_variable":
        assert value not in str(caught.value), "it may be a key"
    assert "pass" not in str(caught.value).replace("passwords", "")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" https://API.example.com/v1/ ", "https://api.example.com/v1"),
        ("https://api.example.com/v1/embeddings", "https://api.example.com/v1"),
        ("https://api.example.com:8443", "https://api.example.com:8443"),
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
    ],
)
def test_one_address_has_one_spelling(server, typed, kept):
    assert checked(replace(connection(server), base_url=typed), {}).base_url == kept


def test_the_owner_of_a_server_can_limit_the_hosts(server, cache):
    one = replace(connection(server), base_url="https://elsewhere.example/v1")
    limited = {"API_HOSTS": "api.example.com, TEST_API_KEY@127.0.0.1"}
    with pytest.raises(ExpertError, match=r"may not be sent to elsewhere\.example"):
        checked(one, limited)
    assert checked(connection(server), limited)
    late = replace(expert(server), environment={**ENVIRONMENT, "API_HOSTS": "api.example.com"})
    with pytest.raises(ExpertError, match="may not be sent"):
        represent(late, cache)
    assert server.requests == []


def test_scores_come_like_those_of_any_expert(server, cache, tiny_dataset, tmp_path):
    one, store = expert(server), ModelStore(tmp_path / "models")
    keys, extra = ["bm25", one.key], {one.key: one}
    result = score_dataset(tiny_dataset, keys, ScoringContext(store, cache, apis=extra))
    assert not result.failures and result.encoded[one.key] == 60
    scores = load_scores(tiny_dataset, one.key, ScoringContext(store, cache, apis=extra))
    rows = np.arange(5)
    cosines = unit(tiny_dataset.questions[:5]) @ unit(tiny_dataset.answers[:5]).T
    np.testing.assert_allclose(scores.block(rows, rows), cosines, atol=1e-6)
    with pytest.raises(ExpertError, match="no connection to an API called test"):
        load_scores(tiny_dataset, one.key, ScoringContext(store, cache))


def test_the_key_is_in_no_printed_form(server):
    one = expert(server)
    assert KEY not in repr(one) and KEY not in repr(one.connection)
    assert not find_entry(one.key).trainable
