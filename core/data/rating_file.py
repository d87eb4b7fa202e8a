"""A file with ratings by people: question, answer, rater, rating; row by row what was taken."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from core.data.cells import is_nothing
from core.data.columns.column_mapping import ColumnMapping
from core.data.columns.column_names import says_who, says_wrong
from core.data.columns.guessing import guess_mapping
from core.data.judging.judging_columns import judging_name, rater_by_content
from core.data.judging.named_scales import scale_in_name
from core.data.judging.rating_words import PASS_WORDS, RATING_WORDS, TICKS
from core.data.judging.ratings import (
    FIVE,
    HUNDRED,
    SCALES,
    USUAL_HIGHEST,
    Numbers,
    RatingScale,
    doubtful_number,
    named_scale,
    plain_rating,
    rated_cells,
    read_numbers,
    sign_grades,
)
from core.data.matching import Match, TextIndex
from core.data.reading.formats import read_table
from core.data.reading.upload import ReadingChoices, Upload
from core.data.table import Table, build_table, row_list
from core.errors import DataError
from core.messages import N_, Message
from core.types import TEST_KNOWN, TEST_UNSEEN, QADataset

_OTHER_END = 0.2  # of the ratings: as many unknown words are the other end of a scale
WORDS = "words"  # the scale of a file whose ratings are words
_JUDGED = re.compile(r"(\S+)\s+(?:0|Q0|\d{1,3})\s+(\S+)\s+(-?\d+)\s*", re.IGNORECASE)
_MADE_ID = re.compile(r"a\d+'*")
_MOST_RELEVANT = 3  # relevance by ids goes from 0 to 1, 2 or 3 (TREC), stars go on


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
    answers : tuple of str
        Columns that bear the text of an answer each, with its ratings below.
    """

    scale: str
    ratings: tuple[FileRating, ...]
    problems: tuple[tuple[int, Message], ...]
    blank: int
    notes: tuple[Message, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    raters: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


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
    table = read_rating_table(content, name)
    return match_ratings(table, name, dataset, rater, mapping or guess_mapping(table, rated=True))


def read_rating_table(content: bytes, name: str, choices: ReadingChoices | None = None) -> Table:
    """Read a file with ratings as a table; judgements as TREC writes them have no names.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    upload = Upload(content, name, choices or ReadingChoices())
    if upload.is_text and not upload.is_json:
        lines = upload.decoded.text.splitlines()
        found = [_JUDGED.fullmatch(line) for line in lines]
        if any(found) and all(
            match or not line.strip() for match, line in zip(found, lines, strict=True)
        ):
            rows = [list(match.groups()) if match else [""] * 3 for match in found]
            names = ["question_id", "answer_id", "relevance"]
            return build_table(names, rows, range(1, len(rows) + 1), name=name, kind="trec")
    return read_table(content, name, choices=choices)


def match_ratings(
    table: Table, name: str, dataset: QADataset, rater: str, mapping: ColumnMapping
) -> RatingFile:
    """Do the same for a table that was read already."""
    index, notes = TextIndex(dataset), list[Message]()
    given_columns = table.columns
    table, mapping = _unpivoted(table, mapping, index, notes)
    by_id = not (mapping.question and mapping.answer)
    mapping = _with_ids(mapping, notes)
    table = _with_wrong_marks(table, mapping, notes)
    question, answer, rating = _columns(table, mapping, name)
    frame = table.frame
    who = next((c for c in table.columns if says_who(c) and c != rating), None)
    if who is None and not mapping.raters:
        who = rater_by_content(frame, (question, answer), rating)
    rated = [rating, *(c for c in mapping.raters if c not in (who, rating))]
    people = _people(rated) if len(rated) > 1 else [rater]
    texts = rated_cells([text for c in rated for text in frame[c].tolist()])
    names = [name for person in people for name in [person] * len(frame)]
    if who:
        called = frame[who].tolist()
        beside = len(rated) > 1  # Anna rated for relevance and for style
        names = [f"{n} ({p})" if beside else n for p in people for n in called]
    signs = sign_grades(texts)
    unread = PASS_WORDS | signs.keys()
    numbers = read_numbers(text for text in texts if plain_rating(text) not in unread)
    said = {plain_rating(word): grade for word, grade in mapping.words}
    said = signs | said | _tick(texts, notes)
    ends = scale_in_name(rating)
    given = mapping.scale or (_relevance(numbers) if by_id and ends is None else "")
    scale = None if said and not numbers.values else _scale(texts, numbers, name, given, ends)
    one_sided = _one_sided(texts, said) if scale is None else None
    tested = np.isin(dataset.split, (TEST_KNOWN, TEST_UNSEEN))
    taken: list[FileRating] = []
    problems: list[tuple[int, Message]] = [(one.row, one.reason) for one in table.unreadable]
    blank = 0
    right_of = _only_right(dataset) if by_id else {}
    cells = [table.row_numbers.tolist(), frame[question].tolist(), frame[answer].tolist()]
    for line, asked, told, text, person in zip(
        *(column * len(rated) for column in cells), texts, names, strict=True
    ):
        if not text.strip():
            blank += 1
            continue
        q, a = index.questions.find(asked), index.answers.find(told)
        if by_id and a.reason is not None:
            a = right_of.get(index.questions.find(told).row, a)
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
    if by_id and not taken and problems:
        raise DataError(
            "{name} names questions and answers by ids that your data do not have (first: {id}). "
            "Put the texts into it, or import the data with columns question_id and answer_id.",
            name=name,
            id=str(cells[1][0])[:40],
        )
    columns = {"question": question, "answer": answer, "rating": rating}
    return RatingFile(
        scale.key if scale else WORDS,
        tuple(taken),
        tuple(sorted(problems, key=lambda problem: problem[0])),
        blank,
        (*notes, *_notes(scale, numbers, texts, mapping.scale, signs), *_contradictions(taken)),
        columns | ({"rater": who} if who else {}),
        tuple(rated[1:]),
        tuple(column for column in given_columns if column not in table.columns),
    )


def _with_ids(mapping: ColumnMapping, notes: list[Message]) -> ColumnMapping:
    """Take the ids for texts that the file does not have."""
    question, answer = (
        mapping.question or mapping.question_id,
        mapping.answer or mapping.answer_id,
    )
    if (question, answer) == (mapping.question, mapping.answer) or not (question and answer):
        return mapping
    text = N_("Questions and answers were found by their ids: {columns}.")
    ids = [c for c in (question, answer) if c not in (mapping.question, mapping.answer)]
    notes.append(Message(text, {"columns": ", ".join(ids)}))
    return replace(mapping, question=question, answer=answer)


def _only_right(dataset: QADataset) -> dict[int, Match]:
    """Return the right answer of each question that has one only: its id names the pair.

    Only where the answers have no ids of the user's own.
    """
    if not all(_MADE_ID.fullmatch(name) for name in dataset.answer_ids):
        return {}
    right: dict[int, list[int]] = {}
    for question, answer in zip(
        dataset.right_question.tolist(), dataset.right_answer.tolist(), strict=True
    ):
        right.setdefault(question, []).append(answer)
    return {q: Match(answers[0], by_id=True) for q, answers in right.items() if len(answers) == 1}


def _relevance(numbers: Numbers) -> str:
    """Return the scale of relevance from 0, "" where the numbers may be stars."""
    values = numbers.values.values()
    if not values or numbers.percent or numbers.out_of or min(values) < 0:
        return ""
    return f"0-{max(max(values), 1):g}" if max(values) <= _MOST_RELEVANT else ""


def _with_wrong_marks(table: Table, mapping: ColumnMapping, notes: list[Message]) -> Table:
    """Say right and wrong in words where a column says what is wrong.

    Its yes, 1 or tick means wrong. A tick there may stand beside a column that ticks what is right.
    """
    rating = mapping.rating
    if rating is None or mapping.words or mapping.scale:
        return table
    cells = {column: table.frame[column].tolist() for column in table.columns}
    used = {*mapping.roles().values(), mapping.context, *mapping.raters} - {rating}
    ticked = [
        column
        for column in table.columns
        if column not in used
        and {plain_rating(cell) for cell in cells[column] if cell} <= TICKS
        and any(cells[column])
    ]
    wrong = [column for column in ticked if says_wrong(column)]
    if says_wrong(rating):
        wrong = [rating]
    right = [column for column in ticked if judging_name(column) and not says_wrong(column)]
    if not wrong or not (says_wrong(rating) or rating in right):
        return table
    beside = right[:1] if wrong[0] in ticked else []
    texts = []
    for at, cell in enumerate(cells[wrong[0]]):
        said = [_turned(cell), "right" if any(cells[column][at] for column in beside) else ""]
        texts.append("/".join(word for word in said if word))  # both: nobody knows which
    text = N_("{column} says what is wrong: a tick, yes or 1 means that the answer is wrong.")
    notes.append(Message(text, {"column": wrong[0]}))
    return replace(table, frame=table.frame.assign(**{rating: pd.array(texts, dtype="str")}))


def _turned(cell: str) -> str:
    """Return what a mark under the name of something wrong says of the answer."""
    plain = plain_rating(cell)
    if not plain or is_nothing(cell):
        return ""
    grade = 1.0 if plain in TICKS else RATING_WORDS.get(plain)
    if grade is None:
        grade = read_numbers([cell]).values.get(cell)
    return cell if grade is None else "wrong" if grade > 0 else "right"


def _tick(texts: Sequence[str], notes: list[Message]) -> dict[str, float]:
    """Return what a tick means where nothing else stands in the ratings."""
    marks = {plain_rating(text) for text in texts if text.strip()}
    if len(marks) != 1 or not marks <= TICKS or all(text.strip() for text in texts):
        return {}
    text = N_(
        "Only “{mark}” stands in the ratings: pairs with it count as right, those without are not "
        "rated."
    )
    notes.append(Message(text, {"mark": next(iter(marks))}))
    return dict.fromkeys(marks, 1.0)


def _unpivoted(
    table: Table, mapping: ColumnMapping, index: TextIndex, notes: list[Message]
) -> tuple[Table, ColumnMapping]:
    """Make rows of a table with a column for each answer and the ratings in the cells."""
    if mapping.question is None or (mapping.rating is not None and mapping.answer is not None):
        return table, mapping
    answers = [c for c in table.columns if c != mapping.question and index.answers.find(c).row >= 0]
    others = [c for c in table.columns if c not in answers]
    if len(answers) < 2 or len(answers) < len(table.columns) / 2:
        return table, mapping
    frame = table.frame.melt(others, answers, "answer", "rating")
    text = N_("{count} columns bear the text of an answer each; their cells were read as ratings.")
    notes.append(Message(text, {"count": len(answers)}))
    question = mapping.question
    long = replace(
        table,
        columns=tuple(frame.columns),
        frame=frame.astype(pd.StringDtype(na_value=np.nan)),
        row_numbers=np.tile(table.row_numbers, len(answers)),
        wrong=np.tile(table.wrong, len(answers)),
    )
    return long, replace(mapping, question=question, answer="answer", rating="rating", raters=())


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


def _scale(
    texts: Sequence[str],
    numbers: Numbers,
    name: str,
    given: str,
    ends: tuple[float | None, float] | None,
) -> RatingScale | None:
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
            "{name} has no rating that is understood (first: {example}). Ratings are numbers (1 to "
            "5, 0 to 100), stars, words such as yes and no, or signs such as ○ and ×.",
            name=name,
            example=next(filter(str.strip, texts), "–")[:40],
        )
    if numbers.percent:
        return SCALES[HUNDRED]
    if numbers.out_of:
        return RatingScale(0, numbers.out_of)
    if (named := named_scale(values, ends)) is not None:
        return named
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
    scale: RatingScale | None,
    numbers: Numbers,
    texts: Sequence[str],
    given: str,
    signs: Mapping[str, float],
) -> list[Message]:
    notes = []
    if scale is not None and scale.key not in (FIVE, HUNDRED) and not given:
        text = N_("The ratings were read as {low} to {high}.")
        notes.append(Message(text, {"low": f"{scale.low:g}", "high": f"{scale.high:g}"}))
    if scale is None:
        known = {**RATING_WORDS, **signs}
        words = {t: known[p] for t in texts if (p := plain_rating(t)) in known}
        told = ", ".join(f"{word} = {grade:g}" for word, grade in list(words.items())[:12])
        if told:
            notes.append(Message(N_("Ratings in words were read as: {words}."), {"words": told}))
    return notes + doubtful_number(numbers)
