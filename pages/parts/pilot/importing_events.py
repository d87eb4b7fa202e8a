"""Events that another search or help desk recorded: read, previewed, imported, put to use."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import AppError
from core.journey.pilot import events, learning, searching
from core.messages import N_
from core.types.pilot_events import CLICKED_ANSWERS, QUERIES, TICKETS, UBI, EventFile, PilotPlan
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.errors import attempt, show_error
from pages.parts.page import Context
from pages.parts.reading import read_upload, stop_reading
from pages.parts.rights import only
from pages.parts.translate import moment, plain, t

_DONE, _FIELD = "pilot_events_done", "pilot_events_field"
_KINDS = {
    UBI: N_("OpenSearch UBI"),
    CLICKED_ANSWERS: N_("questions with opened answers"),
    TICKETS: N_("help desk tickets"),
    QUERIES: N_("questions with counts"),
}


def importing(context: Context, _plan: PilotPlan | None) -> None:
    """Draw the import of events, what was imported, and clicks as an expert."""
    done = st.session_state.pop(_DONE, None)
    if done is not None:
        st.success(done, icon=":material/done_all:")
    st.markdown(
        t(
            "Bring what people searched elsewhere: **OpenSearch UBI** (queries and events "
            "together), a table of **questions with the answer that was opened** and its position, "
            "an export of **tickets** (subject, description, first reply), or **questions with "
            "counts**. JSON Lines, JSON, CSV, Excel and whatever else the app reads; personal data "
            "are masked."
        )
    )
    number = st.session_state.get(_FIELD, 0)
    files = st.file_uploader(
        t("Files of events"),
        key=f"pilot_events_{number}",
        accept_multiple_files=True,
        label_visibility="collapsed",
        **only(CHANGE),
    )
    for unused in range(len(files), events.MOST_FILES):
        stop_reading(f"events{unused}")
    if files:
        try:
            _preview(context, files[: events.MOST_FILES])
        except AppError as error:
            show_error(error)
    _imported(context)
    _expert(context)


def _preview(context: Context, files: list[UploadedFile]) -> None:
    tables = []
    for number, file in enumerate(files):
        table = read_upload(file, f"events{number}", events.read_event_table)
        if table is None:
            return
        tables.append((table, file.name))
    found = events.events_in(tables)
    told = events.preview_events(context.project, found)
    with st.container(border=True, key="pilot_events_preview"):
        st.markdown(
            t(
                "**{file}** was read as {kind}: {searches} searches, {questions} different "
                "questions. Opened results: {clicks}, of them answers of this project: {matched}.",
                file=plain(found.file),
                kind=t(_KINDS[found.kind]),
                searches=f"{told.searches:g}",
                questions=told.questions,
                clicks=told.clicks,
                matched=told.matched,
            )
        )
        if told.clicks and not told.matched:
            st.warning(
                t(
                    "None of the opened results is an answer of this project, by its text or its "
                    "id. The questions can be imported all the same."
                ),
                icon=":material/link_off:",
            )
        left_out = told.old + found.set_aside
        if left_out:
            st.caption(
                t(
                    "Left out: {old} older than events are kept, {aside} rows that are no search "
                    "or belong to none.",
                    old=told.old,
                    aside=found.set_aside,
                )
            )
        st.button(
            t("Import these events"),
            type="primary",
            icon=":material/download_done:",
            key="pilot_events_import",
            on_click=attempt,
            args=(_take, context, found),
            **only(CHANGE),
        )


def _take(context: Context, found: EventFile) -> None:
    _, added = events.import_events(context.project, found, session.who())
    st.session_state[_FIELD] = st.session_state.get(_FIELD, 0) + 1
    st.session_state[_DONE] = t("Imported searches: {count}.", count=added)


def _imported(context: Context) -> None:
    """Draw each import with what can be taken of it."""
    for plan in events.imports(context.project):
        kind, file = events.source_of(plan)
        asked = searching.questions_asked(context.project, plan)
        waiting = learning.questions_not_taken(context.project, plan)
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", key=f"import_{plan.id}"
        ):
            lost = sum(one.found_nothing for one in asked)
            words = [
                f"**{plain(file)}**",
                t(_KINDS[kind]),
                moment(plan.at),
                t("different questions: {count}", count=len(asked)),
            ]
            if kind != QUERIES:
                words.append(t("found nothing: {count}", count=lost))
            st.markdown(" · ".join(words), width="stretch")
            if waiting:
                st.button(
                    t("Take {count} questions into the data as open questions", count=len(waiting)),
                    icon=":material/playlist_add:",
                    key=f"take_{plan.id}",
                    on_click=attempt,
                    args=(_take_in, context, plan),
                    **only(CHANGE),
                )


def _take_in(context: Context, plan: PilotPlan) -> None:
    account = learning.take_in_questions_asked(context.project, plan, session.who())
    st.session_state[_DONE] = t(
        "{questions} open questions are new in the data; {known} known ones were asked, too. "
        "Let the experts score them next.",
        questions=account.questions,
        known=sum(account.known.values()),
    )


def _expert(context: Context) -> None:
    """Offer what people opened as an expert, with how places were corrected."""
    found = events.click_evidence(context.project, context.dataset)
    if not found.answers and not found.elsewhere:
        return
    with st.container(border=True, key="pilot_clicks"):
        st.markdown(
            t(
                "**Probable right answers**, by what people opened or liked: pairs of a question "
                "and an answer of the data {count}; waiting for their question to be taken into "
                "the data {elsewhere}.",
                count=len(found.answers),
                elsewhere=found.elsewhere,
            )
        )
        st.caption(
            t(
                "Corrected for the place in the list: how often a place is looked at was estimated "
                "from your own lists (position-based click model)."
            )
            if found.is_estimated
            else t(
                "Corrected for the place in the list: the chance that a place is looked at is "
                "taken to be one over its rank, because your lists do not tell."
            )
        )
        used = events.clicks_expert(context.project)
        if used is not None:
            st.caption(t("In use as the expert {name}.", name=plain(used)))
        st.button(
            t("Let clicks take part as an expert"),
            icon=":material/ads_click:",
            key="pilot_use_clicks",
            on_click=attempt,
            args=(_use, context),
            **only(
                CHANGE,
                disabled=not found.answers,
                help=t(
                    "They have little weight until people agree with them: rate some of these "
                    "pairs on the Experts page."
                ),
            ),
        )


def _use(context: Context) -> None:
    events.use_clicks(context.project, context.dataset, session.who())
    st.session_state[_DONE] = t("Clicks are one of the experts now.")
