"""A search log, or any other list of questions without answers: which column is what, and its rows.

Every file that can be read as data can be read as a log, and files of one column besides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import date

import numpy as np

from core.data.cells import is_nothing
from core.data.columns.column_mapping import ColumnMapping
from core.data.columns.column_names import (
    ATTRIBUTES,
    ROLES,
    WEAK_NAMES,
    counts as counts_rows,
    role_of,
)
from core.data.judging.ratings import read_numbers
from core.data.logs.addresses import read_server_log, with_searched_words
from core.data.logs.lines import counted_map, plain_lines
from core.data.logs.log_names import COUNT_NAMES, DATE_NAMES, EVERY_NAME, QUESTION_NAMES, name_place
from core.data.logs.periods import with_periods_added
from core.data.matching import clean_text
from core.data.open_questions import AskedQuestions, with_open_questions
from core.data.personal.masking import LEFT_OUT, PersonalHandling
from core.data.reading.delimited import read_lines
from core.data.reading.formats import read_table
from core.data.reading.unfolding import unfolded
from core.data.reading.upload import ReadingChoices, Upload
from core.data.table import NotUsed, OneColumnError, Table, no_column, row_list
from core.errors import DataError
from core.messages import N_, Message
from core.progress import Progress
from core.types import QADataset
from core.types.open_account import OpenAccount, QuestionSetAside
from core.types.personal_rules import DROP, KEEP

_SAMPLE = 2000  # rows that tell what a column holds
_WORDED = 0.1  # least share of texts with two letters in a row in a column of questions
_LONGEST_NUMBER = 60  # characters, with its unit
_NUMERIC = 0.9  # least share of numbers in a column of counts
_DATED = 0.8
_LINED = 0.8  # least share of the lines of a table that have its delimiter


_ALL_NAMES = (*EVERY_NAME, *COUNT_NAMES, *DATE_NAMES)
_WORD = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff\uac00-\ud7af]")
_UNITS = re.compile(
    r"(?:[€$£¥￥]|\b(?:EUR|USD|GBP|JPY|CHF)\b|(?<=\d)\s*(?:回|件|次|円|번|회|x|times|mal)\s*$)",
    re.IGNORECASE,
)
_NUMERAL = re.compile(r"[-+\u2212]?\d[\d.,'’ \u00a0\u202f]*")
_TIGHT = re.compile(r",(?=\S)")  # a comma that is none of a sentence
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")  # with dots nobody puts the month first
# What programs of web statistics write where they do not tell the question.
_UNTOLD = frozenset({"(not set)", "(not provided)", "(other)", "(none)", "(blank)", "(empty)"})
_TOTAL = N_("The count is the sum of all others: a total, no question.")
_NEVER = N_("The count is {count}: it was not asked.")


@dataclass(frozen=True)
class LogColumns:
    """Column names of a log for each role; None = the file has no such column.

    Attributes
    ----------
    count : str or None
        How often a question was asked, or what it is worth.
    date : str or None
        When.
    category, language, source : str or None
        As of the data.
    """

    question: str | None = None
    count: str | None = None
    date: str | None = None
    category: str | None = None
    language: str | None = None
    source: str | None = None

    def roles(self) -> dict[str, str]:
        """Return the column of each role that has one."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return {role: column for role, column in columns.items() if column}


@dataclass(frozen=True, eq=False)
class LogPreview:
    """A log as it was understood, before anything is done with it."""

    filename: str
    table: Table
    columns: LogColumns


def read_log(content: bytes, filename: str, choices: ReadingChoices | None = None) -> Table:
    """Read a file with questions, in one column or more.

    A text whose commas are those of its sentences is one column. Where the row that would name
    the columns holds a number, the file has no column names.

    Raises
    ------
    DataError
        If no reader knows the file.
    """
    choices = choices or ReadingChoices()
    upload = Upload(content, filename, choices)
    table = read_server_log(upload) or counted_map(upload) or _table_of(upload)
    return with_periods_added(with_searched_words(table))


def _table_of(upload: Upload) -> Table:
    content, filename, choices = upload.content, upload.name, upload.choices
    try:
        table = read_table(content, filename, choices=choices, unfold=False, below=False)
    except OneColumnError as error:
        return _single(error.table, upload)
    except DataError:
        if not _is_plain(upload):
            raise
        with suppress(DataError):
            return _single(read_lines(upload), upload)
        raise
    if table.format == "csv" and not choices.delimiter and not _has_columns(table, upload):
        return _single(read_lines(upload), upload)
    known = any((place := name_place(c, _ALL_NAMES)) and not place[0] for c in table.columns)
    if table.header_row and choices.header_row is None and _numbers(table.columns) and not known:
        nameless = replace(choices, header_row=0)
        return read_table(content, filename, choices=nameless, unfold=False, below=False)
    return table


