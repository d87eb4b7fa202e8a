"""FAQ documents as people write them: a heading or bold question asks, the text below answers."""

from __future__ import annotations

import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.data.column_names import role_of
from core.data.reading.header import find_header
from core.data.reading.spreadsheets import SheetRows, table_of
from core.data.reading.upload import Upload
from core.data.table import NotUsed, Table, build_table
from core.errors import DataError
from core.messages import N_, Message, N_n

BOLD, TERM = 7, 8  # levels of headings that are none by name: bold lines, <dt>, <summary>
MOST_HEADING = 300  # signs; a longer bold paragraph is an emphasised answer
ASKING = re.compile(r"[?？؟]\s*$|(?:ですか|ますか|ません[か])。?\s*$")
QUESTION = re.compile(
    r"(?:q(?:uestion)?|frage|f|pregunta|p|質問|問)\s*+(?:\d{1,3}\s*+)?[.:：)]\s*+(?=\S)",
    re.IGNORECASE,
)
ANSWER = re.compile(
    r"(?:a(?:nswer)?|antwort|respuesta|réponse|r|回答|答え?)\s*+(?:\d{1,3}\s*+)?[.:：)]\s*+(?=\S)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:\d{1,3}(?:\.\d{1,3})*[.)]|[①-⑳])\s+(?=\S)")
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
TABLE_FORMATS = "CSV, TSV, XLSX, XLS, ODS, JSON, JSONL, Parquet"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``level`` 0 is text, 1 to 6 a heading, more is what looks like one."""

    level: int
    text: str


def is_docx(upload: Upload) -> bool:
    """Tell whether an archive is a Word document."""
    return "word/document.xml" in upload.members


def read_docx(upload: Upload) -> Table:
    """Read a Word document: headings or bold questions with the text below, else its tables.

    Raises
    ------
    DataError
        If it is damaged or has nothing of the kind in it.
    """
    import docx
    from docx.table import Table as WordTable

    try:
        document = docx.Document(io.BytesIO(upload.content))
        blocks: list[Paragraph] = []
        sheets: list[SheetRows] = []
        for part in document.iter_inner_content():
            if isinstance(part, WordTable):
                rows = [[cell.text for cell in row.cells] for row in part.rows]
                sheets.append(sheet_of(f"table {len(sheets) + 1}", rows, upload))
                blocks += [Paragraph(0, " | ".join(filter(None, row))) for row in rows]
            else:
                blocks += _word_blocks(part)
    except DataError:
        raise
    except Exception as error:  # the parser meets damaged files with errors of every kind
        raise DataError(
            "{name} looks like a Word document but is damaged ({detail}). Open it in your word "
            "processor, save it again as DOCX, and upload that.",
            name=upload.name,
            detail=f"{type(error).__name__}: {error}"[:200],
        ) from error
    return document_table(blocks, sheets, upload, "docx")


def _word_blocks(paragraph: Any) -> list[Paragraph]:
    text = paragraph.text.strip()
    if not text:
        return []
    level = _word_level(paragraph)
    if level:
        return [Paragraph(level, text)]
    runs = [run for run in paragraph.runs if run.text.strip()]
    if "list" in (paragraph.style.name or "").lower():
        text = f"- {text}"
    bold = "".join(run.text for run in _leading(runs))
    return bold_blocks(text, bold)


def _leading(runs: Sequence[Any]) -> Iterator[Any]:
    for run in runs:
        if not (run.bold or (run.bold is None and run.style.font.bold)):
            return
        yield run


def _word_level(paragraph: Any) -> int:
    """Return the heading level that a style or the paragraph itself gives, 0 for text."""
    style = paragraph.style
    for _ in range(8):
        if style is None:
            break
        found = re.match(
            r"(?:heading|überschrift|titre|título|見出し)\s*(\d)", style.name or "", re.I
        )
        if found:
            return min(6, max(1, int(found[1])))
        if (style.name or "").lower() == "title":
            return 1
        style = style.base_style
    outline = paragraph._p.xpath("./w:pPr/w:outlineLvl/@w:val")
    return min(6, int(outline[0]) + 1) if outline and outline[0] in "012345" else 0


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
        return [Paragraph(BOLD, bold), Paragraph(0, rest[len(bold) :].strip())]
    return [Paragraph(0, text)]


def document_table(
    blocks: list[Paragraph], sheets: list[SheetRows], upload: Upload, kind: str
) -> Table:
    """Choose between tables with a question and an answer column, headings, and other tables."""
    named = [sheet for sheet in sheets if _names_both(sheet)]
    if named:
        return table_of(named, upload, kind, _encoding_warnings(upload, kind))
    pairs, not_used = _question_blocks(blocks)
    if pairs:
        return pairs_table(pairs, not_used, upload, kind)
    if any(find_header(sheet.rows, sheet.numbers) is not None for sheet in sheets):
        return table_of(sheets, upload, kind, _encoding_warnings(upload, kind))
    raise no_questions(upload, kind)


def no_questions(upload: Upload, kind: str) -> DataError:
    """Return what is told about a document that has nothing to read."""
    return DataError(_NO_QUESTIONS[kind], name=upload.name, formats=TABLE_FORMATS)


def _encoding_warnings(upload: Upload, kind: str) -> Sequence[Message]:
    """Return what is told about the encoding of a text."""
    return () if kind == "docx" else upload.decoded.warnings


def _names_both(sheet: SheetRows) -> bool:
    header = find_header(sheet.rows, sheet.numbers)
    return header is not None and {"question", "answer"} <= {role_of(n) for n in header.names}


def _question_blocks(
    blocks: Sequence[Paragraph],
) -> tuple[list[tuple[str, str, str]], list[NotUsed]]:
    """Return (question, answer, heading above) of every heading of the level that asks.

    That is the level with most headings that have text right below; those that end in a question
    mark count three times. Deeper headings are part of the answer, higher ones its category.
    """
    blocks = _with_plain_questions(list(_with_prefixes(blocks)))
    if not blocks:  # a page of tags and nothing else
        return [], []
    votes: Counter[int] = Counter()
    for block, after in zip(blocks, [*blocks[1:], Paragraph(9, "")], strict=True):
        if block.level and after.level == 0:
            votes[block.level] += 3 if ASKING.search(block.text) else 1
    if not votes:
        return [], []
    asking = max(votes, key=lambda level: (votes[level], -level))
    count = Counter(block.level for block in blocks)
    title = min((level for level in count if level), default=0)
    title = title if count[title] == 1 else 0  # the name of the whole document is no category
    pairs: list[tuple[str, str, str]] = []
    above: dict[int, str] = {}
    unused: list[NotUsed] = []
    question, aside = "", ""
    answer: list[str] = []

    def close() -> None:
        if question and answer:
            pairs.append((question, "\n".join(answer), " / ".join(above.values())))
        elif question:
            unused.append(NotUsed("part", question[:80], 0))

    for block in blocks:
        asks = block.level > 0 and bool(ASKING.search(block.text))
        if block.level == asking or (block.level and asks and block.level < asking):
            close()
            question, answer, aside = _NUMBERED.sub("", block.text, count=1), [], ""
        elif block.level and block.level < asking:
            close()
            question, answer, aside = "", [], block.text
            above = {level: text for level, text in above.items() if level < block.level}
            if block.level != title:
                above[block.level] = block.text
        elif question:
            answer.append(block.text)
        elif block.text:
            where = aside or block.text
            if not unused or unused[-1].name != where[:80]:
                unused.append(NotUsed("part", where[:80], 0))
            unused[-1] = NotUsed("part", where[:80], unused[-1].count + 1)
    close()
    return pairs, unused


def _with_plain_questions(blocks: list[Paragraph]) -> list[Paragraph]:
    """Take plain lines that end in a question mark for headings, where no heading asks."""
    if any(block.level and ASKING.search(block.text) for block in blocks):
        return blocks
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
        Paragraph(TERM, block.text.removeprefix("- ")) if i in marked else block
        for i, block in enumerate(blocks)
    ]


def _with_prefixes(blocks: Sequence[Paragraph]) -> Iterator[Paragraph]:
    """Yield blocks without Q: and A:, where a document marks its questions so."""
    marked = [block for block in blocks if QUESTION.match(block.text)]
    answers = [block for block in blocks if ANSWER.match(block.text)]
    if len(marked) < 2 or not answers:
        yield from blocks
        return
    for block in blocks:
        if found := QUESTION.match(block.text):
            question, _, rest = block.text[found.end() :].partition("\n")
            yield Paragraph(block.level or TERM, question.strip())
            if rest := ANSWER.sub("", rest.strip(), count=1):
                yield Paragraph(0, rest)
        elif found := ANSWER.match(block.text):
            yield Paragraph(0, block.text[found.end() :])
        else:
            yield block


def pairs_table(
    pairs: Sequence[tuple[str, str, str]],
    not_used: Sequence[NotUsed],
    upload: Upload,
    kind: str,
) -> Table:
    """Return (question, answer, category) as a table; ``not_used`` is what else was there."""
    text = N_n(
        "{count} question with the text below it was found in the document.",
        "{count} questions with the text below them were found in the document.",
    )
    warnings = [Message(text, {"count": len(pairs)}), *_encoding_warnings(upload, kind)]
    if not_used:
        text = N_("Parts of the document without a question and an answer were left out: {parts}.")
        parts = "; ".join(part.name for part in not_used[:5])
        warnings.append(Message(text, {"parts": parts + ("; …" if len(not_used) > 5 else "")}))
    with_category = any(category for _, _, category in pairs)
    return build_table(
        ["question", "answer", "category"] if with_category else ["question", "answer"],
        [list(pair) if with_category else list(pair[:2]) for pair in pairs],
        range(1, len(pairs) + 1),
        name=upload.name,
        kind=kind,
        warnings=warnings,
        encoding="" if kind == "docx" else upload.decoded.encoding,
        not_used=not_used,
    )
