"""FAQ pages of the web and in Markdown, as the paragraphs that a reader sees."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from core.data.reading.documents.faq_documents import (
    ASKING,
    TERM,
    FoundPairs,
    Paragraph,
    bold_blocks,
    bold_lines,
    document_table,
    no_questions,
    pairs_table,
    question_blocks,
    sheet_of,
)
from core.data.reading.documents.marks import Marks, begin_paragraphs, marks_in
from core.data.reading.spreadsheets import SheetRows
from core.data.reading.upload import Upload
from core.data.table import NotUsed, Table
from core.messages import N_, Message, N_n

_SKIPPED = frozenset(
    ("script", "style", "nav", "footer", "aside", "noscript", "template", "svg", "form", "head")
)
_NO_CONTENT = frozenset(
    (
        *("footer", "site-footer", "page-footer", "breadcrumb", "breadcrumbs", "sidebar", "navbar"),
        *("breadcrumb-section", "page-metadata", "cookie-banner"),
    )
)
_ASKED = re.compile(
    r"(^|\s)(accordion|collapsible)(\s|$)|(faq|accordion)[\w-]*(question|title|header|button|heading)"
)
_BLOCKS = frozenset(
    (
        *("p", "div", "li", "ul", "ol", "section", "article", "main", "body", "blockquote", "pre"),
        *("td", "th", "tr", "table", "dd", "dl", "details", "figure", "figcaption", "header"),
    )
)
_BREAK = "\ue001"  # a line break that is meant, other than those of the source
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SAMPLE = 300  # cells that tell what a column holds
_ELEMENT = re.compile(
    r"<(p|div|ul|ol|span|h[1-6]|table|section|article|strong|b|em|blockquote|html|body|figure|pre"
    r"|details)\b[^<>]*>.*</\w+>\s*$",
    re.DOTALL | re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)  # WordPress begins and ends each block with one
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{2,20})", re.IGNORECASE)
_STARTS = (
    *("<!doctype html", "<html", "<head", "<body", "<main", "<article", "<section", "<header"),
    *("<h1", "<h2", "<h3", "<h4", "<div", "<p>", "<p ", "<dl", "<ul", "<ol", "<details", "<table"),
)
_RULE = re.compile(r"^\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)+\|?[ \t]*$", re.MULTILINE)
_HEADING = re.compile(r"^#{2,6} \S", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A---\r?\n.*?\r?\n---\r?\n", re.DOTALL)
_DEFINED = re.compile(r"^(\w.*)\n(?:[ \t]*\n)?:[ \t]+(?=\S)", re.MULTILINE)  # a term, : what it is


def is_html(upload: Upload) -> bool:
    """Tell whether a text is a web page, whatever it is called."""
    if not upload.is_text or upload.is_json:
        return False
    start = upload.start.lower()
    if start.startswith(("<?xml", "<!--")):
        return "<html" in start
    return start.startswith(_STARTS)


def read_html(upload: Upload) -> Table:
    """Read a web page: FAQ marked up for search engines, else headings, else its tables.

    Raises
    ------
    DataError
        If there is nothing of the kind in it.
    """
    return _page_table(_html_text(upload), upload, "html")


def is_markdown(upload: Upload) -> bool:
    """Tell whether a text is Markdown or a list of Q: and A: lines."""
    if not upload.is_text or upload.is_json or is_html(upload):
        return False
    if upload.named(".md", ".markdown", ".mdx"):
        return True
    text = upload.decoded.text[:200_000]
    plain = not upload.named(".csv", ".tsv", ".tab")
    marks = marks_in(map(str.strip, text.splitlines()), speakers=plain)
    if (marks and (plain or _begins_marked(text, marks))) or ("|" in text and _RULE.search(text)):
        return True
    return len(_HEADING.findall(text)) >= 2 and not upload.named(".csv", ".tsv")


def _begins_marked(text: str, marks: Marks) -> bool:
    """Tell whether the first line is marked, and not only lines inside the cells of a table."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return bool(marks.parted(first)[0])


def read_markdown(upload: Upload) -> Table:
    """Read Markdown by way of the HTML that it stands for.

    Raises
    ------
    DataError
        If it has no headings with text below and no table.
    """
    from markdown_it import MarkdownIt

    text = _FRONT_MATTER.sub("", upload.decoded.text)
    text = begin_paragraphs(text)
    if len(_DEFINED.findall(text)) > 1:
        text = _DEFINED.sub(r"<dt>\n\n\1\n\n</dt>\n\n", text)
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    return _page_table(page, upload, "markdown")


