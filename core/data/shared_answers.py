"""Wordings of one question in rows of their own, with the answer in one of them only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pandas as pd

from core.data.cells import is_nothing
from core.data.column_names import name_list, plain_name
from core.data.columns import ColumnMapping
from core.data.table import Table, row_list
from core.messages import N_, Message

# Columns whose equal values mean the same answer; a category such as "Orders" does not.
_GROUPS = frozenset(
    name_list(
        "intent intents intentid intentname intentnr absicht absichten intention intenção",
        "intención faqid faqgroup faqgroupid faqno faqnr group groupid gruppe gruppenid cluster",
        "clusterid dialogid topicid themaid intentlabel インテント 意図 意图 의도 グループ",
        "グループid",
    )
)
_OFTEN = 0.1  # share of rows without an answer from which they look like wordings
_FEWEST = 3


def with_shared_answers(table: Table, mapping: ColumnMapping) -> tuple[Table, list[Message]]:
    """Give rows without an answer the one of their group, and tell it.

    A group is what one id, or one intent, stands for, and holds one answer. Where rows without an
    answer follow the one that has it and nothing says that they belong together, that is told.

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
    blank = [
        i
        for i, (asked, told) in enumerate(zip(questions, answers, strict=True))
        if asked and (not told or is_nothing(told))
    ]
    if not blank:
        return table, []
    rows = table.row_numbers.tolist()
    for column in _group_columns(table, mapping):
        shared = _shared(table.frame[column].tolist(), answers, blank)
        if not shared:
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
    gaps = [b - a for a, b in pairwise(blank)]
    runs = 1 + sum(gap > 1 for gap in gaps)
    if blank[0] == 0 or runs < _FEWEST or len(blank) < _OFTEN * len(answers):
        return table, []
    text = N_(
        "{count} rows have a question and no answer, so their questions count as open. If they are "
        "other wordings of the question above, fill in its answer, or give rows that belong "
        "together the same value in a column named intent."
    )
    return table, [Message(text, {"count": len(blank)})]


def _group_columns(table: Table, mapping: ColumnMapping) -> list[str]:
    ids = [column for column in (mapping.answer_id, mapping.question_id) if column]
    named = [column for column in table.columns if plain_name(column) in _GROUPS]
    used = {mapping.question, mapping.answer, mapping.rating}
    return [column for column in dict.fromkeys((*named, *ids)) if column not in used]


def _shared(groups: Sequence[str], answers: Sequence[str], blank: Sequence[int]) -> dict[int, str]:
    """Return the answer of each row without one; none where a group has several answers."""
    own: dict[str, set[str]] = {}
    for group, told in zip(groups, answers, strict=True):
        if group and told and not is_nothing(told):
            own.setdefault(group, set()).add(told)
    if any(len(own.get(groups[i], ())) > 1 for i in blank):
        return {}
    return {i: next(iter(own[groups[i]])) for i in blank if groups[i] in own}
