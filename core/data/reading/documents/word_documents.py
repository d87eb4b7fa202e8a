"""Word documents: headings or bold questions with the text below, tables."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from core.data.reading.documents.faq_documents import (
    ASKING,
    Paragraph,
    bold_blocks,
    bold_lines,
    document_table,
    sheet_of,
)
from core.data.reading.spreadsheets import SheetRows
from core.data.reading.upload import Upload
from core.data.table import Table
from core.errors import DataError


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
        several = len(document.tables) > 1  # a table for each question
        for part in document.iter_inner_content():
            if isinstance(part, WordTable):
                rows = [[cell.text for cell in row.cells] for row in part.rows]
                sheets.append(sheet_of(f"table {len(sheets) + 1}", rows, upload))
                for row in rows:
                    filled = list(filter(None, map(str.strip, row)))
                    asks = several and len(filled) == 2 and ASKING.search(filled[0])
                    texts = filled if asks else [" | ".join(filled)]
                    blocks += [Paragraph(0, text) for text in texts if text]
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
    whole = "".join(run.text for run in paragraph.runs).strip() == text  # no links in it
    lines = bold_lines([(run.text, _is_bold(run)) for run in paragraph.runs]) if whole else ()
    if lines:
        return [Paragraph(0, text, lines=lines)]
    if "list" in (paragraph.style.name or "").lower():
        text = f"- {text}"
    bold = "".join(run.text for run in _leading(runs))
    return bold_blocks(text, bold)


def _leading(runs: Sequence[Any]) -> Iterator[Any]:
    for run in runs:
        if not _is_bold(run):
            return
        yield run


def _is_bold(run: Any) -> bool:
    return bool(run.bold or (run.bold is None and run.style.font.bold))


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
