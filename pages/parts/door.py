"""The door of the server: nobody who may not come in reaches a page, an upload or a file.

It stands before everything that Streamlit serves (its websocket, uploads and downloads, too), so
that a visitor without sign-in or passcode can send nothing that is kept, not even in memory.
"""

from __future__ import annotations

import html
import os
import secrets
import time
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import RightsError
from core.messages import N_, N_n
from core.translation import DEFAULT_LANGUAGE, LANGUAGES, translate, translator
from core.types.access import (
    ALONE,
    PASSCODE,
    SHARED_VARIABLE,
    SIGN_IN,
    Access,
    Throttle,
    is_loopback,
    is_passcode,
    is_usable_passcode,
)
from pages.parts.sign_in import (
    BROWSER,
    BY_LINK,
    PASSED,
    SEARCH,
    claims_in,
    is_passed,
    link_in,
    pass_for,
    providers,
    put_door_in_place,
    read_access,
    settings_for_workers,
)

FORM = "/passcode"
_LARGEST_FORM = 4_096  # bytes
_HEALTH = "/_stcore/health"
_SIGNING_IN = ("/auth/login", "/auth/logout", "/oauth2callback")
# What somebody who came by a link has no use for: uploads, and files made for download.
_NOT_BY_LINK = ("/_stcore/upload_file", "/media/")
# The browser may ask nobody but this server, whatever a text or a library wants to load.
_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' data: blob:; "
    "frame-src 'self' data: blob:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self'"
)
_FRAMED_BY = "frame-ancestors 'self'"
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
}


class Door:
    """Middleware around the whole app.

    Parameters
    ----------
    app : ASGI app
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.throttle = app, Throttle()
        put_door_in_place()
        # Workers know these from the environment only, wherever they were set.
        for name, value in settings_for_workers().items():
            os.environ.setdefault(name, value)
        if read_access().mode != ALONE:
            os.environ[SHARED_VARIABLE] = "1"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        base = "/" + str(st.get_option("server.baseUrlPath") or "").strip("/")
        path = "/" + scope["path"].removeprefix(base).lstrip("/")

        asked = Headers(scope=scope)
        newcomer = _wants_page(asked) and BROWSER not in _cookies(asked)
        own_headers = _headers_for(scope)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in own_headers.items():
                    headers.setdefault(name, value)
                if newcomer:
                    headers.append("Set-Cookie", _browser_cookie(scope, base))
            await send(message)

        if scope["type"] == "websocket" and not _is_same_origin(Headers(scope=scope)):
            await receive()
            await send({"type": "websocket.close", "code": 4403})
            return
        answer = await self._answer(scope, receive, path, base)
        if answer is None:
            await self.app(scope, receive, with_headers)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4401})
        else:
            await answer(scope, receive, with_headers)

    async def _answer(
        self, scope: Scope, receive: Receive, path: str, base: str
    ) -> Response | None:
        """Return what a visitor gets instead of the app, None for whoever may come in."""
        access, headers = read_access(), Headers(scope=scope)
        if path == _HEALTH:
            return None
        cookies = _cookies(headers)
        if access.mode == ALONE:
            return None if _is_this_machine(scope, headers) else self._page(scope, access, "")
        if access.mode == SIGN_IN:
            if path in _SIGNING_IN:
                return None
            claims = claims_in(cookies, _origin(scope, headers))
            if not claims:
                return self._page(scope, access, "")
            try:
                access.signed_in(claims, time.time())
            except RightsError as refusal:
                return self._page(scope, access, translate(refusal.message, _language(scope)))
            return None
        if path == FORM and scope["type"] == "http" and scope["method"] == "POST":
            return await self._passcode_typed(scope, receive, access, base)
        if is_passed(cookies, PASSED, access):
            return None
        linked = bool(link_in(_query(scope)))
        if is_passed(cookies, BY_LINK, access) and not path.startswith(_NOT_BY_LINK):
            # Without the vote in its address, a page is none of theirs.
            if linked or not _wants_page(headers):
                return None
        elif linked and scope["type"] == "http" and scope["method"] == "GET":
            here = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
            redirect = RedirectResponse(here, 303)
            framed = access.embed_sites and SEARCH in _query(scope)
            return _with_cookie(redirect, scope, BY_LINK, access, base, framed=bool(framed))
        return self._page(scope, access, "")

    async def _passcode_typed(
        self, scope: Scope, receive: Receive, access: Access, base: str
    ) -> Response:
        who, now = _address(scope), time.monotonic()
        wait = self.throttle.wait(who, now)
        t = translator(_language(scope))
        if wait:
            text = t(
                N_n(
                    "Too many wrong passcodes. Wait {seconds} second, then try again.",
                    "Too many wrong passcodes. Wait {seconds} seconds, then try again.",
                    by="seconds",
                )
            )
            return self._page(scope, access, text.format(seconds=int(wait) + 1), status=429)
        body = b""
        async for part in Request(scope, receive).stream():
            body += part
            if len(body) > _LARGEST_FORM:
                return Response(status_code=413)
        typed = parse_qs(body.decode("utf-8", "replace"))
        given = (typed.get("passcode") or [""])[0].strip()
        if not is_passcode(given, access.passcode):
            self.throttle.failed(who, now)
            return self._page(scope, access, t(N_("That is not the passcode.")))
        self.throttle.succeeded(who)
        wanted = (typed.get("to") or ["/"])[0]
        # Only a place of this server: "//elsewhere" and "/\elsewhere" lead away.
        safe = wanted.startswith("/") and wanted[1:2] not in ("/", "\\")
        return _with_cookie(
            RedirectResponse(wanted if safe else base, 303), scope, PASSED, access, base
        )

    def _page(self, scope: Scope, access: Access, why: str, status: int = 0) -> Response:
        """Return the page before the door; a few words for what is no browser's page."""
        language = _language(scope)
        t = translator(language)
        if access.mode == ALONE:
            status = status or 403
            body = t(
                N_(
                    "This app is set up for one person on the machine that it runs on. To share "
                    "it, whoever runs it sets up sign-in or a passcode (docs/security.md)."
                )
            )
            inner = f"<p>{html.escape(body)}</p>"
        elif access.mode == PASSCODE:
            status, inner = status or 401, _passcode_form(scope, t)
            if not is_usable_passcode(access.passcode):
                short = t(N_("The passcode of this server is too short, so nobody can come in."))
                inner = f"<p>{html.escape(short)}</p>"
        else:
            status, inner = status or 401, _sign_in_link(t, bool(why))
        if not _wants_page(Headers(scope=scope)) or scope["type"] != "http":
            return Response(status_code=status)
        told = f'<p class="why" role="alert">{html.escape(why)}</p>' if why else ""
        content = _FRAME.format(lang=language, inner=told + inner)
        return HTMLResponse(content, status, {"Cache-Control": "no-store"})


