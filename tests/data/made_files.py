"""Made-up questions and answers in the layouts that programs and people write, and what is read."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import openpyxl

from core.data.file_reports import FileReport

QUESTIONS = (
    "How many books may I borrow at once?",
    "Where do I return things after closing time?",
    "Can my daughter get her own card?",
    "What does a lost card cost?",
    "Do you lend board games?",
)
ANSWERS = (
    "Up to twelve items can be out on one card, of which four may be films.",
    "A steel hatch to the left of the main door takes returns at any hour.",
    "Children from age six receive a junior card when a parent signs the form.",
    "A replacement costs three euros; it is printed while you wait.",
    "Sixty board games stand beside the comics, they go out for two weeks.",
)
WRONG = tuple(f"Notice {i}: coats go into locker row {i}." for i in range(5))
PAIRS = set(zip(QUESTIONS, ANSWERS, strict=True))
NOT_PAIRS = set(zip(QUESTIONS, WRONG, strict=True))
ZIPPED = list(zip(QUESTIONS, ANSWERS, WRONG, strict=True))

THINGS = tuple(
    "parcel tent boots stove bike kayak lamp rope map axe jacket helmet bottle sock glove hat "
    "scarf belt torch knife pan cup plate spoon".split()
)


def shop_faq(*rows: str) -> bytes:
    """A CSV file with enough questions to be split, and rows of one's own behind them."""
    usual = (f"where is my {thing}?,About your {thing}: we will look." for thing in THINGS)
    return "\n".join(("question,answer", *usual, *rows)).encode()


def table(columns, rows, delimiter=",", encoding="utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([columns, *rows])
    return text.getvalue().encode(encoding)


def lines(records) -> bytes:
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode()


def document(content) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def workbook(rows, formats=None, **sheets) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for place, form in (formats or {}).items():
        book.active[place].number_format = form
    for title, more in sheets.items():
        sheet = book.create_sheet(title)
        for row in more:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def packed(**members) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return content.getvalue()


def right(report: FileReport) -> set[tuple[str, str]]:
    return {(q, a) for q, a, grade in report.pairs if grade}


def wrong(report: FileReport) -> set[tuple[str, str]]:
    return {(q, a) for q, a, grade in report.pairs if grade == 0}


def said(report: FileReport) -> str:
    return "\n".join(map(str, [*report.warnings, report.refused or ""]))
