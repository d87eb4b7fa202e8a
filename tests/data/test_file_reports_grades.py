"""Judgements under any name, in numbers and words, on any scale: wrong never comes out as right."""

from __future__ import annotations

import pytest

from tests.data.made_files import (
    NOT_PAIRS,
    PAIRS,
    QUESTIONS,
    ZIPPED,
    right,
    said,
    table,
    workbook,
    wrong,
)

# A, B: judgements under any name, in numbers and words

JUDGED = [(q, a, 1) for q, a, _ in ZIPPED] + [(q, w, 0) for q, _, w in ZIPPED]


@pytest.mark.parametrize(
    "name", "label is_relevant correct score relevance gold qrel judgement is_correct xyz".split()
)
def test_a_column_of_judgements_is_a_rating_whatever_its_name(read, name):
    for columns in (("query", "passage", name), ("question", "answer", name)):
        report = read(table(columns, JUDGED))
        assert report.columns["rating"] == name
        assert (right(report), wrong(report)) == (PAIRS, NOT_PAIRS)


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        *[("yes", "no"), ("Good", "Bad"), ("👍", "👎"), ("relevant", "not relevant"), ("T", "F")],
        *[("pass", "fail"), ("ja", "nein"), ("1 - relevant", "0 - not relevant"), ("oui", "non")],
        *[
            ("sí", "no"),
            ("はい", "いいえ"),
            ("是", "否"),
            ("相关", "不相关"),
            ("○", "×"),
            ("✓", "✗"),
        ],
        *[("TRUE", "FALSE"), ("richtig", "falsch"), ("correct", "incorrect"), ("★★★★★", "☆")],
        *[("thumbs up", "thumbs down"), ("Helpful", "Not helpful"), ("正解", "不正解")],
    ],
)
@pytest.mark.parametrize("name", ["rating", "label", "verdict"])
def test_words_are_ratings(read, yes, no, name):
    rows = [(q, a, yes if grade else no) for q, a, grade in JUDGED]
    report = read(table(("question", "answer", name), rows))
    assert (right(report), wrong(report)) == (PAIRS, NOT_PAIRS)


def test_words_that_nobody_knows_are_counted_and_never_right(read):
    rows = [(q, a, "zonk" if i % 2 else "yes") for i, (q, a, _) in enumerate(JUDGED)]
    report = read(table(("question", "answer", "rating"), rows))
    assert len(right(report)) == 5 and len(report.set_aside) == 5
    assert "zonk (5)" in said(report)


def test_a_column_that_counts_something_is_no_rating(read):
    for name in ("rank", "views", "priority", "page", "active"):
        rows = [(q, a, i % 2) for i, (q, a) in enumerate(sorted(PAIRS))]
        report = read(table(("question", "answer", name), rows))
        assert "rating" not in report.columns and right(report) == PAIRS


# C: scales and number formats


@pytest.mark.parametrize(
    ("ratings", "grades"),
    [
        (["8/10", "10/10", "0/10", "5/10", "2/10"], [0.8, 1, 0, 0.5, 0.2]),
        (["80%", "100 %", "0%", "50%", "20%"], [0.8, 1, 0, 0.5, 0.2]),
        (["0,8", "1,0", "0,0", "0,5", "0,2"], [0.8, 1, 0, 0.5, 0.2]),
        (["０.８", "１", "０", "０.５", "０.２"], [0.8, 1, 0, 0.5, 0.2]),
        (["4", "5", "0", "2.5", "1"], [0.8, 1, 0, 0.5, 0.2]),
        (["\u22121", "1", "0", "0.5", "0.2"], [0, 1, 0, 0.5, 0.2]),
        (["80", "100", "0", "50", "20"], [0.8, 1, 0, 0.5, 0.2]),
    ],
)
def test_the_scale_is_found_from_all_values(read, ratings, grades):
    rows = [(q, a, r) for (q, a, _), r in zip(ZIPPED, ratings, strict=True)]
    report = read(table(("question", "answer", "rating"), rows))
    found = {q: grade for q, _, grade in report.pairs}
    assert [found[q] for q in QUESTIONS] == pytest.approx(grades)


def test_cells_are_read_as_the_spreadsheet_shows_them(read):
    from datetime import datetime, time

    values = [0.25, datetime(2024, 3, 5), 1234.5, time(9, 30), 42]
    forms = ["0%", "d. mmmm", '#,##0.00 "EUR"', "h:mm:ss", "00000"]
    rows = [("question", "answer"), *zip(QUESTIONS, values, strict=True)]
    content = workbook(rows, {f"B{i}": form for i, form in enumerate(forms, 2)})
    shown = dict(right(read(content, "faq.xlsx")))
    assert [shown[q] for q in QUESTIONS] == ["25%", "5. March", "1,234.50 EUR", "9:30:00", "00042"]
