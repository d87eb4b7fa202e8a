"""What collecting and judging share for the organiser: link and QR code, closing, taking in."""

from __future__ import annotations

import streamlit as st

from core.journey.people import asking
from core.journey.people.asking import AnsweredAccount
from core.types.asked_rounds import CLOSED, AskRound
from core.types.rights import DECIDE
from pages.parts import session
from pages.parts.errors import attempt
from pages.parts.invitation import address_here, invite
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.sign_in import JOIN
from pages.parts.translate import plain, t, tm


def join_link(round_: AskRound) -> str:
    """Return the address that participants open; each phone shows its own language."""
    return address_here("", {JOIN: round_.id})


def invitation(context: Context, round_: AskRound, prefix: str) -> None:
    """Draw the link with its QR code, and what keeps phones from opening it.

    Parameters
    ----------
    prefix : str
        Begins the keys of the widgets.
    """
    invite(join_link(round_))
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
