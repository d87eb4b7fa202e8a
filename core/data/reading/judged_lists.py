"""Lists and columns of which one judges the other: labels beside passages, a key beside choices.

Each becomes rows of its own, with the judgement beside the text, before columns are guessed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from core.data.cells import cell_text
from core.data.columns.column_names import (
    ANNOTATIONS,
    WEAK_NAMES,
    is_count,
    is_negative,
    name_list,
    plain_name,
    role_of,
    says_feeling,
    says_who,
    says_wrong,
    words_of,
)
from core.data.judging.judging_columns import NOT_YET, judging_name
from core.data.judging.rating_words import NEUTRAL_WORDS, RATING_WORDS
from core.data.judging.ratings import plain_rating
from core.data.reading.choices import CHOICES, choice_columns, choice_lists, preferred_first
from core.data.reading.records.paragraphs import stand_in
from core.data.reading.unfolding import text_of, texts_of
from core.data.reading.unrolling import (
    MOSTLY,
    PARALLEL,
    SAMPLE,
    JudgedText,
    cell_of,
    holds_texts,
    is_mark,
    listed,
    share_equal,
    unrolled,
)
from core.data.table import Table
from core.errors import DataError
from core.messages import N_, Message

_JUDGING = frozenset(
    name_list(
        "label labels score scores rating ratings grade grades relevance relevances",
        "relevancy mark marks judgement judgements judgment judgments correct correctness",
        "accepted isaccepted vote votes points selected isselected chosen best gold qrel",
        "qrels feedback verdict bewertung bewertungen note notes punkte relevanz richtig",
        "korrekt pertinence relevancia puntuación 評価 正誤 関連度 スコア ラベル 判定",
        "评分 标签 相关性 得分 正确",
    )
)
# The same of texts that a search found; in a plain table they may say anything.
_FLAGS = frozenset(
    name_list(
        "hasanswer containsanswer answerfound isanswer answerable supporting support supports",
        "supported evidence positive golden oracle used cited",
    )
)
_POSITIONS = frozenset(
    name_list(
        "id ids idx index indices start starts end ends offset offsets span spans pos",
        "position rank ranks length lengths len tokens embedding embeddings vector",
        "vectors neg negative negatives positive positives teacher distance distances",
        "page pages line lines year years date time timestamp logprob logprobs",
    )
)
_PLACES = _POSITIONS - {"positive"}  # where one text lies, not which of several lists
_BESIDE = frozenset(
    name_list("user users annotator annotators rater status title titles url urls type source")
)
_VALUES = frozenset(("value", "answer", "choice", "response"))
_CONTEXTS = frozenset(("context", "paragraph", "passage", "document"))
_LETTERS = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff\uac00-\ud7af]")
_RETRIEVED = re.compile("ctx|context|retriev|positive|search|hits")
# Lists of texts that may answer or not; those of a list of answers, or of positives, all do.
_FOUND = re.compile(
    "ctx|context|passage|paragraph|document|docs|chunk|snippet|candidate|retriev|search|result|hits"
    "|evidence|article|section|absätze|abschnitt|textstelle|fundstelle|treffer|kandidat|extrait"
    "|fragmento|documento|párrafo|段落|文書|候補|検索|文档|候选|检索|문서|후보"
)
_ALL_RIGHT = re.compile("positive|^pos|gold|relevant|supporting|correct|right")
# What programs note of a text that they cut or keep, by yes and no.
_NOTED = frozenset(
    name_list(
        "truncated cut table title titles header heading image images html code ocr scanned cached",
        "new old first last main default edited expanded translated reranked embedded indexed",
    )
)
_POLES = frozenset(("true", "false", "yes", "no", "positive", "negative", "pos", "neg"))
_WORDINGS = re.compile(
    "pattern|utteranc|example|phrase|wording|variant|synonym|paraphras|expression"
)
_NUMBERED = re.compile(r"(?P<stem>.*?[^\W\d])[\s_.-]*(?P<number>\d{1,2}|(?<=[\s_.-])[a-hA-H])")


def judged_apart(table: Table) -> Table:
    """Return a table in which every text has its own row where lists or columns judge texts.

    Handled are lists of judgements beside lists of texts (``docs``, ``labels``), objects that
    carry their judgement (``[{"text": …, "grade": 2}]``), choices with the key of the right one
    (``choices``, ``answerKey``; ``A``, ``B``, ``C``, ``answer``), numbered columns (``answer1``,
    ``rating1``, ``answer2``, ``rating2``) and questions and answers in lists of equal length.
    ``Table.judged`` names the columns then.

    Raises
    ------
    DataError
        If lists that belong together differ in length, or a key names none of the choices.
    """
    for part in (_numbered, choice_columns):
        found = part(table)
        if found is not None:
            return found
    holders = [column for column in table.columns if _is_listed(table.frame[column])]
    if not holders:
        return table
    lists = {column: [listed(cell) for cell in table.frame[column].tolist()] for column in holders}
    lists = {column: found for column, found in lists.items() if any(found)}
    marked = _with_spans(table, lists)
    if marked is not None:
        return marked
    alone = [c for c, found in lists.items() if _is_one_word_each(found)]
    if alone:
        cells = {
            c: pd.array(
                [cell_text(found[0]) if found else "" for found in lists.pop(c)], dtype="str"
            )
            for c in alone
        }
        table = dataclasses.replace(table, frame=table.frame.assign(**cells))
    for with_lists in (
        _annotations,
        choice_lists,
        preferred_first,
        _objects,
        _parallel,
        _asked_and_answered,
    ):
        found = with_lists(table, lists)
        if found is not None:
            return found
    return table


def _is_listed(cells: pd.Series) -> bool:
    # lists of Python: a call of pandas costs more than so many cells, and there are many columns
    filled = [cell for cell in cells.head(SAMPLE).tolist() if cell]
    hits = sum(cell.startswith(("[", "{", "array(")) for cell in filled)
    return len(filled) > 0 and hits >= MOSTLY * len(filled)


def _is_one_word_each(rows: Sequence[list[object]]) -> bool:
    """Tell whether a column holds lists of one judgement in words each: ``['yes']``."""
    items = [item for found in rows for item in found]
    return max(map(len, rows)) == 1 and all(
        isinstance(item, str) and plain_rating(item) in RATING_WORDS for item in items
    )


def _is_yes_no(items: Sequence[object]) -> bool:
    plain = {plain_rating(cell_text(item)) for item in items if item is not None}
    return plain <= {"0", "1", "-1"} or all(word in RATING_WORDS for word in plain)


def _judges(name: str) -> bool:
    """Tell whether a name speaks of a judgement, and not of a place or a number."""
    last = name.split(".")[-1]
    words = set(words_of(last))
    if is_negative(last) or words & _POSITIONS:
        return False
    return role_of(last) == "rating" or plain_name(last) in _JUDGING or bool(words & _JUDGING)


def _are_codes(items: Sequence[object]) -> bool:
    """Tell ids from texts: no word of two letters in any of them."""
    texts = [item for item in items if isinstance(item, str)]
    return len(texts) == len(items) and not any(_LETTERS.search(text) for text in texts)


def _stem(name: str) -> set[str]:
    words = set(words_of(name)) - _JUDGING
    return words | {word.removesuffix("s") for word in words}


# Lists of texts and lists of judgements


def _parallel(table: Table, lists: Mapping[str, list[list[object]]]) -> Table | None:
    held = {c: [item for found in rows for item in found] for c, rows in lists.items()}
    marks = [c for c in lists if held[c] and all(map(is_mark, held[c]))]
    texts = [
        c
        for c in lists
        if c not in marks
        and not is_negative(c)
        and role_of(c.split(".")[-1]) != "question"
        and any(isinstance(item, str | dict) for item in held[c])
        and not _are_codes(held[c])
    ]
    for mark in marks:
        words = set(words_of(mark.split(".")[-1]))
        if is_negative(mark) or words & _POSITIONS:
            continue
        named = _judges(mark)
        if not named and not (_is_yes_no(held[mark]) and len(set(map(str, held[mark]))) > 1):
            continue
        fits = {text: share_equal(lists[mark], lists[text]) for text in texts}
        best = max(
            (text for text in texts if fits[text] > 0),
            key=lambda text: (
                fits[text] >= PARALLEL,
                "." in mark and text.split(".")[0] == mark.split(".")[0],
                bool(_stem(text) & _stem(mark)),
                role_of(text) == "answer",
                not set(words_of(text.split(".")[-1])) & _BESIDE,
                fits[text],
            ),
            default=None,
        )
        if best is None or (fits[best] < MOSTLY and not named):
            _check_lengths(table, lists, mark, texts)
            continue
        if fits[best] < MOSTLY:
            _check_lengths(table, lists, mark, [best])
            continue
        return _side_by_side(table, lists, best, mark)
    return None


def _side_by_side(
    table: Table, lists: Mapping[str, list[list[object]]], best: str, mark: str
) -> Table:
    beside = [
        c
        for c in lists
        if c not in (mark, best)
        and "." in c
        and c.split(".")[0] == best.split(".")[0]
        and share_equal(lists[c], lists[best]) >= PARALLEL
    ]
    text = N_(
        "The list {judgements} is as long as {texts}, so each element of it judges the text at "
        "the same place: 0 or a word such as “no” means that it is wrong."
    )
    note = Message(text, {"judgements": mark, "texts": best})
    return unrolled(
        table,
        best,
        mark,
        lambda i: _zipped(lists[best][i], lists[mark][i]),
        notes=[note],
        beside={c: lists[c] for c in beside},
        odd=lambda i: _unequal(best, lists[best][i], mark, lists[mark][i]),
    )


def _check_lengths(
    table: Table, lists: Mapping[str, list[list[object]]], mark: str, texts: Sequence[str]
) -> None:
    """Refuse judgements that fit no list, where they are named as judgements of one."""
    if not _judges(mark) or set(words_of(mark)) & {"score", "scores"}:
        return
    if any(is_negative(column) for column in lists):
        return  # it may judge both lists, one after the other
    for text in texts:
        named = role_of(text) == "answer" or bool(CHOICES.search(text.casefold()))
        beside = "." in mark and mark.split(".")[0] == text.split(".")[0]
        if not named and not beside and len(texts) > 1:
            continue
        for i, (a, b) in enumerate(zip(lists[text], lists[mark], strict=True)):
            if a and b and len(a) != len(b):
                raise DataError(str(_LENGTHS), **_lengths(table, i, text, a, mark, b))


_LENGTHS = N_(
    "Row {row}: the list {first} has {many} elements and {second} has {others}, so it is not known "
    "what belongs together. Make them equally long."
)


def _lengths(
    table: Table, i: int, first: str, a: Sequence[object], second: str, b: Sequence[object]
) -> dict[str, str | int]:
    row = int(table.row_numbers[i])
    return {"row": row, "first": first, "many": len(a), "second": second, "others": len(b)}


def _unequal(first: str, a: Sequence[object], second: str, b: Sequence[object]) -> Message | None:
    if len(a) == len(b):
        return None
    text = N_("The list {first} has {many} elements and {second} has {others}.")
    return Message(text, {"first": first, "many": len(a), "second": second, "others": len(b)})


def _zipped(texts: Sequence[object], marks: Sequence[object]) -> list[JudgedText]:
    return [JudgedText(text, mark) for text, mark in zip(texts, marks, strict=True)]


# Objects that carry their judgement


def _objects(table: Table, lists: Mapping[str, list[list[object]]]) -> Table | None:
    for column, rows in lists.items():
        items = [item for found in rows for item in found]
        if not items or not all(isinstance(item, dict) for item in items):
            continue
        if is_negative(column) or role_of(column) == "question":
            continue
        key = _mark_of([[item for item in row if isinstance(item, dict)] for row in rows], column)
        if key is None or not (_judges(key) or _may_give_way(table, column, rows)):
            continue
        text = N_(
            "Each element of {texts} says itself how right it is ({judgements}): 0 or a word such "
            "as “no” means that it is wrong."
        )
        note = Message(text, {"texts": column, "judgements": key})

        def parts(i: int, rows: Sequence[list[object]] = rows, key: str = key) -> list[JudgedText]:
            return [
                JudgedText({k: v for k, v in item.items() if k != key}, item.get(key, ""))
                for item in rows[i]
                if isinstance(item, dict)
            ]

        return unrolled(table, column, f"{column}.{key}", parts, notes=[note])
    return None


def _mark_of(rows: Sequence[Sequence[Mapping[str, object]]], column: str) -> str | None:
    """Return the key under which objects carry a judgement, the clearest one."""
    items = [item for row in rows for item in row]
    found: list[tuple[int, str]] = []
    for key in items[0]:
        values = [item.get(key) for item in items]
        given = [value for value in values if value is not None]
        if len(given) < len(values) * MOSTLY or not all(map(is_mark, given)):
            continue
        if not any(text_of({k: v}) for k, v in items[0].items() if k != key):
            continue
        says_yes_no = _is_yes_no(given)
        if _judges(key):
            scored = bool(set(words_of(key)) & {"score", "scores"})
            if scored and (
                _RETRIEVED.search(column.casefold()) or any(isinstance(v, float) for v in given)
            ):
                continue  # a search's own score, no judgement
            found.append((0 if says_yes_no else 3 if scored else 2, key))
        elif says_yes_no and (says_wrong(key) or not set(words_of(key)) & _PLACES):
            if _is_set_flag(key, given, column):
                found.append((1, key))
            elif _tells_found_apart(key, rows, column):
                found.append((4, key))
    return min(found, key=lambda place: place[0])[1] if found else None


def _is_set_flag(key: str, given: Sequence[object], column: str) -> bool:
    """Tell whether a key judges by its name, and somebody used it: both yes and no occur.

    What a search found may all be wrong.
    """
    names = {plain_name(key), *words_of(key)}
    if names & NOT_YET or not (judging_name(key) or names & _FLAGS):
        return False
    used = len({plain_rating(cell_text(value)) for value in given}) > 1
    return used or says_wrong(key) or bool(_FOUND.search(column.casefold()))


def _tells_found_apart(
    key: str, rows: Sequence[Sequence[Mapping[str, object]]], column: str
) -> bool:
    """Tell whether a word of right or wrong parts the texts of most lists of found ones."""
    named = column.casefold()
    if not _FOUND.search(named) or _ALL_RIGHT.search(named):
        return False
    if is_count(key) or says_feeling(key) or _NOTED & set(words_of(key)):
        return False
    several = [[item[key] for item in row if key in item] for row in rows if len(row) > 1]
    values = [value for held in several for value in held if value is not None]
    words = {plain_rating(cell_text(value)) for value in values}
    if not words or not words <= _POLES | (RATING_WORDS.keys() - NEUTRAL_WORDS):
        return False
    return sum(len(set(held) - {None}) > 1 for held in several) >= MOSTLY * len(several)


def _may_give_way(table: Table, column: str, rows: Sequence[list[object]]) -> bool:
    """Tell whether the answers beside a list of texts are spans of these, or there are none."""
    beside = []
    for other in table.columns:
        named = role_of(other) == "answer" or plain_name(other) in WEAK_NAMES["answer"]
        if other == column or not named or is_negative(other):
            continue
        told = map(texts_of, table.frame[other].head(SAMPLE).tolist())
        cells = [(texts, row) for texts, row in zip(told, rows, strict=False) if any(texts) and row]
        if not all(is_mark(text) for texts, _ in cells for text in texts):
            beside.append(cells)
    return not beside or any(
        sum(stand_in(texts, map(text_of, row)) for texts, row in cells) >= MOSTLY * len(cells)
        for cells in beside
    )


# Annotations of a pair


def _annotations(table: Table, lists: Mapping[str, list[list[object]]]) -> Table | None:
    """Give each annotation of a pair a row: ``[{"annotator": "A", "label": 1}, …]``."""
    if not {role_of(column) for column in table.columns} >= {"question", "answer"}:
        return None
    if "rating" in table.columns:
        return None
    for column, rows in lists.items():
        items = [item for found in rows for item in found if isinstance(item, dict)]
        if plain_name(column) not in ANNOTATIONS or len(items) < sum(map(len, rows)) or not items:
            continue
        judging = [k for k in items[0] if _judges(str(k)) or plain_name(str(k)) in _VALUES]
        marks = [k for k in judging if all(is_mark(item.get(k)) for item in items)]
        if not marks:
            continue
        who = next((k for k in items[0] if says_who(str(k))), None)
        parts = [[item for item in found if isinstance(item, dict)] or [{}] for found in rows]
        order = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        data: dict[str, object] = {
            c: table.frame[c].array.take(order) for c in table.columns if c != column
        }
        flat = [item for part in parts for item in part]
        data["rating"] = pd.array([cell_text(item.get(marks[0])) for item in flat], dtype="str")
        if who is not None:
            data[str(who)] = pd.array([cell_of(item.get(who)) for item in flat], dtype="str")
        text = N_("Each element of {column} was taken as a rating of its own ({key}).")
        note = Message(text, {"column": column, "key": str(marks[0])})
        return dataclasses.replace(
            table,
            columns=tuple(data),
            frame=pd.DataFrame(data, columns=list(data)),
            row_numbers=table.row_numbers[order],
            wrong=table.wrong[order] if len(table.wrong) else table.wrong,
            warnings=(*table.warnings, note),
        )
    return None


# Spans that were marked in a text


def _with_spans(table: Table, lists: Mapping[str, list[list[object]]]) -> Table | None:
    """Read SQuAD in rows: a question finds the context, in which a span is the short answer.

    A context without a span has no answer to the question: a known wrong one.
    """
    starts = next((c for c in table.columns if plain_name(c.split(".")[-1]) == "answerstart"), None)
    context = next((c for c in table.columns if plain_name(c) in _CONTEXTS), None)
    if starts is None or context is None or "." not in starts:
        return None
    spans = next((c for c in lists if c == f"{starts.rsplit('.', 1)[0]}.text"), None)
    if spans is None or not any(role_of(column) == "question" for column in table.columns):
        return None
    first = [text_of(found[0]) if found else "" for found in lists[spans]]
    text = N_(
        "{spans} are spans marked in {context}, so a question finds the whole {context}; without a "
        "span it counts as wrong for the question."
    )
    data: dict[str, object] = {
        c: table.frame[c].array for c in table.columns if c not in (spans, starts)
    }
    data["span"] = pd.array(first, dtype="str")
    data["has span"] = pd.array(["1" if span else "0" for span in first], dtype="str")
    return dataclasses.replace(
        table,
        columns=tuple(data),
        frame=pd.DataFrame(data, columns=list(data)),
        warnings=(*table.warnings, Message(text, {"spans": spans, "context": context})),
        judged=(context, "has span"),
    )


# Numbered columns


def _numbered(table: Table) -> Table | None:
    """Find ``answer1``, ``rating1``, ``answer2``, ``rating2``, each answer with its judgement."""
    stems: dict[str, dict[str, str]] = {}
    for column in table.columns:
        match = _NUMBERED.fullmatch(column.strip())
        if match is None:  # rating of answer 1, 1. Antwort
            continue
        stems.setdefault(match["stem"].rstrip(" _.-"), {})[match["number"].casefold()] = column
    many = {stem: columns for stem, columns in stems.items() if len(columns) > 1}
    texts = [s for s in many if role_of(s) == "answer" or plain_name(s) in ("text", "candidate")]
    texts = [s for s in texts if not _judges(s) or holds_texts(table, *many[s].values())]
    judging = [s for s in many if s not in texts and _judges(s)]
    for text in texts:
        for mark in judging:
            if set(many[text]) != set(many[mark]):
                continue
            cells = {
                number: (
                    table.frame[many[text][number]].tolist(),
                    table.frame[many[mark][number]].tolist(),
                )
                for number in many[text]
            }
            told = N_("{judgements} judge {texts}: each answer was taken with its own judgement.")
            note = Message(
                told,
                {
                    "texts": ", ".join(many[text].values()),
                    "judgements": ", ".join(many[mark].values()),
                },
            )

            def judged(
                i: int, cells: Mapping[str, tuple[list[str], list[str]]] = cells
            ) -> list[JudgedText]:
                return [JudgedText(a[i], b[i]) for a, b in cells.values() if a[i]]

            dropped = [*many[text].values(), *many[mark].values()]
            return unrolled(table, text, mark, judged, notes=[note], dropped=dropped)
    return None


# Questions and answers in lists of equal length


def _asked_and_answered(table: Table, lists: Mapping[str, list[list[object]]]) -> Table | None:
    """Put questions and answers of lists side by side; other wordings stay together."""

    def many(column: str) -> bool:
        return sum(len(found) > 1 for found in lists[column]) >= MOSTLY * len(lists[column])

    asked = [c for c in lists if role_of(c.split(".")[-1]) == "question" and many(c)]
    asked = [c for c in asked if not _WORDINGS.search(c.casefold()) and "question" in c.casefold()]
    told = [
        c
        for c in lists
        if many(c)
        and not is_negative(c)
        and (role_of(c) == "answer" or role_of(c.split(".")[0]) == "answer")
        and not all(is_mark(item) for found in lists[c] for item in found)
    ]
    if not asked or not told:
        return None
    question, answer = asked[0], told[0]
    share = share_equal(lists[question], lists[answer])
    if share < MOSTLY and len(lists[question]) > 1:
        return None
    for i, (a, b) in enumerate(zip(lists[question], lists[answer], strict=True)):
        if a and b and len(a) != len(b):
            raise DataError(str(_LENGTHS), **_lengths(table, i, question, a, answer, b))
    text = N_(
        "The lists {first} and {second} are equally long, so each question was taken with the "
        "answer at the same place."
    )
    note = Message(text, {"first": question, "second": answer})
    return unrolled(
        table,
        question,
        "",
        lambda i: [JudgedText(item) for item in lists[question][i]],
        notes=[note],
        beside={answer: lists[answer]},
    )
