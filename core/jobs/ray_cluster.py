"""A Ray cluster as the place where jobs are done, through the REST interface of Ray Jobs.

The run folder lies on storage that this machine and all machines of the cluster see under the
same path, so a job is a command and nothing is uploaded. Ray knows of a job whether it waits,
computes or has ended; everything else is said by its folder. Ray forgets its jobs when the cluster
ends and repeats none: that is what Resume is for, each time under a new name, since Ray's names are
unique.

Plain HTTP with short time limits instead of Ray's client, which has none: a page must stay quick
when a cluster does not answer, and the app's machine needs no Ray. Nothing secret is handed over:
Ray writes the environment of a job into its logs.
"""

from __future__ import annotations

import logging
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import JobError, first_line
from core.jobs.folder import (
    SUBMISSION_VARIABLE,
    WHOLE_NODE,
    JobRequest,
    RunFolder,
    append_event,
    read_events,
)
from core.jobs.launchers import REPOSITORY, Launcher, Sign, ThisMachine, worker_command
from core.jobs.state import ALIVE, ENDED, PENDING
from core.messages import N_, Message
from core.workspace.database import without_password

if TYPE_CHECKING:
    import httpx2

ADDRESS_VARIABLE = "RAY_JOBS_ADDRESS"
CPUS_VARIABLE = "RAY_JOBS_CPUS"
MOST_VARIABLE = "RAY_JOBS_MOST"
PYTHON_VARIABLE = "RAY_JOBS_PYTHON"
CODE_VARIABLE = "RAY_JOBS_CODE"
TOKEN_VARIABLE, TOKEN_FILE_VARIABLE = "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
_HANDED_ON = (ADDRESS_VARIABLE, CPUS_VARIABLE, MOST_VARIABLE, PYTHON_VARIABLE, CODE_VARIABLE)

_CONNECT_SECONDS, _READ_SECONDS, _SUBMIT_SECONDS = 1.0, 3.0, 30.0
_FRESH_SECONDS = 2.0  # what a cluster said is passed on for so long without asking again
_QUIET_SECONDS = 10.0  # a cluster that did not answer is not asked again before
_TRUSTED_SECONDS = 20.0  # for so long what it said before still counts
_SUBMITTING_SECONDS = 30.0  # a job that a cluster does not know yet may be on its way there
_WORDS = {"PENDING": PENDING, "RUNNING": ALIVE}  # every other status of Ray is an end

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClusterSettings:
    """How jobs are handed to a cluster, as the environment of the server says.

    Attributes
    ----------
    address : str
        ``http://HEAD:8265``, the address of Ray's dashboard.
    cpus : int
        Processor cores that a job takes, fewer where no machine has as many.
    most : int
        Most jobs that compute or wait there at once: each costs memory on the head.
    python, code : str
        Interpreter, and folder of this program, on the machines of the cluster.
    """

    address: str
    cpus: int = 4
    most: int = 200
    python: str = sys.executable
    code: str = str(REPOSITORY)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> ClusterSettings | None:
        """Return what an environment says, None where it names no cluster.

        Raises
        ------
        JobError
            If a number is none.
        """
        address = environment.get(ADDRESS_VARIABLE, "").strip().rstrip("/")
        if not address:
            return None
        if "://" not in address:
            address = f"http://{address}"
        return cls(
            address,
            _number(environment, CPUS_VARIABLE, cls.cpus),
            _number(environment, MOST_VARIABLE, cls.most),
            environment.get(PYTHON_VARIABLE, "").strip() or sys.executable,
            environment.get(CODE_VARIABLE, "").strip() or str(REPOSITORY),
        )


def _number(environment: Mapping[str, str], name: str, usual: int) -> int:
    text = environment.get(name, "").strip()
    if not text:
        return usual
    if not text.isdigit() or int(text) < 1:
        raise JobError(
            "The environment variable {name} says {text}; a whole number from 1 on is needed. "
            "Correct it or leave it out ({usual} counts then), and start the app again.",
            name=name,
            text=text,
            usual=usual,
        )
    return int(text)


def _token(environment: Mapping[str, str]) -> str:
    """Return the token of the cluster: the variable's, else that of the file it names."""
    token = environment.get(TOKEN_VARIABLE, "").strip()
    named = environment.get(TOKEN_FILE_VARIABLE, "").strip()
    if token or not named:
        return token
    try:
        return Path(named).expanduser().read_text().strip()
    except OSError as error:
        log.warning("the token file %s cannot be read: %s", named, error)
        return ""


