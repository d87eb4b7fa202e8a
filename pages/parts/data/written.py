"""Written questions: made from the answers, looked at before they are taken in, taken out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from core.journey import writing
from core.journey.jobs import FINISHED
from core.journey.personal import check_sharing
from core.journey.sending import llm_connections
from core.journey.writing import MOST_OF_ANSWER, STYLES, WrittenQuestion
from core.messages import N_n
from core.reporting.charts.chart import one_line
from core.types.rights import CHANGE, START
from core.types.scoring import ChatConnection
from core.types.written import WriteResult
from pages.parts import session
from pages.parts.api_keys import keys_for_worker
from pages.parts.errors import errors_shown, show_error
from pages.parts.job_card import job_card
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.sending_plans import confirm_sending
from pages.parts.translate import t

_LISTED, _COLUMNS = 1000, 300  # rows sent to the browser, and how much of each text


def written_questions(context: Context) -> None:
    """Draw the written questions of the data, and the writer with the preview of what it wrote."""
    st.markdown(
        t(
            "**Questions that nobody asked yet**, written from your answers in the styles of "
            "customers: question, keywords, complaint, title. A question is kept only if the "
            "experts find its answer among their first three. They are marked as written "
            "everywhere, and are never part of a test."
        )
    )
    st.caption(
        t(
            "In the one measurement so far (a technical forum, questions from patterns, three "
            "runs) they added 0.016 nDCG@10 to titles alone. Compare with and without them before "
            "you keep them."
        )
    )
    if len(context.dataset.written_rows):
        _present(context)
    job = writing.newest_writing(context.project)
    if job is not None and job.state != FINISHED:
        job_card(job, t("Questions are being written"))
        if not job.is_final:
            return
    if job is not None and job.state == FINISHED:
        try:
            result = writing.written_result(context.project, job)
        except Exception as error:
            show_error(error)
        else:
            _preview(context, result)
    _writer(context)


def _table(context: Context, questions: Sequence[WrittenQuestion], key: str) -> None:
    shown = questions[:_LISTED]
    sources = [context.dataset.answers[one.answer] for one in shown]
    st.dataframe(
        {
            t("Question"): [one_line(one.text, _COLUMNS) for one in shown],
            t("Style"): [t(STYLES[one.style]) for one in shown],
            t("Written from the answer"): [one_line(text, _COLUMNS) for text in sources],
            t("Written by"): [_writer_name(one.by) for one in shown],
        },
        hide_index=True,
        height=min(38 + 35 * max(len(shown), 1), 320),
        column_config={
            t("Question"): st.column_config.TextColumn(width=290),
            t("Style"): st.column_config.TextColumn(width=80),
            t("Written from the answer"): st.column_config.TextColumn(width=280),
            t("Written by"): st.column_config.TextColumn(width=140),
        },
        key=key,
    )


def _writer_name(by: str) -> str:
    return t("patterns, no model") if by == writing.PATTERNS else by


def _present(context: Context) -> None:
    questions = writing.written_in(context.dataset)
    counts = Counter(one.style for one in questions)
    st.markdown(
        t(
            "{count} written questions are part of the data: {styles}.",
            count=f"{len(questions):,}",
            styles=", ".join(f"{t(STYLES[style])} {n:,}" for style, n in counts.most_common()),
        )
    )
    _table(context, questions, "written_present")
    if st.button(
        t("Take the written questions out again"),
        icon=":material/undo:",
        key="written_remove",
        **only(CHANGE),
    ):
        with errors_shown():
            writing.remove_written(context.project, session.who())
            st.rerun()


def _preview(context: Context, result: WriteResult) -> None:
    """Draw what was written, before anything of it is in the data."""
    counts = Counter(one.style for one in result.written)
    st.markdown(
        t(
            "**{kept} questions were written** from {answers} answers and lead back to them; "
            "{lost} others do not and are left out.",
            kept=f"{len(result.written):,}",
            answers=f"{result.answers:,}",
            lost=f"{result.lost_count:,}",
        )
    )
    if not result.written:
        return
    styles = st.pills(
        t("Styles to take"),
        list(counts),
        default=list(counts),
        selection_mode="multi",
        format_func=lambda style: f"{t(STYLES[style])} ({counts[style]:,})",
        key="written_styles",
    )
    chosen = [one for one in result.written if one.style in styles]
    _table(context, chosen, "written_preview")
    if result.lost:
        with st.expander(t("Left out ({count})", count=f"{result.lost_count:,}")):
            _table(context, result.lost, "written_lost")
    if st.button(
        t(N_n("Take in {count} question", "Take in {count} questions"), count=f"{len(chosen):,}"),
        type="primary",
        icon=":material/playlist_add:",
        key="written_take",
        **only(CHANGE, disabled=not chosen),
    ):
        with errors_shown():
            writing.take_written(context.project, result, session.who(), styles)
            st.rerun()


def _writer(context: Context) -> None:
    """Draw the choice of the writer and the button that starts it."""
    named = {model.name: model for model in llm_connections(context.project)}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.selectbox(
            t("Written by"),
            [writing.PATTERNS, *named],
            format_func=_writer_name,
            key="written_by",
            width=280,
        )
        most = st.number_input(
            t("Questions per answer, at most"),
            min_value=1,
            max_value=20,
            value=MOST_OF_ANSWER,
            key="written_most",
            width=220,
        )
        pressed = st.button(
            t("Write questions"),
            icon=":material/edit_note:",
            type="secondary",
            key="write",
            **only(START),
        )
    if not named:
        st.caption(
            t(
                "Without a model, patterns of English and Japanese are used, and keywords for any "
                "other language. A language model can be added on the page Experts."
            )
        )
    asked = f"ask_to_write_{context.project.id}"
    if pressed and by not in named:
        with errors_shown():
            writing.launch_writing(context.project, session.who(), most=int(most))
            st.rerun()
    elif pressed:
        with errors_shown():
            check_sharing(context.project, context.dataset)  # else terms are read in vain
            st.session_state[asked] = (named[by], int(most))
    if asked in st.session_state:
        _dialog(context, asked)


def _dialog(context: Context, asked: str) -> None:
    def forget() -> None:
        st.session_state.pop(asked, None)

    @st.dialog(t("Send answers to a language model?"), width="medium", on_dismiss=forget)
    def ask() -> None:
        connection: ChatConnection
        connection, most = st.session_state[asked]
        plan = writing.writing_plan(context.project, context.dataset, connection, most)
        confirm_sending(
            context,
            [plan],
            [connection.key],
            label=t("Send and write"),
            launch=lambda: writing.launch_writing(
                context.project,
                session.who(),
                most=most,
                connection=connection,
                agreed=[plan],
                environment=keys_for_worker([connection]),
            ),
            forget=forget,
        )

    ask()
