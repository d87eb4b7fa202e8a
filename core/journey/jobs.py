"""Background jobs of a project: their kinds, launch, follow, stop, resume, queue and devices."""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from core.documents import from_json, to_json
from core.errors import AppError, JobError, WorkspaceError
from core.jobs import launch as jobs
from core.jobs.folder import (
    DISCARD as DISCARD,
    KEEP as KEEP,
    ONE_PLACE,
    PAUSE as PAUSE,
    SUBMISSION_VARIABLE,
    WHOLE_NODE,
    JobRequest,
    RunFolder,
    device_told as device_told,
)
from core.jobs.queue import DOWN as DOWN, FIRST as FIRST, UP as UP, Need, Queue
from core.jobs.ray_cluster import ClusterJob, ClusterView as ClusterView, RayCluster
from core.jobs.state import (
    ALIVE as ALIVE,
    CANCELLED as CANCELLED,
    FAILED as FAILED,
    FINISHED as FINISHED,
    INTERRUPTED as INTERRUPTED,
    PAUSED as PAUSED,
    PENDING as PENDING,
    RUNNING as RUNNING,
    STATE_TITLES as STATE_TITLES,
    WAITING as WAITING,
    JobView as JobView,
)
from core.messages import N_, Message
from core.progress import Reporter
from core.types import CompareRequest
from core.types.exporting import (
    ExportRequest,
    ExportResult,
    SmallFormsRequest,
    SmallFormsResult,
)
from core.types.model_registry import ChallengeRequest
from core.types.rights import SEE, START
from core.types.scoring import ScoreRequest, ScoringResult
from core.types.tuning import (
    CrossFitRequest,
    CrossFitResult,
    DataCurveRequest,
    ExperimentResult,
    ImproveRequest,
    ImproveResult,
    RaceRequest,
    TuneRequest,
    TuningResult,
)
from core.types.tuning_config import ALL_CARDS, TuningConfig
from core.types.watch_looks import WatchLook, WatchRequest
from core.types.written import WriteRequest, WriteResult
from core.workspace.records import RunRecord, now
from core.workspace.workspace import Project, Workspace, asks


@dataclass(frozen=True)
class JobKind:
    """One kind of background job: all that worker, queue, pages and report know of it.

    Attributes
    ----------
    key : str
        Name in requests and run ids.
    title : str
        What people call such a job.
    step : str
        ``module:function`` that does it; imported by the worker alone.
    queued : bool
        Whether such jobs wait for their device, one at a time. Scoring, comparing and exporting
        take minutes and are what a person waits for on the page: they do not stand in line behind
        hours of tuning. A probe lies outside the runs and waits for nothing.
    cluster : bool
        Whether such jobs go to the cluster where there is one: those that compute for long, and
        what follows them there by itself.
    page, view : str
        Page that shows such a job, and which of its views; "" = the page's first one.
    with_model : str
        Title in the queue, with the field ``{model}``.
    done : str
        What the report says that it did.
    request, result : type
        Frozen dataclasses of :mod:`core.types`: what is asked (stored as ``config`` of the request)
        and what comes out (``result.json``).
    """

    key: str
    title: str
    step: str
    queued: bool
    page: str
    view: str = ""
    with_model: str = N_("Computing with {model}")
    done: str = ""
    request: type[Any] | None = None
    result: type[Any] | None = None
    cluster: bool = False

    def do(
        self, folder: RunFolder, request: Mapping[str, Any], report: Reporter
    ) -> Mapping[str, Any]:
        """Do such a job in this process; see :data:`core.jobs.worker.Step`."""
        module, _, function = self.step.partition(":")
        step = getattr(import_module(module), function)
        asked = from_json(self.request, JobRequest.of(request).config) if self.request else request
        result = step(folder, asked, report)
        return to_json(result) if is_dataclass(result) else result


SCORE, TUNE, COMPARE = "score", "tune", "compare"
RACE, DATA_CURVE, CROSS_FIT = "race", "curve", "cross_fit"
PROBE, EXPORT, WRITE = "probe", "export", "write"
IMPROVE, WATCH = "improve", "watch"
CHALLENGE, SMALLER = "challenge", "smaller"

