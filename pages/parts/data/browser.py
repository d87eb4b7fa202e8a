"""The questions with their answers, to search and leaf through."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from core.journey.data import SPLIT_TITLES, find_questions
from core.reporting.charts.chart import one_line
from core.types import WRITTEN, WRITTEN_BY, QADataset
from pages.parts.deep_links import filter_in_address
from pages.parts.translate import plain, t, unbroken

_PAGE, _COLUMNS = 50, 1000  # questions sent to the browser at once, and how much of each text


def browse(dataset: QADataset) -> None:
    """Draw the search, one page of questions, and the texts of the chosen one in full."""
    words, used = st.columns([2, 1])
    wanted = words.text_input(
        t("Search in questions and answers"),
        key="browse_words",
        icon=":material/search:",
        placeholder=t("Words that must all occur"),
    )
    split = used.selectbox(
        t("Used for"),
        [None, *(name for name in SPLIT_TITLES if name != WRITTEN or len(dataset.written_rows))],
        format_func=lambda key: t("everything") if key is None else t(SPLIT_TITLES[key]),
        key="browse_split",
        on_change=filter_in_address("used", "browse_split", SPLIT_TITLES),
    )
    rows = find_questions(dataset, wanted or "", dataset.rows(split) if split else None)
    if not len(rows):
        st.info(t("No question and no answer has all these words."))
        return
    pages = math.ceil(len(rows) / _PAGE)
    # The key names what was searched for: another search starts on its first page again.
    page = st.session_state.get(f"browse_page_{wanted}_{split}", 1) if pages > 1 else 1
    shown = rows[(page - 1) * _PAGE : page * _PAGE]
    picked = st.dataframe(
        _table(dataset, shown),
        hide_index=True,
        height=min(38 + 35 * len(shown), 420),
        column_config={
            t("Row"): st.column_config.NumberColumn(width=60),
            t("Question"): st.column_config.TextColumn(width=250),
            t("Right answer"): st.column_config.TextColumn(width=230),
            t("Category"): st.column_config.TextColumn(width=110),
        },
        on_select="rerun",
        selection_mode="single-row",
        key=f"browse_table_{wanted}_{split}_{page}",
    )
    st.caption(
        t(
            "Questions {first} to {last} of {count}. Choose a row to read its texts in full.",
            first=(page - 1) * _PAGE + 1,
            last=(page - 1) * _PAGE + len(shown),
            count=len(rows),
        )
    )
    if pages > 1:
        st.pagination(pages, key=f"browse_page_{wanted}_{split}", width="stretch")
    for place in picked["selection"]["rows"]:
        _in_full(dataset, int(shown[place]))


def _table(dataset: QADataset, rows: np.ndarray) -> dict[str, list[object]]:
    table: dict[str, list[object]] = {
        t("Row"): [int(dataset.question_row[q]) for q in rows],
        t("Question"): [one_line(dataset.questions[q], _COLUMNS) for q in rows],
        t("Right answer"): [
            one_line(" / ".join(dataset.answers[a] for a in dataset.right_answers(q)), _COLUMNS)
            for q in rows
        ],
    }
    if "category" in dataset.attributes:
        table[t("Category")] = [dataset.attributes["category"][q] for q in rows]
    if WRITTEN_BY in dataset.attributes:
        table[t("Written by")] = [dataset.attributes[WRITTEN_BY][q] for q in rows]
    table[t("Used for")] = [t(SPLIT_TITLES[str(dataset.split[q])]) for q in rows]
    return table


def _in_full(dataset: QADataset, question: int) -> None:
    with st.container(border=True):
        if dataset.split[question] == WRITTEN:
            by = dataset.attributes[WRITTEN_BY][question]
            st.caption(t("Written from the answer; nobody asked it: {by}", by=plain(by)))
        else:
            st.caption(t("Question in row {row}", row=int(dataset.question_row[question])))
        st.text(unbroken(dataset.questions[question]))
        for answer in dataset.right_answers(question):
            st.caption(t("Right answer"))
            st.text(unbroken(dataset.answers[answer]))
