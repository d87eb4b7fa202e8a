"""FAQ documents as people write them: a heading or bold question asks, the text below answers."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.data.columns.column_names import role_of
from core.data.reading.documents.labelled_rows import labelled_records
from core.data.reading.documents.marks import (
    SIGNED,
    UNSIGNED,
    WIDE,
    Marks,
    answer_without_mark,
    asked_by_mark,
    is_label,
    marks_in,
    other_labels,
)
from core.data.reading.header import find_header
from core.data.reading.spreadsheets import SheetRows, table_of
from core.data.reading.upload import Upload
from core.data.table import NotUsed, Table, build_table
from core.errors import DataError
from core.messages import N_, Message, N_n

BOLD, TERM = 7, 8  # levels of headings that are none by name: bold lines, <dt>, <summary>
MOST_HEADING = 300  # signs; a longer bold paragraph is an emphasised answer
ASKING = re.compile(r"[?？؟]\s*$|(?:ですか|ますか|ません[か])。?\s*$")
_NUMBERED = re.compile(
    r"(?:[(\[]?(?:\d{1,3}\.)*(?P<signed>\d{1,3})(?:[.):\]]\s+|[.)\]、]\s*(?=[^\x00-\x7f]))"
    r"|(?P<circled>[①-⑳])\s*|(?:\d{1,3}\.)+(?P<bare>\d{1,3})\s+)(?=\S)"
)
_FEW_NUMBERS = 5  # questions that are numbered on from any number
_DASH = re.compile(r"\s*[–—:-]\s+")
_NO_QUESTIONS = {
    "html": N_(
        "{name} is a web page without questions that can be found: no heading or bold question "
        "with text below it, and no table with two columns. Make each question a heading, its "
        "answer the text below, or save a table as one of: {formats}."
    ),
    "markdown": N_(
        "{name} is a Markdown page without questions that can be found: no heading or bold "
        "question with text below it, and no table with two columns. Make each question a "
        "heading, its answer the text below, or save a table as one of: {formats}."
    ),
    "docx": N_(
        "{name} is a Word document without questions that can be found: no heading or bold "
        "question with text below it, and no table with two columns. Make each question a "
        "heading, its answer the text below, or save a table as one of: {formats}."
    ),
}
SPOKEN = N_(
    "Lines of customers and agents were read as questions and answers. Those later in a "
    "conversation may need what was said before: look at them before you go on."
)
TABLE_FORMATS = "CSV, TSV, XLSX, XLS, ODS, JSON, JSONL, Parquet"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph or line of a document.

    Attributes
    ----------
    level : int
        0 is text, 1 to 6 a heading, more is what looks like one.
    marked : bool
        Whether it says itself that it asks: ``Q: …``.
    shares : bool
        Whether the question right below has the same answer.
    lines : tuple of Paragraph
        Of a text where two or more are bold as a whole.
    row : int
        In the user's own file, 0 where it has no rows.
    """

    level: int
    text: str
    marked: bool = False
    shares: bool = False
    lines: tuple[Paragraph, ...] = ()
    row: int = 0


