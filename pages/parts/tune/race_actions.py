"""From the table of a race to the next step: take a model, or take settings."""

from __future__ import annotations

import streamlit as st

from core.journey.race_model import Contestant
from core.journey.race_result import RaceResult
from core.journey.races import Race, adopt_model, kept_models, put_in_use, settings_of
from pages.parts import session
from pages.parts.deep_links import RUN
from pages.parts.errors import show_error
from pages.parts.page import Context
from pages.parts.translate import plain, t
from pages.parts.tune.race_form import contestant_title
from pages.parts.tune.tuning_settings import fill_settings

_PROBLEM = "race_problem"


def race_actions(context: Context, race: Race, found: RaceResult) -> None:
    """Draw the choice of a contestant and what can be done with it."""
    everyone = {one.contestant.key: one.contestant for one in found.standings}
    kept = kept_models(context.workspace, race)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = st.selectbox(
            t("Go on with"),
            list(everyone),
            format_func=lambda key: contestant_title(everyone[key]),
            key=f"race_choice_{race.job.id}",
        )
        if key in kept and race.is_of(context.project.dataset_id):
            st.button(
                t("Use this model"),
                type="primary",
                icon=":material/check:",
                on_click=_take_model,
                args=(context, race, key),
                help=t(
                    "Makes its best run one of your runs, ready to compare; nothing runs again."
                ),
            )
        st.button(
            t("Use these settings"),
            type="secondary" if key in kept else "primary",
            icon=":material/tune:",
            on_click=_take_settings,
            args=(context, race, everyone[key]),
            help=t("Puts its label recipe in use and fills in the form of a run."),
        )
    if key not in kept:
        st.caption(
            t("The model of {name} was not kept.", name=plain(contestant_title(everyone[key])))
        )
    problem = st.session_state.pop(_PROBLEM, None)
    if problem is not None:
        show_error(problem)


def _take_model(context: Context, race: Race, key: str) -> None:
    try:
        run = adopt_model(context.project, race, key, session.who())
    except Exception as error:
        st.session_state[_PROBLEM] = error
    else:
        _show_form(run)


def _take_settings(context: Context, race: Race, one: Contestant) -> None:
    try:
        name = t("Right answers only, no experts")
        put_in_use(context.project, one, name, session.who())
    except Exception as error:
        st.session_state[_PROBLEM] = error
    else:
        fill_settings(settings_of(race, one), context.project.dataset_id)
        _show_form(None)


def _show_form(run: str | None) -> None:
    """Go to the view of single runs."""
    st.session_state["tune_view"] = "one"
    for name in ("view", RUN):
        st.query_params.pop(name, None)
    if run is not None:
        st.query_params[RUN] = run
