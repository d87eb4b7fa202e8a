"""Language models that judge pairs: their connections, guideline and scale, and what they cost."""

from __future__ import annotations

import os
from collections.abc import Sequence

import streamlit as st

from core.journey.projects import scored_experts
from core.journey.sending import (
    GUIDELINES,
    SCALES,
    remove_connection,
    save_connection,
    send_plan,
    try_model,
)
from core.types.rights import SEND
from core.types.scoring import ChatConnection
from pages.parts import session
from pages.parts.api_keys import has_key, key_environment
from pages.parts.errors import errors_shown, show_error
from pages.parts.experts.expert_card import Choice
from pages.parts.judges import judges
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.sending_plans import expense
from pages.parts.translate import language, plain, t


def language_models(
    context: Context, connections: Sequence[ChatConnection], choice: Choice
) -> None:
    """Draw the language models of a project and the form for one more."""
    label = t("{group}: {count}", group=t("Language models"), count=len(connections))
    with st.expander(label, icon=":material/forum:", expanded=bool(connections)):
        st.caption(
            t(
                "Any chat endpoint that works like OpenAI's: hosted, Ollama, vLLM or a llama.cpp "
                "server. The model judges selected pairs from 0 to 3 by your guideline, never all "
                "of them. Nothing is sent before you have seen it and confirmed it."
            )
        )
        judges(context, scored_experts(context.project))
        editing = f"llm_editing_{context.project.id}"
        for connection in connections:
            _connection(context, connection, choice, editing)
        named = {known.name: known for known in connections}
        _form(context, named.get(st.session_state.get(editing, "")), editing, choice)


def _connection(context: Context, connection: ChatConnection, choice: Choice, editing: str) -> None:
    name = connection.name
    with st.container(border=True, gap="small"):
        choice.box(connection.key, name)
        if connection.key in choice.scored:
            st.badge(t("has scored"), color="blue")
        st.caption("  \n".join(_facts(context, connection)))
        with st.container(horizontal=True):
            tried = st.button(
                t("Test with one pair"),
                key=f"llm_test_{name}",
                icon=":material/network_check:",
                **only(
                    SEND,
                    help=t("Sends a pair about passwords that is none of yours, and nothing else."),
                ),
            )
            if st.button(t("Edit"), key=f"llm_edit_{name}", icon=":material/edit:", **only(SEND)):
                st.session_state[editing] = name
                st.rerun()
            if st.button(
                t("Remove"), key=f"llm_remove_{name}", icon=":material/delete:", **only(SEND)
            ):
                with errors_shown():
                    remove_connection(context.project, name, session.who(), ChatConnection)
                    choice.remove(connection.key)
                    st.rerun()
        if tried:
            _try(context, connection)


def _facts(context: Context, connection: ChatConnection) -> list[str]:
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
        lines.append(t("Pairs to judge: at most {count}.", count=f"{plan.pairs:,}"))
        lines.append(expense(plan))
    else:
        lines.append(t("Nothing to send: all of its pairs were judged before."))
    return lines


def _try(context: Context, connection: ChatConnection) -> None:
    try:
        with st.spinner(t("Asking {host} …", host=plain(connection.host))):
            trial = try_model(
                context.project, connection, session.who(), key_environment([connection])
            )
    except Exception as error:
        show_error(error)
        return
    if trial.score is None:
        st.warning(
            t(
                "It answers, but not with a score from 0 to 3: “{reply}”. A larger model may do.",
                reply=plain(trial.reply),
            ),
            icon=":material/help:",
        )
        return
    st.success(
        t(
            "It works: the pair got {score} of 3, answered in {milliseconds} ms.",
            score=f"{trial.score:g}",
            milliseconds=round(trial.seconds * 1000),
        ),
        icon=":material/check_circle:",
    )


