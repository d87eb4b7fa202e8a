"""Rounds of questions and judgements: 25 writers at once lose nothing, nothing counts twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from core.errors import WorkspaceError
from core.types.asked_rounds import (
    CLOSED,
    COLLECT,
    JUDGE,
    RIGHT_ANSWER,
    TAKEN_IN,
    WRITTEN,
    WRONG_ANSWER,
    AskRound,
    Contribution,
    RoundStep,
    judgements_in_force,
    questions_in_force,
)
from core.types.judgements import WITHDRAWN
from core.workspace.records import Records

AT = "2026-01-01T10:00:00.000+00:00"
ROUND = AskRound("r1", COLLECT, "d1", (4, 2, 9), (), 5, 0, (), 77, "ann", AT)
WROTE = Contribution(1, 2, "ann", WRITTEN, "where is it?", "t1", AT)


@pytest.fixture
def records(records_url) -> Iterator[Records]:
    opened = Records(records_url)
    yield opened
    opened.close()


def test_rounds_and_entries_come_back_as_given(records):
    other = replace(ROUND, id="r2", kind=JUDGE, pools=((1, 2), (), (3,)), systems=("BM25", "前"))
    records.start_ask("p", ROUND)
    records.start_ask("p", other)
    assert records.ask_rounds("p") == (other, ROUND)
    assert records.ask_rounds("p", COLLECT) == (ROUND,)
    assert records.ask_rounds("q") == ()
    assert records.ask_round("r2") == ("p", other)
    assert records.ask_round("guessed") is None
    wrote = [WROTE, replace(WROTE, token="t2", text="返品は？ “é” 😀", person="ベン")]
    assert all(records.add_entry("p", "r1", entry) for entry in wrote)
    assert records.entries("r1") == tuple(wrote) and records.entries("r2") == ()


def test_what_a_browser_sends_twice_counts_once(records):
    records.start_ask("p", ROUND)
    assert records.add_entry("p", "r1", WROTE)
    assert records.add_entry("p", "r1", replace(WROTE, text="something else"))
    assert records.add_entry("p", "r2", WROTE), "another round knows nothing of it"
    assert records.entries("r1") == (WROTE,)


def test_closed_round_takes_nothing_more_but_what_it_has(records):
    records.start_ask("p", ROUND)
    assert records.add_entry("p", "r1", WROTE)
    closing = RoundStep(CLOSED, "", "ann", AT)
    assert records.add_step("p", "r1", closing)
    assert not records.add_step("p", "r1", replace(closing, who="ben"))
    assert not records.add_entry("p", "r1", replace(WROTE, token="late"))
    assert records.add_entry("p", "r1", WROTE), "it was there before: no error for who sent it"
    taken = RoundStep(TAKEN_IN, "d2", "cy", AT)
    assert records.add_step("p", "r1", taken)
    assert records.steps("r1") == {CLOSED: closing, TAKEN_IN: taken}
    assert records.entries("r1") == (WROTE,)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"person": " "}, "Type your name"),
        ({"word": "maybe"}, "no answer maybe"),
        ({"text": "  "}, "question is empty"),
        ({"text": "x" * 1001}, "1001 characters"),
    ],
)
def test_what_makes_no_sense_is_refused(records, wrong, reason):
    records.start_ask("p", ROUND)
    with pytest.raises(WorkspaceError, match=reason):
        records.add_entry("p", "r1", replace(WROTE, **wrong))
    assert records.entries("r1") == ()


def test_25_writers_at_once_lose_nothing(records):
    """A workshop: everybody presses Enter at the same moment, and browsers send things twice."""
    records.start_ask("p", ROUND)
    together = Barrier(25)

    def write(person: int) -> None:
        together.wait()
        for i in range(8):
            entry = replace(WROTE, person=f"p{person}", token=f"{person}-{i}", text=f"{person} {i}")
            for _ in range(1 + i % 2):
                assert records.add_entry("p", "r1", entry)

    with ThreadPoolExecutor(25) as threads:
        list(threads.map(write, range(25)))
    kept = records.entries("r1")
    assert len(kept) == 200
    assert {entry.token for entry in kept} == {f"{p}-{i}" for p in range(25) for i in range(8)}


def test_what_was_taken_back_is_not_in_force():
    second = replace(WROTE, token="t2")
    back = replace(WROTE, word=WITHDRAWN, text="t1", token="-t1")
    assert questions_in_force([WROTE, second, back]) == [second]
    right = replace(WROTE, word=RIGHT_ANSWER, text="", answer=7)
    wrong = replace(right, word=WRONG_ANSWER, token="t3")
    other = replace(right, person="ben", token="t4")
    assert judgements_in_force([right, other, wrong]) == [other, wrong]
    assert judgements_in_force([right, replace(right, word=WITHDRAWN, token="t5")]) == []


def test_erasing_takes_rounds_and_texts_along(records):
    project = records.create_project("Pilot", "ann").id
    records.start_ask(project, ROUND)
    secret = replace(WROTE, text="call Mika on 0901234", token="t2")
    for entry in (WROTE, secret):
        records.add_entry(project, "r1", entry)
    assert records.erase_texts(project, {secret.text}, set()) == 1
    assert records.entries("r1") == (WROTE,)
    records.add_step(project, "r1", RoundStep(CLOSED, "", "ann", AT))
    records.erase_project(project, "ann")
    assert records.entries("r1") == () and records.steps("r1") == {}
    assert records.ask_rounds(project) == ()
