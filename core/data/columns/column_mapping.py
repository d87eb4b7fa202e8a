"""Which column of a table is what, as found or as the user said."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from core.data.columns.column_names import ROLES
from core.data.table import NotUsed, Table
from core.messages import Message


@dataclass(frozen=True)
class ColumnMapping:
    """Column names of a table for each role; None = the file has no such column.

    Attributes
    ----------
    negatives : tuple of str
        Columns of answers that are known to be wrong.
    further : tuple of (question, answer)
        More pairs of columns to take from every row: other wordings, other languages.
    raters : tuple of str
        More columns that rate the same pairs: other raters.
    rater : str or None
        The column that names who rated, where several people rate the same pairs in rows of their
        own: their grades are averaged.
    scale : str
        Of the ratings, see :data:`core.data.judging.ratings.SCALES`; "" = found from the values.
    words : tuple of (word, grade)
        What ratings in words mean, where the user said so; a grade in [0, 1].
    """

    question: str | None = None
    answer: str | None = None
    category: str | None = None
    language: str | None = None
    rating: str | None = None
    source: str | None = None
    weight: str | None = None
    must_find: str | None = None
    question_id: str | None = None
    answer_id: str | None = None
    context: str | None = None
    negatives: tuple[str, ...] = ()
    further: tuple[tuple[str, str], ...] = ()
    raters: tuple[str, ...] = ()
    rater: str | None = None
    scale: str = ""
    words: tuple[tuple[str, float], ...] = ()

    def roles(self) -> dict[str, str]:
        """Return the column of each role that has one."""
        return {role: column for role in ROLES if (column := getattr(self, role))}


@dataclass(frozen=True)
class Guess:
    """Which column is what, and what is to be said about it.

    Attributes
    ----------
    notes : tuple of Message
        What was decided where another choice was possible.
    offered : tuple of (question, answer)
        More pairs of columns that could be taken, see ``ColumnMapping.further``.
    """

    mapping: ColumnMapping
    notes: tuple[Message, ...] = ()
    offered: tuple[tuple[str, str], ...] = ()


def unused_columns(table: Table, mapping: ColumnMapping) -> list[NotUsed]:
    """Return the filled columns that nothing is read from."""
    used = {*mapping.roles().values(), mapping.context, *mapping.negatives, *mapping.raters}
    used |= {mapping.rater, *(column for pair in mapping.further for column in pair)}
    return unused_beside(table, used)


def unused_beside(table: Table, used: Collection[str | None]) -> list[NotUsed]:
    """Return the filled columns that are not among those used."""
    return [
        NotUsed("column", column, count)
        for column in table.columns
        if column not in used and (count := sum(map(bool, table.frame[column].tolist())))
    ]
