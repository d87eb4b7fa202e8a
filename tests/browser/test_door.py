"""Nobody gets past the door who may not come in: no page, no websocket, no upload, no file."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect
from streamlit import config as streamlit_config
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from core.types.access import SHARED_VARIABLE, hashed
from pages.parts import sign_in
from pages.parts.door import Door

PASSCODE = "correct horse battery"
CLIENT, COOKIE_SECRET = "app-1", "a secret of sixteen"
AUTH = {
    "client_id": CLIENT,
    "cookie_secret": COOKIE_SECRET,
    "redirect_uri": "http://x/oauth2callback",
}
PAGE = {"accept": "text/html"}
UPLOAD = "/_stcore/upload_file/session/file"


class Inside:
    """What stands behind the door; remembers what reached it."""

    def __init__(self) -> None:
        self.reached: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        self.reached.append(scope["path"])
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"inside"})


@pytest.fixture
def visit(monkeypatch):
    """Return a function that makes a server with these settings, and a visitor of it."""
    monkeypatch.setenv(SHARED_VARIABLE, "")
    monkeypatch.setattr(sign_in, "_door", False)
    for name in sign_in.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(
        "streamlit.web.server.starlette.starlette_websocket.get_cookie_secret",
        lambda: COOKIE_SECRET,
    )

    def come(
        auth: Mapping[str, Any] | None = None,
        address: str = "127.0.0.1",
        host: str = "localhost:8501",
        **settings: str,
    ) -> tuple[TestClient, Inside]:
        secrets = settings | ({"auth": dict(auth)} if auth else {})
        monkeypatch.setattr(sign_in, "server_secrets", lambda: secrets)
        inside = Inside()
        visitor = TestClient(
            Door(inside), f"http://{host}", client=(address, 50_000), follow_redirects=False
        )
        return visitor, inside

    return come


def stream(visitor: TestClient, **settings: Any) -> WebSocketTestSession:
    """Open the websocket; the test client would ask under another host name by itself."""
    place = f"ws://{visitor.base_url.netloc.decode()}/_stcore/stream"
    return visitor.websocket_connect(place, **settings)


def assert_shut(visitor: TestClient, inside: Inside, status: int) -> None:
    for path in ("/", "/compare", "/static/js/index.js", "/media/abc.csv", "/_stcore/metrics"):
        assert visitor.get(path).status_code == status, path
    assert visitor.put(UPLOAD, content=b"x" * 1_000_000).status_code == status
    assert visitor.delete(UPLOAD).status_code == status
    with pytest.raises(WebSocketDisconnect), stream(visitor):
        pass
    assert inside.reached == []
    assert visitor.get("/_stcore/health").status_code == 200, "a load balancer may ask"


def test_alone_only_this_machine_comes_in(visit):
    visitor, inside = visit()
    answer = visitor.get("/")
    assert answer.text == "inside"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert visitor.put(UPLOAD).status_code == 200
    with stream(visitor):
        assert "/_stcore/stream" in inside.reached


def test_pages_of_other_sites_open_no_websocket(visit):
    visitor, inside = visit()
    for origin in ("http://evil.example", "http://localhost:9999", "null"):
        with (
            pytest.raises(WebSocketDisconnect),
            stream(visitor, headers={"origin": origin}),
        ):
            pass
    assert inside.reached == []
    with stream(visitor, headers={"origin": "http://localhost:8501"}):
        assert inside.reached == ["/_stcore/stream"]


@pytest.mark.parametrize(
    ("address", "host", "headers"),
    [
        ("192.168.1.7", "192.168.1.5:8501", {}),
        ("192.168.1.7", "localhost:8501", {}),
        ("127.0.0.1", "rebound.evil.example:8501", {}),
        ("127.0.0.1", "localhost.evil.example", {}),
        ("127.0.0.1", "localhost:8501", {"x-forwarded-for": "203.0.113.9"}),
        ("127.0.0.1", "localhost:8501", {"forwarded": "for=203.0.113.9"}),
    ],
)
def test_alone_nobody_else_comes_in(visit, address, host, headers):
    """Also not by a proxy, nor by another site's page under a name of its own (DNS rebinding)."""
    visitor, inside = visit(address=address, host=host)
    visitor.headers.update(headers)
    assert_shut(visitor, inside, 403)
    told = visitor.get("/", headers=PAGE)
    assert told.status_code == 403 and "docs/security.md" in told.text
    assert "一人" in visitor.get("/?lang=ja", headers=PAGE).text


