"""What a run will take, before it is started: time, memory and disk, and whether it fits."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.errors import AppError
from core.journey.jobs import cluster_devices
from core.journey.tune import (
    OTHER_MODEL,
    PROBED,
    PROBED_ALIKE,
    SAME_MODEL,
    SAME_RUN,
    FreeCapacity,
    ProbeView,
    TuningPlan,
    free_capacity,
    gigabytes,
    plan,
    shortages,
    start_probe,
    view_probe,
)
from core.messages import N_
from core.types.rights import START
from core.types.tuning_config import TuningConfig
from pages.parts import session
from pages.parts.errors import errors_shown, guarded
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import duration, plain, t, tm
from pages.parts.tune.tuning_words import choice_title, device_words, this_device

_SOURCES = {
    SAME_RUN: N_("Time as in the last run with these settings on this machine."),
    PROBED: N_("Time from a few learning steps with these settings, tried on this machine."),
    PROBED_ALIKE: N_(
        "Time roughly as in a few learning steps with other settings, tried on this machine."
    ),
    SAME_MODEL: N_("Time roughly as in the last run of this model on this machine."),
    OTHER_MODEL: N_("Time roughly as in a run of another model on this machine."),
}


@st.cache_data(ttl=10, show_spinner=False)
def _free(root: str) -> FreeCapacity:
    free = free_capacity(session.workspace(), this_device())
    # A cluster's machines have other memory, which Ray gives out; the disk is the same.
    return replace(free, memory_mb=None, memory_total_mb=None) if cluster_devices() else free


def tuning_estimate(context: Context, config: TuningConfig, *, measure: bool) -> bool:
    """Draw what a run will take; return False where it cannot fit.

    Parameters
    ----------
    measure : bool
        Whether to try a few steps in the background where nothing is known of these settings.
    """
    with st.container(border=True, key="what_it_takes"):
        found = run_figures(context, config, measure=measure)
        return run_fits(context, config, found, measure=measure)


def run_figures(context: Context, config: TuningConfig, *, measure: bool) -> TuningPlan:
    """Draw what a run will take as figures, with where they come from."""
    found = plan(context.workspace, context.dataset, config)
    _figures(found, _free(str(context.workspace.layout.root)))
    _source(context, config, found, measure)
    return found


def run_fits(context: Context, config: TuningConfig, found: TuningPlan, *, measure: bool) -> bool:
    """Say what there is too little of, measure what is not known; return False if it cannot fit."""
    elsewhere = bool(cluster_devices())  # what this machine can do says nothing there
    view = ProbeView(found.key) if elsewhere else view_probe(context.workspace, found.key)
    known = found.estimate is not None and found.estimate.source == SAME_RUN
    free = _free(str(context.workspace.layout.root))
    lacking = shortages(found.estimate, free, view.problem if view.out_of_memory else None)
    for shortage in lacking:
        show = st.error if shortage.blocks else st.warning
        show(plain(tm(shortage.message)), icon=":material/memory:")
    if view.problem is not None:
        _failed(context, config, view)
    elif measure and view.probe is None and not known and not elsewhere:
        _measure(context, config, found.key)
    return not any(shortage.blocks for shortage in lacking)


def _figures(found: TuningPlan, free: FreeCapacity) -> None:
    told = found.estimate
    columns = st.columns([1.35, 1.15, 1.2, 1, 1], gap="small")
    columns[0].metric(
        t("Training questions"),
        found.questions,
        help=t("Validation and test questions are held out and never learned from."),
    )
    columns[1].metric(
        t("Learning steps"),
        found.steps,
        help=t(
            "Questions ÷ questions per step × passes; it ends earlier when nothing improves. The "
            "search quality is checked {checks} times.",
            checks=found.checks,
        ),
    )
    columns[2].metric(
        t("Time"),
        t("≈ {time}", time=duration(told.seconds)) if told else t("unknown"),
        delta=_span(told.low, told.high) if told else None,
        delta_color="off",
        delta_arrow="off",
        help=t("Of learning and checking; loading the model comes on top. Less if it ends early."),
    )
    _needed(columns[3], t("Memory"), told.memory_mb if told else None, free.memory_mb)
    _needed(columns[4], t("Disk space"), told.disk_mb if told else None, free.disk_mb)


def _span(low: float, high: float) -> str | None:
    """Return both ends of an estimate; None where they read the same ("2 min to 2 min")."""
    ends = duration(low), duration(high)
    return None if ends[0] == ends[1] else t("{low} to {high}", low=ends[0], high=ends[1])


def _needed(
    column: st.delta_generator.DeltaGenerator, title: str, needed: float | None, free: float | None
) -> None:
    column.metric(
        title,
        t("{size} GB", size=gigabytes(needed))
        if needed is not None
        else "–",  # a word would be cut off
        delta=t("{size} GB free", size=gigabytes(free)) if free is not None else None,
        delta_color="off",
        delta_arrow="off",
        help=t("The most that the run takes at a time; measured when a few steps were tried."),
    )


def _source(context: Context, config: TuningConfig, found: TuningPlan, measure: bool) -> None:
    device = (
        t("the cluster")
        if cluster_devices()
        else device_words(this_device())
        if config.device == "auto"
        else t("as you chose: {device}", device=choice_title("device", config.device))
    )
    parts = [t("Runs on: {device}", device=plain(device))]
    if found.estimate is not None:
        parts.append(t(_SOURCES[found.estimate.source]))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            " · ".join(parts),
            help=t("Found by a quick look at this machine; the run itself checks at its start."),
            width="stretch",
        )
        if measure and found.estimate is not None and found.estimate.source == PROBED:
            _again(
                context,
                config,
                t("Measure again"),
                t("Other work on this machine slows the measurement down as it would the run."),
            )


def _again(context: Context, config: TuningConfig, label: str, why: str | None = None) -> None:
    if st.button(label, icon=":material/refresh:", type="tertiary", **only(START, help=why)):
        with errors_shown():
            start_probe(context.project, config, again=True)
            st.rerun()


def _measure(context: Context, config: TuningConfig, key: str) -> None:
    """Try a few steps in the background, and draw the page again when they are done."""

    @st.fragment(run_every="2s")
    @guarded
    def follow() -> None:
        view = view_probe(context.workspace, key)
        if view.job is not None and view.job.is_final:
            st.rerun()
        if view.job is None:
            try:
                start_probe(context.project, config)
            except AppError:  # the run could not be started either: its button says why
                return
        told = view.job.message if view.job is not None else None
        what = t("Trying a few learning steps on this machine …")
        st.progress(
            view.job.fraction if view.job is not None else 0.0,
            text=" · ".join([what, plain(tm(told))] if told is not None else [what]),
        )

    follow()


def _failed(context: Context, config: TuningConfig, view: ProbeView) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if not view.out_of_memory and view.problem is not None:
            reason = plain(tm(view.problem))
            st.caption(t("A few steps were tried, without success: {reason}", reason=reason))
        _again(context, config, t("Try again"))
