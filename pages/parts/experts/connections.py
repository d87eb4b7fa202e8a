"""Experts on other servers: the card of a connection, and what every form for one asks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.journey.sending import remove_connection, save_connection
from core.types.rights import SEND
from core.types.scoring import ServerConnection
from pages.parts import session
from pages.parts.api_keys import has_key
from pages.parts.errors import errors_shown
from pages.parts.experts.expert_card import Choice
from pages.parts.page import Context
from pages.parts.rights import Permit, only
from pages.parts.translate import plain, t


class ConnectionKind(NamedTuple):
    """What cards and forms of one kind of connection have in common.

    Attributes
    ----------
    prefix : str
        Of the keys of widgets.
    type : type
        The connection itself.
    """

    prefix: str
    type: type[Any]

    def editing(self, context: Context) -> str:
        """Return where the page keeps the name of the connection that is being edited."""
        return f"{self.prefix}_editing_{context.project.id}"

    def turn(self, context: Context) -> str:
        """Return where the page counts forms, so that the one after an addition starts empty."""
        return f"{self.prefix}_turn_{context.project.id}"

    def tag(self, context: Context, name: str) -> str:
        """Return the end of the keys of a form's fields."""
        turn = st.session_state.get(self.turn(context), 0)
        return f"{context.project.id}_{name}_{turn}"


def connection_card(
    context: Context,
    kind: ConnectionKind,
    connection: ServerConnection,
    choice: Choice,
    lines: list[str],
    test: str,
    permit: Permit,
) -> bool:
    """Draw a connection with its buttons; return whether it is to be tried.

    Parameters
    ----------
    lines : list of str
        What is said of it below :func:`server_facts`.
    test, permit
        The button that tries it, and how it is drawn.
    """
    name = connection.name
    choice.box(connection.key, name)
    if connection.key in choice.scored:
        st.badge(t("has scored"), color="blue")
    st.caption("  \n".join([*_server_facts(connection), *lines]))
    with st.container(horizontal=True):
        tried = st.button(
            test, key=f"{kind.prefix}_test_{name}", icon=":material/network_check:", **permit
        )
        if st.button(
            t("Edit"), key=f"{kind.prefix}_edit_{name}", icon=":material/edit:", **only(SEND)
        ):
            st.session_state[kind.editing(context)] = name
            st.rerun()
        if st.button(
            t("Remove"), key=f"{kind.prefix}_remove_{name}", icon=":material/delete:", **only(SEND)
        ):
            with errors_shown():
                remove_connection(context.project, name, session.who(), kind.type)
                choice.remove(connection.key)
                st.rerun()
    return tried


def _server_facts(connection: ServerConnection) -> list[str]:
    variable = plain(connection.key_variable)
    if not connection.key_variable:
        key = t("No key is sent.")
    elif has_key(connection):
        key = t("Key: found in {variable}", variable=variable)
    else:
        key = t("Key: {variable} is not set on this server", variable=variable)
    server = t(
        "Server {host} · model {model} · at most {rate} requests a minute",
        host=plain(connection.host),
        model=plain(connection.model),
        rate=connection.requests_per_minute,
    )
    return [server, key]


def server_fields(
    kind: ConnectionKind, tag: str, was: ServerConnection, url: str, model: str
) -> dict[str, Any]:
    """Draw name, address and model; return them by field. ``url``, ``model`` are examples."""
    columns, prefix = st.columns(3), kind.prefix
    name = columns[0].text_input(
        t("Name"), was.name, key=f"{prefix}_name_{tag}", max_chars=60, disabled=bool(was.name)
    )
    return {
        "name": was.name or name,
        "base_url": columns[1].text_input(
            t("Address (base URL)"), was.base_url, key=f"{prefix}_url_{tag}", placeholder=url
        ),
        "model": columns[2].text_input(
            t("Model"), was.model, key=f"{prefix}_model_{tag}", placeholder=model
        ),
    }


def cost_fields(
    kind: ConnectionKind, tag: str, was: ServerConnection, columns: Sequence[DeltaGenerator]
) -> dict[str, Any]:
    """Draw key, price and pace into three columns; return them by field."""
    prefix = kind.prefix
    return {
        "key_variable": columns[0].text_input(
            t("Environment variable with the key"),
            was.key_variable,
            key=f"{prefix}_variable_{tag}",
            placeholder="OPENAI_API_KEY",
            help=t(
                "Never the key itself: it is read from the server's environment or from its "
                "secrets, and stored nowhere. Empty = the API needs no key."
            ),
        ),
        "price": columns[1].number_input(
            t("Price for a million tokens"),
            min_value=0.0,
            value=was.price,
            key=f"{prefix}_price_{tag}",
            format="%.4g",
            help=t("In your currency; for the estimate of the cost."),
        ),
        "requests_per_minute": columns[2].number_input(
            t("Requests a minute, at most"),
            min_value=1,
            max_value=100_000,
            value=was.requests_per_minute,
            key=f"{prefix}_rate_{tag}",
        ),
    }


def leave_button(context: Context, kind: ConnectionKind) -> None:
    """Draw the button that ends editing without a change."""
    if st.button(t("Leave it as it was"), key=f"{kind.prefix}_leave"):
        st.session_state.pop(kind.editing(context), None)
        st.rerun()


def keep_connection(
    context: Context, kind: ConnectionKind, typed: ServerConnection, choice: Choice
) -> None:
    """Save what was typed, choose it as an expert, and start the form anew."""
    with errors_shown():
        saved = save_connection(context.project, typed, session.who(), os.environ)
        st.session_state.pop(kind.editing(context), None)
        turn = kind.turn(context)
        st.session_state[turn] = st.session_state.get(turn, 0) + 1
        choice.add(saved.key)
        st.rerun()
