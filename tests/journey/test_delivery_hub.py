"""A push to the hub, against a server on this machine that writes down every call."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.errors import ExportError
from core.journey.delivery import push_model
from core.reporting import model_hub
from core.reporting.model_hub import ModelHub
from tests.reporting.finished_journey import EVIL, finished_journey

SECRET = "hf_verysecrettoken"
REPOSITORY = "acme/outdoor-search"


@dataclass
class Hub:
    """What a model hub does when a folder is uploaded, and what it was asked."""

    visible: str | None = None  # of an existing repository: "private" or "public"
    status: int = 200
    calls: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    created: dict = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def answer(self, document, status=200, **headers):
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def read(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def seen(self) -> bytes:
            hub.calls.append((self.command, self.path.partition("?")[0]))
            hub.tokens.add(self.headers.get("Authorization", ""))
            return self.read()

        def do_GET(self):
            self.seen()
            if hub.status != 200:
                self.answer({"error": "no"}, hub.status)
            elif self.path.startswith(f"/api/models/{REPOSITORY}") and hub.visible:
                self.answer({"id": REPOSITORY, "private": hub.visible == "private"})
            else:
                self.answer({"error": "none"}, 404, X_Error_Code="RepoNotFound")

        def do_HEAD(self):
            self.do_GET()

        def do_PUT(self):
            hub.large[self.path.rpartition("/")[2]] = self.seen()
            self.answer({})

        def do_POST(self):
            body = self.seen()
            if self.path == "/api/repos/create":
                hub.created = json.loads(body)
                hub.visible = hub.created.get("visibility", "public")
                self.answer({"url": f"{hub.url}/{REPOSITORY}"})
            elif "/preupload/" in self.path:
                kinds = {True: "lfs", False: "regular"}
                self.answer(
                    {
                        "files": [
                            {
                                "path": one["path"],
                                "uploadMode": kinds[one["path"].endswith("safetensors")],
                                "shouldIgnore": False,
                            }
                            for one in json.loads(body)["files"]
                        ]
                    }
                )
            elif self.path.endswith("/info/lfs/objects/batch"):
                self.answer(
                    {
                        "transfer": "basic",
                        "objects": [
                            one | {"actions": {"upload": {"href": f"{hub.url}/lfs/{one['oid']}"}}}
                            for one in json.loads(body)["objects"]
                        ],
                    }
                )
            elif "/commit/" in self.path:
                for line in map(json.loads, body.decode().splitlines()):
                    value = line["value"]
                    if line["key"] == "file":
                        hub.files[value["path"]] = base64.b64decode(value["content"])
                    elif line["key"] == "lfsFile":
                        hub.files[value["path"]] = hub.large[value["oid"]]
                self.answer(
                    {
                        "commitUrl": f"{hub.url}/{REPOSITORY}/commit/{'0' * 40}",
                        "commitOid": "0" * 40,
                        "hookOutput": "",
                    }
                )
            else:
                self.answer({})

    return Handler


@pytest.fixture
def hub(monkeypatch):
    made = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(made))
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    # The hub's newer storage needs servers of its own; its older way is the one that is recorded.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    yield made
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    return finished_journey(tmp_path_factory.mktemp("hub"))


def push(journey, hub, **changes):
    told = {"repository": REPOSITORY, "private": True, "token": SECRET} | changes
    return push_model(
        journey.project,
        journey.tune_run,
        journey.compare_run,
        told["repository"],
        "ann",
        hub=ModelHub.of({"HF_TOKEN": told["token"], "HF_ENDPOINT": hub.url}),
        private=told["private"],
    )


def test_a_push_makes_a_private_repository_with_model_and_card(journey, hub, caplog):
    """A public repository by mistake cannot be taken back."""
    caplog.set_level(logging.DEBUG)
    assert push(journey, hub) == f"{hub.url}/{REPOSITORY}"
    assert hub.created["visibility"] == "private"
    assert (hub.created["organization"], hub.created["name"]) == ("acme", "outdoor-search")
    assert hub.tokens <= {f"Bearer {SECRET}", ""} and f"Bearer {SECRET}" in hub.tokens
    assert {"README.md", "modules.json"} <= set(hub.files)
    (weights,) = (name for name in hub.files if name.endswith("model.safetensors"))
    assert hashlib.sha256(hub.files[weights]).hexdigest() in hub.large
    card = hub.files["README.md"].decode()
    assert "library_name: sentence-transformers" in card and EVIL not in card
    assert not any(name.endswith((".pt", ".bin", ".py")) for name in hub.files)
    last = journey.workspace.records.audit_trail(journey.project.id)[-1]
    assert last["what"] == "model pushed to hub" and last["detail"]["private"] is True
    assert last["detail"]["repository"] == REPOSITORY and last["who"] == "ann"
    assert SECRET not in caplog.text


def test_the_token_is_written_nowhere(journey, hub):
    push(journey, hub)
    for path in journey.workspace.layout.root.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
    assert not list(journey.workspace.layout.exports.glob("tmp*"))


def test_an_existing_public_repository_is_refused_unless_wanted(journey, hub):
    hub.visible = "public"
    with pytest.raises(ExportError, match="is public"):
        push(journey, hub)
    assert not hub.files
    push(journey, hub, private=False)
    assert "README.md" in hub.files and not hub.created


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_said_without_showing_it(journey, hub, status):
    hub.status = status
    with pytest.raises(ExportError) as caught:
        push(journey, hub)
    assert SECRET not in str(caught.value)
    assert "HF_TOKEN" in str(caught.value)


def test_no_connection_is_said_within_seconds(journey, hub, monkeypatch):
    hub.port = 9  # nobody listens there
    monkeypatch.setattr(model_hub, "ANSWER_SECONDS", 2.0)
    with pytest.raises(ExportError, match=r"could not be sent to 127\.0\.0\.1:9"):
        push(journey, hub)


def test_what_is_missing_is_said_before_anything_is_sent(journey, hub):
    with pytest.raises(ExportError, match="HF_TOKEN"):
        push(journey, hub, token=" ")
    for name in ("", "justaname", "a/b/c", "../../etc", "a b/c", "a/" + "x" * 100):
        with pytest.raises(ExportError, match="OWNER/NAME"):
            push(journey, hub, repository=name)
    with pytest.raises(ExportError, match="started offline"):
        push_model(
            journey.project, journey.tune_run, None, REPOSITORY, "ann",
            hub=ModelHub.of({"HF_TOKEN": SECRET, "HF_HUB_OFFLINE": "1"}),
        )  # fmt: skip
    assert hub.calls == []
    assert not ModelHub.of({}).can_push and ModelHub.of({"HF_TOKEN": "x"}).can_push
    assert ModelHub.of({}).endpoint == "https://huggingface.co"
    assert ModelHub.of({"HF_ENDPOINT": "http://hub.local/"}).endpoint == "http://hub.local"
