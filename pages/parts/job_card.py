"""The card of a background job: progress, time left, stop, resume, log. Survives any reload."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import AppError
from core.jobs.state import CANCELLED, FAILED, FINISHED, INTERRUPTED, STATE_TITLES, JobView
from core.journey import running
from core.journey.api_sending import agreed_connections
from pages.parts import session
from pages.parts.api_keys import keys_for_worker
from pages.parts.errors import guarded, show_error
from pages.parts.translate import duration, moment, plain, t, tm

_ICONS = {
    FINISHED: ":material/check_circle:",
    FAILED: ":material/error:",
    INTERRUPTED: ":material/pause_circle:",
    CANCELLED: ":material/stop_circle:",
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
    seen = running.job(session.workspace(), run_id)
    every = None if seen.is_final else "1s"

    @st.fragment(run_every=every)
    @guarded
    def follow() -> None:
        try:
            now = running.job(session.workspace(), run_id)
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
    state = t("Stopping …") if job.cancel_asked and not job.is_final else t(STATE_TITLES[job.state])
    st.markdown(f"{icon} **{plain(title)}** · {state}")
    if not job.is_final or job.state == INTERRUPTED:
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
    _buttons(job)


def _buttons(job: JobView) -> None:
    workspace = session.workspace()
    with st.container(horizontal=True, vertical_alignment="center"):
        if not job.is_final:
            pressed = st.button(
                t("Stop"),
                key=f"stop_{job.id}",
                icon=":material/stop_circle:",
                disabled=job.cancel_asked,
                help=t("Stops at the next safe moment; the best result so far is kept."),
            )
            if pressed:
                running.stop(workspace, job.id)
                st.rerun(scope="fragment")
        elif job.state != FINISHED:
            kind = "primary" if job.state == INTERRUPTED else "secondary"
            if st.button(
                t("Resume"), key=f"resume_{job.id}", type=kind, icon=":material/play_circle:"
            ):
                try:
                    keys = keys_for_worker(agreed_connections(job.config))
                    running.resume(workspace, job.id, keys)
                except Exception as error:
                    show_error(error)
                else:
                    st.rerun(scope="app")
        st.caption(
            t("Started {at} · took {time}", at=moment(job.created_at), time=duration(job.seconds))
            if job.is_final
            else t(
                "Started {at} · running for {time}",
                at=moment(job.created_at),
                time=duration(job.seconds),
            )
        )
        with st.popover(t("Log"), icon=":material/terminal:", type="tertiary"):
            log = running.log_of(workspace, job.id)
            st.code(log or t("The log is empty so far."), language=None, height=320)
