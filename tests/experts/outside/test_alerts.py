"""Alerts go where the server's settings say, once, past the same guards, and keep secrets."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.errors import ExpertError
from core.experts.outside.alerts import MAIL, WEBHOOK, Alert, send_alert, ways
from core.types.access import SHARED_VARIABLE

ALERT = Alert("Shop", "Shop: learn\nagain", ("20% are new.",), ("unlike",), "2026-11-26", ("é?",))


@contextmanager
def webhook(status: int = 204, **headers: str) -> Iterator[tuple[str, list[dict]]]:
    got: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook?code=s3cret", got
    server.shutdown()
    server.server_close()


@contextmanager
def mail_server(refuses: bool = False) -> Iterator[tuple[int, list[str]]]:
    got: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 here")
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "DATA":
                    self.say("354 go on")
                    lines = []
                    while (part := self.rfile.readline().decode()) != ".\r\n":
                        lines.append(part)
                    got.append("".join(lines))
                if word == "MAIL" and refuses:
                    self.say("550 user s3cret is not known")
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], got
    server.shutdown()
    server.server_close()


def mail(port: int, **more: str) -> dict[str, str]:
    return {
        "ALERT_MAIL": "ann@example.com, ben@example.com",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port),
        "SMTP_FROM": "tuner@example.com",
        "SMTP_SECURITY": "none",
        **more,
    }


def test_a_way_is_there_once_it_is_set_up():
    assert ways({}) == () and ways({"ALERT_WEBHOOK": " "}) == ()
    assert ways({"ALERT_WEBHOOK": "x", "ALERT_MAIL": "y"}) == (WEBHOOK, MAIL)


def test_a_webhook_gets_the_alert_as_json():
    with webhook() as (url, got):
        send_alert(WEBHOOK, ALERT, {"ALERT_WEBHOOK": url})
    (sent,) = got
    assert sent["project"] == "Shop" and sent["criteria"] == ["unlike"]
    assert sent["questions"] == ["é?"] and sent["reasons"] == ["20% are new."]


def test_a_redirect_is_not_followed_and_a_refusal_names_the_host_alone():
    with (
        webhook() as (elsewhere, got),
        webhook(307, Location=elsewhere) as (url, _),
        pytest.raises(ExpertError, match="status 307") as error,
    ):
        send_alert(WEBHOOK, ALERT, {"ALERT_WEBHOOK": url})
    assert got == [] and "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "more", "why"),
    [
        ("ftp://example.com/x", {}, "no address of a webhook"),
        ("file:///etc/passwd", {}, "no address of a webhook"),
        ("http://example.com/s3cret", {}, "everybody on the way"),
        ("https://user:s3cret@example.com/x", {}, "leave it out"),
        ("https://10.0.0.7/s3cret", {}, "inside this network"),
        ("https://169.254.169.254/s3cret", {"API_HOSTS": "example.com"}, "may not be sent"),
        ("https://example.com/s3cret", {SHARED_VARIABLE: "1"}, "shared"),
        ("https://example.com/s3cret", {"API_HOSTS": "other.example.com"}, "may not be sent"),
        ("http://127.0.0.1:9/s3cret", {}, "did not answer"),
    ],
)
def test_a_webhook_passes_the_guards_of_every_other_server(url, more, why, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ExpertError, match=why) as error:
        send_alert(WEBHOOK, ALERT, {"ALERT_WEBHOOK": url, **more})
    assert "s3cret" not in str(error.value)


def test_a_mail_goes_to_everybody_in_one_piece():
    with mail_server() as (port, got):
        send_alert(MAIL, ALERT, mail(port))
    (sent,) = got
    assert "Subject: Shop: learn again" in sent and "ann@example.com, ben@example.com" in sent
    assert "20% are new." in sent


def test_a_mail_that_cannot_be_sent_says_so_without_what_the_server_said():
    with mail_server(refuses=True) as (port, got), pytest.raises(ExpertError) as error:
        send_alert(MAIL, ALERT, mail(port))
    assert got == [] and "s3cret" not in str(error.value) and "127.0.0.1" in str(error.value)
    for wrong in ({"SMTP_HOST": ""}, {"SMTP_FROM": "nobody"}, {"SMTP_SECURITY": "maybe"}):
        with pytest.raises(ExpertError, match="A mail needs"):
            send_alert(MAIL, ALERT, mail(1, **wrong))
