"""Does the model still fit what is asked: a look as a job, its criteria, and what it found."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from core.documents import from_json
from core.errors import AppError, Stopped, WorkspaceError
from core.experts.lexical import words
from core.experts.outside.alerts import Alert, send_alert, ways
from core.jobs.folder import RunFolder
from core.journey.compare_systems import encoders, is_query_side, tune_request
from core.journey.jobs import (
    COMPARE,
    FINISHED,
    IN_BACKGROUND,
    WATCH,
    JobView,
    Start,
    jobs_of,
    launch_job,
    outcome_of,
    project_of,
    request_of,
)
from core.journey.pilot.events import tells_satisfaction
from core.journey.pilot.searching import arm_encoders, arm_in_use, plans
from core.journey.pilot.versions import promotion
from core.journey.projects import summary_file
from core.messages import N_, Message
from core.pilot import drift
from core.pilot.criteria import (
    BASELINE_WEEKS,
    COUNT as COUNT,
    CRITERIA as CRITERIA,
    POINTS as POINTS,
    SHARE as SHARE,
    UNLIKE,
    chance_told as chance_told,
    checked,
    judged_by,
    looks_a_year,
    rule_told as rule_told,
    state_told as state_told,
)
from core.pilot.what_people_do import SearchesLookedAt, searches_since, weeks_before
from core.progress import Progress, Reporter
from core.types import BASE, TUNED, QADataset
from core.types.comparison import Difference, OfHundred, VerdictSummary
from core.types.expert_entry import DOCUMENT, QUERY
from core.types.pilot_events import PilotEvent
from core.types.project import Promotion
from core.types.rights import CHANGE, SEE, SEND, START
from core.types.watch_looks import (
    FOLDS,
    GONE,
    NO_MODEL,
    NO_SEARCHES,
    NOTHING_LEARNED,
    SENDING,
    SENDING_FAILED,
    SENT,
    AlertSent,
    DriftLook,
    FalseAlarms,
    FrozenVerdict,
    NewWord,
    WatchCriteria as WatchCriteria,
    WatchLook as WatchLook,
    WatchRequest,
)
from core.workspace.database import now
from core.workspace.files import read_json
from core.workspace.project_state import ProjectState
from core.workspace.workspace import Project, asks

if TYPE_CHECKING:
    from core.experts.encoders import Encoder

_MOST_ALERTS, _MOST_QUESTIONS_TOLD = 100, 20
MOST_QUESTIONS = 3_000  # that a look encodes: the newest
_SEED = 0


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


def look_at(
    project: Project, criteria: WatchCriteria, report: Reporter, at: str | None = None
) -> WatchLook:
    """Look at a pilot once, and return what was found; nothing is written.

    Parameters
    ----------
    at : str or None
        The present time, ISO 8601; None = now.

    Raises
    ------
    AppError
        If the data or the model in use cannot be read.
    Stopped
        If the reporter was asked to stop.
    """
    at = at or now()
    until = datetime.fromisoformat(at)
    report.progress(0.0, Message(N_("Reading what people searched and liked")))
    events = _events(project)
    reach = {"days": criteria.days, "least": drift.LEAST, "most": MOST_QUESTIONS}
    asked = searches_since(events, until, **reach)
    weeks = weeks_before(_judging(project), until, BASELINE_WEEKS + criteria.weeks)
    present = project.load_dataset()
    arm = arm_in_use(project, present)
    learned, no_data = present, ""
    if arm.run:
        learned_id = tune_request(RunFolder(project.workspace.run_folder(arm.run))).dataset_id
        try:
            learned = project.workspace.load_dataset(learned_id)
        except WorkspaceError:  # that version was erased: nobody can tell what it held
            no_data = GONE
    _go_on(report)
    found, no_drift = _drift(
        *(project, criteria, learned, present, asked, Progress(report, 0.05, 0.6))
    )
    _go_on(report)
    verdict, no_verdict = _frozen(project, present, Progress(report, 0.6, 1.0))
    return judged_by(
        WatchLook(
            at,
            asked.since,
            arm.model,
            arm.run,
            learned.id if not no_data else "",
            present.id,
            asked.searches,
            len(asked.texts),
            found.drift,
            no_drift,
            tuple(asked.tokens[row] for row in found.rows),
            found.simulated,
            weeks,
            verdict,
            no_verdict,
            drift.answer_changes(learned, present),
            _new_judged(learned, present),
        ),
        criteria,
    )


def _go_on(report: Reporter) -> None:
    if report.should_stop():
        raise Stopped


def _events(project: Project) -> tuple[PilotEvent, ...]:
    """Return what people did in all plans; of the same plan in the order in which it came."""
    return project.workspace.records.events(project.id)


def _judging(project: Project) -> tuple[PilotEvent, ...]:
    """Return the events that say of every search whether somebody was satisfied."""
    records = project.workspace.records
    telling = [plan.id for plan in reversed(plans(project)) if tells_satisfaction(plan)]
    return tuple(event for plan in telling for event in records.events(project.id, plan))


def _new_judged(learned: QADataset, present: QADataset) -> int:
    """Return how many questions with a known answer the model has not met, in a test neither."""
    known = {learned.questions[row] for row in learned.judged_rows.tolist()}
    return sum(present.questions[row] not in known for row in present.judged_rows.tolist())


@dataclass(frozen=True)
class _Drifted:
    drift: DriftLook | None = None
    rows: tuple[int, ...] = ()
    simulated: FalseAlarms | None = None


def _drift(
    project: Project,
    criteria: WatchCriteria,
    learned: QADataset,
    present: QADataset,
    asked: SearchesLookedAt,
    report: Progress,
) -> tuple[_Drifted, str]:
    """Compare the questions of the last days with the known ones; or say why not."""
    from core.experts.encoders import encode_cached

    if not asked.texts:
        return _Drifted(), NO_SEARCHES
    rows = np.concatenate([learned.judged_rows, learned.open_rows]).tolist()
    known_texts = list(dict.fromkeys(learned.questions[row] for row in rows))
    if len(known_texts) < 2:
        return _Drifted(), NOTHING_LEARNED
    workspace = project.workspace
    reads, beside = arm_encoders(workspace, arm_in_use(project, present))
    cache = workspace.vectors
    answers = encode_cached(beside, present.answers, DOCUMENT, cache, report.part(0.0, 0.3))
    known = encode_cached(reads, known_texts, QUERY, cache, report.part(0.3, 0.6))
    # What customers typed goes into no cache: it is gone when its days are over.
    new = reads.encode(asked.texts, QUERY, report.part(0.6, 0.8))
    _go_on(report)
    then = drift.SearchedQuestions(tuple(known_texts), known, _best(known, answers))
    today = drift.SearchedQuestions(asked.texts, new, _best(new, answers))
    tolerated = drift.TOLERATED if criteria.unlike is None else criteria.unlike
    allowed, a_year = criteria.false_alarms, looks_a_year(criteria)
    told = Message(N_("Comparing the questions with those that were learned"))
    report.progress(0.8, told)
    found = drift.look(then, today, words, tolerated=tolerated, false_alarms=allowed, looks=a_year)
    report.progress(0.9, Message(N_("Simulating looks at the past")))
    simulated = None
    if len(then) >= 2 * drift.LEAST:
        simulated = drift.simulated_false_alarms(
            then, len(today), tolerated=tolerated, false_alarms=allowed, looks=a_year
        )
    unlike_rows = found.unlike.rows
    # Words are texts of people; rows mean nothing without the texts.
    kept = replace(found, words=(), unlike=replace(found.unlike, rows=()))
    return _Drifted(kept, unlike_rows, simulated), ""


def _best(questions: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return the highest cosine of each question with any answer, float32 [n]."""
    best = np.empty(len(questions), np.float32)
    for start in range(0, len(questions), drift.BLOCK):
        block = questions[start : start + drift.BLOCK] @ answers.T
        best[start : start + drift.BLOCK] = block.max(axis=1)
    return best


