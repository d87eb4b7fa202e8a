"""The queue: which run computes, which ones wait, their order. The same in every browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.journey import jobs
from core.journey.jobs import ALIVE, DOWN, FIRST, KEEP, PENDING, UP, ClusterView, QueuedJob
from core.journey.projects import Project
from core.messages import N_
from core.types.rights import ADMINISTRATOR, START
from pages.parts import session
from pages.parts.deep_links import RUN
from pages.parts.errors import errors_shown, guarded
from pages.parts.job_card import redraw
from pages.parts.model_titles import model_title
from pages.parts.page import Context, action_bar
from pages.parts.rights import only
from pages.parts.translate import duration, plain, t, tm

_MOVES = (
    (FIRST, ":material/vertical_align_top:", N_("To the front of the queue")),
    (UP, ":material/arrow_upward:", N_("One place forward")),
    (DOWN, ":material/arrow_downward:", N_("One place back")),
)


def queue_panel(context: Context, shown: str | None) -> None:
    """Draw the queue where there is more to see than the run that the page shows anyway.

    Parameters
    ----------
    shown : str or None
        Id of the run whose card is on the page.
    """
    seen = _signature(jobs.queue_of(context.workspace))

    @st.fragment(run_every="2s" if seen else "5s")
    @guarded
    def follow() -> None:
        queue = jobs.queue_of(session.workspace())
        if _signature(queue) != seen:
            st.rerun()  # a run came, started or ended: the whole page has something new to say
        cluster = jobs.cluster_now()
        if cluster is not None and cluster.problem is not None:
            st.warning(plain(tm(cluster.problem)), icon=":material/cloud_off:")
        if any(one.place or one.job.id != shown for one in queue):
            with st.container(border=True, key="queue"):
                _draw(context, queue, shown)
        elif cluster is not None and cluster.problem is None:
            st.caption(_cluster_words(cluster))

    follow()


def start_button(
    context: Context, device: str, *, first: bool, going_on: int, fits: bool = True
) -> bool:
    """Draw the button that launches a run, or puts it into the queue; return True when pressed.

    Parameters
    ----------
    device : str
        As in the settings of the run.
    first : bool
        Whether starting it is the page's next action.
    going_on : int
        Runs of this project that start, wait or compute.
    fits : bool
        Whether the run can fit on this machine.
    """
    queue = jobs.queue_of(context.workspace)
    mine = (one for one in queue if one.job.kind == jobs.TUNE)
    known = sum(one.job.project_id == context.project.id for one in mine)
    place = queue_note(context, device, max(0, going_on - known))
    label = t("Add to the queue") if place else t("Start tuning")
    icon = ":material/playlist_add:" if place else ":material/rocket_launch:"
    permit = only(START, disabled=not fits)
    if first:
        return action_bar(label, key="start_tuning", icon=icon, **permit)
    return st.button(label, key="start_tuning", icon=icon, **permit)


def queue_note(context: Context, device: str, starting: int = 0) -> int:
    """Say before a launch that it would have to wait; return its place, 0 = it starts at once.

    Parameters
    ----------
    device, starting
        See :func:`core.journey.jobs.next_place`.
    """
    place = jobs.next_place(context.workspace, device, starting)
    if place:
        st.info(
            t(
                "The cluster has no room for it now. This run waits there at place {place} and "
                "starts by itself.",
                place=place,
            )
            if jobs.cluster_now() is not None
            else t(
                "Another run computes on this device. This one joins the queue at place {place} "
                "and starts by itself.",
                place=place,
            ),
            icon=":material/schedule:",
        )
    return place


def _signature(queue: tuple[QueuedJob, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((one.job.id, one.place) for one in queue)


def _draw(context: Context, queue: tuple[QueuedJob, ...], shown: str | None) -> None:
    known = context.workspace.projects()
    waiting = [one for one in queue if one.place and not one.job.on_cluster]
    st.markdown(f"##### {t('Queue')}")
    cluster = jobs.cluster_now()
    if cluster is not None and cluster.problem is None:
        st.caption(_cluster_words(cluster))
    if cluster is None or any(not one.job.on_cluster for one in queue):
        st.caption(
            t(
                "One run at a time computes on a device, so that none slows down another. The next "
                "one starts by itself, also when this page is closed."
            )
        )
    for one in queue:
        with st.container(horizontal=True, vertical_alignment="center", key=f"queue_{one.job.id}"):
            st.markdown(_words(one, here=one.job.id == shown), width="stretch")
            theirs = next((p for p in known if p.id == one.job.project_id), None)
            if one.place and (theirs or context.project.role == ADMINISTRATOR):
                if not one.job.on_cluster:  # a cluster keeps its own order
                    _moves(one, len(waiting), theirs or context.project)
                _leave(one, theirs or context.project)
            if one.job.project_id == context.project.id and one.job.id != shown:
                _look(one)


def _cluster_words(cluster: ClusterView) -> str:
    """Say what the cluster has, and how much of it is free."""
    nodes = cluster.nodes
    values = {
        "machines": len(nodes),
        "cores": round(sum(node.cpus for node in nodes)),
        "free_cores": round(sum(node.cpus - node.cpus_taken for node in nodes)),
        "computing": cluster.count(ALIVE),
        "waiting": cluster.count(PENDING),
    }
    cards = sum(node.cards for node in nodes)
    if not cards:
        return t(
            "Cluster: computing {computing}, waiting {waiting}. Free: {free_cores} of {cores} "
            "cores; machines: {machines}. What waits starts by itself, in the order in which it "
            "came.",
            **values,
        )
    return t(
        "Cluster: computing {computing}, waiting {waiting}. Free: {free_cores} of {cores} cores, "
        "{free_cards} of {cards} graphics cards; machines: {machines}. What waits starts by "
        "itself, in the order in which it came.",
        cards=round(cards),
        free_cards=round(cards - sum(node.cards_taken for node in nodes)),
        **values,
    )


def _words(one: QueuedJob, *, here: bool) -> str:
    job, settings = one.job, jobs.settings_of_job(one.job)
    text = jobs.KINDS[job.kind].with_model
    title = t(text, model=model_title(settings.base_model) if settings else "")
    parts = [plain(title), plain(one.project)]
    if one.job.on_cluster:
        parts.append(t("on the cluster"))
    if here:
        parts.append(t("the run above"))
    elif not one.place:
        parts.append(f"{job.fraction:.0%}")
    if job.seconds_left is not None and not one.place and not here:  # its card says it
        parts.append(t("about {time} left", time=duration(job.seconds_left)))
    number = f"**{one.place}.**" if one.place else f":material/play_arrow: **{t('Now:')}**"
    return f"{number} " + " · ".join(part for part in parts if part)


def _moves(one: QueuedJob, waiting: int, project: Project) -> None:
    for to, icon, title in _MOVES:
        useless = one.place == (waiting if to == DOWN else 1)
        if st.button(
            "",
            key=f"{to}_{one.job.id}",
            icon=icon,
            type="tertiary",
            **only(START, help=t(title), disabled=useless or waiting == 1, project=project),
        ):
            _do(partial(jobs.move, session.workspace(), one.job.id, to))


def _leave(one: QueuedJob, project: Project) -> None:
    if st.button(
        "",
        key=f"leave_{one.job.id}",
        icon=":material/close:",
        type="tertiary",
        **only(
            START,
            help=t("Cancel this run: it leaves the queue. What it learned before stays."),
            disabled=one.job.stop_requested is not None,
            project=project,
        ),
    ):
        _do(lambda: jobs.stop(session.workspace(), one.job.id, KEEP))


def _do(action: Callable[[], None]) -> None:
    with errors_shown():
        action()
        redraw()


def _look(one: QueuedJob) -> None:
    if st.button(t("Show"), key=f"show_{one.job.id}", type="tertiary"):
        st.query_params[RUN] = one.job.id
        st.rerun(scope="app")
