"""Texts of lines alone: a line that asks, and below it those that answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from core.data.reading.documents.faq_documents import (
    ASKING,
    MOST_HEADING,
    TERM,
    Paragraph,
    pairs_table,
    question_blocks,
)
from core.data.reading.documents.marks import SIGNED, asked_by_mark, marks_in
from core.data.reading.upload import Upload
from core.data.table import Table
from core.messages import N_, Message

_ENDED = re.compile(r"[.!。！…:：)）\]」]\s*$")
_SECTION = 6  # level of a line above questions that names a section
_SHORT = 60  # signs of such a line
_NAMED = re.compile(r"([^\W\d_][^\W_]*(?:[ .'’-]{1,2}[^\W_]+){0,3}\.?):\s+(?=\S)")  # Anna: How …
_FEWEST_TURNS = 4
_ASKS = 0.8  # share of what the one says that asks, and of what the other says that does not
_FEW_LINES = 3  # of an answer, where only question marks tell what asks
_SAID_AT = re.compile(
    r"\W{0,2}\d{1,4}[./-]\d{1,2}[./-]\d{2,4}[,.]?\s+\d{1,2}[:.]\d\d(?:[:.]\d\d)?\s?(?:[AaPp]\.?[Mm]\.?)?"
    r"\]?\s*[-–]?\s*[^:]{1,60}: "
)


def pairs_of_lines(
    texts: Sequence[str], rows: Sequence[int], upload: Upload, kind: str
) -> Table | None:
    """Return questions with the lines below them, None where lines do not alternate so.

    Parameters
    ----------
    texts : sequence of str
        The filled lines of a text, or the cells of its only column.
    rows : sequence of int
        Line or row of each; a gap is a blank one.
    """
    texts = [text.strip() for text in texts]
    names = _names_in_turns(texts) if marks_in(texts) is None else ()
    if names:
        asked, told = (f"{name}:" for name in names)
        texts = [_marked(_marked(text, asked, "Q:"), told, "A:") for text in texts]
    lines = [Paragraph(0, text, row=row) for text, row in zip(texts, rows, strict=True)]
    starts = {i for i, row in enumerate(rows) if i == 0 or row > rows[i - 1] + 1}
    if marks_in(texts) is None and not _numbered_questions(lines):
        lines = _asking_lines(lines, starts)
    found = question_blocks(lines)
    if len(found.pairs) < 2:
        return None
    if names:
        text = N_(
            "{first} asks and {second} answers by the names before their texts, which were left "
            "out. If it is the other way round, mark the lines with Q: and A: instead."
        )
        found.warnings.append(Message(text, {"first": names[0], "second": names[1]}))
    return pairs_table(found, upload, kind)


def _names_in_turns(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the names of two who speak by turns, of whom the first one asks; else nothing."""
    turns = [(m[1], text[m.end() :]) for text in texts if (m := _NAMED.match(text))]
    names = tuple(dict.fromkeys(name for name, _ in turns))
    if len(names) != 2 or not _NAMED.match(texts[0]) or len(turns) < _FEWEST_TURNS:
        return ()
    if any(one == other for (one, _), (other, _) in pairwise(turns)):
        return ()
    asking = [[bool(ASKING.search(said)) for who, said in turns if who == name] for name in names]
    first, second = (sum(asks) / len(asks) for asks in asking)
    return names if first >= _ASKS and second <= 1 - _ASKS else ()


def _marked(text: str, name: str, mark: str) -> str:
    return f"{mark}{text.removeprefix(name)}" if text.startswith(name) else text


def _numbered_questions(lines: Sequence[Paragraph]) -> bool:
    marked = [line for line in lines if asked_by_mark(line.text, SIGNED)]
    bare = len(lines) - len(marked)
    return len(marked) >= 2 and bare >= len(marked)


def _asking_lines(lines: list[Paragraph], starts: set[int]) -> list[Paragraph]:
    """Make lines that ask headings where the others answer; none are where it is in doubt."""
    asked = {i for i, line in enumerate(lines) if _asks(line)}
    if not asked:
        return []
    headed = {i for i in asked & starts if i + 1 < len(lines) and i + 1 not in starts | asked}
    if len(headed) >= 2 and 2 * len(headed) > len(starts):  # blocks that begin with a question
        chosen = headed
    else:
        ends = [*sorted(asked)[1:], len(lines)]
        below = [end - i - 1 for i, end in zip(sorted(asked), ends, strict=True)]
        few = sum(count <= _FEW_LINES for count in below)
        told = sum(1 for i in asked if i + 1 < len(lines) and _ENDED.search(lines[i + 1].text))
        if len(asked) < 3 or min(asked) >= _FEW_LINES or 0 in below:
            return []
        if few < 0.8 * len(below) or told < 0.5 * len(below):
            return []
        chosen = asked
    above = _sections(lines, chosen)
    level = dict.fromkeys(chosen, TERM) | dict.fromkeys(above, _SECTION)
    return [replace(line, level=level.get(i, 0)) for i, line in enumerate(lines)]


def _sections(lines: Sequence[Paragraph], asked: set[int]) -> set[int]:
    """Return the lines above questions that name a section: short, and no sentences as others."""
    above = {i - 1 for i in asked if i and i - 1 not in asked}
    short = {i for i in above if len(lines[i].text) <= _SHORT and not _ENDED.search(lines[i].text)}
    return short if 3 * len(short) <= len(above) else set()


def _asks(line: Paragraph) -> bool:
    return len(line.text) <= MOST_HEADING and bool(ASKING.search(line.text))


def pairs_in_column(table: Table, upload: Upload) -> Table | None:
    """Return the questions of a file of one column with the lines below them; None if in doubt."""
    texts = table.frame.iloc[:, 0].tolist() if len(table.columns) else []
    rows = table.row_numbers.tolist()
    if table.header_row:
        texts, rows = [table.columns[0], *texts], [table.header_row, *rows]
    read = pairs_of_lines(texts, rows, upload, table.format)
    if read is None:
        return None
    told = list(read.warnings)
    others = [title for title in table.sheets if title != table.sheet]
    if others:
        text = N_("The sheet {sheet} was read. The file holds other sheets too: {others}.")
        told.append(Message(text, {"sheet": table.sheet, "others": ", ".join(others)}))
    return replace(read, sheet=table.sheet, sheets=table.sheets, warnings=tuple(told))


def pairs_in_text(upload: Upload) -> Table | None:
    """Return the questions of a plain text with the lines below them; None if in doubt."""
    lines = upload.decoded.text.lstrip("\ufeff").splitlines()
    filled = [(line, row) for row, line in enumerate(lines, 1) if line.strip()]
    return pairs_of_lines([t for t, _ in filled], [r for _, r in filled], upload, "markdown")


def is_chat_export(upload: Upload) -> bool:
    """Tell whether most lines begin with date, time and name, as chats are exported."""
    lines = [line for line in upload.start.splitlines()[:-1] if line.strip()]
    return len(lines) > 2 and 2 * sum(map(bool, map(_SAID_AT.match, lines))) > len(lines)