KINDS: Mapping[str, JobKind] = {
    kind.key: kind
    for kind in (
        JobKind(
            SCORE,
            N_("scoring"),
            "core.journey.experts:score_step",
            queued=False,
            page="experts",
            done=N_("Experts scored"),
            request=ScoreRequest,
            result=ScoringResult,
            cluster=True,
        ),
        JobKind(
            TUNE,
            N_("tuning"),
            "core.journey.tune:tune_step",
            queued=True,
            page="tune",
            with_model=N_("Tuning {model}"),
            done=N_("The model was tuned"),
            request=TuneRequest,
            result=TuningResult,
            cluster=True,
        ),
        JobKind(
            COMPARE,
            N_("comparison"),
            "core.journey.compare:compare_step",
            queued=False,
            page="compare",
            done=N_("Before and after were compared"),
            request=CompareRequest,
            cluster=True,
        ),
        JobKind(
            RACE,
            N_("race"),
            "core.journey.experiments:race_step",
            queued=True,
            page="tune",
            view="race",
            with_model=N_("Race with {model}"),
            done=N_("Settings raced against each other"),
            request=RaceRequest,
            result=ExperimentResult,
            cluster=True,
        ),
        JobKind(
            DATA_CURVE,
            N_("amount of data"),
            "core.journey.experiments:curve_step",
            queued=True,
            page="tune",
            view="data",
            with_model=N_("Learning curve of {model}"),
            done=N_("Learning was measured with less data"),
            request=DataCurveRequest,
            result=ExperimentResult,
            cluster=True,
        ),
        JobKind(
            CROSS_FIT,
            N_("cross-fitted verdict"),
            "core.journey.cross_fit:cross_fit_step",
            queued=True,
            page="tune",
            view="verdict",
            with_model=N_("Cross-fitted verdict on {model}"),
            done=N_("Every question was tested by a model that had not seen it"),
            request=CrossFitRequest,
            result=CrossFitResult,
            cluster=True,
        ),
        JobKind(
            PROBE,
            N_("measuring the speed"),
            "core.journey.tune:probe_step",
            queued=False,
            page="tune",
            done=N_("The speed was measured"),
            request=TuneRequest,
        ),
        JobKind(
            EXPORT,
            N_("ONNX export"),
            "core.journey.delivery:export_step",
            queued=False,
            page="report",
            done=N_("The model was exported"),
            request=ExportRequest,
            result=ExportResult,
        ),
        JobKind(
            WRITE,
            N_("writing questions"),
            "core.journey.writing:write_step",
            queued=False,
            page="data",
            done=N_("Questions were written from the answers"),
            request=WriteRequest,
            result=WriteResult,
        ),
        JobKind(
            IMPROVE,
            N_("improving the search"),
            "core.journey.improve:improve_step",
            # It holds the device from the first expert to the verdict: its parts do not wait again.
            queued=True,
            page="home",
            with_model=N_("Improving the search with {model}"),
            done=N_("Experts, labels, tuning and comparison were done in one go"),
            request=ImproveRequest,
            result=ImproveResult,
            cluster=True,
        ),
        JobKind(
            CHALLENGE,
            N_("comparison with the champion"),
            "core.journey.pilot.challenging:challenge_step",
            queued=False,
            page="pilot",
            view="versions",
            done=N_("Challenger and champion were compared"),
            request=ChallengeRequest,
            cluster=True,
        ),
        JobKind(
            SMALLER,
            N_("smaller forms"),
            "core.journey.pilot.rollout:smaller_step",
            queued=False,
            page="pilot",
            view="rollout",
            done=N_("Smaller forms of the model were made and measured"),
            request=SmallFormsRequest,
            result=SmallFormsResult,
            cluster=True,
        ),
        JobKind(
            WATCH,
            N_("looking at the pilot"),
            "core.journey.pilot.watching:watch_step",
            queued=False,
            page="pilot",
            view="watch",
            done=N_("Whether the model still fits was looked at"),
            request=WatchRequest,
            result=WatchLook,
        ),
    )
}


def new_run_id(kind: str) -> str:
    """Return an id that sorts by time and says what it is: ``tune-20261123-1405-3f9a``."""
    return f"{kind}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


# Makes a run folder and has its job done: from the folder's root, its request, and what the
# worker's environment holds besides this one's.
Start = Callable[[Path, Mapping[str, Any], Mapping[str, str] | None], RunFolder]
IN_BACKGROUND: Start = jobs.launch


