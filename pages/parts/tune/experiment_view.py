"""What experiments have in common: launch, live view, result, figures as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from core.errors import AppError
from core.journey.cross_fit import CrossFit, CrossFitJob
from core.journey.experiments import CurveJob, DataCurve, Estimate, Race, RaceResult
from core.journey.jobs import JobView
from pages.parts.deep_links import RUN
from pages.parts.errors import errors_shown, show_error
from pages.parts.job_card import job_card
from pages.parts.page import Context
from pages.parts.translate import plain, t, tm

Result = TypeVar("Result", RaceResult, DataCurve, CrossFit)


def launch(start: Callable[[], str]) -> None:
    """Start a job and show it, or say why it cannot be started."""
    with errors_shown():
        st.query_params[RUN] = start()
        st.rerun()


def experiment_view(
    context: Context,
    shown: Race | CurveJob | CrossFitJob,
    title: str,
    read: Callable[[], Result],
    draw: Callable[[Result], None],
    draw_live: Callable[[Result, str], None],
) -> None:
    """Draw one experiment, going on or ended.

    Parameters
    ----------
    read : callable
        Returns what is known so far.
    draw, draw_live : callable
        Draw what came out in the end, and what is known so far under a key of its own.
    """
    if shown.request is None:
        st.error(plain(tm(shown.problem)) if shown.problem else "", icon=":material/error:")
        return
    final = shown.job.is_final
    if final:
        try:
            draw(read())
        except AppError as error:
            show_error(error)

    def live(job: JobView) -> None:
        if not job.is_final:
            result = read()
            draw_live(result, f"live_{job.id}")
            done, runs = result.experiment.finished, result.experiment.planned
            st.caption(t("{done} of {runs} runs are done.", done=done, runs=runs))

    job_card(shown.job, title, live=live)


def difference(value: Estimate, *, signed: bool = False) -> str:
    """Return a difference with its interval as text."""
    shown = f"{value.value:+.3f}" if signed else f"{value.value:.3f}"
    words = t(
        "{value} ({low} to {high})", value=shown, low=f"{value.low:.3f}", high=f"{value.high:.3f}"
    )
    return words.replace("-", "−")
