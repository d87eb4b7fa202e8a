"""CSV and its relatives: delimiter and quoting are found, records count as in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType

from core.data.columns.column_names import role_of
from core.data.reading.header import Header, find_header, header_position
from core.data.reading.quotes import mended_records
from core.data.reading.upload import Upload
from core.data.table import (
    MAX_CELLS,
    MAX_ROWS,
    ONE_COLUMN,
    OneColumnError,
    SetAside,
    Table,
    build_table,
    one_column,
    row_list,
)
from core.errors import DataError
from core.messages import N_, Message

DELIMITERS: Mapping[str, str] = MappingProxyType(
    {"\t": "TAB", ";": ";", "|": "|", ",": ","}  # as shown in messages; the rarer in texts first
)
SAMPLE_CHARACTERS = 256_000
SAMPLE_RECORDS = 300
_ASKS = ("?", "？", "؟")
_FORMULA = frozenset("=+-@\t\r")
_SHIELDED = re.compile("'[=+@\t\r-]")
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]+")
_END = "\ue000end of file\ue000"  # a record of its own unless a quotation mark is still open
_ESCAPE = re.compile(r'\\(["\\])')
_SWAPPED = str.maketrans("'\"", "\"'")
_IN_APOSTROPHES = re.compile(
    r"""(?:^|[,;\t|])[ ]*'(?:[^'\r\n]|''|\\')*'[ ]*(?=[,;\t|\r\n]|\Z)""", re.MULTILINE
)
_ANY_ESCAPE = re.compile(r"\\(\r\n|.|\Z)", re.DOTALL)
_WHOLE_LINE = re.compile(r"(?:[^\\\r\n]++|\\(?:\r\n|.|\Z))++", re.DOTALL)
_LONE_BACKSLASH = re.compile(r'(?<!\\)(?:\\\\)*\\(?!["\\])')
# The csv module's own limit is 131,072 signs a cell, and it is one for the whole process.
csv.field_size_limit(max(csv.field_size_limit(), 1_000_000_000))


@dataclass(frozen=True)
class Dialect:
    """How the cells of a text file are written.

    Attributes
    ----------
    delimiter : str
    blanks : bool
        Blanks stand between a delimiter and the quotation mark after it.
    backslash : bool
        Quotation marks inside a quoted text have a backslash before them.
    escaped : bool
        No text is quoted: delimiters and line breaks in texts have a backslash before them, as
        MySQL writes them.
    """

    delimiter: str
    blanks: bool = False
    backslash: bool = False
    escaped: bool = False

    @classmethod
    def of(cls, text: str, delimiter: str) -> Dialect:
        """Find out the rest where the delimiter is known."""
        sign = re.escape(delimiter)
        end = rf"[ ]*(?:{sign}|[\r\n]|\Z)"
        sample = text[:SAMPLE_CHARACTERS]
        if "\\" in sample and _is_escaped(sample, delimiter):
            return cls(delimiter, escaped=True)
        blanks = bool(re.search(rf'(?:{sign}|^)[ ]+"(?:[^"\r\n]|"")*+"{end}', sample, re.MULTILINE))
        # in any other dialect a quotation mark inside a text is doubled or ends the cell
        backslash = '\\"' in text and bool(re.search(rf'\\"(?!"|{end})', text))
        return cls(delimiter, blanks, backslash)

    def reader(self, lines: Iterable[str], quoting: int, strict: bool) -> Iterator[list[str]]:
        """Return the records; the csv module raises where they are not what ``strict`` wants."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_NONE if self.escaped else quoting,  # type: ignore[arg-type]
            escapechar="\\" if self.escaped else None,
            skipinitialspace=self.blanks,
            strict=strict,
        )