@pytest.mark.parametrize("kept", [PASSCODE, hashed(PASSCODE)])
def test_a_passcode_opens_everything_for_some_hours(visit, kept, monkeypatch):
    visitor, inside = visit(address="192.168.1.7", host="tuner.corp", PASSCODE=kept)
    assert_shut(visitor, inside, 401)
    form = visitor.get("/compare?project=p", headers=PAGE)
    assert form.status_code == 401 and "/compare?project=p" in form.text
    wrong = visitor.post("/passcode", data={"passcode": "wrong one here"}, headers=PAGE)
    assert wrong.status_code == 401 and "not the passcode" in wrong.text
    right = visitor.post(
        "/passcode", data={"passcode": f" {PASSCODE} ", "to": "/compare?project=p"}
    )
    assert (right.status_code, right.headers["location"]) == (303, "/compare?project=p")
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie
    assert visitor.get("/").text == "inside" and visitor.put(UPLOAD).status_code == 200
    with stream(visitor):
        pass
    monkeypatch.setattr(sign_in.time, "time", lambda: 4_000_000_000.0)
    assert visitor.get("/").status_code == 401, "the hours are over"


def test_another_passcode_ends_what_the_old_one_opened(visit, monkeypatch):
    visitor, _ = visit(PASSCODE=PASSCODE)
    visitor.post("/passcode", data={"passcode": PASSCODE})
    assert visitor.get("/").status_code == 200
    monkeypatch.setattr(sign_in, "server_secrets", lambda: {"PASSCODE": "another good passcode"})
    assert visitor.get("/").status_code == 401


FOREVER = "9999999999"


@pytest.mark.parametrize(
    "cookie", ["", FOREVER, f"{FOREVER}.", f"{FOREVER}.{'0' * 64}", "x.y", f"{'٣' * 10}.{'0' * 64}"]
)
def test_a_made_up_cookie_opens_nothing(visit, cookie):
    visitor, _ = visit(PASSCODE=PASSCODE)
    for name in (sign_in.PASSED, sign_in.BY_LINK):
        answer = visitor.get("/", headers={"cookie": f"{name}={cookie}".encode()})
        assert answer.status_code == 401


@pytest.mark.parametrize("place", ["//evil.example", "/\\evil.example", "https://evil.example", ""])
def test_nobody_is_led_elsewhere(visit, place):
    visitor, _ = visit(PASSCODE=PASSCODE)
    answer = visitor.post("/passcode", data={"passcode": PASSCODE, "to": place})
    assert answer.headers["location"] == "/"


def test_guessing_is_slowed_down(visit):
    visitor, _ = visit(PASSCODE=PASSCODE)
    for _ in range(4):
        assert visitor.post("/passcode", data={"passcode": "a wrong guess"}).status_code == 401
    slow = visitor.post("/passcode", data={"passcode": PASSCODE}, headers=PAGE)
    assert slow.status_code == 429 and "Too many" in slow.text
    assert visitor.post("/passcode", content=b"passcode=" + b"x" * 9_000).status_code in (413, 429)


def test_a_passcode_that_is_too_short_lets_nobody_in(visit):
    visitor, inside = visit(PASSCODE="short")
    assert "too short" in visitor.get("/", headers=PAGE).text
    visitor.post("/passcode", data={"passcode": "short"})
    assert_shut(visitor, inside, 401)


def test_a_link_to_a_vote_opens_pages_and_nothing_else(visit):
    visitor, inside = visit(address="192.168.1.7", host="tuner.corp", PASSCODE=PASSCODE)
    first = visitor.get("/compare?project=p&vote=r1", headers=PAGE)
    assert (first.status_code, first.headers["location"]) == (303, "/compare?project=p&vote=r1")
    assert visitor.get("/compare?project=p&vote=r1", headers=PAGE).text == "inside"
    assert visitor.get("/static/js/index.js").status_code == 200
    with stream(visitor):
        pass
    reached = list(inside.reached)
    assert visitor.put(UPLOAD).status_code == 401 and visitor.get("/media/x").status_code == 401
    assert visitor.get("/compare?project=p", headers=PAGE).status_code == 401
    assert inside.reached == reached


