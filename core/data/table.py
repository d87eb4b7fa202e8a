"""A file as a table of texts, whatever format it came in."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from core.errors import DataError
from core.messages import N_, Message

MAX_ROWS = 1_000_000  # about what a spreadsheet program can show (1,048,576)
FEW_ROWS = 2000  # a wide table rather than a long one
MAX_COLUMNS = 16_384  # of a spreadsheet program, too
MAX_CELLS = 20_000_000  # a guard: a few bytes of XLSX can claim billions of empty cells
MAX_CHARACTERS = 300_000_000  # a few bytes of XLSX can also repeat one text a million times

# Everything that no reader sees and no model expects. Tab and line break stay.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")  # half of a character; cannot be written as UTF-8
_LINE_BREAK = re.compile("\r\n?|\x85|\u2028|\u2029")
# Marks that stand on the letter before them. Normal forms sort them, which takes the square of how
# many follow each other; the stream-safe text format (https://unicode.org/reports/tr15/#UAX15-D3)
# allows 30, more than any language writes.
_MOST_MARKS = 30
_HARMLESS = 1000  # characters; no pile in fewer takes time
_PILE = re.compile(rf"[^\w\s\x00-\u02ff]{{{_MOST_MARKS + 1},}}")


@dataclass(frozen=True)
class SetAside:
    """A row that was not taken, and why.

    Attributes
    ----------
    row : int
        Row in the user's own file, the header being row 1.
    reason : Message
    question, answer : str
        What the row holds, as far as it could be read.
    """

    row: int
    reason: Message
    question: str = ""
    answer: str = ""


@dataclass(frozen=True)
class NotUsed:
    """A part of the file that is not in the table.

    Attributes
    ----------
    kind : str
        ``sheet``, ``list``, ``column``, ``rows``, ``file`` or ``part``.
    name : str
        As the file calls it; of rows, which they are.
    count : int
        How many rows (of a column: filled cells) it holds.
    """

    kind: str
    name: str
    count: int


@dataclass(frozen=True, eq=False)
class Table:
    """What was found in an uploaded file.

    Attributes
    ----------
    columns : tuple of str
        Distinct column names.
    frame : DataFrame of str
        "" = missing; control characters removed, outer spaces stripped.
    row_numbers : int64 array [n]
        Row as in the user's spreadsheet (header = row 1); line in JSONL; record in
        JSON and Parquet.
    format : str
        The key of its :class:`core.data.reading.upload.Reader`.
    encoding, delimiter, sheet : str
        As found; "" where the format has none.
    header_row : int
        Row with the column names as in the user's spreadsheet; 0 where the format has none.
    warnings : tuple of Message
    unreadable : tuple of SetAside
        Rows that could not be cut into columns.
    sheets : tuple of str
        All sheets of a workbook, for a choice by hand.
    not_used : tuple of NotUsed
        What the file holds besides: other sheets, hidden rows, rows above the column names.
    encodings : mapping of encoding to str
        Where it is not certain: other encodings, and a line of the file as it reads in each.
    wrong : bool array [n]
        Rows whose answer is known to be wrong by where it stands in the file.
    judged : tuple of str
        Columns of the answer and of its judgement where the layout of the file says so.
    """

    columns: tuple[str, ...]
    frame: pd.DataFrame
    row_numbers: np.ndarray
    format: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    warnings: tuple[Message, ...] = ()
    unreadable: tuple[SetAside, ...] = field(default=())
    sheets: tuple[str, ...] = ()
    header_row: int = 0
    not_used: tuple[NotUsed, ...] = ()
    encodings: Mapping[str, str] = field(default_factory=dict)
    wrong: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    judged: tuple[str, ...] = ()


class OneColumnError(DataError):
    """A file of one column: no questions and answers, but perhaps questions alone.

    Attributes
    ----------
    table : Table
        What was read.
    """

    def __init__(self, template: str, table: Table, **params: str | int | float) -> None:
        super().__init__(template, **params)
        self.table = table


ONE_COLUMN = N_(
    "{name} has only one column ({column}). Questions and answers must be in two columns, "
    "separated by comma, semicolon, tab or |, or in lines that begin with Q: and A:. Questions "
    "alone can be added to data later, as open questions."
)


def set_aside_csv(rows: list[tuple[int, str, str, str]]) -> bytes:
    """Return (row, reason, question, answer) as CSV with a byte order mark, for a download.

    Cells that a spreadsheet program would take for a formula get a leading apostrophe.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["row", "reason", "question", "answer"])
    for number, *texts in rows:
        writer.writerow([number, *("'" + t if t[:1] in ("=", "+", "-", "@") else t for t in texts)])
    return buffer.getvalue().encode("utf-8-sig")


