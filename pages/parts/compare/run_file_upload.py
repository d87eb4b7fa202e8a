"""The company's present search as a system to compare: questions out, result lists in."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import AppError
from core.journey.compare_systems import (
    RunCheck,
    add_run_file,
    check_run,
    held_out_questions,
    remove_run_file,
)
from pages.parts import session
from pages.parts.errors import show_error, show_warnings
from pages.parts.page import Context
from pages.parts.translate import moment, plain, t

_TAKEN = "run_files_taken"


def run_file_section(context: Context) -> None:
    """Draw the upload of result lists, and those that are kept."""
    st.markdown(f"**{t('Your present search')}**")
    st.caption(
        t(
            "Download the held-out questions, let your search answer them, and upload its result "
            "lists as a TREC run file: question id, Q0, answer id, rank, score, name. Ids are "
            "those of your own file."
        )
    )
    st.download_button(
        t("Download the held-out questions"),
        lambda: held_out_questions(context.dataset),
        file_name="queries.jsonl",
        mime="application/jsonl",
        icon=":material/download:",
        key="run_file_questions",
        on_click="ignore",
    )
    for one in context.project.state.run_files:
        with st.container(horizontal=True, vertical_alignment="center"):
            said = t(
                "{title} · {file} · {at}", title=one.title, file=one.filename, at=moment(one.at)
            )
            st.markdown(plain(said))
            if st.button(t("Remove"), type="tertiary", key=f"remove_run_{one.key}"):
                remove_run_file(context.project, one.key, session.who())
                st.rerun()
    # A new field after every file that was taken: an upload field cannot be emptied otherwise.
    field = f"run_file_{context.project.id}_{st.session_state.get(_TAKEN, 0)}"
    file = st.file_uploader(t("Result lists of your search (TREC run, or ranx JSON)"), key=field)
    if file is not None:
        _upload(context, file)


@st.cache_resource(show_spinner=False, max_entries=2, scope="session")
def _checked(file_id: str, dataset_id: str, _file: UploadedFile, _context: Context) -> RunCheck:
    return check_run(_file.getvalue(), _context.dataset)


def _upload(context: Context, file: UploadedFile) -> None:
    try:
        check = _checked(file.file_id, context.dataset.id, file, context)
    except Exception as error:
        show_error(error)
        return
    st.markdown(
        t(
            "{lines} lines; results for {questions} of {held} held-out questions.",
            lines=check.lines,
            questions=check.questions,
            held=check.held_out,
        )
    )
    show_warnings(check.notes)
    title = st.text_input(t("Name"), value=t("Present search"), max_chars=60, key="run_file_title")
    nothing = not check.missing or st.checkbox(
        t("For the {missing} other questions my search found nothing", missing=check.missing),
        key="run_file_nothing",
        help=t("They then count as not found. Else upload a file that answers all of them."),
    )
    if st.button(t("Add this search"), key="run_file_add", disabled=not nothing):
        try:
            add_run_file(
                context.project,
                context.dataset,
                file.getvalue(),
                file.name,
                title=title or "",
                empty_is_nothing=bool(nothing),
                who=session.who(),
            )
        except AppError as error:
            show_error(error)
            return
        st.session_state[_TAKEN] = st.session_state.get(_TAKEN, 0) + 1
        st.rerun()
