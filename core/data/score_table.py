"""A file of scores (question, answer, score) matched with the rows of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.data.cells import is_nothing
from core.data.columns.column_names import counts, role_of, smaller_is_better, whole_name_role
from core.data.columns.guessing import guess_mapping
from core.data.judging.ratings import doubtful_number, read_numbers
from core.data.matching import TextIndex
from core.data.table import SetAside, Table
from core.errors import DataError
from core.messages import N_, Message
from core.types import QADataset

SAMPLE_ROWS = 2000  # enough to tell numbers from texts
_NO_SCORE = N_("The score is empty.")
_NO_NUMBER = N_("The score is not a number: {text}.")
_REPEATED = N_("Row {row} has scored the same pair already; the first score counts.")
_SHOWN = 80  # characters of a cell in a reason


@dataclass(frozen=True)
class ScoreColumns:
    """Names of the columns; question and answer hold texts or ids, row by row as they come."""

    question: str | None = None
    answer: str | None = None
    score: str | None = None

    @property
    def complete(self) -> bool:
        """Whether all three are chosen and differ."""
        names = (self.question, self.answer, self.score)
        return all(names) and len(set(names)) == len(names)


@dataclass(frozen=True, eq=False)
class MatchedScores:
    """Scores of pairs of the dataset, and what became of every row of the file.

    Attributes
    ----------
    question_rows, answer_rows : int32 arrays [m]
        Rows of the dataset, each pair once.
    values : float32 array [m]
    rows : int
        Rows of the file.
    by_id : int
        Rows in which a question or an answer was found by its id.
    repeated : int
        Rows that say again what an earlier row said.
    set_aside : tuple of SetAside
        Rows that were not taken, with row number and reason.
    notes : tuple of Message
        How numbers were read, where that is not plain.
    """

    question_rows: np.ndarray
    answer_rows: np.ndarray
    values: np.ndarray
    rows: int
    by_id: int
    repeated: int
    set_aside: tuple[SetAside, ...]
    notes: tuple[Message, ...] = ()


def guess_score_columns(table: Table) -> ScoreColumns:
    """Find the columns by name, else by content; the score is the first other column of numbers."""
    found = guess_mapping(table, rated=True)
    named = {role: name for name in reversed(table.columns) if (role := role_of(name))}
    question = found.question or found.question_id or named.get("question")
    answer = found.answer or found.answer_id or named.get("answer")
    taken = {question, answer, found.question_id, found.answer_id}
    score = found.rating
    if score is None or _share_of_numbers(table, score) < 0.5:
        free = [name for name in table.columns if name not in taken]
        numeric = [name for name in free if _share_of_numbers(table, name) >= 0.9]
        # what grows with likeness, before a distance or the number of a row
        score = min(numeric, key=_unlikely, default=score or _called_score(free))
    return ScoreColumns(question, answer, score)


def _called_score(free: Sequence[str]) -> str | None:
    """Return the column that its name calls a score, so that what is wrong in it can be said."""
    called = [name for name in free if role_of(name) == "rating"]
    return min(called, key=lambda name: whole_name_role(name) is None, default=None)


def _unlikely(name: str) -> int:
    if smaller_is_better(name):
        return 1
    return 2 * (role_of(name) in ("question_id", "answer_id") or bool(counts(name)))


def score_notes(table: Table, columns: ScoreColumns) -> list[Message]:
    """Return a sentence on a score that is turned round, and on other columns of scores."""
    notes = []
    if columns.score and smaller_is_better(columns.score):
        text = N_(
            "The name {column} says that smaller is better, so the scores were turned round: "
            "−{column} was taken."
        )
        notes.append(Message(text, {"column": columns.score}))
    others = [
        name
        for name in table.columns
        if name not in (columns.question, columns.answer, columns.score)
        and not counts(name)
        and role_of(name) not in ("question_id", "answer_id")
        and _share_of_numbers(table, name) >= 0.9
    ]
    if others and columns.score:
        text = N_(
            "More columns hold numbers and are not used: {others}. Only {column} was taken as the "
            "score; upload the file once more with another column for each further score."
        )
        told = {"others": ", ".join(others[:8]), "column": columns.score}
        notes.append(Message(text, dict(told)))
    return notes


def match_scores(
    table: Table, columns: ScoreColumns, dataset: QADataset, *, name: str
) -> MatchedScores:
    """Find the pair of every row in a dataset: by text (width and spaces do not count), else by id.

    Parameters
    ----------
    name : str
        Of the file, for messages.

    Raises
    ------
    DataError
        If a column is missing, no row belongs to the data, or all scores are the same.
    """
    if not columns.complete:
        raise DataError(
            "Choose three different columns of {name}: question, answer and score.", name=name
        )
    assert columns.question and columns.answer and columns.score
    index = TextIndex(dataset)
    cells = zip(
        table.row_numbers.tolist(),
        table.frame[columns.question],
        table.frame[columns.answer],
        table.frame[columns.score],
        strict=True,
    )
    numbers = read_numbers(table.frame[columns.score].tolist())
    if not numbers.values:
        _refuse_words(table, columns.score, name)
    sign = -1.0 if smaller_is_better(columns.score) else 1.0
    aside = list(table.unreadable)
    found: dict[tuple[int, int], tuple[float, int]] = {}
    by_id = repeated = 0
    for row, question, answer, score in cells:
        asked, told = index.questions.find(question), index.answers.find(answer)
        reason, value = asked.reason or told.reason, numbers.values.get(score)
        if reason is None and value is None:
            reason = (
                Message(_NO_NUMBER, {"text": score[:_SHOWN]})
                if score and not is_nothing(score)
                else Message(_NO_SCORE)
            )
        if reason is None and value is not None:
            first = found.setdefault((asked.row, told.row), (value, row))
            by_id += asked.by_id or told.by_id
            if first == (value, row):
                continue
            repeated += first[0] == value
            reason = None if first[0] == value else Message(_REPEATED, {"row": first[1]})
        if reason is not None:
            aside.append(SetAside(row, reason, question, answer))
    _check(found, len(table.frame), aside, name)
    pairs = np.array(list(found), np.int32).reshape(-1, 2)
    return MatchedScores(
        question_rows=pairs[:, 0].copy(),
        answer_rows=pairs[:, 1].copy(),
        values=np.array([sign * value for value, _ in found.values()], np.float32),
        rows=len(table.frame) + len(table.unreadable),
        by_id=by_id,
        repeated=repeated,
        set_aside=tuple(sorted(aside, key=lambda item: item.row)),
        notes=(*score_notes(table, columns), *doubtful_number(numbers)),
    )


def _refuse_words(table: Table, column: str, name: str) -> None:
    """Say that a column of scores holds no number, with an example, where it holds anything."""
    cells = zip(table.row_numbers.tolist(), table.frame[column].tolist(), strict=True)
    row, cell = next(((r, c) for r, c in cells if c and not is_nothing(c)), (0, ""))
    if cell:
        raise DataError(
            "The column {column} of {name} holds no numbers (row {row}: “{text}”), so nothing can "
            "be ranked by it. Write each score as a number such as 0.8 or -1.5, or choose another "
            "column as the score.",
            column=column,
            name=name,
            row=row,
            text=cell[:_SHOWN],
        )


def _check(
    found: Mapping[tuple[int, int], tuple[float, int]],
    rows: int,
    aside: Sequence[SetAside],
    name: str,
) -> None:
    if not found:
        raise DataError(
            "None of the {rows} rows of {name} could be used. The first reason (row {row}): "
            "{reason} Questions and answers must be those of your data, as texts or as ids.",
            rows=rows,
            name=name,
            row=aside[0].row if aside else 0,
            reason=str(aside[0].reason) if aside else "–",
        )
    if len({value for value, _ in found.values()}) < 2:
        raise DataError(
            "All {count} scores of {name} are the same, so they cannot tell right answers from "
            "others. Choose another column as the score.",
            count=len(found),
            name=name,
        )


def _share_of_numbers(table: Table, column: str) -> float:
    cells = [cell for cell in table.frame[column].head(SAMPLE_ROWS) if cell]
    numbers = read_numbers(cells).values
    return sum(cell in numbers for cell in cells) / max(len(cells), 1)