@asks(START)
def launch_job(
    project: Project,
    kind: str,
    config: object,
    who: str,
    environment: Mapping[str, str] | None = None,
    start: Start = IN_BACKGROUND,
) -> str:
    """Write the request of a job, register it and start its worker.

    Parameters
    ----------
    config : object
        What is asked: the kind's request.
    environment : mapping or None
        Secrets for the worker's environment; written nowhere.
    start : callable
        In a process of its own, or as :func:`core.journey.steps.in_this_process` does it.

    Returns
    -------
    str
        Run id.

    Raises
    ------
    JobError
        If the run folder cannot be written or the worker cannot be started.
    """
    run_id = new_run_id(kind)
    asked = {"kind": kind, "config": to_json(config) if is_dataclass(config) else config}
    request = {
        **asked,
        "cluster": _cluster_place(asked),
        "project_id": project.id,
        "who": who,
        "created_at": now(),
    }
    project.workspace.records.add_run(RunRecord(run_id, project.id, kind, now()))
    project.note(f"{kind} started", who, {"run": run_id})
    start(project.workspace.run_folder(run_id), request, environment)
    return run_id


def _cluster_place(request: Mapping[str, Any]) -> str:
    """Return what a job may take of a cluster; see :class:`core.jobs.folder.JobRequest`."""
    asked = JobRequest.of(request)
    if not KINDS[asked.kind].cluster:
        return ""
    return WHOLE_NODE if _computes_together(asked) else ONE_PLACE


def job(workspace: Workspace, run_id: str) -> JobView:
    """Return what a page shows of a job; raises WorkspaceError if its folder is gone.

    A job whose folder is damaged is a failed one that says so.
    """
    folder, kind = RunFolder(workspace.run_folder(run_id)), run_id.rsplit("-", 3)[0]
    try:
        view = jobs.follow(folder)
    except WorkspaceError:
        if not folder.root.is_dir():
            raise
        return _damaged(run_id, kind)
    return view if view.kind in KINDS or kind not in KINDS else _damaged(run_id, kind)


def jobs_of(project: Project, kind: str | None = None) -> list[JobView]:
    """Return the jobs of a project, newest first.

    Jobs whose folder is gone are left out; one whose folder is damaged is a failed job that says
    so, and takes no other with it.
    """
    views = []
    for record in project.workspace.records.runs(project.id, kind):
        try:
            view = job(project.workspace, record.id)
        except WorkspaceError:
            continue  # the run folder was deleted by hand: there is nothing left to show
        if not view.project_id:  # damaged: shown with the present data, where somebody looks
            about = {"dataset_id": project.dataset_id}
            view = replace(view, project_id=project.id, created_at=record.at, config=about)
        views.append(view)
    return views


_DAMAGED = N_(
    "The run {run} is damaged: its file {file} does not say what was to be done. What it made "
    "cannot be shown; start the job again."
)


def _damaged(run_id: str, kind: str) -> JobView:
    error = Message(_DAMAGED, {"run": run_id, "file": "request.json"})
    at = _launched_at(run_id)
    return JobView(
        id=run_id, kind=kind, project_id="", state=jobs.FAILED, error=error, created_at=at
    )


def _launched_at(run_id: str) -> str:
    """Return the time that an id names, see :func:`new_run_id`; empty where it names none."""
    try:
        at = datetime.strptime("-".join(run_id.rsplit("-", 3)[1:3]), "%Y%m%d-%H%M%S")
    except ValueError:
        return ""
    return at.replace(tzinfo=UTC).isoformat()


@asks(START)
def stop(workspace: Workspace, run_id: str, how: str = KEEP) -> None:
    """Ask a job to end; see :func:`core.jobs.launch.request_stop` for how."""
    jobs.request_stop(RunFolder(workspace.run_folder(run_id)), how)


@asks(START)
def close(workspace: Workspace, run_id: str, *, keep: bool) -> None:
    """End a paused, interrupted or failed job for good; see :func:`core.jobs.launch.close`."""
    jobs.close(RunFolder(workspace.run_folder(run_id)), keep=keep)


@asks(START)
def resume(workspace: Workspace, run_id: str, environment: Mapping[str, str] | None = None) -> None:
    """Start a job again where it left off; raises JobError if it is still running."""
    jobs.resume(RunFolder(workspace.run_folder(run_id)), environment)


@asks(SEE)
def log_of(workspace: Workspace, run_id: str) -> str:
    """Return the end of a job's log."""
    return jobs.log_tail(RunFolder(workspace.run_folder(run_id)))