def _headers_for(scope: Scope) -> dict[str, str]:
    """Return what every answer says; a search page may be in a frame of the sites set up for it."""
    sites = read_access().embed_sites if _query(scope).get(SEARCH) else ()
    if not sites:
        return _HEADERS
    policy = _POLICY.replace(_FRAMED_BY, f"{_FRAMED_BY} {' '.join(sites)}")
    # The older header knows no list of sites.
    others = {name: value for name, value in _HEADERS.items() if name != "X-Frame-Options"}
    return others | {"Content-Security-Policy": policy}


def _with_cookie(
    answer: Response, scope: Scope, name: str, access: Access, base: str, *, framed: bool = False
) -> Response:
    secure = _scheme(scope, Headers(scope=scope)) == "https"
    if framed and secure:  # in a frame of another site, this is the only kind that comes back
        age, value = int(access.hours * 3600), pass_for(name, access, time.time())
        kind = "HttpOnly; Secure; SameSite=None; Partitioned"
        answer.headers.append("Set-Cookie", f"{name}={value}; Max-Age={age}; Path={base}; {kind}")
        return answer
    answer.set_cookie(
        name,
        pass_for(name, access, time.time()),
        max_age=int(access.hours * 3600),
        path=base,
        httponly=True,
        samesite="lax",
        secure=secure,
    )
    return answer


def _browser_cookie(scope: Scope, base: str) -> str:
    """Return the cookie by which a browser is known again; it says and opens nothing."""
    secure = "; Secure" if _scheme(scope, Headers(scope=scope)) == "https" else ""
    year = 365 * 24 * 3600
    token = secrets.token_urlsafe(24)
    return f"{BROWSER}={token}; Max-Age={year}; Path={base}; HttpOnly; SameSite=Lax{secure}"


def _is_same_origin(headers: Headers) -> bool:
    """Return whether a page of this very server opens the websocket, or no browser at all.

    Streamlit would look up this machine's address at a server elsewhere to compare with it.
    """
    origin = headers.get("origin")
    allowed = st.get_option("server.corsAllowedOrigins") or ()
    return origin is None or urlsplit(origin).netloc == headers.get("host") or origin in allowed


