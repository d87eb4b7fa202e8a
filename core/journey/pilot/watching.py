"""Does the model still fit what is asked: a look as a job, its criteria, and what it found."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from core.errors import AppError, WorkspaceError
from core.experts.lexical import words
from core.experts.outside.alerts import Alert, send_alert, ways
from core.jobs.folder import RunFolder
from core.journey.jobs import (
    FINISHED,
    IN_BACKGROUND,
    WATCH,
    JobView,
    Start,
    jobs_of,
    launch_job,
    outcome_of,
    project_of,
)
from core.journey.pilot.looking import MOST_QUESTIONS, events_of, look_at
from core.messages import N_, Message
from core.pilot import drift
from core.pilot.criteria import (
    COUNT as COUNT,
    CRITERIA as CRITERIA,
    POINTS as POINTS,
    SHARE as SHARE,
    UNLIKE,
    chance_told as chance_told,
    checked,
    raised_told as raised_told,
    rule_told as rule_told,
    state_told as state_told,
)
from core.pilot.what_people_do import searches_since
from core.progress import Reporter
from core.types.rights import CHANGE, SEE, SEND, START
from core.types.watch_looks import (
    SENDING,
    SENDING_FAILED,
    SENT,
    AlertSent,
    NewWord,
    WatchCriteria as WatchCriteria,
    WatchLook as WatchLook,
    WatchRequest,
)
from core.workspace.database import now
from core.workspace.project_state import ProjectState
from core.workspace.workspace import Project, asks

_MOST_ALERTS, _MOST_QUESTIONS_TOLD = 100, 20


# When to learn again.


@asks(SEE)
def criteria_of(project: Project) -> WatchCriteria:
    """Return the criteria of a project: as they were set, else as they are proposed."""
    return project.state.watch_criteria


@asks(CHANGE)
def set_criteria(project: Project, wanted: WatchCriteria, who: str) -> WatchCriteria:
    """Keep when the model should learn again; the next look goes by it.

    Raises
    ------
    DataError
        If a limit is out of range; nothing is kept.
    RightsError
        If somebody switches alerts on, or texts in them, who may not send to other servers.
    """
    wanted, before = checked(wanted), project.state.watch_criteria
    if (wanted.alert, wanted.texts) > (before.alert, before.texts):
        project.demand(SEND)
    project.state.watch_criteria = wanted
    changed = {
        name: getattr(wanted, name)
        for name in WatchCriteria.__dataclass_fields__
        if getattr(wanted, name) != getattr(before, name)
    }
    project.note("watch criteria", who, changed)
    return wanted


# A look.


@asks(START)
def launch_look(
    project: Project,
    who: str,
    *,
    start: Start = IN_BACKGROUND,
) -> str:
    """Start a look at what is asked, liked and changed; returns the run id.

    A look that was killed is done again from its beginning by *Resume*, or by the next one: it
    changes nothing but its own folder.

    Parameters
    ----------
    start : callable
        See :func:`core.journey.jobs.launch_job`.

    Raises
    ------
    WorkspaceError
        If the project has no data.
    """
    project.load_dataset()  # says what is wrong with it
    return launch_job(project, WATCH, WatchRequest(criteria_of(project)), who, start=start)


def watch_step(folder: RunFolder, request: WatchRequest, report: Reporter) -> WatchLook:
    """Worker step: read what people did, compare it with what was learned, test the model again."""
    project = project_of(folder)
    look = look_at(project, request.criteria, report)
    if request.criteria.alert:
        for problem in tell(project, look, request.criteria, os.environ):
            report.warning(problem)
    return look


# Alerts.


def alert_ways(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return how this server can send alerts; none before whoever runs it has set that up."""
    return ways(environment)


def tell(
    project: Project, look: WatchLook, criteria: WatchCriteria, environment: Mapping[str, str]
) -> tuple[Message, ...]:
    """Send an alert about every criterion that began to hold; returns what went wrong.

    Each beginning is told once in each way: who sends says so before, so that a process that is
    killed on its way sends nothing twice. What failed is tried again by the next look.
    """
    earlier, problems = tuple(reversed(looks(project))), []
    firings = {f"{key} {_last_without(earlier, key)}": key for key in look.fired}
    for way in ways(environment):
        new = tuple(firing for firing in firings if _claimed(project, firing, way))
        if not new:
            continue
        problem = None
        try:
            keys = tuple(firings[firing] for firing in new)
            send_alert(way, _alert(project, look, criteria, keys), environment)
        except AppError as error:
            problem = error.message
            problems.append(problem)
        for firing in new:
            state = SENDING_FAILED if problem else SENT
            _keep_alert(project, AlertSent(firing, way, now(), state, problem))
        detail = {"way": way, "criteria": list(keys), "sent": problem is None}
        project.note("alert", "watch", detail)
    return tuple(problems)


def _last_without(earlier: Sequence[WatchLook], key: str) -> str:
    """Return the time of the newest look in which a criterion did not hold, "" without any."""
    return next((look.at for look in earlier if key not in look.fired), "")


