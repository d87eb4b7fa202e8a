"""Which tuned model is compared, and the job that compares it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import streamlit as st

from core.errors import AppError
from core.journey.compare import (
    Examination,
    comparison_stamp,
    comparisons_of,
    launch_comparison,
    load_comparison,
    load_examination,
    newest_comparison,
)
from core.journey.jobs import FINISHED, request_of
from core.journey.projects import scored_experts
from core.journey.tune import TuningRun, tuning_runs
from core.types import BASE, CROSS_FIT, TUNED, Comparison, SystemChoice, SystemResult
from core.types.rights import START
from pages.parts import session
from pages.parts.deep_links import RUN, go_to, linked_run
from pages.parts.errors import errors_shown, show_error
from pages.parts.job_card import job_card
from pages.parts.model_titles import loss_title, model_title
from pages.parts.page import ButtonKind, Context, empty_state
from pages.parts.rights import only
from pages.parts.translate import moment, t


@dataclass(frozen=True, eq=False)
class Compared:
    """What the parts of the page work on."""

    context: Context
    run: TuningRun
    comparison: Comparison
    choice: SystemChoice


def compared(context: Context) -> Compared:
    """Draw the choice of a tuned model and return its comparison; ends the page without one."""
    run = _tuned_model_choice(context)
    comparison, choice = _comparison_of(context, run)
    return Compared(context, run, comparison, choice)


def _tuned_model_choice(context: Context) -> TuningRun:
    """Draw the choice of a tuned model and return it; ends the page where there is none."""
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
    linked = linked_run(ids, problem)

    def words(run_id: str) -> str:
        run = runs[run_id]
        number = t("Run {number}", number=numbers[run_id])
        model, loss = model_title(run.base_model), loss_title(run.loss)
        return f"{number} · {moment(run.job.created_at)} · {run.recipe} · {model} · {loss}"

    key = f"compared_run_{len(ids)}_{ids[0]}"
    chosen = st.selectbox(
        t("Tuned model"),
        ids,
        index=ids.index(linked) if linked is not None else 0,
        format_func=words,
        key=key,
        help=t("The tuning runs of this project, the newest first."),
    )
    st.query_params[RUN] = chosen
    return runs[chosen]


def _comparison_of(context: Context, run: TuningRun) -> tuple[Comparison, SystemChoice]:
    """Return the newest comparison of a run and what was chosen for it.

    Where there is none, offers one and ends the page.
    """
    jobs = comparisons_of(context.project, run.job.id)
    finished = next((job for job in jobs if job.state == FINISHED), None)
    if jobs and jobs[0].state != FINISHED:
        job_card(jobs[0].id, t("Comparing before and after"))
        if jobs[0].is_final and finished is None:
            _start_button(context, run, t("Compare again"), primary=False)
    if finished is None:
        if not jobs:
            _offer(context, run)
        st.stop()
    try:
        choice = request_of(finished).arms
        stamp = comparison_stamp(context.workspace, finished.id)
        comparison = _load(str(context.workspace.layout.root), finished.id, stamp)
    except AppError as error:
        show_error(error)
        _start_button(context, run, t("Compare again"), primary=True)
        st.stop()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            t(
                "Compared {at} on {questions} held-out questions.",
                at=moment(finished.created_at),
                questions=len(set(comparison.question_rows.tolist())),
            )
        )
        if jobs[0].is_final and comparison.way != CROSS_FIT:
            _start_button(context, run, t("Compare again"), primary=False, choice=choice)
    return with_titles(comparison), choice


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
def _examination(root: str, compare_run: str) -> Examination:
    return load_examination(session.workspace(), compare_run)


def examination_of(seen: Compared) -> Examination:
    """Return what the comparison on the page found; empty where its run folder is gone."""
    context = seen.context
    run = newest_comparison(context.project, seen.comparison.run_id)
    return _examination(str(context.workspace.layout.root), run) if run else Examination()
