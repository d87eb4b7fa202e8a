"""What the Tune page offers: a run, every question tested, a race, whether more data would help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from core.journey.jobs import KINDS
from core.messages import N_
from pages.parts.deep_links import RUN
from pages.parts.page import Context
from pages.parts.translate import t
from pages.parts.tune.cross_fit_page import cross_fit_page
from pages.parts.tune.data_curve_page import data_curve_page
from pages.parts.tune.race_page import race_page

VIEW = "view"  # name in the link
ONE = "one"
_STATE = "tune_view"


@dataclass(frozen=True)
class View:
    """One view; ``draw`` is None for the page's own."""

    title: str
    icon: str
    draw: Callable[[Context], None] | None = None


VIEWS: Mapping[str, View] = {
    ONE: View(N_("One run"), ":material/rocket_launch:"),
    "verdict": View(N_("Test every question"), ":material/grid_view:", cross_fit_page),
    "race": View(N_("Race: which settings are best?"), ":material/trophy:", race_page),
    "data": View(N_("Would more data help?"), ":material/trending_up:", data_curve_page),
}


def tune_view() -> View:
    """Draw the choice of the view; it is part of the link."""
    linked = st.query_params.get(VIEW, ONE)
    kind = KINDS.get(st.query_params.get(RUN, "").partition("-")[0])
    if kind is not None and kind.page == "tune":  # a link to a job leads to where it is shown
        st.session_state[_STATE] = kind.view or ONE
    elif _STATE not in st.session_state:
        st.session_state[_STATE] = linked if linked in VIEWS else ONE

    def choose() -> None:
        _show_view(st.session_state[_STATE] or ONE)

    chosen = st.segmented_control(
        t("What do you want to do?"),
        list(VIEWS),
        format_func=lambda key: f"{VIEWS[key].icon} {t(VIEWS[key].title)}",
        key=_STATE,
        on_change=choose,
        required=True,
        label_visibility="collapsed",
    )
    return VIEWS.get(chosen or ONE, VIEWS[ONE])


def _show_view(key: str, run: str | None = None) -> None:
    """Make the link say which view and which run are shown."""
    st.query_params.pop(RUN, None)
    st.query_params[VIEW] = key
    if key == ONE:
        st.query_params.pop(VIEW, None)
    if run is not None:
        st.query_params[RUN] = run
