"""XLSX workbooks: what the user sees in the cells, nothing evaluated."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from typing import Any

from core.data.columns import header_position, header_warnings
from core.data.table import (
    MAX_CELLS,
    MAX_ROWS,
    Table,
    build_table,
    row_list,
)
from core.errors import DataError
from core.messages import N_, Message

_ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!"}
)
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # how XLSX writes signs that XML forbids
_FORMULA = re.compile(rb"<f[ >]")
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')
_DECLARATION = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


def read_workbook(archive: zipfile.ZipFile, content: bytes, name: str, sheet: str | None) -> Table:
    """Read one sheet of a workbook: the named one, else the first with a table in it.

    Formula cells show the value that the spreadsheet program stored; where none is stored, the
    formula's text is kept. Cells with errors (#N/A …) are empty.

    Raises
    ------
    DataError
        If the workbook is damaged, has no such sheet or no sheet with two columns.
    """
    try:
        return _read(archive, content, name, sheet)
    except DataError:
        raise
    except Exception as error:  # the parser meets damaged files with errors of every kind
        raise DataError(
            "{name} looks like an Excel workbook but is damaged ({detail}). Open it in your "
            "spreadsheet program, save it again as XLSX, and upload that.",
            name=name,
            detail=f"{type(error).__name__}: {error}"[:200],
        ) from error


def _read(archive: zipfile.ZipFile, content: bytes, name: str, sheet: str | None) -> Table:
    from openpyxl import load_workbook

    parts = [part for part in archive.namelist() if part.endswith(".xml")]
    if any(_DECLARATION.search(_head(archive, part)) for part in parts):
        raise DataError(
            "{name} contains document type declarations, which no spreadsheet program writes. "
            "Save it again as XLSX.",
            name=name,
        )
    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    formulas = load_workbook(io.BytesIO(content), read_only=True) if _has_formula(archive) else None
    titles = [item.title for item in workbook.worksheets if item.sheet_state == "visible"]
    if sheet is not None and sheet not in titles:
        raise DataError(
            "{name} has no sheet {sheet}. It has: {sheets}.",
            name=name,
            sheet=sheet,
            sheets=", ".join(titles),
        )
    tables: list[tuple[str, list[list[str]], int, list[int], list[int]]] = []
    for title in [sheet] if sheet is not None else titles:
        grid, uncomputed = _grid(workbook[title], formulas[title] if formulas else None, name)
        merged = _fill_merged(
            grid, _merged_ranges(archive, getattr(workbook[title], "_worksheet_path", ""))
        )
        position = header_position(grid)
        if position is not None:
            tables.append((title, grid, position, uncomputed, merged))
    if not tables:
        raise DataError(
            "{name} has no sheet with two columns. Put questions and answers in two columns of "
            "one sheet, with column names in the first row.",
            name=name,
        )
    title, grid, position, uncomputed, merged = next(
        (found for found in tables if len(found[1]) > found[2] + 1), tables[0]
    )
    warnings = header_warnings(grid[position], position)
    if uncomputed:
        text = N_(
            "Formulas without a stored value are shown as formulas ({count} in all). "
            "Rows: {rows}. Open and save the file in your spreadsheet program to store the values."
        )
        warnings.append(Message(text, {"count": len(uncomputed), "rows": row_list(uncomputed)}))
    if merged:
        text = N_("Merged cells were filled down: rows {rows} take the text of the row above.")
        warnings.append(Message(text, {"rows": row_list(merged)}))
    if len(tables) > 1:
        text = N_("The sheet {sheet} was read. Other sheets with tables: {others}.")
        others = ", ".join(found[0] for found in tables if found[0] != title)
        warnings.append(Message(text, {"sheet": title, "others": others}))
    rows = grid[position + 1 :]
    numbers = range(position + 2, position + 2 + len(rows))
    return build_table(
        grid[position],
        rows,
        list(numbers),
        name=name,
        kind="xlsx",
        warnings=warnings,
        sheet=title,
        sheets=titles,
    )


def _head(archive: zipfile.ZipFile, part: str) -> bytes:
    with archive.open(part) as file:
        return file.read(4096)


def _has_formula(archive: zipfile.ZipFile) -> bool:
    """Look for formula tags, so that workbooks without any are parsed only once."""
    for part in archive.namelist():
        if not part.startswith("xl/worksheets/"):
            continue
        with archive.open(part) as file:
            tail = b""
            while block := file.read(1 << 20):
                if _FORMULA.search(tail + block):
                    return True
                tail = block[-3:]
    return False


def _merged_ranges(archive: zipfile.ZipFile, path: str) -> list[tuple[int, int, int, int]]:
    """Return merged ranges (first column, first row, last column, last row) from a sheet's end.

    Read-only parsing skips them; they stand behind the rows, so only the last part is looked at.
    """
    from openpyxl.utils import range_boundaries

    if path.lstrip("/") not in archive.namelist():
        return []
    tail = b""
    with archive.open(path.lstrip("/")) as file:
        while block := file.read(1 << 20):
            tail = (tail + block)[-(2 << 20) :]
    found = [range_boundaries(ref.decode()) for ref in _MERGED.findall(tail)]
    return [(a, b, c, d) for a, b, c, d in found if a and b and c and d]


def _fill_merged(grid: list[list[str]], ranges: list[tuple[int, int, int, int]]) -> list[int]:
    """Give every row of a vertical merge the text that a reader sees beside it."""
    filled: list[int] = []
    for left, top, _, bottom in ranges:
        if top < 2 or top > len(grid) or left > len(grid[top - 1]) or not grid[top - 1][left - 1]:
            continue
        for row in range(top + 1, min(bottom, len(grid)) + 1):
            if any(grid[row - 1]) and not grid[row - 1][left - 1]:
                grid[row - 1][left - 1] = grid[top - 1][left - 1]
                filled.append(row)
    return filled


def _grid(values: Any, formulas: Any, name: str) -> tuple[list[list[str]], list[int]]:
    """Return the cells of a sheet as texts, all rows equally wide, and rows of bare formulas."""
    values.reset_dimensions()  # some exporters write wrong ones, and rows would be lost
    value_rows = values.iter_rows(values_only=True)
    formula_rows: Any = ()
    if formulas is not None:
        formulas.reset_dimensions()
        formula_rows = formulas.iter_rows(values_only=True)
    grid: list[list[str]] = []
    uncomputed: list[int] = []
    cells = 0
    for number, (row, written) in enumerate(zip_longest(value_rows, formula_rows, fillvalue=()), 1):
        cells += len(row) + 1
        if number > MAX_ROWS + 1 or cells > MAX_CELLS:
            raise DataError(
                "{name} has more than {rows} rows or {cells} cells. Upload a part of it.",
                name=name,
                rows=MAX_ROWS,
                cells=MAX_CELLS,
            )
        texts = [cell_text(value) for value in row]
        for i, formula in enumerate(written):
            if i < len(row) and row[i] is None and formula is not None:
                texts[i] = cell_text(getattr(formula, "text", formula))
                if not uncomputed or uncomputed[-1] != number:
                    uncomputed.append(number)
        grid.append(texts)
    while grid and not any(grid[-1]):
        grid.pop()
    width = max((_width(row) for row in grid), default=0)
    return [[*row[:width], *[""] * (width - len(row))] for row in grid], uncomputed


def _width(row: Sequence[str]) -> int:
    return next((i + 1 for i in range(len(row) - 1, -1, -1) if row[i]), 0)


def cell_text(value: object) -> str:
    """Return a cell's value as a reader sees it: 3.0 is 3, errors are empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        if value in _ERRORS:
            return ""
        return _ESCAPED.sub(lambda m: chr(int(m[1], 16)), value) if "_x" in value else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime):
        if value.time() == time(0):
            return value.date().isoformat()
        return value.strftime("%Y-%m-%d %H:%M:%S" if value.second else "%Y-%m-%d %H:%M")
    if isinstance(value, time):
        return value.strftime("%H:%M:%S" if value.second else "%H:%M")
    if isinstance(value, date | timedelta):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
