"""Experts behind an embeddings API: their connections, and the consent before texts are sent."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.journey.experts import launch_scoring
from core.journey.personal import check_sharing
from core.journey.sending import (
    NEUTRAL_SENTENCE,
    send_plan,
    send_plans,
    try_connection,
)
from core.types.rights import SEND
from core.types.scoring import ApiConnection
from pages.parts import session
from pages.parts.api_keys import key_environment, keys_for_worker
from pages.parts.errors import show_error
from pages.parts.experts.connections import (
    ConnectionKind,
    connection_card,
    cost_fields,
    keep_connection,
    leave_button,
    server_fields,
)
from pages.parts.experts.expert_card import Choice
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.sending_plans import confirm_sending, expense
from pages.parts.translate import plain, t

_KIND = ConnectionKind("api", ApiConnection)


def expert_api(
    context: Context,
    connections: Sequence[ApiConnection],
    choice: Choice,
) -> None:
    """Draw the connections of a project and the form for one more."""
    label = t("{group}: {count}", group=t("From an API"), count=len(connections))
    with st.expander(label, icon=":material/cloud_sync:", expanded=bool(connections)):
        st.caption(
            t(
                "Any embeddings API that works like OpenAI's. Nothing is sent before you have "
                "seen what would leave this machine and confirmed it."
            )
        )
        for connection in connections:
            _connection(context, connection, choice)
        named = {known.name: known for known in connections}
        _form(context, named.get(st.session_state.get(_KIND.editing(context), "")), choice)


def _connection(context: Context, connection: ApiConnection, choice: Choice) -> None:
    plan = send_plan(context.project, context.dataset, connection)
    line = t("Nothing to send: all texts were answered before.")
    if plan.texts:
        line = t("Texts to send: {count}.", count=f"{plan.texts:,}") + " " + expense(plan)
    told = t("Sends “{sentence}” and nothing else.", sentence=NEUTRAL_SENTENCE)
    given = (connection, choice, [line], t("Test with one text"), only(SEND, help=told))
    with st.container(border=True, gap="small"):
        if connection_card(context, _KIND, *given):
            _try(context, connection)


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


def _form(context: Context, known: ApiConnection | None, choice: Choice) -> None:
    """Draw the form: empty for a new connection, filled in for a known one."""
    was = known or ApiConnection("", "", "")
    tag = _KIND.tag(context, was.name)
    st.markdown(f"**{t('Change {name}', name=plain(was.name)) if known else t('Add an API')}**")
    with st.form(f"api_form_{tag}", border=False, clear_on_submit=False):
        examples = ("https://api.openai.com/v1", "text-embedding-3-small")
        typed = server_fields(_KIND, tag, was, *examples)
        typed |= cost_fields(_KIND, tag, was, st.columns(3))
        third = st.columns(4, vertical_alignment="bottom")
        typed["dimensions"] = third[0].number_input(
            t("Numbers per text (dimensions)"),
            min_value=1,
            max_value=65_536,
            value=was.dimensions,
            key=f"api_dimensions_{tag}",
            help=t("Empty = what the model gives by itself."),
        )
        typed["longest"] = third[1].number_input(
            t("Longest text in characters"),
            min_value=20,
            max_value=999_999,
            value=was.longest,
            key=f"api_longest_{tag}",
            help=t("Longer texts are cut before they are sent. Empty = never."),
        )
        typed["query_prompt"] = third[2].text_input(
            t("Put before a question (prompt)"), was.query_prompt, key=f"api_query_{tag}"
        )
        typed["document_prompt"] = third[3].text_input(
            t("Put before an answer (prompt)"), was.document_prompt, key=f"api_document_{tag}"
        )
        saved = st.form_submit_button(
            t("Save the change") if known else t("Add this API"),
            icon=":material/save:",
            **only(SEND),
        )
    if known:
        leave_button(context, _KIND)
    if saved:
        keep_connection(context, _KIND, ApiConnection(**typed), choice)


def start_scoring(context: Context, keys: Sequence[str], pressed: bool) -> None:
    """Let experts score once the button was pressed and, where needed, sending was confirmed."""
    asked = f"ask_to_send_{context.project.id}"
    if pressed:
        try:
            plans = send_plans(context.project, context.dataset, keys)
            plans = [plan for plan in plans if plan.texts]
            if plans:
                check_sharing(context.project, context.dataset)  # else terms are read in vain
            else:
                launch_scoring(context.project, list(keys), session.who())
        except Exception as error:
            show_error(error)
            return
        if not plans:
            st.rerun()
        st.session_state[asked] = (list(keys), plans)
    if asked in st.session_state:
        _dialog(context, asked)


def _dialog(context: Context, asked: str) -> None:
    def forget() -> None:
        st.session_state.pop(asked, None)

    @st.dialog(t("Send texts to an API?"), width="medium", on_dismiss=forget)
    def ask() -> None:
        keys, plans = st.session_state[asked]
        st.markdown(
            t(
                "These texts would leave this machine. Make sure that you may pass them on, above "
                "all where they hold personal data."
            )
        )
        confirm_sending(
            context,
            plans,
            keys,
            label=t("Send and score"),
            launch=lambda: launch_scoring(
                context.project,
                keys,
                session.who(),
                agreed=plans,
                environment=keys_for_worker([plan.connection for plan in plans]),
            ),
            forget=forget,
        )

    ask()
