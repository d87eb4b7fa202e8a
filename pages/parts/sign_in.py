"""Who is here: the settings of the server, the identity that signed in, the name that was typed."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit import config
from streamlit.errors import StreamlitSecretNotFoundError

from core.errors import RightsError
from core.types.access import ALONE, SETTINGS, SIGN_IN, WORKER_SETTINGS, Access
from core.types.rights import Person
from pages.parts.errors import show_error
from pages.parts.translate import t

LINK = "vote"  # name of the round in a voter's link
SEARCH = "search"  # name of the search page in the link of those who search
JOIN = "join"  # name of the round in the link of those who write questions or judge results
ME = "me"  # their own name in it, so that a phone that was locked does not ask again
BROWSER = "search_tuner_browser"  # cookie by which a browser is known again, see remember_name
_MOST_NAMES = 2_000
PASSED, BY_LINK = "search_tuner_passcode", "search_tuner_link"  # cookies of the door
_SHARED_FIELDS = ("redirect_uri", "cookie_secret", "expose_tokens", "client_kwargs")

_door = False


def link_in(query: Mapping[str, Any]) -> str:
    """Return the id of the vote, round or search page that an address names, "" for none."""
    found = query.get(JOIN) or query.get(SEARCH) or query.get(LINK) or ""
    return str(found[0] if isinstance(found, list) else found)


def put_door_in_place() -> None:
    """Remember that this process serves its pages behind the door."""
    global _door
    _door = True


def pass_for(name: str, access: Access, now: float) -> str:
    """Return the value of a cookie that opens the door for some hours."""
    until = str(int(now + access.hours * 3600))
    return f"{until}.{_signature(name, until, access)}"


def is_passed(cookies: Mapping[str, str], name: str, access: Access) -> bool:
    """Return whether a cookie of the door is whole and not too old."""
    until, _, signature = str(cookies.get(name, "")).partition(".")
    if not until.isascii() or not until.isdigit() or int(until) < time.time():
        return False
    return hmac.compare_digest(signature, _signature(name, until, access))


def _signature(name: str, until: str, access: Access) -> str:
    # Another passcode, or a server that starts anew, ends what was opened before.
    key = f"{st.get_option('server.cookieSecret')}\0{access.passcode}".encode()
    return hmac.new(key, f"{name}\0{until}".encode(), hashlib.sha256).hexdigest()


def server_secrets() -> Mapping[str, Any]:
    """Return the server's secrets, {} where there is no file of them.

    Streamlit keeps a file that it found, but looks for a missing one each time: asked once a
    request, because a page asks for dozens of files.
    """
    try:
        return st.secrets.to_dict()
    except StreamlitSecretNotFoundError:
        return {}


def _auth(secrets: Mapping[str, Any]) -> Mapping[str, Any]:
    found = secrets.get("auth")
    return found if isinstance(found, Mapping) else {}


def _providers(auth: Mapping[str, Any]) -> tuple[str, ...]:
    named = [name for name, value in auth.items() if isinstance(value, Mapping)]
    named = [name for name in named if name not in _SHARED_FIELDS]
    return (*(("default",) if auth.get("client_id") else ()), *named)


def providers() -> tuple[str, ...]:
    """Return the names of the identity providers; ``default`` is the one without a name."""
    return _providers(_auth(server_secrets()))


def read_access() -> Access:
    """Return how this server lets people in; environment variables before secrets."""
    secrets = server_secrets()
    auth = _auth(secrets)
    named = [auth[name] for name in _providers(auth) if name in auth]
    clients = [provider.get("client_id") for provider in (auth, *named)]
    settings = {name: os.environ.get(name) or str(secrets.get(name) or "") for name in SETTINGS}
    return Access.of(settings, tuple(str(client) for client in clients if client))


def embedding_sites() -> tuple[str, ...]:
    """Return the origins whose pages may show the search page in a frame."""
    return read_access().embed_sites


def settings_for_workers() -> dict[str, str]:
    """Return what the secrets say about other servers; no key of an API is among it."""
    secrets = server_secrets()
    return {name: str(secrets[name]) for name in WORKER_SETTINGS if secrets.get(name)}


def claims_in(cookies: Mapping[str, str], origin: str) -> dict[str, Any]:
    """Return what the identity provider said about a visitor, {} where nobody signed in.

    The cookie is Streamlit's own and signed by it, so its own functions read it.
    """
    from streamlit.web.server.starlette import starlette_websocket as streamlit_cookies
    from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

    whole = streamlit_cookies._get_signed_cookie_with_chunks(dict(cookies), USER_COOKIE_NAME)
    if whole is None:
        return {}
    claims = streamlit_cookies._parse_decoded_user_cookie(whole, origin)
    return claims if claims.get("is_logged_in") is True else {}


def person(link: str = "") -> Person:
    """Return who acts in this session.

    Parameters
    ----------
    link : str
        Id of the vote or round that the address names.

    Raises
    ------
    RightsError
        If they may not come in, or not any more.
    """
    access, name = read_access(), str(st.session_state.get("who") or "")
    if access.mode == SIGN_IN:
        if not st.user.get("is_logged_in"):
            raise RightsError("Please sign in to go on.")
        found = access.signed_in(st.user.to_dict(), time.time())
        return Person(found.name, True, found.everywhere, link)
    if access.mode == ALONE:
        return access.owner_of_the_machine(name)
    cookies = st.context.cookies
    if is_passed(cookies, PASSED, access):
        return access.knows_passcode(name)
    if link and is_passed(cookies, BY_LINK, access):
        return Person(name, link=link)
    raise RightsError("Reload this page and type the passcode of this workspace.")


def ask_to_come_in(link: str = "") -> None:
    """Show nothing but what to do to a visitor who may not come in; ends the page then.

    The door (:mod:`pages.parts.door`) has asked before; here it is asked of every click, because a
    session that stays open outlives what let it in.
    """
    # Streamlit notes how it serves; None is a test without a server.
    if config._server_mode is not None and not _door:
        st.error(t("Start the app with its own command: streamlit run app.py"))
        st.stop()
    try:
        person(link)
    except RightsError as refusal:
        show_error(refusal)
        if read_access().mode == SIGN_IN:
            with st.container(horizontal=True):
                if st.button(t("Sign in"), type="primary", icon=":material/login:"):
                    st.login(None if "default" in providers() else providers()[0])
                if st.user.get("is_logged_in"):
                    sign_out_button()
        st.stop()


def signed_in_name() -> str | None:
    """Return the address of the signed-in person, None where nobody has to sign in."""
    if read_access().mode != SIGN_IN:
        return None
    return str(st.user.get("email") or "").strip().casefold() or None


def sign_out_button() -> None:
    """Show who is signed in, with the button to leave."""
    st.text(signed_in_name() or "")  # as a caption an address would become a link
    if st.button(t("Sign out"), icon=":material/logout:", width="stretch"):
        st.logout()


@st.cache_resource(show_spinner=False)
def _names() -> dict[str, str]:
    return {}


def remember_name() -> None:
    """Remember the typed name for this browser, as long as the server runs; never in a link."""
    browser = st.context.cookies.get(BROWSER)
    if not browser:
        return
    names = _names()
    names.pop(browser, None)
    names[browser] = str(st.session_state.get("who") or "").strip()[:120]
    while len(names) > _MOST_NAMES:  # whoever was away longest types it again
        names.pop(next(iter(names)))


def remembered_name() -> str:
    """Return the name last typed in this browser, "" where there was none."""
    return _names().get(st.context.cookies.get(BROWSER, ""), "")


def ask_name(label: str, key: str) -> None:
    """Draw the field; what is typed becomes the name of this session.

    Parameters
    ----------
    label : str
        Translated question that says what the name is for.
    key : str
        Of the widget.
    """

    def keep() -> None:
        st.session_state["who"] = str(st.session_state.get(key) or "").strip()
        remember_name()

    st.text_input(label, key=key, on_change=keep, placeholder=t("then press Enter"))