@dataclass
class FoundPairs:
    """The questions of a document.

    Attributes
    ----------
    pairs : list of (question, answer, heading above)
        The answer is "" where a question that is marked as such has none.
    rows : list of int
        In the user's own file, of each.
    """

    pairs: list[tuple[str, str, str]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    not_used: list[NotUsed] = field(default_factory=list)
    warnings: list[Message] = field(default_factory=list)


def sheet_of(title: str, rows: Iterable[list[str]], upload: Upload) -> SheetRows:
    """Return a table inside a document."""
    sheet = SheetRows(title)
    for number, row in enumerate(rows, 1):
        sheet.add(number, [cell.strip() for cell in row], upload.name)
    return sheet


def bold_blocks(text: str, bold: str) -> list[Paragraph]:
    """Return a paragraph; one that begins with a bold question is the question and a text."""
    bold = bold.strip()
    if not bold or len(bold) > MOST_HEADING:
        return [Paragraph(0, text)]
    rest = text.removeprefix("- ").strip()
    if rest == bold:
        return [Paragraph(BOLD, bold)]
    if rest.startswith(bold) and ASKING.search(bold):
        return [Paragraph(BOLD, bold), Paragraph(0, _DASH.sub("", rest[len(bold) :]).strip())]
    return [Paragraph(0, text)]


def bold_lines(spans: Sequence[tuple[str, bool]]) -> tuple[Paragraph, ...]:
    """Return the lines of a paragraph where two or more are bold as a whole, else nothing.

    Parameters
    ----------
    spans : sequence of (text, whether it is bold)
    """
    lines: list[list[tuple[str, bool]]] = [[]]
    for text, bold in spans:
        first, *others = text.split("\n")
        lines[-1].append((first, bold))
        lines += [[(other, bold)] for other in others]
    blocks = []
    for line in lines:
        text = " ".join("".join(text for text, _ in line).split())
        heads = len(text) <= MOST_HEADING and all(bold for text, bold in line if text.strip())
        if text:
            blocks.append(Paragraph(BOLD if heads else 0, text))
    return tuple(blocks) if sum(block.level > 0 for block in blocks) > 1 else ()


def document_table(
    blocks: list[Paragraph], sheets: list[SheetRows], upload: Upload, kind: str
) -> Table:
    """Choose between tables with a question and an answer column, headings, and other tables."""
    sheets = _with_joined_forms(sheets, upload)
    named = [sheet for sheet in sheets if _names_both(sheet)]
    if named:
        return table_of(named, upload, kind, _encoding_warnings(upload))
    found = question_blocks(blocks)
    if found.pairs:
        return pairs_table(found, upload, kind)
    if any(find_header(sheet.rows, sheet.numbers) is not None for sheet in sheets):
        return table_of(sheets, upload, kind, _encoding_warnings(upload))
    raise no_questions(upload, kind)


def no_questions(upload: Upload, kind: str) -> DataError:
    """Return what is told about a document that has nothing to read."""
    return DataError(_NO_QUESTIONS[kind], name=upload.name, formats=TABLE_FORMATS)


def _encoding_warnings(upload: Upload) -> Sequence[Message]:
    """Return what is told about the encoding of a text."""
    return upload.decoded.warnings if upload.is_text else ()


def _names_both(sheet: SheetRows) -> bool:
    header = find_header(sheet.rows, sheet.numbers)
    return header is not None and {"question", "answer"} <= {role_of(n) for n in header.names}


def question_blocks(blocks: Sequence[Paragraph]) -> FoundPairs:
    """Return (question, answer, heading above) of every heading of the level that asks.

    That is the level with most headings that have text right below; those that end in a question
    mark count three times. Deeper headings are part of the answer, higher ones its category.
    """
    found = FoundPairs()
    blocks = _with_plain_questions(_without_marks(_with_bold_lines(blocks), found))
    votes: Counter[int] = Counter()
    for block, after in itertools.pairwise([*blocks, Paragraph(9, "")]):
        if block.level and after.level == 0:
            votes[block.level] += 3 if ASKING.search(block.text) or block.marked else 1
    if not votes:
        return found
    asking = max(votes, key=lambda level: (votes[level], -level))
    count = Counter(block.level for block in blocks)
    title = min((level for level in count if level), default=0)
    first = next(block.level for block in blocks if block.level)
    title = title if count[title] == 1 and first == title else 0  # names all and is no category
    above: dict[int, str] = {}
    unused = found.not_used
    questions: list[Paragraph] = []
    aside = ""
    answer: list[str] = []
    shared = 0

    def close() -> None:
        nonlocal shared
        for question in questions:
            if not answer and not question.marked:
                unused.append(NotUsed("part", question.text[:80], 1))
                continue
            text = "\n".join(answer)
            text = text.removeprefix("- ") if len(answer) == 1 else text
            found.pairs.append((question.text, text, " / ".join(above.values())))
            found.rows.append(question.row)
        shared += max(0, len(questions) - 1) if answer else 0
        questions.clear()
        answer.clear()

    for block in blocks:
        asks = block.level > 0 and bool(ASKING.search(block.text))
        if block.level == asking or (block.level and asks and block.level < asking):
            if not (questions and questions[-1].shares and not answer):
                close()
            aside = ""
            questions.append(block)
        elif block.level and block.level < asking:
            close()
            aside = block.text
            above = {level: text for level, text in above.items() if level < block.level}
            if block.level != title:
                above[block.level] = block.text
        elif questions:
            answer.append(block.text)
        elif block.text:
            where = aside or block.text
            if not unused or unused[-1].name != where[:80]:
                unused.append(NotUsed("part", where[:80], 0))
            unused[-1] = NotUsed("part", where[:80], unused[-1].count + 1)
    close()
    asked = _without_numbers([question for question, _, _ in found.pairs])
    found.pairs = [(q, a, section) for q, (_, a, section) in zip(asked, found.pairs, strict=True)]
    if shared:
        text = N_n(
            "{count} question stands right above another one and has the same answer.",
            "{count} questions stand right above another one and have the same answer.",
        )
        found.warnings.append(Message(text, {"count": shared}))
    return found


def _with_bold_lines(blocks: Sequence[Paragraph]) -> list[Paragraph]:
    """Take bold lines inside paragraphs for headings, unless other headings ask."""
    headings = [block for block in blocks if block.level]
    bold = [line for block in blocks for line in block.lines if line.level]
    asking = sum(1 for line in bold if ASKING.search(line.text))
    if any(ASKING.search(block.text) for block in headings):
        return list(blocks)
    if len(headings) > 1 and 2 * asking < len(bold):
        return list(blocks)
    return [line for block in blocks for line in block.lines or (block,)]


def _without_numbers(questions: Sequence[str]) -> list[str]:
    """Take off what numbers questions; 24. December and 1.5 litres are part of a text."""
    found = [_NUMBERED.match(question.translate(WIDE)) for question in questions]
    numbers = [
        int(unicodedata.normalize("NFKC", n[n.lastgroup])) if n and n.lastgroup else -1
        for n in found
    ]
    numbered = [number for number in numbers if number >= 0]
    steps = [b - a for a, b in itertools.pairwise(numbered)]
    counted = len(numbered) >= _FEW_NUMBERS and set(steps) == {1}
    series = counted or min(numbered, default=-1) in (0, 1)
    most = series and 2 * len(numbered) > len(questions)
    bare = list(questions)
    for i, number in enumerate(found):
        if number and (most or (numbers[i] == i + 1 and not number["bare"])):
            bare[i] = questions[i][number.end() :]
    return bare


def _with_plain_questions(blocks: list[Paragraph]) -> list[Paragraph]:
    """Take plain lines that end in a question mark for headings, where no heading asks."""
    if any(block.level and (block.marked or ASKING.search(block.text)) for block in blocks):
        return blocks
    blocks = [part for block in blocks for part in _asking_parts(block)]
    asked = [
        i
        for i, (block, after) in enumerate(itertools.pairwise(blocks))
        if len(block.text) <= MOST_HEADING and ASKING.search(block.text)
        if not block.level and not after.level and not ASKING.search(after.text)
    ]
    headed = sum(
        1 for block, after in itertools.pairwise(blocks) if block.level and not after.level
    )
    if len(asked) < 2 or len(asked) <= headed:
        return blocks
    marked = set(asked)
    return [
        replace(block, level=TERM, text=block.text.removeprefix("- ")) if i in marked else block
        for i, block in enumerate(blocks)
    ]


def _asking_parts(block: Paragraph) -> list[Paragraph]:
    """Return a text cut at its blank lines, where two or more parts begin with a question."""
    parts = [part.split("\n", 1) for part in re.split(r"\n\s*\n", block.text)]
    asked = sum(1 for first, *rest in parts if rest and ASKING.search(first))
    if block.level or asked < 2:
        return [block]
    return [replace(block, text=text.strip()) for part in parts for text in part]


def _without_marks(blocks: Sequence[Paragraph], found: FoundPairs) -> list[Paragraph]:
    """Return blocks without Q: and A:, where a document marks its questions so."""
    marks = marks_in(line for block in blocks for line in block.text.split("\n"))
    if marks is None:
        return _without_answer_marks(_without_question_marks(blocks))
    parts = [part for block in blocks for part in _parted(block, marks)]
    others = sum(1 for side, block in parts if not side and block.level and _asks(block))
    if others and others >= sum(1 for side, _ in parts if side == "question"):
        return list(blocks)  # headings ask; such lines are part of what is said below
    levels = Counter(block.level or TERM for side, block in parts if side == "question")
    level = levels.most_common(1)[0][0]  # of all, though some are bold and some are not
    read: list[Paragraph] = []
    before = ""
    following = [""]  # side of the next mark or heading below each
    for side, block in reversed(parts):
        following.append(side if side or block.level else following[-1])
    for (side, block), after in zip(parts, following[-2::-1], strict=True):
        if marks.are_speakers and side == before == "question":
            read[-1] = replace(read[-1], text=f"{read[-1].text}\n{block.text}")
        elif side == "question":
            read.append(replace(block, level=level, marked=True))
        elif side == "answer":
            read.append(replace(block, level=0))
        elif before == "question" and not block.level and (after == "answer" or not read[-1].text):
            joined = "\n".join(filter(None, (read[-1].text, block.text)))
            read[-1] = replace(read[-1], text=joined)
            continue
        else:
            read.append(block)
        before = side
    if marks.are_speakers:
        found.warnings.append(Message(SPOKEN))
    found.warnings += _other_lines(parts)
    return [block for block in read if block.text]


def _other_lines(parts: Sequence[tuple[str, Paragraph]]) -> Iterator[Message]:
    """Tell what begins many lines besides: ``Internal note: …`` would be part of each answer."""
    lines = [line for _, block in parts if not block.level for line in block.text.split("\n")]
    often = other_labels(lines, sum(1 for side, _ in parts if side == "question"))
    if often:
        text = N_(
            "Lines that begin with {labels} were read as parts of the answers. Take them out of "
            "the file if they are not meant for those who ask."
        )
        yield Message(text, {"labels": ", ".join(f"“{label}:”" for label in often[:5])})


def _without_answer_marks(blocks: Sequence[Paragraph]) -> list[Paragraph]:
    """Return blocks without A: below most headings, where answers are marked and questions not."""
    below = {i for i, block in enumerate(blocks) if i and not block.level and blocks[i - 1].level}
    bare = {i: text for i in below if (text := answer_without_mark(blocks[i].text))}
    if len(bare) < 2 or 2 * len(bare) <= len(below):
        return list(blocks)
    return [replace(block, text=bare.get(i, block.text)) for i, block in enumerate(blocks)]


def _asks(block: Paragraph) -> bool:
    return len(block.text) <= MOST_HEADING and bool(ASKING.search(block.text))


def _parted(block: Paragraph, marks: Marks) -> Iterator[tuple[str, Paragraph]]:
    """Yield a block cut before its marked lines, each with the side that its mark says."""
    groups: list[tuple[str, list[str]]] = []
    for line in block.text.split("\n"):
        side, text = marks.parted(line)
        if side or not groups:
            groups.append((side, [text]))
        else:
            groups[-1][1].append(text)
    for i, (side, lines) in enumerate(groups):
        after = groups[i + 1][0] if i + 1 < len(groups) else ""
        level = block.level if i == 0 else 0
        if side == "question" and after != "answer" and len(lines) > 1 and lines[0]:
            yield side, replace(block, level=level, text=lines[0])
            side, lines, level = "", lines[1:], 0
        text = "\n".join(lines).strip()
        yield side, replace(block, level=level, text=text, shares=after == side == "question")


def _without_question_marks(blocks: Sequence[Paragraph]) -> list[Paragraph]:
    """Return blocks without Q1: where questions are marked and answers are not."""
    headed = [block for block in blocks if block.level]
    for those in (headed, [block for block in blocks if not block.level]):
        for pattern in (SIGNED, UNSIGNED):
            marked = {
                id(block): text for block in those if (text := asked_by_mark(block.text, pattern))
            }
            if len(marked) < 2 or (those is headed and _too_few(headed, marked)):
                continue
            read = []
            for block in blocks:
                first, _, rest = marked.get(id(block), "").partition("\n")
                if not first:
                    read.append(block)
                    continue
                level = block.level or TERM
                read.append(replace(block, level=level, text=first, marked=not block.level))
                read += [replace(block, text=rest, level=0)] if rest else []
            return read
    return list(blocks)


def _too_few(headed: Sequence[Paragraph], marked: Mapping[int, str]) -> bool:
    """Tell whether most headings that ask have no mark."""
    asking = [block for block in headed if ASKING.search(block.text)] or headed
    return 2 * sum(id(block) in marked for block in asking) <= len(asking)


# Tables whose rows begin with what they hold: Question | …, Answer | …


# Tables whose rows begin with what they hold: Question | …, Answer | …


def _with_joined_forms(sheets: Sequence[SheetRows], upload: Upload) -> list[SheetRows]:
    """Return tables, those whose rows begin with what they hold as one, a question in each row."""
    forms = [sheet for sheet in sheets if any(is_label(row[0]) for row in sheet.rows if row)]
    records, left = labelled_records([row for sheet in forms for row in sheet.rows])
    if not records or left:
        return list(sheets)
    names = list(dict.fromkeys(name for _, record in records for name in record))
    rows = [names, *([record.get(name, "") for name in names] for _, record in records)]
    title = f"{forms[0].title} – {forms[-1].title}" if len(forms) > 1 else forms[0].title
    joined = sheet_of(title, rows, upload)
    return [joined, *(sheet for sheet in sheets if sheet not in forms)]


def pairs_table(found: FoundPairs, upload: Upload, kind: str) -> Table:
    """Return questions, answers and categories as a table, and tell what else was there."""
    pairs, not_used = found.pairs, found.not_used
    text = N_n(
        "{count} question with the text below it was found in the document.",
        "{count} questions with the text below them were found in the document.",
    )
    answered = sum(1 for _, answer, _ in pairs if answer)
    warnings = [Message(text, {"count": answered}), *found.warnings, *_encoding_warnings(upload)]
    if not_used:
        text = N_("Parts of the document without a question and an answer were left out: {parts}.")
        parts = "; ".join(part.name for part in not_used[:5])
        warnings.append(Message(text, {"parts": parts + ("; …" if len(not_used) > 5 else "")}))
    with_category = any(category for _, _, category in pairs)
    known = all(found.rows) and len(set(found.rows)) == len(pairs)
    return build_table(
        ["question", "answer", "category"] if with_category else ["question", "answer"],
        [list(pair) if with_category else list(pair[:2]) for pair in pairs],
        found.rows if known else range(1, len(pairs) + 1),
        name=upload.name,
        kind=kind,
        warnings=warnings,
        encoding=upload.decoded.encoding if upload.is_text else "",
        not_used=not_used,
    )
