"""Lists of questions line by line: marks of a list and counts come off, also where JSON has them.

A line of words is a question as it stands. ``- refund``, ``3. refund``, ``120 refund`` (as
``sort | uniq -c`` writes) and ``refund (120)`` hold more than that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from core.data.judging.ratings import read_numbers
from core.data.reading.upload import Upload
from core.data.table import Table, build_table
from core.messages import N_, Message

_NEARLY_ALL = 0.9  # share of lines that have the form
_FEWEST = 3  # lines that show one
_FEWEST_BARE = 5  # numbers in order without a sign behind them
_BULLET = re.compile(
    r"(?:[-–—*+]\s+|[•‣▪▫●○◦·・►▶➤■□]\s*|[①-⑳㉑-㉟㊱-㊿]\s*)(?:\[[ xX]?\]\s*)?(?=\S)"
)
# 1.5 is no mark of a list, "1. 5 star hotel" has one
_NUMBERED = re.compile(r"[(（]?(\d{1,6})\s*([.)）、．:：])(?:\s*(?=[^\s\d])|\s+(?=\d))")
_MOMENT = re.compile(
    r"[\[(]?((?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{4})"
    r"(?:[T_, ]\s*\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)?)"
    r"[\])]?\s*(?:[,;|:：–—-]\s*|\s)(?=\S)"
)
_TIMES = r"(?:x|×|times|mal|fois|veces|volte|vezes|keer|回|件|次|번|회|searches|hits|views)?"
_NUMBER = r"\d[\d.,'’\u00a0\u202f]*"
_COUNT_FIRST = re.compile(rf"({_NUMBER})\s*({_TIMES})\s*[:：–—-]?\s+(.*\S)|({_NUMBER})", re.I)
_COUNT_LAST = re.compile(
    rf"(.*\S)(?:\s*[(\[（]\s*({_NUMBER})\s*{_TIMES}\s*[)\]）]"
    rf"|\s{{2,}}({_NUMBER})|\s+[x×]\s?({_NUMBER})"
    rf"|(?P<loose>\s*[:：=]\s*|\s+[–—-]+\s*)({_NUMBER}))",
    re.I,
)
_ALIGNED = re.compile(r"( *\d+) ")
_YEARS = range(1900, 2101)


def plain_lines(table: Table, written: str = "") -> Table:
    """Take the marks of a list and the counts off the texts of a table of one column.

    Parameters
    ----------
    written : str
        The lines as they stand in the file, where numbers may be put below one another.
    """
    (column,) = table.columns
    texts: list[str] = table.frame[column].tolist()
    warnings: list[Message] = []
    bare = _without_marks(texts)
    if bare != texts:
        text = N_("The marks of a list before the questions were taken off (first: {example}).")
        example = next(old for old, new in zip(texts, bare, strict=True) if old != new)
        warnings.append(Message(text, {"example": example[:40]}))
    if dated := _dated(bare):
        text = N_("The date before each question was read as when it was asked ({example}).")
        warnings.append(Message(text, {"example": bare[0][:40]}))
        return _with_column(table, "date", *dated, warnings)
    counted = _counted_first(bare, _is_aligned(written)) or _counted_last(bare)
    if counted is None:
        if example := _uncertain(bare):
            text = N_(
                "The numbers beside the questions may be part of them, so they were left there "
                "({example}). If they say how often each was asked, put them in a column of "
                "their own."
            )
            warnings.append(Message(text, {"example": example[:40]}))
        if not warnings:
            return table
        frame = table.frame.assign(**{column: bare})
        return replace(table, frame=frame, warnings=(*table.warnings, *warnings))
    text = N_("The number beside each question was read as how often it was asked ({example}).")
    warnings.append(Message(text, {"example": bare[0][:40]}))
    return _with_column(table, "count", *counted, warnings)


def _with_column(
    table: Table,
    name: str,
    questions: Sequence[str],
    values: Sequence[str],
    warnings: Sequence[Message],
) -> Table:
    """Return a table of one column with what stood beside its texts in a second one."""
    (column,) = table.columns
    return replace(
        table,
        columns=(column, name),
        frame=table.frame.assign(**{column: questions, name: values}),
        warnings=(*table.warnings, *warnings),
    )


def _without_marks(texts: Sequence[str]) -> list[str]:
    """Take off bullets or the numbers of a list where nearly all lines have them."""
    if len(texts) < _FEWEST:
        return list(texts)
    for mark in (_BULLET, _NUMBERED):
        found = [mark.match(text) for text in texts]
        if sum(map(bool, found)) < _NEARLY_ALL * len(texts):
            continue
        bare = [
            text[match.end() :] if match else text for text, match in zip(texts, found, strict=True)
        ]
        signs = {match[2] for match in found if match} if mark is _NUMBERED else set()
        if not signs & {":", "："} or _is_numbering([int(match[1]) for match in found if match]):
            return bare
    plain = [re.match(r"(\d{1,6})\s+(?=\S)", text) for text in texts]
    numbers = [int(match[1]) for match in plain if match]
    # fewer may be questions: 1 person tent, 2 person tent
    if len(numbers) == len(texts) >= _FEWEST_BARE and numbers == list(range(1, len(texts) + 1)):
        return [text[match.end() :] for text, match in zip(texts, plain, strict=True) if match]
    return list(texts)


def _dated(texts: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Return questions and dates where nearly every line begins with a date."""
    found = [_MOMENT.match(text) for text in texts]
    if len(texts) < _FEWEST or sum(map(bool, found)) < _NEARLY_ALL * len(texts):
        return None
    questions = [t[m.end() :] if m else t for t, m in zip(texts, found, strict=True)]
    return questions, [match[1] if match else "" for match in found]


