"""Tables whose rows begin with what they hold: ``Question``, ``Answer``.

Each question with its rows below it, or entries side by side: a table turned on its side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.data.columns.column_names import whole_name_role
from core.data.reading.documents.marks import marks_in
from core.data.table import NotUsed, Table, build_table
from core.messages import N_, Message

_SAMPLE = 2000  # rows that tell what a column holds
_MOST_ACROSS = 15  # rows of a table turned on its side
_NUMBER = re.compile(r"[\s_]*\d+$")
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

    One name is that of questions, another of answers, at least half are known names, and what
    stands beside the names are texts, no names of columns.
    """
    return _labels(table.columns, table.frame.to_numpy().tolist()[:_MOST_ACROSS]) is not None


def _labels(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """Return the column with the names of the rows, None where the table stands upright."""
    every = [list(header), *([*row] for row in rows)]
    place = next((i for i in range(len(header)) if any(row[i] for row in every)), None)
    if place is None or len(every[0]) - place < 3 or len(every) > _MOST_ACROSS:
        return None
    names = [row[place] for row in every]
    if any(len(name) > _LONGEST_LABEL or name.endswith(("?", "？")) for name in names):
        return None
    known = [_role(name) for name in names]
    answers = [name for name, role in zip(names, known, strict=True) if role == "answer"]
    if known.count("question") != 1 or not answers or len(set(answers)) < len(answers):
        return None
    letters = [name for name in names if len(_label(name)) == 1 and name.isascii()]
    filled = [name for name in names if name]
    if len(letters) not in (0, 2) or 2 * sum(r is not None for r in known) < len(filled):
        return None
    asked = [cell for cell in every[known.index("question")][place + 1 :] if cell]
    told = [cell for cell in every[known.index("answer")][place + 1 :] if cell]
    names_of_columns = [c for c in every[0][place + 1 :] if _role(c) in ("question", "answer")]
    if len(asked) < 2 or len(told) < 2 or len(names_of_columns) > len(asked) / 2:
        return None
    # Else the table may tell what the columns of another one are: text, "what customers ask".
    sentences = sum(map(_is_sentence, asked)) > len(asked) / 2
    long = sum(map(_signs, told)) >= _SHORTEST_TEXT * len(told)
    return place if sentences and long else None


def entries_across(table: Table, name: str) -> Table | None:
    """Return a table that lies on its side, read without a header, set upright."""
    every = table.frame.to_numpy().tolist()
    place = next((i for i in range(len(table.columns)) if any(row[i] for row in every)), 0)
    rows = [row for row in every if row[place]]
    nameless = [row for row in every if not row[place] and any(row)]
    entries = [list(entry) for entry in zip(*(row[place + 1 :] for row in rows), strict=True)]
    if not any(map(any, entries)):
        return None
    text = N_(
        "The table lies on its side: each column was read as an entry, and columns are counted as "
        "rows (B = 2)."
    )
    return build_table(
        [_label(row[place]) for row in rows],
        entries,
        [place + i + 2 for i in range(len(entries))],
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


def _role(label: str) -> str | None:
    """Return the role that a whole label names; a number may stand behind it."""
    return whole_name_role(_NUMBER.sub("", _label(label)))


def _is_sentence(text: str) -> bool:
    asian = sum(sign > "\u3000" for sign in text)
    return text.endswith(("?", "？")) or len(text.split()) > 2 or asian > 4


def _signs(text: str) -> int:
    """Return the length of a text; a sign of Japanese says about as much as two letters."""
    return sum(2 if sign > "\u3000" else 1 for sign in text)