def file_title(filename: str, longest: int = 120) -> str:
    """Return a file name as it can be shown and kept: without halves of characters and controls."""
    return "".join(sign for sign in filename if sign.isprintable())[:longest].strip() or "file"


def row_list(rows: Iterable[int], most: int = 8) -> str:
    """Return row numbers for a sentence: ``3, 7, 12, …``."""
    ordered = sorted(set(rows))
    return ", ".join(str(row) for row in ordered[:most]) + (", …" if len(ordered) > most else "")


def check_size(rows: int, columns: int, name: str, cells: int = 0) -> None:
    """Raise DataError where a table is larger than can be read.

    Parameters
    ----------
    cells : int
        Where they are known to be more than rows times columns.
    """
    if columns > MAX_COLUMNS:
        raise DataError(
            "{name} has {count} columns; at most {limit} can be read, as in a spreadsheet. Leave "
            "out columns that are not needed.",
            name=name,
            count=columns,
            limit=MAX_COLUMNS,
        )
    if rows > MAX_ROWS + 1 or max(cells, rows * columns) > MAX_CELLS:
        raise DataError(
            "{name} has more than {rows} rows or {cells} cells. Upload a part of it.",
            name=name,
            rows=MAX_ROWS,
            cells=MAX_CELLS,
        )


def check_unfolded(rows: int, characters: float) -> None:
    """Raise DataError where lists in cells make more rows or text than can be read."""
    if rows > MAX_ROWS or characters > MAX_CHARACTERS:
        raise DataError(
            "The lists in the file make more than {rows} rows or {limit} million characters. "
            "Upload a part of it.",
            rows=MAX_ROWS,
            limit=MAX_CHARACTERS // 1_000_000,
        )


def no_column(name: str, columns: Iterable[str]) -> DataError:
    """Return what is told where a column was chosen that the file does not have."""
    return DataError(
        "There is no column {column}. Choose one of: {columns}.",
        column=name,
        columns=", ".join(columns),
    )


def too_many_characters(name: str) -> DataError:
    """Return what is told about a file whose texts are too long in all."""
    return DataError(
        "{name} holds more than {limit} million characters. Upload a part of it.",
        name=name,
        limit=MAX_CHARACTERS // 1_000_000,
    )


def without_piles(text: str) -> str:
    """Remove marks that stand on a letter with more than thirty others."""
    if len(text) <= _HARMLESS or text.isascii():
        return text
    return _PILE.sub(lambda pile: _lowered(pile[0]), text)


def _lowered(pile: str) -> str:
    kept, height = [], 0
    for sign in pile:
        height = height + 1 if unicodedata.combining(sign) else 0
        if height <= _MOST_MARKS:
            kept.append(sign)
    return "".join(kept)


def clean_cell(text: str) -> str:
    """Remove what cannot be shown or stored: control characters, halves of characters."""
    text = _LINE_BREAK.sub("\n", without_piles(text))
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", text)).strip()