def request_of(source: JobView | RunFolder) -> Any:
    """Return what a job was asked, as its kind's request; raises WorkspaceError if damaged."""
    asked = source.job() if isinstance(source, RunFolder) else source
    typed = _kind_of(asked).request
    return from_json(typed, asked.config) if typed else asked.config


def _kind_of(asked: JobView | JobRequest) -> JobKind:
    """Return the kind of a job; raises WorkspaceError where its request does not say it."""
    if not isinstance(asked.kind, str) or asked.kind not in KINDS:
        raise WorkspaceError(
            "The request of this job is damaged: it names the kind {kind}. Known kinds: {known}.",
            kind=str(asked.kind)[:40] or "–",
            known=", ".join(KINDS),
        )
    if not isinstance(asked.config, Mapping):
        raise WorkspaceError("The request of this job is damaged: it does not say what is asked.")
    return KINDS[asked.kind]


def settings_of_job(view: JobView) -> TuningConfig | None:
    """Return the settings of a job that tunes; None where it does not, or they are damaged."""
    try:
        return getattr(request_of(view), "tuning", None)
    except (AppError, KeyError):
        return None


def outcome_of(folder: RunFolder) -> Any:
    """Return what came out of a finished job, as its kind's result; WorkspaceError if damaged."""
    typed = _kind_of(folder.job()).result
    return from_json(typed, folder.read_result()) if typed else folder.read_result()


def project_of(folder: RunFolder) -> Project:
    """Return the project that a run belongs to; raises WorkspaceError if it is gone."""
    return workspace_of(folder).project(folder.job().project_id)


def result_of(workspace: Workspace, run_id: str) -> dict[str, Any]:
    """Return the result of a finished job; raises WorkspaceError if it is missing."""
    return RunFolder(workspace.run_folder(run_id)).read_result()


def workspace_of(folder: RunFolder) -> Workspace:
    """Open the workspace that a run folder (``<workspace>/runs/<id>``) lies in."""
    return Workspace.open(folder.root.resolve().parents[1])


@dataclass(frozen=True)
class QueuedJob:
    """One job of the queue.

    Attributes
    ----------
    job : JobView
    project : str
        Name of its project, "" where that is gone.
    place : int
        1 = the next to start; 0 = it computes now.
    slots : tuple of str
        Devices that it computes on, or could take; () on a cluster, which knows that itself.
    """

    job: JobView
    project: str
    place: int
    slots: tuple[str, ...] = ()


def queue_of(workspace: Workspace) -> tuple[QueuedJob, ...]:
    """Return the jobs that compute, then those that wait in the order of their turns.

    Jobs of all projects: they share the devices. Those of a cluster follow those of this machine;
    they have places of their own, among all that wait there.
    """
    names = {project.id: project.name for project in workspace.projects()}
    queued: list[QueuedJob] = []
    place = 0
    line = _queue(workspace)
    for ticket in line.tickets():
        try:
            view = jobs.follow(line.run_of(ticket))
        except AppError:
            continue  # its folder was deleted a moment ago: its worker is about to notice
        place += ticket.waits
        project, number = names.get(view.project_id, ""), place if ticket.waits else 0
        slots = ticket.taken or ticket.slots
        queued.append(QueuedJob(view, project, number, slots))
    known = {one.job.id for one in queued}
    for number, one in _places_on_cluster(workspace):
        try:
            view = jobs.follow(RunFolder(workspace.run_folder(one.run)))
        except AppError:
            continue
        if not view.is_final and view.id not in known:
            queued.append(QueuedJob(view, names.get(view.project_id, ""), number))
    return tuple(queued)


def _places_on_cluster(workspace: Workspace) -> list[tuple[int, ClusterJob]]:
    """Return the jobs of a workspace on the cluster with their places, 0 = it computes."""
    view = cluster_now()
    return view.places_of(workspace.layout.root) if view else []


def place_of(workspace: Workspace, run_id: str) -> int | None:
    """Return the place of a waiting job, 1 = the next; None where it does not wait (yet)."""
    waiting = [ticket.run for ticket in _queue(workspace).tickets() if ticket.waits]
    if run_id in waiting:
        return waiting.index(run_id) + 1
    there = (place for place, one in _places_on_cluster(workspace) if one.run == run_id and place)
    return next(there, None)


def cluster_now() -> ClusterView | None:
    """Return what the cluster of this server said last; None where there is none."""
    cluster = RayCluster.named()
    return cluster.look() if cluster else None


