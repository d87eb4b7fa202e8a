"""A search page from its start to its closing: rights, masking, retention, the seal."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from core.errors import DataError, RightsError
from core.journey import personal
from core.journey.compare import load_comparison
from core.journey.pilot import searching
from core.journey.pilot.versions import promote
from core.journey.projects import drop_old_events
from core.pilot.batching import MicroBatcher
from core.pilot.live_search import LiveSearch, SearchingModel
from core.types.pilot_events import (
    CHALLENGER,
    CHAMPION,
    CLICKED,
    NOTED,
    NOTHING_FITS,
    SEARCHED,
    THUMB_UP,
    PilotArm,
)
from core.types.rights import VIEWER, VOTER, Member, Person
from core.workspace.workspace import Workspace
from tests.reporting.finished_journey import BASE, finished_journey


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return finished_journey(tmp_path / "workspace")


@pytest.fixture
def project(made):
    return made.project


@pytest.fixture
def tuned(made):
    return PilotArm(made.tune_run, BASE)


@pytest.fixture
def plan(project, tuned):
    base = PilotArm("", BASE)
    return searching.start_page(project, "ann", champion=base, challenger=tuned)


def planted(champion: tuple[int, ...], challenger: tuple[int, ...] | None = None) -> LiveSearch:
    """A search that finds these rows, whatever is asked."""

    def model(rows: tuple[int, ...]) -> SearchingModel:
        weights = np.zeros((1, 24), np.float32)
        weights[0, list(rows)] = np.linspace(1, 0.5, len(rows))
        batcher = MicroBatcher(lambda texts: weights.repeat(len(texts), axis=0))
        return SearchingModel(batcher, np.eye(24, dtype=np.float32))

    return LiveSearch(model(champion), None if challenger is None else model(challenger))


LIVE = planted((1, 2, 3, 4, 5), (9, 8, 7, 6, 5))


def test_the_model_in_use_searches_and_finds_what_it_should(made, project, tuned):
    dataset = project.load_dataset()
    assert searching.arm_in_use(project, dataset) == PilotArm("", "all-MiniLM-L6-v2")
    assert searching.arms(project, dataset)[1:3] == (tuned, PilotArm("", BASE))
    promote(project, load_comparison(made.workspace, made.compare_run), "ann", reason="we tried it")
    assert searching.arm_in_use(project, dataset) == tuned
    assert "tuned (20" in str(searching.arm_title(project, tuned))
    plan = searching.start_page(project, "ann")
    assert plan.champion == tuned and plan.challenger is None
    live = searching.open_search(made.workspace, plan)
    shown = searching.search(project, plan, live, "parcel", "v", "t1")
    assert len(shown.answers) == 5 and set(shown.teams) == {CHAMPION}
    assert list(shown.scores) == sorted(shown.scores, reverse=True)
    base = searching.open_search(made.workspace, replace(plan, champion=PilotArm("", BASE)))
    found = base.find("who pays for the kayak", 5, np.random.default_rng(0)).answers
    assert any("kayak" in dataset.answers[row] for row in found)


def test_what_people_do_is_recorded_masked_and_counted(project, plan):
    asked = "my mail is anna.smith@example.com, where  is the parcel"
    searching.search(project, plan, LIVE, asked, "v1", "s1")
    searching.search(project, plan, LIVE, asked, "v1", "s1")  # the browser sends it again
    searching.mark(project, plan, "s1", CLICKED, "v1", "c1", place=0)
    searching.mark(project, plan, "s1", NOTHING_FITS, "v1", "n1")
    note = "call me: anna.smith@example.com"
    searching.mark(project, plan, "s1", NOTED, "v1", "n2", text=note)
    searching.search(project, plan, LIVE, "refund", "v2", "s2", keep=False)
    events = project.workspace.records.events(project.id)
    assert [event.kind for event in events] == [SEARCHED, CLICKED, NOTHING_FITS, NOTED]
    assert events[0].text == "my mail is [EMAIL-1], where is the parcel"
    assert events[3].text == "call me: [EMAIL-1]", "the same person has the same placeholder"
    assert len(events[0].shown.answers) == 5 and events[0].shown.milliseconds >= 0
    counts = searching.page_counts(project, plan)
    assert (counts.visitors, counts.searches, counts.clicks, counts.nothing) == (1, 1, 1, 1)
    (shown,) = searching.newest_notes(project, plan)
    assert (shown.text, shown.search) == (events[3].text, events[0].text)


def test_placeholders_of_people_who_search_at_once_are_told_apart(project, plan):
    def search(number: int) -> None:
        text = f"write to person{number}@example.com"
        searching.search(project, plan, LIVE, text, f"v{number}", f"s{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(search, range(16)))
    texts = {event.text for event in project.workspace.records.events(project.id)}
    assert texts == {f"write to [EMAIL-{n}]" for n in range(1, 17)}


@pytest.mark.parametrize(
    ("question", "why"), [("  ", "Type what you are"), ("x" * 301, "this one has 301")]
)
def test_questions_that_cannot_be_searched_say_so(project, plan, question, why):
    with pytest.raises(DataError, match=why):
        searching.search(project, plan, LIVE, question, "v", "s")
    with pytest.raises(DataError, match="not part of the search page"):
        searching.mark(project, plan, "s", CLICKED, "v", "c", place=5)
    with pytest.raises(DataError, match="not part of the search page"):
        searching.mark(project, plan, "s", SEARCHED, "v", "c")


def test_who_came_by_the_link_reaches_this_page_and_nothing_else(made, project, plan):
    visitor = made.workspace.acting(Person(link=plan.link))
    there, found = searching.page_of_link(visitor, plan.link)
    assert found == plan and there.role == VOTER
    searching.search(there, plan, LIVE, "refund", "v", "s1")
    other = replace(plan, link="another")
    with pytest.raises(RightsError, match="one place"):
        searching.search(there, other, LIVE, "refund", "v", "s2")
    for step in (searching.close_page, searching.open_early):
        with pytest.raises(RightsError):
            step(there, plan, "v")
    with pytest.raises(RightsError):
        searching.newest_notes(there, plan)
    with pytest.raises(RightsError):
        searching.erase_searches(there, "refund", "v")
    with pytest.raises(RightsError):
        searching.start_page(there, "v")
    with pytest.raises(DataError, match="leads nowhere"):
        searching.page_of_link(visitor, "guessed")
    stranger = made.workspace.acting(Person(link="guessed"))
    with pytest.raises(RightsError):
        stranger.project(project.id)
    project.state.members = (Member("eve@example.com", VIEWER),)
    viewer = made.workspace.acting(Person("eve@example.com", signed_in=True))
    assert searching.newest_notes(viewer.project(project.id), plan) == ()
    with pytest.raises(RightsError):
        searching.close_page(viewer.project(project.id), plan, "eve")


def test_a_link_stays_while_its_models_change_and_ends_when_it_is_closed(made, project, plan):
    searching.search(project, plan, LIVE, "refund", "v", "s1")
    changed = searching.start_page(project, "ann", champion=plan.challenger, depth=3, days=30)
    assert changed.link == plan.link and changed.id != plan.id
    assert searching.page_of_link(made.workspace, plan.link)[1] == changed
    searching.search(project, changed, LIVE, "refund", "v", "s2")
    assert searching.page_counts(project, changed).searches == 2
    searching.close_page(project, changed, "ann")
    with pytest.raises(DataError, match="leads nowhere"):
        searching.page_of_link(made.workspace, plan.link)
    with pytest.raises(DataError, match="was closed"):
        searching.search(project, changed, LIVE, "refund", "v", "s3")
    with pytest.raises(DataError, match="was closed"):
        searching.mark(project, changed, "s2", CLICKED, "v", "c", place=0)
    assert searching.page_in_use(project) is None
    assert searching.start_page(project, "ann").link != plan.link
    trail = [line["what"] for line in made.workspace.records.audit_trail(project.id)]
    assert trail[-4:] == ["pilot started", "pilot started", "pilot closed", "pilot started"]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"depth": 0}, "1 to 20 results"),
        ({"days": 0}, "1 to 3650 days"),
        ({"champion": PilotArm("tune-gone", BASE)}, "not there any more"),
        ({"champion": PilotArm("", BASE), "challenger": PilotArm("", BASE)}, "same model"),
    ],
)
def test_a_page_that_cannot_work_is_not_opened(project, settings, why):
    with pytest.raises(DataError, match=why):
        searching.start_page(project, "ann", **settings)
    assert searching.newest_plan(project) is None


def test_a_page_with_personal_data_in_its_answers_needs_leave(project, monkeypatch):
    monkeypatch.setattr(
        personal, "own_found_in", lambda _: {"email": personal.Finding(3, (1, 2, 3))}
    )
    with pytest.raises(DataError, match="hold personal data"):
        searching.start_page(project, "ann")


def test_events_go_at_the_wish_of_the_visitor_by_their_words_and_with_time(made, project, plan):
    for number, text in enumerate(("refund please", "mail a@example.com", "kayak")):
        searching.search(project, plan, LIVE, text, f"v{number}", f"s{number}")
        searching.mark(project, plan, f"s{number}", THUMB_UP, f"v{number}", f"c{number}", place=0)
    assert searching.forget_visitor(project, plan, "v0") == 2
    assert searching.found_searches(project, "A@example.com") == ("mail [EMAIL-1]",)
    assert searching.found_searches(project, " ") == ()
    assert searching.erase_searches(project, "a@example.com", "ann") == 2
    with pytest.raises(DataError, match="Type the words"):
        searching.erase_searches(project, " ", "ann")
    assert [e.text for e in made.workspace.records.events(project.id) if e.text] == ["kayak"]
    assert drop_old_events(made.workspace) == 0
    assert drop_old_events(made.workspace, "2199-01-01T00:00:00.000+00:00") == 2
    assert made.workspace.records.events(project.id) == ()


def test_interleaving_is_sealed_until_a_decision_is_possible(project, plan):
    number = 0
    while searching.interleaving(project, plan).verdict is None:
        state = searching.interleaving(project, plan)
        assert state.decided == number and state.opened is None
        shown = searching.search(project, plan, LIVE, f"q{number}", f"v{number}", f"s{number}")
        place = shown.teams.index(CHALLENGER)
        token = f"c{number}"
        searching.mark(project, plan, f"s{number}", CLICKED, f"v{number}", token, place=place)
        number += 1
        assert number < 60, "twenty clicks for one of the two are enough"
    verdict = searching.interleaving(project, plan).verdict
    assert verdict.decision == (CHALLENGER, number) and number >= 6
    searching.open_early(project, plan, "ann")
    assert searching.interleaving(project, plan).opened is None, "nothing was early about it"


def test_who_opens_early_is_recorded(made, project, plan):
    searching.search(project, plan, LIVE, "refund", "v", "s1")
    searching.open_early(project, plan, "ben")
    state = searching.interleaving(project, plan)
    assert state.verdict is not None and state.verdict.decision == ("", 0)
    assert state.opened is not None and state.opened.who == "ben"
    assert made.workspace.records.audit_trail(project.id)[-1]["what"] == "pilot opened early"


def test_25_people_search_at_once_and_nothing_is_lost(made):
    """Through the step that every browser's search takes; each with a connection of its own."""
    plan = searching.start_page(made.project, "ann", champion=PilotArm("", BASE))
    live = searching.open_search(made.workspace, plan)
    times: list[float] = []
    failures: list[Exception] = []
    ready = threading.Barrier(25)

    def person(number: int) -> None:
        own = Workspace.open(made.workspace.layout.root).project(made.project.id)
        ready.wait()
        for turn in range(8):
            token, began = f"{number}-{turn}", time.perf_counter()
            try:
                searching.search(own, plan, live, f"kayak {token}", f"v{number}", token)
                times.append(time.perf_counter() - began)
                searching.mark(own, plan, token, CLICKED, f"v{number}", f"c{token}", place=0)
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=person, args=(number,)) for number in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    counts = searching.page_counts(made.project, plan)
    assert (counts.visitors, counts.searches, counts.clicks) == (25, 200, 200)
