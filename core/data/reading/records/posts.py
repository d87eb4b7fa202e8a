"""Posts of a forum in one table: an answer has no title and names the post that it answers.

Stack Exchange writes ``Id, PostTypeId, ParentId, Title, Body``, forums in WordPress ``ID,
post_title, post_content, post_parent``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from core.data.columns.column_names import name_list, plain_name, role_of
from core.data.reading.records.joins import Join, joined_note
from core.data.table import NotUsed, Table

_PARENT = re.compile("^(post)?parent(post|question|topic|thread)?(id)?$|^questionid$")
_ACCEPTED = frozenset(name_list("acceptedanswerid acceptedanswer bestanswerid acceptedid"))
_TITLES = frozenset(
    name_list(
        "title posttitle topictitle questiontitle subject heading headline titel betreff titre",
        "sujet título titulo asunto titolo oggetto tytuł temat タイトル 件名 标题 標題 제목",
    )
)
_TEXTS = frozenset(
    name_list(
        "body bodymarkdown bodytext posttext postcontent postbody content text message posting",
        "inhalt beitrag contenu contenido texto contenuto testo treść 本文 内容 内文 본문",
    )
)
_REPLY = re.compile(r"(?:re|aw|antw|sv|vs|rv|reply to|antwort auf|réponse à)\s*:", re.IGNORECASE)
_MOST = 0.9  # of the answers that have no title of their own, and of the questions that have one
_KNOWN = 0.5  # of the answers whose question is in the table


def posts_joined(table: Table) -> Table:
    """Return a table with a question and an answer in each row, where rows are posts of a forum.

    The title of a post asks. Where the number of an accepted answer is known, the others are
    wrong, as in lists of answers (``layouts``); votes judge nothing.
    """
    names = {plain_name(column): column for column in reversed(table.columns)}
    title = next((column for name, column in names.items() if name in _TITLES), None)
    body = next((column for name, column in names.items() if name in _TEXTS), None)
    parent = next((column for name, column in names.items() if _PARENT.match(name)), None)
    if title is None or body is None or parent is None:
        return table
    titles = table.frame[title].tolist()
    for own in table.columns:
        if own not in (title, body, parent):
            above = _answered(_numbers(table, own), _numbers(table, parent), titles)
            if above is not None:
                return _joined(table, Join(own, parent, title, body), above)
    return table


def _numbers(table: Table, column: str) -> list[str]:
    """Return the numbers of posts; programs make 7.0 of a column with gaps."""
    return [cell.removesuffix(".0") for cell in table.frame[column].tolist()]


def _answered(
    ids: Sequence[str], parents: Sequence[str], titles: Sequence[str]
) -> list[int] | None:
    """Return for each row the row that it answers, -1 for a question, -2 for neither."""
    if len(set(ids)) < len(ids) or not all(ids):
        return None
    place = {number: i for i, number in enumerate(ids)}
    named = [p not in ("", "0", own) for p, own in zip(parents, ids, strict=True)]
    above = [place.get(p, -2) if n else -1 for p, n in zip(parents, named, strict=True)]
    answers = [i for i, k in enumerate(above) if k >= 0 and above[k] == -1]
    asked = {above[i] for i in answers}
    if not answers or len(answers) < _KNOWN * sum(named):
        return None
    # not the same title once more: so WordPress keeps the earlier versions of a page
    untitled = sum(not titles[i] or bool(_REPLY.match(titles[i])) for i in answers)
    if untitled < _MOST * len(answers) or sum(bool(titles[k]) for k in asked) < _MOST * len(asked):
        return None  # pages below pages, each with a title
    kept = set(answers)
    return [k if i in kept else -1 if k == -1 and titles[i] else -2 for i, k in enumerate(above)]


def _joined(table: Table, join: Join, above: Sequence[int]) -> Table:
    texts, titles = table.frame[join.answer].tolist(), table.frame[join.question].tolist()
    ids = _numbers(table, join.question_key)
    answers: dict[int, list[int]] = {}
    for i, k in enumerate(above):
        if k >= 0:
            answers.setdefault(k, []).append(i)
    accepted = next((c for c in table.columns if plain_name(c) in _ACCEPTED), None)
    chosen = _numbers(table, accepted) if accepted else [""] * len(ids)
    pairs: list[tuple[int, str, str, bool]] = []  # row of the question, texts, whether it is wrong
    for i, k in enumerate(above):
        if k == -1:
            own = answers.get(i, [])
            right = {ids[j] for j in own} & {chosen[i]} or {ids[j] for j in own}
            pairs += [(i, titles[i], texts[j], ids[j] not in right) for j in own]
            pairs += [] if own else [(i, titles[i], "", False)]
        elif k == -2:
            pairs.append((i, "", texts[i], False))  # its question is not in the file
    rows = [i for i, *_ in pairs]
    frame = table.frame.iloc[rows]
    votes = [c for c in table.columns if role_of(c) == "rating"]
    used = (join.answer_key, join.question, accepted, *votes)
    data: dict[str, object] = {
        "question": pd.array([asked for _, asked, _, _ in pairs], dtype="str"),
        "answer": pd.array([told for _, _, told, _ in pairs], dtype="str"),
    } | {c: frame[c].array for c in table.columns if c not in (*used, "question", "answer")}
    keys = [ids[i] for i, k in enumerate(above) if k == -1]
    note = joined_note(join, join.question, join.answer, keys, {ids[k] for k in answers})
    filled = [NotUsed("column", c, int((table.frame[c] != "").sum())) for c in votes]
    return replace(
        table,
        columns=tuple(data),
        frame=pd.DataFrame(data, columns=list(data)),
        row_numbers=table.row_numbers[rows],
        wrong=np.array([wrong for *_, wrong in pairs], bool),
        warnings=(*table.warnings, note),
        not_used=(*table.not_used, *filled),
    )
