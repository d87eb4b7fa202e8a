"""CSV and its relatives: the delimiter is found, records count as in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from core.data.columns import header_position, header_warnings, role_of
from core.data.reading.decoding import Decoded
from core.data.table import (
    MAX_CELLS,
    MAX_ROWS,
    SetAside,
    Table,
    build_table,
    row_list,
)
from core.errors import DataError
from core.messages import N_, Message

DELIMITERS: Mapping[str, str] = MappingProxyType(
    {",": ",", "\t": "TAB", ";": ";", "|": "|"}  # as shown in messages
)
SAMPLE_CHARACTERS = 256_000
SAMPLE_RECORDS = 300
_FORMULA = frozenset("=+-@\t\r")
_SHIELDED = re.compile("'[=+@\t\r-]")
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]+")
_END = "\ue000end of file\ue000"  # a record of its own unless a quotation mark is still open


def read_delimited(decoded: Decoded, name: str) -> Table:
    """Read CSV, TSV, semicolon- or bar-separated text.

    A record counts as one row however many lines its quoted cells span, and blank lines count,
    as in a spreadsheet program. Rows with more cells than columns are not cut to size, because
    an unquoted comma would then put half a question into the answer: they are set aside.

    Raises
    ------
    DataError
        If no delimiter gives two columns, most rows have too many cells, or a quotation mark
        is opened and never closed.
    """
    text, forced = _without_separator_line(decoded.text)
    delimiter = forced or find_delimiter(text)
    if delimiter is None:
        first = next((line for line in text.splitlines() if line.strip()), "")
        raise DataError(
            "{name} has only one column ({column}). Questions and answers must be in two columns, "
            "separated by comma, semicolon, tab or |.",
            name=name,
            column=first.strip()[:60],
        )
    records, lines, warnings = _records(text, delimiter, name)
    position = header_position(records)
    if position is None:
        raise DataError(
            "No column names were found in {name}. The first row must name the columns, for "
            "example: question, answer.",
            name=name,
        )
    header = records[position]
    warnings += header_warnings(header, position)
    rows, numbers, unreadable = _fitting(records, position, delimiter)
    del records  # with half a million rows each copy counts
    if _SHIELDED.search(text):
        rows = [[_unshielded(cell) for cell in row] for row in rows]
    filled = len(rows) + len(unreadable)
    if len(unreadable) > filled / 2:
        raise DataError(
            "In {name}, {count} of {total} rows have more cells than the {columns} columns named "
            "in row {row} (first: row {first}). The delimiter ({delimiter}) also occurs inside "
            "texts: put such texts in double quotes, or save the file as XLSX.",
            name=name,
            count=len(unreadable),
            total=filled,
            columns=len(header),
            row=position + 1,
            first=unreadable[0].row,
            delimiter=DELIMITERS[delimiter],
        )
    if decoded.odd_lines:
        odd = sorted({bisect_right(lines, line) for line in decoded.odd_lines})
        text_ = N_(
            "Some rows are in another encoding than the rest of the file. Rows: {rows} ({count} "
            "in all). Look "
            "at their texts before you go on."
        )
        warnings.append(Message(text_, {"count": len(odd), "rows": row_list(odd)}))
    return build_table(
        header,
        rows,
        numbers,
        name=name,
        kind="csv",
        warnings=warnings,
        unreadable=unreadable,
        encoding=decoded.encoding,
        delimiter=delimiter,
    )


def _unshielded(cell: str) -> str:
    """Take off the apostrophe that careful programs put before a text such as ``=1+1``."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA else cell


def find_delimiter(text: str) -> str | None:
    """Return the delimiter that gives the most regular table, None where none gives two columns.

    Judged on the first records: the share of rows that fit the number of column names, then
    known column names, then the number of columns.
    """
    sample = text[:SAMPLE_CHARACTERS]
    scores: dict[str, tuple[float, int]] = {}
    for delimiter in DELIMITERS:
        grid = []
        try:
            for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
                grid.append(record)
                if len(grid) >= SAMPLE_RECORDS:
                    break
        except csv.Error:
            pass  # an over-long cell; what was read so far is enough to judge
        if len(sample) < len(text) and len(grid) > 1:
            grid.pop()  # may be cut in the middle
        position = header_position(grid)
        if position is None:
            continue
        header = grid[position]
        below = [record for record in grid[position + 1 :] if any(record)]
        fitting = sum(1 for record in below if len(record) >= 2 and _width(record) <= len(header))
        regular = fitting / len(below) if below else 1.0
        names = {role for cell in header if (role := role_of(cell))}
        scores[delimiter] = (regular + 0.25 * min(len(names), 2), len(header))
    return max(scores, key=lambda delimiter: scores[delimiter]) if scores else None


