"""Experts behind an embeddings API: add, change, try out and remove a connection, and choose it."""

from __future__ import annotations

import os
from collections.abc import Sequence

import streamlit as st

from core.experts.api import plan_sending
from core.experts.api_connection import ApiConnection
from core.journey.api_experts import (
    NEUTRAL_SENTENCE,
    remove_connection,
    save_connection,
    try_connection,
)
from pages.parts import session
from pages.parts.api_keys import has_key, key_environment
from pages.parts.errors import show_error
from pages.parts.experts.api_consent import expense
from pages.parts.experts.expert_card import choice_box
from pages.parts.page import Context
from pages.parts.translate import plain, t


def expert_api(
    context: Context,
    connections: Sequence[ApiConnection],
    chosen: dict[str, None],
    scored: Sequence[str],
) -> None:
    """Draw the connections of a project and the form for one more.

    Parameters
    ----------
    chosen : dict with expert keys
        Changed in place.
    scored : sequence of str
        Experts whose scores are there already.
    """
    label = t("{group}: {count}", group=t("From an API"), count=len(connections))
    with st.expander(label, icon=":material/cloud_sync:", expanded=bool(connections)):
        st.caption(
            t(
                "Any embeddings API that works like OpenAI's. Nothing is sent before you have "
                "seen what would leave this machine and confirmed it."
            )
        )
        editing = f"api_editing_{context.project.id}"
        for connection in connections:
            _connection(context, connection, chosen, connection.key in scored, editing)
        named = {one.name: one for one in connections}
        _form(context, named.get(st.session_state.get(editing, "")), editing, chosen)


def _connection(
    context: Context,
    connection: ApiConnection,
    chosen: dict[str, None],
    scored: bool,
    editing: str,
) -> None:
    name = connection.name
    with st.container(border=True, gap="small"):
        choice_box(connection.key, name, chosen)
        if scored:
            st.badge(t("has scored"), color="blue")
        st.caption("  \n".join(_facts(context, connection)))
        with st.container(horizontal=True):
            tried = st.button(
                t("Test with one text"),
                key=f"api_test_{name}",
                icon=":material/network_check:",
                help=t("Sends “{sentence}” and nothing else.", sentence=NEUTRAL_SENTENCE),
            )
            if st.button(t("Change"), key=f"api_edit_{name}", icon=":material/edit:"):
                st.session_state[editing] = name
                st.rerun()
            if st.button(t("Remove"), key=f"api_remove_{name}", icon=":material/delete:"):
                remove_connection(context.project, name, session.who())
                chosen.pop(connection.key, None)
                st.session_state.pop(f"expert_{connection.key}", None)
                st.rerun()
        if tried:
            _try(context, connection)


def _facts(context: Context, connection: ApiConnection) -> list[str]:
    dataset = context.dataset
    plan = plan_sending(connection, dataset.questions, dataset.answers, context.workspace.vectors)
    lines = [
        t(
            "Server {host} · model {model} · at most {rate} requests a minute",
            host=plain(connection.host),
            model=plain(connection.model),
            rate=connection.requests_per_minute,
        )
    ]
    if not connection.key_variable:
        lines.append(t("No key is sent."))
    elif has_key(connection):
        lines.append(t("Key: found in {variable}", variable=plain(connection.key_variable)))
    else:
        lines.append(
            t("Key: {variable} is not set on this server", variable=plain(connection.key_variable))
        )
    if plan.texts:
        lines.append(t("Texts to send: {count}.", count=f"{plan.texts:,}") + " " + expense(plan))
    else:
        lines.append(t("Nothing to send: all texts were answered before."))
    return lines


def _try(context: Context, connection: ApiConnection) -> None:
    try:
        with st.spinner(t("Asking {host} …", host=plain(connection.host))):
            trial = try_connection(
                context.project,
                connection,
                session.who(),
                key_environment([connection]),
            )
    except Exception as error:
        show_error(error)
        return
    st.success(
        t(
            "It works: {count} numbers per text (dimension), answered in {milliseconds} ms.",
            count=trial.dimension,
            milliseconds=round(trial.seconds * 1000),
        ),
        icon=":material/check_circle:",
    )