def read_delimited(upload: Upload) -> Table:
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
    name, decoded, chosen = upload.name, upload.decoded, upload.choices
    text, forced = _without_separator_line(decoded.text)
    text, wrapped = _unwrapped(text)
    apostrophes = _is_single_quoted(text)
    if apostrophes:
        text = text.translate(_SWAPPED)
    delimiter = chosen.delimiter or forced or _find_delimiter(text)
    if delimiter is None or len(delimiter) != 1 or delimiter in '"\r\n':
        first = next((line for line in text.splitlines() if line.strip()), "")
        raise OneColumnError(ONE_COLUMN, read_lines(upload), name=name, column=first.strip()[:60])
    dialect = Dialect.of(text, delimiter)
    records, lines, warnings = _records(text, dialect, name)
    header = find_header(records, range(1, len(records) + 1), chosen.header_row, chosen.below)
    if header is None:
        raise DataError(
            "No column names were found in {name}. The first row must name the columns, for "
            "example: question, answer.",
            name=name,
        )
    if wrapped:
        warnings.append(Message(N_("Every row was one cell in quotes; it was cut into columns.")))
    warnings += [*decoded.warnings, *header.warnings]
    records, mended = _with_tails(records, header, delimiter)
    if mended:
        text_ = N_(
            "Texts with the delimiter in them are not in double quotes; they were put together "
            "where only one way fits. Rows: {rows} ({count} in all). Look at their texts before "
            "you go on."
        )
        warnings.append(Message(text_, {"rows": row_list(mended), "count": len(mended)}))
    rows, numbers, unreadable = _fitting(records, header, delimiter)
    if apostrophes:
        rows = [[cell.translate(_SWAPPED) for cell in row] for row in rows]
    del records  # with half a million rows each copy counts
    if not apostrophes and _SHIELDED.search(text):
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
            columns=len(header.names),
            row=header.position + 1,
            first=unreadable[0].row,
            delimiter=DELIMITERS.get(delimiter, delimiter),
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
        header.names,
        rows,
        numbers,
        name=name,
        kind="csv",
        warnings=warnings,
        unreadable=unreadable,
        encoding=decoded.encoding,
        encodings=decoded.others,
        delimiter=delimiter,
        header_row=header.position + 1,
        not_used=header.not_used,
    )


def read_lines(upload: Upload) -> Table:
    """Read a text as one column, a text a line, whatever signs stand in it."""
    decoded = upload.decoded
    text = decoded.text.lstrip("\ufeff")
    if text.count('"') % 2:
        texts = text.splitlines()
    else:
        records = csv.reader(io.StringIO(text, newline=""), delimiter="\x1f")
        texts = [record[0] if record else "" for record in records]
    return one_column(
        texts,
        range(1, len(texts) + 1),
        name=upload.name,
        kind="csv",
        encoding=decoded.encoding,
        encodings=decoded.others,
        warnings=decoded.warnings,
    )


def _unshielded(cell: str) -> str:
    """Take off the apostrophe that careful programs put before a text such as ``=1+1``."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA else cell


def _find_delimiter(text: str) -> str | None:
    """Return the delimiter that gives the most regular table, None where none gives two columns.

    Judged on the first records: the share of rows that fit the number of column names, known
    column names, names in the first filled row, and whether the sign stands between quoted cells
    rather than before a blank, as commas do in sentences. Where all that is equal, the sign that
    is rarer in texts wins.
    """
    sample = text[:SAMPLE_CHARACTERS]
    scores: dict[str, tuple[float, int]] = {}
    for delimiter in DELIMITERS:
        if delimiter not in sample:
            continue
        dialect = Dialect.of(sample, delimiter)
        grid = []
        prepared = _prepared(sample, dialect)
        lines = io.StringIO(prepared, newline="")
        with suppress(csv.Error):  # what was read so far is enough to judge
            for record in dialect.reader(lines, csv.QUOTE_MINIMAL, strict=False):
                grid.append(record)
                if len(grid) >= SAMPLE_RECORDS:
                    break
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
        first = next(i for i, record in enumerate(grid) if any(cell.strip() for cell in record))
        score = regular + 0.25 * min(len(names), 2) + 0.3 * (first == position)
        score += 0.3 * (f'"{delimiter}"' in sample) - 0.5 * _prose_share(sample, delimiter)
        scores[delimiter] = (round(score, 3), len(header))
    if not scores:
        return None
    best = max(score for score, _ in scores.values())
    return next(sign for sign, (score, _) in scores.items() if score == best)


def _prose_share(sample: str, delimiter: str) -> float:
    """Return how often a sign stands as in a sentence: after a letter or digit, before a blank."""
    sign = re.escape(delimiter)
    return len(re.findall(rf'\w{sign} (?!")', sample)) / max(1, sample.count(delimiter))


def _without_separator_line(text: str) -> tuple[str, str | None]:
    """Take off the line ``sep=;`` with which spreadsheet programs are told the delimiter."""
    first, _, rest = text[:100].partition("\n")
    sign = first.strip("\r ")
    if len(sign) == 5 and sign.lower().startswith("sep=") and sign[4] in DELIMITERS:
        return rest + text[100:], sign[4]
    return text, None


def _unwrapped(text: str) -> tuple[str, bool]:
    """Take a table out of a column of quoted lines, as it comes from saving a CSV as a CSV."""
    start = text[:SAMPLE_CHARACTERS]
    if not start.lstrip().startswith('"') or _find_delimiter(start) is not None:
        return text, False
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return text, False
    inner = "\n".join(record[0] if record else "" for record in records)
    single = all(len(record) <= 1 for record in records)
    return (inner, True) if single and _find_delimiter(inner) is not None else (text, False)


def _is_single_quoted(text: str) -> bool:
    """Tell whether texts stand between apostrophes, as some databases write them."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()][:50]
    sample = "\n".join(lines)
    found = len(_IN_APOSTROPHES.findall(sample)) if "'" in sample else 0
    return found >= max(2, len(lines) - 1) and sample.count('"') < found


