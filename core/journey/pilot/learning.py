"""What people asked on the search page becomes part of the data: open questions with counts."""

from __future__ import annotations

from core.data.open_questions import AskedQuestions, with_open_questions
from core.errors import DataError
from core.journey.data import go_on_with_open
from core.journey.pilot.searching import AskedQuestion, plans
from core.pilot.what_people_do import questions_asked
from core.types.open_account import OpenAccount
from core.types.pilot_events import PilotEvent, PilotPlan, PilotStep
from core.types.rights import CHANGE, SEE
from core.workspace.workspace import Project, asks

_SOURCE = "pilot"  # what accounts of open questions call the search page
# With a number after them: questions may be taken in again and again.
_TAKEN, _UNDONE = "taken in ", "undone "


@asks(SEE)
def questions_not_taken(project: Project, plan: PilotPlan) -> tuple[AskedQuestion, ...]:
    """Return the questions asked on the page of a plan since some were last taken into the data."""
    return questions_asked(_events(project, plan))


@asks(CHANGE)
def take_in_questions_asked(project: Project, plan: PilotPlan, who: str) -> OpenAccount:
    """Give the project's data what was asked since the last time, as open questions with counts.

    What is nearly the same as a question with a known answer adds to its weight, as with a search
    log on the Data page. Each search is taken in once.

    Raises
    ------
    DataError
        If nothing was asked since, or none of it is a question; nothing is changed.
    """
    records = project.workspace.records
    since = _last_taken(project, plan)
    asked = questions_not_taken(project, plan)
    if not asked:
        raise DataError("Nothing was asked since questions were last taken in.")
    newest = max(event.at for event in _events(project, plan))
    # Taking in may last: what is taken is said first, so that nobody takes it a second time, and
    # people search on meanwhile.
    number = f"{_TAKEN}{len(since)}"
    if not records.add_pilot_step(project.id, plan.link, PilotStep(number, who, newest)):
        raise DataError("Somebody takes these questions in at this moment. Reload the page.")
    try:
        texts, counts = [one.text for one in asked], [one.asked for one in asked]
        rows = range(1, len(asked) + 1)
        dataset = project.load_dataset()
        asked_now = AskedQuestions(texts, rows, counts)
        added, account = with_open_questions(dataset, asked_now, file=_SOURCE)
        go_on_with_open(project, dataset, added, account, who)
    except BaseException:
        undone = PilotStep(f"{_UNDONE}{len(since)}", who, newest)
        records.add_pilot_step(project.id, plan.link, undone)
        raise
    project.note("pilot questions taken in", who, {"plan": plan.id, "questions": len(asked)})
    return account


def _events(project: Project, plan: PilotPlan) -> list[PilotEvent]:
    """Return what people did on the page of a plan since questions were last taken in."""
    records = project.workspace.records
    since = max((at for at in _last_taken(project, plan) if at), default="")
    same = [one.id for one in reversed(plans(project)) if one.link == plan.link]
    events = (event for one in same for event in records.events(project.id, one))
    return [event for event in events if event.at > since]


def _last_taken(project: Project, plan: PilotPlan) -> list[str]:
    """Return up to when events were taken in, for each time; "" where that came to nothing."""
    steps = project.workspace.records.pilot_steps(plan.link)
    numbers = [what.removeprefix(_TAKEN) for what in steps if what.startswith(_TAKEN)]
    return ["" if f"{_UNDONE}{n}" in steps else steps[f"{_TAKEN}{n}"].at for n in numbers]
