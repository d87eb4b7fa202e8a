"""Rows of a table to pairs: cleaned, merged, judged, with an account of every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from core.data.cells import NOTHING_WRITTEN, is_placeholder, may_say_nothing
from core.data.checks import (
    LONG_TEXT,
    SHORT_ANSWER,
    SHORT_QUESTION,
    Finding,
    finding,
)
from core.data.columns.column_mapping import ColumnMapping
from core.data.columns.column_names import ATTRIBUTES, role_of, says_wrong, smaller_is_better
from core.data.judging.named_scales import scale_in_name
from core.data.judging.rating_words import RATING_WORDS, TICKS
from core.data.judging.ratings import (
    judge,
    judging_minus,
    plain_rating,
    read_numbers,
)
from core.data.matching import DistinctTexts, clean_text, same_key
from core.data.open_questions import EMPTY, AskedQuestions, why_no_question
from core.data.personal.recognition import personal_data
from core.data.reading.unfolding import unfolded, wordings
from core.data.shared_answers import with_shared_answers
from core.data.table import SetAside, Table, no_column, row_list
from core.errors import DataError
from core.messages import N_, Message
from core.progress import Progress

DOCUMENTS = ("html", "markdown", "docx")  # formats of texts, where questions are headings
_TOLD_EVERY = 10_000  # rows
_DOUBTFUL_FROM = 3  # rows with an answer such as "none"
_MISSING = MappingProxyType(
    {
        "question": N_("No column was found for the question. Choose one of: {columns}."),
        "answer": N_("No column was found for the answer. Choose one of: {columns}."),
    }
)
_EMPTY_COLUMN = N_(
    "The column {column} is empty. If formulas stand in it, open and save the file in your "
    "spreadsheet program to store their values."
)
_NO_ANSWER = N_("The answer is empty.")
_NO_TEXT_YET = N_("The answer only holds the place of one (TBD, see above), it is no text.")
_NO_WORD = N_("The question has no letter or digit.")
_NOT_RATED = N_("The row has no rating, as others have.")
_UNCLEAR = N_("It is not known whether the answer is right: its rating has no known meaning.")
_APART = N_(
    "Raters contradict each other: one says right, another wrong. Rows: {rows} ({count} in all); "
    "the mean of their grades was taken."
)
_NOT_RIGHT = N_("The rating is 0: this answer is not right for this question.")


@dataclass(frozen=True, eq=False)
class Pairs:
    """What the rows hold, before grouping and splitting; names as in ``QADataset``.

    Attributes
    ----------
    contradictions : tuple of (rows, grades)
        Pairs that were rated differently in several rows.
    merged_rows : tuple of tuples of int
        Rows that hold the same pair, two or more each.
    findings : mapping of str to Finding
    known_wrong : tuple of (question, answer)
        Pairs that the file says are wrong; ``wrong_question`` and ``wrong_answer`` are the rows of
        those whose question has a right answer.
    unanswered : AskedQuestions
        Rows with a question and no answer.
    unknown_ratings : tuple of (word, int)
        Ratings whose meaning is not known, and how many rows have each.
    """

    questions: tuple[str, ...]
    answers: tuple[str, ...]
    question_ids: tuple[str, ...]
    answer_ids: tuple[str, ...]
    right_question: np.ndarray
    right_answer: np.ndarray
    right_grade: np.ndarray
    question_row: np.ndarray
    attributes: Mapping[str, tuple[str, ...]]
    set_aside: tuple[SetAside, ...]
    rows_taken: int
    rows_merged: int
    contradictions: tuple[tuple[list[int], list[float]], ...]
    findings: Mapping[str, Finding]
    personal_data: Mapping[str, Finding]
    warnings: tuple[Message, ...]
    merged_rows: tuple[tuple[int, ...], ...] = ()
    known_wrong: tuple[tuple[str, str], ...] = ()
    unanswered: AskedQuestions = field(default_factory=lambda: AskedQuestions((), ()))
    wrong_question: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    wrong_answer: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    unknown_ratings: tuple[tuple[str, int], ...] = ()
    question_weight: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))
    must_find: np.ndarray = field(default_factory=lambda: np.empty(0, bool))

    @property
    def open_questions(self) -> tuple[str, ...]:
        """The questions without an answer, each once."""
        return tuple(dict.fromkeys(self.unanswered.texts))

    @property
    def all_set_aside(self) -> tuple[SetAside, ...]:
        """The rows set aside where those without an answer are, too."""
        rows = zip(self.unanswered.rows, self.unanswered.texts, strict=True)
        aside = (SetAside(row, Message(_NO_ANSWER), text) for row, text in rows)
        return tuple(sorted((*self.set_aside, *aside), key=lambda item: item.row))


def collect_pairs(
    table: Table,
    mapping: ColumnMapping,
    progress: Progress | None = None,
) -> Pairs:
    """Read rows; set aside what cannot be used, merge what repeats.

    A question with several answers keeps them all. A pair rated 0 is kept out of the judgements,
    its answer stays in the collection that is searched; so is a pair that the file's layout says
    is wrong (``Table.wrong``). A pair rated differently in several rows gets the highest grade and
    is reported as a contradiction; where a column says that other people rated it, the mean. Rows
    with a question and no answer are kept apart.

    Raises
    ------
    DataError
        If question or answer is not mapped, or a mapped column does not exist.
    """
    progress = progress or Progress()
    _check_mapping(table, mapping)
    table, warnings = with_shared_answers(unfolded(table, mapping), mapping)
    texts, rows, wrong, empty = _cells(table, mapping, warnings)
    progress.reached(0.2)
    if empty:
        text = N_("Cells that hold NULL, NaN, N/A, - and the like are empty ({count} in all).")
        warnings.append(Message(text, {"count": empty}))
    grade = np.ones(len(rows), np.float32)
    unknown: dict[str, int] = {}
    if mapping.rating:
        grade, unknown = _graded(table, texts["rating"], rows, mapping, warnings)
    grade[wrong] = 0
    answers = DistinctTexts("a", texts.get("answer_id"))
    questions = DistinctTexts("q", texts.get("question_id"))
    aside = list(table.unreadable)
    asked: dict[str, int] = {}  # all questions, also those that no answer is right for
    usable: list[int] = []
    asked_at: list[int] = []
    answer_at: list[int] = []
    unanswered: list[int] = []
    unclear = np.isnan(grade)
    for i, (row, question, answer) in enumerate(
        zip(rows, texts["question"], texts["answer"], strict=True)
    ):
        if not answer and why_no_question(question) is None:
            unanswered.append(i)
            continue
        reason = _reason(question, answer)
        if reason is None and unclear[i]:
            reason = _UNCLEAR if texts["rating"][i] else _NOT_RATED
        if reason:
            aside.append(SetAside(row, Message(reason), question, answer))
            continue
        usable.append(i)
        asked_at.append(asked.setdefault(same_key(question), len(asked)))
        answer_at.append(answers.add(answer, i))
        if i % _TOLD_EVERY == 0:
            progress.reached(0.2 + 0.3 * i / len(rows))
    judged = Judged.of(
        np.array(usable, np.int64),
        np.array(asked_at, np.int64),
        np.array(answer_at, np.int64),
        grade,
    )
    if mapping.rating and mapping.rater and len(usable):
        judged = _averaged(judged, grade, rows, mapping.rater, warnings)
    is_right = judged.best > 0
    keys = list(asked)
    right_question = [
        questions.add_key(keys[question], texts["question"][place], place)
        for question, place in zip(
            judged.question[is_right].tolist(), judged.place[is_right].tolist(), strict=True
        )
    ]
    taken = judged.places[is_right[judged.pair] & ~wrong[judged.places]].tolist()
    taken_rows = [rows[i] for i in taken]
    also_right = set(taken_rows)  # a row with several answers is taken for the right ones
    for i in judged.places[~is_right[judged.pair]].tolist():
        if not wrong[i] and rows[i] not in also_right:
            question, answer = texts["question"][i], texts["answer"][i]
            aside.append(SetAside(rows[i], Message(_NOT_RIGHT), question, answer))
    right = np.array(right_question, np.int32), judged.answer[is_right].astype(np.int32)
    order = np.lexsort(right[::-1])
    row_of = np.full(len(keys), -1, np.int32)  # questions that no answer is right for have no row
    row_of[judged.question[is_right]] = right[0]
    asked_rows = row_of[np.array(asked_at, np.int64)] if asked_at else np.empty(0, np.int32)
    weight = _question_weights(texts.get("weight"), rows, usable, asked_rows, warnings)
    must_find = _must_find(texts.get("must_find"), usable)
    count = len(questions.texts)
    wrong_pairs = np.stack([row_of[judged.question[~is_right]], judged.answer[~is_right]])
    wrong_pairs = wrong_pairs[:, wrong_pairs[0] >= 0].astype(np.int32)
    wrong_pairs = wrong_pairs[:, np.lexsort(wrong_pairs[::-1])]
    warnings += questions.warnings(rows) + answers.warnings(rows)
    odd = judged.repeated((judged.best > 0) & (judged.worst == 0))
    if odd:
        text = N_(
            "The same pair is right in one row and wrong in another; it counts as right. Rows: "
            "{rows} ({count} pairs)."
        )
        told = row_list([rows[i] for places in odd for i in places], 12)
        warnings.append(Message(text, {"count": len(odd), "rows": told}))
    progress.reached(0.6)
    taken_questions = [texts["question"][i] for i in taken]
    taken_answers = [texts["answer"][i] for i in taken]
    warnings += _doubtful_answers(taken_answers, taken_rows)
    warnings += _echoes(taken_questions, taken_answers, taken_rows)
    findings = text_findings(taken_questions, taken_answers, taken_rows)
    progress.reached(0.8)
    kept = personal_data([*taken_questions, *taken_answers], [*taken_rows, *taken_rows])
    firsts = zip(
        judged.question[~is_right], judged.answer[~is_right], judged.place[~is_right], strict=True
    )
    return Pairs(
        questions=tuple(questions.texts),
        answers=tuple(answers.texts),
        question_ids=tuple(questions.ids()),
        answer_ids=tuple(answers.ids()),
        right_question=right[0][order],
        right_answer=right[1][order],
        right_grade=judged.best[is_right][order],
        question_row=np.array([rows[i] for i in questions.places], np.int32),
        attributes={
            role: tuple(texts[role][i] for i in questions.places)
            for role in ATTRIBUTES
            if role in texts
        },
        set_aside=tuple(sorted(aside, key=lambda item: item.row)),
        rows_taken=len(taken),
        rows_merged=len(taken) - int(is_right.sum()),
        contradictions=tuple(
            ([rows[i] for i in places], grade[places].tolist())
            for places in judged.repeated(judged.best != judged.worst)
        ),
        findings=findings,
        personal_data=kept,
        warnings=tuple(warnings),
        merged_rows=tuple(tuple(rows[i] for i in places) for places in judged.repeated(is_right)),
        known_wrong=tuple(
            (texts["question"][int(place)], answers.texts[int(answer)])
            for _, answer, place in firsts
        ),
        unanswered=AskedQuestions(
            [texts["question"][i] for i in unanswered],
            [rows[i] for i in unanswered],
            _asked_counts(texts.get("weight"), unanswered),
            attributes={r: [texts[r][i] for i in unanswered] for r in ATTRIBUTES if r in texts},
        ),
        wrong_question=wrong_pairs[0],
        wrong_answer=wrong_pairs[1],
        question_weight=_per_question(weight, asked_rows, count, 1.0),
        must_find=_per_question(must_find, asked_rows, count, 0.0) > 0,
        unknown_ratings=tuple(unknown.items()),
    )


def _question_weights(
    cells: Sequence[str] | None,
    rows: Sequence[int],
    usable: Sequence[int],
    asked_rows: np.ndarray,
    warnings: list[Message],
) -> np.ndarray | None:
    """Return how much the question of each usable row counts, float64; None without such a column.

    What is no number above 0 counts 1, and is told.
    """
    if cells is None:
        return None
    numbers = read_numbers(cells).values
    weights = np.array([numbers.get(cells[i], 0.0) for i in usable], np.float64)
    bad = (weights <= 0) & (asked_rows >= 0)
    if bad.any():
        text = N_(
            "The weight is no number above 0 in {count} rows; their questions count 1. Rows: {rows}"
        )
        told = row_list([rows[usable[place]] for place in np.flatnonzero(bad).tolist()], 12)
        warnings.append(Message(text, {"count": int(bad.sum()), "rows": told}))
    return np.where(weights > 0, weights, 1.0)


def _asked_counts(cells: Sequence[str] | None, places: Sequence[int]) -> list[float]:
    """Return the weights of rows without an answer, 1 where they are no number above 0."""
    if cells is None:
        return []
    numbers = read_numbers(cells[i] for i in places).values
    return [max(numbers.get(cells[i], 0.0), 0.0) or 1.0 for i in places]


def _must_find(cells: Sequence[str] | None, usable: Sequence[int]) -> np.ndarray | None:
    """Return 1 for each usable row whose question has to succeed; None without such a column."""
    if cells is None:
        return None
    plain = [plain_rating(cells[i]) for i in usable]
    numbers = read_numbers(plain).values
    return np.array(
        [
            mark in TICKS or RATING_WORDS.get(mark, numbers.get(mark, 0.0)) > 0 if mark else False
            for mark in plain
        ],
        np.float64,
    )


def _per_question(
    values: np.ndarray | None, asked_rows: np.ndarray, count: int, default: float
) -> np.ndarray:
    """Return the largest value among the rows of each question, float32 [count]."""
    most = np.full(count, -np.inf)
    if values is not None:
        asked = asked_rows >= 0
        np.maximum.at(most, asked_rows[asked], values[asked])
    return np.where(np.isfinite(most), most, default).astype(np.float32)


def _graded(
    table: Table,
    texts: Sequence[str],
    rows: Sequence[int],
    mapping: ColumnMapping,
    warnings: list[Message],
) -> tuple[np.ndarray, dict[str, int]]:
    """Return the grade of each row, of several raters the mean, and words nobody knows."""
    assert mapping.rating is not None
    cells, count = list(texts), len(rows)
    place = {row: i for i, row in enumerate(table.row_numbers.tolist())}
    alike = count == len(table.frame)  # else lists or further columns made more rows
    for column in mapping.raters:
        held = table.frame[column].tolist()
        cells += held if alike else [held[place[row]] for row in rows]
    judged = judge(
        cells,
        list(rows) * (1 + len(mapping.raters)),
        scale=mapping.scale,
        ends=scale_in_name(mapping.rating),
        words=mapping.words,
        wrong=says_wrong(mapping.rating) and not mapping.words,
        smaller=smaller_is_better(mapping.rating),
    )
    warnings += judged.warnings
    if not mapping.raters:
        return judged.grade, dict(judged.unknown)
    stacked = judged.grade.reshape(-1, count)
    rated = ~np.isnan(stacked)
    total = np.where(rated, stacked, 0).sum(axis=0)
    mean = np.where(rated.any(axis=0), total / np.maximum(rated.sum(axis=0), 1), np.nan)
    apart = np.where(rated, stacked, -1).max(axis=0) == 1
    apart &= np.where(rated, stacked, 2).min(axis=0) == 0
    if apart.any():
        odd = [rows[i] for i in np.flatnonzero(apart).tolist()]
        warnings.append(Message(_APART, {"count": len(odd), "rows": row_list(odd)}))
    return mean.astype(np.float32), dict(judged.unknown)


def _averaged(
    judged: Judged, grade: np.ndarray, rows: Sequence[int], rater: str, warnings: list[Message]
) -> Judged:
    """Give each pair the mean grade of those who rated it, instead of the highest."""
    count = np.bincount(judged.pair)
    if (count > 1).any():
        text = N_("Several people rate the same pair ({column}); their grades are averaged.")
        warnings.append(Message(text, {"column": rater}))
    apart = judged.repeated((judged.best == 1) & (judged.worst == 0))
    if apart:
        odd = [rows[i] for places in apart for i in places]
        warnings.append(Message(_APART, {"count": len(odd), "rows": row_list(odd)}))
    mean = (np.bincount(judged.pair, grade[judged.places]) / count).astype(np.float32)
    return replace(judged, best=mean, worst=mean)


def _cells(
    table: Table, mapping: ColumnMapping, warnings: list[Message]
) -> tuple[dict[str, list[str]], list[int], np.ndarray, int]:
    """Return cleaned texts by role, row numbers, which rows are wrong, and how many cells say NULL.

    Every further pair of columns adds its filled rows once more.
    """
    columns = {column: table.frame[column].tolist() for column in table.columns}
    empty = 0

    def cleaned(column: str) -> list[str]:
        nonlocal empty
        cells = []
        minus = judging_minus(columns[column]) if column == mapping.rating else frozenset()
        for text in columns[column]:
            if text in NOTHING_WRITTEN and text not in minus:
                empty += 1
                text = ""
            cells.append(clean_text(text))
        return cells

    texts = {role: cleaned(column) for role, column in mapping.roles().items()}
    if mapping.context:
        beside = cleaned(mapping.context)
        texts["question"] = [
            f"{q}\n{c}" if c else q for q, c in zip(texts["question"], beside, strict=True)
        ]
    rows, wrong = table.row_numbers.tolist(), table.wrong
    if not len(wrong):
        wrong = np.zeros(len(rows), bool)
    once, source = texts, list(range(len(rows)))
    if mapping.question and not mapping.context:
        parts, sign = wordings(mapping.question, columns[mapping.question], main=True)
        if sign:
            texts, source = _repeated(once, parts)
            warnings.append(_parted(mapping.question, sign, source))
    for question, answer in mapping.further:
        parts, sign = wordings(question, columns[question], main=False)
        filled = cleaned(answer)
        parts = [part if text else [] for part, text in zip(parts, filled, strict=True)]
        more, places = _repeated(once | {"answer": filled}, parts, own_ids=False)
        if sign:
            warnings.append(_parted(question, sign, places))
        texts = {role: [*cells, *more[role]] for role, cells in texts.items()}
        source += places
    return texts, [rows[i] for i in source], wrong[source], empty


def _repeated(
    texts: Mapping[str, list[str]], parts: Sequence[Sequence[str]], *, own_ids: bool = True
) -> tuple[dict[str, list[str]], list[int]]:
    """Return the texts with a row for each question of a cell, and the places of those rows."""
    asked = [
        (i, clean_text(text), own_ids and not place)
        for i, several in enumerate(parts)
        for place, text in enumerate(several or [""] * own_ids)
        if own_ids or (text.strip() and text not in NOTHING_WRITTEN)
    ]
    repeated = {
        role: [cells[i] if own or role != "question_id" else "" for i, _, own in asked]
        for role, cells in texts.items()
    }
    if not own_ids and "answer_id" in repeated:
        repeated["answer_id"] = [""] * len(asked)
    return repeated | {"question": [text for _, text, _ in asked]}, [i for i, _, _ in asked]


def _parted(column: str, sign: str, source: Sequence[int]) -> Message:
    text = N_(
        "The cells of {column} hold several questions, parted by “{sign}”: each was taken as a "
        "question of its own ({count} from {rows} rows). If a cell is one question, name the "
        "column “question”."
    )
    told = {"count": len(source), "rows": len(set(source))}
    return Message(text, {"column": column, "sign": "↵" if sign == "\n" else sign, **told})


def _reason(question: str, answer: str) -> str | None:
    if not question:
        return EMPTY
    if not answer:
        return _NO_ANSWER
    if is_placeholder(answer):
        return _NO_TEXT_YET
    return None if any(map(str.isalnum, question)) else _NO_WORD


def _doubtful_answers(answers: Sequence[str], rows: Sequence[int]) -> list[Message]:
    """Name words that answer one question well, but hardly several."""
    words = {text for text in set(answers) if may_say_nothing(text)}
    odd = [row for row, text in zip(rows, answers, strict=True) if text in words]
    if len(set(odd)) < _DOUBTFUL_FROM:
        return []
    text = N_(
        "The whole answer is {words} in several rows, and they were taken. If that means that "
        "there is no answer, empty these cells. Rows: {rows} ({count} in all)."
    )
    written = ", ".join(sorted(words))
    return [Message(text, {"words": written, "rows": row_list(odd), "count": len(odd)})]


def _echoes(questions: Sequence[str], answers: Sequence[str], rows: Sequence[int]) -> list[Message]:
    """Name rows whose answer only says the question again, as the posts of those who ask do."""
    every = zip(rows, questions, answers, strict=True)
    odd = [row for row, asked, told in every if same_key(asked) == same_key(told)]
    if len(set(odd)) < _DOUBTFUL_FROM:
        return []
    text = N_(
        "Question and answer are the same text. Rows: {rows} ({count} in all). Check which column "
        "is the answer."
    )
    return [Message(text, {"rows": row_list(odd), "count": len(odd)})]


def _check_mapping(table: Table, mapping: ColumnMapping) -> None:
    for role, missing in _MISSING.items():
        if getattr(mapping, role) is None:
            filled = {column: bool((table.frame[column] != "").any()) for column in table.columns}
            empty = next((c for c in table.columns if not filled[c] and role_of(c) == role), None)
            if empty is not None:
                raise DataError(_EMPTY_COLUMN, column=empty)
            raise DataError(missing, columns=", ".join(table.columns))
    chosen = [
        *mapping.roles().values(),
        *mapping.raters,
        *(c for pair in mapping.further for c in pair),
    ]
    for column in [*chosen, *([mapping.context] if mapping.context else [])]:
        if column not in table.columns:
            raise no_column(column, table.columns)
    if mapping.question == mapping.answer:
        raise DataError(
            "Question and answer are the same column ({column}). Choose two different ones.",
            column=str(mapping.question),
        )


def text_findings(
    questions: Sequence[str], answers: Sequence[str], rows: Sequence[int]
) -> dict[str, Finding]:
    """Return rows with short, long and wordless texts; names as in ``ImportSummary``."""
    pairs = list(zip(rows, questions, answers, strict=True))
    return {
        "short_questions": finding([row for row, q, _ in pairs if len(q) < SHORT_QUESTION]),
        "short_answers": finding([row for row, _, a in pairs if len(a) < SHORT_ANSWER]),
        "long_texts": finding([row for row, q, a in pairs if max(len(q), len(a)) > LONG_TEXT]),
        "wordless": finding([row for row, q, a in pairs if not (_worded(q) and _worded(a))]),
    }


def _worded(text: str) -> bool:
    return any(map(str.isalpha, text))


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows by the pair they judge; pairs in order of appearance.

    Attributes
    ----------
    places, pair : int64 arrays [n]
        Rows, ascending, and the pair of each.
    question, answer, place : int64 arrays [p]
        Of each pair, and its first row.
    best, worst : float32 arrays [p]
        Highest and lowest grade of its rows.
    """

    places: np.ndarray
    pair: np.ndarray
    question: np.ndarray
    answer: np.ndarray
    place: np.ndarray
    best: np.ndarray
    worst: np.ndarray

    @classmethod
    def of(
        cls, places: np.ndarray, question: np.ndarray, answer: np.ndarray, grade: np.ndarray
    ) -> Judged:
        """Put rows of the same question and answer together."""
        _, first, label = np.unique(question << 32 | answer, return_index=True, return_inverse=True)
        order = np.argsort(first)
        number = np.empty(len(first), np.int64)
        number[order] = np.arange(len(first))
        pair, first = number[label], first[order]
        best, worst = grade[places[first]], grade[places[first]]
        np.maximum.at(best, pair, grade[places])
        np.minimum.at(worst, pair, grade[places])
        return cls(places, pair, question[first], answer[first], places[first], best, worst)

    def repeated(self, chosen: np.ndarray) -> list[list[int]]:
        """Return the rows of those chosen pairs (bool array [p]) that have two rows or more."""
        wanted = chosen & (np.bincount(self.pair, minlength=len(chosen)) > 1)
        rows: dict[int, list[int]] = {pair: [] for pair in np.flatnonzero(wanted).tolist()}
        held = wanted[self.pair]
        for pair, place in zip(self.pair[held].tolist(), self.places[held].tolist(), strict=True):
            rows[pair].append(place)
        return list(rows.values())


