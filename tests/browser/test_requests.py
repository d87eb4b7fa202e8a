"""No request leaves the machine on its own: not of the browser, not of the server."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import ROOT, Server

pytestmark = pytest.mark.browser
SLOW = 90_000  # milliseconds

# Python's own audit hooks see every connection and every look-up of a name, whatever library asks.
# One connection to nowhere on this machine shows that what runs here is seen at all.
RECORDER = r"""
import json, os, socket, sys
def hook(event, args):
    if event in ("socket.connect", "socket.sendto"):
        told = args[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        told = args[0]
    else:
        return
    with open(os.environ["RECORDED_REQUESTS"], "a") as file:
        file.write(json.dumps([event, str(told)]) + "\n")
sys.addaudithook(hook)
with socket.socket() as probe:
    probe.connect_ex(("127.0.0.1", 9))
"""
OWN = ("127.0.0.1", "localhost", "::1", "0.0.0.0")


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A server whose connections are written down, started as on a server without a screen."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(RECORDER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "hook"))
    monkeypatch.setenv("RECORDED_REQUESTS", str(tmp_path / "requests.jsonl"))
    made = Server(tmp_path / "workspace", tmp_path / "server.log")
    made.requests = tmp_path / "requests.jsonl"
    yield made
    made.stop()


def elsewhere(server: Server) -> list[str]:
    lines = [json.loads(line) for line in server.requests.read_text().splitlines()]
    assert lines, "a recorder that saw nothing proves nothing"
    return [told for _, told in lines if not any(own in told for own in OWN) and "/" not in told]


def test_a_tour_of_all_pages_asks_nobody_else(page, recorded):
    recorded.start()
    asked, said, failed = [], [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on("console", lambda line: said.append(line.text))
    page.on("requestfailed", lambda request: failed.append((request.url, request.failure)))
    page.on("response", lambda got: got.status >= 400 and failed.append((got.url, got.status)))
    page.goto(recorded.url)
    page.get_by_role("button", name="Try with sample data").first.click(timeout=SLOW)
    page.get_by_role("heading", name="Outdoor shop FAQ (English)").wait_for(timeout=SLOW)
    project = urlsplit(page.url).query
    for stop in ("data", "experts", "labels", "tune", "compare", "report", ""):
        page.goto(f"{recorded.url}/{stop}?{project}")
        page.get_by_role("heading").first.wait_for(timeout=SLOW)
    apart = [urlsplit(url) for url in asked]
    hosts = {one.netloc for one in apart if one.scheme in ("http", "https", "ws", "wss")}
    assert len(asked) > 50
    assert hosts == {f"127.0.0.1:{recorded.port}"}
    # What is still on its way when the next page is asked for is dropped; Streamlit finds out by
    # trying under which address its server lies; nothing else may fail, no font least of all.
    looked_for = ("/_stcore/host-config", "/_stcore/health")
    odd = [one for one in failed if one[1] != "net::ERR_ABORTED"]
    assert [one for one in odd if not urlsplit(one[0]).path.endswith(looked_for)] == []
    in_the_way = [text for text in said if "Content Security" in text]
    assert in_the_way == [], "the page's policy is in nobody's way"
    icon = page.locator("link[rel~='icon']").first.get_attribute("href")
    assert "gstatic" not in icon
    assert elsewhere(recorded) == []


def test_a_shared_server_does_not_look_for_its_own_address(recorded, monkeypatch):
    """Streamlit asks a server of its maker for the external address, unless it is told one."""
    monkeypatch.setenv("PASSCODE", "correct horse battery")
    recorded.address = "0.0.0.0"
    recorded.start()
    connection = http.client.HTTPConnection("127.0.0.1", recorded.port, timeout=60)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    strange = {"Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==", "Origin": "http://evil.example"}
    connection.request("GET", "/_stcore/stream", headers=upgrade | strange)
    assert connection.getresponse().status == 403
    assert elsewhere(recorded) == []


def test_settings_that_keep_streamlit_silent():
    text = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    for setting in ("gatherUsageStats = false", 'address = "127.0.0.1"', "serverAddress"):
        assert setting in text