def guess_log(table: Table) -> LogColumns:
    """Find the columns of a log by name, in many languages, checked against what they hold.

    Where no name fits, the question is the column with the most different texts, and the count
    the only other column of numbers, unless they number the rows.
    """
    sample = table.frame.head(_SAMPLE)
    texts = {
        column: [text for text in sample[column].tolist() if text and not is_nothing(text)]
        for column in table.columns
    }
    worded = [column for column in table.columns if _is_worded(texts[column])]
    question = min(worded, key=lambda column: _asks(column, texts[column]), default=None)
    if question is None:
        return LogColumns()
    others = [column for column in table.columns if column != question and texts[column]]
    numbers = [column for column in others if _are_numbers(texts[column])]
    named = [
        (fit, column) for column in numbers if (fit := name_place(column, COUNT_NAMES)) is not None
    ]
    count = min(named)[1] if named else None
    if count is None and len(table.columns) == 2 and numbers and not _numbering(texts[numbers[0]]):
        count = numbers[0]
    dated = [(f, c) for c in others if (f := name_place(c, DATE_NAMES)) is not None and c != count]
    unnamed = [c for c in others if not table.header_row and c != count]
    dated = [item for item in dated if _are_days(texts[item[1]])]
    dated = dated or [((2, 0), column) for column in unnamed if _are_days(texts[column])]
    named_roles = {role_of(column): column for column in reversed(others) if column != count}
    return LogColumns(
        question=question,
        count=count,
        date=min(dated)[1] if dated else None,
        **{role: named_roles.get(role) for role in ATTRIBUTES},
    )


def chosen_log_columns(text: str, table: Table, guess: LogColumns) -> LogColumns:
    """Return the guess with what ``role=column,…`` says instead; no column takes the role away.

    Raises
    ------
    DataError
        If a role or a column does not exist; names those that do.
    """
    roles = [field.name for field in fields(LogColumns)]
    folded = {column.casefold(): column for column in table.columns}
    changes: dict[str, str | None] = {}
    for part in filter(None, re.split(r",\s*(?=[a-z_]+\s*=)", text.strip())):
        role, _, column = (piece.strip() for piece in part.partition("="))
        role = role if role in roles else role.removesuffix("s")
        if role not in roles:
            raise DataError(
                "The columns of a log have no role {role}. Roles: {roles}.",
                role=role,
                roles=", ".join(roles),
            )
        if column and column.casefold() not in folded:
            raise no_column(column, table.columns)
        changes[role] = folded.get(column.casefold()) if column else None
    return replace(guess, **changes)


def unused_log_columns(table: Table, columns: LogColumns) -> list[NotUsed]:
    """Return the filled columns that nothing is read from."""
    used = set(columns.roles().values())
    return [
        NotUsed("column", column, int((table.frame[column] != "").sum()))
        for column in table.columns
        if column not in used and (table.frame[column] != "").any()
    ]


@dataclass(frozen=True)
class LogRows:
    """The questions of a log and what is to be said about them.

    Attributes
    ----------
    asked : AskedQuestions
    set_aside : tuple of QuestionSetAside
        Rows that could not be read, or were never asked.
    warnings : tuple of Message
    days : (str, str)
        First and last date, ISO 8601; "" where there are none.
    """

    asked: AskedQuestions
    set_aside: tuple[QuestionSetAside, ...]
    warnings: tuple[Message, ...]
    days: tuple[str, str]


