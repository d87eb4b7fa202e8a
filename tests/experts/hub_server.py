"""A model hub on loopback: lists a repository, serves its files in ranges, can break off or lie."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

COMMIT = "a" * 40


class HubServer:
    """Serves ``files`` of one repository.

    Attributes
    ----------
    breaks_after : list of int
        The next answers with content end after so many bytes, without a word.
    sent : dict of file to bytes that were sent of it
    asked : list of paths
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.served = files, dict(files)
        self.breaks_after: list[int] = []
        self.sent: dict[str, int] = {}
        self.asked: list[str] = []
        self.commit = COMMIT
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                server.asked.append(path)
                if path.startswith("/api/models/"):
                    return self.answer(200, json.dumps(server.listing()).encode(), {})
                name = path.split("/resolve/")[-1].partition("/")[2]
                if name not in server.served:
                    return self.answer(404, b"", {})
                content, status, more = server.served[name], 200, {}
                wanted = self.headers.get("Range")
                if wanted:
                    start = int(wanted.removeprefix("bytes=").rstrip("-"))
                    more = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
                    content, status = content[start:], 206
                cut = server.breaks_after.pop(0) if server.breaks_after else len(content)
                server.sent[name] = server.sent.get(name, 0) + len(content[:cut])
                self.answer(status, content, more, cut)

            def answer(self, status, content, more, cut=None) -> None:
                self.send_response(status)
                for header, value in {"Content-Length": str(len(content)), **more}.items():
                    self.send_header(header, value)
                self.end_headers()
                self.wfile.write(content[:cut])

            def log_message(self, *_: object) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._http.server_port}"

    def listing(self) -> dict:
        """What the hub says about the repository."""
        siblings = []
        for name, content in self.files.items():
            blob = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
            listed = {"rfilename": name, "size": len(content), "blobId": blob}
            if name.endswith(".safetensors"):
                sha256 = hashlib.sha256(content).hexdigest()
                listed["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
            siblings.append(listed)
        return {"id": "x/y", "sha": self.commit, "siblings": siblings}

    @contextmanager
    def running(self) -> Iterator[HubServer]:
        """Serve until the block is left."""
        thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()