def check_variety(pairs: Pairs, *, in_document: bool = False) -> None:
    """Raise DataError where nothing is right, or there is nothing to tell apart.

    Parameters
    ----------
    in_document : bool
        The pairs come from a text with headings, not from a table.
    """
    if not pairs.questions and pairs.unknown_ratings:
        words = sorted(pairs.unknown_ratings, key=lambda pair: -pair[1])
        raise DataError(
            "No answer is known to be right, since the meaning of these ratings is not known: "
            "{words}. Say which of them mean “right” and which “wrong” (on the command line: "
            "--columns right={first},wrong=…), or choose no rating.",
            words=", ".join(f"{word[:40]} ({count})" for word, count in words[:8]),
            first=words[0][0][:40],
        )
    if not pairs.questions and pairs.known_wrong:
        raise DataError(
            "All {count} pairs are rated as wrong (0), so nothing is right to learn from. Check "
            "which column is the rating, or choose none.",
            count=len(pairs.known_wrong),
        )
    if not pairs.questions:
        raise DataError(
            "None of the {count} rows can be used: {questions} have no question, {answers} have no "
            "answer. Check which columns are the question and the answer.",
            count=len(pairs.all_set_aside),
            questions=sum(1 for item in pairs.all_set_aside if not item.question),
            answers=sum(1 for item in pairs.all_set_aside if not item.answer),
        )
    if len(pairs.questions) == 1 and pairs.rows_taken == 1 and not in_document:
        raise DataError(
            "Only one question with a right answer was found ({text}); at least two are needed. "
            "Look at the rows set aside; questions and answers stand in columns, a pair in each "
            "row: exchange rows and columns if they stand side by side.",
            text=pairs.questions[0][:80],
        )
    if len(pairs.questions) == 1 and pairs.rows_taken == 1:
        raise DataError(
            "Only one question was found ({text}); at least two are needed. In a document, a "
            "question is a heading, a bold line, or a line that begins with Q: or ends with a "
            "question mark, and its answer is the text below.",
            text=pairs.questions[0][:80],
        )
    if len(pairs.questions) == 1:
        raise DataError(
            "All {rows} questions are the same ({text}). Check which column is the question.",
            rows=pairs.rows_taken,
            text=pairs.questions[0][:80],
        )
    if len(pairs.answers) == 1:
        raise DataError(
            "All {rows} answers are the same ({text}), so there is nothing to tell apart. Check "
            "which column is the answer.",
            rows=pairs.rows_taken,
            text=pairs.answers[0][:80],
        )
