"""Before texts leave this machine: what would be sent, what it costs, the terms, the key."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.journey.personal import check_sharing
from core.journey.sending import TEACHING_TITLES, TermsSheet, confirm_terms, unconfirmed_terms
from core.types.rights import SEND
from core.types.scoring import SendPlan
from pages.parts import session
from pages.parts.api_keys import has_key
from pages.parts.errors import errors_shown
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import duration, plain, t, tm, unbroken

_SHOWN = 300  # characters of an example


def confirm_sending(
    context: Context,
    plans: Sequence[SendPlan],
    experts: Sequence[str],
    *,
    label: str,
    launch: Callable[[], object],
    forget: Callable[[], None],
) -> None:
    """Draw in a dialog what would be sent, the terms and both buttons; record who agreed.

    Parameters
    ----------
    experts : sequence of str
        Keys; their terms are shown where nobody has confirmed them yet.
    label : str
        Of the button that sends.
    launch, forget : function
        Begins the job; lets the question go.
    """
    for plan in plans:
        show_plan(plan)
    sheets = unconfirmed_terms(context.project, experts)
    agreed = show_terms(sheets)
    ready = agreed and all([key_is_there(plan) for plan in plans])
    st.caption(
        t(
            "Your confirmation is recorded with your name ({who}), the time, the server and the "
            "counts.",
            who=plain(session.who()),
        )
    )
    with st.container(horizontal=True):
        if st.button(
            label,
            type="primary",
            icon=":material/send:",
            key="send_now",
            **only(SEND, disabled=not ready),
        ):
            with errors_shown():
                # Leave may have been taken back while this was read; nothing is recorded then.
                check_sharing(context.project, context.dataset)
                if sheets:
                    confirm_terms(context.project, sheets, session.who())
                launch()
                forget()
                st.rerun()
        if st.button(t("Send nothing"), key="send_nothing"):
            forget()
            st.rerun()


def show_terms(sheets: Sequence[TermsSheet]) -> bool:
    """Draw the sheets that nobody confirmed yet; return whether they are confirmed now."""
    if not sheets:
        return True
    for sheet in sheets:
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{t('Terms of {name}', name=plain(sheet.title))}**")
            st.markdown(plain(tm(sheet.goes_to)))
            st.markdown(f"{t(TEACHING_TITLES[sheet.teaching])}. {plain(tm(sheet.reason))}")
            if sheet.source:
                st.markdown(f"[{plain(sheet.source)}]({sheet.source})")
    return st.checkbox(
        t("I have read the terms of these experts, and they allow this use"), key="terms_read"
    )


def show_plan(plan: SendPlan) -> None:
    """Draw what would be sent to a server, with cost and examples."""
    values = {"host": plain(plan.connection.host), "model": plain(plan.connection.model)}
    if plan.pairs:
        told = t(
            "**At most {pairs} pairs** of a question and an answer go to **{host}** (model "
            "{model}), in {requests} requests.",
            pairs=f"{plan.pairs:,}",
            requests=f"{plan.requests:,}",
            **values,
        )
    elif not plan.questions:
        told = t(
            "**{answers} answers** go to **{host}** (model {model}), one in each request.",
            answers=f"{plan.answers:,}",
            **values,
        )
    else:
        told = t(
            "**{texts} texts** go to **{host}** (model {model}): {questions} questions and "
            "{answers} answers.",
            texts=f"{plan.texts:,}",
            questions=f"{plan.questions:,}",
            answers=f"{plan.answers:,}",
            **values,
        )
    with st.container(border=True, gap="small"):
        st.markdown(told)
        st.caption(expense(plan))
        st.markdown(t("Examples, as they would be sent:"))
        for example in plan.examples:
            st.text(unbroken(example if len(example) <= _SHOWN else f"{example[:_SHOWN]} …"))


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


def key_is_there(plan: SendPlan) -> bool:
    """Return whether the key of a plan's server is set; draws what to do where it is not."""
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
