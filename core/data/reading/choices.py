"""Choices with the key of the right one: in lists, in objects, in columns of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.data.cells import cell_text
from core.data.columns.column_names import (
    WEAK_NAMES,
    both_of_two,
    name_list,
    names_texts,
    plain_name,
    role_of,
    words_of,
)
from core.data.judging.ratings import read_numbers
from core.data.reading.row_kinds import asks
from core.data.reading.unfolding import text_of
from core.data.reading.unrolling import (
    MOSTLY,
    PARALLEL,
    SAMPLE,
    JudgedText,
    holds_texts,
    is_mark,
    listed,
    share_equal,
    unrolled,
)
from core.data.table import Table
from core.errors import DataError
from core.messages import N_, Message

CHOICES = re.compile(
    "choice|option|candidate|alternative|antwortmöglichkeit|auswahl|opciones|opción|選択肢|选项"
    "|選項|보기"
)
_LETTERED = re.compile(
    r"(?:(?P<stem>option|choice|answer|opt|ending|sol|solution|response|candidate|alternative|"
    r"antwort|auswahl|réponse|reponse|opción|opcion|respuesta|選択肢|选项|選項|回答|op|ans)[\s_.-]*|"
    r"(?P<path>\w+)\.)?\(?(?P<letter>[a-h]|[0-9])[).:]?"
)
_KEYS = frozenset(
    name_list(
        "answer answers answerkey key correct correctanswer correctoption correctindex",
        "correctchoice correctidx correctletter correctanswerindex correctanswerletter",
        "correctlabel label labels gold goldlabel goldindex goldidx goldanswer",
        "answerindex answeridx answerid answerletter answernumber letter solution",
        "solutionindex cop target targetidx rightanswer rightchoice winner preferred",
        "preference better best bestanswer bestindex richtig richtige richtigeantwort",
        "lösung loesung antwort korrekt réponse reponse bonneréponse bonnereponse",
        "correcte respuestacorrecta correcta respuesta 正解 正答 解答 答え 答案 正确答案 정답",
    )
)
# Keys that say which of two is better: no label of a pair of texts.
_PREFERRING = frozenset(
    name_list("winner preferred preference better best bestanswer bestindex chosen choice")
)
_OUTPUTS = frozenset(name_list("output outputs"))
_PREFIXED = re.compile(r"\s*\(?([A-Ha-h])\s*[).:]\s*")


def choice_lists(table: Table, lists: Mapping[str, list[list[object]]]) -> Table | None:
    """Find choices in a list or an object, and the key beside them; None where there are none."""
    for column, rows in lists.items():
        head = column.split(".")[0]
        if not CHOICES.search(head.casefold()):
            continue
        held = [item for found in rows for item in found]
        if all(map(is_mark, held)) and plain_name(column.split(".")[-1]) in ("label", "labels"):
            continue
        if "." in column and plain_name(column.split(".")[-1]) in ("label", "labels", "key", "id"):
            continue
        own = next(
            (
                c
                for c in lists
                if c != column and "." in c and c.split(".")[0] == head
                if share_equal(lists[c], rows) >= PARALLEL
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


def choice_columns(table: Table) -> Table | None:
    """Find the choices in columns of their own: ``A`` to ``D``, ``option 1`` to ``option 4``."""
    groups: dict[str, dict[str, str]] = {}
    for column in table.columns:
        match = _LETTERED.fullmatch(plain_spaced(column))
        if match is not None:
            stem = match["stem"] or match["path"] or ""
            groups.setdefault(stem, {})[match["letter"]] = column
    for members in (*groups.values(), *_two_texts(table)):
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


def _two_texts(table: Table) -> list[dict[str, str]]:
    """Return pairs of columns of texts whose names end in A and B: two replies to compare."""
    return [
        pair
        for stem, pair in both_of_two(table.columns).items()
        if all(holds_texts(table, column) for column in pair.values())
        if _reply(table, stem, pair)
    ]


def _reply(table: Table, stem: str, pair: Mapping[str, str]) -> bool:
    """Tell whether two texts are replies to a third, and not a pair with a label itself.

    ``text_a, text_b, label`` has no column that asks them both.
    """
    others = [c for c in table.columns if c not in pair.values()]
    texts = [c for c in others if holds_texts(table, c)]
    asked = any(
        role_of(c) == "question"
        or (plain_name(c) in WEAK_NAMES["question"] and plain_name(c) != "name")
        or (_mostly_asks(table, c) and not _mostly_asks(table, pair["a"]))
        for c in texts
    )
    prefers = any(_PREFERRING & {plain_name(c), *words_of(c)} for c in others)
    return asked or prefers or bool(texts and not names_texts(stem))


def _mostly_asks(table: Table, column: str) -> bool:
    cells = [cell for cell in table.frame[column].head(SAMPLE).tolist() if cell]
    return 2 * sum(map(asks, cells)) >= len(cells)


def _first_is_one(
    table: Table, cells: Sequence[str], taken: Sequence[str]
) -> tuple[bool | None, str]:
    """Tell whether 1 means the first of two, by the scores that both have; None where none do.

    Returns
    -------
    tuple of (bool or None, str)
        And the names of the scores.
    """
    scored = both_of_two([column for column in table.columns if column not in taken])
    for pair in scored.values():
        values = [read_numbers(table.frame[pair[side]].tolist()).values for side in "ab"]
        told = [
            (cell == "1") == (values[0][a] > values[1][b])
            for cell, a, b in zip(cells, *(table.frame[pair[side]] for side in "ab"), strict=True)
            if cell in ("0", "1") and a in values[0] and b in values[1]
            if values[0][a] != values[1][b]
        ]
        if told and (share := sum(told) / len(told)) not in (0.5,):
            return share > 0.5, f"{pair['a']}, {pair['b']}"
    return None, ""


def preferred_first(table: Table, lists: Mapping[str, list[list[object]]]) -> Table | None:
    """Find two outputs to one instruction in a list, the better one first (preference data)."""
    if not any(plain_name(column) == "instruction" for column in table.columns):
        return None
    for column, rows in lists.items():
        filled = [found for found in rows if found]
        if plain_name(column) not in _OUTPUTS or not filled:
            continue
        if any(len(found) != 2 or any(map(is_mark, found)) for found in filled):
            continue
        text = N_(
            "Each row of {column} holds two texts, as in preference data: the first counts as "
            "right, the second as wrong."
        )

        def judged(i: int, rows: Sequence[list[object]] = rows) -> list[JudgedText]:
            return [JudgedText(item, mark) for item, mark in zip(rows[i], "10", strict=False)]

        note = Message(text, {"column": column})
        return unrolled(table, column, "rating", judged, notes=[note])
    return None


def plain_spaced(name: str) -> str:
    """Return a column name without case and outer spaces."""
    return name.strip().casefold()


def _with_key(
    table: Table, title: str, parts: Sequence[list[tuple[str, str]]], taken: Sequence[str]
) -> Table | None:
    """Return the choices in rows of their own, None where no column says which is right."""
    sample = range(min(len(parts), SAMPLE))
    for column in table.columns:
        named = plain_name(column) in _KEYS or bool(
            {"correct", "gold", "right", "winner"} & set(words_of(column)) and len(column) < 40
        )
        if column in taken or not named:
            continue
        cells = table.frame[column].tolist()
        first, ambiguous = _first_index(cells, parts)
        turned: list[Message] = []
        if {cell for cell in cells if cell} == {"0", "1"} and all(len(p) == 2 for p in parts if p):
            cells, turned = _two_numbers(table, title, column, cells, taken)
        fits = [bool(_picked(cells[i], parts[i], first)) for i in sample if cells[i] and parts[i]]
        if not fits or sum(fits) < MOSTLY * len(fits):
            continue
        odd = next(
            (i for i in sample if cells[i] and parts[i] and not _picked(cells[i], parts[i], first)),
            None,
        )
        if odd is not None and sum(fits) < PARALLEL * len(fits):
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
        notes = [Message(text, {"key": column, "choices": title}), *turned]
        if ambiguous:
            text = N_(
                "The numbers in {key} may count from 0 or from 1; they were read as counting from "
                "{first}. Look at the right answers before you go on."
            )
            notes.append(Message(text, {"key": column, "first": first}))

        def judged(i: int, cells: Sequence[str] = cells, first: int = first) -> list[JudgedText]:
            right = _picked(cells[i], parts[i], first)
            return [
                JudgedText(text, ("1" if k in right else "0") if right else "")
                for k, (_, text) in enumerate(parts[i])
            ]

        return unrolled(table, title, column, judged, notes=notes, dropped=taken)
    return None


def _two_numbers(
    table: Table, title: str, key: str, cells: list[str], taken: Sequence[str]
) -> tuple[list[str], list[Message]]:
    """Return a key of 0 and 1 as places of two choices, and what is said of it.

    Some files count places (0 = the first), others say whether the first is the better one; scores
    of both tell, else it is asked.
    """
    is_first, scores = _first_is_one(table, cells, taken)
    if is_first:
        text = N_("1 in {key} means the first of {choices}: {scores} say so.")
        flipped = {"0": "1", "1": "0"}
        values = {"key": key, "choices": title, "scores": scores}
        return [flipped.get(cell, cell) for cell in cells], [Message(text, values)]
    if is_first is None:
        text = N_(
            "0 in {key} was read as the first of {choices} and 1 as the second. If it says the "
            "opposite, exchange right and wrong by choosing the scale 1 to 0 of the ratings."
        )
        return cells, [Message(text, {"key": key, "choices": title})]
    return cells, []


def _first_index(cells: Sequence[str], parts: Sequence[list[tuple[str, str]]]) -> tuple[int, bool]:
    """Return whether numbers count from 0 or from 1, and whether nothing tells it."""
    pairs = [(int(c), len(p)) for c, p in zip(cells, parts, strict=True) if c.isdigit() and p]
    labelled = any(label.isdigit() for p in parts[:SAMPLE] for label, _ in p)
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
        items = [cell_text(item) for item in listed(plain)]
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
