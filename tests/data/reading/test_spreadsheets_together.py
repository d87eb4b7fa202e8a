"""Workbooks with a sheet for each topic, and tables that lie on their side."""

from __future__ import annotations

import io

import openpyxl
import pytest

from core.data.reading import spreadsheets
from core.data.reading.formats import read_table
from core.data.reading.spreadsheets import TOGETHER
from core.data.reading.upload import ReadingChoices
from tests.data.made_files import ANSWERS, PAIRS, QUESTIONS, right, table

NAMES = ("Question", "Answer")


def book(**sheets):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title.replace("_", " "))
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def entries(topic, count=4, names=NAMES):
    rows = [
        (f"How do I {topic} part {i} of it?", f"You {topic} part {i} at the desk beside the door.")
        for i in range(count)
    ]
    return [names, *rows]


def titles(content, sheet=None):
    """The table, and the sheets that were read."""
    found = read_table(content, "faq.xlsx", choices=ReadingChoices(sheet=sheet))
    return found, found.sheet.split(TOGETHER)


def test_a_sheet_for_each_topic_is_read_as_one_table_with_its_topic():
    turned = [
        ("Our FAQ",),
        (),
        ("answer", "QUESTION", "Notes"),
        ("It is sent.", "Is it sent?", "n"),
    ]
    content = book(Billing=entries("pay"), Shipping=turned, Prices=[("Item", "Price"), ("Cup", 3)])
    found, read = titles(content)
    assert read == ["Billing", "Shipping"]
    assert found.columns == ("Question", "Answer", "Notes", "Category")
    assert found.frame["Category"].tolist() == ["Billing"] * 4 + ["Shipping"]
    assert found.frame.iloc[-1].tolist() == ["Is it sent?", "It is sent.", "n", "Shipping"]
    assert found.row_numbers.tolist() == [2, 3, 4, 5, 9]  # the fourth row below the fifth
    assert "Billing 2–5, Shipping 9–9" in str(found.warnings[0])
    assert "not read: Prices (2)" in str(found.warnings[-1])
    assert [(part.kind, part.name) for part in found.not_used] == [
        *(("rows", "1: Our FAQ"), ("sheet", "Prices"))
    ]
    assert found.sheets == ("Billing + Shipping", "Billing", "Shipping", "Prices")


def test_one_of_them_can_be_chosen_and_all_again():
    content = book(Billing=entries("pay"), Shipping=entries("ship"))
    alone, read = titles(content, "Shipping")
    assert read == ["Shipping"] and alone.columns == NAMES and len(alone.frame) == 4
    assert alone.sheets[0] == "Billing + Shipping"  # on offer still
    again, _ = titles(content, alone.sheets[0])
    assert again.frame.equals(titles(content)[0].frame)


def test_many_sheets_are_named_in_short():
    content = book(**{f"Topic {word}": entries(word) for word in ("pay", "send", "open", "mend")})
    found, _ = titles(content)
    assert found.sheet == found.sheets[0] == "Topic pay + Topic send + … (4)"
    assert len(found.frame) == 16
    assert read_table(content, "a.xlsx", sheet=found.sheet).frame.equals(found.frame)


def test_of_sheets_that_are_too_large_together_the_first_is_read(monkeypatch):
    monkeypatch.setattr(spreadsheets, "MAX_ROWS", 6)
    found, read = titles(book(Billing=entries("pay"), Shipping=entries("ship")))
    assert read == ["Billing"] and len(found.frame) == 4
    assert [part.name for part in found.not_used] == ["Shipping"]


def test_a_topic_that_the_rows_name_is_kept_and_names_of_programs_are_none():
    named = [("Question", "Answer", "Topic"), ("Is it sent?", "It is sent.", "post")]
    content = book(One=named, Two=[named[0], ("Is it paid?", "It is paid.", "money")])
    assert titles(content)[0].columns == named[0]
    content = book(Sheet1=entries("pay"), Tabelle2=entries("ship"))
    found, read = titles(content)
    assert read == ["Sheet1", "Tabelle2"] and found.columns == NAMES


