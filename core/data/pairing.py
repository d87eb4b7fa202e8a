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
from core.data.ratings import grades
from core.data.table import SetAside, Table
from core.errors import DataError
from core.messages import N_, Message

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


def collect_pairs(table: Table, mapping: ColumnMapping) -> Pairs:
    """Read rows; set aside what cannot be used, merge what repeats.

    A question with several answers keeps them all. A pair rated 0 is kept out of the judgements,
    its answer stays in the collection that is searched. A pair rated differently in several rows
    gets the highest grade and is reported as a contradiction.

    Raises
    ------
    DataError
        If question or answer is not mapped, or a mapped column does not exist.
    """
    _check_mapping(table, mapping)
    assert mapping.question and mapping.answer
    rows = table.row_numbers.tolist()
    texts = {
        role.name: [clean_text(text) for text in table.frame[column]]
        for role in fields(mapping)
        if (column := getattr(mapping, role.name))
    }
    warnings: list[Message] = []
    grade = np.ones(len(rows), np.float32)
    if mapping.rating:
        grade, warnings = grades(texts["rating"], rows)
    answers = DistinctTexts("a", texts.get("answer_id"))
    questions = DistinctTexts("q", texts.get("question_id"))
    aside = list(table.unreadable)
    judged: dict[tuple[str, int], list[int]] = {}
    for i, (row, question, answer) in enumerate(
        zip(rows, texts["question"], texts["answer"], strict=True)
    ):
        reason = _reason(question, answer)
        if reason:
            aside.append(SetAside(row, Message(reason), question, answer))
            continue
        judged.setdefault((same_key(question), answers.add(answer, i)), []).append(i)

    taken: list[int] = []
    pairs: list[tuple[int, int, float]] = []
    contradictions = []
    for (key, answer_at), places in judged.items():
        best = float(grade[places].max())
        if len({float(g) for g in grade[places]}) > 1:
            contradictions.append(([rows[i] for i in places], [float(g) for g in grade[places]]))
        if best > 0:
            taken += places
            question_at = questions.add_key(key, texts["question"][places[0]], places[0])
            pairs.append((question_at, answer_at, best))
        else:
            for i in places:
                question, answer = texts["question"][i], texts["answer"][i]
                aside.append(SetAside(rows[i], Message(_NOT_RIGHT), question, answer))
    pairs.sort()
    warnings += questions.warnings(rows) + answers.warnings(rows)
    taken.sort()
    return Pairs(
        questions=tuple(questions.texts),
        answers=tuple(answers.texts),
        question_ids=tuple(questions.ids()),
        answer_ids=tuple(answers.ids()),
        right_question=np.array([p[0] for p in pairs], np.int32),
        right_answer=np.array([p[1] for p in pairs], np.int32),
        right_grade=np.array([p[2] for p in pairs], np.float32),
        question_row=np.array([rows[i] for i in questions.places], np.int32),
        attributes={
            role: tuple(texts[role][i] for i in questions.places)
            for role in ATTRIBUTES
            if role in texts
        },
        set_aside=tuple(sorted(aside, key=lambda item: item.row)),
        rows_taken=len(taken),
        rows_merged=len(taken) - len(pairs),
        contradictions=tuple(contradictions),
        findings=text_findings(
            [texts["question"][i] for i in taken],
            [texts["answer"][i] for i in taken],
            [rows[i] for i in taken],
        ),
        personal_data=personal_data(
            [f"{texts['question'][i]}\n{texts['answer'][i]}" for i in taken],
            [rows[i] for i in taken],
        ),
        warnings=tuple(warnings),
        merged_rows=tuple(
            tuple(rows[i] for i in places)
            for places in judged.values()
            if len(places) > 1 and float(grade[places].max()) > 0
        ),
    )


def _reason(question: str, answer: str) -> str | None:
    if not question:
        return _NO_QUESTION
    if not answer:
        return _NO_ANSWER
    return None if any(sign.isalnum() for sign in question) else _NO_WORD


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
    return any(sign.isalpha() for sign in text)