def _is_escaped(sample: str, delimiter: str) -> bool:
    r"""Tell whether ``\,`` stands for a comma in a text: only so its rows have as many cells.

    A path that ends in a backslash stands before a delimiter, too, but its row is full with it;
    and who forgets to quote texts leaves commas in them that have no backslash.
    """
    sign = re.escape(delimiter)
    if re.search(rf'(?:^|{sign})[ ]*"[^"\r\n]*"[ ]*(?:{sign}|$)', sample, re.MULTILINE):
        return False
    lines = _WHOLE_LINE.findall(sample)
    if len(sample) == SAMPLE_CHARACTERS:
        lines.pop()  # may be cut in the middle
    mark = re.compile(rf"(?<!\\)(?:\\\\)*+\\(?:{sign}|[\r\n])")
    escaping = [line for line in lines if mark.search(line)]
    widths = Counter(line.count(delimiter) for line in lines if not mark.search(line))
    if not escaping or not widths:
        return False
    width = widths.most_common(1)[0][0]
    fitting = [
        line
        for line in escaping
        if _ANY_ESCAPE.sub("", line).count(delimiter) == width
        and (line.count(delimiter) > width or len(line.splitlines()) > 1)
    ]
    return width == max(widths) > 0 and len(fitting) >= 0.9 * len(escaping)


def _prepared(text: str, dialect: Dialect) -> str:
    """Double the quotation marks that have a backslash before them instead.

    Where texts are not quoted, the backslashes that stand before any other sign are doubled.
    """
    if dialect.escaped:
        kept = frozenset(("\\", '"', "\r", "\n", dialect.delimiter))

        def escape(match: re.Match[str]) -> str:
            sign = "\n" if match[1] == "\r\n" else match[1]
            return f"\\{sign}" if sign in kept else f"\\\\{sign}"

        return _ANY_ESCAPE.sub(escape, text)
    if not dialect.backslash:
        return text
    if _LONE_BACKSLASH.search(text):  # who writes C:\x as it is does not double backslashes
        return text.replace('\\"', '""')
    return _ESCAPE.sub(lambda escape: '""' if escape[1] == '"' else "\\", text)


def _width(record: Sequence[str]) -> int:
    width = len(record)
    while width and not record[width - 1].strip():
        width -= 1
    return width


def _with_tails(
    records: list[list[str]], header: Header, delimiter: str
) -> tuple[list[list[str]], list[int]]:
    """Put texts together again that a delimiter in them cut; return the rows mended, too.

    Only the last column may hold them. A comma of a sentence has a blank behind it, one between
    cells has none, where the other rows say so. Else, with two columns, what comes after a first
    cell with a question mark is the second, where those of the other rows have one, too.
    """
    columns = len(header.names)
    found = [
        i
        for i in range(header.first, len(records))
        if i not in header.skipped and len(records[i]) > columns < _width(records[i])
    ]
    if not found or columns < 2 or delimiter == "\t":
        return records, []
    odd = set(found)
    fitting = [
        record
        for i, record in enumerate(records[header.first :], header.first)
        if i not in odd and i not in header.skipped and _width(record) > 1
    ][:SAMPLE_RECORDS]
    if not fitting:
        return records, []
    tight = not any(cell.startswith(" ") for record in fitting for cell in record[1:])
    asking = columns == 2 and all(record[0].rstrip().endswith(_ASKS) for record in fitting)
    if not (tight or asking):
        return records, []
    records, mended = list(records), []
    for i in found:
        record = records[i]
        whole = _joined_cells(record, delimiter) if tight else record
        if whole[: columns - 1] != record[: columns - 1]:
            continue
        if len(whole) != columns and asking and record[0].rstrip().endswith(_ASKS):
            whole = [record[0], delimiter.join(record[1:])]
        if len(whole) == columns:
            records[i] = whole
            mended.append(i + 1)
    return records, mended


def _joined_cells(record: Sequence[str], delimiter: str) -> list[str]:
    """Join cells that begin with a blank to the one before."""
    whole: list[str] = []
    for cell in record[: _width(record)]:
        if whole and cell.startswith(" "):
            whole[-1] += delimiter + cell
        else:
            whole.append(cell)
    return whole