def _is_numbering(numbers: Sequence[float]) -> bool:
    """Tell whether numbers order lines: each a little more than the one before."""
    steps = [after - before for before, after in pairwise(numbers)]
    return all(step >= 1 for step in steps) and numbers[-1] <= numbers[0] + 2 * len(numbers)


def _is_aligned(written: str) -> bool:
    """Tell whether numbers are put below one another, as ``uniq -c`` does."""
    lines = [line for line in written.splitlines() if line.strip()]
    ends = [match.end() for line in lines if (match := _ALIGNED.match(line))]
    return len(ends) == len(lines) > 1 and len(set(ends)) == 1 and written[:1] == " "


def _counted_first(texts: Sequence[str], aligned: bool) -> tuple[list[str], list[str]] | None:
    """Return questions and counts where every line begins with a number that counts.

    Numbers that are put below one another do, and those in order, the most frequent first; "2
    person tent" and "4 season tent" are questions, and so is a list of them in order.
    """
    found = [_COUNT_FIRST.fullmatch(text) for text in texts]
    if len(texts) < _FEWEST or not all(found):
        return None
    matches = [match for match in found if match]
    counts = [match[1] or match[4] for match in matches]
    values = _values(counts)
    if values is None:
        return None
    marked = all(match[2] for match in matches)
    if not (marked or (aligned and not _is_numbering(values)) or _is_falling(values)):
        return None
    return [match[3] or "" for match in matches], counts


def _counted_last(texts: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Return questions and counts where nearly every line ends with a number set apart.

    Numbers in rising order, and behind a text that stands there twice (iphone: 15, iphone: 14), are
    no counts; those behind a colon or a dash are where the most frequent come first.
    """
    found = [_COUNT_LAST.fullmatch(text) for text in texts]
    if len(texts) < _FEWEST or sum(map(bool, found)) < _NEARLY_ALL * len(texts):
        return None
    counts = [match[match.lastindex or 0] if match else "" for match in found]
    values = _values([count for count in counts if count])
    if values is None or len(set(values)) == 1 or set(values) <= set(_YEARS):
        return None
    loose = any(match["loose"] for match in found if match)
    rising = bool((np.diff(values) >= 0).all())
    questions = [m[1] if m else text for text, m in zip(texts, found, strict=True)]
    if (loose and not _is_falling(values)) or rising or len(set(questions)) < len(questions):
        return None
    return questions, counts


def _is_falling(values: Sequence[float]) -> bool:
    """Tell whether numbers come in the order of lists of counts, the largest first.

    A last one may be their sum. Few may be in order by chance, and 5, 4, 3, 2, 1 count down.
    """
    if values[-1] == sum(values[:-1]):
        values = values[:-1]
    steps = np.diff(values)
    return (
        len(values) >= _FEWEST_BARE
        and bool((steps <= 0).all())
        and bool((steps != -1).any())
        and bool(steps.any())
    )


def _uncertain(texts: Sequence[str]) -> str:
    """Return the first text where all have a number beside them that may be a count, else ""."""
    for form in (_COUNT_FIRST, _COUNT_LAST):
        found = [match for text in texts if (match := form.fullmatch(text))]
        numbers = {match[match.lastindex or 0] for match in found if form is _COUNT_LAST}
        years = bool(numbers) and numbers <= set(map(str, _YEARS))
        if len(texts) >= _FEWEST and len(found) == len(texts) and not years:
            return "" if "://" in texts[0] else texts[0]
    return ""


def _values(counts: Sequence[str]) -> list[float] | None:
    values = read_numbers(counts).values
    return [values[count] for count in counts] if set(counts) <= set(values) else None


def counted_map(upload: Upload) -> Table | None:
    """Return the questions of JSON that gives each its count: ``{"refund": 12, …}``."""
    document = upload.document
    if isinstance(document, dict) and len(document) == 1:
        (inner,) = document.values()
        document = inner if isinstance(inner, dict | list) else document
    pairs: list[tuple[object, ...]] = []
    if isinstance(document, dict):
        pairs = list(document.items())
    elif isinstance(document, list):
        pairs = [tuple(item) for item in document if isinstance(item, list) and len(item) == 2]
        if len(pairs) < len(document):
            return None
    counted = all(isinstance(text, str) and type(n) in (int, float) for text, n in pairs)
    if len(pairs) < _FEWEST or not counted:
        return None
    return build_table(
        ["query", "count"],
        [[str(text), f"{n}"] for text, n in pairs],
        range(1, len(pairs) + 1),
        name=upload.name,
        kind="json",
        encoding=upload.decoded.encoding,
        warnings=upload.decoded.warnings,
    )
