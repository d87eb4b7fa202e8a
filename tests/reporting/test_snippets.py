"""Every snippet is a whole program with the values of the model in it, and it does what it says.

Programs for packages that are not installed here run against stand-ins that keep what they were
given; the names that they import were looked up in the packages named beside them.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from core.reporting.snippets import (
    ANSWERS,
    QUESTION,
    SNIPPETS,
    ModelFacts,
    render_snippet,
    snippets_for,
)
from core.types.exporting import TokenRules

# Of scripts with and without spaces; Indic vowel signs are left to the product's own rule.
EVERYWHERE = (
    "Don’t re-open it_now: 3 Ｋettles, Ä/ö", "サイズを交換できますか？送料は¥500です",
    "佐々木様の御注文", "สินค้าชำรุด", "退货需要多久", "반품은 어떻게 하나요", "Как вернуть товар",
)  # fmt: skip
ODD = 'say "hi" \\ to {{x}}\n{% raw %}: '
FACTS = ModelFacts("faq-tuned", 4, "query: ", "passage: ", TokenRules(256, True, 1))


class Model:
    """Stands in for a sentence-transformers model: unit vectors, prompts of its own."""

    def __init__(self, name: str) -> None:
        assert name == "faq-tuned"

    def encode_query(self, text, normalize_embeddings=False):
        assert normalize_embeddings and text == QUESTION["en"]
        return np.array([1.0, 0, 0, 0], np.float32)

    def encode_document(self, texts, normalize_embeddings=False):
        assert normalize_embeddings and texts == ANSWERS["en"]
        return np.eye(4, dtype=np.float32)[: len(texts)]


def module(monkeypatch, name: str, **content) -> None:
    """Put a module in the place of a package that is not installed."""
    for end in range(1, len(name.split(".")) + 1):
        part = ".".join(name.split(".")[:end])
        if not isinstance(sys.modules.get(part), ModuleType) or end == len(name.split(".")):
            made = ModuleType(part)
            made.__path__ = []
            monkeypatch.setitem(sys.modules, part, made)
    for key, value in content.items():
        setattr(sys.modules[name], key, value)


def run(key: str, monkeypatch, capsys) -> str:
    module(monkeypatch, "sentence_transformers", SentenceTransformer=Model)
    exec(compile(render_snippet(key, FACTS, "en"), key, "exec"), {})
    return capsys.readouterr().out


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("key", SNIPPETS)
def test_it_is_python_with_nothing_left_to_fill_in(key, language):
    code = render_snippet(key, FACTS, language)
    ast.parse(code)
    assert "{{" not in code and "{%" not in code and "faq-tuned" in code
    assert code.startswith("# pip install ")
    assert QUESTION[language] in code and ANSWERS[language][0] in code
    assert max(map(len, code.splitlines())) <= 110


@pytest.mark.parametrize("key", SNIPPETS)
def test_prompts_with_odd_signs_stay_texts(key):
    """A quotation mark in a prompt must not end the string and run as code."""
    facts = ModelFacts(ODD, 4, ODD, ODD, TokenRules(None, False, 0))
    tree = ast.parse(render_snippet(key, facts, "en"))
    texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    assert any(isinstance(text, str) and text.startswith(ODD) for text in texts)


@pytest.mark.parametrize("key", ["langchain", "llamaindex", "haystack"])
def test_frameworks_get_both_prompts(key):
    """They call encode and know no prompts of the model: without them the search gets worse."""
    code = render_snippet(key, FACTS, "en")
    assert '"query: "' in code and '"passage: "' in code


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_hybrid_searches_as_it_was_compared(language, monkeypatch, capsys):
    """Its words are those of our keyword search, or the weight would be that of another one."""
    from core.evaluation.hybrid import JoinedScores
    from core.evaluation.search import rank
    from core.experts.lexical import bm25_tables, words as own_words

    class Reader(Model):
        def encode_query(self, text, normalize_embeddings=False):
            return np.array([0.8, 0.6, 0, 0], np.float32)

        def encode_document(self, texts, normalize_embeddings=False):
            return np.eye(4, dtype=np.float32)[: len(texts)]

    module(monkeypatch, "sentence_transformers", SentenceTransformer=Reader)
    for words in (0.05, 0.9):
        code = render_snippet("hybrid", replace(FACTS, words=words), language)
        exec(compile(code, "hybrid", "exec"), kept := {})
        counts, weights = bm25_tables([QUESTION[language]], ANSWERS[language])
        cosines = np.array([[0.8, 0.6, 0, 0]], np.float32)
        lists = rank(counts, weights, 2), rank(cosines, np.eye(4, dtype=np.float32)[:2], 2)
        found = JoinedScores.of(*lists).ranking(words, 2)
        best = int(found.top_answers[0][0])
        assert capsys.readouterr().out.startswith(ANSWERS[language][best])
        expected = np.sort(found.top_scores[0])
        assert np.sort(kept["scores"]) == pytest.approx(expected, abs=1e-6)
    texts = [*EVERYWHERE, QUESTION[language], *ANSWERS[language]]
    assert [kept["words"](text) for text in texts] == [own_words(text) for text in texts]
    assert "hybrid" in snippets_for(replace(FACTS, words=0.3))
    assert "hybrid" not in snippets_for(FACTS)


def test_langchain(monkeypatch, capsys):  # langchain-core 1.8, langchain-huggingface 1.2
    made = {}

    class Store:
        def __init__(self, embeddings):
            assert embeddings is made["embeddings"]

        def add_texts(self, texts):
            assert texts == ANSWERS["en"]

        def similarity_search_with_score(self, question, k):
            return [(SimpleNamespace(page_content=ANSWERS["en"][0]), 0.9)]

    def embeddings(*, model, encode_kwargs, query_encode_kwargs):
        assert encode_kwargs == {"prompt": "passage: ", "normalize_embeddings": True}
        assert query_encode_kwargs == {"prompt": "query: ", "normalize_embeddings": True}
        made["embeddings"] = object()
        return made["embeddings"]

    module(monkeypatch, "langchain_core.vectorstores", InMemoryVectorStore=Store)
    module(monkeypatch, "langchain_huggingface", HuggingFaceEmbeddings=embeddings)
    assert run("langchain", monkeypatch, capsys) == f"{ANSWERS['en'][0]} 0.9\n"


def test_qdrant(monkeypatch, capsys):  # qdrant-client 1.20
    kept = {}

    class Client:
        def __init__(self, place):
            assert place == ":memory:"

        def create_collection(self, name, vectors_config):
            assert vectors_config.size == 4 and vectors_config.distance == "Dot"

        def upsert(self, name, points):
            kept[name] = points

        def query_points(self, name, query, limit):
            scores = [float(np.dot(point.vector, query)) for point in kept[name]]
            best = int(np.argmax(scores))
            found = SimpleNamespace(payload=kept[name][best].payload, score=scores[best])
            return SimpleNamespace(points=[found])

    def plain(**values):
        return SimpleNamespace(**values)

    module(monkeypatch, "qdrant_client", QdrantClient=Client)
    module(
        monkeypatch, "qdrant_client.models",
        Distance=SimpleNamespace(DOT="Dot"), PointStruct=plain, VectorParams=plain,
    )  # fmt: skip
    assert run("qdrant", monkeypatch, capsys) == f"{ANSWERS['en'][0]} 1.0\n"


@pytest.mark.parametrize(
    ("key", "package", "client"),
    [
        ("elasticsearch", "elasticsearch", "Elasticsearch"),
        ("opensearch", "opensearchpy", "OpenSearch"),
    ],
)  # elasticsearch 9.5, opensearch-py 3.2
def test_search_servers(key, package, client, monkeypatch, capsys):
    """The vector field must have the model's dimension and a likeness for unit vectors."""
    asked, actions = {}, []

    def create(**told):
        asked["create"] = told

    def search(**told):
        asked["search"] = told
        return {"hits": {"hits": [{"_source": {"text": actions[0]["text"]}, "_score": 1.0}]}}

    made = SimpleNamespace(indices=SimpleNamespace(create=create), search=search)
    helpers = SimpleNamespace(bulk=lambda client, rows, refresh: actions.extend(rows))
    module(monkeypatch, package, helpers=helpers, **{client: lambda address: made})
    assert run(key, monkeypatch, capsys) == f"{ANSWERS['en'][0]} 1.0\n"
    told = asked["create"].get("mappings") or asked["create"]["body"]["mappings"]
    vector = told["properties"]["vector"]
    assert vector.get("dims", vector.get("dimension")) == 4
    assert len(actions) == 2 and len(actions[0]["vector"]) == 4
    assert "[1.0, 0.0, 0.0, 0.0]" in str(asked["search"])


def test_pgvector(monkeypatch, capsys):  # psycopg 3.3, pgvector 0.5
    told = []

    class Connection:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def execute(self, command, values=()):
            told.append((command, values))
            return [(ANSWERS["en"][0], 1.0)] if command.startswith("SELECT") else []

    module(monkeypatch, "psycopg", connect=lambda address, autocommit: Connection())
    module(monkeypatch, "pgvector.psycopg", register_vector=lambda connection: None)
    assert run("pgvector", monkeypatch, capsys) == f"{ANSWERS['en'][0]} 1.0\n"
    commands = " ".join(command for command, _ in told)
    assert "vector(4)" in commands and "<#>" in commands
    assert sum(command.startswith("INSERT") for command, _ in told) == 2
