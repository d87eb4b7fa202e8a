"""Which rows of a grid are its table: the names below report heads, the end above sums."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.data.columns.column_names import ROLES, WEAK_NAMES, plain_name, role_of, whole_name_role
from core.data.logs.log_names import COUNT_NAMES, QUESTION_NAMES
from core.data.reading.row_kinds import (
    LONGEST_NAME,
    MARKED_HEADING,
    QUESTION_MARKS,
    as_long,
    asks,
    column_kinds,
    is_coded,
    is_comment,
    is_note,
    is_number,
    is_talk,
    looks_like,
    may_head,
    says_something,
    sums_up,
    texts_of,
)
from core.data.table import NotUsed, row_list
from core.messages import N_, Message

HEAD_ROWS = 60  # how far down the column names are looked for
SAMPLE_ROWS = 300  # below them, to see what the rows of the table look like
MOST_ABOVE = 15  # rows before a blank one that may be a report head rather than the table
_TEXTS = ("question", "answer")
_LEAST_BELOW = 1.5  # rows on average below a heading
_ASKING = 0.8  # share of questions with a question mark in a column that always has one
_LONGEST_LABEL = 30  # signs of a name or of what stands beside a sum
_MOSTLY = 0.9  # share of numbers in a column of numbers
# What the columns of search logs are called.
_LOG_NAMES = dict.fromkeys(COUNT_NAMES, "count") | dict.fromkeys(QUESTION_NAMES, "asked")
_FEW_VALUES, _MARKS = 7, 2  # of a column of grades, of yes and no
_MOMENT = re.compile(
    r"[\[(]?(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})"
    r"(?:[T ,]\s*\d{1,2}:\d\d.{0,16})?[\])]?"
)
_SHOWN = 120  # characters of the rows above in a warning


@dataclass(frozen=True)
class Header:
    """The column names of a grid and where they stand.

    Attributes
    ----------
    names : list of str
    first : int
        Index of the first row below the names.
    position : int
        Index of the row with the names; -1 where the file has none.
    warnings : tuple of Message
    not_used : tuple of NotUsed
        Rows above the names, rows that say them again, sums, and other tables below.
    skipped : frozenset of int
        Indices of the rows below the names that are no rows of the table.
    """

    names: list[str]
    first: int
    position: int
    warnings: tuple[Message, ...] = ()
    not_used: tuple[NotUsed, ...] = ()
    skipped: frozenset[int] = frozenset()


def header_position(grid: Sequence[Sequence[str]]) -> int | None:
    """Return the index of the row with the column names, None where no row has two names.

    Among the first rows with two filled cells it is the one with known names, which is as wide as
    the rows below and looks unlike them: short, words above numbers, no question, no comment sign.
    A row further down must have more of this than the first, so an ordinary file is named by its
    first row; and it is none of those amid the rows of the table, whatever words it holds.
    """
    head = grid[: HEAD_ROWS + SAMPLE_ROWS]
    filled = [sum(1 for cell in row if cell.strip()) for row in head]
    first = next((i for i, count in enumerate(filled) if count), None)
    if first is None:
        return None
    usual = Counter(count for count in filled if count > 1).most_common(1)
    width = usual[0][0] if usual else 2
    best: tuple[float, int] | None = None
    for i in range(first, min(len(head), first + HEAD_ROWS)):
        below = [count for count in filled[i + 1 : i + 1 + SAMPLE_ROWS] if count]
        if filled[i] < 2:
            continue
        # else a file of one column with stray commas would be taken for a table
        if i > first and not (below and sum(count >= 2 for count in below) > len(below) / 2):
            continue
        if i > first and _amid_rows(head, first, i):
            continue
        comment, known = is_comment(head[i]), _known_names(head, i)
        if i == first and known >= 4 and filled[i] >= width and not comment:
            return i  # nearly every file
        score = 2.0 * known - 5.0 * comment
        score += 2.0 * (filled[i] >= width) + 2.0 * _unlike_rows(head, i)
        score += 2.0 * _over_numbers(head, first, i)
        score += 1.0 * (first < i <= first + MOST_ABOVE and not filled[i - 1])
        score -= 0.02 * (i - first)
        if best is None or score > best[0] + (0 if is_comment(head[best[1]]) else 0.5):
            best = score, i
    return best[1] if best else None


def find_header(
    grid: Sequence[Sequence[str]],
    numbers: Sequence[int],
    chosen: int | None = None,
    below: bool = False,
    wide: Collection[int] = (),
) -> Header | None:
    """Return the column names of a grid, None where no row can name two columns.

    Parameters
    ----------
    numbers : sequence of int
        The row of each in the user's own file.
    chosen : int, optional
        The row that the user says it is; 0 = the file has no column names.
    below : bool
        Whether sums, headings of sections and other tables below the first are read as rows of it.
    wide : collection of int
        Rows, as in ``numbers``, with a cell that reaches over several columns.
    """
    if chosen is not None and chosen in numbers:
        position: int | None = list(numbers).index(chosen)
    elif chosen == 0:
        position = -1
    else:
        position = header_position(grid)
    if position is None:
        return None
    if position >= 0 and chosen is None:
        dated = _first_dated(grid, position)
        if dated and len(texts_of(grid[dated - 1])) > 1:
            position = dated - 1  # names that no list knows
        elif dated is not None:
            return _nameless(grid, numbers, dated, told=True)
        elif _named_above(grid, position):
            position -= 1
        elif _is_data(grid, position):
            return _nameless(grid, numbers, position, told=True)
    if position == -1:
        return _nameless(grid, numbers, 0, told=False)
    names, first = _joined_names(grid, position)
    if chosen is not None:
        names, first = [cell.strip() for cell in grid[position]], position + 1
    warnings, not_used = [], []
    above = [(n, row) for n, row in zip(numbers, grid[:position], strict=False) if texts_of(row)]
    row = numbers[position]
    if above:
        shown = "; ".join(" ".join(texts_of(cells)) for _, cells in above)
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
        text = N_(
            "The column names were found in row {row}; the rows above it were skipped: {texts}"
        )
        warnings.append(Message(text, {"row": row, "texts": shown}))
        not_used.append(NotUsed("rows", f"{row_list(n for n, _ in above)}: {shown}", len(above)))
    elif numbers[position] > 1:
        text = N_("The column names were found in row {row}; the rows above it are blank.")
        warnings.append(Message(text, {"row": row}))
    if first > position + 1:
        text = N_("Rows {row} and {next} together name the columns: {names}.")
        values: dict[str, str | int | float] = {
            "row": row,
            "next": row + 1,
            "names": ", ".join(filter(None, names))[:_SHOWN],
        }
        warnings.append(Message(text, values))
    repeated = _repeated(grid, position, first)
    if repeated:
        rows = [numbers[i] for i in repeated]
        text = N_("The column names are repeated further down. Rows: {rows} ({count} in all).")
        warnings.append(Message(text, {"rows": row_list(rows), "count": len(rows)}))
        not_used.append(NotUsed("rows", f"{row_list(rows)}: {' '.join(names)[:60]}", len(rows)))
    if not any(role_of(cell) for cell in names) and is_talk(grid[position]):
        text = N_(
            "Row {row} was taken as column names, but it looks like a question and an answer. If "
            "the file has no column names, add a first row such as: question, answer."
        )
        warnings.append(Message(text, {"row": row}))
    skipped = set(repeated)
    if not below:
        alone = {i for i, number in enumerate(numbers) if i >= first and number in wide}
        if 2 * sum(len(texts_of(grid[i])) > 1 for i in alone) > len(alone):
            alone = set()  # questions themselves are written over several columns
        skipped |= _foreign_rows(grid, numbers, names, first, skipped, warnings, not_used, alone)
    return Header(names, first, position, tuple(warnings), tuple(not_used), frozenset(skipped))


def _nameless(
    grid: Sequence[Sequence[str]], numbers: Sequence[int], position: int, *, told: bool
) -> Header:
    width = max((len(row) for row in grid[position : position + SAMPLE_ROWS]), default=0)
    text = N_("The file has no column names; row {row} was read as a question and its answer.")
    warnings = (Message(text, {"row": numbers[position]}),) if told else ()
    names = [f"column {i + 1}" for i in range(width)]
    above = [(n, row) for n, row in zip(numbers, grid[:position], strict=False) if texts_of(row)]
    if not above:
        return Header(names, position, -1, warnings)
    shown = "; ".join(" ".join(texts_of(row)) for _, row in above)[:_SHOWN]
    not_used = NotUsed("rows", f"{row_list(n for n, _ in above)}: {shown}", len(above))
    return Header(names, position, -1, warnings, (not_used,))


def _named_above(grid: Sequence[Sequence[str]], position: int) -> bool:
    """Tell whether the row above a question and its answer names the columns, in any language."""
    row, above = grid[position], grid[position - 1] if position else []
    if not is_talk(row) or _holds_names(grid, position):
        return False
    names = texts_of(above)
    if len(names) < max(2, len(texts_of(row))) or is_talk(above):
        return False
    return len(set(names)) == len(names) and not any(map(is_number, names))


def _first_dated(grid: Sequence[Sequence[str]], position: int) -> int | None:
    """Return the first row with a date where the row that would name the columns is one of them.

    Names are no dates: ``2025-11-03 | return label`` above other days is an entry of a log.
    """
    below = [cells for cells in grid[position + 1 : position + 51] if len(texts_of(cells)) > 1]
    for i, cell in enumerate(grid[position]):
        days = sum(1 for cells in below if i < len(cells) and _MOMENT.fullmatch(cells[i].strip()))
        if days and days >= _MOSTLY * len(below) and _MOMENT.fullmatch(cell.strip()):
            return next(
                k
                for k, cells in enumerate(grid)
                if len(texts_of(cells)) > 1
                and i < len(cells)
                and _MOMENT.fullmatch(cells[i].strip())
            )
    return None


def _known_names(grid: Sequence[Sequence[str]], position: int) -> int:
    """Count what cells of a row name: question and answer twice where that is the whole cell."""
    weights: dict[str, int] = {}
    rows = _other_rows(grid, position)
    for i, cell in enumerate(grid[position]):
        if not cell.strip() or len(cell) > LONGEST_NAME:
            continue
        plain = plain_name(cell.lstrip("#%/ "))
        exact = _exact_role(plain) or _LOG_NAMES.get(plain)
        role = exact or (role_of(cell) if len(cell.split()) <= 4 else None)
        if role is not None and not _stands_again(rows, i, cell):
            weight = 2 if exact in _TEXTS else 1
            weights[role] = max(weight, weights.get(role, 0))
    others = sum(weight for role, weight in weights.items() if role not in _TEXTS)
    return sum(weights.get(role, 0) for role in _TEXTS) + min(2, others)


def _amid_rows(grid: Sequence[Sequence[str]], first: int, position: int) -> bool:
    """Tell whether rows that look like those below stand above a row, and no cell is a whole name.

    A text may speak of questions, answers and labels: then it is a row of the table, as those above
    it are. The first of them may hold the names.
    """
    kinds = column_kinds(_rows_below(grid, position))
    above = [cells for cells in grid[first:position] if len(texts_of(cells)) > 1]
    alike = [looks_like(cells, kinds) for cells in above]
    if not any(alike) or _whole_names(grid, position):
        return False
    return 2 * sum(alike) > len(above) - 1 and (alike[-1] or sum(alike) > 1)


def _whole_names(grid: Sequence[Sequence[str]], position: int) -> bool:
    """Tell whether a cell of a row is the name of a question or an answer."""
    roles: list[str | None] = []
    others = _other_rows(grid, position)
    for i, cell in enumerate(grid[position]):
        exact = _exact_role(cell)
        known = whole_name_role(cell) in _TEXTS or plain_name(cell) in _LOG_NAMES
        if (exact or known) and not _stands_again(others, i, cell):
            if known:
                return True
            roles.append(exact)
    return all(role in roles for role in _TEXTS)


def _other_rows(grid: Sequence[Sequence[str]], position: int) -> list[Sequence[str]]:
    """Return rows that are not the same as one, which may stand at the head of each page."""
    row = grid[position]
    return [cells for cells in grid[: HEAD_ROWS + SAMPLE_ROWS] if cells != row]


def _stands_again(rows: Sequence[Sequence[str]], column: int, cell: str) -> bool:
    """Tell whether other rows hold the same in a column, as they do a kind of ticket: question."""
    return any(column < len(cells) and cells[column] == cell for cells in rows)


def _rows_below(grid: Sequence[Sequence[str]], position: int) -> list[Sequence[str]]:
    """Return some rows below another that fill two cells."""
    return [cells for cells in grid[position + 1 : position + 51] if len(texts_of(cells)) > 1]


def _over_numbers(grid: Sequence[Sequence[str]], first: int, position: int) -> int:
    """Return 1 where a word stands above numbers, as a name does; -1 where a number does, else 0.

    A word with numbers above it, too, is only a gap in them.
    """
    above = grid[first:position]
    below = [cells for cells in grid[position + 1 : position + 51] if texts_of(cells)]
    found = 0
    for i, cell in enumerate(grid[position]):
        over, under = (
            [cells[i] for cells in rows if i < len(cells) and cells[i].strip()]
            for rows in (above, below)
        )
        numbers = sum(map(is_number, over)), sum(map(is_number, under))
        if not cell.strip() or sum(numbers) < max(2, _MOSTLY * len(over + under)):
            continue
        if is_number(cell):
            found = -1
        elif not numbers[0]:
            return 1
    return found


def _unlike_rows(grid: Sequence[Sequence[str]], position: int) -> bool:
    """Tell whether a row is short where those below are long, and asks nothing."""
    row = grid[position]
    if is_talk(row):
        return False
    below = [cells for cells in grid[position + 1 : position + 51] if texts_of(cells)]
    lengths = [
        (len(cell.strip()), sum(len(cells[i].strip()) for cells in below if i < len(cells)))
        for i, cell in enumerate(row)
        if cell.strip()
    ]
    return bool(below) and 2 * sum(a for a, _ in lengths) < sum(b for _, b in lengths) / len(below)


def _is_data(grid: Sequence[Sequence[str]], position: int) -> bool:
    """Tell whether the row that would name the columns is a question and its answer itself.

    A cell of it ends like the questions below, and no cell of it is a known name; or it is one of
    two numbers in its column where no cell is a name, or of few beside a sentence.
    """
    row, below = grid[position], _rows_below(grid, position)
    most = 0 if any(map(_exact_role, row)) else _MARKS
    if is_talk(row) or any(map(says_something, row)):
        most = _FEW_VALUES
    if len(below) > 1 and _holds_value(row, below, most) and not _whole_names(grid, position):
        return True
    if _holds_names(grid, position):
        return False
    for i, cell in enumerate(row):
        if asks(cell):
            asked = [cells for cells in below if i < len(cells) and asks(cells[i])]
            if len(below) >= 2 and len(asked) > len(below) / 2:
                return True
    return len(below) > 1 and _says_like(row, below)


def _holds_names(grid: Sequence[Sequence[str]], position: int) -> bool:
    """Tell whether a row holds a known name.

    A sentence that speaks of one (“Where is my return label?”) is none where all cells of the row
    look like those below. Two that speak of a question and an answer are what a form asks for.
    """
    row, below = grid[position], _rows_below(grid, position)
    named = [cell for cell in row if 1 < len(cell) <= LONGEST_NAME and role_of(cell)]
    roles = set(map(role_of, named))
    if not all(map(says_something, named)) or roles >= {*_TEXTS}:
        return True
    if roles <= {*_TEXTS} and len(named) == len(texts_of(row)) and all(map(asks, named)):
        return True  # no row of a table asks twice about questions
    return bool(named) and not (len(below) > 1 and looks_like(row, column_kinds(below)))


def _says_like(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell whether a cell is a whole sentence as nearly all below are, and no cell is a name."""
    like = False
    for i, cell in enumerate(row):
        text = cell.strip()
        under = [cells[i].strip() for cells in below if i < len(cells) and cells[i].strip()]
        if not text or not under:
            continue
        if sum(map(is_coded, under)) >= _MOSTLY * len(under) and not is_coded(text):
            return False  # a word above numbers or dates names them
        sentences = sum(map(says_something, under))
        said = sentences >= _ASKING * len(under) and says_something(text)
        like |= said and as_long(text, sum(map(len, under)) / len(under))
    return like