def _claimed(project: Project, firing: str, way: str) -> bool:
    """Say that an alert is being sent; False where it was, or where somebody else is at it."""
    is_new = False

    def claim(alerts: tuple[AlertSent, ...]) -> tuple[AlertSent, ...]:
        nonlocal is_new
        same = [one for one in alerts if (one.firing, one.way) == (firing, way)]
        is_new = not same or same[-1].state == SENDING_FAILED
        sending = AlertSent(firing, way, now(), SENDING)
        return (*alerts, sending)[-_MOST_ALERTS:] if is_new else alerts

    project.state.change(ProjectState.alerts, claim)
    return is_new


def _keep_alert(project: Project, ended: AlertSent) -> None:
    """Keep what became of an alert, in the place of what was said before it was sent."""

    def kept(alerts: tuple[AlertSent, ...]) -> tuple[AlertSent, ...]:
        others = (o for o in alerts if (o.firing, o.way) != (ended.firing, ended.way))
        return (*others, ended)

    project.state.change(ProjectState.alerts, kept)


def _alert(
    project: Project, look: WatchLook, criteria: WatchCriteria, keys: Sequence[str]
) -> Alert:
    reasons = tuple(str(state_told(state)) for state in look.criteria if state.key in keys)
    texts = unlike_questions(project, look) if criteria.texts and UNLIKE in keys else ()
    subject = Message(N_("{project}: the model should learn again"), {"project": project.name})
    asked = tuple(one.text for one in texts[:_MOST_QUESTIONS_TOLD])
    return Alert(project.name, str(subject), reasons, tuple(keys), look.at, asked)


@asks(SEE)
def alerts(project: Project) -> tuple[AlertSent, ...]:
    """Return the alerts of a project, newest first."""
    return tuple(reversed(project.state.alerts))


# What looks found.


@asks(SEE)
def looks(project: Project, most: int = 60) -> tuple[WatchLook, ...]:
    """Return the newest looks, oldest first; damaged ones are left out."""
    found: list[WatchLook] = []
    for view in jobs_of(project, WATCH):
        if view.state == FINISHED and len(found) < most:
            with suppress(AppError):  # damaged
                found.append(look_of(project, view.id))
    return tuple(reversed(found))


@asks(SEE)
def newest_look(project: Project) -> WatchLook | None:
    """Return the newest look, None before the first; reads a few small files."""
    for record in project.workspace.records.runs(project.id, WATCH):
        if RunFolder(project.workspace.run_folder(record.id)).result.is_file():
            with suppress(AppError):  # damaged: an earlier one may be whole
                return look_of(project, record.id)
    return None


def look_running(project: Project) -> JobView | None:
    """Return the newest look where it is not finished: running, killed, stopped or failed."""
    newest = next(iter(jobs_of(project, WATCH)), None)
    return None if newest is None or newest.state == FINISHED else newest


@asks(SEE)
def look_of(project: Project, run_id: str) -> WatchLook:
    """Return what a finished look found; raises WorkspaceError if that is damaged."""
    look: WatchLook = outcome_of(RunFolder(project.workspace.run_folder(run_id)))
    return look


@dataclass(frozen=True)
class UnlikeQuestion:
    """A question that is unlike anything known.

    Attributes
    ----------
    text : str
        As it is kept: personal data in it are masked.
    at : str
        When it was searched last.
    """

    text: str
    at: str


@asks(SEE)
def unlike_questions(project: Project, look: WatchLook) -> tuple[UnlikeQuestion, ...]:
    """Return the questions of a look that are unlike anything known, least alike first.

    What was erased since, or is older than its days, is not there any more.
    """
    wanted = set(look.unlike_searches)
    if not wanted:
        return ()
    texts = {e.token: UnlikeQuestion(e.text, e.at) for e in events_of(project) if e.token in wanted}
    return tuple(texts[token] for token in look.unlike_searches if token in texts)


@asks(SEE)
def words_of_look(project: Project, look: WatchLook, most: int = 12) -> tuple[NewWord, ...]:
    """Return words that the questions of a look have and no known one, most frequent first."""
    reach = {"days": criteria_of(project).days, "least": drift.LEAST, "most": MOST_QUESTIONS}
    asked = searches_since(events_of(project), datetime.fromisoformat(look.at), **reach)
    try:
        learned = project.workspace.load_dataset(look.learned_id or look.dataset_id)
    except WorkspaceError:
        return ()
    return drift.new_words(learned.questions, asked.texts, words)[:most]


@dataclass(frozen=True)
class SuspectAnswer:
    """An answer that changed or went, with the questions whose labels rest on it.

    Attributes
    ----------
    before : str
    now : str
        "" = it is gone.
    questions : tuple of (row, text)
        Row of the question in the file that the model learned from.
    """

    before: str
    now: str
    questions: tuple[tuple[int, str], ...]


@asks(SEE)
def suspect_answers(project: Project, look: WatchLook) -> tuple[SuspectAnswer, ...]:
    """Return the answers that changed since the model learned; none where their data are gone."""
    if not look.answers.changed or not look.learned_id:
        return ()
    try:
        learned = project.workspace.load_dataset(look.learned_id)
        present = project.workspace.load_dataset(look.dataset_id)
    except WorkspaceError:
        return ()
    return tuple(
        SuspectAnswer(
            learned.answers[one.before],
            present.answers[one.now] if one.now >= 0 else "",
            tuple((int(learned.question_row[q]), learned.questions[q]) for q in one.questions),
        )
        for one in look.answers.changed
    )
