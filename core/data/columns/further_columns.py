"""More columns of questions and answers beside the chosen two: wordings, languages, contexts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.data.cells import nested_value
from core.data.columns.column_languages import ending_of, further_pairs
from core.data.columns.column_mapping import ColumnMapping
from core.data.columns.column_names import (
    TEXT_ROLES,
    is_wording,
    less_wanted,
    plain_name,
    role_of,
)
from core.data.columns.column_texts import MOSTLY
from core.data.judging.judging_columns import NUMBERED, is_code, marks
from core.messages import N_, Message

_LONGEST_WORD = 20  # signs, of a keyword


def context_column(
    found: Mapping[str, str], free: Sequence[str], texts: Mapping[str, list[str]]
) -> str | None:
    """Return the column to be read together with the question where that says little alone."""
    question = found.get("question")
    if question is None or plain_name(question) != "instruction":
        return None
    column = next((c for c in free if plain_name(c) == "input" and c not in found.values()), None)
    alone = len(set(texts[question])) / len(texts[question])
    return column if column is not None and alone < 0.5 else None


def with_wordings(
    mapping: ColumnMapping,
    free: Sequence[str],
    texts: Mapping[str, list[str]],
    notes: list[Message],
) -> ColumnMapping:
    """Take columns of more wordings of the question, where no rating judges one of them.

    ``Question 1`` to ``Question 3`` beside a single answer, ``Variant``, ``Synonyms``.
    """
    question, answer = mapping.question, mapping.answer
    if question is None or answer is None or answer == mapping.category or mapping.rating:
        return mapping
    stem = _stem(question)
    taken = {*mapping.roles().values(), mapping.context, *mapping.negatives}
    twins = {ending_of(c) for c in free if c != answer and role_of(c) == "answer"}
    wordings = [
        column
        for column in free
        if column not in taken and (is_wording(column) or (stem and _stem(column) == stem))
        if role_of(column) in (None, "question") and ending_of(column) not in twins - {""}
        if not is_code(texts[column]) and not marks(texts[column])
        if len(set(texts[column])) >= MOSTLY * len(texts[column])
        if not _are_keywords(texts[column])
    ]
    if not wordings:
        return mapping
    text = N_(
        "More wordings of {question} stand in {columns}: each was taken as a question of its own "
        "with the same answer. If something else stands there, leave it out (--columns "
        "question={question})."
    )
    notes.append(Message(text, {"columns": ", ".join(wordings), "question": question}))
    return replace(mapping, further=tuple((column, answer) for column in wordings))


def _stem(name: str) -> str:
    """Return a name without its number; "" for a column that has none."""
    return "" if name.startswith(NUMBERED) else re.sub(r"\d+$", "", plain_name(name))


def _are_keywords(texts: Sequence[str]) -> bool:
    """Tell lists of words with commas from wordings."""
    lists = [re.split("[,、，]", text) for text in texts if not nested_value(text)]
    short = sum(len(parts) > 1 and max(map(len, parts)) <= _LONGEST_WORD for parts in lists)
    return short >= MOSTLY * len(texts)


def offered_pairs(
    mapping: ColumnMapping, free: Sequence[str], texts: Mapping[str, list[str]]
) -> tuple[tuple[str, str], ...]:
    """Return more pairs of columns that hold questions and answers: wordings and languages."""
    if mapping.question is None or mapping.answer is None or mapping.answer == mapping.category:
        return ()
    taken = {*mapping.roles().values(), mapping.context}
    if plain_name(mapping.question) == "instruction":
        taken |= {c for c in free if plain_name(c) == "input"}
    others = {
        role: [
            c
            for c in free
            if c not in taken and role_of(c) == role and less_wanted(c) < 2
            if not is_code(texts[c]) and not marks(texts[c])
            if len(texts[c]) < 3 or len(set(texts[c])) > 1
        ]
        for role in TEXT_ROLES
    }
    return further_pairs(mapping.question, mapping.answer, others, list(texts))
