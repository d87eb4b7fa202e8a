"""The tuning runs of a project: which one is shown, and the table to choose from."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.jobs.state import RUNNING, STATE_TITLES, WAITING
from core.journey.tuning_runs import TuningRun
from pages.parts.deep_links import RUN
from pages.parts.model_titles import loss_title, model_title
from pages.parts.page import Context
from pages.parts.translate import duration, moment, t
from pages.parts.tune.history_table import history_table


def selected_run(context: Context, runs: Sequence[TuningRun]) -> TuningRun | None:
    """Return the run of the link, else the newest of the present data or still going on.

    None where there is none: what earlier data taught is history, the next thing to do is a run.
    """
    linked = st.query_params.get(RUN)
    present = context.project.dataset_id
    newest = (run for run in runs if run.is_of(present) or not run.job.is_final)
    return next((run for run in runs if run.job.id == linked), next(newest, None))


def run_history(context: Context, runs: Sequence[TuningRun], shown: TuningRun | None) -> None:
    """Draw the table of all runs; selecting a row shows that run above."""
    st.subheader(t("History of runs"), anchor=False)
    st.caption(t("Select a row to look at that run."))
    rows = []
    for place, run in enumerate(runs):
        result = run.result
        older = not run.is_of(context.project.dataset_id)
        # The table is redrawn when a run starts, ends or moves in the queue: it says no more.
        told = run.job.is_final or run.job.state == WAITING
        state = t(STATE_TITLES[run.job.state if told else RUNNING])
        seconds = result.seconds if result else run.job.seconds
        rows.append(
            {
                "shown": "▶" if shown is not None and run.job.id == shown.job.id else "",
                "number": len(runs) - place,
                "when": moment(run.job.created_at),
                "state": t("{state} (earlier data)", state=state) if older else state,
                "before": result.base_score if result else None,
                "after": result.best_score if result else None,
                "recipe": run.recipe,
                "model": model_title(run.base_model),
                "loss": loss_title(run.loss),
                "epochs": run.epochs,
                "time": duration(seconds) if seconds else None,
            }
        )
    number = st.column_config.NumberColumn
    meaning = t("nDCG@10 on validation questions, which are never learned from; 1 is perfect.")
    history_table(
        [run.job.id for run in runs],
        rows,
        {
            "number": number(t("Run"), width=50),
            "recipe": st.column_config.TextColumn(t("Label recipe")),
            "loss": st.column_config.TextColumn(t("Learning goal (loss)"), width=170),
            "epochs": number(t("Passes"), width=70),
            "before": number(t("Before"), format="%.3f", width=75, help=meaning),
            "after": number(t("After"), format="%.3f", width=75, help=meaning),
        },
        alt=t("Table of {count} tuning runs, the newest first.", count=len(runs)),
    )
