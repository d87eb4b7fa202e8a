"""Tables whose rows begin with what they hold: ``Question``, ``Answer``."""

from __future__ import annotations

from collections.abc import Sequence

from core.data.reading.documents.marks import marks_in
from core.data.table import NotUsed, Table, build_table
from core.messages import N_, Message

_SAMPLE = 2000  # rows that tell what a column holds


def labelled_records(
    rows: Sequence[Sequence[str]],
) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """Return (index of the question, label to text) of each question, and the texts besides.

    Only rows of two filled cells count; nothing is returned where fewer than half of the rows
    begin with Question or Answer, or the like.
    """
    filled = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    marks = marks_in((cells[0] for cells in filled if len(cells) == 2), speakers=False)
    if marks is None:
        return [], []
    records: list[tuple[int, dict[str, str]]] = []
    left: list[str] = []
    labelled = 0
    for i, cells in enumerate(filled):
        side, rest = marks.parted(cells[0]) if len(cells) == 2 else ("", "")
        if rest and side:
            return [], []  # the first cell holds the text itself
        labelled += bool(side)
        name = side or (cells[0] if len(cells) == 2 else "")
        if side == "question":
            records.append((i, {}))
        if records and name:
            record = records[-1][1]
            record[name] = "\n".join(filter(None, (record.get(name, ""), cells[-1])))
        elif cells:
            left.append(" ".join(cells))
    if 2 * labelled < sum(map(bool, filled)):
        return [], []
    return records, left


def labelled_rows(table: Table, name: str) -> Table | None:
    """Return a table with a record in each row, where its rows begin with what they hold."""
    records, left = labelled_records(table.frame.to_numpy().tolist())
    if not records:
        return None
    names = list(dict.fromkeys(label for _, record in records for label in record))
    text = N_("Each row begins with what it holds; rows of one question were put together.")
    warnings = [*table.warnings, Message(text)]
    if left:
        text = N_("Rows without a question and an answer were left out: {rows}.")
        shown = "; ".join(part[:80] for part in left[:5])
        warnings.append(Message(text, {"rows": shown + ("; …" if len(left) > 5 else "")}))
    return build_table(
        names,
        [[record.get(label, "") for label in names] for _, record in records],
        [int(table.row_numbers[i]) for i, _ in records],
        name=name,
        kind=table.format,
        warnings=warnings,
        encoding=table.encoding,
        encodings=table.encodings,
        delimiter=table.delimiter,
        sheet=table.sheet,
        sheets=table.sheets,
        not_used=[*table.not_used, *(NotUsed("rows", part[:80], 1) for part in left)],
    )


def has_labelled_rows(table: Table) -> bool:
    """Tell whether the first texts of rows say Question or Answer, or the like."""
    column = table.columns[0]
    cells = table.frame[column].head(_SAMPLE).tolist()
    return marks_in([column, *cells], speakers=False) is not None
