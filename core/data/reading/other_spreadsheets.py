"""Workbooks of other programs: XLS of old Excel versions, and ODS of LibreOffice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.data.cells import cell_text
from core.data.reading.number_formats import GENERAL, shown
from core.data.reading.spreadsheets import SheetRows, table_of
from core.data.reading.upload import Upload
from core.data.reading.xlsx import local, parsed
from core.data.table import MAX_ROWS, Table
from core.errors import DataError
from core.messages import N_

XLS_START = b"\xd0\xcf\x11\xe0"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"
_OLD = N_(
    "{name} is an old Excel file (XLS) or is protected by a password. "
    "Save it as XLSX without a password."
)
_OLD_DOCUMENT = N_(
    "{name} is a document of an old Office program. Save it as DOCX, or its table as XLSX."
)
_MOST_COLUMNS = 16_384


def read_xls(upload: Upload) -> Table:
    """Read an XLS workbook.

    Raises
    ------
    DataError
        If it is protected, damaged, another kind of old document, or has no table.
    """
    import xlrd

    try:
        with Path(os.devnull).open("w") as log:
            book = xlrd.open_workbook(
                file_contents=upload.content, formatting_info=True, logfile=log
            )
            return table_of(_xls_sheets(book, upload.name), upload, "xls")
    except DataError:
        raise
    except Exception as error:  # the parser meets damaged files with errors of every kind
        document = upload.named(".doc", ".dot", ".ppt", ".pps", ".msg", ".pub", ".vsd")
        raise DataError(_OLD_DOCUMENT if document else _OLD, name=upload.name) from error


def _xls_sheets(book: Any, name: str) -> Iterator[SheetRows]:
    for source in book.sheets():
        sheet = SheetRows(source.name, source.visibility == 0)
        sheet.merged = [
            (left + 1, top + 1, right, bottom) for top, bottom, left, right in source.merged_cells
        ]
        sheet.hidden_rows = {n + 1 for n, info in source.rowinfo_map.items() if info.hidden}
        sheet.hidden_columns = {n + 1 for n, info in source.colinfo_map.items() if info.hidden}
        for number in range(source.nrows):
            row = [_xls_text(book, sheet, cell, number + 1) for cell in source.row(number)]
            sheet.add(number + 1, row, name)
        yield sheet


def _xls_text(book: Any, sheet: SheetRows, cell: Any, number: int) -> str:
    import xlrd

    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        style = book.format_map.get(book.xf_list[cell.xf_index].format_key)
        code = style.format_str if style else GENERAL
        text, rounded = shown(cell.value, code, book.datemode == 1)
        if rounded:
            sheet.rounded.append(number)
        return text
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return cell_text(bool(cell.value))
    return str(cell.value) if cell.ctype == xlrd.XL_CELL_TEXT else ""


def is_ods(upload: Upload) -> bool:
    """Tell whether an archive is a spreadsheet of the OpenDocument kind."""
    if upload.archive is None or "mimetype" not in upload.members:
        return False
    try:
        with upload.archive.open("mimetype") as file:
            return file.read(200).decode("latin-1").strip().startswith(_ODS)
    except Exception:  # a damaged member fails in zlib, zipfile or struct
        return False


def read_ods(upload: Upload) -> Table:
    """Read an ODS workbook: the texts that its program last showed in the cells.

    Raises
    ------
    DataError
        If it is protected, damaged, or has no table.
    """
    assert upload.archive
    try:
        with upload.archive.open("META-INF/manifest.xml") as file:
            if b"encryption-data" in file.read():
                raise DataError(
                    "{name} is protected by a password. Save it without one.", name=upload.name
                )
        with upload.archive.open("content.xml") as file:
            return table_of(_ods_sheets(file, upload.name), upload, "ods")
    except DataError:
        raise
    except Exception as error:  # the parser meets damaged files with errors of every kind
        raise DataError(
            "{name} looks like a spreadsheet (ODS) but is damaged ({detail}). Open it in your "
            "spreadsheet program, save it again as ODS or XLSX, and upload that.",
            name=upload.name,
            detail=f"{type(error).__name__}: {error}"[:200],
        ) from error


def _ods_sheets(file: Any, name: str) -> Iterator[SheetRows]:
    sheet, number = SheetRows(""), 1
    unseen: set[str] = set()
    for tag, element in parsed(file, "style", "table-row", "table"):
        values = {local(key): value for key, value in element.attrib.items()}
        if tag == "style":
            if any(
                local(key) == "display" and value == "false"
                for part in element
                for key, value in part.attrib.items()
            ):
                unseen.add(values.get("name", ""))
        elif tag == "table-row":
            number = _add_ods_row(sheet, element, values, number, name)
        else:
            sheet.title = values.get("name", "")
            sheet.visible = values.get("style-name", "") not in unseen
            yield sheet
            sheet, number = SheetRows(""), 1


def _add_ods_row(
    sheet: SheetRows, element: Any, values: dict[str, str], number: int, name: str
) -> int:
    """Append a row as often as it is repeated; return the number of the next."""
    row: list[str] = []
    column = 0  # blank cells to the right are repeated thousands of times
    for cell in element:
        kind = local(cell.tag)
        if kind not in ("table-cell", "covered-table-cell"):
            continue
        about = {local(key): value for key, value in cell.attrib.items()}
        text = _ods_text(cell, about)
        times = min(int(about.get("number-columns-repeated", "1")), _MOST_COLUMNS - column)
        down = int(about.get("number-rows-spanned", "1"))
        if text:
            if down > 1:
                sheet.merged.append((column + 1, number, column + 1, number + down - 1))
            row += [""] * (column - len(row)) + [text] * times
        column += times
    times = int(values.get("number-rows-repeated", "1"))
    if any(row):
        hidden = values.get("visibility", "visible") != "visible"
        for repeat in range(number, number + min(times, MAX_ROWS + 2)):
            if hidden:
                sheet.hidden_rows.add(repeat)
            sheet.add(repeat, list(row), name)
    return number + times


def _ods_text(cell: Any, about: dict[str, str]) -> str:
    """Return the paragraphs of a cell; comments beside it are no part of it."""
    paragraphs = ["".join(_runs(part)) for part in cell if local(part.tag) == "p"]
    text = "\n".join(paragraphs)
    if not text and about.get("value-type") in ("float", "percentage", "currency"):
        return cell_text(float(about.get("value", "nan")))
    return cell_text(text)


def _runs(element: Any) -> Iterator[str]:
    yield element.text or ""
    for part in element:
        tag = local(part.tag)
        if tag == "s":
            yield " " * min(1000, int(next(iter(part.attrib.values()), "1")))
        elif tag == "tab":
            yield "\t"
        elif tag == "line-break":
            yield "\n"
        elif tag != "annotation":
            yield from _runs(part)
        yield part.tail or ""
