"""What the experts say about open questions: likely answers with the score of every expert."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.journey.data import find_questions
from core.journey.labels import LabelPreview
from core.reporting.charts.chart import one_line
from pages.parts.errors import guarded
from pages.parts.labels.pair_table import SHOWN, label_column
from pages.parts.page import Context
from pages.parts.translate import t, unbroken

_LISTED = 1000  # questions sent to the browser
_CANDIDATES = 6  # as many as a tuning run takes, unless its settings say otherwise


@st.fragment
@guarded
def open_candidates(context: Context, preview: LabelPreview) -> None:
    """Draw the list of open questions and the candidates of the one that is chosen."""
    dataset = preview.dataset
    st.markdown(
        t(
            "Nobody knows the right answer of an open question, so it learns from what the experts "
            "say about its likely answers: those with the highest labels of the whole collection."
        )
    )
    if not preview.names:
        st.info(t("No expert takes part, so nothing is known about open questions."))
        return
    words = st.text_input(
        t("Search in the open questions"), key="open_candidates_words", icon=":material/search:"
    )
    shown = find_questions(dataset, words or "", dataset.open_rows)[:_LISTED]
    if not len(shown):
        st.info(t("No open question has these words."))
        return
    picked = st.dataframe(
        {
            t("Question"): [one_line(dataset.questions[row], SHOWN) for row in shown],
            t("How often"): [float(dataset.question_weight[row]) for row in shown],
        },
        hide_index=True,
        height=min(38 + 35 * len(shown), 213),
        column_config={
            t("Question"): st.column_config.TextColumn(width="large"),
            t("How often"): st.column_config.NumberColumn(width=90, format="localized"),
        },
        on_select="rerun",
        selection_mode="single-row-required",
        key=f"open_candidates_{dataset.id}_{words}",
    )
    rows = picked["selection"]["rows"]
    _candidates(preview, int(shown[rows[0] if rows and rows[0] < len(shown) else 0]))


def _candidates(preview: LabelPreview, row: int) -> None:
    """Draw one question with its candidates, a column per expert."""
    dataset, found = preview.dataset, preview.candidates(row, _CANDIDATES)
    st.caption(t("Open question (row {row} of its file)", row=int(dataset.question_row[row])))
    st.text(unbroken(dataset.questions[row]))
    if not len(found.answers):
        st.info(t("No expert has an opinion on any answer."))
        return
    columns = {
        "label": (found.labels * 100).round(),
        "answer": [one_line(dataset.answers[answer], SHOWN) for answer in found.answers],
    }
    numbers = {str(place): (scores * 100).round() for place, scores in enumerate(found.scores)}
    titles = dict(zip(numbers, preview.names, strict=True))
    st.dataframe(
        pd.DataFrame(columns | numbers),
        hide_index=True,
        key="open_candidates_scores",
        column_config={
            "label": label_column(t("Label")),
            "answer": st.column_config.TextColumn(t("Likely answer"), width=300),
            **{
                key: st.column_config.NumberColumn(title, format="%.0f", width="small")
                for key, title in titles.items()
            },
        },
        placeholder="–",
    )
    st.caption(
        t(
            "Labels and scores from 0 to 100. A tuning run may add the right answer of a known "
            "question that says the same in other words."
        )
    )
