"""The search page of a link: a field, results, thumbs, a note; on a phone, and in other sites."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from core.errors import AppError
from core.journey.pilot import searching
from core.journey.pilot.searching import LiveSearch, PilotPlan, Project
from core.types import QADataset
from core.types.pilot_events import (
    CLICKED,
    NOTED,
    NOTHING_FITS,
    THUMB_DOWN,
    THUMB_UP,
    ShownList,
)
from pages.parts import session
from pages.parts.errors import attempt, guarded, show_error, show_failed_attempt, succeeds
from pages.parts.invitation import way_back
from pages.parts.sign_in import BROWSER, SEARCH
from pages.parts.translate import plain, t

_LETTERS = 220  # of a result before it is opened
_RECORD, _NO = "record", "no"  # in the address of somebody who does not want to be recorded
_FOUND, _VISITOR = "pilot_found", "pilot_visitor"

# A phone has room for one column; in a frame of another site there is no room to waste.
_STYLE = """<style>
.stMain .stMainBlockContainer { padding: 3.4rem 1rem 3rem; max-width: 760px; }
.stMain h1 { font-size: 1.5rem; padding: 0; }
[class*="st-key-result_"] { gap: .25rem; padding: .7rem .9rem; }
[class*="st-key-result_"] p { overflow-wrap: anywhere; }
[class*="st-key-marks_"] button { min-height: 40px; }
</style>"""


@dataclass
class _Found:
    """What one visitor sees: the last search, and what they did about it."""

    token: str
    question: str
    shown: ShownList
    opened: set[int] = field(default_factory=set)
    thumbs: dict[int, str] = field(default_factory=dict)
    nothing: bool = False
    noted: bool = False


@st.cache_resource(max_entries=4, show_spinner=False, on_release=LiveSearch.close)
def _live(root: str, plan_id: str, _plan: PilotPlan) -> LiveSearch:
    """Load what searches once for all visitors."""
    return searching.open_search(session.workspace(), _plan)


def search_page() -> None:
    """Draw the search page of the link: no navigation, no names of models."""
    st.html(_STYLE)
    link = st.query_params.get(SEARCH, "")
    try:
        project, plan = searching.page_of_link(session.workspace(), link)
        dataset = session.dataset_of(plan.dataset_id)
        with st.spinner(t("Getting the search ready …")):
            live = _live(str(project.workspace.layout.root), plan.id, plan)
    except AppError as error:
        show_error(error)
        return
    st.title(t("What are you looking for?"), anchor=False)
    _search(project, plan, live, dataset)


def visitor_of(link: str) -> str:
    """Return what tells this visitor from others on this page, and from nobody elsewhere."""
    cookie = st.context.cookies.get(BROWSER) or st.session_state.setdefault(
        _VISITOR, searching.new_token()
    )
    return hashlib.blake2b(f"{cookie}\0{link}".encode(), digest_size=12).hexdigest()


@st.fragment
@guarded
def _search(project: Project, plan: PilotPlan, live: LiveSearch, dataset: QADataset) -> None:
    """Draw field and results; a touch redraws this part of the page only."""
    keeps = st.query_params.get(_RECORD) != _NO
    visitor = visitor_of(plan.link)

    def send() -> None:
        question = str(st.session_state.get("pilot_question") or "")
        token = searching.new_token()

        def ask() -> None:
            shown = searching.search(project, plan, live, question, visitor, token, keep=keeps)
            st.session_state[_FOUND] = _Found(token, question, shown)

        attempt(ask)

    with (
        st.form("pilot_search", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        st.text_input(
            t("Your question, in your own words"),
            key="pilot_question",
            type="search",
            max_chars=searching.MOST_SEARCHED,
        )
        st.form_submit_button(
            t("Search"), type="primary", icon=":material/search:", key="pilot_go", on_click=send
        )
    show_failed_attempt()
    found: _Found | None = st.session_state.get(_FOUND)
    if found is not None:
        _results(project, plan, dataset, found, visitor if keeps else "")
    _foot(project, plan, visitor, keeps)


def _mark(
    project: Project,
    plan: PilotPlan,
    found: _Found,
    visitor: str,
    kind: str,
    place: int = -1,
    text: str = "",
) -> bool:
    """Record what was done, where the visitor lets it be recorded; says whether it went well."""
    if not visitor:
        return True

    def record() -> None:
        token = searching.new_token()
        searching.mark(project, plan, found.token, kind, visitor, token, place=place, text=text)

    return succeeds(record)


def _results(
    project: Project, plan: PilotPlan, dataset: QADataset, found: _Found, visitor: str
) -> None:
    given = (project, plan, found, visitor)

    def open_result(place: int) -> None:
        if _mark(*given, CLICKED, place):
            found.opened.add(place)

    def thumb(place: int, kind: str) -> None:
        if _mark(*given, kind, place):
            found.thumbs[place] = kind

    def nothing() -> None:
        if _mark(*given, NOTHING_FITS):
            found.nothing = True

    for place, row in enumerate(found.shown.answers):
        text = dataset.answers[row]
        is_cut = len(text) > _LETTERS and place not in found.opened
        with st.container(border=True, key=f"result_{place}"):
            st.markdown(plain(f"{text[:_LETTERS].rstrip()} …" if is_cut else text))
            with st.container(
                horizontal=True, horizontal_alignment="right", gap="small", key=f"marks_{place}"
            ):
                if is_cut:
                    st.button(
                        t("Read all of it"),
                        icon=":material/expand_more:",
                        type="tertiary",
                        width="stretch",
                        key=f"open_{found.token}_{place}",
                        on_click=open_result,
                        args=(place,),
                    )
                for kind, label, icon in (
                    (THUMB_UP, t("Helps"), ":material/thumb_up:"),
                    (THUMB_DOWN, t("Does not"), ":material/thumb_down:"),
                ):
                    st.button(
                        label,
                        icon=icon,
                        type="primary" if found.thumbs.get(place) == kind else "secondary",
                        key=f"{kind.replace(' ', '_')}_{found.token}_{place}",
                        on_click=thumb,
                        args=(place, kind),
                    )
    if found.nothing:
        st.info(t("Noted: none of these. Thank you!"), icon=":material/done:")
    else:
        st.button(
            t("None of these is what I am looking for"),
            icon=":material/search_off:",
            width="stretch",
            key=f"none_{found.token}",
            on_click=nothing,
        )
    _note(found, lambda text: _mark(*given, NOTED, text=text))


def _note(found: _Found, record: Callable[[str], bool]) -> None:
    if found.noted:
        st.success(t("Your note was sent. Thank you!"), icon=":material/done_all:")
        return

    def send() -> None:
        text = str(st.session_state.get("pilot_note") or "").strip()
        if text and record(text):
            found.noted = True

    label = t("Write a note about these results")
    with (
        st.expander(label, icon=":material/edit_note:", expanded=found.nothing),
        st.form("pilot_note_form", border=False, clear_on_submit=True),
    ):
        st.text_area(
            t("What were you looking for, and what would have helped?"),
            key="pilot_note",
            max_chars=searching.MOST_NOTED,
            height=90,
        )
        st.form_submit_button(
            t("Send the note"), icon=":material/send:", key="pilot_note_send", on_click=send
        )


def _foot(project: Project, plan: PilotPlan, visitor: str, keeps: bool) -> None:
    """Say what is recorded, and let the visitor end that, for what they did before, too."""

    def change() -> None:
        if st.session_state.get("pilot_record"):
            st.query_params.pop(_RECORD, None)
        elif succeeds(searching.forget_visitor, project, plan, visitor):
            st.query_params[_RECORD] = _NO

    st.session_state["pilot_record"] = keeps
    st.toggle(t("Help to make this search better"), key="pilot_record", on_change=change)
    if keeps:
        st.caption(
            t(
                "Searches and touches are kept for {days} days, without your name; names, numbers "
                "and addresses in them are masked. Switch it off, and what you did here is "
                "deleted.",
                days=plan.days,
            )
        )
    else:
        st.caption(t("Nothing that you do here is kept."))
    way_back(project, SEARCH, key="pilot_leave")