def _holds_value(row: Sequence[str], below: Sequence[Sequence[str]], most: int) -> bool:
    """Tell whether a cell is one of at most so many numbers that its column holds: 0 or 1."""
    for i, cell in enumerate(row):
        held = {cells[i].strip() for cells in below if i < len(cells)}
        if cell.strip() in held and len(held) <= most and all(map(is_number, held)):
            return True
    return False


def _joined_names(grid: Sequence[Sequence[str]], position: int) -> tuple[list[str], int]:
    """Return the names and the first row below; a second row of names belongs to the first.

    Two rows name the columns where the second fills what the first leaves empty, as merged cells
    do, or says the same in known names (another language).
    """
    top = [
        cell.strip().lstrip("#%/ ") if i == 0 else cell.strip()
        for i, cell in enumerate(grid[position])
    ]
    if not top[0]:
        top[0] = grid[position][0].strip()
    if position + 1 >= len(grid):
        return top, position + 1
    under = [cell.strip() for cell in grid[position + 1]]
    width = max(len(top), len(under))
    names, under = top + [""] * (width - len(top)), under + [""] * (width - len(under))
    filled = [i for i in range(width) if under[i]]
    if not filled or is_talk(under) or any(len(cell) > LONGEST_NAME for cell in under):
        return top, position + 1
    again = len(filled) > 1 and all(
        len(under[i]) > 1 and plain_name(under[i]) in set().union(*ROLES.values()) for i in filled
    )
    if again:
        return top, position + 2
    gaps = [i for i in range(width) if not names[i]]
    partly = any(names[i] and not under[i] for i in range(width))
    body = [row for row in grid[position + 2 : position + 32] if texts_of(row)]
    usual = sum(len(texts_of(row)) for row in body) / len(body) if body else 0.0
    if not (gaps and partly and any(under[i] for i in gaps) and usual > len(filled)):
        return top, position + 1
    spanning = ""
    joined = []
    for name, below in zip(names, under, strict=True):
        spanning = name or (spanning if below else "")
        joined.append(" ".join(filter(None, (spanning, below))))
    return joined, position + 2


