"""Which tuned model is compared, and the job that compares it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import AppError
from core.journey.compare import (
    Examination,
    comparison_stamp,
    comparisons_of,
    is_judged,
    launch_comparison,
    load_comparison,
    load_examination,
    newest_comparison,
)
from core.journey.jobs import FINISHED, JobView, request_of
from core.journey.projects import scored_experts
from core.journey.tune import TuningRun, tuning_runs
from core.types import BASE, CROSS_FIT, TUNED, Comparison, SystemChoice, SystemResult
from core.types.rights import START
from pages.parts import session
from pages.parts.deep_links import RUN, follow_address, go_to, keep_in_address, linked_run
from pages.parts.errors import errors_shown, show_error
from pages.parts.job_card import job_card
from pages.parts.model_titles import loss_title, model_title
from pages.parts.page import ButtonKind, Context, empty_state, end_page, present_button
from pages.parts.rights import only
from pages.parts.translate import moment, plain, t, tm

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


@dataclass(frozen=True, eq=False)
class Compared:
    """What the parts of the page work on."""

    context: Context
    run: TuningRun
    comparison: Comparison
    choice: SystemChoice
    measuring: JobView | None = (
        None  # the job, while it still measures what the verdict does not rest on
    )


def compared(context: Context) -> Compared:
    """Draw the choice of a tuned model and return its comparison; ends the page without one."""
    line = st.container(horizontal=True, vertical_alignment="center", key="compared_line")
    run, place = _tuned_model_choice(context, line)
    comparison, choice, measuring = _comparison_of(context, run, line, place)
    with line:
        present_button(run=run.job.id)
    return Compared(context, run, comparison, choice, measuring)


def _tuned_model_choice(context: Context, line: DeltaGenerator) -> tuple[TuningRun, DeltaGenerator]:
    """Draw the choice of a tuned model; ends the page where there is none.

    Returns
    -------
    TuningRun, DeltaGenerator
        The run, and the place where what else is done with a comparison belongs.
    """
    every = tuning_runs(context.project)
    # The browser sends the words of an option, not its place: the number keeps them apart.
    numbers = {run.job.id: len(every) - place for place, run in enumerate(every)}
    runs = {
        run.job.id: run
        for run in every
        if (run.is_of(context.project.dataset_id) and run.job.state == FINISHED) or run.has_model
    }
    if not runs:
        empty_state(
            t("No tuning run of this project left a model."),
            action=t("Go to {stop}", stop=t("Tune")),
            do=lambda: go_to("tune"),
        )
    ids = list(runs)
    problem = t(
        "The link names a run that is not among the tuned models of this project. The newest model "
        "is shown instead."
    )
    linked_run(ids, problem)

    def words(run_id: str) -> str:
        run = runs[run_id]
        number = t("Run {number}", number=numbers[run_id])
        model, loss = model_title(run.base_model), loss_title(run.loss)
        return f"{number} · {moment(run.job.created_at)} · {run.recipe} · {model} · {loss}"

    key = f"compared_run_{len(ids)}_{ids[0]}"  # a new model is shown in place of an earlier choice
    known = {run_id: run_id for run_id in ids}
    follow_address(RUN, key, known)
    seen = st.session_state[key]
    number = t("Run {number}", number=numbers[seen])
    place = line.popover(
        f"{number} · {plain(runs[seen].recipe, inside=True)}",
        icon=":material/model_training:",
        type="tertiary",
    )
    chosen = place.selectbox(
        t("Tuned model"),
        ids,
        format_func=words,
        key=key,
        help=t("The tuning runs of this project, the newest first."),
        width=620,
    )
    keep_in_address(RUN, key, known, chosen)
    result = runs[chosen].result
    if result is not None and result.trimmed is not None:
        place.caption(f":material/content_cut: {tm(result.trimmed.message())}")
    return runs[chosen], place


def _comparison_of(
    context: Context, run: TuningRun, line: DeltaGenerator, place: DeltaGenerator
) -> tuple[Comparison, SystemChoice, JobView | None]:
    """Return the newest comparison of a run, what was chosen for it, and its job if it goes on.

    Where there is none, offers one and ends the page.
    """
    jobs = comparisons_of(context.project, run.job.id)
    finished = next((job for job in jobs if is_judged(context.project, job)), None)
    if jobs and not is_judged(context.project, jobs[0]):
        job_card(jobs[0], t("Comparing before and after"), partial(_show_verdict, context))
        if jobs[0].is_final and finished is None:
            _start_button(context, run, t("Compare again"), primary=False)
    if finished is None:
        if not jobs:
            _offer(context, run)
        end_page()
    try:
        choice = request_of(finished).arms
        stamp = comparison_stamp(context.workspace, finished.id)
        comparison = _load(str(context.workspace.layout.root), finished.id, stamp)
    except AppError as error:
        show_error(error)
        _start_button(context, run, t("Compare again"), primary=True)
        end_page()
    line.caption(
        t(
            "Compared {at} on {questions} held-out questions.",
            at=moment(finished.created_at),
            questions=len(set(comparison.question_rows.tolist())),
        ),
        width="content",
    )
    if jobs[0].is_final and comparison.way != CROSS_FIT:
        with place:
            _start_button(context, run, t("Compare again"), primary=False, choice=choice)
    measuring = jobs[0] if jobs[0] == finished and jobs[0].state != FINISHED else None
    return with_titles(comparison), choice, measuring


def _show_verdict(context: Context, job: JobView) -> None:
    """Draw the page anew as soon as a running comparison has its verdict."""
    if is_judged(context.project, job):
        st.rerun(scope="app")


def still_measuring(seen: Compared) -> None:
    """Draw the job that measures speed and shape of the vectors while the verdict is read."""
    if seen.measuring is not None:
        job_card(seen.measuring, t("Measuring speed and vectors; the verdict is final"))


def with_titles(comparison: Comparison) -> Comparison:
    """Return the comparison with the names of its systems in the reader's language."""

    def named(system: SystemResult) -> SystemResult:
        if system.name == BASE:
            return dataclasses.replace(system, title=t("Before: {model}", model=system.title))
        if system.name == TUNED:
            return dataclasses.replace(system, title=t("After: tuned model"))
        if system.kind in {"hybrid", "interpolated"}:
            return dataclasses.replace(system, title=t(system.title))
        return system

    return dataclasses.replace(
        comparison, systems=tuple(named(system) for system in comparison.systems)
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _load(root: str, run_id: str, stamp: tuple[int, ...]) -> Comparison:
    return load_comparison(session.workspace(), run_id)


def _offer(context: Context, run: TuningRun) -> None:
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"#### {t('This model has not been compared yet.')}", text_alignment="center")
        st.markdown(
            t(
                "The model before and after tuning, keyword search and your experts search for the "
                "same held-out questions. It takes about a minute."
            ),
            text_alignment="center",
        )
        _start_button(context, run, t("Compare"), primary=True)


