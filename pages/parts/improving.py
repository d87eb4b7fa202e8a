"""One click from data to verdict: the offer, the job with what it decided, and where it ends."""

from __future__ import annotations

import streamlit as st

from core.errors import AppError
from core.journey.improve import (
    improved,
    improvement,
    improvement_of,
    launch_improvement,
)
from core.journey.jobs import CANCELLED, FINISHED, JobView, jobs_of
from core.journey.projects import DONE, OPEN, STOPS, Project, journey_status
from core.tuning.presets import PRESETS
from core.types.rights import START
from pages.parts import session
from pages.parts.deep_links import go_to
from pages.parts.errors import errors_shown
from pages.parts.job_card import job_card
from pages.parts.page import STOP_TITLES, action_bar
from pages.parts.rights import only
from pages.parts.translate import plain, t, tm

_RECOMMENDED = "balanced"
_STOP_OF = {  # where what was decided can be changed
    "experts": "experts",
    "teacher": "experts",
    "panel": "labels",
    "labels": "labels",
    "tuning": "tune",
    "verdict": "compare",
}
_WALKED = ("experts", "labels", "tune", "compare")
_MARKS = {DONE: ":material/check_circle:", OPEN: ":material/hourglass_top:"}
_NOT_YET = ":material/radio_button_unchecked:"
_PRESSED = "improve_pressed"


def can_be_improved(project: Project) -> bool:
    """Return whether the one click leads somewhere: there are data, and nothing was compared."""
    stops = {stop.key: stop.state for stop in journey_status(project)}
    return stops["data"] == DONE and stops["compare"] != DONE


def improve_offer(project: Project, other_way: str = "") -> None:
    """Draw what one click does, how thoroughly, and the page's next step: that click.

    Parameters
    ----------
    other_way : str
        Stop at which to go on step by step; "" where this page is that stop.
    """
    with st.container(border=True, key="improve_offer", gap="xsmall"):
        st.markdown(
            t(
                ":material/auto_awesome: **One click to the verdict.** Experts score, labels are "
                "made from them, a model learns, and before and after are compared: one job with "
                "the recommended settings. You can open and change every step afterwards."
            )
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            preset = st.segmented_control(
                t("How thoroughly"),
                list(PRESETS),
                default=_RECOMMENDED,
                format_func=lambda key: t(PRESETS[key].title),
                key="improve_preset",
                required=True,
                label_visibility="collapsed",
            )
            st.caption(t(PRESETS[preset or _RECOMMENDED].meaning), width="stretch")
            if other_way and st.button(t("Choose experts"), key="step_by_step", type="tertiary"):
                go_to(other_way)
    busy = any(not job.is_final for job in jobs_of(project))
    note = t("Something is being computed already.") if busy else plain(project.name)
    if action_bar(t("Improve my search"), note=note, key="improve", **only(START, disabled=busy)):
        with errors_shown():
            run = launch_improvement(project, session.who(), preset or _RECOMMENDED)
            st.session_state[_PRESSED] = run
            go_to("home")


def improve_view(project: Project) -> bool:
    """Draw the job of the one click as long as it is the news; leads to the verdict it ends in.

    Returns
    -------
    bool
        Whether there is such a job to look at.
    """
    newest = improvement_of(project)
    if newest is None:
        return False
    if newest.state == FINISHED:
        if st.session_state.get(_PRESSED) == newest.id:
            _show_verdict(newest)
        return False
    if newest.state == CANCELLED or (newest.is_final and not can_be_improved(project)):
        return False
    if not newest.is_final:
        st.session_state[_PRESSED] = newest.id  # whoever looks on is led to the verdict
        action_bar(note=plain(project.name))  # nothing to do but wait
    job_card(newest, t("Improving your search"), lambda job: _decisions(project, job))
    return True


def _show_verdict(job: JobView) -> None:
    """Go to the comparison that the job ended in."""
    st.session_state.pop(_PRESSED, None)
    try:
        found = improved(session.workspace(), job.id)
    except AppError:  # damaged: the project's card says what there is
        return
    go_to("compare", run=found.tune_run)


def _decisions(project: Project, job: JobView) -> None:
    """Draw the stops of the walk with what was decided at each, and the way to it."""
    so_far = improvement(session.workspace(), job.id)
    here = _WALKED.index(so_far.now) if so_far.now in _WALKED else -1
    done = {stop.key: stop.state == DONE for stop in journey_status(project)}
    for place, stop in enumerate(_WALKED):
        mark = _MARKS[DONE] if place < here or done[stop] else _NOT_YET
        if place == here and not done[stop]:
            mark = _MARKS[OPEN]
        said = [plain(tm(one.text)) for one in so_far.decided if _STOP_OF.get(one.about) == stop]
        way, words = st.columns([1.2, 8], gap="small", vertical_alignment="center")
        if way.button(
            f"{STOPS.index(stop) + 1} · {t(STOP_TITLES[stop])}",
            key=f"improve_{stop}_{job.id}",
            icon=mark,
            type="tertiary",
            disabled=place > here and not done[stop],
        ):
            go_to(stop)
        words.caption("  \n".join(said))