def _repeated(grid: Sequence[Sequence[str]], position: int, first: int) -> list[int]:
    """Return the rows below that say the names again, as the pages of a report do."""
    names = [cell.strip() for cell in grid[position]]
    key = next(cell for cell in grid[position] if cell.strip())
    place = grid[position].index(key)
    return [
        i
        for i in range(first, len(grid))
        if len(grid[i]) > place
        and grid[i][place] == key
        and [cell.strip() for cell in grid[i]][: len(names)] == names
    ]


def _foreign_rows(
    grid: Sequence[Sequence[str]],
    numbers: Sequence[int],
    names: Sequence[str],
    first: int,
    repeated: set[int],
    warnings: list[Message],
    not_used: list[NotUsed],
    wide: Collection[int],
) -> set[int]:
    """Return the rows that are none of the table, and tell them.

    They sum it up, say something below it, head a section of it or belong to another table.
    """
    blocks = _blocks(grid, first)
    sums: list[int] = []
    notes: list[int] = []
    for start, end in blocks:
        for i in _last_lines(grid, max(start, first + 1), end, wide):
            (sums if sums_up(grid[i]) else notes).append(i)
    headings = _section_rows(grid, first, {*repeated, *sums, *notes}, wide)
    unsure = [i for i in headings if i not in wide]
    if unsure and _leaves_unanswered(grid, names, first, {*repeated, *sums, *notes, *headings}):
        headings = [i for i in headings if i in wide]
        text = N_(
            "Texts that may be headings of sections were read as questions, as others have no "
            "answer, either. Rows: {rows} ({texts}). If they are headings, take these rows out."
        )
        texts = "; ".join(dict.fromkeys(" ".join(texts_of(grid[i])) for i in unsure))[:_SHOWN]
        told = {"rows": row_list(numbers[i] for i in unsure), "texts": texts}
        warnings.append(Message(text, told))
    for found, text in (
        (sums, N_("Rows that sum up the table were left out. Rows: {rows} ({count} in all).")),
        (
            notes,
            N_(
                "Notes below the table were left out. Rows: {rows} ({texts}). If they are "
                "questions, choose to read all rows."
            ),
        ),
        (
            headings,
            N_(
                "Headings of sections between the questions were left out. Rows: {rows} ({texts}). "
                "If they are questions, choose to read all rows."
            ),
        ),
    ):
        if not found:
            continue
        rows = [numbers[i] for i in found]
        texts = "; ".join(dict.fromkeys(" ".join(texts_of(grid[i])) for i in found))
        texts = texts if len(texts) <= _SHOWN else f"{texts[:_SHOWN]}…"
        values: dict[str, str | int | float] = {"rows": row_list(rows), "count": len(rows)}
        values["texts"] = texts
        warnings.append(Message(text, values))
        not_used.append(NotUsed("rows", f"{row_list(rows)}: {texts}", len(rows)))
    skipped = {*sums, *notes, *headings}
    other: list[int] = []
    for start, end in blocks[1:]:
        again = bool(repeated.intersection(range(start, min(end, start + 3))))
        if again or not (other or _begins_table(grid, first, start, end)):
            if again and other:
                _tell_table(grid, numbers, other, warnings, not_used)
                skipped |= set(other)
                other = []
            continue
        other += range(start, end)
    if other:
        _tell_table(grid, numbers, other, warnings, not_used)
    return skipped | set(other)


