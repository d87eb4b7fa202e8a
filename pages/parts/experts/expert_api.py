"""Experts behind an embeddings API: their connections, and the consent before texts are sent."""

from __future__ import annotations

import os
from collections.abc import Sequence

import streamlit as st

from core.journey.experts import launch_scoring
from core.journey.personal import check_sharing
from core.journey.sending import (
    NEUTRAL_SENTENCE,
    confirm_terms,
    remove_connection,
    save_connection,
    send_plan,
    send_plans,
    try_connection,
    unconfirmed_terms,
)
from core.types.rights import SEND
from core.types.scoring import ApiConnection, SendPlan
from pages.parts import session
from pages.parts.api_keys import has_key, key_environment, keys_for_worker
from pages.parts.errors import errors_shown, show_error
from pages.parts.experts.expert_card import Choice
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.sending_plans import agreed_terms, expense, show_plan
from pages.parts.translate import plain, t


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
        editing = f"api_editing_{context.project.id}"
        for connection in connections:
            _connection(context, connection, choice, editing)
        named = {known.name: known for known in connections}
        _form(context, named.get(st.session_state.get(editing, "")), editing, choice)


def _connection(
    context: Context,
    connection: ApiConnection,
    choice: Choice,
    editing: str,
) -> None:
    name = connection.name
    with st.container(border=True, gap="small"):
        choice.box(connection.key, name)
        if connection.key in choice.scored:
            st.badge(t("has scored"), color="blue")
        st.caption("  \n".join(_facts(context, connection)))
        with st.container(horizontal=True):
            tried = st.button(
                t("Test with one text"),
                key=f"api_test_{name}",
                icon=":material/network_check:",
                **only(
                    SEND, help=t("Sends “{sentence}” and nothing else.", sentence=NEUTRAL_SENTENCE)
                ),
            )
            if st.button(t("Edit"), key=f"api_edit_{name}", icon=":material/edit:", **only(SEND)):
                st.session_state[editing] = name
                st.rerun()
            if st.button(
                t("Remove"), key=f"api_remove_{name}", icon=":material/delete:", **only(SEND)
            ):
                remove_connection(context.project, name, session.who())
                choice.remove(connection.key)
                st.rerun()
        if tried:
            _try(context, connection)


def _facts(context: Context, connection: ApiConnection) -> list[str]:
    plan = send_plan(context.project, context.dataset, connection)
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


def _form(context: Context, known: ApiConnection | None, editing: str, choice: Choice) -> None:
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
            t("Save the change") if known else t("Add this API"),
            icon=":material/save:",
            **only(SEND),
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
        _save(context, typed, editing, turn, choice)


def _save(context: Context, typed: ApiConnection, editing: str, turn: str, choice: Choice) -> None:
    who = session.who()
    with errors_shown():
        saved = save_connection(context.project, typed, who, os.environ)
        st.session_state.pop(editing, None)
        st.session_state[turn] = st.session_state.get(turn, 0) + 1
        choice.add(saved.key)
        st.rerun()


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
        for plan in plans:
            show_plan(plan)
        sheets = unconfirmed_terms(context.project, keys)
        ready = agreed_terms(sheets, plans)
        st.caption(
            t(
                "Your confirmation is recorded with your name ({who}), the time, the server and "
                "the counts.",
                who=plain(session.who()),
            )
        )
        with st.container(horizontal=True):
            if st.button(
                t("Send and score"),
                type="primary",
                icon=":material/send:",
                key="send_and_score",
                **only(SEND, disabled=not ready),
            ):
                with errors_shown():
                    # Leave may have been taken back while this was read; nothing is recorded then.
                    check_sharing(context.project, context.dataset)
                    if sheets:
                        confirm_terms(context.project, sheets, session.who())
                    _launch(context, asked, keys, plans)
            if st.button(t("Send nothing"), key="send_nothing"):
                forget()
                st.rerun()

    ask()


def _launch(context: Context, asked: str, keys: list[str], plans: Sequence[SendPlan]) -> None:
    with errors_shown():
        launch_scoring(
            context.project,
            keys,
            session.who(),
            agreed=plans,
            environment=keys_for_worker([plan.connection for plan in plans]),
        )
        st.session_state.pop(asked, None)
        st.rerun()
