"""Files built from a model, in random layouts, give the model back or say why not.

A silent difference is the worst that an import can do: nobody looks for it.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path

import openpyxl
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from core.data.cells import is_nothing
from core.data.file_reports import report_on
from tests.data.conftest import as_sent

NAMES = (
    *[("question", "answer"), ("Frage", "Antwort"), ("query", "passage"), ("質問", "回答")],
    *[("Q", "A"), ("prompt", "completion"), ("pregunta", "respuesta"), ("anchor", "positive")],
    *[("instruction", "output"), ("utterance", "response"), ("title", "body"), ("问题", "答案")],
)
WORDS = (
    *("where", "is", "my", "parcel", "card", "card's", "für", "Straße", "naïve", "5", "a;b", "x|y"),
    *("(see", "note)", "50%", '"blue"', "and,", "then;", "tab\there", "end.", "-", "C:\\dir", "#1"),
    *("=1+1", "'quoted'", "new\nline", "[1]", "{x}", "…", "–", "ü", "parcel?", "don't", "e.g."),
)
EXTRAS = {
    "Interne Notiz": lambda i: f"somebody said number {i} on Monday and it was long, very long",
    "views": lambda i: str(i * 7 % 5),
    "url": lambda i: f"https://example.com/{i}",
    "created": lambda i: f"2024-03-{i % 28 + 1:02d}",
    "category": lambda i: ("cards", "hours")[i % 2],
}


@st.composite
def models(draw):
    """Return rows (question, answer, grade or None) with distinct questions."""
    count = draw(st.integers(4, 9))
    sentence = st.lists(st.sampled_from(WORDS), min_size=3, max_size=9).map(" ".join)
    asked = draw(st.lists(sentence, min_size=count, max_size=count, unique=True))
    told = draw(st.lists(sentence, min_size=count, max_size=count, unique=True))
    rated = draw(st.booleans())
    ends = draw(st.sampled_from(["?", "", " please?"]))
    rows = []
    for i, (question, answer) in enumerate(zip(asked, told, strict=True)):
        grade = draw(st.sampled_from([0, 1])) if rated and i > 1 else 1
        rows.append((f"Why {i} {question}{ends}", f"{answer} because of {i}.", grade))
    if rated:
        rows[-1] = (*rows[-1][:2], 0)
    return rows, rated


@st.composite
def files(draw):
    """Return a model with the bytes and the name of a file that holds it."""
    rows, rated = draw(models())
    question, answer = draw(st.sampled_from(NAMES))
    rating = draw(st.sampled_from(["rating", "label", "is_relevant", "score"])) if rated else None
    words = draw(st.sampled_from([("1", "0"), ("yes", "no"), ("ja", "nein"), ("👍", "👎")]))
    extras = draw(st.lists(st.sampled_from(sorted(EXTRAS)), unique=True, max_size=3))
    columns = draw(st.permutations([question, answer, *([rating] if rating else []), *extras]))
    records = []
    for i, (asked, told, grade) in enumerate(rows):
        values = {question: asked, answer: told} | {name: EXTRAS[name](i) for name in extras}
        if rating:
            values[rating] = words[0] if grade else words[1]
        records.append({name: values[name] for name in columns})
    kind = draw(st.sampled_from(["csv", "csv", "csv", "json", "jsonl", "nested", "lists", "xlsx"]))
    if kind == "csv":
        encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
        content = _delimited(draw, columns, records, encoding)
        return rows, content, "faq.csv"
    if kind == "xlsx":
        book = openpyxl.Workbook()
        for line in [columns, *([r[c] for c in columns] for r in records)]:
            book.active.append(line)
            for cell in book.active[book.active.max_row]:
                cell.data_type = "s"
        content = io.BytesIO()
        book.save(content)
        return rows, content.getvalue(), "faq.xlsx"
    if kind == "jsonl":
        text = "\n".join(json.dumps(r, ensure_ascii=False) for r in records)
        return rows, text.encode(), "faq.jsonl"
    document: object = records
    if kind == "nested":
        document = {"meta": {"n": 1}, draw(st.sampled_from(["data", "faqs", "items"])): records}
        document = {"export": document} if draw(st.booleans()) else document
    elif kind == "lists":
        document = [{**r, question: [r[question]], answer: [r[answer]]} for r in records]
    return rows, json.dumps(document, ensure_ascii=draw(st.booleans())).encode(), "faq.json"


def _delimited(draw, columns, records, encoding) -> bytes:
    text = io.StringIO()
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer = csv.writer(
        text,
        delimiter=draw(st.sampled_from([",", ";", "\t"])),
        quoting=quoting,
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
    )
    above = draw(st.sampled_from([[], [], ["FAQ export"], ["Report", "2024"], ["# by", "tool"]]))
    if above:
        writer.writerow(above)
    writer.writerow(columns)
    writer.writerows([record[name] for name in columns] for record in records)
    try:
        return text.getvalue().encode(encoding)
    except UnicodeEncodeError:
        return text.getvalue().encode("utf-8")


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(files())
def test_any_layout_gives_the_model_back_or_a_warning(built):
    rows, content, name = built
    assume(not any(is_nothing(text) for row in rows for text in row[:2]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        report = as_sent(report_on(path))
    expected = {(_plain(q), _plain(a)): grade for q, a, grade in rows}
    found = {(_plain(q), _plain(a)): 1 if grade else 0 for q, a, grade in report.pairs}
    told = [*report.warnings, *([report.refused] if report.refused else [])]
    told = [t for t in told if not str(t).startswith("There are ")]
    if not told and not report.set_aside:
        assert found == expected, report.columns
    else:  # what is said must not hide a wrong answer that became right
        wrong = {pair for pair, grade in expected.items() if not grade}
        assert not wrong & {pair for pair, grade in found.items() if grade}, told


def _plain(text: str) -> str:
    return " ".join(text.split())