def _tell_table(
    grid: Sequence[Sequence[str]],
    numbers: Sequence[int],
    rows: Sequence[int],
    warnings: list[Message],
    not_used: list[NotUsed],
) -> None:
    names = " | ".join(texts_of(grid[rows[0]]))[:_SHOWN]
    text = N_(
        "Another table begins in row {row} below a blank row ({names}); its {count} rows were left "
        "out. If they are questions and answers, too, choose to read all rows."
    )
    values: dict[str, str | int | float] = {
        "row": numbers[rows[0]],
        "names": names,
        "count": len(rows) - 1,
    }
    warnings.append(Message(text, values))
    span = f"{numbers[rows[0]]}–{numbers[rows[-1]]}"
    not_used.append(NotUsed("rows", f"{span}: {names}", len(rows)))


def _blocks(grid: Sequence[Sequence[str]], first: int) -> list[tuple[int, int]]:
    """Return start and end of the rows between blank ones."""
    blank = [
        i for i in range(first, len(grid)) if not any(grid[i]) or not any(map(str.strip, grid[i]))
    ]
    ends = [first - 1, *blank, len(grid)]
    return [(a + 1, b) for a, b in itertools.pairwise(ends) if b > a + 1]


def _last_lines(
    grid: Sequence[Sequence[str]], start: int, end: int, wide: Collection[int]
) -> list[int]:
    """Return the last rows of a block that sum the table up or are notes below it."""
    found = []
    for i in range(end - 1, start - 1, -1):
        if not (sums_up(grid[i]) or is_note(grid[i], i in wide)):
            break
        found.append(i)
    return found[::-1]


