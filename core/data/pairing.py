"""Rows of a table to distinct questions, distinct answers and judged pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType

import numpy as np

from core.data.checks import (
    LONG_TEXT,
    SHORT_ANSWER,
    SHORT_QUESTION,
    Finding,
    finding,
    personal_data,
)
from core.data.columns import ColumnMapping
from core.data.distinct import DistinctTexts, clean_text, same_key
from core.data.judged import Judged
from core.data.ratings import grades
from core.data.table import SetAside, Table
from core.errors import DataError
from core.messages import N_, Message
from core.progress import Progress

_TOLD_EVERY = 10_000  # rows
ATTRIBUTES = ("category", "language", "source")
_MISSING = MappingProxyType(
    {
        "question": N_("No column was found for the question. Choose one of: {columns}."),
        "answer": N_("No column was found for the answer. Choose one of: {columns}."),
    }
)
_NO_QUESTION = N_("The question is empty.")
_NO_ANSWER = N_("The answer is empty.")
_NO_WORD = N_("The question has no letter or digit.")
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


def collect_pairs(table: Table, mapping: ColumnMapping, stretch: Progress | None = None) -> Pairs:
    """Read rows; set aside what cannot be used, merge what repeats.

    A question with several answers keeps them all. A pair rated 0 is kept out of the judgements,
    its answer stays in the collection that is searched. A pair rated differently in several rows
    gets the highest grade and is reported as a contradiction.

    Raises
    ------
    DataError
        If question or answer is not mapped, or a mapped column does not exist.
    """
    stretch = stretch or Progress()
    _check_mapping(table, mapping)
    assert mapping.question and mapping.answer
    rows = table.row_numbers.tolist()
    texts = {
        role.name: [clean_text(text) for text in table.frame[column].tolist()]
        for role in fields(mapping)
        if (column := getattr(mapping, role.name))
    }
    stretch.reached(0.2)
    warnings: list[Message] = []
    grade = np.ones(len(rows), np.float32)
    if mapping.rating:
        grade, warnings = grades(texts["rating"], rows)
    answers = DistinctTexts("a", texts.get("answer_id"))
    questions = DistinctTexts("q", texts.get("question_id"))
    aside = list(table.unreadable)
    asked: dict[str, int] = {}  # all questions, also those that no answer is right for
    usable: list[int] = []
    asked_at: list[int] = []
    answer_at: list[int] = []
    for i, (row, question, answer) in enumerate(
        zip(rows, texts["question"], texts["answer"], strict=True)
    ):
        reason = _reason(question, answer)
        if reason:
            aside.append(SetAside(row, Message(reason), question, answer))
            continue
        usable.append(i)
        asked_at.append(asked.setdefault(same_key(question), len(asked)))
        answer_at.append(answers.add(answer, i))
        if i % _TOLD_EVERY == 0:
            stretch.reached(0.2 + 0.3 * i / len(rows))
    judged = Judged.of(
        np.array(usable, np.int64),
        np.array(asked_at, np.int64),
        np.array(answer_at, np.int64),
        grade,
    )
    is_right = judged.best > 0
    keys = list(asked)
    right_question = [
        questions.add_key(keys[question], texts["question"][place], place)
        for question, place in zip(
            judged.question[is_right].tolist(), judged.place[is_right].tolist(), strict=True
        )
    ]
    for i in judged.places[~is_right[judged.pair]].tolist():
        question, answer = texts["question"][i], texts["answer"][i]
        aside.append(SetAside(rows[i], Message(_NOT_RIGHT), question, answer))
    right = np.array(right_question, np.int32), judged.answer[is_right].astype(np.int32)
    order = np.lexsort(right[::-1])
    warnings += questions.warnings(rows) + answers.warnings(rows)
    stretch.reached(0.6)
    taken = judged.places[is_right[judged.pair]].tolist()
    taken_rows = [rows[i] for i in taken]
    taken_questions = [texts["question"][i] for i in taken]
    taken_answers = [texts["answer"][i] for i in taken]
    findings = text_findings(taken_questions, taken_answers, taken_rows)
    stretch.reached(0.8)
    personal = personal_data(
        [f"{q}\n{a}" for q, a in zip(taken_questions, taken_answers, strict=True)], taken_rows
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
        personal_data=personal,
        warnings=tuple(warnings),
        merged_rows=tuple(tuple(rows[i] for i in places) for places in judged.repeated(is_right)),
    )


def _reason(question: str, answer: str) -> str | None:
    if not question:
        return _NO_QUESTION
    if not answer:
        return _NO_ANSWER
    return None if any(map(str.isalnum, question)) else _NO_WORD


def _check_mapping(table: Table, mapping: ColumnMapping) -> None:
    for role in fields(mapping):
        column = getattr(mapping, role.name)
        if column is None and role.name in _MISSING:
            raise DataError(_MISSING[role.name], columns=", ".join(table.columns))
        if column is not None and column not in table.columns:
            raise DataError(
                "There is no column {column}. Choose one of: {columns}.",
                column=column,
                columns=", ".join(table.columns),
            )
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