def _without_separator_line(text: str) -> tuple[str, str | None]:
    """Take off the line ``sep=;`` with which spreadsheet programs are told the delimiter."""
    first, _, rest = text[:100].partition("\n")
    sign = first.strip("\r ")
    if len(sign) == 5 and sign.lower().startswith("sep=") and sign[4] in DELIMITERS:
        return rest + text[100:], sign[4]
    return text, None


def _width(record: Sequence[str]) -> int:
    width = len(record)
    while width and not record[width - 1].strip():
        width -= 1
    return width


def _fitting(
    records: Sequence[list[str]], position: int, delimiter: str
) -> tuple[list[list[str]], list[int], list[SetAside]]:
    columns = len(records[position])
    rows, numbers, unreadable = [], [], []
    reason = N_(
        "The row has {cells} cells, but there are {columns} columns: a text with the delimiter in "
        "it must be in double quotes."
    )
    for number, record in enumerate(records[position + 1 :], position + 2):
        width = _width(record)
        if width > columns:
            message = Message(reason, {"cells": width, "columns": columns})
            unreadable.append(SetAside(number, message, delimiter.join(record)[:500]))
        elif width:
            fits = len(record) == columns
            rows.append(record if fits else [*record[:columns], *[""] * (columns - len(record))])
            numbers.append(number)
    return rows, numbers, unreadable


def _records(
    text: str, delimiter: str, name: str
) -> tuple[list[list[str]], list[int], list[Message]]:
    """Return records, the physical line each begins on, and warnings."""
    try:
        records, lines = _parse(text, delimiter, csv.QUOTE_MINIMAL)
        if records[-1] == [_END]:
            return records[:-1], lines[:-1], []
        opened = len(records)
    except _OverlongCellError as error:
        opened = error.row
    # A quotation mark at the start of a cell that nobody closes swallows the rest of the file.
    # Many TSV exports mean it as an ordinary sign: without quoting such a file is regular.
    plain, plain_lines = _parse(text, delimiter, csv.QUOTE_NONE)
    plain, plain_lines = plain[:-1], plain_lines[:-1]
    position = header_position(plain)
    if position is not None:
        below = [record for record in plain[position + 1 :] if any(record)]
        fitting = sum(1 for record in below if len(record) == len(plain[position]))
        if below and fitting >= 0.9 * len(below):
            warning = N_(
                "A double quote in row {row} is opened and never closed, so double quotes were "
                "read as ordinary signs."
            )
            return plain, plain_lines, [Message(warning, {"row": opened})]
    raise DataError(
        'In {name}, a double quote (") in row {row} is opened and never closed, so the rest of '
        "the file would become one cell. Close it, or save the file as XLSX.",
        name=name,
        row=opened,
    )


class _OverlongCellError(Exception):
    def __init__(self, row: int) -> None:
        self.row = row


def _parse(text: str, delimiter: str, quoting: int) -> tuple[list[list[str]], list[int]]:
    """Parse text plus the end mark; raise where a cell passes the csv module's 131,072 signs."""
    records: list[list[str]] = []
    lines: list[int] = []
    cells = 0
    reader = csv.reader(
        _physical_lines(text),
        delimiter=delimiter,
        quoting=quoting,  # type: ignore[arg-type]
    )
    start = 1
    try:
        for record in reader:
            records.append(record)
            lines.append(start)
            start = reader.line_num + 1
            cells += len(record)
            if len(records) > MAX_ROWS + 1 or cells > MAX_CELLS:
                raise DataError(
                    "The file has more than {rows} rows or {cells} cells. Upload a part of it.",
                    rows=MAX_ROWS,
                    cells=MAX_CELLS,
                )
    except csv.Error as error:
        raise _OverlongCellError(len(records) + 1) from error
    return records, lines


def _physical_lines(text: str) -> Iterator[str]:
    # not io.StringIO, which would hold the file once more with four bytes per character
    for line in _LINE.finditer(text):
        yield line[0]
    yield _END + "\n"