def _form(
    context: Context, known: ApiConnection | None, editing: str, chosen: dict[str, None]
) -> None:
    """Draw the form: empty for a new connection, filled in for a known one."""
    was = known or ApiConnection("", "", "")
    # A number of its own for every form, so that the one after an addition starts empty.
    turn = f"api_turn_{context.project.id}"
    tag = f"{context.project.id}_{was.name}_{st.session_state.get(turn, 0)}"
    st.markdown(f"**{t('Change {name}', name=plain(was.name)) if known else t('Add an API')}**")
    with st.form(f"api_form_{tag}", border=False, clear_on_submit=False):
        first = st.columns(3)
        name = first[0].text_input(
            t("Name"), was.name, key=f"api_name_{tag}", max_chars=60, disabled=known is not None
        )
        url = first[1].text_input(
            t("Address (base URL)"),
            was.base_url,
            key=f"api_url_{tag}",
            placeholder="https://api.openai.com/v1",
        )
        model = first[2].text_input(
            t("Model"), was.model, key=f"api_model_{tag}", placeholder="text-embedding-3-small"
        )
        second = st.columns(3)
        variable = second[0].text_input(
            t("Environment variable with the key"),
            was.key_variable,
            key=f"api_variable_{tag}",
            placeholder="OPENAI_API_KEY",
            help=t(
                "Never the key itself: it is read from the server's environment or from its "
                "secrets, and stored nowhere. Empty = the API needs no key."
            ),
        )
        price = second[1].number_input(
            t("Price for a million tokens"),
            min_value=0.0,
            value=was.price,
            key=f"api_price_{tag}",
            format="%.4g",
            help=t("In your currency; for the estimate of the cost."),
        )
        rate = second[2].number_input(
            t("Requests a minute, at most"),
            min_value=1,
            max_value=100_000,
            value=was.requests_per_minute,
            key=f"api_rate_{tag}",
        )
        third = st.columns(4, vertical_alignment="bottom")
        dimensions = third[0].number_input(
            t("Numbers per text (dimensions)"),
            min_value=1,
            max_value=65_536,
            value=was.dimensions,
            key=f"api_dimensions_{tag}",
            help=t("Empty = what the model gives by itself."),
        )
        longest = third[1].number_input(
            t("Longest text in characters"),
            min_value=20,
            max_value=999_999,
            value=was.longest,
            key=f"api_longest_{tag}",
            help=t("Longer texts are cut before they are sent. Empty = never."),
        )
        query = third[2].text_input(
            t("Put before a question (prompt)"), was.query_prompt, key=f"api_query_{tag}"
        )
        document = third[3].text_input(
            t("Put before an answer (prompt)"), was.document_prompt, key=f"api_document_{tag}"
        )
        saved = st.form_submit_button(
            t("Save the change") if known else t("Add this API"), icon=":material/save:"
        )
    if known and st.button(t("Leave it as it was"), key="api_leave"):
        st.session_state.pop(editing, None)
        st.rerun()
    if saved:
        typed = ApiConnection(
            name=was.name or name,
            base_url=url,
            model=model,
            key_variable=variable,
            dimensions=dimensions,
            query_prompt=query,
            document_prompt=document,
            longest=longest,
            price=price,
            requests_per_minute=rate,
        )
        _save(context, typed, editing, turn, chosen)


def _save(
    context: Context, typed: ApiConnection, editing: str, turn: str, chosen: dict[str, None]
) -> None:
    who = session.who()
    try:
        kept = save_connection(context.project, typed, who, os.environ)
    except Exception as error:
        show_error(error)
        return
    st.session_state.pop(editing, None)
    st.session_state[turn] = st.session_state.get(turn, 0) + 1
    chosen[kept.key] = None
    st.session_state.pop(f"expert_{kept.key}", None)
    st.rerun()