def _section_rows(
    grid: Sequence[Sequence[str]], first: int, gone: Collection[int], wide: Collection[int]
) -> list[int]:
    """Return the rows with one text that head those below: no question, but what they are about.

    Their cell reaches over several columns; or several of them, the first above all rows, stand
    between questions that have a question mark, or are marked as headings, which no question is.
    """
    filled = [sum(map(bool, row)) for row in grid]
    if not any(count == 1 for count in filled[first:]):
        return []
    full = [i for i in range(first, len(grid)) if filled[i] > 1]
    found: list[int] = []
    above = False  # whether the row is above one of the table or above such a heading
    for i in range(len(grid) - 1, first - 1, -1):
        if filled[i] > 1:
            above = i not in gone
        elif filled[i]:
            above = above and i not in gone and may_head(grid[i], i in wide)
            found += [i] if above else []
    plain = [i for i in found if i not in wide]
    leading = bool(found) and not any(filled[first : found[-1]])  # else wordings of one answer
    few = 2 <= len(plain) <= len(full) / _LEAST_BELOW
    if not (leading and few and _unlike_questions(grid, plain, full)):
        found = [i for i in found if i in wide]
    return found[::-1]


def _leaves_unanswered(
    grid: Sequence[Sequence[str]], names: Sequence[str], first: int, gone: Collection[int]
) -> bool:
    """Tell whether rows that head nothing have no answer: so those that might may be open."""
    answers = [i for i, name in enumerate(names) if role_of(name) == "answer"]
    for i in range(first, len(grid)):
        count = len(texts_of(grid[i]))
        if i in gone or not count:
            continue
        empty = all(place >= len(grid[i]) or not grid[i][place].strip() for place in answers)
        if count == 1 or (answers and empty):
            return True
    return False


