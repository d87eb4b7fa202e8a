"""A small OpenID provider on loopback: who signs in is whoever the test says."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "search-tuner", "a secret between app and provider"


class Provider:
    """Issues tokens with the authorisation code flow and PKCE.

    Attributes
    ----------
    claims : dict
        Laid over the claims of the next token; None takes one out.
    seen : list of str
        Paths that were asked for.
    """

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig"})
        self.foreign_key = RSAKey.generate_key(2048, parameters={"kid": "k1", "use": "sig"})
        self.sign_with = self.key
        self.claims: dict[str, Any] = {}
        self.seen: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.get(self)

            def do_POST(self) -> None:
                provider.post(self)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"

    def token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "1",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 3600,
            "nonce": nonce,
            "email": "anna@example.com",
            "email_verified": True,
            "name": "Anna",
        } | self.claims
        told = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "k1"}, told, self.sign_with)

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.seen.append(parts.path)
        if parts.path == "/.well-known/openid-configuration":
            paths = {
                "authorization_endpoint": "authorize",
                "token_endpoint": "token",
                "jwks_uri": "keys",
                "end_session_endpoint": "leave",
            }
            self.answer(
                handler,
                {name: f"{self.issuer}/{path}" for name, path in paths.items()}
                | {
                    "issuer": self.issuer,
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "code_challenge_methods_supported": ["S256"],
                },
            )
        elif parts.path == "/keys":
            self.answer(handler, {"keys": [self.key.as_dict(private=False)]})
        elif parts.path == "/authorize":
            assert asked["client_id"] == CLIENT_ID and asked["code_challenge_method"] == "S256"
            code = secrets.token_urlsafe(16)
            self.codes[code] = asked
            back = urlencode({"code": code, "state": asked["state"]})
            self.lead_to(handler, f"{asked['redirect_uri']}?{back}")
        elif parts.path == "/leave":
            self.lead_to(handler, asked["post_logout_redirect_uri"])
        else:
            handler.send_error(404)

    def post(self, handler: BaseHTTPRequestHandler) -> None:
        self.seen.append(handler.path)
        body = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
        told = {name: values[0] for name, values in parse_qs(body).items()}
        basic = handler.headers.get("Authorization", "").removeprefix("Basic ")
        given = base64.b64decode(basic).decode() if basic else ""
        secret = given.partition(":")[2] or told.get("client_secret", "")
        asked = self.codes.pop(told.get("code", ""), None)
        digest = hashlib.sha256(told.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        from urllib.parse import unquote_plus

        if not asked or challenge != asked["code_challenge"]:
            handler.send_error(400)
        elif unquote_plus(secret) != CLIENT_SECRET:
            handler.send_error(401)
        else:
            token = self.token(asked["nonce"])
            self.answer(
                handler,
                {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": token},
            )

    @staticmethod
    def answer(handler: BaseHTTPRequestHandler, document: Any) -> None:
        body = json.dumps(document).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    @staticmethod
    def lead_to(handler: BaseHTTPRequestHandler, address: str) -> None:
        handler.send_response(302)
        handler.send_header("Location", address)
        handler.send_header("Content-Length", "0")
        handler.end_headers()


@contextmanager
def identity_provider() -> Iterator[Provider]:
    """Run a provider as long as the body lasts."""
    provider = Provider()
    thread = threading.Thread(target=provider.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.server.shutdown()
        provider.server.server_close()
        thread.join(5)
