"""Scores that the user brings along as a file: upload, columns, what was matched, delete."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.journey.score_files import (
    ScoreColumns,
    ScoreFile,
    ScorePreview,
    add_score_file,
    preview_scores,
    remove_score_file,
    score_files,
)
from core.messages import N_
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.errors import errors_shown, show_error, show_warnings
from pages.parts.experts.expert_card import Choice
from pages.parts.page import Context
from pages.parts.reading import read_upload
from pages.parts.rights import only
from pages.parts.translate import plain, t, tm

_PREVIEW_ROWS = 10
_TAKEN = "score_files_taken"
_ROLES = (
    ("question", N_("Question"), N_("Its text as in your data, or its id.")),
    ("answer", N_("Answer"), N_("Its text as in your data, or its id.")),
    ("score", N_("Score"), N_("Any scale; higher = the answer fits better.")),
)


def score_file_section(context: Context, choice: Choice) -> None:
    """Draw the uploaded scores of the project and the upload of more."""
    uploaded = score_files(context.project, context.dataset)
    label = t("Your own scores (file): {count}", count=len(uploaded))
    # A new field after every file that was taken: an upload field cannot be emptied otherwise.
    field = f"score_file_{context.project.id}_{st.session_state.get(_TAKEN, 0)}"
    open_now = bool(uploaded) or st.session_state.get(field) is not None
    with st.expander(label, icon=":material/upload_file:", expanded=open_now):
        st.caption(
            t(
                "Scores of another system or of an earlier study become one more expert, at once. "
                "A table with one pair per row: question, answer, score. Pairs that are not in "
                "the file stay without an opinion of this expert."
            )
        )
        for known in uploaded:
            _uploaded_file(context, known, choice)
        file = st.file_uploader(
            t("File of scores (CSV, TSV, XLSX, JSON, Parquet)"), key=field, **only(CHANGE)
        )
        if file is not None:
            _upload(context, file, choice)


def _upload(context: Context, file: UploadedFile, choice: Choice) -> None:
    sheet_key = f"score_sheet_{file.file_id}"
    try:
        sheet = st.session_state.get(sheet_key)
        preview = read_upload(
            file,
            "scores",
            lambda content, name, report: preview_scores(content, name, sheet, report),
            sheet,
        )
    except Exception as error:
        show_error(error)
        return
    if preview is None:
        return
    table = preview.table
    if len(table.sheets) > 1:
        place = table.sheets.index(table.sheet)
        st.selectbox(t("Sheet of the workbook"), table.sheets, index=place, key=sheet_key)
    show_warnings(table.warnings)
    first = table.frame.head(_PREVIEW_ROWS)
    first.insert(0, t("Row"), table.row_numbers[:_PREVIEW_ROWS], allow_duplicates=True)
    wide = {name: st.column_config.TextColumn(width="medium") for name in table.columns}
    st.dataframe(
        first,
        hide_index=True,
        height=220,
        column_config=wide,
        key=f"score_preview_{file.file_id}",
    )
    columns = _columns(preview, file.file_id)
    if st.button(
        t("Use these scores"),
        icon=":material/person_add:",
        key="use_scores",
        **only(CHANGE, disabled=not columns.complete),
    ):
        with errors_shown():
            with st.spinner(t("Matching every row with your data …"), show_time=True):
                added = add_score_file(
                    context.project,
                    context.dataset,
                    file.getvalue(),
                    file.name,
                    who=session.who(),
                    columns=columns,
                    preview=preview,
                )
            choice.add(added.key)
            st.session_state[_TAKEN] = st.session_state.get(_TAKEN, 0) + 1
            st.rerun()


def _columns(preview: ScorePreview, file_id: str) -> ScoreColumns:
    picked: dict[str, str | None] = {}
    options = list(preview.table.columns)
    cells = st.columns(len(_ROLES))
    for cell, (role, title, meaning) in zip(cells, _ROLES, strict=True):
        guess = getattr(preview.columns, role)
        with cell:
            picked[role] = st.selectbox(
                t(title),
                options,
                index=options.index(guess) if guess in options else None,
                help=t(meaning),
                placeholder=t("Choose a column"),
                key=f"score_{role}_{file_id}_{preview.table.sheet}",
            )
    columns = ScoreColumns(**picked)
    if not columns.complete:
        st.info(t("Choose three different columns: question, answer and score."))
    return columns


def _uploaded_file(context: Context, file: ScoreFile, choice: Choice) -> None:
    with st.container(border=True, gap="small"):
        choice.box(file.key, file.title)
        st.markdown(
            t(
                "{pairs} pairs of {questions} questions have a score, from {rows} rows of {file}.",
                pairs=file.pairs,
                questions=file.questions,
                rows=file.rows,
                file=plain(file.filename),
            )
        )
        if file.repeated:
            st.caption(t("Rows that repeat an earlier one: {count}.", count=file.repeated))
        if file.set_aside_count:
            _set_aside(file)
        with st.popover(t("Delete"), icon=":material/delete:"):
            st.markdown(
                t(
                    "The scores are deleted and this expert is no longer in use. Your file itself "
                    "stays where you have it."
                )
            )
            if st.button(t("Delete these scores"), key=f"delete_{file.key}", **only(CHANGE)):
                _delete(context, file, choice)


def _set_aside(file: ScoreFile) -> None:
    st.warning(
        t("Rows that could not be used: {count}.", count=file.set_aside_count),
        icon=":material/rule:",
    )
    rows = file.set_aside
    st.dataframe(
        {
            t("Row"): [row for row, *_ in rows],
            t("Reason"): [tm(reason) for _, reason, *_ in rows],
            t("Question"): [question for *_, question, _ in rows],
            t("Answer"): [answer for *_, answer in rows],
        },
        hide_index=True,
        height="content" if len(rows) < 6 else 220,
        column_config={t("Reason"): st.column_config.TextColumn(width="large")},
        key=f"aside_{file.key}",
    )


def _delete(context: Context, file: ScoreFile, choice: Choice) -> None:
    with errors_shown():
        remove_score_file(context.project, context.dataset, file.key, session.who())
        choice.remove(file.key)
        st.rerun()
