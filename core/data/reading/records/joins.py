"""Questions in one list or sheet, their answers in another: what they share joins them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from core.data.columns.column_names import WEAK_NAMES, is_negative, name_fit, plain_name, role_of
from core.data.reading.unfolding import text_of
from core.messages import N_, Message

Row = Mapping[str, str]
_ENOUGH = 0.8  # share of the questions whose key is known among the answers
_LONGEST_KEY, _SHORTEST_TEXT = 60, 15  # signs; on average of a text
SAMPLE = 200  # rows that tell what a column holds
_MOST_ANSWERS = 3  # to one key
_OWN = frozenset(("id", "no", "nr", "number", "num", "lfdnr", "pos", "番号", "序号", "번호", "key"))
JOINED = N_(
    "The answers were taken from {answers}, where {answer_key} is the same as {question_key} in "
    "{questions} ({count} rows; {missing} without an answer)."
)


@dataclass(frozen=True)
class Join:
    """How two tables belong together.

    Attributes
    ----------
    question_key, answer_key : str
        Columns that hold the same names or numbers.
    question, answer : str
        Columns of the texts.
    """

    question_key: str
    answer_key: str
    question: str
    answer: str


def join_of(asked: Sequence[Row], told: Sequence[Row]) -> Join | None:
    """Return how rows with questions find their answers among other rows, None where not.

    The first must hold questions and no answers, the others answers and no questions.
    """
    texts = texts_apart(asked, told)
    if texts is None:
        return None
    question, answer = texts
    named = name_fit(question, "question") is not None and name_fit(answer, "answer") is not None
    weak = 0 if named else 1  # rows that are numbered alike may have nothing to do with each other
    best: tuple[tuple[int, float], str, str] | None = None
    for left in _columns(asked):
        values = {row[left] for row in asked if row.get(left)}
        if left == question or not values or max(map(len, values)) > _LONGEST_KEY:
            continue
        for right in _columns(told):
            if right == answer:
                continue
            counts = Counter(row[right] for row in told if row.get(right))
            share = len(values & counts.keys()) / len(values)
            if share < _ENOUGH or max(counts.values()) > _MOST_ANSWERS:
                continue  # a topic with many answers does not say which one is meant
            rank = (_likeness(left, right) or _names_all(left, right, share), share)
            if rank[0] > weak and (best is None or rank > best[0]):
                best = (rank, left, right)
    return Join(best[1], best[2], question, answer) if best else None


def texts_apart(asked: Sequence[Row], told: Sequence[Row]) -> tuple[str, str] | None:
    """Return the columns of the texts, None where a table holds both or neither."""
    question, answer = _text(asked, "question", "answer"), _text(told, "answer", "question")
    if question is None or answer is None or plain_name(question) == plain_name(answer):
        return None
    return question, answer


def answers_of(told: Sequence[Row], join: Join) -> dict[str, list[str]]:
    """Return the answers of each key."""
    found: dict[str, list[str]] = {}
    for row in told:
        if row.get(join.answer_key) and row.get(join.answer):
            found.setdefault(row[join.answer_key], []).append(row[join.answer])
    return found


def joined_note(
    join: Join, questions: str, answers: str, keys: Sequence[str], known: Collection[str]
) -> Message:
    """Say what was joined; ``keys`` are those of the questions, ``known`` the answered ones."""
    return Message(
        JOINED,
        {
            "questions": questions,
            "answers": answers,
            "question_key": join.question_key,
            "answer_key": join.answer_key,
            "count": len(keys),
            "missing": sum(key not in known for key in keys),
        },
    )


def as_texts(record: object) -> dict[str, str]:
    """Return a record of JSON as a row: lists and objects by their texts."""
    if not isinstance(record, dict):
        return {}
    return {str(k): v if isinstance(v, str) else text_of(v) for k, v in record.items()}


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(key for row in rows[:SAMPLE] for key in row))


def _text(rows: Sequence[Row], role: str, other: str) -> str | None:
    """Return the column of texts for a role, None where there is none or one for the other role."""
    texts = {c: [row[c] for row in rows[:SAMPLE] if row.get(c)] for c in _columns(rows)}
    long = [c for c, held in texts.items() if held and sum(map(len, held)) >= 8 * len(held)]
    fits = {
        r: [c for c in long if name_fit(c, r) is not None and not is_negative(c)]
        for r in (role, other)
    }
    if fits[other] and not fits[role]:
        return None
    texted = [c for c in fits[other] if c not in fits[role] and role_of(c) == other]
    if any(sum(map(len, texts[c])) >= _SHORTEST_TEXT * len(texts[c]) for c in texted):
        return None
    weak = [c for c in long if plain_name(c) in WEAK_NAMES[role]]
    chosen = next(iter([*fits[role], *weak]), None)
    rivals = (c for c in long if c != chosen and plain_name(c) in WEAK_NAMES[other])
    if any(sum(map(len, texts[c])) >= _SHORTEST_TEXT * len(texts[c]) for c in rivals):
        return None
    return chosen


def _names_all(left: str, right: str, share: float) -> int:
    """Return 2 where one side calls an intent by its ``name`` and the other one by its kind."""
    generic = {"name", "key", "id", "title", "label"} & {plain_name(left), plain_name(right)}
    return 2 if generic and share == 1 else 0


def _likeness(left: str, right: str) -> int:
    """Return how much two names look as if one were the key of the other, 0 for not at all."""
    a, b = plain_name(left), plain_name(right)
    if name_fit(left, "answer_id") is not None or re.search(
        r"answer|antwort|respon|répon|respuesta|risposta|resposta|reply|solution|lösung|回答|答案|답변",
        a,
    ):
        return 4
    if a == b:
        return 1 if a in _OWN else 3
    return 2 if a.startswith(b) or b.startswith(a) or a.endswith(b) or b.endswith(a) else 0
