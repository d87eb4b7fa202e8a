"""What people write into one cell when it is no plain text: nothing, a number, a whole list."""

from __future__ import annotations

import ast
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

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

_MINUS = str.maketrans(dict.fromkeys("−–‒﹣－", "-") | dict.fromkeys("\xa0\u202f\u2009’'`", " "))
_GROUPED_BY_BLANK = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
_DIGITS = re.compile(r"[-+]?(?:\d[\d.,]*|[.,]\d+)(?:e[-+]?\d+)?")
_ARRAY = re.compile(r"\barray\((\[[^\[\]]*\])(?:,\s*dtype=[\w.'<>]+)?\)")
_STRING = r"""(?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")"""
_STRINGS = re.compile(_STRING, re.DOTALL)
_UNSEPARATED = re.compile(rf"\[\s*{_STRING}(?:\s+{_STRING})+\s*\]", re.DOTALL)  # as numpy prints


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
    return str(value)


def nested_value(text: str) -> list[object] | dict[str, object] | None:
    """Return the list or object that a cell spells out, None where it is an ordinary text.

    Read are JSON, the way Python prints (``['a', 'b']``) and the way numpy does (``['a' 'b']``,
    ``array(['a'], dtype=object)``). A list counts only where a text or an object is in it, so that
    ``[1]`` and ``[see below]`` stay what they are.
    """
    plain = text.strip()
    if plain[:1] + plain[-1:] not in ("[]", "{}", "()") and not plain.startswith("array("):
        return None
    try:
        value = json.loads(plain)
    except (ValueError, RecursionError):
        value = _python_value(plain)
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()} if value else None
    if isinstance(value, list) and any(isinstance(item, str | dict | list) for item in value):
        return value
    return [] if value == [] else None


def _python_value(text: str) -> object:
    """Return what Python or numpy printed; numpy leaves out the commas, which Python would glue."""
    text = _ARRAY.sub(r"\1", text)
    text = _UNSEPARATED.sub(lambda array: f"[{', '.join(_STRINGS.findall(array[0]))}]", text)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


@dataclass(frozen=True)
class NumberStyle:
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal : str
        ``.`` or ``,``.
    certain : bool
        False where ``1,000`` or ``1.000`` could be a thousand or one.
    example : str
        A number that shows it, as written.
    """

    decimal: str = "."
    certain: bool = True
    example: str = ""


def plain_number(text: str) -> str:
    """Return a number in ASCII: full-width digits, the real minus sign, blanks between thousands.

    What stands beside the number (%, /5, a currency) stays.
    """
    if text.isascii() and "'" not in text and " " not in text:
        return text.casefold()
    plain = unicodedata.normalize("NFKC", text.translate(_MINUS)).translate(_MINUS)
    return _GROUPED_BY_BLANK.sub("", plain.strip()).casefold()


def number_style(texts: Iterable[str]) -> NumberStyle:
    """Tell from all numbers of a column whether point or comma is the decimal sign.

    ``1.000,5`` and ``0,5`` say comma, ``1,000.5`` and ``0.5`` say point. Where nothing does, three
    digits after a comma are thousands and three after a point decimals, and it is not certain.
    """
    votes: Counter[str] = Counter()
    example: dict[str, str] = {}
    open_: dict[str, str] = {}
    for text in texts:
        found = _DIGITS.search(plain_number(text))
        number = found[0] if found else ""
        signs = [sign for sign in number if sign in ".,"]
        if not signs:
            continue
        whole, _, rest = number.partition("e")[0].lstrip("+-").rpartition(signs[-1])
        if len(set(signs)) == 2:
            decimal = signs[-1]
        elif len(signs) > 1:  # 1.000.000: thousands
            decimal = "," if signs[0] == "." else "."
        elif len(rest) != 3 or len(whole) > 3 or whole in ("", "0"):
            decimal = signs[0]
        else:
            open_.setdefault(signs[0], text)
            continue
        votes[decimal] += 1
        example.setdefault(decimal, text)
    if votes:
        decimal = max(votes, key=lambda sign: (votes[sign], sign == "."))
        return NumberStyle(decimal, len(votes) == 1, example[decimal])
    return NumberStyle(".", not open_, open_.get(",") or open_.get(".") or "")


def number_in(text: str, style: NumberStyle) -> float | None:
    """Return the number that a cell holds and nothing else, None where it is no number."""
    plain = plain_number(text)
    found = _DIGITS.fullmatch(plain)
    if found is None:
        return None
    group = "," if style.decimal == "." else "."
    number = plain.replace(group, "").replace(style.decimal, ".")
    if group in plain and not _is_grouped(plain, group, style.decimal):
        # 0,5 in a column with points: one sign of the other kind that cannot part thousands
        number = plain.replace(group, ".")
    try:
        value = float(number)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _is_grouped(plain: str, group: str, decimal: str) -> bool:
    whole = plain.lstrip("+-").partition("e")[0].partition(decimal)[0]
    parts = whole.split(group)
    return 1 <= len(parts[0]) <= 3 and parts[0] != "0" and all(len(part) == 3 for part in parts[1:])
