"""Ratings by people: a column of them to relevance grades, and whole files of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from core.data.columns import guess_mapping, plain_name
from core.data.matching import TextIndex
from core.data.reading.formats import read_table
from core.data.table import Table, row_list
from core.errors import DataError
from core.messages import N_, Message
from core.types import TEST_KNOWN, TEST_UNSEEN, QADataset

USUAL_HIGHEST = 5.0  # stars
_WORDS: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys(
            ("yes", "true", "right", "correct", "relevant", "○", "〇", "◯", "◎", "はい"), 1.0
        ),
        **dict.fromkeys(
            ("no", "false", "wrong", "incorrect", "irrelevant", "×", "✕", "いいえ"), 0.0
        ),
    }
)
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")
FIVE, HUNDRED = "1-5", "0-100"
_BOUNDS = {FIVE: (1.0, 5.0), HUNDRED: (0.0, 100.0)}
_RATER = {
    *("rater", "raters", "ratedby", "who", "name", "user", "reviewer", "annotator", "judge"),
    *("expert", "person", "評価者", "採点者", "レビュアー", "氏名", "名前", "担当者", "評価者名"),
}
_PASS = {"cannot say", "can't say", "don't know", "n/a", "?", "わからない", "判断できない"}


def parse_rating(text: str) -> float | None:
    """Return a rating as a number: ``4``, ``4,5``, ``4/5``, ``80 %``, ``★★★``, ``yes``; else None.

    ``4/5`` gives 4, ``80 %`` gives 0.8: the scale is judged over the whole column.
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    if plain in _WORDS:
        return _WORDS[plain]
    if plain and set(plain) <= set("★☆⭐\ufe0f"):
        return float(plain.count("★") + plain.count("⭐"))
    number = re.fullmatch(rf"({_NUMBER.pattern})\s*(%|/\s*\d+|stars?|点)?", plain)
    if number is None:
        try:
            value = float(plain)  # 1e-3
        except ValueError:
            return None
        return value if np.isfinite(value) else None
    value = float(number[1].replace(",", "."))
    return value / 100 if number[2] == "%" else value


def grades(texts: Sequence[str], rows: Sequence[int]) -> tuple[np.ndarray, list[Message]]:
    """Return a relevance grade per row and what was odd about the ratings.

    The highest usual rating becomes 1, 0 stays 0 (explicitly not right), a missing or unreadable
    rating is 1. Ratings above 5 are taken as 5 where they are rare; where more than one in ten
    is above 5, the column is on a larger scale (0–10, 0–100) and is divided by its highest value.

    Returns
    -------
    grade : float32 array [n] in [0, 1]
    warnings : list of Message
    """
    value = np.full(len(texts), np.nan)
    unreadable = []
    parsed = {text: parse_rating(text) for text in set(texts)}  # a few, however many rows
    for i, text in enumerate(texts):
        if not text:
            continue
        number = parsed[text]
        if number is None:
            unreadable.append(rows[i])
        else:
            value[i] = number
    known = ~np.isnan(value)
    negative = [rows[i] for i in np.flatnonzero(known & (value < 0)).tolist()]
    above = known & (value > USUAL_HIGHEST)
    warnings = []
    if unreadable:
        text = N_("Ratings that are not numbers count as “right”. Rows: {rows} ({count} in all).")
        warnings.append(Message(text, {"count": len(unreadable), "rows": row_list(unreadable)}))
    if negative:
        text = N_("Ratings below 0 count as “not right”. Rows: {rows} ({count} in all).")
        warnings.append(Message(text, {"count": len(negative), "rows": row_list(negative)}))
    rare = above.sum() <= 0.1 * known.sum() or not (known & ~above & (value > 0)).any()
    rare = rare and bool((known & ~above & (value > 0)).any())
    usual = known & ~above if rare else known
    highest = float(value[usual].max()) if usual.any() else 1.0
    if above.any():
        odd = [rows[i] for i in np.flatnonzero(above).tolist()]
        values: dict[str, str | int | float] = {"count": len(odd), "rows": row_list(odd)}
        if rare:
            text = N_("Ratings above {highest} count as {highest}. Rows: {rows} ({count} in all).")
        else:
            text = N_(
                "Some ratings are above 5, so {highest} counts as the best rating of the file. "
                "Rows: {rows} ({count} in all)."
            )
        warnings.append(Message(text, {**values, "highest": f"{highest:g}"}))
    scaled = np.clip(np.where(known, value, highest) / (highest if highest > 0 else 1.0), 0, 1)
    grade = np.where(known, scaled, 1.0)
    return grade.astype(np.float32), warnings


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
    who = next((c for c in table.columns if plain_name(c) in _RATER), None)
    frame = table.frame
    texts = [str(text) for text in frame[rating]]
    names = [str(text) for text in frame[who]] if who else [rater] * len(texts)
    numbers = [_number(text) for text in texts]
    scale = _scale([number for number in numbers if number is not None], name)
    low, high = _BOUNDS[scale]

    index = TextIndex(dataset)
    tested = np.isin(dataset.split, (TEST_KNOWN, TEST_UNSEEN))
    taken: list[FileRating] = []
    problems: list[tuple[int, Message]] = []
    blank = 0
    cells = zip(
        table.row_numbers.tolist(),
        frame[question],
        frame[answer],
        texts,
        numbers,
        names,
        strict=True,
    )
    for line, asked, told, text, number, person in cells:
        if not text.strip():
            blank += 1
            continue
        q, a = index.questions.find(asked), index.answers.find(told)
        passes = text.strip().casefold() in _PASS
        reason = q.reason or a.reason
        if reason is None and tested[q.row]:
            reason = Message(N_("This question is kept for the final test and must not be used."))
        elif reason is None and not person.strip():
            reason = Message(
                N_("The name of the rater is missing: fill it in, or type your own name.")
            )
        elif reason is None and not passes and (number is None or not low <= number <= high):
            values = {"rating": text[:40], "low": f"{low:g}", "high": f"{high:g}"}
            reason = Message(N_("“{rating}” is not a rating from {low} to {high}."), values)
        if reason is not None:
            problems.append((line, reason))
            continue
        value = None if passes or number is None else (number - low) / (high - low)
        pair = dataset.questions[q.row], dataset.answers[a.row]
        taken.append(FileRating(line, *pair, " ".join(person.split())[:120], value))
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
