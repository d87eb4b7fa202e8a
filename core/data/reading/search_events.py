"""Searches, clicks and tickets that another program recorded, told apart by their columns.

OpenSearch's User Behavior Insights (https://ubisearch.dev: queries and events, joined by
``query_id``), rows of a question with the answer that was opened and its place, exports of help
desks (subject, description, first reply), and lists of questions with counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from core.data.columns.column_names import name_list, plain_name
from core.data.logs.question_log import LogColumns, guess_log, log_rows
from core.data.matching import clean_text
from core.data.table import Table, file_title
from core.errors import DataError
from core.types.pilot_events import (
    CLICKED_ANSWERS,
    QUERIES,
    THUMB_DOWN,
    THUMB_UP,
    TICKETS,
    UBI,
    EventFile,
    ForeignSearch,
)

LONGEST = 300  # characters of a question
DEEPEST = 100  # places of a list that are looked at
_MOST_SHOWN = 50  # results of a list that are kept
_LEAST_WORDS = 3  # of a subject that says what a ticket is about; below, its description does
# What event programs call opening a result, and a judgement of it.
_OPENED = re.compile(r"click|select|open|purchase|cart|view_item|download", re.IGNORECASE)
_LIKED = re.compile(r"thumbs?_?up|(?<!dis)like|helpful", re.IGNORECASE)
_DISLIKED = re.compile(r"thumbs?_?down|dislike|unhelpful|not_helpful", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?。!?])\s|[\r\n]+")

_CLICKED_NAMES = name_list(
    "clicked clickedanswer clickedanswerid clickedid clickeddocument clickeddoc clickedresult",
    "clickedurl clickedtitle docid documentid document objectid resultid result answerid answer",
    "geklickt geklickteantwort antwort ergebnis クリックした回答 クリック 回答 結果",
)
_PLACE_NAMES = name_list(
    "position clickposition clickedposition rank place ordinal pos platz rang",
    "順位 位置 掲載順位 表示順位",
)
_SESSION_NAMES = name_list("queryid searchid requestid sessionid session suchid 検索id")
_SUBJECT_NAMES = name_list("subject ticketsubject summary betreff sujet asunto oggetto 件名 題名")
_BODY_NAMES = name_list(
    "description ticketdescription body message text beschreibung nachricht contenido",
    "本文 内容 説明 問い合わせ内容",
)
_REPLY_NAMES = name_list(
    "firstreply firstresponse firstagentreply firstcomment firstpubliccomment reply response",
    "agentreply answer resolution antwort ersteantwort réponse respuesta 返信 最初の返信 回答",
)
_TIME_NAMES = name_list(
    "timestamp time date datetime createdat created createddate askedat datum zeitpunkt fecha",
    "日時 日付 作成日 作成日時",
)
_VISITOR_NAMES = name_list("clientid userid visitor visitorid user customer requesterid kunde")
_COUNT_NAMES = name_list("count clicks times anzahl クリック数 回数 件数")


@dataclass(frozen=True, eq=False)
class _Rows:
    """Cells of some columns, row by row."""

    table: Table
    columns: Mapping[str, str]

    def __iter__(self) -> Iterator[dict[str, str]]:
        names = list(self.columns)
        cells = [self.table.frame[column].tolist() for column in self.columns.values()]
        for values in zip(*cells, strict=True):
            yield dict(zip(names, values, strict=True))


def events_in(tables: Sequence[tuple[Table, str]]) -> EventFile:
    """Return the searches of one file, or of several that belong together.

    Parameters
    ----------
    tables : sequence of (Table, file name)
        As :func:`core.data.reading.formats.read_table` reads them, not unfolded.

    Raises
    ------
    DataError
        If nothing in it is a search; says which columns are looked for.
    """
    file = ", ".join(file_title(name) for _, name in tables)
    kinds = {kind_of(table) for table, _ in tables}
    if len(kinds) > 1:
        raise DataError(
            "The files {files} hold different kinds of events. Import each kind by itself.",
            files=file,
        )
    (kind,) = kinds
    read = {UBI: _ubi, CLICKED_ANSWERS: _clicks, TICKETS: _tickets, QUERIES: _queries}[kind]
    searches, aside = read([table for table, _ in tables])
    if not searches:
        raise DataError(
            "No search was found in {files}. Known are OpenSearch UBI (query_id, user_query; "
            "action_name, event_attributes), columns of a question with the answer that was opened "
            "and its position, tickets with subject, description and first reply, and questions "
            "with counts.",
            files=file,
        )
    return EventFile(kind, file, tuple(searches), aside)


def kind_of(table: Table) -> str:
    """Return what a table of events holds, by the names of its columns."""
    if _ubi_column(table, "query_id") and (
        _ubi_column(table, "user_query") or _ubi_column(table, "action_name")
    ):
        return UBI
    if _named(table, _SUBJECT_NAMES) and (
        _named(table, _BODY_NAMES) or _named(table, _REPLY_NAMES)
    ):
        return TICKETS
    question = guess_log(table).question
    clicked = _named(table, _CLICKED_NAMES, question)
    place = _named(table, _PLACE_NAMES, question, clicked)
    if question and clicked and (place or plain_name(clicked).startswith("click")):
        return CLICKED_ANSWERS
    return QUERIES


# OpenSearch UBI.


def _ubi(tables: Sequence[Table]) -> tuple[list[ForeignSearch], int]:
    """Join queries with what was done about them, in whichever file each stands."""
    asked: dict[str, ForeignSearch] = {}
    done: list[dict[str, str]] = []
    aside = 0
    names = ("query_id", "user_query", "timestamp", "client_id", "query_response_hit_ids")
    acts = (
        *("query_id", "action_name", "event_attributes.object.object_id"),
        *("event_attributes.position.ordinal", "timestamp"),
    )
    for table in tables:
        columns = {name: c for name in names if (c := _ubi_column(table, name))}
        more = {name: c for name in acts if (c := _ubi_column(table, name))}
        if "user_query" in columns:
            for cells in _Rows(table, columns):
                text = _question(cells.get("user_query", ""))
                if text and cells["query_id"]:
                    shown = _listed(cells.get("query_response_hit_ids", ""))
                    asked.setdefault(
                        cells["query_id"],
                        ForeignSearch(
                            cells["query_id"],
                            text,
                            moment_of(cells.get("timestamp", "")),
                            cells.get("client_id", ""),
                            shown=shown,
                        ),
                    )
        if "action_name" in more:
            done += [cells for cells in _Rows(table, more) if cells["action_name"]]
    # The ordinal counts from 1; programs that count from 0 are found out by a 0.
    lowest = 0 if any(_whole(cells.get(acts[3], "")) == 0 for cells in done) else 1
    for cells in done:
        search = asked.get(cells["query_id"])
        name, result = cells["action_name"], clean_text(cells.get(acts[2], ""))
        if search is None or not result:
            aside += search is None
            continue
        liked = THUMB_DOWN if _DISLIKED.search(name) else THUMB_UP if _LIKED.search(name) else ""
        if liked:
            asked[search.name] = replace(search, marks=(*search.marks, (liked, result)))
        elif _OPENED.search(name):
            place = _whole(cells.get(acts[3], ""))
            at = -1 if place is None else place - lowest
            if result in search.shown:  # the list itself knows best
                at = search.shown.index(result)
            asked[search.name] = replace(search, clicks=(*search.clicks, (result, at)))
    return list(asked.values()), aside


def _ubi_column(table: Table, name: str) -> str:
    """Return the column of a UBI field, also below the ``_source`` of an export; "" without."""
    ends = tuple(name.split("."))
    for column in table.columns:
        if tuple(column.split("."))[-len(ends) :] == ends:
            return column
    return ""


def _listed(cell: str) -> tuple[str, ...]:
    """Return ids that stand in a cell as a list in JSON, or with commas between them."""
    found: Any = None
    if cell.startswith("["):
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            found = None
    parts = found if isinstance(found, list) else cell.strip("[]").split(",")
    texts = (clean_text(str(part)).strip("'\"") for part in parts[:_MOST_SHOWN])
    return tuple(text for text in texts if text)


# A question with the answer that was opened.


def _clicks(tables: Sequence[Table]) -> tuple[list[ForeignSearch], int]:
    found: dict[str, ForeignSearch] = {}
    aside = number = 0
    for table in tables:
        question = guess_log(table).question
        clicked = _named(table, _CLICKED_NAMES, question)
        columns = {"question": question or "", "clicked": clicked}
        for role, known in (
            *(("place", _PLACE_NAMES), ("session", _SESSION_NAMES), ("time", _TIME_NAMES)),
            *(("visitor", _VISITOR_NAMES), ("count", _COUNT_NAMES)),
        ):
            column = _named(table, known, *columns.values())
            if column:
                columns[role] = column
        rows = list(_Rows(table, columns))
        places = [_whole(cells.get("place", "")) for cells in rows]
        lowest = 0 if 0 in places else 1
        for cells, place in zip(rows, places, strict=True):
            number += 1
            text, result = _question(cells["question"]), clean_text(cells["clicked"])
            count = _whole(cells.get("count", "")) if "count" in columns else 1
            if not text or count == 0:
                aside += 1
                continue
            at = -1 if place is None or place - lowest >= DEEPEST else place - lowest
            name = f"{cells['session']} {text}" if cells.get("session") else f"row {number}"
            known_search = found.get(name)
            if known_search is None:
                known_search = ForeignSearch(
                    name,
                    text,
                    moment_of(cells.get("time", "")),
                    cells.get("visitor", "") or cells.get("session", ""),
                    float(count or 1),
                )
            if result:
                known_search = replace(known_search, clicks=(*known_search.clicks, (result, at)))
            found[name] = known_search
    return list(found.values()), aside


# Tickets.


def _tickets(tables: Sequence[Table]) -> tuple[list[ForeignSearch], int]:
    """Take the subject as the question, else how the description begins; the reply is opened."""
    found: list[ForeignSearch] = []
    aside = 0
    for table in tables:
        columns = {"subject": _named(table, _SUBJECT_NAMES)}
        for role, known in (
            *(("reply", _REPLY_NAMES), ("body", _BODY_NAMES), ("time", _TIME_NAMES)),
            ("visitor", _VISITOR_NAMES),
        ):
            column = _named(table, known, *columns.values())
            if column:
                columns[role] = column
        for number, cells in enumerate(_Rows(table, columns), start=1):
            subject, body = _question(cells["subject"]), clean_text(cells.get("body", ""))
            text = subject
            if len(subject.split()) < _LEAST_WORDS and subject.isascii() and body:
                text = _question(_SENTENCE.split(body, maxsplit=1)[0]) or subject
            if not text:
                aside += 1
                continue
            reply = clean_text(cells.get("reply", ""))
            found.append(
                ForeignSearch(
                    f"ticket {number}",
                    text,
                    moment_of(cells.get("time", "")),
                    cells.get("visitor", ""),
                    clicks=((reply, -1),) if reply else (),
                )
            )
    return found, aside


# Questions with counts.


def _queries(tables: Sequence[Table]) -> tuple[list[ForeignSearch], int]:
    found: list[ForeignSearch] = []
    aside = 0
    for table in tables:
        columns = guess_log(table)
        if columns.question is None:
            return [], len(table.frame)
        rows = log_rows(table, columns)
        aside += len(rows.set_aside)
        days = _days(table, columns, rows.asked.rows)
        counts = rows.asked.counts or [1.0] * len(rows.asked.texts)
        for row, text, count in zip(rows.asked.rows, rows.asked.texts, counts, strict=True):
            question = _question(text)
            if question:
                name = f"row {row}"
                found.append(ForeignSearch(name, question, days.get(row, ""), count=float(count)))
            else:
                aside += 1
    return found, aside


def _days(table: Table, columns: LogColumns, rows: Sequence[int]) -> dict[int, str]:
    if columns.date is None:
        return {}
    days = dict(zip(table.row_numbers.tolist(), table.frame[columns.date].tolist(), strict=True))
    return {row: moment_of(days.get(row, "")) for row in rows}


# Cells.


def moment_of(text: str) -> str:
    """Return a time in UTC, ISO 8601 to the millisecond; "" where it cannot be read for sure.

    ISO 8601 and Unix time in seconds or milliseconds; a time without a zone counts as UTC.
    """
    text = text.strip()
    try:
        if re.fullmatch(r"\d{10}(\.\d+)?|\d{13}", text):
            seconds = float(text) / (1000 if len(text) == 13 else 1)
            at = datetime.fromtimestamp(seconds, UTC)
        else:
            at = datetime.fromisoformat(text)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return at.isoformat(timespec="milliseconds")


def _question(text: str) -> str:
    return " ".join(clean_text(text).split())[:LONGEST]


def _whole(text: str) -> int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if 0 <= value < 1e9 else None


def _named(table: Table, names: Mapping[str, int] | Sequence[str], *taken: str | None) -> str:
    """Return the column whose name fits best; "" where none does or it is taken."""
    known = list(names)
    fits = [
        (known.index(plain), column)
        for column in table.columns
        if column not in taken and (plain := plain_name(column)) in known
    ]
    return min(fits)[1] if fits else ""
