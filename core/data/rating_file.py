"""A file with ratings by people: question, answer, rater, rating; row by row what was taken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.data.columns import guess_mapping
from core.data.distinct import clean_text, same_key
from core.data.ratings import parse_rating
from core.data.reading import read_table
from core.data.table import Table
from core.errors import DataError
from core.messages import N_, Message
from core.types import TEST_KNOWN, TEST_UNSEEN, QADataset

FIVE, HUNDRED = "1-5", "0-100"
_BOUNDS = {FIVE: (1.0, 5.0), HUNDRED: (0.0, 100.0)}
_RATER = {
    *("rater", "raters", "ratedby", "who", "name", "user", "reviewer", "annotator", "judge"),
    *("expert", "person", "評価者", "採点者", "レビュアー", "氏名", "名前", "担当者", "評価者名"),
}
_PASS = {"cannot say", "can't say", "don't know", "n/a", "?", "わからない", "判断できない"}


@dataclass(frozen=True)
class FileRating:
    """One row that can be taken; value None = the rater cannot say.

    Attributes
    ----------
    row : int
        As in the user's spreadsheet, the header being row 1.
    question, answer : str
        As in the dataset.
    value : float in [0, 1] or None
    """

    row: int
    question: str
    answer: str
    rater: str
    value: float | None


@dataclass(frozen=True)
class RatingFile:
    """What an uploaded file with ratings holds.

    Attributes
    ----------
    scale : str
        ``1-5`` or ``0-100``, as recognised.
    ratings : tuple of FileRating
    problems : tuple of (row, reason)
        Rows that were not taken.
    blank : int
        Rows without a rating.
    """

    scale: str
    ratings: tuple[FileRating, ...]
    problems: tuple[tuple[int, Message], ...]
    blank: int


def read_ratings(content: bytes, name: str, dataset: QADataset, rater: str) -> RatingFile:
    """Read a file with ratings and match it with the data; nothing is recorded yet.

    Width and spaces do not count when texts are compared, as at the import of the data.

    Parameters
    ----------
    name : str
        Of the file, only for messages.
    rater : str
        Stands for the rater where the file has no column for it; "" = rows need a name.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or its scale cannot be recognised.
    """
    table = read_table(content, name)
    question, answer, rating = _columns(table, name)
    who = next((c for c in table.columns if _plain(c) in _RATER), None)
    frame = table.frame
    texts = [str(text) for text in frame[rating]]
    names = [str(text) for text in frame[who]] if who else [rater] * len(texts)
    numbers = [_number(text) for text in texts]
    scale = _scale([number for number in numbers if number is not None], name)
    low, high = _BOUNDS[scale]

    questions = {same_key(text): row for row, text in enumerate(dataset.questions)}
    answers = {same_key(text): row for row, text in enumerate(dataset.answers)}
    tested = np.isin(dataset.split, (TEST_KNOWN, TEST_UNSEEN))
    taken: list[FileRating] = []
    problems: list[tuple[int, Message]] = []
    blank = 0
    for i, line in enumerate(table.row_numbers.tolist()):
        q = questions.get(same_key(clean_text(str(frame[question].iloc[i]))))
        a = answers.get(same_key(clean_text(str(frame[answer].iloc[i]))))
        number, passes = numbers[i], texts[i].strip().casefold() in _PASS
        reason: Message | None = None
        if not texts[i].strip():
            blank += 1
            continue
        if q is None:
            reason = Message(N_("This question is not in your data."))
        elif a is None:
            reason = Message(N_("This answer is not in your data."))
        elif tested[q]:
            reason = Message(N_("This question is kept for the final test and must not be used."))
        elif not names[i].strip():
            reason = Message(
                N_("The name of the rater is missing: fill it in, or type your own name.")
            )
        elif not passes and (number is None or not low <= number <= high):
            text = N_("“{rating}” is not a rating from {low} to {high}.")
            values = {"rating": texts[i][:40], "low": f"{low:g}", "high": f"{high:g}"}
            reason = Message(text, values)
        if reason is not None or q is None or a is None:
            problems.append((line, reason or Message("")))
            continue
        value = None if passes or number is None else (number - low) / (high - low)
        rated_by = " ".join(names[i].split())[:120]
        taken.append(FileRating(line, dataset.questions[q], dataset.answers[a], rated_by, value))
    return RatingFile(scale, tuple(taken), tuple(problems), blank)


def _columns(table: Table, name: str) -> tuple[str, str, str]:
    mapping = guess_mapping(table)
    found = {"question": mapping.question, "answer": mapping.answer, "rating": mapping.rating}
    missing = [role for role, column in found.items() if column is None]
    if missing:
        raise DataError(
            "{name} has no column for: {missing}. Its columns are {columns}; name them question, "
            "answer, rater, rating.",
            name=name,
            missing=", ".join(missing),
            columns=", ".join(table.columns),
        )
    assert mapping.question and mapping.answer and mapping.rating
    return mapping.question, mapping.answer, mapping.rating


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def _number(text: str) -> float | None:
    if text.strip().casefold() in _PASS:
        return None
    value = parse_rating(text)
    # parse_rating takes 80 % for 0.8: a share; here per cent are points of 100
    percent = unicodedata.normalize("NFKC", text).strip().endswith("%")
    return None if value is None else value * 100 if percent else value


def _scale(numbers: Sequence[float], name: str) -> str:
    """Return the scale: values from 1 to 5 are stars, larger ones points of 100.

    One slip (a 55 for a 5) must not turn a column of stars into points: more than a tenth of the
    values has to be above 5.
    """
    values = np.array(numbers, np.float64)
    if not len(values):
        raise DataError(
            "{name} has no rating that is a number. Ratings go from 1 to 5 or from 0 to 100.",
            name=name,
        )
    if (values > 5).mean() > 0.1:
        return HUNDRED
    if ((values > 0) & (values < 1)).any() or (values == 0).mean() > 0.1:
        raise DataError(
            "The ratings in {name} go from {low} to {high}, which is neither 1 to 5 nor 0 to 100. "
            "Change them to one of these scales.",
            name=name,
            low=f"{values.min():g}",
            high=f"{values.max():g}",
        )
    return FIVE
