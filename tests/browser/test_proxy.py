"""The app behind the proxy of deploy/: who may not come in uploads nothing there, either."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import time

import pytest

from tests.browser.conftest import ROOT, Server

CADDY = shutil.which("caddy")
PASSCODE = "correct horse battery"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CADDY is None, reason="Caddy is not installed: apt-get install caddy"),
]


@pytest.fixture
def proxied(tmp_path, monkeypatch):
    """Return the port of a proxy with the configuration of deploy/, without TLS."""
    monkeypatch.setenv("PASSCODE", PASSCODE)
    server = Server(tmp_path / "workspace", tmp_path / "server.log")
    server.start()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told = {"TUNER_HOST": f"http://127.0.0.1:{port}", "TUNER_APP": f"127.0.0.1:{server.port}"}
    process = subprocess.Popen(
        [CADDY, "run", "--config", str(ROOT / "deploy" / "Caddyfile")],
        env=os.environ | told | {"HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while ask(port, "GET", "/_stcore/health")[0] != 200 and time.monotonic() < end:
        time.sleep(0.2)
    yield port
    process.terminate()
    process.wait(20)
    server.stop()


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders())
    except OSError:
        return 0, {}
    finally:
        connection.close()


def test_uploads_need_the_passcode_behind_the_proxy_too(proxied):
    upload = "/_stcore/upload_file/any/any"
    assert ask(proxied, "PUT", upload, b"x" * 1_000_000)[0] == 401
    assert ask(proxied, "GET", "/", Accept="text/html")[0] == 401
    form = f"passcode={PASSCODE.replace(' ', '+')}&to=/".encode()
    kind = "application/x-www-form-urlencoded"
    status, headers = ask(proxied, "POST", "/passcode", form, Content_Type=kind)
    assert status == 303 and headers["Strict-Transport-Security"]
    cookie = headers["Set-Cookie"].partition(";")[0]
    status, headers = ask(proxied, "GET", "/", Accept="text/html", Cookie=cookie)
    assert status == 200 and "default-src 'self'" in headers["Content-Security-Policy"]
    assert ask(proxied, "PUT", upload, b"x" * 1_000_000, Cookie=cookie)[0] in (400, 403)
