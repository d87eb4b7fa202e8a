"""Labels set by hand as a workbook: to read, to keep, to fill in together, to take back in.

The workbook has one row per value that holds; where two people contradict each other both have
their row. Texts are written as texts: a question that begins with ``=`` never becomes a formula.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.data.reading.formats import read_table
from core.data.table import Table
from core.errors import LabelError
from core.labels.overrides import standing
from core.messages import N_, Message
from core.reporting.spreadsheet import LONGEST_CELL, write_text
from core.types import Override, QADataset
from core.workspace.records import now
from core.workspace.workspace import Project

COLUMNS = ("question", "answer", "label", "reason", "who", "at")
_WIDTHS = (50, 70, 8, 40, 16, 26)


@dataclass(frozen=True)
class RowProblem:
    """A row of an uploaded workbook that cannot be taken, and why."""

    row: int
    reason: Message


@dataclass(frozen=True)
class CorrectionFile:
    """What an uploaded workbook holds.

    Attributes
    ----------
    overrides : tuple of Override
        Rows that can be taken and are not on record yet.
    known : int
        Rows that are on record already.
    problems : tuple of RowProblem
    """

    overrides: tuple[Override, ...]
    known: int
    problems: tuple[RowProblem, ...]


def write_corrections(changes: Sequence[Override]) -> bytes:
    """Return every value that holds as an XLSX workbook, oldest first."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    held = sorted(
        (override for values in standing(changes).values() for override in values),
        key=lambda one: one.at,
    )
    book = Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet("labels")
    sheet.append(COLUMNS)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for line, one in enumerate(held, start=2):
        texts = {1: one.question, 2: one.answer, 4: one.reason, 5: one.who, 6: one.at}
        for column, text in texts.items():
            write_text(sheet.cell(line, column), text)
        sheet.cell(line, 3, round((one.value or 0) * 100, 2))
    for letter, width in zip("ABCDEF", _WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def read_corrections(
    content: bytes, name: str, dataset: QADataset, on_record: Sequence[Override], who: str
) -> CorrectionFile:
    """Read an uploaded workbook (or CSV) row by row; nothing is recorded yet.

    Parameters
    ----------
    name : str
        Of the uploaded file, only for messages.
    on_record : sequence of Override
        All records of the project.
    who : str
        Stands for rows without a name.

    Raises
    ------
    DataError
        If the file cannot be read at all.
    LabelError
        If it lacks one of the columns question, answer, label, reason.
    """
    table = read_table(content, name)
    places = {column.strip().casefold(): column for column in table.columns}
    absent = [column for column in COLUMNS[:4] if column not in places]
    if absent:
        raise LabelError(
            "{name} has no column {absent}. The first row must name the columns {columns}; who and "
            "at may be left out.",
            name=name,
            absent=", ".join(absent),
            columns=", ".join(COLUMNS),
        )
    questions = {_key(text): text for text in dataset.questions}
    answers = {_key(text): text for text in dataset.answers}
    known = {_record(one) for one in on_record}
    holding = {_record(one)[:4] for held in standing(on_record).values() for one in held}
    taken: dict[tuple[object, ...], Override] = {}
    problems: list[RowProblem] = [RowProblem(one.row, one.reason) for one in table.unreadable]
    already, moment = 0, now()
    for number, cells in _rows(table, places):
        found = _override(cells, questions, answers, who, moment)
        if isinstance(found, Message):
            problems.append(RowProblem(number, found))
        elif (record := _record(found)) in known or record[:4] in holding or record in taken:
            already += 1
        else:
            taken[record] = found
    ordered = sorted(taken.values(), key=lambda one: one.at)
    return CorrectionFile(tuple(ordered), already, tuple(problems))


def take_corrections(project: Project, file: CorrectionFile, name: str, who: str) -> int:
    """Record the rows of an uploaded workbook and note who took them in; returns how many."""
    for override in file.overrides:
        project.workspace.records.add_override(project.id, override)
    project.note("labels imported", who, {"file": name[:120], "rows": len(file.overrides)})
    return len(file.overrides)


def _rows(table: Table, places: dict[str, str]) -> list[tuple[int, dict[str, str]]]:
    columns = {
        column: table.frame[places[column]].tolist() for column in COLUMNS if column in places
    }
    return [
        (int(number), {column: values[place] for column, values in columns.items()})
        for place, number in enumerate(table.row_numbers)
    ]


def _override(
    cells: dict[str, str], questions: dict[str, str], answers: dict[str, str], who: str, at: str
) -> Override | Message:
    """Return the override of a row, or what is wrong with the row."""
    question = questions.get(_key(cells["question"]))
    if question is None:
        return Message(N_("The question is not among the questions of this project."))
    answer = answers.get(_key(cells["answer"]))
    if answer is None:
        return Message(N_("The answer is not among the answers of this project."))
    value = _percent(cells["label"])
    if value is None:
        return Message(
            N_("The label is {label}; it must be a number from 0 to 100."),
            {"label": cells["label"][:40] or "–"},
        )
    reason = cells["reason"].strip()
    if not reason:
        return Message(N_("The reason is missing. Say in a few words why."))
    made = _moment(cells.get("at", ""), at)
    if made is None:
        return Message(
            N_("The time is {at}; it must look like {example} and must not lie in the future."),
            {"at": cells.get("at", "")[:40], "example": at},
        )
    return Override(question, answer, value, cells.get("who", "").strip() or who, reason, made)


def _percent(text: str) -> float | None:
    try:
        value = float(text.strip().removesuffix("%").replace(",", "."))
    except ValueError:
        return None
    return round(value / 100, 6) if 0 <= value <= 100 else None


def _moment(text: str, latest: str) -> str | None:
    """Return a time in UTC as the records write it; no time = now."""
    if not text.strip():
        return latest
    try:
        made = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    made = made if made.tzinfo else made.replace(tzinfo=UTC)
    written = made.astimezone(UTC).isoformat(timespec="milliseconds")
    return written if written <= latest else None


def _key(text: str) -> str:
    return " ".join(text.split())[:LONGEST_CELL]


def _record(one: Override) -> tuple[object, ...]:
    value = None if one.value is None else round(one.value, 4)
    return one.question, one.answer, value, one.who, one.at