# The frozen test.


def _frozen(
    project: Project, present: QADataset, report: Progress
) -> tuple[FrozenVerdict | None, str]:
    """Ask the questions again that the model was taken into use with; or say why not."""
    used = promotion(project)
    if used is None:
        return None, NO_MODEL
    workspace = project.workspace
    folder = RunFolder(workspace.run_folder(used.run))
    if not folder.model.is_dir():
        return None, GONE
    if tune_request(folder).from_cross_fit:
        return None, FOLDS
    then = _decided_by(project, used)
    dataset_id = then.dataset_id if then else tune_request(folder).dataset_id
    try:
        frozen = workspace.load_dataset(dataset_id)
    except WorkspaceError:
        return None, GONE
    report.progress(0.0, Message(N_("Asking the frozen test again")))
    found = _asked_again(project, used.run, frozen, frozen.answers, report.part(0.0, 0.5))
    verdict = FrozenVerdict(frozen.id, then.found if then else (), *found)
    if present.answers == frozen.answers:
        return verdict, ""
    _go_on(report)
    moved, left_out = _among(frozen, present)
    if not len(moved.held_out_rows):
        return replace(verdict, left_out=left_out), ""
    of_today, _ = _asked_again(project, used.run, moved, moved.answers, report.part(0.5, 1.0))
    return replace(verdict, today=of_today, left_out=left_out), ""