def log_rows(table: Table, columns: LogColumns) -> LogRows:
    """Read the rows of a log.

    Raises
    ------
    DataError
        If there is no column of questions.
    """
    if columns.question is None:
        raise DataError(
            "No column holds questions in words. Choose one of: {columns}.",
            columns=", ".join(table.columns),
        )
    table = unfolded(table, ColumnMapping(question=columns.question))
    cells = {role: table.frame[column].tolist() for role, column in columns.roles().items()}
    numbers = table.row_numbers.tolist()
    aside = [QuestionSetAside(r.row, r.reason, r.question) for r in table.unreadable]
    warnings: list[Message] = []
    questions = [
        "" if is_nothing(text) or text.strip().casefold() in _UNTOLD else clean_text(text)
        for text in cells["question"]
    ]
    counts = np.ones(len(questions))
    if "count" in cells:
        counts, unread = _counts(cells["count"])
        if unread:
            text = N_(
                "Counts that are no number count as 1. Rows: {rows} ({count} in all; first: "
                "{example})."
            )
            rows = [numbers[i] for i in unread]
            example = cells["count"][unread[0]][:40]
            values = {"rows": row_list(rows), "count": len(rows), "example": example}
            warnings.append(Message(text, values))
    warnings += _untold_counts(table, columns, questions)
    total = _total_row(counts) if "count" in cells else None
    kept: list[int] = []
    for i, count in enumerate(counts.tolist()):
        if i == total:
            aside.append(QuestionSetAside(numbers[i], Message(_TOTAL), questions[i]))
        elif count <= 0:
            reason = Message(_NEVER, {"count": round(count, 6)})
            aside.append(QuestionSetAside(numbers[i], reason, questions[i]))
        else:
            kept.append(i)
    days = sorted(filter(None, map(_day, cells.get("date", ()))))
    return LogRows(
        AskedQuestions(
            [questions[i] for i in kept],
            [numbers[i] for i in kept],
            counts[kept].tolist(),
            {r: [clean_text(cells[r][i]) for i in kept] for r in ATTRIBUTES if r in cells},
        ),
        tuple(aside),
        tuple(warnings),
        (days[0], days[-1]) if days else ("", ""),
    )


def add_log(
    dataset: QADataset,
    table: Table,
    columns: LogColumns,
    file: str,
    stretch: Progress | None = None,
    personal: PersonalHandling | None = None,
) -> tuple[QADataset, OpenAccount]:
    """Return the dataset with the questions of a log as open questions, and what became of them.

    Parameters
    ----------
    personal : PersonalHandling or None
        Whether personal data are masked, or questions that hold some left out; None keeps them.

    Raises
    ------
    DataError
        If there is no column of questions.
    """
    found = log_rows(table, columns)
    if personal is not None and personal.action != KEEP:
        found = _without_personal(found, personal)
    return with_open_questions(
        dataset,
        found.asked,
        file=file,
        columns=columns.roles(),
        set_aside=found.set_aside,
        warnings=(*table.warnings, *found.warnings),
        days=found.days,
        stretch=stretch,
    )


def _without_personal(found: LogRows, personal: PersonalHandling) -> LogRows:
    """Mask personal data in the questions, or set those aside that hold some."""
    asked, drop = found.asked, personal.action == DROP
    masked = [personal.masked(text) for text in asked.texts]
    kept = [place for place, (_, kinds) in enumerate(masked) if not (drop and kinds)]
    gone = sorted(set(range(len(masked))) - set(kept))
    return replace(
        found,
        asked=AskedQuestions(
            [masked[place][0] for place in kept],
            [asked.rows[place] for place in kept],
            [asked.counts[place] for place in kept] if len(asked.counts) else (),
            {
                name: [personal.masked(values[place])[0] for place in kept]
                for name, values in asked.attributes.items()
            },
        ),
        set_aside=(
            *found.set_aside,
            *(QuestionSetAside(asked.rows[place], Message(LEFT_OUT)) for place in gone),
        ),
    )


def _counts(texts: Sequence[str]) -> tuple[np.ndarray, list[int]]:
    """Return how often each was asked, 1 where it is not said, and which could not be read."""
    values = _numbers(texts)
    counts, unread = np.ones(len(texts)), []
    for i, text in enumerate(texts):
        if text in values:
            counts[i] = values[text]
        elif text and not is_nothing(text):
            unread.append(i)
    return counts, unread


def _numbers(texts: Sequence[str]) -> dict[str, float]:
    """Return the numbers of a column of counts; texts that are no number are absent."""
    bare = {
        text: _UNITS.sub("", unicodedata.normalize("NFKC", text)).strip()
        for text in texts
        if len(text) <= _LONGEST_NUMBER
    }
    bare = {text: number for text, number in bare.items() if _NUMERAL.fullmatch(number)}
    found = read_numbers(bare.values())
    if found.doubt:  # 1.200 or 1,200 is a thousand: people count in whole numbers
        bare = {text: re.sub("[.,]", "", number) for text, number in bare.items()}
        found = read_numbers(bare.values())
    values = found.values
    return {text: values[number] for text, number in bare.items() if number in values}