@dataclass(frozen=True)
class ClusterNode:
    """One machine of a cluster: what it has, and what of that is given to somebody now."""

    cpus: float = 0.0
    cards: float = 0.0
    cpus_taken: float = 0.0
    cards_taken: float = 0.0

    def has_room_for(self, need: ClusterNeed) -> bool:
        """Return True if a job with this need could start here now."""
        free = self.cpus - self.cpus_taken, self.cards - self.cards_taken
        return need.cpus <= free[0] and need.cards <= free[1]


@dataclass(frozen=True)
class ClusterNeed:
    """What a job takes of one machine."""

    cpus: int
    cards: int = 0


@dataclass(frozen=True)
class ClusterJob:
    """A job that the cluster knows.

    Attributes
    ----------
    word : str
        ``PENDING``, ``ALIVE`` or ``ENDED`` of :mod:`core.jobs.state`.
    message : str
        What Ray says about it.
    workspace, run : str
        Whose it is; empty for jobs of other programs.
    submitted : int
        Milliseconds since 1970.
    """

    submission: str
    word: str
    message: str = ""
    workspace: str = ""
    run: str = ""
    submitted: int = 0


@dataclass(frozen=True)
class ClusterView:
    """What a cluster said when it was last asked.

    Attributes
    ----------
    problem : Message or None
        Why it does not answer; nodes and jobs are then those of its last answer.
    """

    address: str
    nodes: tuple[ClusterNode, ...] = ()
    jobs: tuple[ClusterJob, ...] = ()
    problem: Message | None = None

    def count(self, word: str) -> int:
        """Return how many jobs of all programs there are in a state."""
        return sum(job.word == word for job in self.jobs)

    def places_of(self, root: Path) -> list[tuple[int, ClusterJob]]:
        """Return the jobs of a workspace that compute or wait, with their places.

        Returns
        -------
        list of (place, job)
            0 = it computes; else its place among all that wait, also those of other programs.
        """
        going_on = sorted(self.jobs, key=lambda job: (job.submitted, job.submission))
        places = [(0, job) for job in going_on if job.word == ALIVE]
        places += enumerate((job for job in going_on if job.word == PENDING), 1)
        return [(place, job) for place, job in places if job.workspace == str(root.resolve())]

    def need_of(self, device: str, *, whole_node: bool, cpus: int) -> ClusterNeed:
        """Return what a job takes of a machine of this cluster.

        Parameters
        ----------
        device : str
            As in the settings of a run: ``auto`` takes a graphics card where there are any.
        whole_node : bool
            All cards of one machine, which torchrun then joins.
        cpus : int
            Cores that a job should have.

        Raises
        ------
        JobError
            If no machine of the cluster has what is asked for.
        """
        kind = device.partition(":")[0]
        most_cards = int(max((node.cards for node in self.nodes), default=0))
        cards = 0 if kind == "cpu" else min(most_cards, 1)
        if whole_node:
            cards = most_cards
        if kind not in {"auto", "cpu"} and not (cards and kind.startswith("cuda")):
            raise JobError(
                "The cluster at {address} has no {device} device: its largest machine has {cards} "
                "graphics cards. Set the device to auto.",
                address=self.address,
                device=device,
                cards=most_cards,
            )
        able = [node.cpus for node in self.nodes if node.cards >= cards]
        return ClusterNeed(max(1, min(cpus, int(max(able, default=1)))), cards)


