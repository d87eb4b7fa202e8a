"""Which systems are compared: other runs, models in between, hybrids, the present search."""

from __future__ import annotations

import streamlit as st

from core.errors import AppError
from core.jobs.folder import RunFolder
from core.journey.compare import launch_comparison
from core.journey.compare_systems import UNMIXED, kept_alpha, other_alphas
from core.journey.projects import scored_experts
from core.journey.tuning_runs import tuning_runs
from core.types import BASE, TUNED, SystemChoice
from pages.parts import session
from pages.parts.compare.comparison_job import Compared
from pages.parts.compare.run_file_upload import run_file_section
from pages.parts.errors import show_error
from pages.parts.translate import moment, t


def more_systems(seen: Compared) -> None:
    """Draw the choice of further systems and the button that compares them all."""
    with st.expander(t("Compare with more systems"), icon=":material/add_chart:"):
        choice = _choice(seen)
        run_file_section(seen.context)
        if st.button(
            t("Compare with these systems"),
            icon=":material/compare_arrows:",
            key="compare_more",
            help=t("Replaces this comparison; what is known already is not computed again."),
        ):
            _launch(seen, choice)


def _choice(seen: Compared) -> SystemChoice:
    context, last = seen.context, seen.choice
    others = {
        run.job.id: run
        for run in tuning_runs(context.project)
        if run.has_model and run.job.id != seen.run.job.id
    }
    runs = st.multiselect(
        t("Other tuning runs"),
        list(others),
        default=[run for run in last.runs if run in others],
        format_func=lambda key: f"{others[key].recipe} · {moment(others[key].job.created_at)}",
        key="arms_runs",
        disabled=not others,
        placeholder=t("None") if not others else t("Choose"),
    )
    kept = _kept_alpha(seen)
    offered = other_alphas(kept)
    alphas = st.pills(
        t(
            "Other mixes of base and tuned weights (α; the tuned model is α = {kept})",
            kept=f"{kept:g}",
        ),
        offered,
        selection_mode="multi",
        default=[alpha for alpha in last.alphas if alpha in offered],
        format_func=lambda alpha: t(UNMIXED) if alpha == 1 else f"α = {alpha:g}",
        key=f"arms_alphas_{seen.run.job.id}",
        disabled=not offered,
        help=t(
            "Every weight is mixed: (1 − α)·base + α·tuned. Such a model often keeps more of what "
            "the base model knew. Each α encodes all answers once."
        ),
    )
    hybrids = [
        name
        for name, label in (
            (BASE, t("Keyword search and model before, as one list")),
            (TUNED, t("Keyword search and tuned model, as one list")),
        )
        if st.checkbox(
            label,
            value=name in last.hybrids,
            key=f"arms_hybrid_{name}",
            help=t("Hybrid search: the two lists are joined by rank (reciprocal rank fusion)."),
        )
    ]
    files = tuple(
        file
        for file in context.project.state.run_files
        if st.checkbox(
            t("Your present search: {title}", title=file.title),
            value=True,
            key=f"arms_file_{file.key}",
        )
    )
    return SystemChoice(
        runs=tuple(runs),
        alphas=tuple(alphas),
        hybrids=tuple(hybrids),
        run_files=files,
    )


def _kept_alpha(seen: Compared) -> float:
    try:
        return kept_alpha(RunFolder(seen.context.workspace.run_folder(seen.run.job.id)))
    except AppError:
        return 0.0  # the run folder is gone: nothing can be mixed


def _launch(seen: Compared, choice: SystemChoice) -> None:
    context = seen.context
    experts = scored_experts(context.project)
    run = seen.run.job.id
    try:
        launch_comparison(context.project, run, experts, session.who(), choice)
    except Exception as error:
        show_error(error)
    else:
        st.rerun()
