"""Sheets of any workbook to a table: which sheet, which rows, and what is told about the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from core.data.columns.column_names import role_of
from core.data.reading.header import Header, find_header
from core.data.reading.like_sheets import (
    CATEGORY,
    SheetTexts,
    first_sheet,
    shared_names,
    sheets_together,
    topics_of,
)
from core.data.reading.records.joins import (
    SAMPLE,
    answers_of,
    join_of,
    joined_note,
    texts_apart,
)
from core.data.reading.upload import Upload
from core.data.table import (
    MAX_CELLS,
    MAX_CHARACTERS,
    MAX_ROWS,
    NotUsed,
    OneColumnError,
    Table,
    build_table,
    one_column,
    row_list,
    too_many_characters,
)
from core.errors import DataError
from core.messages import N_, Message

LAST_ROW = 1_048_576  # of any spreadsheet program
_HIDDEN_SHOWN = 60  # characters of a hidden row in what is told

TOGETHER = " + "  # between the names of sheets that were read as one
_MOST_NAMED = 3  # sheets

Range = tuple[int, int, int, int]  # first column, first row, last column, last row, from 1
_Readable = tuple["SheetRows", Header, list[int]]  # and the rows whose merged cells were filled


@dataclass(eq=False)
class SheetRows:
    """The filled rows of one sheet, as a spreadsheet shows their cells.

    Attributes
    ----------
    rows : list of list of str
        A gap of blank rows is one blank row.
    numbers : list of int
        Row in the spreadsheet, of each.
    merged : list of Range
    hidden_rows, hidden_columns : set of int
        From 1; hidden by hand, by an outline or by a filter.
    uncomputed : list of int
        Rows with formulas that have no stored value.
    rounded : list of int
        Rows with numbers that the sheet shows with fewer decimals than it holds.
    """

    title: str
    visible: bool = True
    rows: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    merged: list[Range] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    uncomputed: list[int] = field(default_factory=list)
    rounded: list[int] = field(default_factory=list)
    cells: int = 0
    characters: int = 0

    def add(self, number: int, row: list[str], name: str) -> None:
        """Append a row; DataError where the sheet is larger than what can be read."""
        while row and not row[-1]:
            row.pop()
        self.cells += len(row) + 1
        self._count_characters(row, name)
        if number > LAST_ROW or len(self.rows) > MAX_ROWS or self.cells > MAX_CELLS:
            raise _too_large(name)
        if not row:
            return
        if number > (self.numbers[-1] if self.numbers else 0) + 1:
            self.rows.append([])
            self.numbers.append(number - 1)
        self.rows.append(row)
        self.numbers.append(number)

    def _count_characters(self, texts: Iterable[str], name: str) -> None:
        """Raise DataError where one text is repeated so often that nobody could hold them all."""
        self.characters += sum(map(len, texts))
        if self.characters > MAX_CHARACTERS:
            raise too_many_characters(name)

    def finish(self, name: str) -> list[int]:
        """Make the rows equally wide and fill merged cells down; return the rows filled."""
        width = max(map(len, self.rows), default=0)
        if width * len(self.rows) > MAX_CELLS:
            width = self._without_blank_columns()
        if width * len(self.rows) > MAX_CELLS:
            raise _too_large(name)
        for row in self.rows:
            row[width:] = []
            row += [""] * (width - len(row))
        return self._fill_merged(name)

    def _without_blank_columns(self) -> int:
        """Leave out columns without a cell, for the sake of one far to the right."""
        used = sorted({i for row in self.rows for i, cell in enumerate(row) if cell})
        place = {column + 1: i + 1 for i, column in enumerate(used)}
        for i, row in enumerate(self.rows):
            self.rows[i] = [row[column] for column in used if column < len(row)]
        self.merged = [
            (place[left], top, place[left], bottom)
            for left, top, _, bottom in self.merged
            if left in place
        ]
        self.hidden_columns = {place[c] for c in self.hidden_columns if c in place}
        return len(used)

    def _fill_merged(self, name: str) -> list[int]:
        """Give every row of a vertical merge the text that a reader sees beside it."""
        place = {number: i for i, number in enumerate(self.numbers)}
        filled: set[int] = set()
        below: dict[int, int] = {}  # overlapping ranges, which no program writes, count once
        for left, top, _, bottom in sorted(self.merged, key=lambda r: (r[0], r[1])):
            start = place.get(top)
            if start is None or bottom == top or top <= below.get(left, 0):
                continue
            below[left] = bottom
            if left > len(self.rows[start]) or not (text := self.rows[start][left - 1]):
                continue
            for i in range(start + 1, len(self.rows)):
                if self.numbers[i] > bottom:
                    break
                row = self.rows[i]
                if any(row) and not row[left - 1]:
                    row[left - 1] = text
                    self._count_characters((text,), name)
                    filled.add(self.numbers[i])
        return sorted(filled)


def _too_large(name: str) -> DataError:
    return DataError(
        "{name} has more than {rows} rows or {cells} cells. Upload a part of it.",
        name=name,
        rows=MAX_ROWS,
        cells=MAX_CELLS,
    )


_NO_TABLE = N_(
    "{name} has no sheet with two columns. Put questions and answers in two columns of one sheet, "
    "with column names in the first row."
)


def _no_table(
    sheets: Sequence[SheetRows], titles: Sequence[str], upload: Upload, kind: str
) -> DataError:
    """Return the error for a workbook without a table, with the first column of texts in it."""
    wanted = titles if upload.choices.sheet is None else [upload.choices.sheet]
    for sheet in sheets:
        texts = [next(filter(None, row), "") for row in sheet.rows]
        if sheet.title in wanted and any(texts):
            table = one_column(
                texts,
                sheet.numbers,
                name=upload.name,
                kind=kind,
                sheet=sheet.title,
                sheets=titles,
            )
            return OneColumnError(_NO_TABLE, table, name=upload.name)
    return DataError(_NO_TABLE, name=upload.name)


def table_of(
    sheets: Iterable[SheetRows], upload: Upload, kind: str, warnings: Sequence[Message] = ()
) -> Table:
    """Return one sheet as a table: the chosen one, else the first visible one with a table in it.

    Sheets that go on with that table, such as one for each topic, are read with it. Others are
    named and counted, and so are hidden rows and columns.

    Raises
    ------
    DataError
        If there is no such sheet or none has two columns.
    """
    name, choices = upload.name, upload.choices
    every = list(sheets)
    titles = [sheet.title for sheet in every if sheet.visible] or [s.title for s in every]
    found: list[_Readable] = []
    for sheet in every:
        if sheet.title not in (*titles, choices.sheet):
            continue
        filled = sheet.finish(name)
        wide = {top for left, top, right, _ in sheet.merged if right > left}
        header = find_header(sheet.rows, sheet.numbers, choices.header_row, choices.below, wide)
        if header is not None:
            found.append((sheet, header, filled))
    visible = [item for item in found if item[0].title in titles]
    parts = _alike(visible)
    whole = _name_of_all([sheet.title for sheet, _, _ in parts]) if len(parts) > 1 else None
    wanted = None if choices.sheet == whole else choices.sheet
    if wanted is not None and wanted not in [sheet.title for sheet in every]:
        raise DataError(
            "{name} has no sheet {sheet}. It has: {sheets}.",
            name=name,
            sheet=wanted,
            sheets=", ".join(titles),
        )
    found = [item for item in found if wanted in (None, item[0].title)]
    if not found:
        raise _no_table(every, titles, upload, kind)
    chosen = parts[0] if wanted is None and parts else found[0]
    joining, notes = None, [*warnings]
    if wanted is None and whole is not None:
        chosen, note = _together(parts, whole)
        notes.append(note)
    elif wanted is None and len(found) > 1:
        joining = _joined(chosen[0], found)
        notes += [] if joining else _not_joined(chosen, found)
        chosen = next((item for item in found if joining and item[0] is joining.asking), chosen)
    sheet, header, filled = chosen
    told = [*notes, *header.warnings, *_cell_warnings(sheet, filled)]
    not_used = list(header.not_used)
    named = _padded(header.names, sheet)
    if joining is not None:
        told.append(joining.note)
        named.append(joining.column)
    joined_sheet = joining.sheet if joining else None
    read = [part for part, _, _ in parts] if wanted is None and whole is not None else [sheet]
    others = [o for o in every if o not in read and o is not joined_sheet and o.rows]
    if others:
        text = N_("The sheet {sheet} was read. The file holds other sheets too: {others}.")
        if len(read) > 1:
            text = N_("The file holds other sheets too, which were not read: {others}.")
        names = ", ".join(f"{other.title} ({_count(other)})" for other in others)
        values = {"others": names} if len(read) > 1 else {"sheet": sheet.title, "others": names}
        told.append(Message(text, values))
        not_used += [NotUsed("sheet", other.title, _count(other)) for other in others]
    taken = [i for i in range(header.first, len(sheet.rows)) if i not in header.skipped]
    hidden = [i for i in taken if sheet.numbers[i] in sheet.hidden_rows and any(sheet.rows[i])]
    if hidden:
        rows = [sheet.numbers[i] for i in hidden]
        if choices.hidden_rows:
            text = N_(
                "Hidden or filtered rows of the sheet were read too. Rows: {rows} ({count} in all)."
            )
        else:
            text = N_("Hidden or filtered rows were left out. Rows: {rows} ({count} in all).")
            left_out = set(hidden)
            taken = [i for i in taken if i not in left_out]
            shown = " ".join(filter(None, sheet.rows[hidden[0]]))[:_HIDDEN_SHOWN]
            not_used.append(NotUsed("rows", f"hidden {row_list(rows)}: {shown}", len(rows)))
        told.append(Message(text, {"rows": row_list(rows), "count": len(rows)}))
    columns = [n for i, n in enumerate(header.names, 1) if i in sheet.hidden_columns and n]
    if columns:
        text = N_("Hidden columns of the sheet were read too: {columns}.")
        told.append(Message(text, {"columns": ", ".join(columns)}))
    filled_rows, numbers = [sheet.rows[i] for i in taken], [sheet.numbers[i] for i in taken]
    if joining is not None:
        cells = [
            (row, number) for row, number in zip(filled_rows, numbers, strict=True) if any(row)
        ]
        answered = [(row, n, joining.answers.get(row[joining.key]) or [""]) for row, n in cells]
        filled_rows = [[*row, answer] for row, _, answers in answered for answer in answers]
        numbers = [n for _, n, answers in answered for _ in answers]
    return build_table(
        named,
        filled_rows,
        numbers,
        name=name,
        kind=kind,
        warnings=told,
        sheet=sheet.title,
        sheets=[
            *([whole] if whole else []),
            *(*titles, *(s.title for s in every if s.title not in titles)),
        ],
        header_row=sheet.numbers[header.position] if header.position >= 0 else 0,
        not_used=not_used,
    )


def _texts_of(found: Sequence[_Readable]) -> list[SheetTexts]:
    return [
        SheetTexts(
            sheet.title,
            tuple(_names_of(sheet, header)),
            _as_records(sheet, header),
            header.position >= 0,
        )
        for sheet, header, _ in found
    ]


def _names_of(sheet: SheetRows, header: Header) -> list[str]:
    """Return the names of filled columns; nameless ones that hold nothing are left out."""
    rows = [row for i, row in enumerate(sheet.rows) if i >= header.first]
    named = enumerate(_padded(header.names, sheet))
    return [name for i, name in named if name or any(row[i] for row in rows)]


def _alike(found: list[_Readable]) -> list[_Readable]:
    """Return the first sheet, and those that are one table with it and not too large."""
    if len(found) < 2:
        return found
    texts = _texts_of(found)
    alike = [found[i] for i in sheets_together(texts, first_sheet(texts))]
    rows = sum(len(sheet.rows) for sheet, _, _ in alike)
    width = sum(len(sheet.rows[0]) for sheet, _, _ in alike if sheet.rows)
    return alike[:1] if rows > MAX_ROWS or rows * width > MAX_CELLS else alike


def _name_of_all(titles: Sequence[str]) -> str:
    few = [*titles] if len(titles) <= _MOST_NAMED else [*titles[:2], f"… ({len(titles)})"]
    return TOGETHER.join(few)


def _together(parts: Sequence[_Readable], whole: str) -> tuple[_Readable, Message]:
    """Return several sheets as one, and what is told: rows are counted on from sheet to sheet."""
    first, header, _ = parts[0]
    named = _padded(header.names, first)
    called = [shared_names(named, _padded(h.names, sheet)) for sheet, h, _ in parts]
    columns = list(dict.fromkeys(name for names in called for name in names if name))
    topics = topics_of(_texts_of(parts))
    category = next((name for name in columns if role_of(name) == "category"), None)
    if topics and category is None:
        category = CATEGORY
        columns.append(category)
    places = {column: place for place, column in enumerate(columns)}
    all_sheets = SheetRows(whole, rows=[columns], numbers=[first.numbers[header.position]])
    filled: list[int] = []
    skipped: set[int] = set()
    starts: list[str] = []
    warnings: list[Message] = []
    not_used: list[NotUsed] = []
    before = 0
    for n, ((sheet, header, own_filled), own) in enumerate(zip(parts, called, strict=True)):
        for i in range(header.first, len(sheet.rows)):
            row = [""] * len(columns)
            for column, cell in zip(own, sheet.rows[i], strict=True):
                if column:
                    row[places[column]] = row[places[column]] or cell
            if topics and category and any(row):
                row[places[category]] = row[places[category]] or topics[n]
            if i in header.skipped:
                skipped.add(len(all_sheets.rows))
            all_sheets.rows.append(row)
            all_sheets.numbers.append(before + sheet.numbers[i])
        filled += [before + number for number in own_filled]
        all_sheets.hidden_rows |= {before + number for number in sheet.hidden_rows}
        all_sheets.uncomputed += [before + number for number in sheet.uncomputed]
        all_sheets.rounded += [before + number for number in sheet.rounded]
        for i in sheet.hidden_columns:
            if i <= len(own) and own[i - 1]:
                all_sheets.hidden_columns.add(places[own[i - 1]] + 1)
        warnings += header.warnings
        not_used += [replace(o, name=f"{sheet.title}: {o.name}") for o in header.not_used]
        last = before + sheet.numbers[-1]
        starts.append(f"{sheet.title} {before + sheet.numbers[header.first]}–{last}")
        before = last
    text = N_(
        "Sheets with the same columns were read as one table, their rows counted on from sheet to "
        "sheet: {starts}. Choose a sheet to read it alone."
    )
    header = Header(columns, 1, 0, tuple(warnings), tuple(not_used), frozenset(skipped))
    note = Message(text, {"starts": ", ".join(starts)})
    return (all_sheets, header, filled), note


@dataclass(frozen=True, eq=False)
class _Joined:
    """The answers that one sheet holds for the questions of another."""

    asking: SheetRows
    sheet: SheetRows
    column: str
    key: int
    answers: dict[str, list[str]]
    note: Message


def _joined(first: SheetRows, found: Sequence[_Readable]) -> _Joined | None:
    """Return questions and answers on two sheets, one of them the first, that name each other."""
    for asking, header, _ in found:
        for telling, below, _ in found:
            if asking is telling or first not in (asking, telling):
                continue
            few = _as_records(asking, header, SAMPLE), _as_records(telling, below, SAMPLE)
            if texts_apart(*few) is None:
                continue
            asked, told = _as_records(asking, header), _as_records(telling, below)
            join = join_of(asked, told)
            if join is None:
                continue
            answers = answers_of(told, join)
            keys = [row[join.question_key] for row in asked if row.get(join.question_key)]
            note = joined_note(join, asking.title, telling.title, keys, answers)
            place = header.names.index(join.question_key)
            return _Joined(asking, telling, join.answer, place, answers, note)
    return None


def _not_joined(chosen: _Readable, found: Sequence[_Readable]) -> list[Message]:
    """Say so where another sheet holds the answers, but not to which questions."""
    asked = _as_records(chosen[0], chosen[1], SAMPLE)
    for sheet, header, _ in found:
        if sheet is not chosen[0] and texts_apart(asked, _as_records(sheet, header, SAMPLE)):
            text = N_(
                "The sheet {answers} holds answers, but nothing says which of them belongs to "
                "which question in {questions}. Put the answers beside the questions, or give "
                "both sheets a column with the number of the answer."
            )
            return [Message(text, {"questions": chosen[0].title, "answers": sheet.title})]
    return []


def _as_records(sheet: SheetRows, header: Header, most: int | None = None) -> list[dict[str, str]]:
    return [
        dict(zip(header.names, row, strict=False))
        for i, row in enumerate(sheet.rows[:most])
        if i >= header.first and i not in header.skipped and any(row)
    ]


def _padded(names: Sequence[str], sheet: SheetRows) -> list[str]:
    width = len(sheet.rows[0]) if sheet.rows else 0
    return [*names, *[""] * (width - len(names))][: max(width, 1)]


def _count(sheet: SheetRows) -> int:
    return sum(1 for row in sheet.rows if any(row))


def _cell_warnings(sheet: SheetRows, filled: Sequence[int]) -> Iterable[Message]:
    cases = (
        (
            sheet.uncomputed,
            N_(
                "Formulas without a stored value count as empty ({count} in all). Rows: "
                "{rows}. Open and save the file in your spreadsheet program to store the values."
            ),
        ),
        (
            filled,
            N_("Merged cells were filled down with the text of the row above. Rows: {rows}."),
        ),
        (
            sheet.rounded,
            N_(
                "Numbers were read as the sheet shows them, with fewer decimals than it holds. "
                "Rows: {rows} ({count} in all)."
            ),
        ),
    )
    for rows, text in cases:
        if rows:
            values: dict[str, str | int | float] = {"rows": row_list(rows)}
            if "{count}" in text:
                values["count"] = len(set(rows))
            yield Message(text, values)
