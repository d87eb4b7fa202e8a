"""Erasing single texts, for whoever asks that what they wrote is deleted."""

from __future__ import annotations

import streamlit as st

from core.journey import data
from core.messages import N_n
from core.reporting.charts.chart import one_line
from core.types.rights import DELETE
from pages.parts import session
from pages.parts.errors import show_error
from pages.parts.page import Context
from pages.parts.receipt import keep_receipt
from pages.parts.rights import only
from pages.parts.translate import t

_LISTED, _COLUMNS = 200, 300  # texts sent to the browser, and how much of each


def erase_texts(context: Context) -> None:
    """Draw the search for texts, and the deletion of those that were chosen."""
    st.markdown(
        t(
            "**Erase questions and answers for good**, for example where a person asks for it. "
            "Versions of the data that hold them are deleted, with the scores, models, comparisons "
            "and reports made of these versions; the project goes on without these texts."
        )
    )
    words = st.text_input(
        t("Texts with all of these words"), key="erase_words", icon=":material/search:"
    )
    questions, answers = data.find_texts(context.dataset, words or "")
    found = [(t("Question"), text) for text in questions]
    found += [(t("Answer"), text) for text in answers]
    if not found:
        if words:
            st.info(t("No question and no answer has all these words."))
        return
    picked = st.dataframe(
        {
            t("Kind"): [kind for kind, _ in found[:_LISTED]],
            t("Text"): [one_line(text, _COLUMNS) for _, text in found[:_LISTED]],
        },
        hide_index=True,
        height=min(38 + 35 * len(found), 320),
        column_config={
            t("Kind"): st.column_config.TextColumn(width=90),
            t("Text"): st.column_config.TextColumn(width="large"),
        },
        on_select="rerun",
        selection_mode="multi-row",
        key=f"erase_table_{context.dataset.id}_{words}",
    )
    if len(found) > _LISTED:
        st.caption(t("The first {shown} of {count} are listed.", shown=_LISTED, count=len(found)))
    chosen = [found[place][1] for place in picked["selection"]["rows"]]
    if st.button(
        t(N_n("Erase {count} text", "Erase {count} texts"), count=len(chosen)),
        icon=":material/delete_forever:",
        **only(DELETE, disabled=not chosen),
    ):
        _confirm(context, chosen)


@st.dialog(t("Erase for good?"), icon=":material/delete_forever:")
def _confirm(context: Context, texts: list[str]) -> None:
    st.markdown(
        t(
            "{count} texts, and every run made of data that hold them, are deleted and cannot be "
            "brought back.",
            count=len(texts),
        )
    )
    if st.button(t("Erase for good"), type="primary", icon=":material/delete_forever:"):
        try:
            with st.spinner(t("Deleting"), show_time=True):
                receipt = data.erase_texts(context.project, texts, session.who())
        except Exception as error:  # shown where the button is
            show_error(error)
            return
        keep_receipt(receipt)
        st.rerun()
