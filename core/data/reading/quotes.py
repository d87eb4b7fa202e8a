"""Records of a text file whose quotation marks are not doubled inside texts, or never closed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")
MOST_LINES = 200  # of one cell, before its quotation mark counts as never closed


@dataclass(frozen=True)
class _Record:
    cells: list[str]
    end: int  # where the next record begins
    odd: bool  # a quotation mark was read as an ordinary sign
    closed: bool


@dataclass(frozen=True)
class Mended:
    """What could be made of a text with irregular quotation marks.

    Attributes
    ----------
    records : list of list of str
    lines : list of int
        The physical line each begins on.
    odd : list of int
        Records, from 1, with a quotation mark inside a text that was read as an ordinary sign.
    opened : list of int
        Records with one at the start of a cell that is never closed, read the same way.
    hopeless : bool
        True where a record with one that is never closed cannot be cut into its cells.
    """

    records: list[list[str]]
    lines: list[int]
    odd: list[int]
    opened: list[int]
    hopeless: bool


def mended_records(text: str, delimiter: str, columns: int | None) -> Mended:
    """Cut a text into records so that a quotation mark ends a cell only before a delimiter.

    A record that does not get the right number of cells in this way is read as one line without
    quoting, if that gives it.

    Parameters
    ----------
    columns : int or None
        How many cells a record should have; None = as many as the first.
    """
    records: list[list[str]] = []
    lines: list[int] = []
    odd: list[int] = []
    opened: list[int] = []
    hopeless = False
    every = _all_quoted(text, delimiter)
    regular = _regular_cell(delimiter)
    start, line = 0, 1
    while start < len(text):
        ending = _LINE_END.search(text, start)
        stop, after = ending.span() if ending else (len(text), len(text))
        wanted = columns or (len(records[0]) if records else None)
        if '"' not in text[start:stop]:
            record = _Record(_plain_cells(text[start:stop], delimiter), after, False, True)
        elif (sound := _regular_record(text, start, regular)) and len(sound.cells) == wanted:
            record = sound
        else:
            record = _quoted_record(text, start, delimiter, every)
            if record.odd and record.closed and record.end > after:
                # a cell that is never closed has swallowed the start of the next row
                record = _Record(record.cells, record.end, False, False)
                line_alone = _quoted_record(f'{text[start:stop]}"', 0, delimiter, every)
                if line_alone.closed and len(line_alone.cells) == wanted:
                    record = _Record(line_alone.cells, after, False, False)
            elif not record.closed or (wanted and len(record.cells) != wanted):
                cells = _plain_cells(text[start:stop], delimiter)
                line_alone = _quoted_record(f'{text[start:stop]}"', 0, delimiter, every)
                if not record.closed and len(cells) != wanted == len(line_alone.cells):
                    record = _Record(line_alone.cells, after, False, False)
                elif not record.closed or len(cells) == wanted:
                    hopeless |= wanted is not None and len(cells) != wanted
                    record = _Record([_unquoted(cell) for cell in cells], after, False, False)
        records.append(record.cells)
        lines.append(line)
        if record.odd:
            odd.append(len(records))
        if not record.closed:
            opened.append(len(records))
        line += len(_LINE_END.findall(text, start, record.end))
        start = record.end
    return Mended(records, lines, odd, opened, hopeless)


def _plain_cells(line: str, delimiter: str) -> list[str]:
    return line.split(delimiter) if line else []


def _unquoted(cell: str) -> str:
    plain = cell.strip()
    if len(plain) > 1 and plain[0] == plain[-1] == '"':
        return plain[1:-1].replace('""', '"')
    return cell


def _all_quoted(text: str, delimiter: str) -> bool:
    """Tell whether every cell of the first rows is in quotation marks."""
    lines = [line.strip() for line in _LINE_END.split(text[:20_000])[:50] if line.strip()]
    sign = re.escape(delimiter)
    whole = re.compile(rf'"[^"]*"(?:[ ]*{sign}[ ]*"[^"]*")*')
    if not lines or not whole.fullmatch(lines[0]):
        return False
    return all(line.startswith('"') and line.endswith('"') for line in lines[:-1])


def _regular_cell(delimiter: str) -> re.Pattern[str]:
    """Return what matches a cell with all its quotation marks doubled, blanks around it or not."""
    sign = re.escape(delimiter)
    line = '(?:[^"\r\n]|"")*+'
    quoted = rf'"({line}(?:[\r\n]+{line}){{0,{MOST_LINES}}}+)"[ ]*+'
    return re.compile(rf'[ ]*+(?:{quoted}|((?!")[^{sign}\r\n]*+))(?={sign}|[\r\n]|\Z)')


def _regular_record(text: str, start: int, regular: re.Pattern[str]) -> _Record | None:
    """Return the record that begins there where nothing in it is irregular."""
    cells: list[str] = []
    at = start
    while (cell := regular.match(text, at)) is not None:
        cells.append(cell[2] if cell[1] is None else cell[1].replace('""', '"'))
        at = cell.end()
        if text[at : at + 1] in ("", "\r", "\n"):
            ending = _LINE_END.match(text, at)
            return _Record(cells, ending.end() if ending else len(text), False, True)
        at += 1
    return None


def _quoted_record(text: str, start: int, delimiter: str, every: bool) -> _Record:
    cells: list[str] = []
    odd = False
    at = start
    while True:
        begin = at
        while begin < len(text) and text[begin] == " ":
            begin += 1
        if text[begin : begin + 1] == '"':
            cell, at, strange = _quoted_cell(text, begin + 1, delimiter, every)
            if at < 0:
                return _Record(cells, start, odd, False)
            odd |= strange
        else:
            at = _end_of_plain(text, at, delimiter)
            cell = text[begin:at]
        cells.append(cell)
        if text[at : at + 1] == delimiter:
            at += 1
            continue
        ending = _LINE_END.match(text, at)
        return _Record(cells, ending.end() if ending else len(text), odd, True)


def _end_of_plain(text: str, at: int, delimiter: str) -> int:
    ends = [text.find(sign, at) for sign in (delimiter, "\n", "\r")]
    return min((end for end in ends if end >= 0), default=len(text))


def _quoted_cell(text: str, begin: int, delimiter: str, every: bool) -> tuple[str, int, bool]:
    """Return a cell, where the delimiter after it stands (-1: never closed), if it was odd."""
    parts: Sequence[str]
    parts, at, odd = [], begin, False
    while True:
        quote = text.find('"', at)
        if quote < 0 or text.count("\n", begin, quote) > MOST_LINES:
            return "", -1, odd
        parts.append(text[at:quote])
        after = _closing(text, quote + 1, delimiter, every)
        if after is not None:
            return "".join(parts), after, odd
        if text[quote + 1 : quote + 2] == '"':
            # two before a delimiter: the text ends in a quotation mark, and the cell with it
            last = _closing(text, quote + 2, delimiter, every)
            if last is not None and quote > begin:
                return "".join([*parts, '"']), last, True
            at = quote + 2
        else:
            at, odd = quote + 1, True
        parts.append('"')


def _closing(text: str, at: int, delimiter: str, every: bool) -> int | None:
    """Return where a cell ends whose closing quotation mark would stand before ``at``."""
    while text[at : at + 1] == " ":
        at += 1
    if at >= len(text) or text[at] in "\r\n":
        return at
    if text[at] != delimiter:
        return None
    if not every:
        return at
    after = at + 1
    while text[after : after + 1] == " ":
        after += 1
    return at if text[after : after + 1] in ('"', "") else None
