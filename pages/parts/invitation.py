"""Links that people come by: QR code, address, and the way back for who may see more."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit, urlunsplit

import segno
import streamlit as st

from core.journey.projects import Project
from core.types.access import ALONE, is_loopback
from core.types.judgements import VoteRound
from core.types.rights import SEE
from pages.parts import session
from pages.parts.deep_links import RUN, link_parameters
from pages.parts.sign_in import LINK, read_access
from pages.parts.translate import t

_PIXELS = 6  # of each square of the code, at twice the size it is shown


def invite(link: str, width: int = 220) -> None:
    """Draw the QR code of an address, ``width`` pixels wide, and the address below it."""
    with st.container(horizontal_alignment="center"):
        _code(link, width)
    _address(link)


def invite_beside(link: str, width: int) -> None:
    """Draw the QR code with the address beside it: half as high, for pages that hold more."""
    with st.container(horizontal=True):
        _code(link, width)
        with st.container(width="stretch"):
            _address(link)


def _code(link: str, width: int) -> None:
    code = io.BytesIO()
    segno.make_qr(link, error="m").save(code, kind="png", scale=_PIXELS, border=4)
    st.image(code.getvalue(), width=width, alt=t("QR code of the address shown with it"))


def _address(link: str) -> None:
    """Draw an address, and a warning where others could not open it."""
    st.code(link, language=None, wrap_lines=True)
    host = urlsplit(link).hostname or ""
    if read_access().mode == ALONE:
        st.warning(
            t(
                "This app is set up for one person, so only this machine can open the link. For a "
                "workshop set a passcode (docs/security.md); whoever has the link needs none."
            ),
            icon=":material/wifi_off:",
        )
    elif host == "localhost" or is_loopback(host):
        st.warning(
            t(
                "This address works on this machine only. Open the app by the address that this "
                "machine has in your network, and the link can be opened by phones."
            ),
            icon=":material/wifi_off:",
        )


def address_here(page: str, query: Mapping[str, str]) -> str:
    """Return the address of a page of this app, as the visitor's browser reaches the server."""
    parts = urlsplit(st.context.url or "http://localhost:8501/")
    # The page may be below a path of the server's own.
    folder = parts.path.rpartition("/")[0] if not parts.path.endswith("/") else parts.path[:-1]
    return urlunsplit((parts.scheme, parts.netloc, f"{folder}/{page}", urlencode(query), ""))


def vote_link(round_: VoteRound, tune_run: str) -> str:
    """Return the address that voters open."""
    return address_here("compare", link_parameters() | {RUN: tune_run, LINK: round_.id})


def way_back(
    project: Project, *parameters: str, key: str, first: Callable[[], None] = lambda: None
) -> None:
    """Offer who may see the whole project the way there, out of a page that a link leads to.

    Parameters
    ----------
    parameters : str
        Of the address, to be left behind.
    first : callable
        Done before the project is opened.
    """
    if not project.may(SEE):
        return

    def leave() -> None:
        for name in parameters:
            st.query_params.pop(name, None)
        first()
        session.choose_project(project)

    st.button(
        t("Back to the project"),
        icon=":material/arrow_back:",
        type="tertiary",
        key=key,
        on_click=leave,
    )
