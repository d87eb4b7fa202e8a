"""Upload: choose a file, see how it was understood, import it. Nothing is written before that."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.journey import data
from core.journey.data import Preview
from pages.parts import session
from pages.parts.data.columns import column_choice
from pages.parts.data.importing import (
    RunningImport,
    running_import,
    start_import,
    watch_import,
)
from pages.parts.errors import show_error, show_warnings
from pages.parts.page import Context
from pages.parts.translate import plain, t

_PREVIEW_ROWS = 20
_DELIMITERS = {",": ",", ";": ";", "\t": "⇥", "|": "|"}


# Per session, because a file is nobody else's; the table is large and never changed, so it is
# handed out as it is rather than copied on every rerun.
@st.cache_resource(show_spinner=False, max_entries=2, scope="session")
def _read(file_id: str, filename: str, sheet: str | None, _file: UploadedFile) -> Preview:
    return data.preview(_file.getvalue(), filename, sheet)


def upload(context: Context, replacing: str | None = None) -> bool:
    """Draw the upload with its preview and the import; return whether a file was chosen.

    Parameters
    ----------
    replacing : str or None
        Name of the session value that says that the present data are being replaced; the user can
        go back then.
    """
    field = f"upload_{context.project.id}"
    if st.session_state.get(field) is None:
        _instructions()
    file = st.file_uploader(t("Your file"), key=field, label_visibility="collapsed")
    running = running_import(context)
    if (
        replacing is not None
        and running is None
        and st.button(t("Keep the present data"), icon=":material/arrow_back:", type="tertiary")
    ):
        st.session_state.pop(replacing, None)
        st.rerun()
    if file is None:
        if running is not None:  # the page was left meanwhile, and the field has forgotten the file
            _until_the_end(context, running, replacing)
        return running is not None
    try:
        with st.spinner(t("Reading the file …"), show_time=True):
            found = _read(file.file_id, file.name, _chosen_sheet(file), file)
    except Exception as error:
        show_error(error)
        return True
    _show_preview(found, file)
    mapping = column_choice(found, file.file_id) if found.can_be_mapped else found.mapping
    ready = bool(mapping.question and mapping.answer and mapping.question != mapping.answer)
    pressed = st.button(
        t("Import"),
        type="primary",
        icon=":material/download_done:",
        disabled=not ready or running is not None,
    )
    if pressed and running is None:
        running = start_import(
            context,
            file.getvalue(),
            file.name,
            who=session.who(),
            mapping=mapping,
            found=found,
        )
    if running is not None:
        _until_the_end(context, running, replacing)
    return True


def _until_the_end(context: Context, running: RunningImport, replacing: str | None) -> None:
    error = watch_import(context, running)
    if error is not None:
        show_error(error)
        return
    if replacing is not None:
        st.session_state.pop(replacing, None)
    st.rerun()


def _instructions() -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(
            t(
                "**Choose a file with one question and its right answer per row.** Formats: CSV, "
                "TSV, Excel (XLSX), JSON, JSON Lines, Parquet, or a zipped BEIR folder; up to "
                "{limit} MB.",
                limit=data.MAX_UPLOAD_MB,
            )
        )
        st.markdown(
            t(
                "Several wordings of a question may share an answer, and a question may have "
                "several answers: one row each. At least {questions} different questions and "
                "{answers} different answers are needed; from some hundred questions on the test "
                "can tell small improvements from chance.",
                questions=data.MIN_QUESTIONS,
                answers=data.MIN_GROUPS,
            )
        )
    with right:
        st.caption(t("For example (the category is optional):"))
        st.dataframe(
            {
                t("question"): [
                    t("where is my parcel??"),
                    t("Order not here after 5 days"),
                    t("can i send shoes back"),
                ],
                t("answer"): [
                    t("You can follow your parcel with the link in the e-mail …"),
                    t("You can follow your parcel with the link in the e-mail …"),
                    t("You can return unworn goods within 30 days …"),
                ],
                t("category"): [t("Delivery"), t("Delivery"), t("Returns")],
            },
            hide_index=True,
            column_config={
                t("question"): st.column_config.TextColumn(width=140),
                t("answer"): st.column_config.TextColumn(width=140),
            },
            key="upload_example",
        )
    st.caption(
        t(
            "Drop your file onto the field below, or choose it with the button. It stays on the "
            "computer that runs this app, and nothing is saved before you press Import."
        )
    )


def _chosen_sheet(file: UploadedFile) -> str | None:
    return st.session_state.get(f"sheet_{file.file_id}")


def _show_preview(found: Preview, file: UploadedFile) -> None:
    table = found.table
    st.subheader(t("How your file was understood"), anchor=False)
    if len(table.sheets) > 1:
        st.selectbox(
            t("Sheet of the workbook"),
            table.sheets,
            index=table.sheets.index(table.sheet),
            key=f"sheet_{file.file_id}",
            width=400,
        )
    facts = [
        plain(file.name),
        t("format {format}", format=table.format.upper()),
        t("{rows} rows, {columns} columns", rows=len(table.frame), columns=len(table.columns)),
    ]
    if table.encoding:
        facts.append(t("encoding {encoding}", encoding=table.encoding.upper()))
    if table.delimiter:
        sign = _DELIMITERS.get(table.delimiter, table.delimiter)
        facts.append(t("columns parted by {sign}", sign=plain(sign)))
    if table.sheet:
        facts.append(t("sheet {sheet}", sheet=plain(table.sheet)))
    st.caption(" · ".join(facts))
    show_warnings(table.warnings)
    first = table.frame.head(_PREVIEW_ROWS)
    first.insert(0, t("Row"), table.row_numbers[:_PREVIEW_ROWS], allow_duplicates=True)
    wide = {name: st.column_config.TextColumn(width="medium") for name in table.columns}
    st.dataframe(
        first, hide_index=True, height=260, column_config=wide, key=f"preview_{file.file_id}"
    )
