"""Upload: choose a file, see how it was understood, import it. Nothing is written before that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import Stopped
from core.journey import data
from core.journey.data import ColumnMapping, Outcome, Preview, ReadingChoices
from core.journey.projects import sample_files
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.data.columns import column_choice, show_outcome, show_rows
from pages.parts.data.importing import running_import, start_import, watch_import
from pages.parts.data.personal_data import ask_at_import
from pages.parts.errors import show_error, show_warnings
from pages.parts.page import Context
from pages.parts.reading import RunningStep, read_upload, stop_reading
from pages.parts.rights import only
from pages.parts.translate import plain, t

_DELIMITERS = {",": ",", ";": ";", "\t": "⇥", "|": "|"}


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
        data.warm_up()
    file = st.file_uploader(t("Your file"), key=field, label_visibility="collapsed", **only(CHANGE))
    running = running_import(context)
    if (
        replacing is not None
        and running is None
        and st.button(t("Keep the present data"), icon=":material/arrow_back:", type="tertiary")
    ):
        st.session_state.pop(replacing, None)
        st.rerun()
    if file is None:
        stop_reading("data")
        stop_reading("data_tried")
        if running is not None:  # the page was left meanwhile, and the field has forgotten the file
            _until_the_end(context, running, replacing)
        return running is not None
    try:
        state = st.session_state
        choices = ReadingChoices(
            sheet=state.get(f"sheet_{file.file_id}"),
            encoding=state.get(f"encoding_{file.file_id}") or None,
            hidden_rows=state.get(f"hidden_{file.file_id}", True),
            below=state.get(f"below_{file.file_id}", False),
        )
        found = read_upload(
            file,
            "data",
            lambda content, name, report: data.preview(content, name, choices, report=report),
            choices,
        )
    except Exception as error:
        show_error(error)
        return True
    if found is None:
        return True
    _show_preview(found, file)
    rows = st.container()
    mapping = column_choice(found, file.file_id) if found.can_be_mapped else found.mapping
    ready = bool(mapping.question and mapping.answer and mapping.question != mapping.answer)
    with rows:
        show_rows(found, mapping, file.file_id)
    options: dict[str, Any] = {}
    if found.can_be_mapped and ready and running is None:
        try:
            tried = _tried(found, mapping, file, choices)
        except Exception as error:
            show_error(error)
            return True
        if tried is None:
            return True
        show_outcome(tried, len(found.table.frame))
        show_warnings(tried.warnings)
        ready = tried.refused is None
        if ready:
            action = ask_at_import(tried.personal, file.file_id)
            ready = action is not None
            options["personal"] = action
        if tried.unanswered:
            options["open_questions"] = st.checkbox(
                t("Take rows without an answer as open questions"),
                value=True,
                help=t(
                    "They teach the model how people ask, by what the experts say, and are never "
                    "part of a test. Else they are set aside."
                ),
                key=f"open_rows_{file.file_id}",
            )
    elif not found.can_be_mapped:
        if running is None:
            try:
                personal = read_upload(file, "data_tried", data.personal_in_beir)
            except Exception as error:
                show_error(error)
                return True
            if personal is None:
                return True
            options["personal"] = ask_at_import(personal, file.file_id)
            ready = options["personal"] is not None
        options["split_anew"] = st.checkbox(
            t("Split the questions anew"),
            help=t(
                "Leave aside the splits that the folder comes with, for example where all of its "
                "judgements are for the test."
            ),
            key=f"split_{file.file_id}",
        )
    pressed = st.button(
        t("Import"),
        type="primary",
        icon=":material/download_done:",
        **only(CHANGE, disabled=not ready or running is not None),
    )
    if pressed and running is None:
        running = start_import(
            context,
            file.getvalue(),
            file.name,
            who=session.who(),
            mapping=mapping,
            found=found,
            **options,
        )
    if running is not None:
        _until_the_end(context, running, replacing)
    return True


def _tried(
    found: Preview, mapping: ColumnMapping, file: UploadedFile, choices: ReadingChoices
) -> Outcome | None:
    return read_upload(
        file,
        "data_tried",
        lambda _, name, report: data.outcome(found, mapping, name, report),
        choices,
        mapping,
    )


def _until_the_end(context: Context, running: RunningStep, replacing: str | None) -> None:
    error = watch_import(context, running)
    if isinstance(error, Stopped):
        st.info(t("The import was stopped. Nothing was kept."), icon=":material/stop_circle:")
        return
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
    _formats()
    st.caption(
        t(
            "Drop your file onto the field below, or choose it with the button. It stays on the "
            "computer that runs this app, and nothing is saved before you press Import."
        )
    )


def _formats() -> None:
    """Draw every kind of file that can be read, with a small example, and files to fill in."""
    with st.expander(t("What can I upload?"), icon=":material/help:"):
        for reader in data.READERS:
            _format(reader.title, reader.looks_like, reader.example, " ".join(reader.endings))
            if reader.key == "json":
                for layout in data.LAYOUTS:
                    _format(layout.title, layout.meaning, layout.example, ".json")
        _downloads(t("Files to fill in:"), data.templates())
        _downloads(t("As an example, a bare FAQ and the search log of its users:"), sample_files())


def _downloads(title: str, files: Mapping[str, bytes]) -> None:
    st.markdown(title)
    with st.container(horizontal=True):
        for name, content in files.items():
            st.download_button(
                name, content, file_name=name, key=f"template_{name}", on_click="ignore"
            )


def _format(title: str, meaning: str, example: str, endings: str) -> None:
    st.markdown(f"**{t(title)}** · {endings}  \n{t(meaning)}")
    st.code(example, language=None, wrap_lines=True)


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
    if table.encoding and table.format != data.BEIR:
        st.selectbox(
            t("Encoding"),
            ["", *data.USUAL_ENCODINGS],
            format_func=lambda name: name.upper() or t("as found ({name})", name=table.encoding),
            help=t("Choose another one where letters such as ä, é or 語 look wrong below."),
            key=f"encoding_{file.file_id}",
            width=400,
        )
    if table.format in ("xlsx", "xls", "ods") and _has_hidden_rows(found, file):
        st.checkbox(
            t("Read rows that are hidden or filtered away in the workbook"),
            value=True,
            key=f"hidden_{file.file_id}",
        )
    if _has_rows_below(found, file):
        st.checkbox(
            t("Read sums and other tables below the first as rows, too"),
            key=f"below_{file.file_id}",
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
    show_warnings([*table.warnings, *found.guess.notes])


def _has_rows_below(found: Preview, file: UploadedFile) -> bool:
    """Tell whether sums or another table were left out, or would be again."""
    told = ("Another table begins", "Rows that sum up")
    return bool(st.session_state.get(f"below_{file.file_id}")) or any(
        warning.template.startswith(told) for warning in found.table.warnings
    )


def _has_hidden_rows(found: Preview, file: UploadedFile) -> bool:
    """Tell whether there is anything to choose; once left out, hidden rows can be had back."""
    left_out = st.session_state.get(f"hidden_{file.file_id}") is False
    return left_out or any("hidden" in warning.template for warning in found.table.warnings)
