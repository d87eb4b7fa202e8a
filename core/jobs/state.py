"""What state a job is in, worked out from what can be seen of it; nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.messages import N_, Message

STARTING = "starting"  # launched; the worker has not taken the lock yet
WAITING = "waiting"  # the worker is alive and waits for its device
RUNNING = "running"
FINISHED = "finished"
FAILED = "failed"
CANCELLED = "cancelled"
PAUSED = "paused"  # the worker saved where it was and ended on request: it can be resumed
INTERRUPTED = "interrupted"  # the worker is gone and never said why: it can be resumed

FINAL = frozenset({FINISHED, FAILED, CANCELLED, PAUSED, INTERRUPTED})
STATE_TITLES: Mapping[str, str] = {
    STARTING: N_("Starting"),
    WAITING: N_("Waiting"),
    RUNNING: N_("Running"),
    FINISHED: N_("Finished"),
    FAILED: N_("Failed"),
    CANCELLED: N_("Cancelled"),
    PAUSED: N_("Paused"),
    INTERRUPTED: N_("Interrupted"),
}

# A new Python process needs a few seconds to import its libraries on a slow disk.
START_GRACE_SECONDS = 60.0
LAST_WORDS = frozenset({"finished", "failed", "cancelled", "paused"})

# What a scheduler says of a worker that it was given.
PENDING, ALIVE, ENDED = "pending", "alive", "ended"


def job_state(
    events: Sequence[Mapping[str, Any]], lock_held: bool, age: float, scheduler: str = ""
) -> str:
    """Return the state of a job.

    Parameters
    ----------
    events : sequence of events, oldest first
    lock_held : bool
        Whether a worker holds ``run.lock`` now.
    age : float in seconds
        Time since the last launch (or the last event, if that is later).
    scheduler : str
        What a cluster says of the worker: ``pending``, ``alive`` or ``ended``. It counts more than
        the lock, which not every shared file system tells to all machines, and which may outlive a
        machine that lost its power. "" = nobody is asked, or nobody answers.
    """
    last = next((e["event"] for e in reversed(events) if e["event"] in _MARKS), "launched")
    if last in LAST_WORDS:
        return str(last)
    if scheduler == ENDED or (last == "refused" and not lock_held and scheduler != ALIVE):
        return INTERRUPTED
    if scheduler == PENDING and last == "launched":
        return WAITING
    if lock_held or scheduler:
        return {"started": RUNNING, "waiting": WAITING}.get(str(last), STARTING)
    if last == "launched" and age < START_GRACE_SECONDS:
        return STARTING
    return INTERRUPTED


# "awake" is the first word of a worker: one that is gone since then does not start any more.
# "refused": the cluster did not take it.
_MARKS = LAST_WORDS | {"launched", "refused", "awake", "waiting", "started"}


@dataclass(frozen=True)
class JobView:
    """What a page shows of a job.

    Attributes
    ----------
    fraction : float in [0, 1]
    seconds_left : float or None
        None until there is enough progress to tell.
    metrics : tuple of dicts
        Every ``metric`` event, oldest first.
    error : Message or None
        Why the job failed.
    stop_requested : str or None
        What was asked of its worker: see :data:`core.jobs.folder.STOP_REQUESTS`.
    discarded : bool
        Whether all that it had made was thrown away on request.
    keepable : bool
        Whether there is something to keep although it did not come to its end.
    scheduler : str or None
        What a cluster says of its worker, see :func:`job_state`; None for a job of this machine.
    note : Message or None
        Why the cluster says so, or that it does not answer.
    """

    id: str
    kind: str
    project_id: str
    state: str
    fraction: float = 0.0
    message: Message | None = None
    seconds: float = 0.0
    seconds_left: float | None = None
    metrics: tuple[Mapping[str, float], ...] = ()
    warnings: tuple[Message, ...] = ()
    error: Message | None = None
    attempts: int = 0
    config: Mapping[str, Any] = field(default_factory=dict)
    created_at: str = ""
    stop_requested: str | None = None
    discarded: bool = False
    keepable: bool = False
    scheduler: str | None = None
    note: Message | None = None

    @property
    def on_cluster(self) -> bool:
        """Whether it was handed to a cluster."""
        return self.scheduler is not None

    @property
    def is_final(self) -> bool:
        """True once nothing more will happen by itself."""
        return self.state in FINAL

    @property
    def dataset_id(self) -> str:
        """The data that it works on; "" for a job that needs none."""
        return str(self.config.get("dataset_id") or "")


def view(
    request: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    *,
    run_id: str,
    lock_held: bool,
    now: datetime,
    stop_requested: str | None = None,
    keepable: bool = False,
    scheduler: str | None = None,
    note: Message | None = None,
) -> JobView:
    """Fold the story of a job into what a page shows.

    Parameters
    ----------
    now : datetime with time zone
        The clock is an argument, so that every case can be tested.
    """
    last_at = _time(events[-1]) if events else None
    age = (now - last_at).total_seconds() if last_at else 0.0
    state = job_state(events, lock_held, age, scheduler or "")
    launches = [i for i, event in enumerate(events) if event["event"] == "launched"]
    attempt = events[launches[-1] :] if launches else events
    started = next((e for e in attempt if e["event"] == "started"), None)
    steps = [e for e in attempt if e["event"] == "progress"]
    end = last_at if state in FINAL else now
    begun = _time(started) if started else None
    seconds = max(0.0, (end - begun).total_seconds()) if begun and end else 0.0
    fraction = float(steps[-1]["fraction"]) if steps else 0.0
    message = Message.from_json(steps[-1]["message"]) if steps else None
    config = request.get("config")
    failure = next((e for e in reversed(attempt) if e["event"] == "failed"), None)
    return JobView(
        id=run_id,
        kind=str(request.get("kind", "")),
        project_id=str(request.get("project_id", "")),
        state=state,
        fraction=1.0 if state == FINISHED else fraction,
        message=message,
        seconds=seconds,
        seconds_left=_seconds_left(steps, now) if state == RUNNING else None,
        metrics=_metrics(events),
        warnings=tuple(Message.from_json(e["message"]) for e in events if e["event"] == "warning"),
        error=Message.from_json(failure["message"]) if failure else None,
        attempts=max(1, len(launches)),
        config=dict(config) if isinstance(config, Mapping) else {},
        created_at=str(request.get("created_at", "")),
        stop_requested=stop_requested,
        discarded=any(e["event"] == "cancelled" and e.get("discarded") for e in attempt),
        keepable=keepable,
        scheduler=scheduler,
        note=note if state in {INTERRUPTED, STARTING, WAITING, RUNNING} else None,
    )


def _metrics(events: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, float], ...]:
    """Return the metric events; where a resumed attempt repeats steps, the later one counts."""
    kept: dict[tuple[float, bool], Mapping[str, float]] = {}
    for event in events:
        if event["event"] == "metric":
            values = event["values"]
            kept[(values.get("step", float(len(kept))), "validation" in values)] = values
    return tuple(kept[key] for key in sorted(kept))


def _seconds_left(steps: Sequence[Mapping[str, Any]], now: datetime) -> float | None:
    """Extrapolate from the progress of this attempt, None before 3 % of progress is measured."""
    if len(steps) < 2:
        return None
    done = float(steps[-1]["fraction"]) - float(steps[0]["fraction"])
    spent = (_time(steps[-1]) - _time(steps[0])).total_seconds()
    if done < 0.03 or spent <= 0:
        return None
    since = (now - _time(steps[-1])).total_seconds()
    return max(0.0, (1 - float(steps[-1]["fraction"])) * spent / done - since)


def _time(event: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(event["at"]))
