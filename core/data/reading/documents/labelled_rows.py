"""Tables whose rows begin with what they hold: ``Question``, ``Answer``.

Each question with its rows below it, or entries side by side: a table turned on its side.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.data.column_names import role_of
from core.data.reading.documents.marks import marks_in
from core.data.table import NotUsed, Table, build_table
from core.messages import N_, Message

_SAMPLE = 2000  # rows that tell what a column holds
_MOST_ACROSS = 40  # rows of a table turned on its side
_LONGEST_LABEL, _SHORTEST_TEXT = 30, 8  # signs; on average of the questions


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


def lies_across(table: Table) -> bool:
    """Tell whether a table lies on its side: each row begins with a name, each column is an entry.

    Of the names there is one for questions and one for answers, and no column has such a name.
    """
    if len(table.columns) < 3 or len(table.frame) >= _MOST_ACROSS:
        return False
    names = [table.columns[0], *table.frame[table.columns[0]].tolist()]
    roles = [role_of(_label(name)) for name in names if len(name) <= _LONGEST_LABEL]
    if roles.count("question") != 1 or roles.count("answer") != 1:
        return False
    if any(role_of(name) in ("question", "answer") for name in table.columns[1:] if _is_name(name)):
        return False
    rows = [table.columns, *table.frame.to_numpy().tolist()]
    asked = next(row for row in rows if len(row[0]) <= _LONGEST_LABEL and _asks(row[0]))
    texts = [cell for cell in asked[1:] if cell]
    return len(texts) > 1 and sum(map(len, texts)) >= _SHORTEST_TEXT * len(texts)


def entries_across(table: Table, name: str) -> Table:
    """Return a table that lies on its side, read without a header, set upright."""
    rows = [row for row in table.frame.to_numpy().tolist() if row[0]]
    nameless = [row for row in table.frame.to_numpy().tolist() if not row[0]]
    text = N_(
        "The table lies on its side: each column was read as an entry, and columns are counted as "
        "rows (B = 2)."
    )
    return build_table(
        [_label(row[0]) for row in rows],
        [list(entry) for entry in zip(*(row[1:] for row in rows), strict=True)],
        [i + 2 for i in range(len(table.columns) - 1)],
        name=name,
        kind=table.format,
        warnings=[*table.warnings, Message(text)],
        encoding=table.encoding,
        encodings=table.encodings,
        delimiter=table.delimiter,
        sheet=table.sheet,
        sheets=table.sheets,
        not_used=[
            *table.not_used,
            *(NotUsed("rows", " ".join(filter(None, row))[:80], 1) for row in nameless),
        ],
    )


def _label(cell: str) -> str:
    return cell.strip().rstrip(":：").strip()


def _asks(cell: str) -> bool:
    return role_of(_label(cell)) == "question"


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST_LABEL and not text.rstrip().endswith(("?", "？"))