def _form(context: Context, known: ChatConnection | None, editing: str, choice: Choice) -> None:
    """Draw the form: empty for a new model, filled in for a known one."""
    here = language() if language() in GUIDELINES else "en"
    was = known or ChatConnection("", "", "", language=here)
    turn = f"llm_turn_{context.project.id}"
    tag = f"{context.project.id}_{was.name}_{st.session_state.get(turn, 0)}"
    title = t("Change {name}", name=plain(was.name)) if known else t("Add a language model")
    st.markdown(f"**{title}**")
    with st.form(f"llm_form_{tag}", border=False, clear_on_submit=False):
        first = st.columns(3)
        name = first[0].text_input(
            t("Name"), was.name, key=f"llm_name_{tag}", max_chars=60, disabled=known is not None
        )
        url = first[1].text_input(
            t("Address (base URL)"),
            was.base_url,
            key=f"llm_url_{tag}",
            placeholder="http://localhost:11434/v1",
        )
        model = first[2].text_input(
            t("Model"), was.model, key=f"llm_model_{tag}", placeholder="qwen3:8b"
        )
        guideline = st.text_area(
            t("Guideline: what makes an answer good"),
            was.guideline or GUIDELINES[was.language],
            key=f"llm_guideline_{tag}",
            height=90,
        )
        st.caption(t("The scale is fixed: {scale}", scale=" · ".join(SCALES[was.language])))
        with st.expander(t("Key, cost, speed, which pairs")):
            second = st.columns(4)
            variable = second[0].text_input(
                t("Environment variable with the key"),
                was.key_variable,
                key=f"llm_variable_{tag}",
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
                key=f"llm_price_{tag}",
                format="%.4g",
                help=t("In your currency; for the estimate of the cost."),
            )
            rate = second[2].number_input(
                t("Requests a minute, at most"),
                min_value=1,
                max_value=100_000,
                value=was.requests_per_minute,
                key=f"llm_rate_{tag}",
            )
            at_once = second[3].number_input(
                t("Requests at the same time"),
                min_value=1,
                max_value=64,
                value=was.requests_at_once,
                key=f"llm_at_once_{tag}",
            )
            third = st.columns(4)
            most = third[0].number_input(
                t("Pairs, at most"),
                min_value=1,
                max_value=999_999,
                value=was.most_pairs,
                key=f"llm_most_{tag}",
            )
            top = third[1].number_input(
                t("Likely answers per question"),
                min_value=0,
                max_value=100,
                value=was.top,
                key=f"llm_top_{tag}",
                help=t("Those that the other experts rank best; right answers are always judged."),
            )
            repeats = third[2].number_input(
                t("Ask each pair so many times"),
                min_value=1,
                max_value=9,
                value=was.repeats,
                key=f"llm_repeats_{tag}",
            )
            each = third[3].number_input(
                t("Pairs in a request"),
                min_value=1,
                max_value=50,
                value=was.pairs_per_request,
                key=f"llm_each_{tag}",
                help=t("Small models judge one pair at a time better."),
            )
            both = st.checkbox(
                t("Ask in both orders: question first, then answer first"),
                was.both_orders,
                key=f"llm_both_{tag}",
            )
        saved = st.form_submit_button(
            t("Save the change") if known else t("Add this language model"),
            icon=":material/save:",
            **only(SEND),
        )
    if known and st.button(t("Leave it as it was"), key="llm_leave"):
        st.session_state.pop(editing, None)
        st.rerun()
    if saved:
        own = guideline.strip()
        typed = ChatConnection(
            name=was.name or name,
            base_url=url,
            model=model,
            key_variable=variable,
            longest=was.longest,
            price=price,
            requests_per_minute=rate,
            guideline="" if own == GUIDELINES[was.language] else own,
            language=was.language,
            both_orders=both,
            repeats=repeats,
            top=top,
            disputed=was.disputed,
            random=was.random,
            most_pairs=most,
            pairs_per_request=each,
            requests_at_once=at_once,
        )
        with errors_shown():
            kept = save_connection(context.project, typed, session.who(), os.environ)
            st.session_state.pop(editing, None)
            st.session_state[turn] = st.session_state.get(turn, 0) + 1
            choice.add(kept.key)
            st.rerun()
