"""The journey bar on top of every page: what is done, what is open, what is missing."""

from __future__ import annotations

import streamlit as st

from core.journey.status import DONE, MISSING_TEXT, OPEN, Stop, journey_status
from core.messages import N_
from pages.parts import session
from pages.parts.front_door import come_in
from pages.parts.translate import t, tm

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


def page_of(stop: str) -> str:
    """Return the page file of a stop."""
    return f"pages/{stop}.py"


def link_parameters() -> dict[str, str]:
    """Return what every link within the app carries: project and language."""
    kept = {"lang": st.session_state.get("language"), "project": st.session_state.get("project")}
    return {name: value for name, value in kept.items() if value}


def go_to(stop: str, **selection: str) -> None:
    """Go to the page of a stop, keeping project and language in the link.

    Parameters
    ----------
    **selection : str
        More that the link carries, for example ``run``.
    """
    st.switch_page(page_of(stop), query_params=link_parameters() | selection)


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
