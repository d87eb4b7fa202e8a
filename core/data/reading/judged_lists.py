"""Lists and columns of which one judges the other: labels beside passages, a key beside choices.

Each becomes rows of its own, with the judgement beside the text, before columns are guessed.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.data.cells import cell_text
from core.data.column_names import ANNOTATIONS, is_negative, plain_name, role_of, says_who, words_of
from core.data.ratings import PASS_WORDS, RATING_WORDS, plain_rating, read_numbers
from core.data.reading.unfolding import text_of
from core.data.table import MAX_ROWS, SetAside, Table
from core.errors import DataError
from core.messages import N_, Message


def _names(*texts: str) -> frozenset[str]:
    return frozenset(name for text in texts for name in text.split())


_SAMPLE = 300  # rows that tell what a column holds
_PARALLEL, _MOSTLY = 0.9, 0.5  # shares of rows in which two lists are equally long
_JUDGING = _names(
    "label labels score scores rating ratings grade grades relevance relevances",
    "relevancy mark marks judgement judgements judgment judgments correct correctness",
    "accepted isaccepted vote votes points selected isselected chosen best gold qrel",
    "qrels feedback verdict bewertung bewertungen note notes punkte relevanz richtig",
    "korrekt pertinence relevancia puntuación 評価 正誤 関連度 スコア ラベル 判定",
    "评分 标签 相关性 得分 正确",
)
_POSITIONS = _names(
    "id ids idx index indices start starts end ends offset offsets span spans pos",
    "position rank ranks length lengths len tokens embedding embeddings vector",
    "vectors neg negative negatives positive positives teacher distance distances",
    "page pages line lines year years date time timestamp logprob logprobs",
)
_BESIDE = _names("user users annotator annotators rater status title titles url urls type source")
_VALUES = frozenset(("value", "answer", "choice", "response"))
_CONTEXTS = frozenset(("context", "paragraph", "passage", "document"))
_LETTERS = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff\uac00-\ud7af]")
_RETRIEVED = re.compile("ctx|context|retriev|positive|search|hits")
_WORDINGS = re.compile(
    "pattern|utteranc|example|phrase|wording|variant|synonym|paraphras|expression"
)
_CHOICES = re.compile(
    "choice|option|candidate|alternative|antwortmöglichkeit|auswahl|opciones|opción|選択肢|选项"
    "|選項|보기"
)
_LETTERED = re.compile(
    r"(?:(?P<stem>option|choice|answer|opt|ending|sol|solution|response|candidate|alternative|"
    r"antwort|auswahl|réponse|reponse|opción|opcion|respuesta|選択肢|选项|選項|回答|op|ans)[\s_.-]*|"
    r"(?P<path>\w+)\.)?\(?(?P<letter>[a-h]|[0-9])[).:]?"
)
_KEYS = _names(
    "answer answers answerkey key correct correctanswer correctoption correctindex",
    "correctchoice correctidx correctletter correctanswerindex correctanswerletter",
    "correctlabel label labels gold goldlabel goldindex goldidx goldanswer",
    "answerindex answeridx answerid answerletter answernumber letter solution",
    "solutionindex cop target targetidx rightanswer rightchoice winner preferred",
    "preference better best bestanswer bestindex richtig richtige richtigeantwort",
    "lösung loesung antwort korrekt réponse reponse bonneréponse bonnereponse",
    "correcte respuestacorrecta correcta respuesta 正解 正答 解答 答え 答案 正确答案 정답",
)
_NUMBERED = re.compile(r"(?P<stem>.*?[^\W\d])[\s_.-]*(?P<number>\d{1,2}|(?<=[\s_.-])[a-hA-H])")
_PREFIXED = re.compile(r"\s*\(?([A-Ha-h])\s*[).:]\s*")


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
    for part in (_numbered, _choice_columns):
        found = part(table)
        if found is not None:
            return found
    listed = [column for column in table.columns if _is_listed(table.frame[column])]
    if not listed:
        return table
    lists = {column: [_listed(cell) for cell in table.frame[column].tolist()] for column in listed}
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
    for with_lists in (_annotations, _choice_lists, _objects, _parallel, _asked_and_answered):
        found = with_lists(table, lists)
        if found is not None:
            return found
    return table


@dataclass(frozen=True)
class _Judged:
    """A text of a row with what judges it."""

    text: object
    judgement: object = ""


def _is_listed(cells: pd.Series) -> bool:
    head = cells.head(_SAMPLE)
    filled = head[head != ""]
    return len(filled) > 0 and float(filled.str.startswith(("[", "{", "array(")).mean()) >= _MOSTLY


def _listed(cell: str) -> list[object]:
    """Return the elements that a cell lists, [] where it lists none."""
    if cell[:1] not in ("[", "{", "a"):
        return []
    found: object
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        plain = re.sub(r"^array\((.*?)(?:,\s*dtype=[\w.'<>]+)?\)$", r"\1", cell.strip(), flags=re.S)
        if re.fullmatch(r"\[[-+\d.eE\s]+\]", plain) or re.fullmatch(
            r"\[(?:\s*(?:True|False))+\s*\]", plain
        ):  # as numpy prints
            plain = f"[{', '.join(plain[1:-1].split())}]"
        try:
            found = ast.literal_eval(plain)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return []
    if isinstance(found, tuple | set):
        found = list(found)
    if isinstance(found, dict):
        return [found]
    return found if isinstance(found, list) else []


def _is_mark(item: object) -> bool:
    """Tell numbers, yes and no, and rating words from texts."""
    if isinstance(item, str):
        plain = plain_rating(item)
        return plain in RATING_WORDS or plain in PASS_WORDS or bool(read_numbers([item]).values)
    return item is None or isinstance(item, bool | int | float)


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
    marks = [c for c in lists if held[c] and all(map(_is_mark, held[c]))]
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
        fits = {text: _share_equal(lists[mark], lists[text]) for text in texts}
        best = max(
            (text for text in texts if fits[text] > 0),
            key=lambda text: (
                fits[text] >= _PARALLEL,
                "." in mark and text.split(".")[0] == mark.split(".")[0],
                bool(_stem(text) & _stem(mark)),
                role_of(text) == "answer",
                not set(words_of(text.split(".")[-1])) & _BESIDE,
                fits[text],
            ),
            default=None,
        )
        if best is None or (fits[best] < _MOSTLY and not named):
            _check_lengths(table, lists, mark, texts)
            continue
        if fits[best] < _MOSTLY:
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
        and _share_equal(lists[c], lists[best]) >= _PARALLEL
    ]
    text = N_(
        "The list {judgements} is as long as {texts}, so each element of it judges the text at "
        "the same place: 0 or a word such as “no” means that it is wrong."
    )
    note = Message(text, {"judgements": mark, "texts": best})
    return _unrolled(
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
        named = role_of(text) == "answer" or bool(_CHOICES.search(text.casefold()))
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


def _share_equal(first: Sequence[list[object]], second: Sequence[list[object]]) -> float:
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a or b]
    return sum(len(a) == len(b) for a, b in pairs) / len(pairs) if pairs else 0.0


def _zipped(texts: Sequence[object], marks: Sequence[object]) -> list[_Judged]:
    return [_Judged(text, mark) for text, mark in zip(texts, marks, strict=True)]


# Objects that carry their judgement


def _objects(table: Table, lists: Mapping[str, list[list[object]]]) -> Table | None:
    for column, rows in lists.items():
        items = [item for found in rows for item in found]
        if not items or not all(isinstance(item, dict) for item in items):
            continue
        if is_negative(column) or role_of(column) == "question":
            continue
        key = _mark_of([item for item in items if isinstance(item, dict)], column)
        if key is None:
            continue
        text = N_(
            "Each element of {texts} says itself how right it is ({judgements}): 0 or a word such "
            "as “no” means that it is wrong."
        )
        note = Message(text, {"texts": column, "judgements": key})

        def parts(i: int, rows: Sequence[list[object]] = rows, key: str = key) -> list[_Judged]:
            return [
                _Judged({k: v for k, v in item.items() if k != key}, item.get(key, ""))
                for item in rows[i]
                if isinstance(item, dict)
            ]

        return _unrolled(table, column, f"{column}.{key}", parts, notes=[note])
    return None


def _mark_of(items: Sequence[Mapping[str, object]], column: str) -> str | None:
    """Return the key under which objects carry a judgement."""
    held = {key: [item.get(key) for item in items] for key in items[0]}
    best = None
    for key, values in held.items():
        given = [value for value in values if value is not None]
        if len(given) < len(values) * _MOSTLY or not all(map(_is_mark, given)):
            continue
        if not _judges(key) or not any(text_of({k: v}) for k, v in items[0].items() if k != key):
            continue
        if set(words_of(key)) & {"score", "scores"} and (
            _RETRIEVED.search(column.casefold()) or any(isinstance(v, float) for v in given)
        ):
            continue  # a search's own score, no judgement
        if _is_yes_no(given):
            return key
        best = best or key
    return best


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
        marks = [k for k in judging if all(_is_mark(item.get(k)) for item in items)]
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
            data[str(who)] = pd.array([_cell(item.get(who)) for item in flat], dtype="str")
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


# Choices, of which a key names the right one


def _choice_lists(table: Table, lists: Mapping[str, list[list[object]]]) -> Table | None:
    for column, rows in lists.items():
        head = column.split(".")[0]
        if not _CHOICES.search(head.casefold()):
            continue
        held = [item for found in rows for item in found]
        if all(map(_is_mark, held)) and plain_name(column.split(".")[-1]) in ("label", "labels"):
            continue
        if "." in column and plain_name(column.split(".")[-1]) in ("label", "labels", "key", "id"):
            continue
        own = next(
            (
                c
                for c in lists
                if c != column and "." in c and c.split(".")[0] == head
                if _share_equal(lists[c], rows) >= _PARALLEL
                and all(isinstance(item, str) for found in lists[c] for item in found)
            ),
            None,
        )
        names = lists[own] if own else [[] for _ in rows]
        parts = [_choices_of(found, label) for found, label in zip(rows, names, strict=True)]
        found = _with_key(table, column, parts, [column, *([own] if own else [])])
        if found is not None:
            return found
    return None


def _choices_of(found: Sequence[object], labels: Sequence[object]) -> list[tuple[str, str]]:
    """Return (label, text) of each choice; the label is "" where it has none."""
    if len(found) == 1 and isinstance(found[0], dict) and len(found[0]) > 1:
        lists = [value for value in found[0].values() if isinstance(value, list)]
        if not lists:
            return [(str(key), text_of(value)) for key, value in found[0].items()]
        texts = next((v for k, v in found[0].items() if k in ("text", "texts")), lists[0])
        letters: object = next((v for k, v in found[0].items() if k in ("label", "labels")), [])
        if isinstance(texts, list) and isinstance(letters, list):
            return _choices_of(texts, letters)
    if len(labels) == len(found):
        return [(cell_text(a), text_of(b)) for a, b in zip(labels, found, strict=True)]
    result = []
    for item in found:
        label = ""
        if isinstance(item, dict):
            called = (item.get(k) for k in ("label", "key", "letter", "id", "name"))
            label = next((cell_text(v) for v in called if v is not None), "")
            item = {k: v for k, v in item.items() if k not in ("label", "key", "letter", "id")}
        result.append((label, text_of(item)))
    prefixes = [match[1].casefold() if (match := _PREFIXED.match(t)) else "" for _, t in result]
    if len(result) > 1 and prefixes == list("abcdefgh"[: len(result)]):
        result = [
            (p.upper(), _PREFIXED.sub("", t, count=1))
            for p, (_, t) in zip(prefixes, result, strict=True)
        ]
    return result


def _choice_columns(table: Table) -> Table | None:
    """Find the choices in columns of their own: ``A`` to ``D``, ``option 1`` to ``option 4``."""
    groups: dict[str, dict[str, str]] = {}
    for column in table.columns:
        match = _LETTERED.fullmatch(plain_spaced(column))
        if match is not None:
            stem = match["stem"] or match["path"] or ""
            groups.setdefault(stem, {})[match["letter"]] = column
    for members in groups.values():
        letters = sorted(members)
        first = letters[0] if letters else ""
        if len(letters) < 2 or first not in ("a", "0", "1"):
            continue
        if letters != [chr(ord(first) + i) for i in range(len(letters))]:
            continue
        columns = [members[letter] for letter in letters]
        cells = [table.frame[column].tolist() for column in columns]
        parts = [
            [(letter, text) for letter, text in zip(letters, row, strict=True) if text]
            for row in zip(*cells, strict=True)
        ]
        found = _with_key(table, ", ".join(columns), parts, columns)
        if found is not None:
            return found
    return None


def plain_spaced(name: str) -> str:
    """Return a column name without case and outer spaces."""
    return name.strip().casefold()


def _with_key(
    table: Table, title: str, parts: Sequence[list[tuple[str, str]]], taken: Sequence[str]
) -> Table | None:
    """Return the choices in rows of their own, None where no column says which is right."""
    sample = range(min(len(parts), _SAMPLE))
    for column in table.columns:
        named = plain_name(column) in _KEYS or bool(
            {"correct", "gold", "right", "winner"} & set(words_of(column)) and len(column) < 40
        )
        if column in taken or not named:
            continue
        cells = table.frame[column].tolist()
        first, ambiguous = _first_index(cells, parts)
        fits = [bool(_picked(cells[i], parts[i], first)) for i in sample if cells[i] and parts[i]]
        if not fits or sum(fits) < _MOSTLY * len(fits):
            continue
        odd = next(
            (i for i in sample if cells[i] and parts[i] and not _picked(cells[i], parts[i], first)),
            None,
        )
        if odd is not None and sum(fits) < _PARALLEL * len(fits):
            raise DataError(
                "Row {row}: {column} names “{value}” as the right choice, which is none of "
                "{titles}.",
                row=int(table.row_numbers[odd]),
                column=column,
                value=cells[odd][:40],
                titles=", ".join(
                    label or str(k + first) for k, (label, _) in enumerate(parts[odd])
                ),
            )
        text = N_(
            "{key} says which of the choices in {choices} is right: that one counts as right, all "
            "others as wrong."
        )
        notes = [Message(text, {"key": column, "choices": title})]
        if ambiguous:
            text = N_(
                "The numbers in {key} may count from 0 or from 1; they were read as counting from "
                "{first}. Look at the right answers before you go on."
            )
            notes.append(Message(text, {"key": column, "first": first}))

        def judged(i: int, cells: Sequence[str] = cells, first: int = first) -> list[_Judged]:
            right = _picked(cells[i], parts[i], first)
            return [
                _Judged(text, ("1" if k in right else "0") if right else "")
                for k, (_, text) in enumerate(parts[i])
            ]

        return _unrolled(table, title, column, judged, notes=notes, dropped=taken)
    return None


def _first_index(cells: Sequence[str], parts: Sequence[list[tuple[str, str]]]) -> tuple[int, bool]:
    """Return whether numbers count from 0 or from 1, and whether nothing tells it."""
    pairs = [(int(c), len(p)) for c, p in zip(cells, parts, strict=True) if c.isdigit() and p]
    labelled = any(label.isdigit() for p in parts[:_SAMPLE] for label, _ in p)
    if not pairs or labelled:
        return 0, False
    if any(number == 0 for number, _ in pairs):
        return 0, False
    if any(number >= count for number, count in pairs):
        return 1, False
    return 0, True


def _picked(cell: str, choices: Sequence[tuple[str, str]], first: int) -> set[int]:
    """Return the places of the right choices: by label, by letter, by number, by text."""
    plain = cell.strip()
    texts = [text.strip().casefold() for _, text in choices]
    if plain.casefold() in texts:
        return {k for k, text in enumerate(texts) if text == plain.casefold()}
    named = words_of(plain)
    if len(named) == 2 and (named[1].isdigit() or len(named[1]) == 1):  # Option 1, answer B
        items = [named[1]]
    elif plain[:1] == "[":
        items = [cell_text(item) for item in _listed(plain)]
    else:
        items = [part for part in re.split(r"[\s,;/&+|]+", plain) if part]
    labels = [label.casefold() for label, _ in choices]
    picked: set[int] = set()
    for item in items if len(items) <= len(choices) else ():
        folded = re.sub(r"^[(\[]|[)\].:]$", "", item.strip().casefold())
        if folded in texts:
            picked.add(texts.index(folded))
            continue
        last = words_of(folded)[-1:] or [folded]
        for name in (folded, last[0]):
            if name in labels:
                picked.add(labels.index(name))
                break
            if len(name) == 1 and name in "abcdefgh" and "abcdefgh".index(name) < len(choices):
                picked.add("abcdefgh".index(name))
                break
            if name.isdigit() and first <= int(name) < len(choices) + first:
                picked.add(int(name) - first)
                break
        else:
            return set()
    return picked


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
    texts = [s for s in texts if not _judges(s) or _long(table, many[s])]
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
            ) -> list[_Judged]:
                return [_Judged(a[i], b[i]) for a, b in cells.values() if a[i]]

            dropped = [*many[text].values(), *many[mark].values()]
            return _unrolled(table, text, mark, judged, notes=[note], dropped=dropped)
    return None


def _long(table: Table, columns: Mapping[str, str]) -> bool:
    cells = [c for column in columns.values() for c in table.frame[column].head(50).tolist() if c]
    return bool(cells) and sum(map(len, cells)) / len(cells) > 15


# Questions and answers in lists of equal length


def _asked_and_answered(table: Table, lists: Mapping[str, list[list[object]]]) -> Table | None:
    """Put questions and answers of lists side by side; other wordings stay together."""

    def many(column: str) -> bool:
        return sum(len(found) > 1 for found in lists[column]) >= _MOSTLY * len(lists[column])

    asked = [c for c in lists if role_of(c.split(".")[-1]) == "question" and many(c)]
    asked = [c for c in asked if not _WORDINGS.search(c.casefold()) and "question" in c.casefold()]
    told = [
        c
        for c in lists
        if many(c)
        and not is_negative(c)
        and (role_of(c) == "answer" or role_of(c.split(".")[0]) == "answer")
        and not all(_is_mark(item) for found in lists[c] for item in found)
    ]
    if not asked or not told:
        return None
    question, answer = asked[0], told[0]
    share = _share_equal(lists[question], lists[answer])
    if share < _MOSTLY and len(lists[question]) > 1:
        return None
    for i, (a, b) in enumerate(zip(lists[question], lists[answer], strict=True)):
        if a and b and len(a) != len(b):
            raise DataError(str(_LENGTHS), **_lengths(table, i, question, a, answer, b))
    text = N_(
        "The lists {first} and {second} are equally long, so each question was taken with the "
        "answer at the same place."
    )
    note = Message(text, {"first": question, "second": answer})
    return _unrolled(
        table,
        question,
        "",
        lambda i: [_Judged(item) for item in lists[question][i]],
        notes=[note],
        beside={answer: lists[answer]},
    )


# Rows


def _unrolled(
    table: Table,
    texts: str,
    judgement: str,
    parts: Callable[[int], list[_Judged]],
    *,
    notes: Sequence[Message],
    dropped: Sequence[str] = (),
    beside: Mapping[str, list[list[object]]] | None = None,
    odd: Callable[[int], Message | None] = lambda i: None,
) -> Table:
    """Return a table with a row per text and its judgement in the columns of these names.

    Parameters
    ----------
    parts : callable
        Returns the judged texts of a row of ``table``.
    dropped : sequence of str
        Columns that go into these.
    beside : mapping of column to lists
        What runs along with the texts.
    odd : callable
        Returns why a row cannot be taken apart.
    """
    beside = beside or {}
    source: list[int] = []
    found: list[tuple[object, object]] = []
    along: dict[str, list[str]] = {column: [] for column in beside}
    aside = list(table.unreadable)
    for i, row in enumerate(table.row_numbers.tolist()):
        why = odd(i)
        if why is not None:
            aside.append(SetAside(row, why))
            continue
        judged = parts(i) or [_Judged("")]
        for k, one in enumerate(judged):
            source.append(i)
            found.append((one.text, one.judgement))
            for column, lists in beside.items():
                along[column].append(_cell(lists[i][k]) if k < len(lists[i]) else "")
        if len(source) > MAX_ROWS:
            raise DataError(
                "The lists in the file make more than {rows} rows. Upload a part of it.",
                rows=MAX_ROWS,
            )
    order = np.array(source, np.int64)
    made = {texts: [_cell(text) for text, _ in found]} | along
    if judgement:
        made[judgement] = [cell_text(mark) for _, mark in found]
    data: dict[str, object] = {}
    for column in _places(table, [texts, judgement], dropped):
        if column in made:
            data[column] = pd.array(made[column], dtype="str")
        else:
            data[column] = table.frame[column].array.take(order)
    return dataclasses.replace(
        table,
        columns=tuple(data),
        frame=pd.DataFrame(data, columns=list(data)),
        row_numbers=table.row_numbers[order],
        wrong=table.wrong[order] if len(table.wrong) else table.wrong,
        warnings=(*table.warnings, *notes),
        unreadable=tuple(aside),
        judged=(texts, judgement) if judgement else (),
    )


def _places(table: Table, made: Sequence[str], dropped: Sequence[str]) -> Iterator[str]:
    """Yield the columns of the new table; made ones stand where the first of them stood."""
    new = [column for column in made if column and column not in table.columns]
    placed = False
    for column in table.columns:
        if column in dropped:
            if not placed and column not in made:
                yield from new
                placed = True
            if column not in made:
                continue
        yield column
    if not placed:
        yield from new


def _cell(item: object) -> str:
    if isinstance(item, dict | list):
        return text_of(item)
    return cell_text(item)