def _wants_page(headers: Headers) -> bool:
    return "text/html" in headers.get("accept", "")


def _cookies(headers: Headers) -> dict[str, str]:
    try:
        jar = SimpleCookie("; ".join(headers.getlist("cookie")))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _is_this_machine(scope: Scope, headers: Headers) -> bool:
    """Return whether a request was made on this machine, for this machine.

    A page of another site can make the browser ask here under a name of its own (DNS rebinding),
    and a proxy can ask for others: both show in the headers.
    """
    if any(name in headers for name in ("x-forwarded-for", "forwarded", "x-real-ip")):
        return False
    host = headers.get("host", "")
    bare = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    named = {str(name).casefold() for name in _allowed_hosts()}
    return is_loopback(_address(scope)) and (is_loopback(bare) or bare.casefold() in named)


def _allowed_hosts() -> Iterable[str]:
    return st.get_option("server.allowedHosts") or ()


def _scheme(scope: Scope, headers: Headers) -> str:
    scheme = str(scope.get("scheme", "http"))
    # What a proxy says counts only where it could not make anything less safe.
    told = headers.get("x-forwarded-proto", "").partition(",")[0].strip()
    return "https" if told == "https" or scheme in ("https", "wss") else "http"


def _origin(scope: Scope, headers: Headers) -> str:
    return f"{_scheme(scope, headers)}://{headers.get('host', '')}"


def _query(scope: Scope) -> dict[str, list[str]]:
    return parse_qs(scope.get("query_string", b"").decode("latin-1"))


def _language(scope: Scope) -> str:
    asked = [*_query(scope).get("lang", []), Headers(scope=scope).get("accept-language", "")[:2]]
    return next((code for code in asked if code in LANGUAGES), DEFAULT_LANGUAGE)


def _passcode_form(scope: Scope, t: Any) -> str:
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    action = f"/{base}{FORM}" if base else FORM
    here = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if _query(scope) else "")
    here = "/" + base if scope["path"].endswith(FORM) else here
    language = urlencode({"lang": _language(scope)})
    return (
        f'<form method="post" action="{html.escape(action)}?{language}">'
        f'<input type="hidden" name="to" value="{html.escape(here)}">'
        f'<label for="passcode">{html.escape(t(N_("Passcode of this workspace")))}</label>'
        '<input id="passcode" name="passcode" type="password" autocomplete="current-password" '
        'required autofocus maxlength="200">'
        f"<button>{html.escape(t(N_('Go on')))}</button></form>"
    )


def _sign_in_link(t: Any, refused: bool) -> str:
    from streamlit.user_info import generate_login_redirect_url

    links = []
    for provider in providers():
        label = t(N_("Sign in")) if provider == "default" else provider
        address = html.escape(generate_login_redirect_url(provider))
        links.append(f'<p><a class="button" href="{address}">{html.escape(label)}</a></p>')
    text = "" if refused else f"<p>{html.escape(t(N_('Please sign in to go on.')))}</p>"
    return text + "".join(links)


_FRAME = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>Search Tuner</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; --text: #1c2733; --paper: #fff; --edge: #d5dce4;
  --accent: #1f5fae; --why: #9a3412; }}
@media (prefers-color-scheme: dark) {{ :root {{ --text: #e6ebf1; --paper: #12171e;
  --edge: #33404e; --accent: #3b7ddd; --why: #fdba74; }} }}
body {{ font: 16px/1.5 "Source Sans", system-ui, sans-serif; color: var(--text);
  background: var(--paper); margin: 0; display: grid; place-items: center; min-height: 100vh; }}
main {{ border: 1px solid var(--edge); border-radius: 8px; padding: 32px; max-width: 26rem;
  width: calc(100vw - 96px); box-sizing: border-box; }}
h1 {{ font-size: 1.25rem; margin: 0 0 16px; }}
label {{ display: block; margin-bottom: 4px; }}
input[type=password] {{ font: inherit; width: 100%; box-sizing: border-box; padding: 8px;
  border: 1px solid var(--edge); border-radius: 6px; background: transparent; color: inherit; }}
button, .button {{ font: inherit; display: inline-block; margin-top: 16px; padding: 8px 20px;
  border: 0; border-radius: 6px; background: var(--accent); color: #fff; text-decoration: none;
  cursor: pointer; }}
.why {{ color: var(--why); }}
</style></head><body><main><h1>Search Tuner</h1>{inner}</main></body></html>
"""
