"""JSON as people and programs write it by hand: comments, commas too many, several documents."""

from __future__ import annotations

import json
import re

from core.messages import N_, Message

_STRING = r'"(?:[^"\\]|\\.)*+"'
_COMMENT = r"//[^\n]*|/\*.*?\*/|(?<![^\n])[ \t]*#[^\n]*"
_PARTS = re.compile(rf"({_STRING})|({_COMMENT})|,(?=(?:\s|{_COMMENT})*[\]}}])", re.DOTALL)
_BETWEEN = re.compile(r"[\s,]*")
_LONGEST = 20_000_000  # signs of a text that is looked through for what to mend
_UNCLOSED = 100  # beginnings of comments, each of which is looked for its end
_COMMENTS = N_("The file holds comments, which JSON does not know; they were left out.")
_COMMAS = N_("The file holds commas with nothing behind them; they were left out.")
_INSIDE = N_("The file is one text that holds JSON; what is in it was read.")
_SEVERAL = N_("The file holds {count} JSON documents, one after another; they were put together.")


def mended(text: str) -> tuple[str, list[Message]]:
    """Return a text without comments and commas too many, its lines as before, and what was done.

    Only for texts that are no JSON: what comes out is what was meant where it is JSON, as no sign
    inside quotes is touched.
    """
    if len(text) > _LONGEST or text.count("/*") > text.count("*/") + _UNCLOSED:
        return text, []
    seen: dict[str, None] = {}

    def kept(part: re.Match[str]) -> str:
        if part[1] is not None:
            return part[1]
        seen[_COMMAS if part[2] is None else _COMMENTS] = None
        return "\n" * part[0].count("\n")

    bare = _PARTS.sub(kept, text)
    return (bare, [Message(note) for note in seen]) if seen else (text, [])


def mended_line(line: str) -> tuple[str, list[Message]]:
    """Return a line of JSONL without a comma at its end and what :func:`mended` takes out."""
    bare, notes = mended(line)
    bare = bare.strip()
    if bare.endswith(","):
        return bare[:-1], [*notes, *([] if Message(_COMMAS) in notes else [Message(_COMMAS)])]
    return bare, notes


def unwrapped(document: object) -> tuple[object, list[Message]]:
    """Return the document that a JSON text holds as a text, with a note; else itself."""
    found = document
    for _ in range(2):
        if not isinstance(found, str) or found.lstrip()[:1] not in ("[", "{", '"'):
            break
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return document, []
    return found, [] if found is document else [Message(_INSIDE)]


def several(text: str) -> tuple[list[tuple[int, object]], list[Message]]:
    """Return the objects and lists of a text that holds several, with the line of each.

    Empty where it is not made of them.
    """
    decoder = json.JSONDecoder()
    documents: list[tuple[int, object]] = []
    line = 1
    counted = 0
    place = _after(text, 0)
    while place < len(text):
        try:
            document, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return [], []
        if not isinstance(document, dict | list):
            return [], []
        line += text.count("\n", counted, place)
        counted = place
        documents.append((line, document))
        place = _after(text, end)
    if len(documents) < 2:
        return [], []
    return documents, [Message(_SEVERAL, {"count": len(documents)})]


def _after(text: str, place: int) -> int:
    between = _BETWEEN.match(text, place)
    return between.end() if between else place
