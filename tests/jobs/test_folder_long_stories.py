"""Jobs of many hours: their pages must not read tens of thousands of lines at every click."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from core.jobs import launch
from core.jobs.folder import (
    RunFolder,
    append_event,
    create_run,
    last_event,
    read_events,
    without_middle,
)
from core.jobs.state import view

NAMES = ("launched", "awake", "started", "progress", "metric", "warning", "finished", "paused")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def event(place: int, name: str) -> dict[str, object]:
    told = {"template": "Step {step}", "params": {"step": place}}
    more = {
        "progress": {"fraction": place / 100, "message": told},
        "warning": {"message": told},
        "metric": {"values": {"step": place, "loss": 1.0}},
    }
    at = f"2026-01-01T12:{place // 60:02d}:{place % 60:02d}+00:00"
    return {"at": at, "event": name, **more.get(name, {})}


@given(st.lists(st.sampled_from([*NAMES, *["progress"] * 8]), max_size=80), st.booleans())
def test_page_shows_the_same_without_the_middle_of_progress(names, locked):
    events = [event(place, name) for place, name in enumerate(names)]
    thin = [json.loads(line) for line in without_middle([json.dumps(e).encode() for e in events])]
    seen = [view({}, told, run_id="r", lock_held=locked, now=NOW) for told in (events, thin)]
    assert seen[0] == seen[1]
    assert [e for e in thin if e["event"] != "progress"] == [
        e for e in events if e["event"] != "progress"
    ]


def test_many_lines_of_progress_leave_three():
    lines = [json.dumps(event(place, "progress")).encode() for place in range(90)]
    assert without_middle(lines) == [lines[0], *lines[-2:]]


def test_progress_before_a_torn_line_counts():
    """A killed worker leaves half a line; the last whole one says how far it came."""
    lines = [json.dumps(event(place, "progress")).encode() for place in range(9)]
    assert without_middle([*lines, lines[0][:-1]])[-2] == lines[-1]


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    made = create_run(tmp_path / "tune-1", {"kind": "tune", "config": {"a": 1}})
    for name in ("launched", "started"):
        append_event(made, name)
    return made


def test_ended_job_is_read_once_until_its_story_goes_on(folder, monkeypatch):
    append_event(folder, "finished")
    first = launch.follow(folder)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr(launch, "read_events", refuse)
        patch.setattr(launch, "is_locked", refuse)
        assert launch.follow(folder) == first and first.state == "finished"
    append_event(folder, "launched")  # resumed
    assert launch.follow(folder).state == "starting"


def test_damaged_request_of_an_ended_job_is_noticed(folder):
    append_event(folder, "failed", message={"template": "no", "params": {}})
    assert launch.follow(folder).config == {"a": 1}
    folder.request.write_text('{"kind": "tune", "config": {"a": 2}}')
    assert launch.follow(folder).config == {"a": 2}
    folder.request.unlink()
    with pytest.raises(Exception, match="cannot be read"):
        launch.follow(folder)


def test_request_after_the_end_shows(folder):
    append_event(folder, "paused")
    before = launch.follow(folder)
    folder.request_stop("cancel")
    assert launch.follow(folder) == replace(before, stop_requested="cancel")


def test_last_event_is_the_last_whole_one(folder):
    append_event(folder, "finished")
    with folder.events.open("ab") as file:
        file.write(b'{"at": "2026-01-01", "eve')
    assert last_event(folder.events) == "finished"
    assert last_event(folder.root / "none.jsonl") == ""
    os.truncate(folder.events, 0)
    assert last_event(folder.events) == ""
    assert read_events(folder) == []
