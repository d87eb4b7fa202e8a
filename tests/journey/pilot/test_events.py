"""Events from elsewhere become searches, open questions and an expert: masked, once, and fair."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.errors import DataError, RightsError
from core.journey.experts import load_expert_scores, run_scoring
from core.journey.pilot import events, learning, looking, searching, watching
from core.labels.judges import NO_PEOPLE, gates
from core.progress import SilentReporter
from core.types.pilot_events import CLICKED, SEARCHED, PilotArm
from core.types.rights import VIEWER, Member, Person
from core.workspace.database import now
from tests.reporting.finished_journey import BASE, finished_journey


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return finished_journey(tmp_path / "workspace", evil="")


def at(days: float) -> str:
    moment = datetime.fromisoformat(now()) - timedelta(days=days)
    return moment.isoformat(timespec="seconds")


def ubi(made, *searches: tuple[str, str, int], days: float = 2.0, start: int = 0) -> bytes:
    """Queries with the answer that was opened, "" = none, and its place counted from 1."""
    dataset = made.project.load_dataset()
    records = []
    for number, (text, topic, place) in enumerate(searches, start=start):
        name = f"q{number}"
        records.append({"query_id": name, "user_query": text, "client_id": "ann@example.com"})
        records[-1]["timestamp"] = at(days)
        if topic:
            row = dataset.answers.index(f"All about {topic}.")
            about = {"object_id": dataset.answer_ids[row]}
            act = {"action_name": "item_click", "query_id": name, "timestamp": at(days)}
            about_event = {"object": about, "position": {"ordinal": place}}
            records.append({**act, "event_attributes": about_event})
    return "\n".join(json.dumps(record) for record in records).encode()


def understood(content: bytes, name: str = "ubi.ndjson"):
    return events.events_in([(events.read_event_table(content, name), name)])


def test_imported_searches_are_masked_counted_once_and_say_what_was_opened(made):
    file = understood(
        ubi(made, ("where is my kayak", "kayak", 2), ("mail me at bob@example.com", "", 0))
    )
    told = events.preview_events(made.project, file)
    assert (told.searches, told.questions, told.clicks, told.matched) == (2, 2, 1, 1)
    plan, added = events.import_events(made.project, file, "ann")
    assert added == 2 and events.source_of(plan) == ("ubi", "ubi.ndjson")
    found = made.workspace.records.events(made.project.id, plan.id)
    assert [event.kind for event in found] == [SEARCHED, CLICKED, SEARCHED]
    assert found[2].text == "mail me at [EMAIL-1]" and "ann" not in found[0].visitor
    answers = made.project.load_dataset().answers
    assert found[1].place == 1 and answers[found[0].shown.answers[1]] == "All about kayak."
    with pytest.raises(DataError, match="2 searches were imported before"):
        events.import_events(made.project, file, "ann")
    more = understood(ubi(made, ("a new one about skis", "", 0), start=2))
    assert events.import_events(made.project, more, "ann")[1] == 1
    assert searching.newest_plan(made.project) is None, "no page was opened by it"
    with pytest.raises(DataError, match="Nothing searches here"):
        searching.open_search(made.workspace, plan)


def test_what_is_older_than_events_are_kept_is_left_out_and_said(made):
    old = understood(ubi(made, ("long ago", "", 0), days=400))
    assert events.preview_events(made.project, old).old == 1
    with pytest.raises(DataError, match="1 are older than the 90 days"):
        events.import_events(made.project, old, "ann")
    assert events.imports(made.project) == ()


def test_who_may_not_change_the_project_imports_nothing(made):
    file = understood(ubi(made, ("where is it", "", 0)))
    made.project.state.members = (Member("eve@example.com", VIEWER),)
    viewer = made.workspace.acting(Person("eve@example.com", signed_in=True))
    with pytest.raises(RightsError):
        events.import_events(viewer.project(made.project.id), file, "eve")


def test_imports_of_clicked_rows_and_tickets_keep_the_answer_and_say_nothing_of_satisfaction(made):
    clicks = b"query,clicked_answer,position\nwhere is my kayak,All about kayak.,4\n"
    plan, _ = events.import_events(made.project, understood(clicks, "c.csv"), "ann")
    search, click = made.workspace.records.events(made.project.id, plan.id)
    answers = made.project.load_dataset().answers
    assert click.place == 3 and answers[search.shown.answers[3]] == "All about kayak."
    assert search.shown.answers[:3] == (-1, -1, -1)
    tickets = (
        b"Subject,Description,First reply\n"
        b"I cannot find the kayak,Hello,All about kayak.\nWhere do I get help with it,Hi,Sorry.\n"
    )
    plan, added = events.import_events(made.project, understood(tickets, "t.csv"), "ann")
    assert added == 2
    evidence = events.click_evidence(made.project, made.project.load_dataset())
    assert evidence.elsewhere == 1 and not evidence.is_estimated
    look = looking.look_at(made.project, watching.WatchCriteria(), SilentReporter())
    assert look.weeks == () and look.questions == 3


def test_from_events_to_open_questions_and_an_expert_with_little_weight(made):
    asked = [("can I hire a boat", "kayak", 3)] * 4 + [("hire of a boat", "map", 1)]
    asked += [("where is my tent", "tent", 1)]
    plan, _ = events.import_events(made.project, understood(ubi(made, *asked)), "ann")
    before = events.click_evidence(made.project, made.project.load_dataset())
    assert before.elsewhere == 2
    learning.take_in_questions_asked(made.project, plan, "ann")
    project = made.workspace.project(made.project.id)
    dataset = project.load_dataset()
    evidence = events.click_evidence(project, dataset)
    said = {one.question: (dataset.answers[one.answer], one.score) for one in evidence.answers}
    assert said["can I hire a boat"] == ("All about kayak.", pytest.approx(12 / 15))
    held_out = {dataset.questions[row] for row in dataset.held_out_rows}
    assert not held_out & set(said), "nothing is said of test questions"
    run_scoring(made.workspace, dataset, ("bm25", "tfidf"), SilentReporter())
    project.state.scored = replace(project.state.scored, dataset_id=dataset.id)
    key = events.use_clicks(project, dataset, "ann")
    assert events.clicks_expert(project) == key and key.startswith("clicks:")
    scores = load_expert_scores(made.workspace, dataset, ["bm25", key])
    (gate,) = gates(scores)
    assert (gate.model, gate.decision, gate.holds) == (key, NO_PEOPLE, True)
    again = events.use_clicks(project, dataset, "ann")
    assert again == key, "the same events are the same expert"


def test_clicks_on_the_search_page_count_too_and_without_any_it_is_said(made):
    with pytest.raises(DataError, match="Nobody has opened an answer"):
        events.use_clicks(made.project, made.project.load_dataset(), "ann")
    plan = searching.start_page(made.project, "ann", champion=PilotArm("", BASE))
    live = searching.open_search(made.workspace, plan)
    dataset = made.project.load_dataset()
    question = dataset.questions[int(dataset.seen_rows[0])]
    shown = searching.search(made.project, plan, live, question, "v", "s1")
    searching.mark(made.project, plan, "s1", CLICKED, "v", "c1", place=1)
    (one,) = events.click_evidence(made.project, dataset).answers
    assert (one.question, one.answer) == (question, shown.answers[1])
    assert one.score == pytest.approx(2 / 5), "the second place is looked at half as often"
