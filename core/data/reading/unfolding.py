"""Cells that hold lists: each element of a question or answer becomes a row of its own.

Lists come from JSON, and from tables that a program wrote (``['a', 'b']`` in a cell of a CSV
file). Data of a program are never taken for a text: what has no text in it leaves an empty cell.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd

from core.data.cells import PARTING, cell_text, nested_value, parting_sign, parts_of
from core.data.columns.column_mapping import ColumnMapping
from core.data.columns.column_names import is_negative, is_wording, says_plural, says_several
from core.data.columns.guessing import guess_mapping
from core.data.table import FEW_ROWS, Table, check_unfolded, clean_cell, row_list
from core.messages import N_, Message

# Where the text of an object lies, the best place first.
TEXT_KEYS = (
    *("text", "content", "body", "passage", "passage_text", "contents", "page_content", "document"),
    *(
        "context",
        "paragraph",
        "paragraph_text",
        "chunk_text",
        "full_text",
        "plain_text",
        "chunk",
        "answer",
        "response",
        "question",
        "query",
        "sentence",
    ),
    *("value", "utterance", "phrase", "string", "title", "name", "label"),
)
_MAIN_KEYS = TEXT_KEYS[: TEXT_KEYS.index("value")]  # those behind may be headings
_LONGEST_TAG = 40
_CJK = re.compile(r"[\u3040-\u9fff]")  # scripts that write no spaces
_OPENINGS = ("[", "{", "(", "array(")


def text_of(item: object) -> str:
    """Return the text of an element: of an object its text, rather than its title or id."""
    if isinstance(item, str):
        inner = nested_value(item)
        return item if inner is None else text_of(inner)
    if isinstance(item, Mapping):
        for key in TEXT_KEYS:
            value = next((v for k, v in item.items() if str(k).casefold() == key), None)
            if value is not None and (text := text_of(value)):
                return text
        texts = [v for v in item.values() if isinstance(v, str) and (" " in v or _CJK.search(v))]
        texts = texts or [text_of(value) for value in item.values() if isinstance(value, Mapping)]
        return max(texts, key=len, default="")
    if isinstance(item, list | tuple):
        return "\n".join(text for element in item if (text := text_of(element)))
    return cell_text(item)


def texts_of(cell: str) -> list[str]:
    """Return the texts of a cell: one, or those of the list that it holds."""
    found: object = nested_value(cell) if cell[:1] in ("[", "{", "(", "a") else None
    if found is None:
        return [cell]
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list) and value]
        told = next((found[k] for k in _MAIN_KEYS if found.get(k)), None)
        if isinstance(told, str):
            found = [found]  # what is listed beside it says more of it, such as its links
        elif len(lists) == 1 or any(isinstance(found.get(k), list) for k in TEXT_KEYS):
            named = (found[k] for k in TEXT_KEYS if isinstance(found.get(k), list))
            found = next(named, lists[0] if lists else [])
        else:
            found = [found]
    assert isinstance(found, list)
    return [text for item in found if (text := clean_cell(text_of(item)))]


def unfolded(table: Table, mapping: ColumnMapping | None = None) -> Table:
    """Return a table with a row for every question, answer and known wrong answer in its lists.

    Several questions or answers in a record make a row per combination. Wrong answers stand in
    the answer column and are marked in ``Table.wrong``. Lists elsewhere (tags) become one text.

    Raises
    ------
    DataError
        If that makes more rows than can be read.
    """
    few = len(table.frame) <= FEW_ROWS  # a call of pandas costs more than so many cells
    listed = {
        c
        for c in table.columns
        if (
            any(cell.startswith(_OPENINGS) for cell in table.frame[c].tolist())
            if few
            else table.frame[c].str.startswith(_OPENINGS).any()
        )
    }
    if not listed and mapping is None and not any(map(is_negative, table.columns)):
        return table
    mapping = mapping or guess_mapping(table)
    paired = mapping.question is not None and mapping.answer is not None
    negatives = [c for c in mapping.negatives if paired and c in table.columns]
    if not listed and not negatives:
        return table
    columns = {c: table.frame[c].tolist() for c in table.columns}
    worded = {q for q, a in mapping.further if a == mapping.answer}  # see wordings()
    roles = {mapping.question, mapping.answer, *(c for pair in mapping.further for c in pair)}
    roles -= worded
    parsed = {
        c: [texts_of(cell) if c in listed else [cell] for cell in columns[c]]
        for c in table.columns
        if (c in roles and c in listed) or c in negatives or (negatives and c == mapping.answer)
    }
    for column in listed - set(parsed) - worded:
        columns[column] = [_one_text(cell) for cell in columns[column]]
    return _rows(table, mapping, columns, parsed, negatives)


_SOME, _MOST, _NEARLY_ALL = 0.2, 0.5, 0.8  # of the cells of a column
_HARDLY = 0.05  # of the parts of cells
_SENTENCE = re.compile(
    r"[^\W_]\s+[^\W_]|[?？؟]\s*$|[\u3040-\u30ff\u3400-\u9fff]{4}|[\uac00-\ud7af]{3}"
)


def wordings(column: str, cells: Sequence[str], *, main: bool) -> tuple[list[list[str]], str]:
    """Return the questions of each cell, and the sign that parts them, "" where there is none.

    Cells are parted only where the name of the column says that they hold several (``Questions``,
    ``Utterances``, ``Synonyms``); lists always are.

    Parameters
    ----------
    main : bool
        The column holds the questions themselves, not more wordings beside them: a single one may
        hold the sign (``Mr; Mrs; what do I choose?``), so most have to, and part whole questions.
    """
    sign = ""
    if says_plural(column) if main else says_several(column):
        share = _SOME if is_wording(column) and not main else _MOST
        sign = parting_sign(cells, PARTING[:-2], share) or parting_sign(
            cells, PARTING[-2:], max(share, _NEARLY_ALL)
        )
    if main and sign and not _are_questions(cells, sign):
        sign = ""
    return [
        [part for text in texts_of(cell) for part in (parts_of(text, sign) if sign else [text])]
        for cell in cells
    ], sign


def _are_questions(cells: Sequence[str], sign: str) -> bool:
    """Tell whether a sign parts questions and phrases of several words, not words and letters."""
    parted = [parts for cell in cells if len(parts := parts_of(cell, sign)) > 1]
    parts = [part for several in parted for part in several]
    tiny = sum(len(part) <= 2 for part in parts)
    whole = sum(bool(_SENTENCE.search(part)) for part in parts)
    return tiny <= _HARDLY * len(parts) and whole >= _NEARLY_ALL * len(parts)


def _rows(
    table: Table,
    mapping: ColumnMapping,
    columns: Mapping[str, list[str]],
    parsed: Mapping[str, list[list[str]]],
    negatives: Sequence[str],
) -> Table:
    varying = [column for column in parsed if column not in negatives]
    cells: dict[str, list[str]] = {column: [] for column in varying}
    source: list[int] = []
    wrong: list[bool] = []
    emptied: list[int] = []

    plain = [column for column in table.columns if column not in {*varying, *negatives}]
    characters = 0

    def add(i: int, rows: Iterable[Sequence[str]], is_wrong: bool) -> None:
        nonlocal characters
        beside = sum(len(columns[column][i]) for column in plain)
        for values in rows:
            for column, value in zip(varying, values, strict=True):
                cells[column].append(value)
            source.append(i)
            wrong.append(is_wrong)
            characters += beside + sum(map(len, values))
            check_unfolded(len(source), characters)

    for i, number in enumerate(table.row_numbers.tolist()):
        choices = {column: parsed[column][i] or [""] for column in varying}
        if any(not parsed[c][i] and columns[c][i] not in ("", "[]", "{}") for c in varying):
            emptied.append(number)
        add(i, _combinations(choices, varying), False)
        bad = [text for column in negatives for text in parsed[column][i] if text]
        if bad and mapping.answer is not None:
            add(i, _combinations(choices | {mapping.answer: bad}, varying), True)
    data = {
        c: pd.array(cells.get(c) or [columns[c][i] for i in source], dtype="str")
        for c in table.columns
        if c not in negatives
    }
    warnings = list(table.warnings)
    if emptied:
        text = N_(
            "Cells that hold data of a program without any text count as empty. Rows: {rows} "
            "({count} in all)."
        )
        warnings.append(Message(text, {"count": len(emptied), "rows": row_list(emptied)}))
    for role in ("question", "answer"):
        named, holder = getattr(mapping, f"{role}_id"), getattr(mapping, role)
        if named in data and holder in cells:
            data[named] = pd.array(_numbered(list(data[named]), cells[holder]), dtype="str")
    order = np.array(source, np.int64)
    return dataclasses.replace(
        table,
        columns=tuple(data),
        frame=pd.DataFrame(data, columns=list(data)),
        row_numbers=table.row_numbers[order],
        wrong=np.array(wrong, bool),
        warnings=tuple(warnings),
    )


def _numbered(ids: list[str], texts: Sequence[str]) -> list[str]:
    """Give the further texts of a record ids of their own (``k1``, ``k1-2``, ``k1-3``)."""
    seen: dict[str, dict[str, int]] = {}
    result = []
    for name, text in zip(ids, texts, strict=True):
        number = seen.setdefault(name, {}).setdefault(text, len(seen[name]) + 1)
        result.append(name if number == 1 or not name else f"{name}-{number}")
    return result


def _combinations(
    choices: Mapping[str, list[str]], names: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """Yield one tuple per row; lists inside one object (``a.text``, ``a.start``) run together."""
    slots: dict[tuple[str, int], list[str]] = {}
    for name in names:
        many = len(choices[name])
        key = (name.split(".")[0], many) if "." in name and many > 1 else (name, -1)
        slots.setdefault(key, []).append(name)
    parts = [
        [
            dict(zip(group, values, strict=True))
            for values in zip(*(choices[n] for n in group), strict=True)
        ]
        for group in slots.values()
    ]
    for combination in product(*parts):
        row: dict[str, str] = {}
        for part in combination:
            row |= part
        yield tuple(row[name] for name in names)


def _one_text(cell: str) -> str:
    """Return a list of short texts (tags) as one text; other data stay as they are."""
    if cell[:1] not in ("[", "{", "("):
        return cell
    found: object = nested_value(cell)
    if isinstance(found, list) and not any(isinstance(item, list | dict) for item in found):
        texts = [cell_text(item) for item in found]
        if all(len(text) <= _LONGEST_TAG for text in texts):
            return ", ".join(texts)
    return cell
