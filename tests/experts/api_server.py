"""Small embeddings and chat APIs on loopback that can be told to misbehave."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

KEY = "sk-test-VERYSECRET0123456789"
Answer = tuple[int, dict[str, str], bytes]


def vector_of(text: str, dimension: int = 8) -> list[float]:
    """A vector that depends on the text only, not of length 1."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    return (3 * np.random.default_rng(seed).standard_normal(dimension)).tolist()


class EmbeddingsServer:
    """Records what it is sent; ``misbehave`` holds what to do with the next requests instead."""

    def __init__(self) -> None:
        self.requests: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.times: list[float] = []
        self.misbehave: list[Callable[[dict], Answer] | None] = []
        self.key = KEY
        self.dimension = 8
        self.most = 10_000  # texts in one request
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(body)
                server.headers.append(dict(self.headers))
                server.paths.append(self.path)
                server.times.append(time.monotonic())
                turn = server.misbehave.pop(0) if server.misbehave else None
                status, headers, content = (turn or server.answer)(body)
                if status == 200 and self.headers.get("Authorization") != f"Bearer {server.key}":
                    status, content = 401, f'{{"error": {{"message": "bad {KEY}"}}}}'.encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(content)
                except OSError:
                    return  # the client gave up waiting

            def log_message(self, *_: object) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def texts(self) -> list[str]:
        """All texts that were sent, in order."""
        return [text for request in self.requests for text in request["input"]]

    def answer(self, body: dict, order: Callable[[list], list] = list) -> Answer:
        if len(body["input"]) > self.most:
            return 413, {}, b'{"message": "too many texts"}'
        size = body.get("dimensions") or self.dimension
        data = [
            {"object": "embedding", "index": i, "embedding": vector_of(text, size)}
            for i, text in enumerate(body["input"])
        ]
        return 200, {}, json.dumps({"object": "list", "data": order(data)}).encode()


def fails(status: int, content: bytes = b"{}", **headers: str) -> Callable[[dict], Answer]:
    """Return a turn that answers with a status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _body: (status, named, content)


class ChatServer(EmbeddingsServer):
    """A chat endpoint that judges pairs by ``judge`` and writes questions about an answer.

    Attributes
    ----------
    answered : list of (question, answer, turned)
        Pairs whose scores went out; a pair twice in it was paid for twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self.judge: Callable[[str, str], object] = lambda question, answer: 3
        self.write: Callable[[str], list[dict]] = lambda answer: [
            {"style": "question", "text": f"I need help: {answer}"}
        ]
        self.answered: list[tuple[str, str, bool]] = []

    @staticmethod
    def items(body: dict) -> list[dict]:
        """What stands between the marks of the data."""
        told = body["messages"][-1]["content"]
        assert told.startswith("<data>\n") and told.endswith("\n</data>")
        inside = told[len("<data>\n") : -len("\n</data>")]
        assert "<" not in inside and ">" not in inside, "data could end their own block"
        return [json.loads(line) for line in inside.split("\n")]

    def answer(self, body: dict, order: Callable[[list], list] = list) -> Answer:
        items = self.items(body)
        if len(items) > self.most:
            return 413, {}, b"{}"
        if "question" not in items[0]:
            document: dict = {"questions": self.write(items[0]["answer"])}
            self.answered.append(("", items[0]["answer"], False))
        else:
            scores = [
                {"id": item["id"], "score": self.judge(item["question"], item["answer"])}
                for item in items
            ]
            document = {"scores": order(scores)}
            self.answered += [
                (item["question"], item["answer"], list(item)[1] == "answer") for item in items
            ]
        return self.says(json.dumps(document))

    @staticmethod
    def says(text: str) -> Answer:
        """A chat completion with this text."""
        document = {"choices": [{"message": {"role": "assistant", "content": text}}]}
        return 200, {}, json.dumps(document).encode()


@contextmanager
def embeddings_server(kind: type[EmbeddingsServer] = EmbeddingsServer) -> Iterator:
    """Run a server until the block ends."""
    server = kind()
    server._thread.start()
    try:
        yield server
    finally:
        server._http.shutdown()
        server._http.server_close()
