"""The state of a job is one pure function of what can be seen; here is its table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.jobs.state import (
    ALIVE,
    CANCELLED,
    ENDED,
    FAILED,
    FINISHED,
    INTERRUPTED,
    PAUSED,
    PENDING,
    RUNNING,
    START_GRACE_SECONDS,
    STARTING,
    WAITING,
    job_state,
    view,
)

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def story(*names: str) -> list[dict[str, object]]:
    times = (START + timedelta(seconds=i) for i in range(len(names)))
    return [{"at": at.isoformat(), "event": name} for name, at in zip(names, times, strict=True)]


@pytest.mark.parametrize(
    ("events", "locked", "scheduler", "expected"),
    [
        # the cluster's word counts more than the lock, whichever of the two is wrong
        (["launched"], False, PENDING, WAITING),
        (["launched"], False, ALIVE, STARTING),
        (["launched", "awake", "started"], False, ALIVE, RUNNING),
        (["launched", "awake", "started"], False, PENDING, RUNNING),  # what it said is old
        (["launched", "awake", "started"], True, ENDED, INTERRUPTED),
        (["launched"], False, ENDED, INTERRUPTED),
        (["launched", "refused"], False, "", INTERRUPTED),
        (["launched", "refused"], False, PENDING, INTERRUPTED),
        (["launched", "refused", "awake", "started"], True, ALIVE, RUNNING),
        # the last word of the worker counts most
        (["launched", "started", "finished"], False, ENDED, FINISHED),
        (["launched", "started", "paused"], False, ALIVE, PAUSED),
        (["launched", "started", "failed"], False, ENDED, FAILED),
        (["launched", "started", "paused", "launched"], False, PENDING, WAITING),
        # no answer: the lock
        (["launched", "awake", "started"], True, "", RUNNING),
        (["launched", "awake", "started"], False, "", INTERRUPTED),
    ],
)
def test_state_on_a_cluster(events, locked, scheduler, expected):
    assert job_state(story(*events), locked, 1.0, scheduler) == expected


@pytest.mark.parametrize(
    ("events", "locked", "age", "expected"),
    [
        (["launched"], False, 1, STARTING),
        (["launched"], False, START_GRACE_SECONDS + 1, INTERRUPTED),
        (["launched"], True, 1, STARTING),
        (["launched", "awake"], True, 1, STARTING),
        (["launched", "awake"], False, 1, INTERRUPTED),
        (["launched", "awake", "waiting"], True, 1, WAITING),
        (["launched", "waiting"], True, 1, WAITING),
        (["launched", "started"], True, 1, RUNNING),
        (["launched", "started", "progress", "metric", "warning"], True, 9999, RUNNING),
        (["launched", "started"], False, 1, INTERRUPTED),
        (["launched", "started", "finished"], False, 1, FINISHED),
        (["launched", "started", "finished"], True, 1, FINISHED),
        (["launched", "started", "failed"], False, 1, FAILED),
        (["launched", "started", "cancelled"], False, 1, CANCELLED),
        (["launched", "started", "paused"], False, 1, PAUSED),
        (["launched", "started", "paused"], True, 1, PAUSED),
        (["launched", "waiting", "paused"], False, 1, PAUSED),
        (["launched", "waiting"], False, 1, INTERRUPTED),
        (["launched", "waiting", "cancelled"], False, 1, CANCELLED),
        (["launched", "waiting", "started"], True, 9999, RUNNING),
        (["launched", "waiting", "started", "progress"], False, 1, INTERRUPTED),
        (["launched", "started", "paused", "launched", "waiting"], True, 1, WAITING),
        (["launched", "started", "paused", "launched"], False, 1, STARTING),
        (["launched", "started", "paused", "cancelled"], False, 1, CANCELLED),
        (["launched", "started", "failed", "launched"], False, 1, STARTING),
        (["launched", "started", "failed", "launched", "started"], True, 1, RUNNING),
        (["launched", "started", "cancelled", "launched", "started"], False, 1, INTERRUPTED),
        ([], False, 0, STARTING),
    ],
)
def test_state_table(events, locked, age, expected):
    assert job_state(story(*events), locked, age) == expected


def test_time_left_is_extrapolated_from_this_attempt_only():
    """An earlier attempt that stood still for an hour must not make the estimate hopeless."""

    def at(seconds, event, **values):
        return {"at": (START + timedelta(seconds=seconds)).isoformat(), "event": event, **values}

    message = {"template": "working", "params": {}}
    events = [
        at(0, "launched"),
        at(1, "started"),
        at(3600, "progress", fraction=0.1, message=message),
        at(3700, "launched"),
        at(3701, "started"),
        at(3702, "progress", fraction=0.1, message=message),
        at(3712, "progress", fraction=0.3, message=message),
    ]
    seen = view({}, events, run_id="r", lock_held=True, now=START + timedelta(seconds=3712))
    assert seen.seconds_left == pytest.approx(35.0)
    assert seen.attempts == 2
    assert seen.fraction == 0.3


def test_repeated_steps_of_a_resumed_run_are_shown_once():
    """A resumed run repeats the steps after its checkpoint; the curve must not run backwards."""

    def metric(step, loss):
        return {"at": START.isoformat(), "event": "metric", "values": {"step": step, "loss": loss}}

    events = [metric(1, 0.9), metric(2, 0.8), metric(3, 0.7), metric(2, 0.8), metric(3, 0.71)]
    seen = view({}, events, run_id="r", lock_held=False, now=START)
    assert [m["step"] for m in seen.metrics] == [1, 2, 3]
    assert seen.metrics[-1]["loss"] == 0.71
