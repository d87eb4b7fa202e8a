"""The report on paper: Chromium prints it to PDF, and no table is cut."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import replace

import pytest
from pypdf import PdfReader

from core.messages import Message
from core.reporting.html_report import render
from core.reporting.report_content import BiasCell, Movement
from core.reporting.report_facts import MOST_GROUPS
from core.reporting.wording import Wording
from core.types import Override
from tests.reporting.sample_report import part, sample_report

pytestmark = pytest.mark.browser

A4 = (595.3, 841.9)  # points
SENTENCE = {
    "en": "please tell me whether I can still send back the tent that I bought on Monday, ",
    "ja": "月曜日に購入したテントをまだ返品できるかどうか教えていただけますでしょうか。",
}


def long_report(language: str):
    """A report with tables over several pages; every row has a mark at its start and its end."""
    filler = SENTENCE[language] * 2

    def moved(number: int) -> Movement:
        question, answer = f"[s{number}] {filler}", f"{filler[:90]} [e{number}]"
        return Movement("known", question, answer, number + 1, 40, -0.5, filler[:80], True)

    report = sample_report()
    name = {"en": "Outdoor shop FAQ", "ja": "アウトドア用品店のよくある質問"}[language]
    overrides = tuple(
        Override(
            f"[s{n}] {filler}"[:130], f"{filler[:80]} [e{n}]", 0.4, "ann", filler[:90],
            "2026-11-20T10:00:00+00:00",
        )
        for n in range(100, 140)
    )  # fmt: skip
    long_word = "unbreakable" * 12
    return replace(
        report,
        name=name,
        losses=tuple(moved(n) for n in range(10)),
        wins=tuple(moved(n) for n in range(10, 20)),
        slices=tuple(
            part(f"part {n} {long_word[: n * 8]}", 12 + n, "not shown", 0.1) for n in range(16)
        ),
        labels=replace(report.labels, overrides=overrides),
        experts=tuple(
            replace(e, origin=replace(e.origin, title=f"Expert {i}"))
            for i, e in enumerate(report.experts * 5)
        ),
        configuration={"recipe": {f"setting {n}": long_word for n in range(30)}},
        hashes=tuple((f"hash {n}", "0123456789abcdef" * 4) for n in range(12)),
    )  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ja"])
def test_prints_to_a4_without_cut_tables(page, tmp_path, language):
    """A row torn over two pages, or a column beyond the edge of the paper, cannot be read."""
    file = tmp_path / "report.html"
    file.write_text(render(long_report(language), language), encoding="utf-8")
    page.goto(file.as_uri())
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    pages = PdfReader(io.BytesIO(pdf)).pages
    assert 6 <= len(pages) <= 24
    for sheet in pages:
        size = float(sheet.mediabox.width), float(sheet.mediabox.height)
        assert size == pytest.approx(A4, abs=2)
    texts = [sheet.extract_text() for sheet in pages]
    assert all(len(text.split()) > 5 for text in texts), "an empty page"
    starts, ends = ({} for _ in range(2))
    for number, text in enumerate(texts):
        starts |= dict.fromkeys(re.findall(r"\[s(\d+)\]", text), number)
        ends |= dict.fromkeys(re.findall(r"\[e(\d+)\]", text), number)
    assert len(starts) == 60 and starts == ends, "a row is torn over two pages"
    # The heads of a table that goes on are repeated on its next page.
    labels = [n for row, n in starts.items() if int(row) >= 100]
    head = {"en": "Who, when and why", "ja": None}[language]
    if head:
        assert len(set(labels)) > 1
        assert all(head in texts[number] for number in set(labels))


@pytest.mark.parametrize("language", ["en", "ja"])
def test_nothing_reaches_beyond_the_edge_of_the_paper(page, tmp_path, language):
    file = tmp_path / "report.html"
    file.write_text(render(long_report(language), language), encoding="utf-8")
    page.set_viewport_size({"width": 680, "height": 1000})  # 180 mm: A4 less the margins
    page.emulate_media(media="print")
    page.goto(file.as_uri())
    beyond = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(e => !e.closest('svg') && e.getBoundingClientRect().right > 681)
            .map(e => e.tagName + ': ' + e.textContent.slice(0, 60))"""
    )
    assert beyond == []


def fullest_sheet(language: str):
    """A report whose first page has as much on it as there can be."""
    report = long_report(language)
    filler = SENTENCE[language] * 3
    bias = report.labels.bias
    cells = (BiasCell(-0.123, True),) * 8
    groups = tuple((f"{n} {filler}", cells) for n in range(MOST_GROUPS))
    bias = replace(bias, experts=tuple(f"{n} {filler}" for n in range(7)), rows=groups)
    return replace(
        report,
        labels=replace(report.labels, bias=bias),
        in_use=replace(report.in_use, reason=filler, who=filler),
        risk=replace(report.risk, who=filler),
        refusals=(Message("{why}", {"why": filler}),) * 3,
    )


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_decision_sheet_is_one_page(page, tmp_path, language):
    """Half of the picture of bias, and the decision itself, were on a second page."""
    file = tmp_path / "report.html"
    file.write_text(render(fullest_sheet(language), language), encoding="utf-8")
    page.goto(file.as_uri())
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    sheets = PdfReader(io.BytesIO(pdf)).pages[:2]

    # a PDF writes some signs with the look-alikes that its fonts have
    def plain(text: str) -> str:
        return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))

    def told(text: str) -> str:
        return plain(Wording(language).t(text))

    first, second = (plain(sheet.extract_text()) for sheet in sheets)

    for title in ("Three wins", "Three losses", "What it would save", "Risks and limits"):
        assert told(title) in first
    assert told("Appendix") in second and told("Appendix") not in first
