"""Which text answers, where several may: what is right, what is judged, what varies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from core.data.columns.column_names import (
    CODE_WORDS,
    WEAK_NAMES,
    is_negative,
    plain_name,
    role_of,
    words_of,
)
from core.data.columns.column_texts import MOSTLY, NEARLY_ALL, is_note, is_url, mean_length
from core.data.judging.judging_columns import is_code, marks
from core.data.judging.ratings import looks_like_ratings
from core.messages import N_, Message

# Texts that are known to be right, whatever another column of answers holds.
_RIGHT_TEXT = re.compile(
    "reference|groundtruth|^truth$|gold|^gt$|^gtanswer|expected|^expect$|ideal|^target$|target(answer|text|output|response)"
    "|(correct|right|best|accepted|true|official|approved|model|human|sample)(answer|response|reply|output|solution)"
    "|musterantwort|musterlösung|sollantwort|erwartet|richtigeantwort|referenz|korrekteantwort"
    "|référence|bonneréponse|réponse(attendue|correcte)|respuesta(esperada|correcta)|referencia"
    "|rispostacorretta|模範|期待|正解|正答|参照|参考答案|标准答案|正确答案|標準答案|정답|모범"
)
_SHORTEST_RIGHT, _SHORTER = 12, 0.3  # signs on average; of the other answers' length


def take_right_text(
    found: dict[str, str], free: Sequence[str], texts: Mapping[str, list[str]], notes: list[Message]
) -> str:
    """Prefer what is known to be right (expected, reference) to what a program answered.

    Returns the column that gave way, "" where none did.
    """
    answer = found.get("answer")
    if answer is None or "question" not in found or _RIGHT_TEXT.search(plain_name(answer)):
        return ""
    if plain_name(answer.split(".")[0]).startswith(("pos", "chosen")):
        return ""  # named as right itself
    length = mean_length(texts[answer])
    for column in free:
        known = _RIGHT_TEXT.search(plain_name(column)) and not CODE_WORDS & set(words_of(column))
        if not known or column in (answer, found["question"]) or is_negative(column):
            continue
        if is_code(texts[column]) or marks(texts[column]) or is_url(texts[column]):
            continue
        if looks_like_ratings(texts[column], named=False):
            continue
        if role_of(column) == "question" or is_note(column):
            continue
        least = _SHORTEST_RIGHT if role_of(column) == "answer" else 2 * _SHORTEST_RIGHT
        if mean_length(texts[column]) < max(min(least, length), _SHORTER * length):
            text = N_(
                "Both {answer} and {right} may hold the right answer; {answer} was taken. If it is "
                "what a program answered, choose {right} as the answer."
            )
            notes.append(Message(text, {"answer": answer, "right": column}))
            return ""
        for role in [role for role, held in found.items() if held == column]:
            del found[role]
        found["answer"] = column
        text = N_(
            "{right} was taken as the right answer, as its name says, and not {answer}, which may "
            "be what a program answered. Choose {answer} as the answer if it is right."
        )
        notes.append(Message(text, {"answer": answer, "right": column}))
        return answer
    return ""


def take_judged_text(
    found: dict[str, str],
    free: Sequence[str],
    texts: Mapping[str, list[str]],
    notes: list[Message],
    sample: pd.DataFrame,
) -> str:
    """Take the passage beside answers that say only yes and no."""
    answer, question = found.get("answer"), found.get("question")
    if answer is None or question is None or not marks(texts[answer]):
        return ""
    others = [
        column
        for column in free
        if column not in found.values()
        and (role_of(column) == "answer" or plain_name(column) in WEAK_NAMES["answer"])
        and not is_code(texts[column])
        and not marks(texts[column])
    ]
    if not others:
        return ""
    others.sort(key=lambda column: role_of(column) != "answer")
    found["answer"] = others[0]
    several = sample[sample[question].duplicated(keep=False)]
    judges = bool(len(several)) and bool(several.groupby(question)[answer].nunique().max() > 1)
    values = ", ".join(sorted(set(texts[answer]))[:4])
    told: dict[str, str | int | float] = {
        "column": answer,
        "values": values,
        "answer": others[0],
    }
    if judges and "rating" not in found:
        found["rating"] = answer
        text = N_(
            "The column {column} holds only {values}, so {answer} was taken as the answer and "
            "{column} as its judgement. If it says something else, choose no column as the rating."
        )
    else:
        text = N_(
            "The column {column} holds only {values}, so {answer} was taken as the answer. If "
            "{column} says whether that text is right, choose it as the rating; now all count as "
            "right."
        )
    notes.append(Message(text, told))
    return answer


def take_varying_text(
    found: dict[str, str],
    free: Sequence[str],
    texts: Mapping[str, list[str]],
    notes: list[Message],
    sample: pd.DataFrame,
) -> None:
    """Take the text that varies with the judgement, where the answer beside it does not.

    ``answers`` of a question that stand again in each row judge nothing: the passages do.
    """
    question, answer, rating = (found.get(role) for role in ("question", "answer", "rating"))
    if question is None or answer is None or rating is None:
        return

    def contradicted(column: str) -> float:
        groups = sample.groupby([question, column])[rating].nunique()
        return float((groups > 1).mean())

    if contradicted(answer) < MOSTLY:
        return
    for column in free:
        if column in found.values() or is_code(texts[column]) or marks(texts[column]):
            continue
        if role_of(column) != "answer" and plain_name(column) not in WEAK_NAMES["answer"]:
            continue
        if contradicted(column) > 1 - NEARLY_ALL:
            continue
        found["answer"] = column
        text = N_(
            "{answer} is the same for right and wrong rows of a question, so {column} was taken as "
            "the text that {rating} judges. Choose {answer} as the answer if that is not so."
        )
        notes.append(Message(text, {"answer": answer, "column": column, "rating": rating}))
        return
