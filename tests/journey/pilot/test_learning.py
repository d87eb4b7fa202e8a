"""What people asked becomes open questions of the data: with counts, masked, and only once."""

from __future__ import annotations

import pytest

from core.errors import DataError, RightsError
from core.journey.pilot import learning, searching
from core.types.pilot_events import SEARCHED, PilotArm, PilotEvent
from core.types.rights import VIEWER, Member, Person
from core.workspace.database import now
from tests.reporting.finished_journey import BASE, finished_journey


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return finished_journey(tmp_path / "workspace", model=False)


@pytest.fixture
def plan(made):
    return searching.start_page(made.project, "ann", champion=PilotArm("", BASE))


def ask(made, plan, *texts: str) -> None:
    events = []
    for text in texts:
        token = searching.new_token()
        events.append(PilotEvent(token, token, SEARCHED, "v", text, -1, now()))
    made.workspace.records.add_events(made.project.id, plan.id, events)


def open_counts(made) -> dict[str, float]:
    dataset = made.workspace.project(made.project.id).load_dataset()
    return {dataset.questions[r]: float(dataset.question_weight[r]) for r in dataset.open_rows}


def test_searches_become_open_questions_with_their_counts_once(made, plan):
    known = made.project.load_dataset().questions[0]
    ask(made, plan, *["can I rent skis by the hour"] * 3, "do you sharpen blades", known, "?!")
    account = learning.take_in_questions_asked(made.project, plan, "ann")
    assert open_counts(made) == {"can I rent skis by the hour": 3, "do you sharpen blades": 1}
    assert account.asked == 5 and sum(account.known.values()) == 1, "a known question gains weight"
    project = made.workspace.project(made.project.id)
    assert learning.questions_not_taken(project, plan) == ()
    with pytest.raises(DataError, match="Nothing was asked since"):
        learning.take_in_questions_asked(project, plan, "ann")
    ask(made, plan, "can I rent skis by the hour", "is there a café")
    learning.take_in_questions_asked(project, plan, "ann")
    assert open_counts(made) == {
        "can I rent skis by the hour": 4,
        "do you sharpen blades": 1,
        "is there a café": 1,
    }
    trail = made.workspace.records.audit_trail(project.id)
    assert sum(line["what"] == "pilot questions taken in" for line in trail) == 2


def test_what_came_to_nothing_can_be_taken_in_later(made, plan):
    ask(made, plan, "?!")
    with pytest.raises(DataError):
        learning.take_in_questions_asked(made.project, plan, "ann")
    ask(made, plan, "do you sharpen blades")
    assert len(learning.questions_not_taken(made.project, plan)) == 2
    learning.take_in_questions_asked(made.project, plan, "ann")
    assert open_counts(made) == {"do you sharpen blades": 1}


def test_who_may_not_change_the_data_may_not_take_in(made, plan):
    ask(made, plan, "do you sharpen blades")
    made.project.state.members = (Member("eve@example.com", VIEWER),)
    viewer = made.workspace.acting(Person("eve@example.com", signed_in=True))
    project = viewer.project(made.project.id)
    assert len(learning.questions_not_taken(project, plan)) == 1
    with pytest.raises(RightsError):
        learning.take_in_questions_asked(project, plan, "eve")
    visitor = made.workspace.acting(Person(link=plan.link)).project(made.project.id)
    with pytest.raises(RightsError):
        learning.questions_not_taken(visitor, plan)