def _untold_counts(table: Table, columns: LogColumns, questions: Sequence[str]) -> list[Message]:
    """Say which numbers may tell how often, where each question stands once and no column does."""
    if columns.count or columns.date or len(set(questions)) < len(questions):
        return []
    texts = {
        column: [text for text in table.frame[column].head(_SAMPLE).tolist() if text]
        for column in table.columns
        if column not in columns.roles().values() and not counts_rows(column)
    }
    numbers = [c for c, cells in texts.items() if _are_numbers(cells) and not _numbering(cells)]
    if not numbers:
        return []
    text = N_(
        "No column was found that says how often each question was asked, so each counts once. If "
        "one of these does, choose it: {columns}."
    )
    return [Message(text, {"columns": ", ".join(numbers[:8])})]


def _total_row(counts: np.ndarray) -> int | None:
    """Return the first or last row where its count is the sum of all others."""
    if len(counts) < 4:
        return None
    return next((i for i in (len(counts) - 1, 0) if 2 * counts[i] == counts.sum()), None)


def _single(table: Table, upload: Upload) -> Table:
    """Return texts in one column without what else stands in their lines."""
    table = _titled(table)
    written = upload.decoded.text if upload.is_text and not table.header_row else ""
    return plain_lines(table, written) if len(table.columns) == 1 else table


def _titled(table: Table) -> Table:
    """Give a column without a name the name in its first row, where that is one."""
    (column,) = table.columns[:1] or ("",)
    texts = table.frame[column].tolist() if column else []
    if column != "column 1" or not texts or name_place(texts[0], EVERY_NAME) is None:
        return table
    frame = table.frame.iloc[1:].reset_index(drop=True).rename(columns={column: texts[0]})
    return replace(
        table,
        columns=(texts[0],),
        frame=frame,
        row_numbers=table.row_numbers[1:],
        wrong=table.wrong[1:],
        header_row=int(table.row_numbers[0]),
    )


def _is_plain(upload: Upload) -> bool:
    """Tell whether a file that no reader takes can be read line by line."""
    if not upload.is_text or upload.is_json or upload.content.startswith((b"%PDF", b"\x1f\x8b")):
        return False
    return upload.named(".csv", ".tsv", ".txt", ".log") and not upload.start.startswith("<")


def _has_columns(table: Table, upload: Upload) -> bool:
    """Tell whether nearly every line has the delimiter, as the lines of a table do."""
    lines = upload.decoded.text.splitlines()
    if any(name_place(column, _ALL_NAMES) for column in table.columns):
        lines = lines[max(table.header_row - 1, 0) :]  # below the head of a report
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    parted = [line for line in lines if table.delimiter in line]
    if len(parted) < _LINED * len(lines):
        return False
    named = any(name_place(column, _ALL_NAMES) for column in table.columns)
    return named or table.delimiter != "," or any(_TIGHT.search(line) for line in parted)


def _is_worded(texts: Sequence[str]) -> bool:
    return bool(texts) and sum(1 for t in texts if _WORD.search(t)) >= _WORDED * len(texts)


def _are_numbers(texts: Sequence[str]) -> bool:
    values = _numbers(texts)
    return bool(texts) and sum(1 for t in texts if t in values) >= _NUMERIC * len(texts)


def _are_days(texts: Sequence[str]) -> bool:
    return sum(1 for text in texts if _day(text)) >= _DATED * len(texts)


def _numbering(texts: Sequence[str]) -> bool:
    """Tell whether numbers are those of the rows: each one more than the one before."""
    values = _numbers(texts)
    numbers = [values[text] for text in texts if text in values]
    return len(numbers) == len(texts) > 1 and set(np.diff(numbers)) == {1}


def _asks(column: str, texts: Sequence[str]) -> tuple[float, ...]:
    """Return how surely a column holds the questions, smaller is surer."""
    role = role_of(column)
    fit = name_place(column, (*ROLES["question"], *QUESTION_NAMES))
    weak = name_place(column, (*WEAK_NAMES["question"], *WEAK_NAMES["answer"]))
    unlike = (-len(set(texts)) / len(texts), -sum(map(len, texts)) / len(texts))
    if fit is not None and role in (None, "question", "answer"):
        return (float(fit[0]), float(fit[1]), *unlike)
    if weak is not None and weak[0] == 0:
        return (2.0, float(weak[1]), *unlike)
    named = role is not None or name_place(column, DATE_NAMES) is not None
    return (4.0 if named else 3.0, 0.0, *unlike)


def _day(text: str) -> str:
    """Return a date as ISO 8601, "" where it is none or could be two."""
    found = _DAY.match(text.strip())
    parts = found.groups() if found else None
    if parts is None and (found := _DAY_FIRST.match(text.strip())):
        parts = found.groups()[::-1]
    try:
        return date(*map(int, parts)).isoformat() if parts else ""
    except ValueError:
        return ""
