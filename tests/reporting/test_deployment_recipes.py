"""The recipes as the sheet has them: run where a server can be had here, else held to its client.

Nothing of a recipe is changed but the address: "localhost:9200" becomes the stub's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from core.reporting.deployment import DeploymentFacts, deployment_sheet
from core.reporting.snippets import ModelFacts
from core.types.exporting import TokenRules
from tests.reporting.test_deployment import facts

SIZE = 8
CLIENTS = "requirements-servers.txt is not installed"


def version(number: int) -> DeploymentFacts:
    model = ModelFacts("faq-model", SIZE, "query: it's ", "passage: ", TokenRules(128, True, 0))
    return facts(project="Shop FAQ", version=number, facts=model)


def recipe(title: str, number: int = 1) -> str:
    """The code below a title of the sheet, as it is copied."""
    sheet = deployment_sheet(version(number), "en")
    (code,) = re.findall(rf"### {re.escape(title)}\n\n```\w+\n(.*?)```", sheet, flags=re.S)
    return code


# What a server is asked, by curl and by its client.


@dataclass
class Stub:
    """A server on this machine that takes down what it is asked and answers what a client needs."""

    url: str = ""
    asked: list[tuple[str, str, object]] = field(default_factory=list)

    def taken(self) -> list[tuple[str, str, object]]:
        found, self.asked[:] = list(self.asked), []
        return found


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    reply = {
        "acknowledged": True,
        "object": "list",
        "model": "m",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
        "embeddings": [[0.1]],
    }

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            made.asked.append((self.command, self.path, body))
            told = json.dumps([[0.1]] if self.path == "/embed" else reply).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-Elastic-Product", "Elasticsearch")  # its client asks for that
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_PUT = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield made
    server.shutdown()
    server.server_close()


def by_curl(code: str, stub: Stub) -> list[tuple[str, str, object]]:
    """Run the curl calls of a recipe in a shell, and return what the server was asked."""
    calls = code[code.index("curl ") :]
    calls = re.sub(r"localhost:\d+", stub.url, calls)
    subprocess.run(["bash", "-euc", calls], check=True, capture_output=True, timeout=60)
    return stub.taken()


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@needs_curl
@pytest.mark.parametrize("title", ["Elasticsearch", "OpenSearch"])
def test_index_and_alias_are_asked_for_as_the_client_of_the_server_does(title, stub):
    """Another method, path or part of the body would be refused by a real server."""
    made = version(1)
    asked = by_curl(recipe(title), stub)
    assert [one[:2] for one in asked] == [("PUT", f"/{made.index}"), ("POST", "/_aliases")]
    (*_, index), (*_, aliases) = asked
    if title == "Elasticsearch":
        client = pytest.importorskip("elasticsearch", reason=CLIENTS).Elasticsearch(stub.url)
        client.indices.create(index=made.index, **index)
        client.indices.update_aliases(**aliases)
        from inspect import signature

        from elasticsearch.dsl import DenseVector

        vector = dict(index["mappings"]["properties"]["vector"])
        assert vector.pop("type") == "dense_vector"
        assert set(vector) <= set(signature(DenseVector.__init__).parameters)
        assert DenseVector(**vector).to_dict() == {"type": "dense_vector", **vector}
    else:
        client = pytest.importorskip("opensearchpy", reason=CLIENTS).OpenSearch(stub.url)
        client.indices.create(index=made.index, body=index)
        client.indices.update_aliases(body=aliases)
    assert stub.taken() == asked
    removed, added = (next(iter(action.items())) for action in aliases["actions"])
    assert (removed[0], added[0]) == ("remove", "add"), "the other way round nothing were left"
    assert removed[1]["must_exist"] is False, "the first version has nothing to take away"


@needs_curl
def test_model_servers_are_asked_as_their_clients_do(stub):
    import huggingface_hub
    import openai

    text = "query: it's …"
    asked = by_curl(recipe("text-embeddings-inference"), stub)
    hub = huggingface_hub.InferenceClient(model=f"{stub.url}/embed")
    hub.feature_extraction(text, normalize=True)
    assert asked == stub.taken() == [("POST", "/embed", {"inputs": text, "normalize": True})]

    asked = by_curl(recipe("vLLM"), stub)
    client = openai.OpenAI(base_url=f"{stub.url}/v1", api_key="none")
    client.embeddings.create(model=version(1).alias, input=text, encoding_format="float")
    ((method, path, body),) = stub.taken()
    assert asked == [(method, path, {key: body[key] for key in ("model", "input")})]


@needs_curl
def test_ollama_is_asked_as_its_client_does(stub):
    text, asked = "query: it's …", by_curl(recipe("Ollama"), stub)
    ollama = pytest.importorskip("ollama", reason=CLIENTS)
    ollama.Client(stub.url).embed(model=version(1).alias, input=text)
    ((method, path, body),) = stub.taken()
    assert asked == [(method, path, {key: body[key] for key in ("model", "input")})]


# Qdrant, in the memory of its own client.


@needs_curl
def test_qdrant_takes_the_recipe_and_searches_go_over_at_once(stub):
    pytest.importorskip("qdrant_client", reason=CLIENTS)
    from qdrant_client import QdrantClient, models

    client = QdrantClient(":memory:")
    vectors = np.eye(SIZE).tolist()

    def cut_over(number: int) -> None:
        (method, path, body), (_, where, aliases) = by_curl(recipe("Qdrant", number), stub)
        assert (method, path) == ("PUT", f"/collections/{version(number).index}")
        assert where == "/collections/aliases"
        wanted = models.CreateCollection.model_validate(body, extra="forbid")
        client.create_collection(version(number).index, vectors_config=wanted.vectors)
        points = [
            models.PointStruct(id=n, vector=vector, payload={"text": f"answer {n} v{number}"})
            for n, vector in enumerate(vectors)
        ]
        client.upsert(version(number).index, points)
        changes = models.ChangeAliasesOperation.model_validate(aliases, extra="forbid")
        client.update_collection_aliases(changes.actions)

    def found() -> str:
        return client.query_points(version(1).alias, query=vectors[3], limit=1).points[0].payload[
            "text"
        ]  # fmt: skip

    cut_over(1)
    assert found() == "answer 3 v1", "a first version has no alias to take away"
    cut_over(2)
    assert found() == "answer 3 v2"
    back = by_curl(recipe("Qdrant", 1), stub)[1][2]  # the same step with the old name
    client.update_collection_aliases(models.ChangeAliasesOperation.model_validate(back).actions)
    assert found() == "answer 3 v1"
    client.close()


# PostgreSQL with pgvector.


def _with_pgvector() -> Path | None:
    """Return the programs of a PostgreSQL that has pgvector, None where there is none."""
    packaged = find_spec("pgserver")
    places = [Path(packaged.origin).parent / "pginstall" / "bin"] if packaged else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if not (place / "pg_config").is_file():
            continue
        told = subprocess.run([place / "pg_config", "--sharedir"], capture_output=True, text=True)
        if (Path(told.stdout.strip()) / "extension" / "vector.control").is_file():
            return place
    return None


@pytest.fixture(scope="module")
def pgvector() -> Iterator[str]:
    """Address of an empty database of a PostgreSQL of its own, on a free port of this machine."""
    bin_ = _with_pgvector()
    if bin_ is None:
        pytest.skip(f"no PostgreSQL with pgvector: {CLIENTS}, nor a package of pgvector")
    folder = Path(tempfile.mkdtemp(prefix="pgvector-"))  # pytest's own are closed to other users
    as_user: list[str] = []
    if os.getuid() == 0:  # initdb refuses root
        as_user = ["runuser", "-u", "postgres", "--"]
        seen = subprocess.run([*as_user, "test", "-x", bin_ / "initdb"], cwd="/", check=False)
        if seen.returncode:
            pytest.skip(f"the user postgres may not run {bin_ / 'initdb'}")
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def do(*command: object) -> None:
        made = [*as_user, *map(str, command)]
        subprocess.run(made, check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=120)

    data, options = folder / "data", f"-p {port} -c listen_addresses=127.0.0.1"
    do(bin_ / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C")
    settings = f"{options} -c unix_socket_directories={folder}"
    do(bin_ / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "start", "-o", settings)
    yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    do(bin_ / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder)


def test_pgvector_takes_the_recipe_and_searches_go_over_at_once(pgvector):
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    vectors = [str(vector) for vector in np.eye(SIZE).tolist()]
    with psycopg.connect(pgvector, autocommit=True) as database:

        def cut_over(number: int) -> None:
            database.execute(recipe("PostgreSQL (pgvector)", number))
            rows = [(str(n), f"answer {n} v{number}", one) for n, one in enumerate(vectors)]
            with database.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {version(number).index} VALUES (%s, %s, %s)", rows)

        def found() -> str:
            query = f"SELECT text FROM {version(1).alias} ORDER BY vector <=> %s LIMIT 1"
            return database.execute(query, [vectors[3]]).fetchone()[0]

        cut_over(1)
        assert found() == "answer 3 v1"
        cut_over(2)
        assert found() == "answer 3 v2"
        back = [
            line
            for line in recipe("PostgreSQL (pgvector)", 1).splitlines()
            if line.startswith("CREATE OR REPLACE VIEW")
        ]
        database.execute(back[0])
        assert found() == "answer 3 v1"
        database.execute("SET enable_seqscan = off")
        plan = database.execute(
            f"EXPLAIN SELECT text FROM {version(1).alias} ORDER BY vector <=> %s LIMIT 1",
            [vectors[3]],
        ).fetchall()
        assert "hnsw" in str(plan) or "Index Scan" in str(plan), "the view uses the index"
