"""The race view: the race that is shown, the form for another one, the history."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.jobs.state import RUNNING, STATE_TITLES
from core.journey.races import Race, races
from pages.parts.deep_links import RUN
from pages.parts.model_titles import model_title
from pages.parts.page import Context
from pages.parts.translate import duration, moment, t
from pages.parts.tune.history_table import history_table
from pages.parts.tune.race_form import race_form
from pages.parts.tune.race_view import race_view


def race_page(context: Context) -> None:
    """Draw the view."""
    st.markdown(
        t(
            "Several label recipes and learning goals run against each other on the same "
            "questions, each several times. The table says which is best, and whether that may be "
            "luck."
        )
    )
    found = races(context.project)
    shown = _selected(context, found)
    if shown is None:
        race_form(context, first=True)
    else:
        race_view(context, shown)
        with st.expander(t("Start another race"), icon=":material/add_circle:"):
            race_form(context, first=False)
    if found:
        _history(context, found, shown)


def _selected(context: Context, found: Sequence[Race]) -> Race | None:
    """Return the race of the link, else the newest of the present data or still going on."""
    linked = st.query_params.get(RUN)
    present = context.project.dataset_id
    newest = (one for one in found if one.is_of(present) or not one.job.is_final)
    return next((one for one in found if one.job.id == linked), next(newest, None))


def _history(context: Context, found: Sequence[Race], shown: Race | None) -> None:
    st.subheader(t("History of races"), anchor=False)
    rows = []
    for place, one in enumerate(found):
        state = t(STATE_TITLES[one.job.state if one.job.is_final else RUNNING])
        older = not one.is_of(context.project.dataset_id)
        request = one.request
        rows.append(
            {
                "shown": "▶" if shown is not None and one.job.id == shown.job.id else "",
                "number": len(found) - place,
                "when": moment(one.job.created_at),
                "state": t("{state} (earlier data)", state=state) if older else state,
                "model": model_title(request.tuning.base_model) if request else None,
                "contestants": len(request.contestants) if request else None,
                "seeds": len(request.seeds) if request else None,
                "time": duration(one.job.seconds),
            }
        )
    number = st.column_config.NumberColumn
    history_table(
        [one.job.id for one in found],
        rows,
        {
            "number": number(t("Race"), width=60),
            "contestants": number(t("Contestants")),
            "seeds": number(t("Runs per contestant")),
        },
        alt=t("Table of {count} races, the newest first.", count=len(found)),
    )