def _html_text(upload: Upload) -> str:
    """Return a page as text; it may say its encoding itself."""
    found = _CHARSET.search(upload.content[:4096])
    if found and upload.choices.encoding is None:
        try:
            return upload.content.decode(found[1].decode("ascii"))
        except (LookupError, ValueError):
            pass
    return upload.decoded.text


def _page_table(page: str, upload: Upload, kind: str) -> Table:
    from lxml import etree, html

    try:
        parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
        root = html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
        marked = [*_json_ld(root), *_microdata(root)]
        walk = _Walk(upload)
        walk.visit(root)
        walk.flush()
    except (etree.LxmlError, ValueError, AssertionError, RecursionError) as error:
        raise no_questions(upload, kind) from error
    if marked:
        return pairs_table(_with_shown(list(dict.fromkeys(marked)), walk.blocks), upload, kind)
    return document_table(walk.blocks, walk.sheets, upload, kind)


def _with_shown(marked: list[tuple[str, str]], blocks: list[Paragraph]) -> FoundPairs:
    """Return the questions marked for search engines, and those that a page only shows.

    These are taken where the page shows most of the marked ones in the same way; other parts of
    it are told.
    """
    found = FoundPairs([(question, answer, "") for question, answer in marked])
    shown = {
        _key(question): (question, answer) for question, answer, _ in question_blocks(blocks).pairs
    }
    known = {_key(question) for question, _ in marked}
    if 2 * len(known & shown.keys()) < len(known):
        return found
    more = [pair for key, pair in shown.items() if key not in known]
    asked = [(q, a, "") for q, a in more if a and ASKING.search(q)]
    found.pairs += asked
    found.not_used += [NotUsed("part", q[:80], 1) for q, a in more if not (a and ASKING.search(q))]
    if asked:
        text = N_n(
            "{count} question is shown on the page and not marked for search engines; it was read, "
            "too.",
            "{count} questions are shown on the page and not marked for search engines; they were "
            "read, too.",
        )
        found.warnings.append(Message(text, {"count": len(asked)}))
    return found


