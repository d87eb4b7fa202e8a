"""The card of a background job: progress, time left, log, and what can be done with it.

It survives any reload: all it shows is read from the run folder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitAPIException

from core.errors import AppError
from core.journey import jobs
from core.journey.jobs import (
    CANCELLED,
    DISCARD,
    FAILED,
    FINISHED,
    INTERRUPTED,
    KEEP,
    PAUSE,
    PAUSED,
    STATE_TITLES,
    WAITING,
    JobView,
)
from core.journey.sending import agreed_connections
from core.messages import N_
from core.types.rights import START
from core.types.tuning import EXPLANATIONS
from pages.parts import session
from pages.parts.api_keys import keys_for_worker
from pages.parts.errors import errors_shown, guarded
from pages.parts.page import ButtonKind
from pages.parts.rights import only
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


def job_card(drawn: JobView, title: str, live: Callable[[JobView], None] | None = None) -> None:
    """Draw a job and follow it while it runs; the page reruns once when it ends.

    Parameters
    ----------
    drawn : JobView
        The job as it was when the rest of the page was drawn. Looked up anew it might have ended
        since, and nothing would tell the rest of the page.
    title : str
        Translated name of what the job does.
    live : callable or None
        Draws more about the running job inside the card, for example its curves.
    """
    every = None if drawn.is_final else "1s"

    @st.fragment(run_every=every)
    @guarded
    def follow() -> None:
        try:
            now = jobs.job(session.workspace(), drawn.id)
        except AppError:  # its folder is gone: the page says what there is instead
            st.rerun(scope="app")
        if now.is_final and not drawn.is_final:
            st.rerun()
        _draw(now, title)
        if live is not None:
            live(now)
        if not now.is_final:
            _warnings(now)

    with st.container(border=True, key=f"job_{drawn.id}"):
        follow()


def _draw(job: JobView, title: str) -> None:
    icon = _ICONS.get(job.state, ":material/hourglass_top:")
    asked = None if job.is_final else job.stop_requested
    state = t(_ASKED[asked] if asked else STATE_TITLES[job.state])
    st.markdown(f"{icon} **{plain(title)}** · {state}")
    if job.state == WAITING:
        _place(job)
    elif not job.is_final or job.state in {INTERRUPTED, PAUSED}:
        what = tm(job.message) if job.message else t("Getting ready …")
        left = t("about {time} left", time=duration(job.seconds_left)) if job.seconds_left else ""
        st.progress(job.fraction, text=" · ".join(part for part in (plain(what), left) if part))
    if job.is_final:
        _warnings(job)
    if job.error is not None:
        st.error(plain(tm(job.error)), icon=":material/error:")
    if job.note is not None:
        st.caption(f":material/hub: {plain(tm(job.note))}")
    if job.state == INTERRUPTED and job.on_cluster:
        st.info(
            t(
                "The worker on the cluster ended without finishing (its machine or the cluster "
                "went down, or somebody stopped it there). Everything it had saved is kept: press "
                "Resume to go on, on any machine of the cluster."
            )
        )
    elif job.state == INTERRUPTED:
        st.info(
            t(
                "The background process ended without finishing (the computer was restarted, or it "
                "was killed). Everything it had saved is kept: press Resume to go on."
            )
        )
    elif job.state == FAILED and _fell_short(job):
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
        _buttons(job)
        st.caption(_times(job))
        with st.popover(t("Log"), icon=":material/terminal:", type="tertiary"):
            log = jobs.log_of(session.workspace(), job.id)
            st.code(log or t("The log is empty so far."), language=None, height=320)


def _warnings(job: JobView) -> None:
    """Draw what a job warns of: while it runs below what there is to watch, which stays in view."""
    calm = [warning for warning in job.warnings if warning.template in EXPLANATIONS]
    for warning in job.warnings:
        if warning not in calm:
            st.warning(plain(tm(warning)), icon=":material/warning:")
    if calm:  # in one box: nothing is wrong
        st.info("\n\n".join(plain(tm(one)) for one in calm), icon=":material/info:")


def _place(job: JobView) -> None:
    place = jobs.place_of(session.workspace(), job.id)
    if job.on_cluster and place:
        st.caption(
            t(
                "Place {place} of what waits on the cluster: it starts by itself when there is "
                "room.",
                place=place,
            )
        )
        return
    st.caption(
        t("Place {place} in the queue: it starts by itself when its device is free.", place=place)
        if place
        else t("Its device is free any moment: it starts by itself.")
    )


def _times(job: JobView) -> str:
    if job.state == WAITING or (job.is_final and not job.seconds):  # nobody knows how long it took
        return t("Launched {at}", at=moment(job.created_at))
    values = {"at": moment(job.created_at), "time": duration(job.seconds)}
    if job.is_final:
        return t("Started {at} · took {time}", **values)
    return t("Started {at} · running for {time}", **values)


def _buttons(job: JobView) -> None:
    """Draw the buttons that the state of a job allows."""
    queued = jobs.KINDS[job.kind].queued
    if not job.is_final and queued:
        _while_it_lives(job)
    elif not job.is_final:
        safely = t("Stops at the next safe moment; the best result so far is kept.")
        _ask(job, KEEP, "stop", t("Stop"), icon=":material/stop_circle:", help=safely)
    elif job.state != FINISHED:
        if _fell_short(job) and st.button(
            t("Keep best model so far"),
            key=f"keep_best_{job.id}",
            type="primary" if job.state == FAILED else "secondary",
            icon=":material/save:",
            **only(
                START,
                help=t("Ends the run: the model that searched best until then can be compared."),
            ),
        ):
            _close(job, keep=True)
        kind: ButtonKind = "primary" if job.state in {INTERRUPTED, PAUSED} else "secondary"
        if st.button(
            t("Resume"),
            key=f"resume_{job.id}",
            type=kind,
            icon=":material/play_circle:",
            **only(START),
        ):
            with errors_shown():
                keys = keys_for_worker(agreed_connections(job))
                jobs.resume(session.workspace(), job.id, keys)
                st.rerun(scope="app")
        if queued and job.state in {PAUSED, INTERRUPTED, FAILED}:
            _give_up(job)


def _while_it_lives(job: JobView) -> None:
    """Pause and cancel; a stronger request can follow a weaker one, not the other way round."""
    _ask(
        job,
        PAUSE,
        "pause",
        t("Pause"),
        icon=":material/pause_circle:",
        help=t("Leaves the queue; Resume joins it again at its end.")
        if job.state == WAITING
        else t("Saves where it is and frees the device; Resume goes on exactly there."),
    )
    with st.popover(
        t("Cancel"),
        key=f"choice_{job.id}_{job.stop_requested}",  # another one after the choice: it closes
        icon=":material/stop_circle:",
        disabled=job.stop_requested == DISCARD,
    ):
        for request, label, kind in (
            (KEEP, t("Stop and keep the best so far"), "primary"),
            (DISCARD, t("Stop and discard everything"), "secondary"),
        ):
            gone = job.stop_requested in {request, DISCARD}
            _ask(job, request, request, label, type=kind, disabled=gone, width="stretch")
        st.caption(
            t(
                "Kept: the model that searched best until now. Discarded: model, saved states, "
                "result."
            )
        )


def _ask(job: JobView, request: str, key: str, label: str, **options: Any) -> None:
    """Draw a button that asks the worker to stop in one of the ways there are."""
    disabled = options.pop("disabled", job.stop_requested is not None)
    permit = only(START, disabled=disabled, help=options.pop("help", None))
    if st.button(label, key=f"{key}_{job.id}", **options, **permit):
        with errors_shown():
            jobs.stop(session.workspace(), job.id, request)
            redraw()


def redraw() -> None:
    """Draw the fragment again, or the page where the fragment was drawn as a part of it."""
    try:
        st.rerun(scope="fragment")
    except StreamlitAPIException:
        st.rerun()


def _give_up(job: JobView) -> None:
    """Give up what is saved of a job that no worker is busy with."""
    with st.popover(t("Give up"), key=f"close_{job.id}", icon=":material/delete:"):
        choices = [(False, t("Discard everything"))]
        if job.state == PAUSED:
            choices.insert(0, (True, t("Keep the best so far")))
        for keep, label in choices:
            if st.button(label, key=f"close_{keep}_{job.id}", width="stretch", **only(START)):
                _close(job, keep=keep)
        st.caption(t("What is discarded cannot be brought back."))


def _close(job: JobView, *, keep: bool) -> None:
    with errors_shown():
        jobs.close(session.workspace(), job.id, keep=keep)
        st.rerun(scope="app")


def _fell_short(job: JobView) -> bool:
    """Return True for a run that broke off after it had found something worth keeping."""
    broke_off = job.state in {FAILED, INTERRUPTED}
    return broke_off and job.keepable and job.kind == jobs.TUNE
