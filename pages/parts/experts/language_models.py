"""Language models that judge pairs: their connections, guideline and scale, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.journey.projects import scored_experts
from core.journey.sending import (
    GUIDELINES,
    SCALES,
    send_plan,
    try_model,
)
from core.types.rights import SEND
from core.types.scoring import ChatConnection
from pages.parts import session
from pages.parts.api_keys import key_environment
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
from pages.parts.judges import judges
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.sending_plans import expense
from pages.parts.translate import language, plain, t

_KIND = ConnectionKind("llm", ChatConnection)


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
        for connection in connections:
            _connection(context, connection, choice)
        named = {known.name: known for known in connections}
        _form(context, named.get(st.session_state.get(_KIND.editing(context), "")), choice)


def _connection(context: Context, connection: ChatConnection, choice: Choice) -> None:
    plan = send_plan(context.project, context.dataset, connection)
    lines = [t("Nothing to send: all of its pairs were judged before.")]
    if plan.texts:
        count = f"{plan.pairs:,}"
        lines = [t("Pairs to judge: at most {count}.", count=count), expense(plan)]
    told = t("Sends a pair about passwords that is none of yours, and nothing else.")
    given = (connection, choice, lines, t("Test with one pair"), only(SEND, help=told))
    with st.container(border=True, gap="small"):
        if connection_card(context, _KIND, *given):
            _try(context, connection)


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


def _form(context: Context, known: ChatConnection | None, choice: Choice) -> None:
    """Draw the form: empty for a new model, filled in for a known one."""
    here = language() if language() in GUIDELINES else "en"
    was = known or ChatConnection("", "", "", language=here)
    tag = _KIND.tag(context, was.name)
    title = t("Change {name}", name=plain(was.name)) if known else t("Add a language model")
    st.markdown(f"**{title}**")
    with st.form(f"llm_form_{tag}", border=False, clear_on_submit=False):
        examples = ("http://localhost:11434/v1", "qwen3:8b")
        typed = server_fields(_KIND, tag, was, *examples)
        guideline = st.text_area(
            t("Guideline: what makes an answer good"),
            was.guideline or GUIDELINES[was.language],
            key=f"llm_guideline_{tag}",
            height=90,
        )
        st.caption(t("The scale is fixed: {scale}", scale=" · ".join(SCALES[was.language])))
        with st.expander(t("Key, cost, speed, which pairs")):
            second = st.columns(4)
            typed |= cost_fields(_KIND, tag, was, second[:3])
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
    if known:
        leave_button(context, _KIND)
    if saved:
        own = guideline.strip()
        asked = ChatConnection(
            **typed,
            longest=was.longest,
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
        keep_connection(context, _KIND, asked, choice)
