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

from core.data.ratings import read_numbers
from core.data.reading.upload import Upload
from core.data.table import Table, build_table
from core.messages import N_, Message

_NEARLY_ALL = 0.9  # share of lines that have the form
_FEWEST = 3  # lines that show one
_FEWEST_BARE = 5  # numbers in order without a sign behind them
_BULLET = re.compile(
    r"(?:[-–—*+]\s+|[•‣▪▫●○◦·・►▶➤■□]\s*|[①-⑳㉑-㉟㊱-㊿]\s*)(?:\[[ xX]?\]\s*)?(?=\S)"
)
_NUMBERED = re.compile(r"[(（]?(\d{1,6})\s*([.)）、．:：])\s*(?=[^\s\d])")
_TIMES = r"(?:x|×|times|mal|fois|veces|volte|vezes|keer|回|件|次|번|회|searches|hits|views)?"
_NUMBER = r"\d[\d.,'’\u00a0\u202f]*"
_COUNT_FIRST = re.compile(rf"({_NUMBER})\s*({_TIMES})\s*[:：–—-]?\s+(.*\S)|({_NUMBER})", re.I)
_COUNT_LAST = re.compile(
    rf"(.*\S)(?:\s*[(\[（]\s*({_NUMBER})\s*{_TIMES}\s*[)\]）]"
    rf"|\s*[:：=]\s*({_NUMBER})|\s+[–—-]+\s*({_NUMBER})|\s{{2,}}({_NUMBER})|\s+[x×]\s?({_NUMBER}))",
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
    counted = _counted_first(bare, _is_aligned(written)) or _counted_last(bare)
    if counted is None:
        if not warnings:
            return table
        frame = table.frame.assign(**{column: bare})
        return replace(table, frame=frame, warnings=(*table.warnings, *warnings))
    text = N_("The number beside each question was read as how often it was asked ({example}).")
    warnings.append(Message(text, {"example": bare[0][:40]}))
    frame = table.frame.assign(**{column: counted[0], "count": counted[1]})
    return replace(
        table,
        columns=(column, "count"),
        frame=frame,
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


def _is_numbering(numbers: Sequence[int]) -> bool:
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

    Numbers that are put below one another do, and those in order, the most frequent first or last;
    "2 person tent" and "4 season tent" are questions.
    """
    found = [_COUNT_FIRST.fullmatch(text) for text in texts]
    if len(texts) < _FEWEST or not all(found):
        return None
    matches = [match for match in found if match]
    counts = [match[1] or match[4] for match in matches]
    values = _values(counts)
    if values is None:
        return None
    steps = np.diff(values)
    ordered = bool((steps <= 0).all() or (steps >= 0).all()) and len(set(values)) > 1
    marked = all(match[2] for match in matches)
    if not (aligned or ordered or marked):
        return None
    return [match[3] or "" for match in matches], counts


def _counted_last(texts: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Return questions and counts where nearly every line ends with a number set apart."""
    found = [_COUNT_LAST.fullmatch(text) for text in texts]
    if len(texts) < _FEWEST or sum(map(bool, found)) < _NEARLY_ALL * len(texts):
        return None
    counts = [next(filter(None, match.groups()[1:]), "") if match else "" for match in found]
    values = _values([count for count in counts if count])
    if values is None or len(set(values)) == 1 or set(values) <= set(_YEARS):
        return None
    pairs = zip(texts, found, strict=True)
    return [match[1] if match else text for text, match in pairs], counts


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
