"""Start scoring; where texts would leave this machine, show them first and ask."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.experts.api import SendPlan
from core.journey.api_sending import send_plans
from core.journey.scoring import launch_scoring
from pages.parts import session
from pages.parts.api_keys import has_key, keys_for_worker
from pages.parts.errors import show_error
from pages.parts.page import Context
from pages.parts.translate import duration, plain, t

_SHOWN = 300  # characters of an example


def start_scoring(context: Context, keys: Sequence[str], pressed: bool) -> None:
    """Let experts score once the button was pressed and, where needed, sending was confirmed."""
    asked = f"ask_to_send_{context.project.id}"
    if pressed:
        try:
            plans = send_plans(context.project, context.dataset, keys)
            plans = [plan for plan in plans if plan.texts]
            if not plans:
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
            _show(plan)
        ready = all([_key_is_there(plan) for plan in plans])
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
                disabled=not ready,
            ):
                _launch(context, asked, keys, plans)
            if st.button(t("Send nothing"), key="send_nothing"):
                forget()
                st.rerun()

    ask()


def _launch(context: Context, asked: str, keys: list[str], plans: Sequence[SendPlan]) -> None:
    try:
        launch_scoring(
            context.project,
            keys,
            session.who(),
            agreed=plans,
            environment=keys_for_worker([plan.connection for plan in plans]),
        )
    except Exception as error:
        show_error(error)
        return
    st.session_state.pop(asked, None)
    st.rerun()


def _show(plan: SendPlan) -> None:
    with st.container(border=True, gap="small"):
        st.markdown(
            t(
                "**{texts} texts** go to **{host}** (model {model}): {questions} questions and "
                "{answers} answers.",
                texts=f"{plan.texts:,}",
                host=plain(plan.connection.host),
                model=plain(plan.connection.model),
                questions=f"{plan.questions:,}",
                answers=f"{plan.answers:,}",
            )
        )
        st.caption(expense(plan))
        st.markdown(t("Examples, as they would be sent:"))
        for example in plan.examples:
            st.text(example if len(example) <= _SHOWN else f"{example[:_SHOWN]} …")


def expense(plan: SendPlan) -> str:
    """Return in words how much a plan would send and cost; estimates are called so."""
    values = {"tokens": f"{plan.tokens:,}", "time": duration(plan.seconds)}
    if plan.cost is None:
        return t(
            "About {tokens} tokens (estimate); no price is entered, so the cost is unknown. "
            "Takes about {time}.",
            **values,
        )
    return t(
        "About {tokens} tokens, cost about {cost} at {price} for a million tokens (estimate). "
        "Takes about {time}.",
        **values,
        cost=f"{plan.cost:,.2f}" if plan.cost >= 0.1 else f"{plan.cost:.4f}",
        price=f"{plan.connection.price:g}",
    )


def _key_is_there(plan: SendPlan) -> bool:
    if has_key(plan.connection):
        return True
    st.error(
        t(
            "There is no key: the environment variable {variable} is not set. Set it before the "
            "app starts, or put it into .streamlit/secrets.toml.",
            variable=plain(plan.connection.key_variable),
        ),
        icon=":material/key_off:",
    )
    return False
