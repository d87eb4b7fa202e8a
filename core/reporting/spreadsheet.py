"""Workbooks and CSV files that open well and do no harm: texts stay texts, numbers stay numbers.

A text of a user that begins with ``=``, ``+``, ``-`` or ``@`` never becomes a formula: a workbook
stores it as a text cell that also tells the spreadsheet program to keep it one when somebody edits
it, a CSV file gives it a leading apostrophe.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST_CELL = 32_767  # Excel cuts longer texts
TEXT, SCORE, SIGNED, COUNT, PERCENT, P_VALUE, ONE_DIGIT, ANY = (
    "@", "0.000", "+0.000;-0.000;0.000", "#,##0", "0%", "0.0000", "#,##0.0", "General"
)  # fmt: skip
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # would be read as an escaped sign
_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\']")
_LONGEST_TITLE = 31
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Value = str | int | float | None


@dataclass(frozen=True)
class Column:
    """One column of a sheet.

    Attributes
    ----------
    title : str
        Translated.
    width : int
        In characters.
    form : str
        Number format of the column, one of this module's; texts are left alone.
    """

    title: str
    width: int
    form: str = TEXT


@dataclass(frozen=True)
class Row:
    """Cells of one line; a heading stands out."""

    cells: tuple[Value, ...]
    heading: bool = False


@dataclass(frozen=True)
class Sheet:
    """One sheet: a line of explanation, the column heads, the rows.

    Attributes
    ----------
    note : str
        Stands above the table; "" = nothing.
    """

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    note: str = ""


def workbook(sheets: Sequence[Sheet], *, title: str, language: str) -> bytes:
    """Return an XLSX file: column heads stay in sight and on every printed page.

    Parameters
    ----------
    title : str
        Document property.
    language : str
        ``ja`` chooses a Japanese font, so that Excel does not mix two.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title = _cleaned(title)
    book.properties.creator = "Search Tuner"
    font = "Yu Gothic" if language == "ja" else "Calibri"
    for sheet in sheets:
        _fill(book.create_sheet(sheet_title(sheet.title)), sheet, font)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def sheet_title(title: str) -> str:
    r"""Return a title that spreadsheet programs take: 31 signs, none of ``[]:*?/\'``."""
    printable = "".join(sign if sign.isprintable() else " " for sign in title)
    return _NOT_IN_TITLES.sub(" ", printable)[:_LONGEST_TITLE].strip() or "-"


def write_text(cell: Any, text: str) -> None:
    """Write a text that no spreadsheet program takes for a formula or an escape."""
    cell.value = _ESCAPE.sub("_x005F_", _cleaned(text))
    cell.data_type = "s"  # openpyxl takes "=…" for a formula
    cell.quotePrefix = True  # and a spreadsheet program would, once somebody edits the cell


def _cleaned(text: str) -> str:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    whole = text.encode("utf-8", "replace").decode()  # half an emoji cannot be stored
    return ILLEGAL_CHARACTERS_RE.sub("", whole)[:LONGEST_CELL]


def _fill(page: Any, sheet: Sheet, font: str) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
    from openpyxl.utils import get_column_letter

    plain, bold = Font(name=font, size=10.5), Font(name=font, size=10.5, bold=True)
    soft = Font(name=font, size=10, italic=True, color="586472")
    shade = PatternFill("solid", fgColor="E8EEF6")
    rule = Border(bottom=Side("thin", color="9AA7B6"))
    last = get_column_letter(len(sheet.columns))
    line = 1
    if sheet.note:
        write_text(page.cell(1, 1), sheet.note)
        page.cell(1, 1).font = soft
        page.cell(1, 1).alignment = Alignment(wrap_text=True, vertical="top")
        page.merge_cells(f"A1:{last}1")
        width = sum(column.width for column in sheet.columns)
        # Merged cells are not fitted by themselves; wide signs take two places.
        places = sum(2 if ord(sign) > 0x2E7F else 1 for sign in sheet.note)
        page.row_dimensions[1].height = 15.5 * max(1, -(-places // max(width - 2, 1)))
        line = 2
    head = line
    for place, column in enumerate(sheet.columns, start=1):
        cell = page.cell(head, place)
        write_text(cell, column.title)
        cell.font, cell.fill, cell.border = bold, shade, rule
        cell.alignment = Alignment(
            wrap_text=True,
            vertical="center",
            horizontal="left" if column.form == TEXT else "right",
        )
        page.column_dimensions[get_column_letter(place)].width = column.width
    for line, row in enumerate(sheet.rows, start=head + 1):
        for place, (value, column) in enumerate(
            zip(row.cells, sheet.columns, strict=False), start=1
        ):
            _write(page.cell(line, place), value, column, bold if row.heading else plain)
    page.freeze_panes = f"A{head + 1}"
    if not any(row.heading for row in sheet.rows):
        page.auto_filter.ref = f"A{head}:{last}{max(head + 1, line)}"
    page.sheet_view.showGridLines = False
    page.print_title_rows = f"{head}:{head}"
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True


def _write(cell: Any, value: Value, column: Column, font: Any) -> None:
    from openpyxl.styles import Alignment

    cell.font = font
    text = isinstance(value, str)
    cell.alignment = Alignment(
        wrap_text=True,
        vertical="top",
        horizontal="left" if text or column.form == TEXT else "right",
    )
    if isinstance(value, str):
        write_text(cell, value)
    elif value is not None and value == value:  # a figure that is not a number stays empty
        cell.value = value
        cell.number_format = ANY if column.form == TEXT else column.form


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a table as UTF-8 with a byte order mark, which spreadsheet programs look for.

    Texts that a spreadsheet program would take for a formula get a leading apostrophe; numbers
    stay numbers, None and NaN become empty cells.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([_csv_cell(title) for title in header])
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")


def _csv_cell(value: object) -> object:
    if isinstance(value, str):
        return "'" + value if value.startswith(_FORMULA) else value
    return "" if value is None or value != value else value
