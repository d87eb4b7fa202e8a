"""Cells of a table that hold whole records of a program, such as inputs and outputs of a chain."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import pandas as pd

from core.data.cells import printed_value
from core.data.columns.column_names import TEXT_ROLES, plain_name, whole_name_role
from core.data.reading.json_records import flat_record
from core.data.table import Table

_ENOUGH = 0.9  # of the cells of a column are objects
_MOSTLY = 0.5
_MOST_KEYS = 200
# Columns that hold what a program was given or gave back, whatever its fields are called.
_WHOLE = frozenset(("inputs", "outputs", "referenceoutputs", "referenceinputs"))


def objects_apart(table: Table) -> Table:
    """Return a table with a column for each field of objects in cells: ``inputs.question``.

    So the same records are read alike from a table and from JSON. Objects without a field named
    as a question or an answer stay, as they may be a text with its marks; empty ones are empty.
    """
    data: dict[str, object] = {}
    apart = False
    for column in table.columns:
        parts = _fields(column, table.frame[column].tolist())
        if parts is None or parts.keys() & set(table.columns) - {column}:
            data[column] = table.frame[column].array
            continue
        data |= {name: pd.array(cells, dtype="str") for name, cells in parts.items()}
        apart = True
    if not apart:
        return table
    columns = tuple(data)
    frame = pd.DataFrame(data, columns=list(columns))
    return dataclasses.replace(table, columns=columns, frame=frame)


def _fields(column: str, cells: Sequence[str]) -> dict[str, list[str]] | None:
    """Return the cells of each field, and what is no object under the name of the column."""
    filled = [cell for cell in cells if cell]
    if not filled or sum(cell.startswith("{") for cell in filled) < _ENOUGH * len(filled):
        return None
    found = [printed_value(cell) for cell in cells]
    objects = [item for item in found if isinstance(item, dict)]
    if len(objects) < _ENOUGH * len(filled) or (any(objects) and not _speaks(column, objects)):
        return None
    rows = [flat_record({column: item}) if isinstance(item, dict) else {} for item in found]
    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) > _MOST_KEYS:
        return None
    parts = {name: [row.get(name, "") for row in rows] for name in names}
    rest = ["" if row else cell for cell, row in zip(cells, rows, strict=True)]
    return {**({column: rest} if any(rest) else {}), **parts}


def _speaks(column: str, objects: Sequence[Mapping[str, object]]) -> bool:
    """Tell whether most objects hold a text that is named as a question or an answer."""
    whole = plain_name(column) in _WHOLE
    speaking = sum(
        any(
            isinstance(value, str) and (whole or whole_name_role(str(key)) in TEXT_ROLES)
            for key, value in item.items()
        )
        for item in objects
    )
    return bool(objects) and speaking >= _MOSTLY * len(objects)
