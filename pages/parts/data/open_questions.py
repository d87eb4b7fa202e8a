"""Open questions: what people asked, without a known answer; added from a log, listed, deleted."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.journey import data
from core.journey.data import LogColumns, LogPreview
from core.messages import N_, N_n
from core.reporting.charts.chart import one_line
from core.types.open_account import OpenAccount
from core.types.personal_rules import KEEP
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.data.personal_data import ask_at_import
from pages.parts.errors import show_error, show_warnings
from pages.parts.page import Context
from pages.parts.reading import read_upload, stop_reading
from pages.parts.rights import only
from pages.parts.translate import plain, t, tm

_ROLES = (
    ("question", N_("Question"), N_("What a customer asks or types.")),
    ("count", N_("How often"), N_("How often it was asked, or what it is worth.")),
    ("date", N_("Date"), N_("When it was asked; only its period is told.")),
)
_LISTED, _COLUMNS = 1000, 300  # rows sent to the browser, and how much of each text
_PREVIEW_ROWS = 8


@st.cache_resource(show_spinner=False, max_entries=4, scope="session")
def _tried(key: str, _context: Context, _log: LogPreview, _columns: LogColumns) -> OpenAccount:
    return data.try_open_questions(_context.dataset, _log, _columns)


def open_questions(context: Context) -> None:
    """Draw the list of open questions and the upload of a log with its preview."""
    rows = context.dataset.open_rows
    st.markdown(
        t(
            "**Questions without a known answer**, such as a search log, teach the model how your "
            "customers ask: experts say which answers fit. They are never part of a test."
        )
    )
    if len(rows):
        _list(context, rows)
    _upload(context)


def _list(context: Context, rows: np.ndarray) -> None:
    dataset = context.dataset
    words = st.text_input(
        t("Search in the open questions"), key="open_words", icon=":material/search:"
    )
    shown = data.find_questions(dataset, words or "", rows)
    picked = st.dataframe(
        {
            t("Question"): [one_line(dataset.questions[q], _COLUMNS) for q in shown[:_LISTED]],
            t("How often"): [float(dataset.question_weight[q]) for q in shown[:_LISTED]],
        },
        hide_index=True,
        height=min(38 + 35 * max(len(shown), 1), 320),
        column_config={
            t("Question"): st.column_config.TextColumn(width="large"),
            t("How often"): st.column_config.NumberColumn(width=110, format="localized"),
        },
        on_select="rerun",
        selection_mode="multi-row",
        key=f"open_table_{dataset.id}_{words}",
    )
    st.caption(
        t(
            "{shown} of {count} open questions, the most frequent first; asked {asked} times in "
            "all.",
            shown=f"{min(len(shown), _LISTED):,}",
            count=f"{len(rows):,}",
            asked=f"{float(dataset.question_weight[rows].sum()):,.0f}",
        )
    )
    chosen = shown[picked["selection"]["rows"]] if len(shown) else shown
    with st.container(horizontal=True):
        if st.button(
            t("Delete the chosen ones ({count})", count=len(chosen)),
            icon=":material/delete:",
            key="open_delete",
            **only(CHANGE, disabled=not len(chosen)),
        ):
            _change(context, chosen)
        with st.popover(t("Take all out"), icon=":material/delete_sweep:"):
            st.markdown(
                t(
                    "Scores, labels and models made with them are kept, but the steps after this "
                    "one start anew."
                )
            )
            if st.button(t("Take all open questions out"), key="open_remove", **only(CHANGE)):
                _change(context, None)


def _change(context: Context, rows: np.ndarray | None) -> None:
    try:
        data.remove_open_questions(context.project, session.who(), rows)
    except Exception as error:  # shown where the button is
        show_error(error)
        return
    st.rerun()


def _upload(context: Context) -> None:
    field = f"open_upload_{context.project.id}_{context.dataset.id}"
    st.markdown(
        t(
            "Add a file with a column of questions, optionally with how often each was asked and a "
            "date: any format that can be uploaded, also a plain list with one question a line."
        )
    )
    file = st.file_uploader(
        t("Questions without answers (search log)"),
        key=field,
        label_visibility="collapsed",
        **only(CHANGE),
    )
    if file is None:
        stop_reading("open")
        return
    try:
        log = read_upload(
            file,
            "open",
            lambda content, name, report: data.read_questions(content, name, report=report),
        )
        if log is None:
            return
        columns = _columns(log, file.file_id)
        if columns.question is None:
            st.info(t("Choose the column of the questions to go on."))
            return
        with st.spinner(t("Comparing the questions …"), show_time=True):
            key = f"{file.file_id} {columns} {context.dataset.id}"
            account = _tried(key, context, log, columns)
    except Exception as error:  # any file that people can choose
        show_error(error)
        return
    show_account(account)
    action = ask_at_import(account.personal_data, file.file_id)
    st.info(
        t(
            "The project goes on with another version of its data. Scoring it reads only the new "
            "questions; then tune and compare anew. The label recipe in use stays in use."
        ),
        icon=":material/info:",
    )
    if st.button(
        t(
            N_n("Add {count} open question", "Add {count} open questions"),
            count=f"{account.questions:,}",
        ),
        type="primary",
        icon=":material/playlist_add:",
        key="open_add",
        **only(CHANGE, disabled=account.asked <= 0 or action is None),
    ):
        try:
            with st.spinner(t("Saving the data"), show_time=True):
                data.add_open_questions(
                    *(context.project, log),
                    who=session.who(),
                    columns=columns,
                    personal=action or KEEP,
                )
        except Exception as error:  # shown where the button is
            show_error(error)
            return
        st.rerun()


def _columns(log: LogPreview, file_id: str) -> LogColumns:
    """Draw one selection per role, filled with the guess, and the first rows."""
    chosen: dict[str, str | None] = {}
    for cell, (role, title, meaning) in zip(st.columns(3), _ROLES, strict=True):
        guess = getattr(log.columns, role)
        options = [*([] if role == "question" else [None]), *log.table.columns]
        chosen[role] = cell.selectbox(
            t(title),
            options,
            index=options.index(guess) if guess in options else None,
            format_func=lambda name: t("not in the file") if name is None else name,
            help=t(meaning),
            placeholder=t("Choose a column"),
            key=f"open_{role}_{file_id}",
        )
    first = log.table.frame.head(_PREVIEW_ROWS)
    st.dataframe(
        {name: [one_line(text, _COLUMNS) for text in first[name]] for name in first.columns},
        hide_index=True,
        key=f"open_preview_{file_id}",
    )
    show_warnings(log.table.warnings)
    return data.with_log_columns(log.columns, chosen)


def show_account(account: OpenAccount) -> None:
    """Draw what becomes, or became, of the rows of a file."""
    st.markdown("\n".join(f"- {plain(tm(message))}" for message in data.open_told(account)))
    show_warnings(account.warnings)
    if account.examples:
        with st.expander(t("Wordings that were joined ({count})", count=account.joined)):
            st.dataframe(
                {
                    t("Question"): [one_line(e.question, _COLUMNS) for e in account.examples],
                    t("How often"): [e.asked for e in account.examples],
                    t("Other wordings"): [
                        one_line(" / ".join(text for text, _ in e.wordings), _COLUMNS)
                        for e in account.examples
                    ],
                },
                hide_index=True,
                key=f"open_joined_{account.file}",
            )
    if account.set_aside:
        with st.expander(t("Rows set aside ({count})", count=len(account.set_aside))):
            aside = account.set_aside[:_LISTED]
            st.dataframe(
                {
                    t("Row"): [item.row for item in aside],
                    t("Reason"): [tm(item.reason) for item in aside],
                    t("Question"): [one_line(item.question, _COLUMNS) for item in aside],
                },
                hide_index=True,
                key=f"open_aside_{account.file}",
            )
