"""The card of a background job: progress, time left, stop, resume, log. Survives any reload."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import AppError
from core.jobs.folder import DISCARD, KEEP, PAUSE
from core.jobs.state import (
    CANCELLED,
    FAILED,
    FINISHED,
    INTERRUPTED,
    PAUSED,
    STATE_TITLES,
    WAITING,
    JobView,
)
from core.journey import jobs
from core.messages import N_
from pages.parts import session
from pages.parts.errors import guarded
from pages.parts.job_buttons import buttons, fell_short
from pages.parts.translate import duration, moment, plain, t, tm

_ICONS = {
    FINISHED: ":material/check_circle:",
    FAILED: ":material/error:",
    INTERRUPTED: ":material/pause_circle:",
    PAUSED: ":material/pause_circle:",
    WAITING: ":material/schedule:",
    CANCELLED: ":material/stop_circle:",
}
_ASKED = {
    PAUSE: N_("Pausing …"),
    KEEP: N_("Stopping …"),
    DISCARD: N_("Stopping and discarding …"),
}


def job_card(run_id: str, title: str, live: Callable[[JobView], None] | None = None) -> JobView:
    """Draw a job and follow it while it runs; the page reruns once when it ends.

    Parameters
    ----------
    title : str
        Translated name of what the job does.
    live : callable or None
        Draws more about the running job inside the card, for example its curves.

    Returns
    -------
    JobView
        The job as it was when the page was drawn.
    """
    seen = jobs.job(session.workspace(), run_id)
    every = None if seen.is_final else "1s"

    @st.fragment(run_every=every)
    @guarded
    def follow() -> None:
        try:
            now = jobs.job(session.workspace(), run_id)
        except AppError:  # its folder is gone: the page says what there is instead
            st.rerun(scope="app")
        if now.is_final and not seen.is_final:
            st.rerun()
        _draw(now, title)
        if live is not None:
            live(now)

    with st.container(border=True, key=f"job_{run_id}"):
        follow()
    return seen


def _draw(job: JobView, title: str) -> None:
    icon = _ICONS.get(job.state, ":material/hourglass_top:")
    asked = None if job.is_final else job.asked
    state = t(_ASKED[asked] if asked else STATE_TITLES[job.state])
    st.markdown(f"{icon} **{plain(title)}** · {state}")
    if job.state == WAITING:
        _place(job)
    elif not job.is_final or job.state in {INTERRUPTED, PAUSED}:
        what = tm(job.message) if job.message else t("Getting ready …")
        left = t("about {time} left", time=duration(job.seconds_left)) if job.seconds_left else ""
        st.progress(job.fraction, text=" · ".join(part for part in (plain(what), left) if part))
    for warning in job.warnings:
        st.warning(plain(tm(warning)), icon=":material/warning:")
    if job.error is not None:
        st.error(plain(tm(job.error)), icon=":material/error:")
    if job.state == INTERRUPTED:
        st.info(
            t(
                "The background process ended without finishing (the computer was restarted, or it "
                "was killed). Everything it had saved is kept: press Resume to go on."
            )
        )
    elif job.state == FAILED and fell_short(job):
        st.info(
            t(
                "What this run learned before is not lost: the model that searched best on "
                "validation questions is saved. Keep it to compare it, or start another run with "
                "other settings."
            ),
            icon=":material/save:",
        )
    elif job.state == PAUSED:
        st.info(
            t(
                "Paused: its place is saved and the device is free. Resume goes on exactly there, "
                "or waits in the queue if another run computes by then."
            )
        )
    elif job.state == CANCELLED and job.discarded:
        st.caption(t("Discarded on request: neither a result nor a model was kept."))
    with st.container(horizontal=True, vertical_alignment="center"):
        buttons(job)
        st.caption(_times(job))
        with st.popover(t("Log"), icon=":material/terminal:", type="tertiary"):
            log = jobs.log_of(session.workspace(), job.id)
            st.code(log or t("The log is empty so far."), language=None, height=320)


def _place(job: JobView) -> None:
    place = jobs.place_of(session.workspace(), job.id)
    st.caption(
        t("Place {place} in the queue: it starts by itself when its device is free.", place=place)
        if place
        else t("Its device is free any moment: it starts by itself.")
    )


def _times(job: JobView) -> str:
    if job.state == WAITING:
        return t("Launched {at}", at=moment(job.created_at))
    values = {"at": moment(job.created_at), "time": duration(job.seconds)}
    if job.is_final:
        return t("Started {at} · took {time}", **values)
    return t("Started {at} · running for {time}", **values)
