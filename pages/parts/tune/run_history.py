"""The runs, races and curves of a project: which one is shown, and the tables to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import streamlit as st

from core.journey.jobs import RUNNING, STATE_TITLES, WAITING, JobView
from core.journey.tune import TuningRun
from pages.parts.deep_links import RUN, linked_run
from pages.parts.model_titles import loss_title, model_title
from pages.parts.page import Context
from pages.parts.translate import duration, moment, t


class Shown(Protocol):
    """What a view shows: a run, a race or a data curve."""

    @property
    def job(self) -> JobView:
        """Its job."""
        ...

    def is_of(self, dataset_id: str | None) -> bool:
        """Return True if it used this dataset."""
        ...


Job = TypeVar("Job", bound=Shown)


def selected_job(context: Context, jobs: Sequence[Job]) -> Job | None:
    """Return the job of the link, else the newest of the present data or still going on.

    None where there is none: what earlier data taught is history, the next thing to do is a run.
    """
    problem = t(
        "The link names a run that this project does not have. What is shown is the newest one, if "
        "there is any."
    )
    linked, present = linked_run([job.job.id for job in jobs], problem), context.project.dataset_id
    newest = (job for job in jobs if job.is_of(present) or not job.job.is_final)
    return next((job for job in jobs if job.job.id == linked), next(newest, None))


def history_row(
    context: Context, jobs: Sequence[Job], place: int, shown: Job | None
) -> dict[str, Any]:
    """Return the cells of a row of any history: what is shown, number, time and state."""
    job = jobs[place].job
    # The table is redrawn when a run starts, ends or moves in the queue: it says no more.
    told = job.is_final or job.state == WAITING
    state = t(STATE_TITLES[job.state if told else RUNNING])
    older = not jobs[place].is_of(context.project.dataset_id)
    return {
        "shown": "▶" if shown is not None and job.id == shown.job.id else "",
        "number": len(jobs) - place,
        "when": moment(job.created_at),
        "state": t("{state} (earlier data)", state=state) if older else state,
        "time": duration(job.seconds) if job.seconds else None,
    }


def history_table(
    ids: Sequence[str], rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Any], alt: str
) -> None:
    """Draw the table.

    Parameters
    ----------
    ids : sequence of str
        Run ids, one per row.
    rows : sequence of mappings
        Cells by column; ``shown``, ``when``, ``state``, ``model`` and ``time`` are known here.
    columns : mapping of column to its configuration
        All others.
    """
    import pandas as pd

    # A new run shifts the rows: the key follows, so that no selection points at the wrong one.
    key = f"runs_{len(ids)}_{ids[0]}"

    def choose() -> None:
        picked = st.session_state[key].selection.rows
        if picked and picked[0] < len(ids):
            st.query_params[RUN] = ids[picked[0]]

    text = st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(list(rows)),
        hide_index=True,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        placeholder="–",
        column_config={
            "shown": text("", width=30),
            # All columns fit beside the sidebar of a small laptop, so that none is cut off.
            "when": text(t("When"), width=120),
            "state": text(t("State"), width=76),
            "model": text(t("Base model"), width=140),
            "time": text(t("Time"), width=58),
            **columns,
        },
        alt=alt,
    )


def run_history(context: Context, runs: Sequence[TuningRun], shown: TuningRun | None) -> None:
    """Draw the table of all runs; selecting a row shows that run above."""
    st.subheader(t("History of runs"), anchor=False)
    st.caption(t("Select a row to look at that run."))
    rows = []
    for place, run in enumerate(runs):
        result = run.result
        rows.append(
            {
                **history_row(context, runs, place, shown),
                "before": result.base_score if result else None,
                "after": result.best_score if result else None,
                "recipe": run.recipe,
                "model": model_title(run.base_model),
                "loss": loss_title(run.loss),
                "epochs": run.epochs,
                **({"time": duration(result.seconds)} if result and result.seconds else {}),
            }
        )
    number = st.column_config.NumberColumn
    meaning = t("nDCG@10 on validation questions, which are never learned from; 1 is perfect.")
    history_table(
        [run.job.id for run in runs],
        rows,
        {
            "number": number(t("Run"), width=50),
            "recipe": st.column_config.TextColumn(t("Label recipe"), width=100),
            "loss": st.column_config.TextColumn(t("Learning goal (loss)"), width=170),
            "epochs": number(t("Passes"), width=62),
            "before": number(t("Before"), format="%.3f", width=66, help=meaning),
            "after": number(t("After"), format="%.3f", width=66, help=meaning),
        },
        alt=t("Table of {count} tuning runs, the newest first.", count=len(runs)),
    )
