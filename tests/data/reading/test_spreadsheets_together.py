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
TURNS = [
    (("Question", question, "1 May"), ("Answer", answer, "2 May"))
    for question, answer in zip(QUESTIONS, ANSWERS, strict=True)
]


# Titles of sheets whose answers must not be learned as right ones.
TAKEN_BACK = (
    "Old|Internal|Archive 2023|Drafts|Template|Billing (2)|Deleted|Rejected|Wrong answers|To review"
    "|Do not use|Not helpful|Copy of Billing|FAQ alt|Entwürfe|Gelöschte Antworten|Papierkorb"
    "|Borradores|Obsolète|下書き|廃止|旧FAQ|已废弃|삭제"
).split("|")
# Words of these, too, but they are topics.
TOPICS = (
    "Backup|Free samples|サンプル請求|コピー機|障害・復旧"
    "|Internal medicine|Former employees|Reviews|HR"
).split("|")


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
        *(("rows", "Shipping: 1: Our FAQ"), ("sheet", "Prices"))
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
        *((title, entries("ship")) for title in TAKEN_BACK),
        ("Corrected", entries("pay", 5)),  # another version of the same questions
        ("Half", [NAMES, *entries("pay")[3:], *entries("ship")[1:]]),
        ("Prices", [("Question", "Price"), ("How much is a cup?", 3)]),
        ("Summary", [("Questions", "Answers"), (4, 4), (5, 2)]),
        ("Rated", [(*NAMES, "Rating"), ("Is it sent?", "It is sent.", 1)]),
        ("日本", [NAMES, ("いつ届きますか。", "三日後にお届けします。")] * 3),
        ("Twice", [("Question", "Answer", "Answer"), ("Is it sent?", "It is sent.", "By post.")]),
        ("Empty", [NAMES]),
        ("Nameless", [("Question", "Answer", ""), ("Is it sent?", "It is sent.", "why not")]),
    ],
)
def test_sheets_that_hold_something_else_are_named_and_not_read(title, rows):
    found, read = titles(book(Billing=entries("pay"), **{title: rows}))
    assert read == ["Billing"]
    assert ("sheet", title) in [(part.kind, part.name) for part in found.not_used]


@pytest.mark.parametrize("title", TOPICS)
def test_topics_that_sound_like_drafts_or_languages_are_read(title):
    assert titles(book(Billing=entries("pay"), **{title: entries("ship")}))[1] == ["Billing", title]


def test_departments_are_no_languages():
    content = book(HR=entries("hire"), IT=entries("mend"))
    assert titles(content)[1] == ["HR", "IT"]


@pytest.mark.parametrize("first", ["Template", "Archive 2021"])
def test_a_template_in_the_first_place_gives_way(first):
    template = [NAMES, ("Write the question here, please", "Write the answer here, please")]
    content = book(**{first: template}, Billing=entries("pay"), Shipping=entries("ship"))
    assert titles(content)[1] == ["Billing", "Shipping"]
    assert titles(book(**{first: template}, Counts=[("Query", "Count"), ("tent", 3)]))[1] == [first]


def test_the_newest_version_is_read_and_numbered_sheets_go_on():
    assert titles(book(**{"FAQ v1": entries("pay"), "FAQ v2": entries("ship")}))[1] == ["FAQ v2"]
    numbered = {f"FAQ ({n})": entries(word) for n, word in enumerate(("pay", "send"), 1)}
    assert titles(book(**numbered))[1] == [*numbered]


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (
            [("What people ask", "What we say"), *entries("pay")[1:]],
            [("Query", "Count"), ("tent", 3)],
        ),
        ([("Titel", "Text"), *entries("pay")[1:]], [("Monat", "Anfragen"), ("Mai", 3)]),
        ([("Problem", "Text"), *entries("pay")[1:]], [NAMES, ("Was it good?", "Yes")]),
    ],
)
def test_a_first_sheet_with_texts_stays_the_one_that_is_read(first, later):
    assert titles(book(Wissen=first, Other=later))[1] == ["Wissen"]


def test_ratings_on_other_scales_are_not_mixed():
    rated = [(*row, 1 + n % 5) for n, row in enumerate(entries("pay")[1:])]
    percent = [(*row, 20 * n) for n, row in enumerate(entries("ship")[1:], 1)]
    names = (*NAMES, "Rating")
    assert titles(book(One=[names, *rated], Two=[names, *percent]))[1] == ["One"]
    again = [(*row, 5 - n % 5) for n, row in enumerate(entries("ship")[1:])]
    assert titles(book(One=[names, *rated], Two=[names, *again]))[1] == ["One", "Two"]