def build_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    row_numbers: Sequence[int],
    *,
    name: str,
    kind: str,
    warnings: Sequence[Message] = (),
    unreadable: Sequence[SetAside] = (),
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
    sheets: Sequence[str] = (),
    header_row: int = 0,
    not_used: Sequence[NotUsed] = (),
    encodings: Mapping[str, str] = MappingProxyType({}),
) -> Table:
    """Clean the cells of a rectangular table, drop blank rows and nameless empty columns.

    Raises
    ------
    DataError
        If no row is left, or the texts are too long in all.
    OneColumnError
        If fewer than two columns are left.
    """
    check_size(0, len(columns), name)
    characters = 0
    dirty: list[int] = []
    replaced: list[int] = []
    kept: list[list[str]] = []
    numbers: list[int] = []
    for number, row in zip(row_numbers, rows, strict=True):
        joined = "".join(row)
        characters += len(joined)
        if characters > MAX_CHARACTERS:
            raise too_many_characters(name)
        plain = joined.isprintable()  # nearly every row: nothing in it that would be removed
        if plain and (len(joined) <= _HARMLESS or joined.isascii()):
            cells = [cell.strip() for cell in row]
        elif plain:
            cells = [without_piles(cell).strip() for cell in row]
        else:
            cells = [clean_cell(cell) if cell else "" for cell in row]
            if _CONTROL.search(joined):
                dirty.append(number)
        if not any(cells):
            continue
        if "\ufffd" in joined or not (plain or _SURROGATE.search(joined) is None):
            replaced.append(number)
        kept.append(cells)
        numbers.append(number)
    names = _distinct([clean_cell(column) for column in columns])
    used = [
        i for i, column in enumerate(columns) if clean_cell(column) or any(row[i] for row in kept)
    ]
    if not kept and not unreadable:
        raise DataError(
            "{name} has column names but no rows below them. Add your questions and answers, one "
            "pair per row, and upload it again.",
            name=name,
        )
    found = list(warnings)
    if dirty:
        text = N_(
            "Control characters were removed. Rows: {rows} ({count} in all). This often "
            "means that the file was damaged on its way."
        )
        found.append(Message(text, {"count": len(dirty), "rows": row_list(dirty)}))
    if replaced:
        text = N_(
            "Some characters could not be read (shown as \ufffd). Rows: {rows} ({count} in all). "
            "Save the file as UTF-8 and upload it again to see them."
        )
        found.append(Message(text, {"count": len(replaced), "rows": row_list(replaced)}))
    chosen = tuple(names[i] for i in used)
    # texts side by side in memory: about half of what as many Python strings take
    data = {names[i]: pd.array([row[i] for row in kept], dtype="str") for i in used}
    table = Table(
        columns=chosen,
        frame=pd.DataFrame(data, columns=list(chosen)),
        row_numbers=np.array(numbers, np.int64),
        format=kind,
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        warnings=tuple(found),
        unreadable=tuple(unreadable),
        sheets=tuple(sheets),
        header_row=header_row,
        not_used=tuple(not_used),
        encodings=dict(encodings),
        wrong=np.zeros(len(numbers), bool),
    )
    if len(used) < 2:
        column = names[used[0]][:60] if used else ""
        raise OneColumnError(ONE_COLUMN, table, name=name, column=column)
    return table


def one_column(texts: Sequence[str], row_numbers: Sequence[int], **facts: Any) -> Table:
    """Return texts as a table of one column without a name.

    Parameters
    ----------
    **facts
        As for :func:`build_table`.
    """
    try:
        return build_table([""], [[text] for text in texts], row_numbers, **facts)
    except OneColumnError as error:
        return error.table


def _distinct(names: Sequence[str]) -> list[str]:
    """Give every column a name of its own: empty ones by position, repeated ones by count."""
    taken: set[str] = set()
    used: dict[str, int] = {}  # how often each name stands already
    result = []
    for position, name in enumerate(names, 1):
        base = " ".join(name.split()) or f"column {position}"
        candidate, count = base, used.get(base, 1)
        while candidate in taken:
            count += 1
            candidate = f"{base} ({count})"
        used[base] = count
        taken.add(candidate)
        result.append(candidate)
    return result