def cookie_of(origin: str = "http://tuner.corp", secret: str = COOKIE_SECRET, **claims) -> str:
    """Return the cookie that Streamlit keeps after a sign-in."""
    told = {
        "origin": origin,
        "is_logged_in": True,
        "aud": CLIENT,
        "iat": int(time.time()) - 60,
        "email": "anna@example.com",
        "email_verified": True,
    }
    value = create_signed_value(secret, "_streamlit_user", json.dumps(told | claims))
    return f"_streamlit_user={value.decode()}"


def test_sign_in_opens_everything_to_who_is_on_the_list(visit):
    visitor, inside = visit(AUTH, "192.168.1.7", "tuner.corp", PEOPLE="@example.com")
    assert_shut(visitor, inside, 401)
    asked = visitor.get("/", headers=PAGE)
    assert asked.status_code == 401 and "/auth/login?provider=" in asked.text
    for path in ("/auth/login", "/oauth2callback", "/auth/logout"):
        assert visitor.get(path).text == "inside"
    visitor.headers["cookie"] = cookie_of()
    assert visitor.get("/").text == "inside" and visitor.put(UPLOAD).status_code == 200
    with stream(visitor):
        pass


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": "another-app"}, "another app"),
        ({"email_verified": False}, "verified"),
        ({"email": "eve@example.org"}, "may not come in"),
        ({"iat": 1_000_000_000}, "12 hours ago"),
        ({"is_logged_in": False}, ""),
        ({"origin": "http://elsewhere.example"}, ""),
        ({"secret": "the secret of others"}, ""),
    ],
)
def test_sign_ins_that_open_nothing(visit, claims, why):
    visitor, inside = visit(AUTH, "192.168.1.7", "tuner.corp", PEOPLE="@example.com")
    visitor.headers["cookie"] = cookie_of(**claims)
    assert_shut(visitor, inside, 401)
    told = visitor.get("/", headers=PAGE)
    assert why in told.text and "/auth/login?provider=" in told.text
    assert ('class="why"' in told.text) is bool(why)


def test_a_passcode_or_a_link_is_no_way_round_sign_in(visit):
    visitor, inside = visit(AUTH, PEOPLE="@example.com", PASSCODE=PASSCODE)
    assert visitor.post("/passcode", data={"passcode": PASSCODE}).status_code == 401
    assert visitor.get("/compare?vote=r1", headers=PAGE).status_code == 401
    assert_shut(visitor, inside, 401)


def test_behind_a_proxy_with_https_the_cookie_is_for_https_only(visit):
    visitor, _ = visit(address="10.0.0.2", host="tuner.corp", PASSCODE=PASSCODE)
    visitor.headers["x-forwarded-proto"] = "https"
    answer = visitor.post("/passcode", data={"passcode": PASSCODE})
    assert "secure" in answer.headers["set-cookie"].lower()
    signed, _ = visit(AUTH, "10.0.0.2", "tuner.corp", PEOPLE="@example.com")
    signed.headers["cookie"] = cookie_of("https://tuner.corp")
    assert signed.get("/").status_code == 401
    signed.headers["x-forwarded-proto"] = "https"
    assert signed.get("/").status_code == 200


def test_below_a_path_of_a_larger_server(visit, monkeypatch):
    old = streamlit_config.get_option("server.baseUrlPath")
    streamlit_config.set_option("server.baseUrlPath", "tuner")
    try:
        visitor, _ = visit(PASSCODE=PASSCODE)
        assert 'action="/tuner/passcode' in visitor.get("/tuner/", headers=PAGE).text
        answer = visitor.post("/tuner/passcode", data={"passcode": PASSCODE, "to": "/tuner/data"})
        assert answer.headers["location"] == "/tuner/data"
        assert "path=/tuner" in answer.headers["set-cookie"].lower()
        assert visitor.get("/tuner/_stcore/health").status_code == 200
    finally:
        streamlit_config.set_option("server.baseUrlPath", old)


def test_workers_learn_that_others_use_this_server(visit, monkeypatch):
    import os

    visit()
    assert not os.environ[SHARED_VARIABLE]
    visit(PASSCODE=PASSCODE)
    assert os.environ[SHARED_VARIABLE] == "1"


def test_pages_are_served_behind_the_door():
    """What counts is the command of the README, not that the class works."""
    from pathlib import Path

    from streamlit.web.server.app_discovery import discover_asgi_app

    entry = Path(__file__).parents[2] / "app.py"
    found = discover_asgi_app(entry)
    assert (found.is_asgi_app, found.app_name) == (True, "app")
    assert "Middleware(Door)" in entry.read_text(encoding="utf-8")
