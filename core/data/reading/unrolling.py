"""A row per text: cells that list texts become rows of their own, judgements beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.cells import cell_text, printed_value
from core.data.judging.rating_words import PASS_WORDS, RATING_WORDS
from core.data.judging.ratings import plain_rating, read_numbers
from core.data.reading.unfolding import text_of
from core.data.table import SetAside, Table, check_unfolded, clean_cell
from core.messages import Message

_LEAST_TEXT = 15  # characters of a text, on average
SAMPLE = 300  # rows that tell what a column holds
PARALLEL, MOSTLY = 0.9, 0.5  # shares of rows in which two lists are equally long


@dataclass(frozen=True)
class JudgedText:
    """A text of a row with what judges it."""

    text: object
    judgement: object = ""


def listed(cell: str) -> list[object]:
    """Return the elements that a cell lists, [] where it lists none."""
    if cell[:1] not in ("[", "{", "a"):
        return []
    found = printed_value(cell)
    if isinstance(found, set):
        found = list(found)
    if isinstance(found, dict):
        return [found]
    return found if isinstance(found, list) else []


def is_mark(item: object) -> bool:
    """Tell numbers, yes and no, and rating words from texts."""
    if isinstance(item, str):
        plain = plain_rating(item)
        return plain in RATING_WORDS or plain in PASS_WORDS or bool(read_numbers([item]).values)
    return item is None or isinstance(item, bool | int | float)


def share_equal(first: Sequence[list[object]], second: Sequence[list[object]]) -> float:
    """Return the share of rows in which two columns list equally many; 0 where nothing is."""
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a or b]
    return sum(len(a) == len(b) for a, b in pairs) / len(pairs) if pairs else 0.0


def holds_texts(table: Table, *columns: str) -> bool:
    """Tell whether columns hold texts, longer on average than marks and codes."""
    cells = [c for column in columns for c in table.frame[column].head(50).tolist() if c]
    return bool(cells) and sum(map(len, cells)) / len(cells) > _LEAST_TEXT


def unrolled(
    table: Table,
    texts: str,
    judgement: str,
    parts: Callable[[int], list[JudgedText]],
    *,
    notes: Sequence[Message],
    dropped: Sequence[str] = (),
    beside: Mapping[str, list[list[object]]] | None = None,
    odd: Callable[[int], Message | None] = lambda i: None,
) -> Table:
    """Return a table with a row per text and its judgement in the columns of these names.

    Parameters
    ----------
    parts : callable
        Returns the judged texts of a row of ``table``.
    dropped : sequence of str
        Columns that go into these.
    beside : mapping of column to lists
        What runs along with the texts.
    odd : callable
        Returns why a row cannot be taken apart.
    """
    beside = beside or {}
    source: list[int] = []
    found: list[tuple[object, object]] = []
    along: dict[str, list[str]] = {column: [] for column in beside}
    aside = list(table.unreadable)
    plain = [c for c in table.columns if c not in {texts, judgement, *dropped, *beside}]
    lengths = sum((table.frame[c].str.len().to_numpy() for c in plain), np.zeros(len(table.frame)))
    repeated = 0.0
    for i, row in enumerate(table.row_numbers.tolist()):
        why = odd(i)
        if why is not None:
            aside.append(SetAside(row, why))
            continue
        judged = parts(i) or [JudgedText("")]
        for k, one in enumerate(judged):
            source.append(i)
            found.append((one.text, one.judgement))
            for column, lists in beside.items():
                along[column].append(cell_of(lists[i][k]) if k < len(lists[i]) else "")
        repeated += len(judged) * lengths[i]
        check_unfolded(len(source), repeated)
    order = np.array(source, np.int64)
    made = {texts: [cell_of(text) for text, _ in found]} | along
    if judgement:
        made[judgement] = [cell_text(mark) for _, mark in found]
    data: dict[str, object] = {}
    for column in _places(table, [texts, judgement], dropped):
        if column in made:
            data[column] = pd.array(made[column], dtype="str")
        else:
            data[column] = table.frame[column].array.take(order)
    return dataclasses.replace(
        table,
        columns=tuple(data),
        frame=pd.DataFrame(data, columns=list(data)),
        row_numbers=table.row_numbers[order],
        wrong=table.wrong[order] if len(table.wrong) else table.wrong,
        warnings=(*table.warnings, *notes),
        unreadable=tuple(aside),
        judged=(texts, judgement) if judgement else (),
    )


def _places(table: Table, made: Sequence[str], dropped: Sequence[str]) -> Iterator[str]:
    """Yield the columns of the new table; made ones stand where the first of them stood."""
    new = [column for column in made if column and column not in table.columns]
    placed = False
    for column in table.columns:
        if column in dropped:
            if not placed and column not in made:
                yield from new
                placed = True
            if column not in made:
                continue
        yield column
    if not placed:
        yield from new


def cell_of(item: object) -> str:
    """Return an element of a list as the text of a cell."""
    return clean_cell(text_of(item) if isinstance(item, dict | list) else cell_text(item))