class RayCluster:
    """A cluster that is asked at most every two seconds, and answers from memory in between.

    Parameters
    ----------
    settings : ClusterSettings
    token : str
        "" for a cluster without one.
    clock : callable
        Seconds.
    """

    def __init__(
        self,
        settings: ClusterSettings,
        token: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._token, self._clock = token, clock
        self._http: httpx2.Client | None = None
        self._asking = threading.Lock()
        self._view: ClusterView | None = None
        self._asked = self._answered = -float("inf")

    @classmethod
    def named(cls) -> RayCluster | None:
        """Return the cluster that the environment names, None where it names none."""
        settings = ClusterSettings.of(os.environ)
        return _cluster(settings, _token(os.environ)) if settings else None

    def look(self) -> ClusterView:
        """Return what the cluster said; asks again where that is older than two seconds."""
        view = self._view
        if view is not None and self._clock() - self._asked < (
            _QUIET_SECONDS if view.problem else _FRESH_SECONDS
        ):
            return view
        # While one page asks, the others go on with what is known.
        if not self._asking.acquire(blocking=view is None):
            return view or ClusterView(self.settings.address)
        try:
            if self._view is view:
                self._view = self._asked_anew()
            return self._view or ClusterView(self.settings.address)
        finally:
            self._asking.release()

    def is_known(self) -> bool:
        """Return True if the cluster has answered lately."""
        return self._clock() - self._answered < _TRUSTED_SECONDS

    def submit(self, folder: RunFolder, request: JobRequest) -> None:
        """Hand the job of a run folder over, under a name of its own.

        Raises
        ------
        JobError
            If the cluster does not answer, refuses, lacks the device or has too many jobs.
        """
        submission = _new_name(folder)
        view = self.look()
        append_event(folder, "launched", submission=submission, cluster=self.settings.address)
        try:
            need = self._checked_need(view, request)
            answer = self._ask(
                "POST", "/api/jobs/", self._job(folder, request, submission, need), _SUBMIT_SECONDS
            )
        except JobError:
            append_event(folder, "refused")
            raise
        log.info("%s was handed to the cluster: %s", submission, answer)
        self.forget()

    def stop(self, submission: str) -> None:
        """Ask Ray to end a job; raises JobError where it does not answer."""
        self._ask("POST", f"/api/jobs/{submission}/stop", {}, _READ_SECONDS)
        self.forget()

    def forget(self) -> None:
        """Ask again at the next look: something has just been changed."""
        self._asked = -float("inf")

    def _checked_need(self, view: ClusterView, request: JobRequest) -> ClusterNeed:
        if view.problem is not None:
            raise JobError(view.problem.template, **view.problem.params)
        going_on = view.count(PENDING) + view.count(ALIVE)
        if going_on >= self.settings.most:
            raise JobError(
                "The cluster at {address} has {count} jobs that compute or wait, and {most} is the "
                "most that {variable} allows. Wait until one has ended, then press Resume.",
                address=self.settings.address,
                count=going_on,
                most=self.settings.most,
                variable=MOST_VARIABLE,
            )
        whole_node = request.cluster == WHOLE_NODE
        return view.need_of(request.device, whole_node=whole_node, cpus=self.settings.cpus)

    def _job(
        self, folder: RunFolder, request: JobRequest, submission: str, need: ClusterNeed
    ) -> dict[str, Any]:
        """Return the document that asks Ray for a job."""
        command = shlex.join(worker_command(folder, self.settings.python))
        log_file = shlex.quote(str(folder.log.resolve()))
        told = {name: os.environ[name] for name in _HANDED_ON if os.environ.get(name)}
        told[SUBMISSION_VARIABLE] = submission
        told["OMP_NUM_THREADS"] = str(need.cpus)
        if not need.cards:
            told["CUDA_VISIBLE_DEVICES"] = ""  # without it a job sees the cards of others
        if records := without_password(os.environ.get("DATABASE_URL", "")):
            told["DATABASE_URL"] = records
        return {
            "submission_id": submission,
            # The worker takes the shell's place, so that Ray stops and watches the worker itself.
            "entrypoint": f"cd {shlex.quote(self.settings.code)} && "
            f"exec {command} >> {log_file} 2>&1",
            "entrypoint_num_cpus": need.cpus,
            "entrypoint_num_gpus": need.cards,
            "runtime_env": {"env_vars": told},
            "metadata": {
                "workspace": str(folder.root.resolve().parents[1]),
                "run": folder.root.name,
                "kind": request.kind,
            },
        }

    def _asked_anew(self) -> ClusterView:
        try:
            jobs = self._ask("GET", "/api/jobs/")
            status = self._ask("GET", "/api/cluster_status")
            view = ClusterView(self.settings.address, _nodes(status), _jobs(jobs))
            self._answered = self._clock()
        except JobError as error:
            last = self._view or ClusterView(self.settings.address)
            view = replace(last, problem=error.message)
        self._asked = self._clock()
        return view

    def _ask(
        self,
        method: str,
        path: str,
        document: Mapping[str, Any] | None = None,
        seconds: float = _READ_SECONDS,
    ) -> Any:
        import httpx2

        address, limit = self.settings.address, httpx2.Timeout(seconds, connect=_CONNECT_SECONDS)
        try:
            if self._http is None:  # kept: to make one takes longer than to ask
                headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
                self._http = httpx2.Client(headers=headers)
            answer = self._http.request(method, f"{address}{path}", json=document, timeout=limit)
            _check(answer, address)
            return answer.json()
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise JobError(
                _SILENT, address=address, reason=first_line(error) or type(error).__name__
            ) from error


_SILENT = N_(
    "The cluster at {address} does not answer ({reason}). Nothing is lost: what computes there "
    "goes on if it can, and what was saved lies in the workspace. Ask whoever runs the cluster; "
    "once it answers, Resume goes on with what was interrupted."
)


def _check(answer: httpx2.Response, address: str) -> None:
    if answer.status_code in {401, 403}:
        raise JobError(
            "The cluster at {address} does not accept the token (status {status}). Set the "
            "environment variable {variable} of the app to the token with which Ray was started.",
            address=address,
            status=answer.status_code,
            variable=TOKEN_VARIABLE,
        )
    if answer.is_error:
        raise JobError(
            "The cluster at {address} refused (status {status}): {reason}. Look at its dashboard "
            "there; once it is in order, Resume goes on with what was interrupted.",
            address=address,
            status=answer.status_code,
            reason=_last_line(answer.text),
        )


def _last_line(text: str) -> str:
    """Return the last line of a traceback, which says what was wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "–"


def _nodes(status: Any) -> tuple[ClusterNode, ...]:
    """Return the machines from Ray's status; none where it says it in another way."""
    try:
        by_node = status["data"]["clusterStatus"]["loadMetricsReport"]["usageByNode"] or {}
        return tuple(
            ClusterNode(
                cpus=float(usage.get("CPU", (0, 0))[1]),
                cards=float(usage.get("GPU", (0, 0))[1]),
                cpus_taken=float(usage.get("CPU", (0, 0))[0]),
                cards_taken=float(usage.get("GPU", (0, 0))[0]),
            )
            for usage in by_node.values()
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        log.warning("the cluster describes its machines in an unknown way")
        return ()


def _jobs(listed: Any) -> tuple[ClusterJob, ...]:
    """Return the jobs that were submitted; drivers that people started by hand have no name."""
    return tuple(
        ClusterJob(
            submission=str(job["submission_id"]),
            word=_WORDS.get(str(job.get("status")), ENDED),
            message=str(job.get("message") or ""),
            workspace=str((job.get("metadata") or {}).get("workspace", "")),
            run=str((job.get("metadata") or {}).get("run", "")),
            submitted=int(job.get("start_time") or 0),
        )
        for job in listed
        if job.get("submission_id")
    )


def _new_name(folder: RunFolder) -> str:
    """Return the run id, with a number from the second launch on: Ray's names are unique."""
    before = sum(event["event"] == "launched" for event in read_events(folder, progress=False))
    return folder.root.name if not before else f"{folder.root.name}-{before + 1}"


@lru_cache(maxsize=4)
def _cluster(settings: ClusterSettings, token: str) -> RayCluster:
    return RayCluster(settings, token)


@dataclass(frozen=True)
class RayJobs:
    """The launcher that hands jobs to a cluster."""

    cluster: RayCluster
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def start(self, folder: RunFolder, environment: Mapping[str, str] | None = None) -> None:
        """Submit the job; ``environment`` is empty, see :func:`launcher_of`."""
        self.cluster.submit(folder, folder.job())

    def sign(self, submission: str, launched_at: str) -> Sign:
        """Return what Ray says; nothing where it has not answered for a while."""
        view = self.cluster.look()
        if not self.cluster.is_known():
            return Sign("", view.problem)
        job = next((job for job in view.jobs if job.submission == submission), None)
        if job is None:
            launched = datetime.fromisoformat(launched_at)
            if (self.now() - launched).total_seconds() < _SUBMITTING_SECONDS:
                return Sign(PENDING)
            return Sign(ENDED, Message(_UNKNOWN, {"address": view.address}))
        if job.word == ENDED:
            return Sign(ENDED, Message(_SAYS, {"reason": _last_line(job.message)}))
        return Sign(job.word)

    def withdraw(self, submission: str) -> None:
        """Ask Ray to drop a job that waits."""
        try:
            self.cluster.stop(submission)
        except JobError as error:
            # It is told again by the folder when it starts: see core.jobs.worker.
            log.warning("%s could not be withdrawn: %s", submission, error)


_UNKNOWN = N_(
    "The cluster at {address} does not know this job: it was started anew since. Everything the "
    "job had saved is kept."
)
_SAYS = N_("The cluster says: {reason}")


def launcher_of(folder: RunFolder, environment: Mapping[str, str] | None = None) -> Launcher:
    """Return where the job of a run folder is to be started.

    Parameters
    ----------
    environment : mapping or None
        Secrets that the worker needs. Such a job stays on this machine: Ray would write them into
        its logs, and what it does is to wait for an API, not to compute.
    """
    cluster = RayCluster.named()
    if cluster is None or environment or not folder.job().cluster:
        return ThisMachine()
    return RayJobs(cluster)


def sign_of(folder: RunFolder) -> Sign | None:
    """Return what the cluster says of a job that was handed to one; None for all others."""
    cluster = RayCluster.named()
    if cluster is None:
        return None
    launched = last_launch(folder)
    submission = str(launched.get("submission") or "")
    return RayJobs(cluster).sign(submission, str(launched["at"])) if submission else None


def last_launch(folder: RunFolder) -> Mapping[str, Any]:
    """Return the event of the last launch, {} where there was none."""
    events = read_events(folder, progress=False)
    return next((event for event in reversed(events) if event["event"] == "launched"), {})