def cluster_devices() -> tuple[str, ...]:
    """Return the devices that settings may name on the cluster; () where there is none."""
    view = cluster_now()
    if view is None:
        return ()
    most = max((node.cards for node in view.nodes), default=0)
    cards = (["cuda"] if most >= 1 else []) + ([ALL_CARDS] if most > 1 else [])
    return ("auto", *cards, "cpu")


def next_place(workspace: Workspace, device: str, starting: int = 0) -> int:
    """Return the place that a job launched now would get; 0 where it would start at once.

    Parameters
    ----------
    device : str
        As in the settings of a run, see :func:`slots_for`.
    starting : int
        Jobs that were launched but are not in the queue yet.
    """
    cluster = RayCluster.named()
    if cluster is not None:
        return _next_place_there(workspace, cluster, device, starting)
    tickets, allowed = _queue(workspace).tickets(), set(slots_for(device))
    claimed = {slot for t in tickets for slot in (t.slots if t.waits else t.taken)}
    if allowed - claimed and not starting:
        return 0
    return sum(ticket.waits for ticket in tickets) + starting + 1


def _next_place_there(workspace: Workspace, cluster: RayCluster, device: str, starting: int) -> int:
    """Return the place on a cluster; 0 also where nobody can tell, because it does not answer."""
    view = cluster.look()
    if view.problem is not None or not view.nodes:
        return 0
    try:
        together = device == ALL_CARDS
        need = view.need_of(device, whole_node=together, cpus=cluster.settings.cpus)
    except JobError:
        return 0  # the launch says what is wrong
    waiting = view.count(PENDING) + starting
    return 0 if not waiting and any(n.has_room_for(need) for n in view.nodes) else waiting + 1


@asks(START)
def move(workspace: Workspace, run_id: str, to: str) -> None:
    """Give a waiting job another place: ``first``, ``up`` or ``down``."""
    _queue(workspace).move(run_id, to)


def _queue(workspace: Workspace) -> Queue:
    return Queue(workspace.layout.queue, workspace.layout.runs)


def need_of(request: Mapping[str, Any]) -> Need | None:
    """Return what a job needs to start; None for the kinds that wait for nothing.

    Raises
    ------
    TuningError
        If its settings name a device that is not on this machine.
    """
    from core.tuning.device import check_device

    asked = JobRequest.of(request)
    kind = KINDS.get(asked.kind)
    if kind is None or not kind.queued:
        return None
    if os.environ.get(SUBMISSION_VARIABLE):  # the cluster has given this worker its place
        return None
    check_device(asked.device)
    return Need(slots_for(asked.device), cards_together(request), environment=_pinned)


def cards_together(request: Mapping[str, Any]) -> int:
    """Return how many graphics cards a job computes on at once; 1 also where there is none."""
    together = _computes_together(JobRequest.of(request))
    return len(slots_for(ALL_CARDS)) if together else 1


def _computes_together(asked: JobRequest) -> bool:
    """Return True for a job that computes on all graphics cards of a machine at once."""
    return asked.kind == TUNE and asked.device == ALL_CARDS


def slots_for(device: str) -> tuple[str, ...]:
    """Return the devices of this machine that a setting allows, found without importing torch.

    Parameters
    ----------
    device : str
        ``auto``, ``cuda``, ``cuda:N``, ``cuda_all``, ``mps`` or ``cpu``.

    Returns
    -------
    tuple of str
        A graphics card by its UUID, which is its own in the whole world; another device with the
        name of the machine, because machines of a cluster may share one workspace.
    """
    from core.tuning.device import graphics_cards

    kind, _, number = device.partition(":")
    if kind in {"auto", "cuda", ALL_CARDS}:
        cards = graphics_cards()
        if number and cards:
            return cards[int(number) :][:1] or (f"{device}@{platform.node()}",)  # not here
        if cards:
            return cards
    if kind == "auto":
        apple = platform.system() == "Darwin" and platform.machine() == "arm64"
        kind = "mps" if apple else "cpu"
    return (f"{kind}@{platform.node()}",)


def pinned_to(device: str) -> Mapping[str, str]:
    """Return what the environment of a process has to say that is to use one numbered card."""
    return _pinned(slots_for(device)) if ":" in device else {}


def _pinned(slots: Sequence[str]) -> Mapping[str, str]:
    """Let the worker see only its own cards, so that none of its libraries takes another one."""
    cards = [slot for slot in slots if "@" not in slot]
    return {"CUDA_VISIBLE_DEVICES": ",".join(cards)} if cards else {}