def _unlike_questions(
    grid: Sequence[Sequence[str]], lone: Sequence[int], full: Sequence[int]
) -> bool:
    """Tell whether texts that stand alone have not the form of those in the same column."""
    places = {i: next(place for place, cell in enumerate(grid[i]) if cell) for i in lone}
    (place,) = set(places.values()) if len(set(places.values())) == 1 else (-1,)
    if place < 0:
        return False
    beside = [cell.strip() for i in full if place < len(grid[i]) and (cell := grid[i][place])]
    asking = sum(1 for text in beside if text.endswith(QUESTION_MARKS))
    marked = sum(1 for text in beside if MARKED_HEADING.match(text))
    alone = all(MARKED_HEADING.match(grid[i][place].strip()) for i in lone)
    return bool(beside) and (
        asking >= _ASKING * len(beside) or (alone and marked <= (1 - _MOSTLY) * len(beside))
    )


def _begins_table(grid: Sequence[Sequence[str]], first: int, start: int, end: int) -> bool:
    """Tell whether the rows below a blank one are another table: names, and other cells below.

    Its first row holds short cells and no question. Two of them are known names; or the rows have
    numbers where those of the table above have none; or another number of cells than all of those.
    """
    row = grid[start]
    names = texts_of(row)
    if len(names) == 1 and end - start > 2 and len(names[0]) <= _LONGEST_LABEL:
        return not is_talk(row) and _begins_table(grid, first, start + 1, end)  # a title above it
    if len(names) < 2 or end - start < 2 or is_talk(row):
        return False
    if any(len(name) > _LONGEST_LABEL or is_number(name) for name in names):
        return False
    above = [cells for cells in grid[first : min(start, first + SAMPLE_ROWS)] if texts_of(cells)]
    below = grid[start + 1 : min(end, start + 51)]
    known = {role for name in names if (role := _exact_role(name))}
    counted = any(
        cell.strip()
        and all(i < len(cells) and is_number(cells[i]) for cells in below)
        and not all(i < len(cells) and is_number(cells[i]) for cells in above[:50])
        for i, cell in enumerate(row)
    )
    usual = {len(texts_of(cells)) for cells in above}
    other_width = not usual & {len(names), *(len(texts_of(cells)) for cells in below)}
    if other_width:
        return bool(known) or counted or _unlike_rows(grid, start)
    return len(known) >= 2 or (counted and (bool(known) or len(below) > 1))


def _exact_role(name: str) -> str | None:
    plain = plain_name(name)
    for table in (ROLES, WEAK_NAMES):
        for role, names in table.items():
            if plain in names:
                return role
    return None
