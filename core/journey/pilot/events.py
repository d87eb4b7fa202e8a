"""Events from elsewhere: read apart, masked, kept; and what people opened as a further expert."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from core.data.logs.question_log import read_log
from core.data.matching import TextIndex
from core.data.reading.formats import read_table
from core.data.reading.search_events import events_in as events_in, kind_of
from core.data.table import Table as Table
from core.errors import DataError, WorkspaceError
from core.experts.score_file import CLICKS_PREFIX
from core.hashing import content_id
from core.journey.experts import join_panel, leave_panel
from core.journey.personal import handling_of, keep_placeholders
from core.journey.pilot.searching import DAYS, plans
from core.journey.projects import scored_experts
from core.journey.uploads import read_apart
from core.pilot.click_models import ProbableAnswer, RecordedSearch, probable_answers
from core.pilot.interleaving import ALPHA
from core.progress import Reporter
from core.types import QADataset
from core.types.personal_rules import MASK
from core.types.pilot_events import (
    CLICKED,
    HELPED,
    QUERIES,
    SEARCHED,
    THUMB_DOWN,
    THUMB_UP,
    UBI,
    EventFile,
    ForeignSearch,
    PilotEvent,
    PilotPlan,
    ShownList,
    searches_with_marks,
)
from core.types.rights import CHANGE, SEE
from core.workspace.database import now
from core.workspace.feedback import new_round_id
from core.workspace.pilot_records import MOST_SEARCHED
from core.workspace.workspace import Project, asks

MOST_FILES = 4  # that belong together
MOST_IMPORTED = 50_000  # searches at once: each is a row or more that is written in one go
# Files that say what was done about every search, not only which were clicked or asked at all.
_WHOLE = (UBI,)
_LEAST_REPLY = 40  # characters of an answer that is looked for inside a longer reply


# Read and kept.


def read_event_table(content: bytes, name: str, report: Reporter | None = None) -> Table:
    """Read a file of events in a process with limits; nothing is kept.

    Raises
    ------
    DataError
        If no reader knows the file.
    """
    try:
        table = read_apart(read_table, content, name, name=name, report=report, unfold=False)
        if kind_of(table) != QUERIES:
            return table
    except DataError:  # one column of questions is no table, and a log all the same
        pass
    return read_apart(read_log, content, name, name=name, report=report)


@dataclass(frozen=True)
class EventPreview:
    """What becomes of events in a project, before anything is kept.

    Attributes
    ----------
    searches, questions : float, int
        Searches, and how many different questions they are.
    clicks, matched : int
        Opened results, and those of them that are an answer of the project.
    old : int
        Searches that are older than events are kept.
    """

    searches: float
    questions: int
    clicks: int
    matched: int
    old: int


@asks(SEE)
def preview_events(project: Project, file: EventFile) -> EventPreview:
    """Return what becomes of events, counted as they would be kept."""
    taken, old = _in_time(file, _days(project))
    answers = _Answers(project.load_dataset())
    results = [result for search in taken for result, _ in search.clicks]
    return EventPreview(
        sum(search.count for search in taken),
        len({" ".join(search.text.casefold().split()) for search in taken}),
        len(results),
        sum(answers.row(result) >= 0 for result in results),
        old,
    )


@asks(CHANGE)
def import_events(project: Project, file: EventFile, who: str) -> tuple[PilotPlan, int]:
    """Keep events from elsewhere beside those of the search page, all of them or none.

    Personal data in the questions are masked, visitors are kept as a hash that means nothing
    elsewhere, and results by the answer that they are. What was imported before is not counted
    again.

    Returns
    -------
    plan : PilotPlan
        Under which they are kept.
    added : int
        Searches that are new.

    Raises
    ------
    DataError
        If all of it was imported before, or is older than events are kept, or it is too much.
    """
    if len(file.searches) > MOST_IMPORTED:
        raise DataError(
            "{file} holds {count} searches; at most {most} are imported at once. Split it, or join "
            "the same questions with a count.",
            file=file.file,
            count=len(file.searches),
            most=MOST_IMPORTED,
        )
    days, dataset = _days(project), project.load_dataset()
    taken, old = _in_time(file, days)
    records = project.workspace.records
    known = {event.token for event in records.events(project.id)}
    names = [_token(project, search) for search in taken]
    new = [(token, s) for token, s in zip(names, taken, strict=True) if token not in known]
    if not new:
        raise DataError(
            "Nothing of {file} is new: {known} searches were imported before, {old} are older than "
            "the {days} days that events are kept.",
            file=file.file,
            known=len(taken),
            old=old,
            days=days,
        )
    texts = _masked(project, [search.text for _, search in new])
    answers, at = _Answers(dataset), now()
    events: list[PilotEvent] = []
    for (token, search), text in zip(new, texts, strict=True):
        events += _events_of(project, token, replace(search, text=text), answers, at)
    depth = max((len(event.shown.answers) for event in events), default=1) or 1
    plan = PilotPlan(
        new_round_id(), new_round_id(), dataset.id, None, None, depth, days, ALPHA, who, at,
        source=f"{file.kind}:{file.file[:200]}",
    )  # fmt: skip
    records.add_plan(project.id, plan)
    records.add_events(project.id, plan.id, events)
    detail = {"plan": plan.id, "kind": file.kind, "searches": len(new), "file": plan.source}
    project.note("pilot events imported", who, detail)
    return plan, len(new)


@asks(SEE)
def imports(project: Project) -> tuple[PilotPlan, ...]:
    """Return the plans of imported events, newest first."""
    return tuple(plan for plan in plans(project) if plan.source)


def source_of(plan: PilotPlan) -> tuple[str, str]:
    """Return the kind of imported events, and the name of their file."""
    kind, _, file = plan.source.partition(":")
    return kind, file


def tells_satisfaction(plan: PilotPlan) -> bool:
    """Return whether events of a plan say of every search whether somebody was satisfied."""
    return not plan.source or source_of(plan)[0] in _WHOLE


def _days(project: Project) -> int:
    """Return for how many days events are kept: as the newest plan says."""
    return next((plan.days for plan in plans(project)), DAYS)


def _in_time(file: EventFile, days: int) -> tuple[list[ForeignSearch], int]:
    """Return the searches that would not be deleted at once, and how many would."""
    oldest = (datetime.fromisoformat(now()) - timedelta(days=days)).isoformat()
    taken = [search for search in file.searches if not search.at or search.at >= oldest]
    return taken, len(file.searches) - len(taken)


def _token(project: Project, search: ForeignSearch) -> str:
    """Return what tells a search from others, the same whenever the file is read again."""
    parts = (search.name, search.text, search.at, f"{search.count:g}")
    return f"in-{content_id([project.id, *parts])}"


def _masked(project: Project, texts: Sequence[str]) -> list[str]:
    """Return texts as they may be kept; each different one is looked at once."""
    with project.workspace.records.alone():  # others are given placeholders at the same time
        handling = handling_of(project, MASK)
        masked = {text: handling.masked(text)[0] for text in dict.fromkeys(texts)}
        keep_placeholders(project, handling)
    return [masked[text][:MOST_SEARCHED] for text in texts]


def _events_of(
    project: Project, token: str, search: ForeignSearch, answers: _Answers, at: str
) -> list[PilotEvent]:
    """Return a search with what was done about it, as if it had been searched here."""
    told = f"{project.id}\0{search.visitor or token}".encode()
    visitor = hashlib.blake2b(told, digest_size=12).hexdigest()
    shown = [answers.row(result) for result in search.shown]
    marks: list[tuple[str, int]] = []
    opened = [(CLICKED, result, place) for result, place in search.clicks]
    judged = [(kind, result, -1) for kind, result in search.marks]
    for kind, result, place in (*opened, *judged):
        row = answers.row(result)
        if place < 0:  # behind everything: a place that had no part in it
            place = shown.index(row) if row >= 0 and row in shown and kind != CLICKED else -1
        if place < 0 and row < 0:
            continue  # nobody can tell what it was, nor where
        if place < 0:
            place, kind = len(shown), THUMB_UP if kind == CLICKED else kind
        shown += [-1] * (place + 1 - len(shown))
        shown[place] = row if row >= 0 else shown[place]
        marks.append((kind, place))
    moment = search.at or at
    found = ShownList(tuple(shown))
    events = [
        PilotEvent(
            token, token, SEARCHED, visitor, search.text, -1, moment, found, count=search.count
        )
    ]
    for number, (kind, place) in enumerate(dict.fromkeys(marks)):
        mark = f"{token}-{number}"
        events.append(PilotEvent(mark, token, kind, visitor, "", place, moment))
    return events


class _Answers:
    """Rows of the answers by what a result is called: id, text, or a reply that holds one."""

    def __init__(self, dataset: QADataset) -> None:
        self._index = TextIndex(dataset).answers
        folded = (" ".join(text.casefold().split()) for text in dataset.answers)
        self._inside = [(t, row) for row, t in enumerate(folded) if len(t) >= _LEAST_REPLY]
        self._known: dict[str, int] = {}

    def row(self, result: str) -> int:
        """Return the row of an answer, -1 where there is none."""
        if result not in self._known:
            self._known[result] = self._found(result)
        return self._known[result]

    def _found(self, result: str) -> int:
        match = self._index.find(result)
        if match.row >= 0 or len(result) < _LEAST_REPLY:
            return match.row
        reply = " ".join(result.casefold().split())
        held = [(len(text), row) for text, row in self._inside if text in reply]
        return max(held)[1] if held else -1


# What people opened, as an expert.


@dataclass(frozen=True)
class ClickEvidence:
    """What the events of a project say about right answers.

    Attributes
    ----------
    answers : tuple of ProbableAnswer
        Of questions of the present data outside the final test; ``question`` is their text.
    elsewhere : int
        Pairs whose question is not among the data: taken in as an open question, it counts.
    is_estimated : bool
        Whether the chance that a place is looked at was estimated; else it is one over the rank.
    """

    answers: tuple[ProbableAnswer, ...]
    elsewhere: int
    is_estimated: bool


@asks(SEE)
def click_evidence(project: Project, dataset: QADataset) -> ClickEvidence:
    """Return which answers people opened or liked, corrected for places, over all events."""
    found, is_estimated = probable_answers(_recorded(project, dataset))
    rows: dict[str, str] = {}
    for row in np.setdiff1d(np.arange(len(dataset.questions)), dataset.held_out_rows).tolist():
        rows.setdefault(_folded(dataset.questions[row]), dataset.questions[row])
    held_out = {_folded(dataset.questions[row]) for row in dataset.held_out_rows.tolist()}
    own = tuple(replace(one, question=rows[one.question]) for one in found if one.question in rows)
    elsewhere = sum(one.question not in rows and one.question not in held_out for one in found)
    return ClickEvidence(own, elsewhere, is_estimated)


def _recorded(project: Project, dataset: QADataset) -> list[RecordedSearch]:
    """Return all searches of a project with rows of the present answers."""
    place = {text: row for row, text in enumerate(dataset.answers)}
    found: list[RecordedSearch] = []
    for plan in plans(project):
        try:
            then = project.workspace.load_dataset(plan.dataset_id).answers
        except WorkspaceError:  # that version was erased: nobody can tell what was opened
            continue
        now_at = np.array([place.get(text, -1) for text in then] + [-1], np.int64)
        for search, marks in searches_with_marks(
            project.workspace.records.events(project.id, plan.id)
        ):
            shown = tuple(int(now_at[row]) for row in search.shown.answers)
            opened = dict.fromkeys(
                (shown[mark.place], mark.place if mark.kind == CLICKED else -1)
                for mark in marks
                if mark.kind in HELPED and mark.place < len(shown)
            )
            disliked = tuple(
                shown[mark.place]
                for mark in marks
                if mark.kind == THUMB_DOWN and mark.place < len(shown)
            )
            # Of imported clicks the rest of the list is often unknown: no list to learn from.
            whole = shown if -1 not in search.shown.answers else ()
            found.append(
                RecordedSearch(_folded(search.text), whole, tuple(opened), disliked, search.count)
            )
    return found


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


@asks(CHANGE)
def use_clicks(project: Project, dataset: QADataset, who: str) -> str:
    """Make what people opened an expert of the present data; returns its key.

    It has little weight until people agree with it (:mod:`core.labels.judges`). Clicks of an
    earlier moment leave the panel.

    Raises
    ------
    DataError
        If nothing was opened for a question of the data.
    """
    evidence = click_evidence(project, dataset)
    if not evidence.answers:
        raise DataError(
            "Nobody has opened an answer for a question of the data yet. Take the questions that "
            "were asked into the data first."
        )
    row_of = {text: row for row, text in enumerate(dataset.questions)}
    pairs = sorted((row_of[one.question], one.answer, one.score) for one in evidence.answers)
    questions, answers, scores = zip(*pairs, strict=True)
    arrays = {
        "question_rows": np.array(questions, np.int32),
        "answer_rows": np.array(answers, np.int32),
        "values": np.array(scores, np.float32),
    }
    key = f"{CLICKS_PREFIX}{len(pairs)}-{content_id([dataset.id, *arrays.values()])[:8]}"
    about = {"pairs": len(pairs), "estimated": evidence.is_estimated, "at": now()}
    project.workspace.score_files.save(dataset.id, key, arrays, about)
    join_panel(project, dataset, key)
    for other in scored_experts(project):
        if other.startswith(CLICKS_PREFIX) and other != key:
            leave_panel(project, dataset, other)
    project.note("clicks as expert", who, {"expert": key, **about})
    return key


def clicks_expert(project: Project) -> str | None:
    """Return the key of clicks among the experts in use, None where they are not."""
    return next((key for key in scored_experts(project) if key.startswith(CLICKS_PREFIX)), None)
