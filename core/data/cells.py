"""What people write into one cell when it is no plain text: nothing, a whole list."""

from __future__ import annotations

import ast
import html
import json
import math
import re
from datetime import date, datetime, time, timedelta
from typing import cast

_ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!"}
)
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # how XLSX writes signs that XML forbids
# How databases, programs and people say that a cell is empty; compared without case and width.
_NOTHING = frozenset(
    {
        *("null", "(null)", "<null>", "\\n", "nil", "none", "(none)", "nan", "<na>", "nat"),
        *("na", "n/a", "n.a.", "#n/a", "n/a.", "undefined", "(blank)", "(empty)", "(leer)"),
        *("k.a.", "k. a.", "s/o", "n/d", "n.d.", "該当なし", "未回答", "未入力", "無回答"),
        *("-", "--", "---", "–", "—", "−", "ー", "―", "."),
    }
)
_WIDE = {code: chr(code + 0xFEE0) for code in range(0x21, 0x7F)}  # full-width forms
# All ways to write them, so that a column of half a million cells is looked at in one go.
NOTHING_WRITTEN = frozenset(
    form
    for word in _NOTHING
    for case in (word, word.upper(), word.capitalize(), word.title())
    for form in (case, case.translate(_WIDE))
) | {"NaN", "<NaN>", "NaT", "N.a."}

_ARRAY = re.compile(r"\barray\((\[[^\[\]]*\])(?:,\s*dtype=[\w.'<>]+)?\)")
_WHOLE_ARRAY = re.compile(r"array\((.*?)(?:,\s*dtype=[\w.'<>]+)?\)", re.DOTALL)
_STRING = r"""(?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")"""
_STRINGS = re.compile(_STRING, re.DOTALL)
_UNSEPARATED = re.compile(rf"\[\s*{_STRING}(?:\s+{_STRING})+\s*\]", re.DOTALL)  # as numpy prints
_NUMBERS = re.compile(r"\[[-+\d.eE\s]+\]|\[(?:\s*(?:True|False))+\s*\]")

_TAG = re.compile(r"<[^<>]{1,400}>")
_BREAK = re.compile(r"<\s*(?:br|/p|/li|/div|/h\d|/tr)\b[^<>]*>", re.IGNORECASE)


def plain_text(text: str) -> str:
    """Return a text without HTML tags and entities, where it has any."""
    if "<" in text and _TAG.search(text):
        text = _TAG.sub("", _BREAK.sub("\n", text))
    return html.unescape(text).strip() if "&" in text else text.strip()


def is_nothing(text: str) -> bool:
    r"""Tell whether a cell says that it is empty: ``NULL``, ``\N``, ``NaN``, ``N/A``, ``-``."""
    return text in NOTHING_WRITTEN


def cell_text(value: object) -> str:
    """Return a value without a number format as a reader sees it: 3.0 is 3, errors are empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        if value in _ERRORS:
            return ""
        return _ESCAPED.sub(lambda m: chr(int(m[1], 16)), value) if "_x" in value else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime):
        if value.time() == time(0):
            return value.date().isoformat()
        return value.strftime("%Y-%m-%d %H:%M:%S" if value.second else "%Y-%m-%d %H:%M")
    if isinstance(value, time):
        return value.strftime("%H:%M:%S" if value.second else "%H:%M")
    if isinstance(value, date | timedelta):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    try:
        return str(value)
    except ValueError:  # a whole number of more digits than Python writes out
        return ""


def nested_value(text: str) -> list[object] | dict[str, object] | None:
    """Return the list or object that a cell spells out, None where it is an ordinary text.

    Read are JSON, the way Python prints (``['a', 'b']``) and the way numpy does (``['a' 'b']``,
    ``array(['a'], dtype=object)``). A list counts only where a text or an object is in it, so that
    ``[1]`` and ``[see below]`` stay what they are.
    """
    value = printed_value(text)
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()} if value else None
    if isinstance(value, list) and any(isinstance(item, str | dict | list) for item in value):
        return value
    return [] if value == [] else None


def printed_value(text: str) -> object:
    """Return the list or object that a program printed, of numbers too; None for any other text.

    numpy leaves out the commas: Python would glue texts together and not understand numbers.
    """
    plain = text.strip()
    if plain[:1] + plain[-1:] not in ("[]", "{}", "()") and not plain.startswith("array("):
        return None
    try:
        return cast(object, json.loads(plain))
    except (ValueError, RecursionError):
        return _python_value(plain)


def _python_value(text: str) -> object:
    whole = _WHOLE_ARRAY.fullmatch(text)  # its texts may hold brackets, too
    text = _ARRAY.sub(r"\1", whole[1] if whole else text)
    text = _UNSEPARATED.sub(lambda array: f"[{', '.join(_STRINGS.findall(array[0]))}]", text)
    if _NUMBERS.fullmatch(text):
        text = f"[{', '.join(text[1:-1].split())}]"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None