def _fitting(
    records: Sequence[list[str]], header: Header, delimiter: str
) -> tuple[list[list[str]], list[int], list[SetAside]]:
    columns = len(header.names)
    rows, numbers, unreadable = [], [], []
    reason = N_(
        "The row has {cells} cells, but there are {columns} columns: a text with the delimiter in "
        "it must be in double quotes."
    )
    for number, record in enumerate(records[header.first :], header.first + 1):
        width = _width(record)
        if number - 1 in header.skipped:
            continue
        if width > columns:
            message = Message(reason, {"cells": width, "columns": columns})
            unreadable.append(SetAside(number, message, delimiter.join(record)[:500]))
        elif width:
            fits = len(record) == columns
            rows.append(record if fits else [*record[:columns], *[""] * (columns - len(record))])
            numbers.append(number)
    return rows, numbers, unreadable


def _records(
    text: str, dialect: Dialect, name: str
) -> tuple[list[list[str]], list[int], list[Message]]:
    """Return records, the physical line each begins on, and warnings."""
    prepared = _prepared(text, dialect)
    if dialect.escaped:
        text = prepared
    try:
        records, lines = _parse(prepared, dialect, csv.QUOTE_MINIMAL)
    except _IrregularQuotesError:
        pass
    else:
        if records[-1] == [_END]:
            return records[:-1], lines[:-1], []
    # A quotation mark at the start of a cell that nobody closes swallows the rest of the file.
    # Many TSV exports mean it as an ordinary sign: without quoting such a file is regular.
    try:
        plain, plain_lines = _parse(text, dialect, csv.QUOTE_NONE)
    except _IrregularQuotesError as error:
        raise DataError(
            "{name} cannot be cut into cells ({detail}). Save it as XLSX and upload that.",
            name=name,
            detail=str(error.__cause__)[:120],
        ) from error
    plain, plain_lines = plain[:-1], plain_lines[:-1]
    columns = _regular_columns(plain)
    mended = mended_records(prepared, dialect.delimiter, columns or None)
    if len(mended.records) > MAX_ROWS + 1 or sum(map(len, mended.records)) > MAX_CELLS:
        raise _too_large()
    opened = mended.opened[0] if mended.opened else _first_open(plain)
    never_closed = N_(
        "A double quote in row {row} is opened and never closed, so double quotes were "
        "read as ordinary signs."
    )
    if not mended.hopeless and _regular_columns(mended.records):
        told = []
        if mended.odd:
            text_ = N_(
                "Double quotes inside texts are not doubled, so they were read as ordinary signs. "
                "Rows: {rows} ({count} in all). Look at their texts before you go on."
            )
            count = len(mended.odd)
            told.append(Message(text_, {"rows": row_list(mended.odd), "count": count}))
        if mended.opened:
            told.append(Message(never_closed, {"row": opened}))
        return mended.records, mended.lines, told
    if columns:
        return plain, plain_lines, [Message(never_closed, {"row": opened})]
    raise DataError(
        'In {name}, a double quote (") in row {row} is opened and never closed, so the rest of '
        "the file would become one cell. Close it, or save the file as XLSX.",
        name=name,
        row=opened,
    )


def _regular_columns(records: Sequence[Sequence[str]]) -> int:
    """Return the number of columns where nine in ten rows have as many cells, else 0."""
    position = header_position(records)
    if position is None:
        return 0
    below = [record for record in records[position + 1 :] if any(record)]
    fitting = sum(1 for record in below if len(record) == len(records[position]))
    return len(records[position]) if below and fitting >= 0.9 * len(below) else 0


def _first_open(records: Sequence[Sequence[str]]) -> int:
    """Return the first row with a cell that begins with a quotation mark and ends with none."""
    for number, record in enumerate(records, 1):
        for cell in map(str.strip, record):
            if cell.startswith('"') and (len(cell) == 1 or not cell.endswith('"')):
                return number
    return len(records)


class _IrregularQuotesError(Exception):
    """A quotation mark stands where none may."""


def _too_large() -> DataError:
    return DataError(
        "The file has more than {rows} rows or {cells} cells. Upload a part of it.",
        rows=MAX_ROWS,
        cells=MAX_CELLS,
    )


def _parse(text: str, dialect: Dialect, quoting: int) -> tuple[list[list[str]], list[int]]:
    """Parse text plus the end mark; raise where quotation marks are not as they should be."""
    records: list[list[str]] = []
    lines: list[int] = []
    cells = 0
    reader = dialect.reader(_physical_lines(text), quoting, strict=True)
    start = 1
    try:
        for record in reader:
            records.append(record)
            lines.append(start)
            start = reader.line_num + 1  # type: ignore[attr-defined]
            cells += len(record)
            if len(records) > MAX_ROWS + 1 or cells > MAX_CELLS:
                raise _too_large()
    except csv.Error as error:
        raise _IrregularQuotesError from error
    return records, lines


def _physical_lines(text: str) -> Iterator[str]:
    # not io.StringIO, which would hold the file once more with four bytes per character
    for line in _LINE.finditer(text):
        yield line[0]
    yield _END + "\n"
