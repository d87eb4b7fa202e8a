"""Numbers, dates and times as a spreadsheet program shows them in their cell's number format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

from core.data.cells import cell_text

GENERAL = "General"
LONGEST_CODE = 255
_PIECE = re.compile(
    r'"[^"]*"?|\\.|_.|\*.|\[[^\]]*\]|am/pm|a/p|General|E[+-]|y+|m+|d+|h+|s+(?:\.0+)?|[0#?]|.',
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?[\d.]+)\]")
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_SYMBOL = re.compile(r"\[\$([^\]-]*)(?:-([0-9A-Fa-f]+))?\]")
_LANGUAGES = {0x07: "de", 0x0C: "fr", 0x0A: "es", 0x10: "it", 0x13: "nl", 0x16: "pt", 0x15: "pl"}
_DATE_LETTERS = "ymdhs"
_SYSTEM_DATE = ("[$-F800]", "[$-F400]", "[$-x-sysdate]", "[$-x-systime]")
# Built-in formats that every computer shows in its own order: written in the one that all know.
_LOCAL_DATES = {"mm-dd-yy": "yyyy-mm-dd", "m/d/yy h:mm": "yyyy-mm-dd h:mm"}
# What exporting programs give every date: a time of zero says nothing.
_EXPORTED_DATES = ("yyyy-mm-dd h:mm:ss", "yyyy-mm-dd hh:mm:ss")
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)


@lru_cache(maxsize=100_000)
def shown(value: float, code: str, date1904: bool = False) -> tuple[str, bool]:
    """Return a number as its format shows it, and whether decimals were rounded away.

    What the format leaves to the reader's computer is written so that it cannot be misread: a
    point before the decimals, dates as year-month-day.
    """
    if code in ("", GENERAL, "@") or len(code) > LONGEST_CODE:
        return cell_text(value), False
    try:
        pieces, value, signed = _section(value, _LOCAL_DATES.get(code, code))
        if any(piece in _SYSTEM_DATE for piece in pieces):
            pieces = _pieces("h:mm:ss" if 0 <= value < 1 else "yyyy-mm-dd")
        if _is_date(pieces):
            return _date(value, pieces, date1904), False
        text, exact = _number(value, pieces)
    except (ValueError, OverflowError, InvalidOperation, ZeroDivisionError):
        return cell_text(value), False  # a format that no program writes
    return (f"-{text}" if signed and any(map(str.isdigit, text)) else text), not exact


def _pieces(section: str) -> list[str]:
    return [match[0] for match in _PIECE.finditer(section)]


@lru_cache(maxsize=1000)
def _sections(code: str) -> tuple[tuple[str, ...], ...]:
    """Cut a format at its semicolons; those in quotes, brackets and after a backslash are text."""
    parts: list[list[str]] = [[]]
    for piece in _pieces(code):
        if piece == ";":
            parts.append([])
        else:
            parts[-1].append(piece)
    return tuple(tuple(part) for part in parts)


def _section(value: float, code: str) -> tuple[Sequence[str], float, bool]:
    """Return the part of a format that counts for a number, its size, and if a minus is needed."""
    sections = _sections(code)
    conditions = [
        next((found for t in part if (found := _CONDITION.fullmatch(t))), None) for part in sections
    ]
    if any(conditions):
        for part, condition in zip(sections, conditions, strict=True):
            if condition is None or _holds(value, condition[1], float(condition[2])):
                return part, abs(value), value < 0
        return sections[-1], abs(value), value < 0
    numeric = [part for part in sections if "@" not in part] or [(GENERAL,)]
    if value < 0 and len(numeric) > 1:
        return numeric[1], -value, False
    if value == 0 and len(numeric) > 2:
        return numeric[2], value, False
    return numeric[0], abs(value), value < 0


def _holds(value: float, sign: str, limit: float) -> bool:
    return {
        "<": value < limit,
        "<=": value <= limit,
        ">": value > limit,
        ">=": value >= limit,
        "=": value == limit,
        "<>": value != limit,
    }[sign]


def _is_date(pieces: Sequence[str]) -> bool:
    return any(
        piece[0].lower() in _DATE_LETTERS or _ELAPSED.fullmatch(piece) for piece in pieces
    ) and not any(piece in "0#?" for piece in pieces)


def _literal(piece: str) -> str | None:
    """Return the text that a piece stands for, None where it is a placeholder."""
    if piece[0] == '"':
        return piece.strip('"')
    if piece[0] == "\\":
        return piece[1:]
    if piece[0] == "_" and len(piece) == 2:
        return " "
    if piece[0] == "*" and len(piece) == 2:
        return ""
    if piece[0] == "[":
        symbol = _SYMBOL.fullmatch(piece)
        return symbol[1] if symbol else ""
    return None


def _number(value: float, pieces: Sequence[str]) -> tuple[str, bool]:
    """Return the text of a size, and whether it says the whole value."""
    if any(piece.lower() == "general" for piece in pieces):
        texts = [cell_text(value) if t.lower() == "general" else _literal(t) or t for t in pieces]
        return "".join(texts).strip(), True
    places = [i for i, piece in enumerate(pieces) if piece in "0#?"]
    if not places:
        texts = [literal if (literal := _literal(t)) is not None else t for t in pieces]
        return "".join(texts).strip(), True
    if any(piece in "Ee" or piece[:2] in ("E+", "E-", "e+", "e-") for piece in pieces):
        return _scientific(value, pieces)
    if "/" in pieces[places[0] : places[-1]]:
        return _fraction(value, pieces)
    point = next((i for i, piece in enumerate(pieces) if piece == "."), len(pieces))
    whole = [i for i in places if i < point]
    decimals = [i for i in places if i > point]
    last = whole[-1] if whole else (decimals[-1] if decimals else 0)
    grouped = any(pieces[i] == "," for i in range(whole[0], whole[-1])) if whole else False
    scale = 0
    for piece in pieces[(decimals[-1] if decimals else last) + 1 :]:
        if piece != ",":
            break
        scale += 1
    number = Decimal(repr(value)) * 100 ** sum(t == "%" for t in pieces) / 1000**scale
    rounded = number.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
    integer, _, rest = f"{rounded:f}".partition(".")
    integer = integer.lstrip("0")
    needed = len(whole)
    digits = integer.rjust(needed) if len(integer) < needed else integer
    kept = len(rest)
    while kept and rest[kept - 1] == "0" and pieces[decimals[kept - 1]] in "#?":
        kept -= 1
    parts: list[str] = []
    for i, piece in enumerate(pieces):
        if piece in "0#?" and i < point:
            place = whole.index(i)
            begin = place + len(digits) - needed if place else 0
            for at in range(begin, place + len(digits) - needed + 1):
                sign = digits[at] if digits[at] != " " else ("0" if piece == "0" else "")
                left = len(digits) - at - 1
                parts.append(sign + ("," if grouped and sign and left and left % 3 == 0 else ""))
        elif piece in "0#?" and i > point:
            place = decimals.index(i)
            parts.append(rest[place] if place < kept else "")
        elif piece == "." and i == point:
            parts.append("." if kept else "")
        elif piece == ",":
            continue
        else:
            literal = _literal(piece)
            parts.append(piece if literal is None else literal)
    text = "".join(parts).strip()
    return text if text else "0", rounded == number


def _scientific(value: float, pieces: Sequence[str]) -> tuple[str, bool]:
    sign = next(i for i, piece in enumerate(pieces) if piece[0] in "Ee")
    point = next((i for i, piece in enumerate(pieces[:sign]) if piece == "."), sign)
    decimals = sum(piece in "0#?" for piece in pieces[point:sign])
    places = sum(piece in "0#?" for piece in pieces[sign:])
    mantissa, _, exponent = f"{value:.{decimals}E}".partition("E")
    power = int(exponent)
    mark = "-" if power < 0 else ("+" if pieces[sign].endswith("+") else "")
    text = f"{mantissa}E{mark}{abs(power):0{max(places, 1)}d}"
    return text, float(text) == value


def _fraction(value: float, pieces: Sequence[str]) -> tuple[str, bool]:
    slash = pieces.index("/")
    below = "".join(pieces[slash + 1 :]).strip()
    fixed = re.match(r"\d*[1-9]\d*", below)
    most = int(fixed[0]) if fixed else 10 ** max(1, sum(t in "0#?" for t in pieces[slash:])) - 1
    mixed = " " in pieces[:slash]
    whole = int(value) if mixed else 0
    part = Fraction(value - whole).limit_denominator(most)
    if fixed:
        part = Fraction(round((value - whole) * most), most)
    if part.numerator == part.denominator and mixed:
        whole, part = whole + 1, Fraction(0)
    texts = [str(whole)] if whole or not part else []
    if part:
        texts.append(f"{part.numerator}/{part.denominator}")
    return " ".join(texts), abs(float(whole + part) - value) < 1e-9


def _date(value: float, pieces: Sequence[str], date1904: bool) -> str:
    if "".join(pieces).lower() in _EXPORTED_DATES:
        return cell_text(_moment(value, date1904, 1_000_000))
    fine = any(piece[0] in "sS" and "." in piece for piece in pieces)
    moment = _moment(value, date1904, 1000 if fine else 1_000_000)
    half = any(piece.lower() in ("am/pm", "a/p") for piece in pieces)
    language = next(
        (
            _LANGUAGES.get(int(symbol[2], 16) & 0xFF, "en")
            for piece in pieces
            if (symbol := _SYMBOL.fullmatch(piece)) and symbol[2] and len(symbol[2]) <= 8
        ),
        "en",
    )
    texts = []
    for i, piece in enumerate(pieces):
        kind = piece[0].lower()
        elapsed = _ELAPSED.fullmatch(piece)
        if elapsed:
            unit = {"h": 3600, "m": 60, "s": 1}[elapsed[1][0].lower()]
            texts.append(str(round(value * 86400) // unit).zfill(len(elapsed[1])))
        elif piece.lower() in ("am/pm", "a/p"):
            text = "AM" if moment.hour < 12 else "PM"
            texts.append(text if len(piece) > 3 else text[0])
        elif kind == "m" and _is_minute(pieces, i):
            texts.append(str(moment.minute).zfill(min(len(piece), 2)))
        elif kind in _DATE_LETTERS and piece[0] not in '"\\[':
            texts.append(_date_part(moment, piece.lower(), half, language))
        else:
            literal = _literal(piece)
            texts.append(piece if literal is None else literal)
    return "".join(texts).strip()


def _moment(value: float, date1904: bool, step: int) -> datetime:
    """Return a day number as date and time, rounded to so many microseconds."""
    days = value + 1 if not date1904 and 1 <= value < 60 else value  # 1900 was no leap year
    moment = (_EPOCH_1904 if date1904 else _EPOCH) + timedelta(days=days, microseconds=step // 2)
    return moment - timedelta(microseconds=moment.microsecond % step)


def _is_minute(pieces: Sequence[str], place: int) -> bool:
    """Tell minutes from months: they follow hours or stand before seconds."""
    letters = [
        (i, (elapsed[1] if (elapsed := _ELAPSED.fullmatch(piece)) else piece)[0].lower())
        for i, piece in enumerate(pieces)
        if _ELAPSED.fullmatch(piece) or (_literal(piece) is None and piece[0].lower() in "ymdhs")
    ]
    at = next(n for n, (i, _) in enumerate(letters) if i == place)
    before = letters[at - 1][1] if at else ""
    after = letters[at + 1][1] if at + 1 < len(letters) else ""
    return before == "h" or after == "s"


def _date_part(moment: datetime, piece: str, half: bool, language: str) -> str:
    from babel.dates import format_datetime

    kind, count = piece[0], len(piece)
    if kind == "y":
        return f"{moment.year:04d}" if count > 2 else f"{moment.year % 100:02d}"
    if kind == "m" and count > 2:
        text = format_datetime(moment, {3: "MMM", 5: "MMMMM"}.get(count, "MMMM"), locale=language)
        return text
    if kind == "m":
        return str(moment.month).zfill(count)
    if kind == "d" and count > 2:
        return format_datetime(moment, "EEE" if count == 3 else "EEEE", locale=language)
    if kind == "d":
        return str(moment.day).zfill(count)
    if kind == "h":
        hour = (moment.hour % 12 or 12) if half else moment.hour
        return str(hour).zfill(min(count, 2))
    seconds, _, rest = piece.partition(".")
    fine = f".{moment.microsecond:06d}"[: len(rest) + 1] if rest else ""
    return str(moment.second).zfill(min(len(seconds), 2)) + fine
