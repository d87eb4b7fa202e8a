"""The frame of a page: journey bar, title, one sentence, and what to do if something is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn

import streamlit as st

from core.journey import projects
from core.journey.projects import (
    DONE,
    MISSING,
    MISSING_TEXT,
    OPEN,
    Project,
    Stop,
    Workspace,
    journey_status,
)
from core.messages import N_
from core.types import QADataset
from core.types.rights import CHANGE, may
from pages.parts import session
from pages.parts.deep_links import come_in, go_to, link_parameters, page_of
from pages.parts.translate import t, tm

if TYPE_CHECKING:
    from streamlit.elements.lib.mutable_tab_container import TabContainer

ButtonKind = Literal["primary", "secondary", "tertiary"]

STOP_TITLES = {
    "data": N_("Data"),
    "experts": N_("Experts"),
    "labels": N_("Labels"),
    "tune": N_("Tune"),
    "compare": N_("Compare"),
    "report": N_("Report"),
}
_ICONS = {DONE: ":material/check_circle:", OPEN: ":material/radio_button_unchecked:"}
_MISSING_ICON = ":material/lock:"


@dataclass(frozen=True)
class Context:
    """What a page of a project works with."""

    project: Project

    @property
    def workspace(self) -> Workspace:
        """Where the project lies."""
        return self.project.workspace

    @property
    def dataset(self) -> QADataset:
        """The project's dataset; only on pages behind the Data stop."""
        return session.dataset_of(str(self.project.dataset_id))


def open_page(stop: str, purpose: str) -> Context:
    """Draw the head of a page and return its context; ends the page where something is missing.

    Parameters
    ----------
    stop : str
        Key of the stop.
    purpose : str
        One translated sentence: what this step is for.
    """
    stops = journey_bar(stop)
    st.title(t(STOP_TITLES[stop]), anchor=False)
    st.markdown(purpose)
    project = session.project()
    if project is None:
        empty_state(t("Choose a project in the sidebar, or start one here."))
    st.session_state["role"] = project.role  # asked once a page: every button wants to know
    if not may(session.role(), CHANGE):
        st.info(
            t(
                "You are a viewer of this project: you can look at everything, and an owner can "
                "let you change it."
            ),
            icon=":material/visibility:",
        )
    this = next(s for s in stops if s.key == stop)
    if this.state == MISSING and this.missing is not None:
        missing = this.missing
        empty_state(
            tm(MISSING_TEXT[missing]),
            action=t("Go to {stop}", stop=t(STOP_TITLES[missing])),
            do=lambda: go_to(missing),
        )
    return Context(project)


def journey_bar(here: str | None = None) -> tuple[Stop, ...]:
    """Draw the bar and return the stops.

    Parameters
    ----------
    here : str or None
        Key of the stop that this page is.
    """
    come_in(here)
    stops = journey_status(session.project())
    with st.container(horizontal=True, gap="small", key="journey_bar"):
        for number, stop in enumerate(stops, start=1):
            title = f"{number} · {t(STOP_TITLES[stop.key])}"
            why = tm(MISSING_TEXT[stop.missing]) if stop.missing else None
            st.page_link(
                page_of(stop.key),
                label=f"**{title}**" if stop.key == here else title,
                icon=_ICONS.get(stop.state, _MISSING_ICON),
                help=why,
                query_params=link_parameters(),
            )
    return stops


def tab_bar(key: str, titles: Sequence[str]) -> Sequence[TabContainer]:
    """Draw tabs of which the same one stays open when titles change, as with another language.

    Parameters
    ----------
    titles : sequence of str
        In the reader's language.
    """
    place, former = f"{key}_place", f"{key}_titles"
    chosen, before = st.session_state.get(key), st.session_state.get(former, [])
    if chosen not in titles and chosen in before:  # maybe just now: no page was drawn since then
        st.session_state[place] = before.index(chosen)
    if chosen not in titles and place in st.session_state:
        st.session_state[key] = titles[min(st.session_state[place], len(titles) - 1)]
    elif before and list(titles) != before and chosen in titles:
        st.session_state[key] = chosen  # to the browser these are new tabs
    st.session_state[former] = list(titles)
    drawn = st.tabs(titles, key=key, on_change="rerun")
    st.session_state[place] = next((i for i, tab in enumerate(drawn) if tab.open), 0)
    return drawn


def tabs(key: str, parts: Sequence[tuple[str, Callable[..., None]]], *about: object) -> None:
    """Draw tabs of which only the open one is worked out.

    Parameters
    ----------
    parts : sequence of (title, what draws it)
        Titles are messages of the catalogue.
    *about
        What each part is called with.
    """
    titles = [t(title) for title, _ in parts]
    for tab, (_, draw) in zip(tab_bar(key, titles), parts, strict=True):
        if tab.open:
            with tab:
                draw(*about)


def empty_state(
    text: str, action: str | None = None, do: Callable[[], None] | None = None
) -> NoReturn:
    """Say what to do on a page that has nothing to show yet, and end the page.

    Without an action of its own the page offers the sample project.
    """
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"#### {text}", text_alignment="center")
        if action is not None and do is not None:
            if st.button(action, type="primary", icon=":material/arrow_forward:"):
                do()
        else:
            sample_buttons()
    st.stop()


def sample_buttons(primary: bool = True) -> None:
    """Offer the sample projects; one click makes one and goes to the choice of experts."""
    with st.container(horizontal=True, horizontal_alignment="center"):
        language = st.session_state.get("language")
        # Those in the reader's language first; sorting keeps the order otherwise.
        offered = sorted(projects.SAMPLES.items(), key=lambda item: item[1].language != language)
        for key, sample in offered:
            label = t("Try with sample data: {title}", title=t(sample.title))
            first = key == language
            kind: ButtonKind = "primary" if primary and first else "secondary"
            if st.button(label, key=f"sample_{key}", type=kind, icon=":material/science:"):
                with st.spinner(t("Reading the sample data …")):
                    project = projects.create_sample_project(
                        session.workspace(), key, t(sample.title), session.who()
                    )
                session.choose_project(project)
                go_to("experts")
