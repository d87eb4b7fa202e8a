"""A file with ratings by people: question, answer, rater, rating; row by row what was taken."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.data.cells import is_nothing
from core.data.column_names import says_who
from core.data.columns import ColumnMapping, guess_mapping
from core.data.matching import TextIndex
from core.data.ratings import (
    FIVE,
    HUNDRED,
    PASS_WORDS,
    RATING_WORDS,
    SCALES,
    USUAL_HIGHEST,
    Numbers,
    RatingScale,
    doubtful_number,
    plain_rating,
    read_numbers,
)
from core.data.reading.formats import read_table
from core.data.table import Table, row_list
from core.errors import DataError
from core.messages import N_, Message
from core.types import TEST_KNOWN, TEST_UNSEEN, QADataset

_OTHER_END = 0.2  # of the ratings: as many unknown words are the other end of a scale
WORDS = "words"  # the scale of a file whose ratings are words


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
        As recognised: ``1-5``, ``1-10``, ``0-100`` …, or ``words``.
    ratings : tuple of FileRating
    problems : tuple of (row, reason)
        Rows that were not taken.
    blank : int
        Rows without a rating.
    notes : tuple of Message
        How the ratings were read, where that is not plain.
    columns : mapping of role to column
    raters : tuple of str
        More columns that hold ratings, each of another person.
    """

    scale: str
    ratings: tuple[FileRating, ...]
    problems: tuple[tuple[int, Message], ...]
    blank: int
    notes: tuple[Message, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    raters: tuple[str, ...] = ()


def read_ratings(
    content: bytes,
    name: str,
    dataset: QADataset,
    rater: str,
    *,
    mapping: ColumnMapping | None = None,
) -> RatingFile:
    """Read a file with ratings and match it with the data; nothing is recorded yet.

    Width and spaces do not count when texts are compared, as at the import of the data.

    Parameters
    ----------
    name : str
        Of the file, only for messages.
    rater : str
        Stands for the rater where the file has no column for it; "" = rows need a name.
    mapping : ColumnMapping or None
        Columns and scale that the user chose; None takes the guess.

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, or its scale cannot be recognised.
    """
    table = read_table(content, name)
    return match_ratings(table, name, dataset, rater, mapping or guess_mapping(table, rated=True))


def match_ratings(
    table: Table, name: str, dataset: QADataset, rater: str, mapping: ColumnMapping
) -> RatingFile:
    """Do the same for a table that was read already."""
    question, answer, rating = _columns(table, mapping, name)
    who = next((c for c in table.columns if says_who(c) and c != rating), None)
    frame = table.frame
    rated = [rating, *(c for c in mapping.raters if c not in (who, rating))]
    people = _people(rated) if len(rated) > 1 else [rater]
    texts = ["" if is_nothing(text) else text for c in rated for text in frame[c].tolist()]
    names = [name for person in people for name in [person] * len(frame)]
    if who:
        called = frame[who].tolist()
        beside = len(rated) > 1  # Anna rated for relevance and for style
        names = [f"{n} ({p})" if beside else n for p in people for n in called]
    numbers = read_numbers(text for text in texts if plain_rating(text) not in PASS_WORDS)
    scale = _scale(texts, numbers, name, mapping.scale)
    said = {plain_rating(word): grade for word, grade in mapping.words}
    one_sided = _one_sided(texts, said) if scale is None else None

    index = TextIndex(dataset)
    tested = np.isin(dataset.split, (TEST_KNOWN, TEST_UNSEEN))
    taken: list[FileRating] = []
    problems: list[tuple[int, Message]] = [(one.row, one.reason) for one in table.unreadable]
    blank = 0
    cells = [table.row_numbers.tolist(), frame[question].tolist(), frame[answer].tolist()]
    for line, asked, told, text, person in zip(
        *(column * len(rated) for column in cells), texts, names, strict=True
    ):
        if not text.strip():
            blank += 1
            continue
        q, a = index.questions.find(asked), index.answers.find(told)
        passes = plain_rating(text) in PASS_WORDS
        value = None if passes else _value(text, numbers, scale, said)
        reason = q.reason or a.reason
        if reason is None and tested[q.row]:
            reason = Message(N_("This question is kept for the final test and must not be used."))
        elif reason is None and not person.strip():
            reason = Message(
                N_("The name of the rater is missing: fill it in, or type your own name.")
            )
        elif reason is None and not passes and value is None:
            reason = _not_a_rating(text, scale)
        elif reason is None and not passes:
            reason = one_sided
        if reason is not None:
            problems.append((line, reason))
            continue
        pair = dataset.questions[q.row], dataset.answers[a.row]
        taken.append(FileRating(line, *pair, " ".join(person.split())[:120], value))
    columns = {"question": question, "answer": answer, "rating": rating}
    return RatingFile(
        scale.key if scale else WORDS,
        tuple(taken),
        tuple(sorted(problems, key=lambda problem: problem[0])),
        blank,
        (*_notes(scale, numbers, texts, mapping.scale), *_contradictions(taken)),
        columns | ({"rater": who} if who else {}),
        tuple(rated[1:]),
    )


def _people(columns: Sequence[str]) -> list[str]:
    """Return who rated, by the words in which column names differ: ``Rating Anna`` gives Anna."""
    words = [re.findall(r"\d+|[^\W\d]+", name) for name in columns]
    shared = set(words[0]).intersection(*words[1:])
    own = [" ".join(word for word in one if word not in shared) for one in words]
    return [
        short if short and not short.isdigit() else name
        for short, name in zip(own, columns, strict=True)
    ]


def _one_sided(texts: Sequence[str], said: Mapping[str, float]) -> Message | None:
    """Return why no rating can be taken, where only one end of a scale in words is understood.

    The other end would be left out, and what stays would say nothing but right, or nothing but
    wrong.
    """
    plain = [p for text in texts if (p := plain_rating(text)) and p not in PASS_WORDS]
    known = {p: said.get(p, RATING_WORDS.get(p)) for p in plain}
    unknown = [p for p in plain if known[p] is None]
    grades = {grade for grade in known.values() if grade is not None}
    if len(grades) != 1 or len(unknown) < _OTHER_END * len(plain):
        return None
    text = N_(
        "Only one end of the scale is understood, since the meaning of “{rating}” is not known; "
        "ratings of one end alone are not taken."
    )
    return Message(text, {"rating": unknown[0][:40]})


def _contradictions(ratings: Sequence[FileRating]) -> list[Message]:
    """Say where one rater rates the same pair in different ways."""
    held: dict[tuple[str, str, str], list[FileRating]] = {}
    for one in ratings:
        held.setdefault((one.rater, one.question, one.answer), []).append(one)
    odd = [group for group in held.values() if len({one.value for one in group}) > 1]
    if not odd:
        return []
    text = N_(
        "The same person rates the same pair in different ways; the last rating counts. Rows: "
        "{rows} ({count} pairs)."
    )
    rows = row_list([one.row for group in odd for one in group], 12)
    return [Message(text, {"count": len(odd), "rows": rows})]


def _columns(table: Table, mapping: ColumnMapping, name: str) -> tuple[str, str, str]:
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


def _value(
    text: str, numbers: Numbers, scale: RatingScale | None, said: Mapping[str, float]
) -> float | None:
    """Return a rating as a grade in [0, 1], None where it is none."""
    plain = plain_rating(text)
    if plain in said:
        return said[plain]
    number = numbers.values.get(text)
    if number is not None and scale is not None:
        return float(scale.grade(np.array(number))) if scale.holds(number) else None
    return RATING_WORDS.get(plain) if scale is None else None


def _not_a_rating(text: str, scale: RatingScale | None) -> Message:
    if scale is None:
        return Message(
            N_("It is not known what the rating “{rating}” means."), {"rating": text[:40]}
        )
    values = {"rating": text[:40], "low": f"{scale.low:g}", "high": f"{scale.high:g}"}
    return Message(N_("“{rating}” is not a rating from {low} to {high}."), values)


def _scale(texts: Sequence[str], numbers: Numbers, name: str, given: str) -> RatingScale | None:
    """Return the scale of the numbers, None where the ratings are words.

    One slip (a 55 for a 5) must not turn a column of stars into points: more than a tenth of the
    values has to be above 5.
    """
    if given in SCALES:
        return SCALES[given]
    values = np.array([numbers.values[text] for text in texts if text in numbers.values])
    words = sum(plain_rating(text) in RATING_WORDS for text in texts if text not in numbers.values)
    if words > len(values):
        return None
    if not len(values):
        raise DataError(
            "{name} has no rating that is a number. Ratings go from 1 to 5 or from 0 to 100.",
            name=name,
        )
    if numbers.percent:
        return SCALES[HUNDRED]
    if numbers.out_of:
        return RatingScale(0, numbers.out_of)
    low, high = float(values.min()), float(values.max())
    if (values > USUAL_HIGHEST).mean() > 0.1:
        whole = bool((values == np.round(values)).all())
        most = next((m for m in (7, 10, 100) if high <= m), None)
        if most is not None and low >= 0:
            return RatingScale(1 if whole and low >= 1 and most < 100 else 0, most)
    elif low >= 0 and high > 1 and (values == 0).mean() > 0.1:
        return RatingScale(0, min(high, USUAL_HIGHEST))
    elif low >= 1 and not ((values > 0) & (values < 1)).any():
        return SCALES[FIVE]
    elif low >= 0 and high <= 1 and len(set(values.tolist())) >= 2:
        return SCALES["0-1"]
    raise DataError(
        "The ratings in {name} go from {low} to {high}, which is neither 1 to 5 nor 0 to 100. "
        "Change them to one of these scales.",
        name=name,
        low=f"{low:g}",
        high=f"{high:g}",
    )


def _notes(
    scale: RatingScale | None, numbers: Numbers, texts: Sequence[str], given: str
) -> list[Message]:
    notes = []
    if scale is not None and scale.key not in (FIVE, HUNDRED) and not given:
        text = N_("The ratings were read as {low} to {high}.")
        notes.append(Message(text, {"low": f"{scale.low:g}", "high": f"{scale.high:g}"}))
    if scale is None:
        words = {t: RATING_WORDS[p] for t in texts if (p := plain_rating(t)) in RATING_WORDS}
        told = ", ".join(f"{word} = {grade:g}" for word, grade in list(words.items())[:12])
        notes.append(Message(N_("Ratings in words were read as: {words}."), {"words": told}))
    return notes + doubtful_number(numbers)
