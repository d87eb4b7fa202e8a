"""A small server in the place of a cluster: answers as Ray's dashboard does, or in other ways."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeCluster:
    """What the server says, and what it was told.

    Attributes
    ----------
    nodes : mapping
        From a machine to what of it is taken and there: ``{"CPU": [taken, all]}``.
    status, body : int, bytes or None
        Given to every question instead of the usual answer.
    """

    address: str = ""
    nodes: Any = field(default_factory=lambda: {"a": {"CPU": [0.0, 4.0]}})
    jobs: list[dict[str, Any]] = field(default_factory=list)
    token: str = ""
    status: int = 200
    body: bytes | None = None
    submitted: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    asked: int = 0

    def answer(self, method: str, path: str, document: Any) -> Any:
        """Return what Ray would say."""
        self.asked += 1
        if path == "/api/cluster_status":
            report = {"usageByNode": self.nodes}
            return {"data": {"clusterStatus": {"loadMetricsReport": report}}}
        if method == "POST" and path.endswith("/stop"):
            self.stopped.append(path.split("/")[3])
            return {"stopped": True}
        if method == "POST":
            self.submitted.append(document)
            return {"submission_id": document["submission_id"]}
        return self.jobs


@contextmanager
def fake_cluster() -> Iterator[FakeCluster]:
    """Serve on a free port of this machine."""
    cluster = FakeCluster()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            document = json.loads(self.rfile.read(size) or b"null")
            content = json.dumps(cluster.answer(self.command, self.path, document)).encode()
            status = cluster.status
            if cluster.token and self.headers.get("Authorization") != f"Bearer {cluster.token}":
                status = 401
            self.send_response(status)
            self.end_headers()
            self.wfile.write(content if cluster.body is None else cluster.body)

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    cluster.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
