"""The frame of a page: navigation, title, one sentence, next step; what to do if it has nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NoReturn

import streamlit as st

from core.errors import AppError
from core.journey import projects
from core.journey.projects import (
    DONE,
    MISSING,
    MISSING_TEXT,
    OPEN,
    PILOT,
    STOPS,
    Project,
    Stop,
    Workspace,
    journey_status,
    pilot_stop,
)
from core.messages import N_
from core.types import QADataset
from core.types.rights import CHANGE, may
from pages.parts import session
from pages.parts.deep_links import (
    PRESENT,
    RUN,
    come_in,
    follow_address,
    go_to,
    keep_in_address,
    link_parameters,
    name_in_address,
    page_of,
)
from pages.parts.errors import errors_shown
from pages.parts.translate import plain, t, tm

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
    "pilot": N_("Pilot"),
}
_ICONS = {DONE: ":material/check_circle:", OPEN: ":material/radio_button_unchecked:"}
_MISSING_ICON = ":material/lock:"
HERE = "here"  # key of the stop that the page of this run is; "home" = the first page
_STOPS = "stops"  # of the project in use, as the navigation shows them in this run
_BAR_DRAWN = "action_bar_drawn"
# What a page that is done leads to, unless it says so itself.
_NEXT = {
    "data": (N_("Choose experts"), "experts"),
    "experts": (N_("Look at the labels"), "labels"),
    "labels": (N_("Go on to Tune"), "tune"),
    "compare": (N_("Make the report"), "report"),
    "report": (N_("Show it to customers"), "pilot"),
}


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
    come_in(stop)
    stops: tuple[Stop, ...] = st.session_state[_STOPS]
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


def navigation() -> None:
    """Draw the one navigation: the stops in their order, each with how far it is.

    Drawn here and not by ``st.navigation``, whose links drop what the address says: each page
    would write it anew, and Back would need a press for every word of it.
    """
    try:
        project = session.project()
        stops = (*journey_status(project), pilot_stop(project))
    except AppError:  # the page itself says what is wrong
        stops = (*journey_status(None), pilot_stop(None))
    here = st.session_state[HERE]
    st.session_state[_STOPS], st.session_state[_BAR_DRAWN] = stops, False
    with st.container(horizontal=True, gap="xsmall", key="navigation"):
        for number, stop in enumerate((None, *stops)):
            title = t("Home") if stop is None else f"{number} · {t(STOP_TITLES[stop.key])}"
            key, icon = "home", ":material/home:"
            if stop is not None:
                key, icon = stop.key, _ICONS.get(stop.state, _MISSING_ICON)
            st.page_link(
                page_of(key),
                label=f"**{title}**" if key == here else title,
                icon=icon,
                help=tm(MISSING_TEXT[stop.missing]) if stop and stop.missing else None,
                query_params=link_parameters(),
            )


def present_button(key: str = "present", project: Project | None = None, run: str = "") -> None:
    """Offer presenter mode; one click shows the story of a project on the whole screen.

    Parameters
    ----------
    project : Project or None
        None is the project in use.
    run : str
        The run that the story is about; "" = the newest.
    """
    if st.button(
        t("Present"),
        key=key,
        type="tertiary",
        icon=":material/slideshow:",
        help=t("The story on the whole screen, for a room: walk it with the arrow keys."),
    ):
        if project is not None:
            session.choose_project(project)
        go_to(PRESENT, **({RUN: run} if run else {}))


def action_bar(
    label: str = "",
    *,
    note: str = "",
    key: str = "next_step",
    icon: str = ":material/arrow_forward:",
    disabled: bool = False,
    help: str | None = None,
) -> bool:
    """Draw the bar at the bottom of the page: where we are, and the one next step.

    A page calls it once, where it knows what comes next, outside of fragments and dialogs; what
    the step needs is drawn before. A page that does not call it gets the next stop of the journey.

    Parameters
    ----------
    label : str
        Translated words of the primary button; "" = there is no next step, or it is in the page.
    note : str
        One short translated sentence: what was reached, or what is missing. May hold Markdown.
    disabled, help
        As of ``st.button``; ``**only(ACTION)`` fits here.

    Returns
    -------
    bool
        True in the run that follows a click.

    Examples
    --------
    ::

        if action_bar(t("Go on to Tune"), note=t("The labels are saved.")):
            go_to("tune")
    """
    st.session_state[_BAR_DRAWN] = True
    here = st.session_state.get(HERE)
    with (
        st.bottom,
        st.container(horizontal=True, vertical_alignment="center", key="action_bar"),
    ):
        where = ""
        if here in STOPS:
            place = STOPS.index(here) + 1
            title = t(STOP_TITLES[here])
            where = t("Step {place} of {all}: {stop}", place=place, all=len(STOPS), stop=title)
        elif here == PILOT:
            where = t(STOP_TITLES[PILOT])
        parts = [part for part in (where and f"**{where}**", note) if part]
        st.markdown(" · ".join(parts), width="stretch")
        return bool(label) and st.button(
            label,
            key=key,
            type="primary",
            icon=icon,
            icon_position="right",
            disabled=disabled,
            help=help,
        )


def close_page() -> None:
    """Draw the bar that a page did not draw itself."""
    here, stops = st.session_state.get(HERE), st.session_state.get(_STOPS, ())
    if st.session_state[_BAR_DRAWN]:
        return
    words, following, note = "", "", ""
    if here not in (*STOPS, PILOT):
        project = _project_in_use()
        if project is None:
            return
        # Whoever has done everything comes back for the result.
        following = next(
            (stop.key for stop in stops if stop.state != DONE and stop.key != PILOT), "compare"
        )
        words, note = t("Go to {stop}", stop=t(STOP_TITLES[following])), plain(project.name)
    elif here in _NEXT and any(stop.key == here and stop.state == DONE for stop in stops):
        words, following = t(_NEXT[here][0]), _NEXT[here][1]
    if action_bar(words, note=note):
        go_to(following)


def _project_in_use() -> Project | None:
    try:
        return session.project()
    except AppError:  # the page itself says what is wrong
        return None


def end_page() -> NoReturn:
    """End the page here, with a bar that leads nowhere: after ``st.stop`` nothing is drawn."""
    if not st.session_state[_BAR_DRAWN]:
        action_bar()
    st.stop()


def tab_bar(
    key: str, titles: Sequence[str], names: Sequence[str] = (), link: str = ""
) -> Sequence[TabContainer]:
    """Draw tabs; the open one stands in the address and stays open in another language.

    To open a tab from elsewhere, set ``st.session_state[key]`` to its title before.

    Parameters
    ----------
    titles : sequence of str
        In the reader's language.
    names : sequence of str
        What the address calls them, the same in every language; without, their numbers.
    link : str
        What the address calls the choice; "" = by the page. A second bar on a page needs its own.
    """
    link = link or f"{st.session_state[HERE]}-tab"
    names = names or [str(number) for number in range(1, len(titles) + 1)]
    former = f"{key}_titles"
    chosen, before = st.session_state.get(key), st.session_state.get(former, [])
    if chosen not in titles and chosen in before:  # maybe just now: no page was drawn since then
        st.session_state[key] = titles[min(before.index(chosen), len(titles) - 1)]
    elif chosen not in titles:
        st.session_state.pop(key, None)
    elif before and list(titles) != before:
        st.session_state[key] = chosen  # to the browser these are new tabs
    st.session_state[former] = list(titles)
    known = dict(zip(names, titles, strict=True))
    follow_address(link, key, known)

    def chosen_in_browser() -> None:  # before the navigation, whose links carry it, is drawn again
        keep_in_address(link, key, known, st.session_state[key])

    drawn = st.tabs(titles, key=key, on_change=chosen_in_browser)
    place = next((at for at, tab in enumerate(drawn) if tab.open), 0)
    keep_in_address(link, key, known, titles[place])
    return drawn


def tabs(
    key: str,
    parts: Sequence[tuple[str, Callable[..., None]]],
    *about: object,
    link: str = "",
) -> None:
    """Draw tabs of which only the open one is worked out.

    Parameters
    ----------
    parts : sequence of (title, what draws it)
        Titles are messages of the catalogue.
    *about
        What each part is called with.
    link : str
        As of :func:`tab_bar`.
    """
    titles = [t(title) for title, _ in parts]
    names = [name_in_address(title) for title, _ in parts]
    for tab, (_, draw) in zip(tab_bar(key, titles, names, link), parts, strict=True):
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
    end_page()


def _finished_button(language: str) -> None:
    """Offer the finished sample in the reader's language; one click opens it on its verdict."""
    key = language if language in projects.FINISHED_SAMPLES else "en"
    title = t("Finished demo: {title}", title=t(projects.SAMPLES[key].title))
    if st.button(
        t("Open the finished demo"),
        key=f"finished_{key}",
        icon=":material/slideshow:",
        help=t(
            "{title}. Everything was computed with this app: scores, labels, tuned model and "
            "verdict. Look around, present it, and run each step again live.",
            title=t(projects.SAMPLES[key].title),
        ),
    ):
        with errors_shown():
            with st.spinner(t("Opening the finished demo …"), show_time=True):
                project = projects.open_finished_sample(
                    session.workspace(), key, title, session.who()
                )
            session.choose_project(project)
            go_to("compare")


def sample_buttons(primary: bool = True) -> None:
    """Offer the sample projects; one click makes one and shows what can be done with it.

    Before them those that are finished, for whoever wants to see the result first.
    """
    with st.container(horizontal=True, horizontal_alignment="center"):
        language = st.session_state.get("language", "en")
        _finished_button(language)
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
                go_to("home")
