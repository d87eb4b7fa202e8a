"""Events of a pilot: 25 browsers at once lose nothing, nothing counts twice, SIGKILL loses none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from core.errors import WorkspaceError
from core.types.pilot_events import (
    CHAMPION,
    CLICKED,
    CLOSED,
    NOTED,
    SEARCHED,
    THUMB_DOWN,
    PilotArm,
    PilotEvent,
    PilotPlan,
    PilotStep,
    ShownList,
    searches_with_marks,
)
from core.workspace.records import Records

AT = "2026-01-01T10:00:00.000+00:00"
BASE = PilotArm("", "all-MiniLM-L6-v2")
PLAN = PilotPlan("p1", "link1", "d1", BASE, PilotArm("tune-1", BASE.model), 5, 90, 0.05, "ann", AT)
SHOWN = ShownList((4, 2), (0.75, 0.5), (CHAMPION, CHAMPION), 12.5)
ASKED = PilotEvent("t1", "t1", SEARCHED, "v1", "where is it?", -1, AT, SHOWN)
CLICK = PilotEvent("t2", "t1", CLICKED, "v1", "", 1, AT)


@pytest.fixture
def records(records_url) -> Iterator[Records]:
    opened = Records(records_url)
    yield opened
    opened.close()


def test_plans_and_events_come_back_as_given(records):
    later = replace(PLAN, id="p2", challenger=None, days=30, source="海 “log”.csv", champion=None)
    records.add_plan("p", PLAN)
    records.add_plan("p", later)
    assert records.plans("p") == (later, PLAN) and records.plans("q") == ()
    assert records.plan_of_link("link1") == ("p", later), "the newest counts"
    assert records.plan_of_link("guessed") is None and records.plan_of_link("") is None
    noted = PilotEvent("t3", "t1", NOTED, "v2", "返品は？ “é” 😀", -1, AT)
    assert records.add_events("p", "p1", [ASKED, CLICK, noted]) == 3
    assert records.events("p") == records.events("p", "p1") == (ASKED, CLICK, noted)
    assert records.events("p", "p2") == records.events("q") == ()
    assert searches_with_marks(records.events("p")) == [(ASKED, [CLICK, noted])]
    counts = records.event_counts(["p1", "p2"])
    assert (counts[SEARCHED], counts[CLICKED], counts[NOTED], counts[THUMB_DOWN]) == (1, 1, 1, 0)
    assert records.visitor_count(["p1"]) == 2 and records.visitor_count(["p2"]) == 0


def test_what_a_browser_sends_twice_counts_once(records):
    assert records.add_events("p", "p1", [ASKED]) == 1
    assert records.add_events("p", "p1", [replace(ASKED, text="other"), CLICK]) == 1
    assert records.add_events("p", "p2", [ASKED]) == 1, "another plan knows nothing of it"
    assert records.events("p", "p1") == (ASKED, CLICK)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (replace(ASKED, kind="stolen"), "There is no event stolen"),
        (replace(ASKED, text="  "), "The text is empty"),
        (replace(ASKED, text="x" * 301), "301 characters; at most 300"),
        (replace(CLICK, place=-1), "does not belong to a result"),
        (replace(ASKED, place=0), "does not belong to a result"),
        (PilotEvent("n", "t1", NOTED, "v", "x" * 1001, -1, AT), "at most 1000"),
    ],
)
def test_wrong_events_are_refused_with_those_beside_them(records, wrong, why):
    with pytest.raises(WorkspaceError, match=why):
        records.add_events("p", "p1", [ASKED, wrong])
    assert records.events("p") == ()


def test_25_browsers_at_once_lose_nothing(records_url, records):
    ready = Barrier(25)

    def search(number: int) -> None:
        own = Records(records_url)
        ready.wait()
        for turn in range(8):
            token = f"{number}-{turn}"
            asked = replace(ASKED, token=token, search=token, visitor=f"v{number}")
            own.add_events("p", "p1", [asked])
            own.add_events("p", "p1", [replace(CLICK, token=f"{token}-c", search=token)])
        own.close()

    with ThreadPoolExecutor(25) as pool:
        list(pool.map(search, range(25)))
    counts = records.event_counts(["p1"])
    assert (counts[SEARCHED], counts[CLICKED]) == (200, 200)
    assert all(len(marks) == 1 for _, marks in searches_with_marks(records.events("p")))


def test_a_page_is_closed_once(records):
    step = PilotStep(CLOSED, "ann", AT)
    assert records.add_pilot_step("p", "link1", step)
    assert not records.add_pilot_step("p", "link1", replace(step, who="ben"))
    assert records.pilot_steps("link1") == {CLOSED: step} and records.pilot_steps("p1") == {}


def test_erasing_takes_a_search_with_all_that_was_done_about_it(records):
    other = replace(ASKED, token="o1", search="o1", visitor="v2", text="refund")
    note = PilotEvent("n1", "o1", NOTED, "v2", "call 0175", -1, AT)
    kept = [other, replace(CLICK, token="o2", search="o1", visitor="v2")]
    records.add_events("p", "p1", [ASKED, CLICK, *kept, note])
    records.add_events("p", "p2", [replace(CLICK, token="x", search="t1")])
    assert records.erase_searches("p", ["where is it?", "call 0175", "never asked"]) == 3
    assert records.events("p", "p1") == tuple(kept)
    assert len(records.events("p", "p2")) == 1, "a search of another plan"
    assert records.erase_visitor("p", "v2") == 2 and records.events("p", "p1") == ()


def test_what_is_too_old_goes(records):
    old = replace(ASKED, token="old", search="old", at="2025-12-01T10:00:00.000+00:00")
    records.add_events("p", "p1", [old, ASKED])
    records.add_events("q", "p3", [old])
    assert records.erase_events_before("p", "2025-12-31T00:00:00.000+00:00") == 1
    assert records.events("p") == (ASKED,) and records.events("q") == (old,)


def test_a_deleted_project_and_an_erased_text_leave_no_event(records, in_records):
    made = records.create_project("Pilot", "ann")
    records.add_plan(made.id, PLAN)
    records.add_events(made.id, "p1", [replace(ASKED, text="a secret text"), CLICK])
    assert records.erase_texts(made.id, {"a secret text"}, set()) == 2
    assert "a secret text" not in in_records()
    records.add_events(made.id, "p1", [replace(ASKED, text="another secret")])
    records.add_pilot_step(made.id, "link1", PilotStep(CLOSED, "ann", AT))
    records.erase_project(made.id, "ann")
    assert records.plans(made.id) == records.events(made.id) == ()
    assert "another secret" not in in_records() and records.plan_of_link("link1") is None


_WRITING = """
import sys
from dataclasses import replace
from core.workspace.records import Records
from tests.workspace.test_pilot_records import ASKED
records = Records(sys.argv[1])
for number in range(100_000):
    records.add_events("p", "p1", [replace(ASKED, token=str(number), search=str(number))])
    print(number, flush=True)
"""


def test_what_was_recorded_survives_sigkill(records_url, records):
    root = Path(__file__).parents[2]
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITING, records_url], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(50)]
    os.kill(writer.pid, signal.SIGKILL)
    told += [int(line) for line in writer.stdout.read().split()]
    writer.wait()
    found = {int(event.token) for event in records.events("p")}
    assert set(told) <= found and len(found) - len(told) <= 1
