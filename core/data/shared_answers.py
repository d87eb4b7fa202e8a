"""Wordings of one question in rows of their own, with the answer in one of them only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

import pandas as pd

from core.data.cells import is_nothing
from core.data.columns.column_mapping import ColumnMapping
from core.data.columns.column_names import name_list, plain_name
from core.data.table import Table, row_list
from core.messages import N_, Message

# Columns whose equal values mean the same answer; a category such as "Orders" does not.
_IDS = frozenset(
    name_list(
        "intentid intentnr faqid faqno faqnr faqgroupid groupid gruppenid clusterid dialogid",
        "topicid themaid グループid",
    )
)
_INTENTS = frozenset(
    name_list(
        "intent intents intentname intentlabel absicht absichten intention intenção intención",
        "インテント 意図 意图 의도",
    )
)
# These may as well hold categories: only values that look like ids tell wordings.
_BUNDLES = frozenset(
    name_list("faqgroup group gruppe cluster グループ 分组 그룹 groupe grupo gruppo")
)
_ID = re.compile(r"\S*[\d_]\S*|[^\W\d_]{1,12}\W?\s?\d+")  # faq_12, G-7, Group 3
_INTENT_NAME = re.compile(r"\S*[\d_]\S*|\w+[.:-]\w[\w.:-]*|[^\W\d_]*[a-z][A-Z]\w*")
_NAMED, _ALIKE = 0.8, 0.5  # share of names that look so; of wordings that share a word
_STEM = 5  # letters
_WORD = re.compile(r"[^\W\d_]{5,}")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
_OFTEN = 0.1  # share of rows without an answer from which they look like wordings
_FEWEST = 3


def with_shared_answers(table: Table, mapping: ColumnMapping) -> tuple[Table, list[Message]]:
    """Give rows without an answer the one of their group, and tell it.

    A group is what one id, or one intent, stands for, and holds one answer; a text that the file
    knows to be wrong (``Table.wrong``) answers no group. Where rows without an answer follow the
    one that has it and nothing says that they belong together, that is told.

    Returns
    -------
    table : Table
        The same object where nothing is shared.
    warnings : list of Message
    """
    question, answer = mapping.question, mapping.answer
    if question is None or answer is None or mapping.further:
        return table, []
    questions, answers = table.frame[question].tolist(), table.frame[answer].tolist()
    rejected = table.wrong.tolist() or [False] * len(answers)
    blank = [
        i
        for i, (asked, told) in enumerate(zip(questions, answers, strict=True))
        if asked and (not told or is_nothing(told))
    ]
    if not blank:
        return table, []
    rows = table.row_numbers.tolist()
    doubted = False
    right = [
        "" if bad or is_nothing(told) else told for told, bad in zip(answers, rejected, strict=True)
    ]
    for column in _group_columns(table, mapping):
        groups = table.frame[column].tolist()
        shared = _shared(groups, right, blank)
        if not shared:
            continue
        if not _name_one_answer(column, groups, questions, shared):
            doubted = True  # it may hold topics
            continue
        filled = [shared.get(i, told) for i, told in enumerate(answers)]
        text = N_(
            "Rows without an answer took that of the row with the same {column}. Rows: {rows} "
            "({count} in all)."
        )
        places = row_list(rows[i] for i in shared)
        values: dict[str, str | int | float] = {"column": column, "rows": places}
        values["count"] = len(shared)
        frame = table.frame.assign(**{answer: pd.array(filled, dtype="str")})
        return replace(table, frame=frame), [Message(text, values)]
    refuted = {row for row, bad in zip(rows, rejected, strict=True) if bad}
    blank = [i for i in blank if rows[i] not in refuted]  # a question of its own, no wording
    gaps = [b - a for a, b in pairwise(blank)]
    runs = 1 + sum(gap > 1 for gap in gaps)
    seldom = runs < _FEWEST or blank[:1] == [0] or len(blank) < _OFTEN * len(answers)
    if not blank or (seldom and not doubted):
        return table, []
    text = N_(
        "{count} rows have a question and no answer, so their questions count as open. If they are "
        "other wordings of the question above, fill in its answer, or give rows that belong "
        "together the same value, such as faq_1, in a column named intent."
    )
    return table, [Message(text, {"count": len(blank)})]


def _group_columns(table: Table, mapping: ColumnMapping) -> list[str]:
    ids = [column for column in (mapping.answer_id, mapping.question_id) if column]
    named = [c for c in table.columns if plain_name(c) in _IDS | _INTENTS | _BUNDLES]
    used = {mapping.question, mapping.answer, mapping.rating}
    return [column for column in dict.fromkeys((*named, *ids)) if column not in used]


def _name_one_answer(
    column: str, groups: Sequence[str], questions: Sequence[str], shared: Collection[int]
) -> bool:
    """Tell whether equal values of a column mean one answer, rather than one topic."""
    plain = plain_name(column)
    names = {groups[i] for i in shared}
    if plain in _BUNDLES:
        return all(_ID.fullmatch(name) for name in names)
    if plain not in _INTENTS:
        return True
    if sum(bool(_INTENT_NAME.fullmatch(name)) for name in names) >= _NAMED * len(names):
        return True
    return _are_alike(groups, questions, shared)


def _are_alike(groups: Sequence[str], questions: Sequence[str], shared: Collection[int]) -> bool:
    """Tell whether questions share words with others of their group, and of no other group."""
    places: dict[str, set[str]] = {}
    often: Counter[tuple[str, str]] = Counter()
    stems = [_stems(text) for text in questions]
    for group, held in zip(groups, stems, strict=True):
        for stem in held if group else ():
            places.setdefault(stem, set()).add(group)
            often[group, stem] += 1
    alike = sum(
        any(len(places[stem]) == 1 and often[groups[i], stem] > 1 for stem in stems[i])
        for i in shared
    )
    return alike >= _ALIKE * len(shared)


def _stems(text: str) -> set[str]:
    """Return how the longer words begin; of scripts without blanks any two signs."""
    folded = text.casefold()
    runs = _CJK.findall(folded)
    pairs = {run[i : i + 2] for run in runs for i in range(len(run) - 1)}
    return pairs or {word[:_STEM] for word in _WORD.findall(folded)}


def _shared(groups: Sequence[str], answers: Sequence[str], blank: Sequence[int]) -> dict[int, str]:
    """Return the answer of each row without one; none where a group has several answers."""
    own: dict[str, set[str]] = {}
    for group, told in zip(groups, answers, strict=True):
        if group and told:
            own.setdefault(group, set()).add(told)
    if any(len(own.get(groups[i], ())) > 1 for i in blank):
        return {}
    return {i: next(iter(own[groups[i]])) for i in blank if groups[i] in own}