def _key(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


class _Walk:
    """The paragraphs and tables of a page in their order."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.blocks: list[Paragraph] = []
        self.sheets: list[SheetRows] = []
        self._spans: list[tuple[str, bool]] = []
        self._bold: list[str] = []
        self._only_bold = True
        self._prefix = ""

    def visit(self, element: Any, bold: bool = False, depth: int = 0) -> None:
        """Add what stands in an element."""
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in _SKIPPED or depth > 200 or _names_of(element) & _NO_CONTENT:
            return
        if tag in _HEADINGS or tag in ("dt", "summary") or _is_question_button(element, tag):
            self.flush()
            self._prefix = ""
            text = _plain(element)
            if text:
                self.blocks.append(Paragraph(_HEADINGS.get(tag, TERM), text))
            return
        if tag == "table":
            self._add_table(element)
        block = tag in _BLOCKS
        if block:
            self.flush()
        if tag == "li":
            self._prefix = "- "
        if tag == "br":
            self._add("\n", bold)
            element.tail = (element.tail or "").removeprefix(_BREAK)
        self._add(element.text or "", bold or tag in ("b", "strong"))
        for child in element:
            self.visit(child, bold or tag in ("b", "strong"), depth + 1)
            self._add(child.tail or "", bold or tag in ("b", "strong"))
        if block:
            self.flush()

    def _add(self, text: str, bold: bool) -> None:
        if text != "\n":
            text = re.sub(r"\s+", " ", text)
        self._spans.append((text, bold))
        if bold and self._only_bold:
            self._bold.append(text)
        elif text.strip():
            self._only_bold = False

    def flush(self) -> None:
        """End the paragraph."""
        text = "".join(text for text, _ in self._spans)
        text = "\n".join(line.strip() for line in text.splitlines()).strip()
        if lines := bold_lines(self._spans):
            self.blocks.append(Paragraph(0, f"{self._prefix}{text}", lines=lines))
            self._prefix = ""
        elif text:
            self.blocks += bold_blocks(f"{self._prefix}{text}", "".join(self._bold).strip())
            self._prefix = ""
        self._spans, self._bold, self._only_bold = [], [], True

    def _add_table(self, table: Any) -> None:
        rows = [
            [_plain(cell) for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")
        ]
        if len(rows) > 1:
            title = next((_plain(c) for c in table.iter("caption")), "")
            number = len(self.sheets) + 1
            self.sheets.append(sheet_of(title or f"table {number}", rows, self.upload))


def _is_question_button(element: Any, tag: str) -> bool:
    if tag in ("button", "a") and element.get("aria-expanded") is not None:
        return True
    if not _ASKED.search((element.get("class") or "").casefold()):
        return False
    return tag in ("button", "a", "div", "span", "p") and not any(
        child.tag in _HEADINGS or child.tag in ("p", "button", "dt", "summary")
        for child in element.iterdescendants()
    )


def _names_of(element: Any) -> set[str]:
    """Return id and classes of an element."""
    if not isinstance(element.tag, str):
        return set()
    return {element.get("id") or "", *(element.get("class") or "").split()}


def _plain(element: Any) -> str:
    """Return the text of an element; only <br> and marked blocks break its lines."""
    for line_break in element.iter("br"):
        line_break.tail = _BREAK + (line_break.tail or "").removeprefix(_BREAK)
    lines = element.text_content().split(_BREAK)
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def _json_ld(root: Any) -> Iterator[tuple[str, str]]:
    """Yield the questions that a page gives to search engines as JSON."""
    for script in root.iter("script"):
        if "ld+json" in (script.get("type") or ""):
            try:
                document = json.loads(script.text or "")
            except (ValueError, RecursionError):
                continue
            yield from _schema_questions(document, 0)


def _schema_questions(node: object, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(node, list) and depth < 20:
        for item in node:
            yield from _schema_questions(item, depth + 1)
    if not isinstance(node, dict) or depth >= 20:
        return
    answer = node.get("acceptedAnswer") or node.get("suggestedAnswer")
    if isinstance(answer, list):
        answer = answer[0] if answer else None
    if isinstance(answer, dict) and isinstance(node.get("name"), str):
        text = str(answer.get("text") or "")
        yield _html_to_text(node["name"]), _html_to_text(text)
        return
    for value in node.values():
        yield from _schema_questions(value, depth + 1)


def without_tags(table: Table) -> Table:
    """Return a table whose cells are no HTML, as those of help centres are: ``<p>At nine.</p>``."""
    marked = [c for c in table.columns if _is_markup(table.frame[c].head(_SAMPLE).tolist())]
    if not marked:
        return table
    texts = {
        c: pd.array([_html_to_text(cell) for cell in table.frame[c].tolist()], dtype="str")
        for c in marked
    }
    text = N_("The texts in {columns} are HTML; their tags were taken out.")
    return replace(
        table,
        frame=table.frame.assign(**texts),
        warnings=(*table.warnings, Message(text, {"columns": ", ".join(marked)})),
    )


def _is_markup(cells: Sequence[str]) -> bool:
    """Tell whether most cells are elements as a whole, and not texts about tags."""
    filled = [(cell, bare) for cell in cells if (bare := _COMMENT.sub("", cell).strip())]
    tagged = [
        cell
        for cell, bare in filled
        if (bare[0] == "<" and _ELEMENT.match(bare)) or _COMMENT.match(cell)
    ]
    return len(tagged) > len(filled) / 2


def _html_to_text(text: str) -> str:
    """Return a text without the tags that are in it."""
    if "<" not in text and "&" not in text:
        return text.strip()
    from lxml import etree, html

    try:
        root = html.fragment_fromstring(text, create_parent="div")
    except (etree.LxmlError, ValueError):
        return text.strip()
    for block in root.iter(*_BLOCKS, *_HEADINGS):
        block.text = _BREAK + (block.text or "")
        block.tail = _BREAK + (block.tail or "")
    return _plain(root)


def _microdata(root: Any) -> Iterator[tuple[str, str]]:
    for item in root.xpath("//*[contains(@itemtype, 'schema.org/Question')]"):
        names = item.xpath(".//*[@itemprop='name']")
        answers = item.xpath(".//*[@itemprop='acceptedAnswer']//*[@itemprop='text']")
        answers = answers or item.xpath(".//*[@itemprop='text']")
        if names and answers:
            yield _plain(names[0]), _plain(answers[0])
