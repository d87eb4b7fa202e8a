"""What collecting and judging share for the organiser: link and QR code, closing, taking in."""

from __future__ import annotations

import io
from urllib.parse import urlencode, urlsplit, urlunsplit

import segno
import streamlit as st

from core.journey.people import asking
from core.journey.people.asking import AnsweredAccount
from core.types.access import ALONE, is_loopback
from core.types.asked_rounds import CLOSED, AskRound
from core.types.rights import DECIDE
from pages.parts import session
from pages.parts.errors import attempt
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.sign_in import JOIN, read_access
from pages.parts.translate import plain, t, tm

_PIXELS = 6  # of each square of the code, at twice the size it is shown


def join_link(round_: AskRound) -> str:
    """Return the address that participants open; each phone shows its own language."""
    parts = urlsplit(st.context.url or "http://localhost:8501/data")
    # The page may be below a path of the server's own.
    folder = parts.path.rpartition("/")[0] if not parts.path.endswith("/") else parts.path[:-1]
    return urlunsplit((parts.scheme, parts.netloc, f"{folder}/", urlencode({JOIN: round_.id}), ""))


def invitation(context: Context, round_: AskRound, prefix: str) -> None:
    """Draw the link with its QR code, and what keeps phones from opening it.

    Parameters
    ----------
    prefix : str
        Begins the keys of the widgets.
    """
    link = join_link(round_)
    code = io.BytesIO()
    segno.make_qr(link, error="m").save(code, kind="png", scale=_PIXELS, border=4)
    with st.container(horizontal_alignment="center"):
        st.image(code.getvalue(), width=220)
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
    with st.container(horizontal=True):

        def go() -> None:
            st.query_params[JOIN] = round_.id

        st.button(
            t("Take part yourself"), icon=":material/login:", key=f"{prefix}_yourself", on_click=go
        )
        with st.popover(t("Close the round"), icon=":material/lock:"):
            st.markdown(t("Nobody can add anything afterwards. Then you look at what came."))
            st.button(
                t("Close now"),
                type="primary",
                key=f"{prefix}_close",
                on_click=attempt,
                args=(asking.close_round, context.project, round_, session.who()),
                **only(DECIDE),
            )


def is_closed(context: Context, round_: AskRound) -> bool:
    """Return whether a round takes nothing more."""
    return CLOSED in asking.steps_of(context.project, round_)


def remember_taken(account: AnsweredAccount) -> None:
    """Keep what became of the questions for the next drawing."""
    st.session_state["asked_taken"] = account


def show_taken() -> None:
    """Draw once what became of the questions that were taken in."""
    account = st.session_state.pop("asked_taken", None)
    if account is None:
        return
    lines = "\n".join(f"- {plain(tm(message))}" for message in asking.answered_told(account))
    st.success(
        t("Taken into the data. Let the experts score them, then tune and compare anew.")
        + f"\n{lines}",
        icon=":material/playlist_add_check:",
    )


def choose_use(prefix: str, first: str) -> str:
    """Draw the choice of what the questions are used for, and return it."""
    keys = [first, *(key for key in asking.USE_TITLES if key != first)]
    chosen = st.selectbox(
        t("Use them to"),
        keys,
        format_func=lambda key: t(asking.USE_TITLES[key]),
        key=f"{prefix}_use",
        help=t(
            "An answer that is kept for the test as a whole must never be met in training with a "
            "question. Questions for such answers stay out, or become test questions."
        ),
    )
    return str(chosen)