def _decided_by(project: Project, used: Promotion) -> VerdictSummary | None:
    """Return what the comparison said that a model was taken into use by."""
    for view in jobs_of(project, COMPARE):  # newest first
        try:
            if request_of(view).tune_run != used.run or view.created_at > used.at:
                continue
            file = summary_file(RunFolder(project.workspace.run_folder(view.id)))
            return from_json(VerdictSummary, read_json(file))
        except AppError:
            continue  # damaged, or of an earlier version that nobody has looked at since
    return None


def _asked_again(
    project: Project,
    run: str,
    dataset: QADataset,
    answers: tuple[str, ...],
    report: Progress,
) -> tuple[tuple[OfHundred, ...], tuple[Difference, ...]]:
    """Search the held-out questions of a dataset with base and tuned model.

    The questions are read anew and not taken from the cache: so a changed file, library or machine
    shows.
    """
    from core.evaluation.measures import MAIN_METRIC
    from core.evaluation.of_hundred import verdict_summary
    from core.evaluation.systems import EncodedSystem, compare
    from core.experts.encoders import encode_cached

    workspace = project.workspace
    folder = RunFolder(workspace.run_folder(run))
    before, after = encoders(workspace, folder)
    texts = [dataset.questions[row] for row in dataset.held_out_rows.tolist()]

    def system(name: str, reads: Encoder, beside: Encoder, part: Progress) -> EncodedSystem:
        left = reads.encode(texts, QUERY, part.part(0.0, 0.5))
        cache = workspace.vectors
        right = encode_cached(beside, answers, DOCUMENT, cache, part.part(0.5, 1.0))
        return EncodedSystem(name, name, name, reads.fingerprint, left, right)

    systems = (
        system(BASE, before, before, report.part(0.0, 0.4)),
        system(TUNED, after, before if is_query_side(folder) else after, report.part(0.4, 0.8)),
    )
    compared = compare(dataset, systems, run_id=run, seed=_SEED, report=report.part(0.8, 1.0))
    main = tuple(one for one in compared.differences if one.metric == MAIN_METRIC)
    return verdict_summary(compared).found, main


def _among(frozen: QADataset, present: QADataset) -> tuple[QADataset, int]:
    """Return the held-out questions among the answers of today, and how many have none left.

    Answers keep their groups of then; new ones are a group each.
    """
    place = {text: row for row, text in enumerate(present.answers)}
    moved = np.array([place.get(text, -1) for text in frozen.answers], np.int32)
    held = frozen.of_questions(frozen.held_out_rows)
    stays = moved[held.right_answer] >= 0
    has_right = np.zeros(len(held.questions), bool)
    has_right[held.right_question[stays]] = True
    group_of = {text: int(g) for text, g in zip(frozen.answers, frozen.answer_group, strict=True)}
    following = int(frozen.answer_group.max(initial=-1)) + 1
    groups = [group_of.get(text, following + n) for n, text in enumerate(present.answers)]
    order = np.lexsort((moved[held.right_answer[stays]], held.right_question[stays]))
    among = replace(
        held,
        answers=present.answers,
        answer_ids=present.answer_ids,
        answer_group=np.array(groups, np.int32),
        right_question=held.right_question[stays][order],
        right_answer=moved[held.right_answer[stays]][order],
        right_grade=held.right_grade[stays][order],
        wrong_question=np.empty(0, np.int32),
        wrong_answer=np.empty(0, np.int32),
    )
    rows = np.flatnonzero(has_right).astype(np.int32)
    return among.of_questions(rows), int((~has_right).sum())


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
    texts = {e.token: UnlikeQuestion(e.text, e.at) for e in _events(project) if e.token in wanted}
    return tuple(texts[token] for token in look.unlike_searches if token in texts)


@asks(SEE)
def words_of_look(project: Project, look: WatchLook, most: int = 12) -> tuple[NewWord, ...]:
    """Return words that the questions of a look have and no known one, most frequent first."""
    reach = {"days": criteria_of(project).days, "least": drift.LEAST, "most": MOST_QUESTIONS}
    asked = searches_since(_events(project), datetime.fromisoformat(look.at), **reach)
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