def test_questions_without_answers_never_take_a_sheets_name_for_one():
    months = {m: [("Date", "Question"), ("1 May", f"Is it {m}?")] for m in ("Shop", "App")}
    found, read = titles(book(**months))
    assert read == ["Shop"] and "Category" not in found.columns


def test_a_sheet_without_topics_among_others_is_named_by_its_title():
    content = book(
        Money=[(*NAMES, "Topic"), ("Is it paid?", "It is paid.", "bills")], Post=entries("ship", 1)
    )
    found, _ = titles(content)
    assert found.frame["Topic"].tolist() == ["bills", "Post"]


def test_columns_spelt_otherwise_are_the_same():
    found, read = titles(book(A=entries("pay"), B=entries("ship", 4, ("Questions", "Answers"))))
    assert read == ["A", "B"] and found.columns == (*NAMES, "Category")


def test_the_same_in_several_languages_is_read_in_one():
    content = book(Deutsch=entries("zahlen"), Français=entries("payer"), Italiano=entries("pagare"))
    assert titles(content)[1] == ["Deutsch"]
    german = [
        NAMES,
        ("Wie kann ich zahlen?", "Sie können mit der Karte zahlen, wie und wo Sie wollen."),
    ]
    french = [
        NAMES,
        ("Comment payer ?", "Vous payez par carte dans les magasins et sur notre site."),
    ]
    assert titles(book(FAQ_DE=german, FAQ_FR=french))[1] == ["FAQ DE"]
    assert titles(book(Zahlen=german, Payer=french))[1] == ["Zahlen"]


def test_the_sheet_with_questions_is_read_where_an_overview_stands_before_it():
    overview = [("Topic", "Entries"), ("Billing", 4)]
    assert titles(book(Overview=overview, FAQ=entries("pay")))[1] == ["FAQ"]
    across = [("Question", *QUESTIONS), ("Answer", *ANSWERS)]
    below = [row[:2] for turn in TURNS for row in turn]
    for rows in (across, below):
        found, read = titles(book(Overview=overview, FAQ=rows))
        assert read == ["FAQ"] and len(found.frame) == 5


def test_searches_of_each_month_are_one_log():
    months = {
        name: [("query", "count"), ("track parcel", 9), *((f"{name} tent {i}", i) for i in (1, 2))]
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


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_it_may_stand_below_a_title_beside_a_blank_column_and_hold_two_answers(kind, read):
    rows = [["", "Question", *QUESTIONS], ["", "Answer 1", *ANSWERS], ["", "Answer 2", *ANSWERS]]
    content = book(FAQ=rows) if kind == "xlsx" else table(rows[0], rows[1:])
    report = read(content, f"faq.{kind}")
    assert right(report) == PAIRS
    cover = book(Overview=[("Topic", "Entries"), ("Billing", 4)], FAQ=rows)
    alone = read_table(cover, "faq.xlsx", choices=ReadingChoices(sheet="FAQ"))
    assert alone.sheet == "FAQ" and len(alone.frame) == 5


ASKED = ("Where is my parcel?", "Is there another solution?", "How long does it take?")


@pytest.mark.parametrize(
    "rows",
    [
        [("Type", "Text", "Date"), *(row for pair in TURNS for row in pair)],
        [
            ("Frage", "Erläuterung", "Wer"),
            ("Wo?", "Im Portal.", "A"),
            ("Lösung?", "Ja, hier.", "B"),
        ],
        [("Question", "Description", "By"), *((q, "In the portal, as ever.", "A") for q in ASKED)],
        [
            ("Search query", "Impressions", "Rank"),
            ("email response", 8, 2),
            ("document upload", 9, 1),
        ],
        [("Letter", "Word", "More"), ("A", "Apple pie is here", "x"), ("Q", "Queues for it", "y")],
        [
            ("Field", "Type", "About"),
            ("Question", "text", "What people ask"),
            ("Answer", "text", "x"),
        ],
        [
            ("Setting", "Value", "About"),
            ("Question column", "q", "Of it"),
            ("Answer column", "a", "It"),
        ],
        [
            ("Rubrik", "Titel", "Text"),
            ("Konto", "Neu", "Im Portal."),
            ("Lösungen", "App", "Neu laden."),
        ],
    ],
)
def test_tables_that_only_sound_like_it_stand_upright(rows):
    found = read_table(table(rows[0], rows[1:]), "faq.csv")
    assert "lies on" not in "".join(map(str, found.warnings))