@pytest.mark.parametrize(
    ("title", "rows"),
    [
        ("Old", entries("ship")),
        ("Internal", entries("ship")),
        ("Archive 2023", entries("ship")),
        ("Template", entries("ship")),
        ("Billing (2)", entries("ship")),
        ("下書き", entries("ship")),
        ("Corrected", entries("pay", 5)),  # another version of the same questions
        ("Prices", [("Question", "Price"), ("How much is a cup?", 3)]),
        ("日本", [NAMES, ("いつ届きますか。", "三日後にお届けします。")] * 3),
        ("Empty", [NAMES]),
        ("Nameless", [("Question", "Answer", ""), ("Is it sent?", "It is sent.", "why not")]),
    ],
)
def test_sheets_that_hold_something_else_are_named_and_not_read(title, rows):
    found, read = titles(book(Billing=entries("pay"), **{title: rows}))
    assert read == ["Billing"]
    assert ("sheet", title) in [(part.kind, part.name) for part in found.not_used]


def test_the_same_in_several_languages_is_read_in_one():
    content = book(Deutsch=entries("zahlen"), Français=entries("payer"), Italiano=entries("pagare"))
    assert titles(content)[1] == ["Deutsch"]


def test_the_first_sheet_with_questions_is_read_where_another_stands_before_it():
    content = book(
        Overview=[("Topic", "Entries"), ("Billing", 4)], Old=entries("x"), FAQ=entries("pay")
    )
    assert titles(content)[1] == ["FAQ"]


def test_searches_of_each_month_are_one_log():
    months = {
        name: [("query", "count"), *((f"{name} tent {i}", i + 1) for i in range(3))]
        for name in ("May", "June")
    }
    found, read = titles(book(**months))
    assert read == ["May", "June"] and len(found.frame) == 6


def test_hidden_rows_of_the_second_sheet_are_told_by_the_row_they_count_as():
    made = openpyxl.load_workbook(io.BytesIO(book(Billing=entries("pay"), Post=entries("ship"))))
    made["Post"].row_dimensions[3].hidden = True
    content = io.BytesIO()
    made.save(content)
    found = read_table(content.getvalue(), "faq.xlsx", choices=ReadingChoices(hidden_rows=False))
    assert found.row_numbers.tolist() == [2, 3, 4, 5, 7, 9, 10]
    assert "Rows: 8 (1 in all)" in "".join(map(str, found.warnings))


def test_all_sheets_become_pairs_with_the_users_row_numbers(read):
    half = [NAMES, *zip(QUESTIONS[:3], ANSWERS[:3], strict=True)]
    rest = [NAMES, *zip(QUESTIONS[3:], ANSWERS[3:], strict=True), ("", "Nobody asked for this.")]
    report = read(book(Loans=half, Cards=rest), "faq.xlsx")
    assert right(report) == PAIRS
    assert [row for row, *_ in report.set_aside] == [8]  # behind 4 rows, the fourth


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize(
    ("labels", "more"),
    [
        (NAMES, {}),
        (("質問", "回答"), {}),
        (("Frage:", "Antwort:"), {}),
        (NAMES, {"Category": [f"topic {i % 2}" for i in range(5)]}),
        (NAMES, {"": [f"FAQ {i}" for i in range(5)]}),
    ],
)
def test_a_table_on_its_side_is_set_upright(labels, more, kind, read):
    rows = [[name, *cells] for name, cells in more.items()]
    rows += [[labels[0], *QUESTIONS], [labels[1], *ANSWERS]]
    content = book(FAQ=rows) if kind == "xlsx" else table(rows[0], rows[1:])
    report = read(content, f"faq.{kind}")
    assert right(report) == PAIRS
    found = read_table(content, f"faq.{kind}")
    assert found.row_numbers.tolist() == [2, 3, 4, 5, 6]
    assert "lies on its side" in str(found.warnings[-1])


def test_records_below_one_another_and_descriptions_of_columns_do_not_lie_on_their_side():
    turns = [row for pair in ZIPPED_ROWS for row in pair]
    content = table(("Type", "Text", "Date"), turns)
    assert "lies on" not in "".join(map(str, read_table(content, "faq.csv").warnings))


ZIPPED_ROWS = [
    (("Question", question, "1 May"), ("Answer", answer, "2 May"))
    for question, answer in zip(QUESTIONS, ANSWERS, strict=True)
]
