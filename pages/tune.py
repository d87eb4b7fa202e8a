"""Tune: configure, launch, watch, stop, resume; the runs so far."""

import streamlit as st

from core.journey.tune import tuning_runs
from pages.parts.page import end_page, open_page
from pages.parts.translate import t
from pages.parts.tune.queue_panel import queue_panel
from pages.parts.tune.run_history import run_history, selected_job
from pages.parts.tune.tune_views import tune_view
from pages.parts.tune.tuning_form import tuning_form
from pages.parts.tune.tuning_run import tuning_run

context = open_page(
    "tune",
    t(
        "A small search model learns from your labels: you get a tuned copy, and see on held-out "
        "questions whether it searches better."
    ),
)
view = tune_view()
if view.draw is not None:
    queue_panel(context, None)
    view.draw(context)
    end_page()
runs = tuning_runs(context.project)
shown = selected_job(context, runs)
going_on = sum(not run.job.is_final for run in runs)
if shown is None:
    queue_panel(context, None)
    tuning_form(context, first=True)
    if runs:
        run_history(context, runs, None)
else:
    tuning_run(context, shown)
    queue_panel(context, shown.job.id)
    another = st.expander(
        t("Start another run"),
        icon=":material/add_circle:",
        key=f"another_than_{shown.job.id}",  # closed again once that other run is the one shown
        on_change="rerun",
    )
    with another:
        tuning_form(context, first=False, going_on=going_on, measure=bool(another.open))
    run_history(context, runs, shown)