def _start_button(
    context: Context,
    run: TuningRun,
    label: str,
    *,
    primary: bool,
    choice: SystemChoice | None = None,
) -> None:
    kind: ButtonKind = "primary" if primary else "tertiary"
    icon = ":material/compare_arrows:" if primary else ":material/refresh:"
    if st.button(label, type=kind, icon=icon, key="start_comparison", **only(START)):
        start_comparison(context, run, choice)


def start_comparison(context: Context, run: TuningRun, choice: SystemChoice | None = None) -> None:
    """Start the job that compares a run, and draw the page anew; or say why it cannot start."""
    experts = scored_experts(context.project)
    with errors_shown():
        launch_comparison(context.project, run.job.id, experts, session.who(), choice)
        st.rerun()


@st.cache_resource(max_entries=4, show_spinner=False)
def _examination(root: str, compare_run: str, stamp: tuple[int, ...]) -> Examination:
    return load_examination(session.workspace(), compare_run)


def examination_of(seen: Compared) -> Examination:
    """Return what the comparison on the page found; empty where its run folder is gone."""
    context = seen.context
    run = newest_comparison(context.project, seen.comparison.run_id)
    if run is None:
        return Examination()
    stamp = comparison_stamp(context.workspace, run)
    return _examination(str(context.workspace.layout.root), run, stamp)
