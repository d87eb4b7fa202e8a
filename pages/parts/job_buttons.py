"""What can be done with a job: pause, cancel (keep or discard), stop, resume."""

from __future__ import annotations

import streamlit as st
from streamlit.errors import StreamlitAPIException

from core.jobs.folder import DISCARD, KEEP, PAUSE
from core.jobs.state import FAILED, FINISHED, INTERRUPTED, PAUSED, WAITING, JobView
from core.journey import jobs
from core.journey.api_sending import agreed_connections
from pages.parts import session
from pages.parts.api_keys import keys_for_worker
from pages.parts.errors import show_error
from pages.parts.translate import t


def buttons(job: JobView) -> None:
    """Draw the buttons that the state of a job allows."""
    if not job.is_final:
        if jobs.KINDS[job.kind].queued:
            _while_it_lives(job)
        else:
            _stop(job)
    elif job.state != FINISHED:
        if fell_short(job):
            _keep(job)
        _resume(job)
        if jobs.KINDS[job.kind].queued and job.state in {PAUSED, INTERRUPTED, FAILED}:
            _close(job)


def redraw() -> None:
    """Draw the fragment again, or the page where the fragment was drawn as a part of it."""
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:
        st.rerun()


def _stop(job: JobView) -> None:
    if st.button(
        t("Stop"),
        key=f"stop_{job.id}",
        icon=":material/stop_circle:",
        disabled=job.asked is not None,
        help=t("Stops at the next safe moment; the best result so far is kept."),
    ):
        jobs.stop(session.workspace(), job.id)
        redraw()


def _while_it_lives(job: JobView) -> None:
    """Pause and cancel; a stronger wish can follow a weaker one, not the other way round."""
    waits = job.state == WAITING
    if st.button(
        t("Pause"),
        key=f"pause_{job.id}",
        icon=":material/pause_circle:",
        disabled=job.asked is not None,
        help=t("Leaves the queue; Resume joins it again at its end.")
        if waits
        else t("Saves where it is and frees the device; Resume goes on exactly there."),
    ):
        jobs.stop(session.workspace(), job.id, PAUSE)
        redraw()
    with st.popover(
        t("Cancel"),
        key=f"choice_{job.id}",
        icon=":material/stop_circle:",
        disabled=job.asked == DISCARD,
    ):
        _choice(job)


def _choice(job: JobView) -> None:
    wishes = (
        (KEEP, t("Stop and keep the best so far"), "primary"),
        (DISCARD, t("Stop and discard everything"), "secondary"),
    )
    for wish, label, kind in wishes:
        if st.button(
            label,
            key=f"{wish}_{job.id}",
            type=kind,
            disabled=job.asked in {wish, DISCARD},
            width="stretch",
        ):
            jobs.stop(session.workspace(), job.id, wish)
            redraw()
    st.caption(
        t("Kept: the model that searched best until now. Discarded: model, saved states, result.")
    )


def _resume(job: JobView) -> None:
    kind = "primary" if job.state in {INTERRUPTED, PAUSED} else "secondary"
    if st.button(t("Resume"), key=f"resume_{job.id}", type=kind, icon=":material/play_circle:"):
        try:
            keys = keys_for_worker(agreed_connections(job.config))
            jobs.resume(session.workspace(), job.id, keys)
        except Exception as error:
            show_error(error)
        else:
            st.rerun(scope="app")


def fell_short(job: JobView) -> bool:
    """Return True for a run that broke off after it had found something worth keeping."""
    broke_off = job.state in {FAILED, INTERRUPTED}
    return broke_off and job.keepable and job.kind == jobs.TUNE


def _keep(job: JobView) -> None:
    if st.button(
        t("Keep best model so far"),
        key=f"keep_best_{job.id}",
        type="primary" if job.state == FAILED else "secondary",
        icon=":material/save:",
        help=t("Ends the run: the model that searched best until then can be compared."),
    ):
        _end(job, keep=True)


def _close(job: JobView) -> None:
    """Give up what is saved of a job that no worker is busy with."""
    with st.popover(t("Give up"), key=f"close_{job.id}", icon=":material/delete:"):
        choices = [(False, t("Discard everything"))]
        if job.state == PAUSED:
            choices.insert(0, (True, t("Keep the best so far")))
        for keep, label in choices:
            if st.button(label, key=f"close_{keep}_{job.id}", width="stretch"):
                _end(job, keep=keep)
        st.caption(t("What is discarded cannot be brought back."))


def _end(job: JobView, *, keep: bool) -> None:
    try:
        jobs.close(session.workspace(), job.id, keep=keep)
    except Exception as error:
        show_error(error)
    else:
        st.rerun(scope="app")
