"""What is said about columns once they are chosen: what may judge, be exchanged or hold several."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from core.data.cells import parting_sign
from core.data.columns.column_mapping import ColumnMapping
from core.data.columns.column_names import less_wanted, role_of, says_plural, smaller_is_better
from core.data.columns.column_texts import NEARLY_ALL, SHORT_MARK
from core.data.judging.judging_columns import is_code
from core.data.judging.ratings import rated_cells, read_numbers
from core.messages import N_, Message

_PARTING = ("||", "|", "¦", "<br>", ";;")
_FEW_MARKS = 10  # distinct values of a column that may judge


def may_be_exchanged(mapping: ColumnMapping, texts: Mapping[str, list[str]]) -> list[Message]:
    """Say so where the answers ask and the questions do not."""
    question, answer = str(mapping.question), str(mapping.answer)
    asking = {
        column: sum(text.rstrip().endswith(("?", "？", "؟")) for text in texts[column])
        / max(len(texts[column]), 1)
        for column in (question, answer)
    }
    if asking[answer] < NEARLY_ALL or asking[question] > 1 - NEARLY_ALL:
        return []
    text = N_(
        "Nearly all texts in {answer} end with a question mark and hardly any in {question}: look "
        "whether the two columns are exchanged."
    )
    return [Message(text, {"question": question, "answer": answer})]


def several_in_cells(mapping: ColumnMapping, texts: Mapping[str, list[str]]) -> list[Message]:
    """Say so where nearly every text holds a sign that parts several."""
    notes = []
    answer, question = str(mapping.answer), str(mapping.question)
    sign = parting_sign(texts.get(answer, []), _PARTING, NEARLY_ALL)
    if sign:
        text = N_(
            "Nearly all texts in {answer} hold “{sign}”, which may part several answers; each "
            "cell was taken as one answer. Put every answer into a row of its own if so."
        )
        notes.append(Message(text, {"answer": answer, "sign": sign}))
    sign = parting_sign(texts.get(question, []), (*_PARTING, ";", "；"), NEARLY_ALL)
    if sign and not says_plural(question):
        text = N_(
            "Nearly all texts in {question} hold “{sign}”, which may part several questions; each "
            "cell was taken as one question. If so, name the column “questions”."
        )
        notes.append(Message(text, {"question": question, "sign": sign}))
    return notes


def tell_votes(found: Mapping[str, str], votes: Sequence[str], notes: list[Message]) -> bool:
    """Say that votes are counted and not used, where several columns count them."""
    if "rating" in found or len(votes) < 2 or not ("question" in found and "answer" in found):
        return False
    text = N_(
        "The columns {columns} count votes, which are not used: all answers count as right. If the "
        "votes judge the answers, put their share (0–100 %) into a column named rating."
    )
    notes.append(Message(text, {"columns": ", ".join(votes)}))
    return True


def judging_doubts(
    mapping: ColumnMapping,
    sample: pd.DataFrame,
    unclear: Collection[str],
    told: Collection[str],
) -> list[Message]:
    """Name columns that may judge: they differ between the answers to one question, or say yes.

    Parameters
    ----------
    unclear : collection of str
        Columns of yes and no, or of few small numbers, whose meaning is not known.
    told : collection of str
        Columns of which something was said already.
    """
    used = {*mapping.roles().values(), mapping.context, *mapping.negatives, *mapping.raters}
    used -= {mapping.category}  # a topic does not differ between answers to one question
    used |= {column for pair in mapping.further for column in pair}
    several = sample[sample[mapping.question].duplicated(keep=False)]
    several = several.drop_duplicates([mapping.question, mapping.answer])
    notes = []
    for column in sample.columns:
        named = "rating" in (role_of(column), role_of(re.sub(r"\d+$", "", column)))
        values = sorted({*rated_cells(sample[column].tolist())} - {""})
        if column in used or column in told or not values or max(map(len, values)) > SHORT_MARK:
            continue
        far = smaller_is_better(column) and len(read_numbers(values).values) == len(values) > 1
        differs = len(set(several[column])) >= 2 and len(values) <= _FEW_MARKS
        differs = differs and bool(several.groupby(mapping.question)[column].nunique().max() > 1)
        named = named and column != mapping.category
        if not differs and not named and not far and column not in unclear:
            continue
        said = {"column": column, "values": ", ".join(values[:7]), "rating": mapping.rating or ""}
        if mapping.rating is not None:
            text = N_(
                "The column {column} ({values}) may judge the answers, too, but only {rating} is "
                "used. If it is the better judgement, choose it as the rating."
            )
        elif far:
            text = N_(
                "The column {column} ({values}) says how far away an answer is, so it is not used: "
                "all answers count as right. If it judges them, choose it as the rating; the "
                "smaller, the better."
            )
        else:
            text = N_(
                "The column {column} ({values}) may say which answers are right, but it is not "
                "used: all answers count as right. If it is a judgement, choose it as the rating."
            )
        notes.append(Message(text, dict(said)))
    return notes[:5]


def answer_doubts(mapping: ColumnMapping, texts: Mapping[str, list[str]]) -> list[Message]:
    """Say so where the answers are numbers or codes, internal or out of date."""
    notes: list[Message] = []
    if mapping.answer and mapping.answer != mapping.category and is_code(texts[mapping.answer]):
        text = N_(
            "The answers in {column} are numbers or codes, no texts: a search has nothing to read "
            "there. If they stand for texts in another file, put the texts into this one."
        )
        notes.append(Message(text, {"column": mapping.answer}))
    if mapping.answer and less_wanted(mapping.answer) > 1:
        text = N_(
            "The answers are those in {column}, which are internal or out of date by its name: no "
            "other column holds answers. Look at them before people see them."
        )
        notes.append(Message(text, {"column": mapping.answer}))
    return notes
