"""FAQ pages: what a reader takes for a question and its answer becomes a row."""

import io
import zipfile

import docx
import pyarrow as pa
import pytest

from core.data.reading.formats import READERS, read_table
from core.errors import DataError

PAIRS = [["When do you open?", "At nine."], ["Where are you?", "Here, on two\nlines."]]
PAGE = """<!doctype html><html><head><title>x</title><style>p{}</style></head><body>
<nav><a>Home</a></nav><h1>Our FAQ</h1><p>Welcome.</p><h2>Lending</h2>
<h3>How many books?</h3><p>Up to <b>twelve</b>.</p><ul><li>one</li><li>two</li></ul>
<h3>2. How long?</h3><div>Four weeks.<br>Really.</div><h2>Cards</h2>
<h3>Lost card</h3><p>Three euros.</p><footer>(c)</footer></body></html>"""
MARKED = """<html><script type="application/ld+json">{"@type": "FAQPage", "mainEntity": [
{"@type": "Question", "name": "When do you open?", "acceptedAnswer": {"text": "<p>At nine.</p>"}},
{"@type": "Question", "name": "Where are you?",
 "acceptedAnswer": {"text": "<p>Here, on two</p><p>lines.</p>"}}]}</script><h2>x</h2></html>"""
MICRODATA = """<div itemscope itemtype="https://schema.org/Question"><h3 itemprop="name">When do
 you open?</h3><div itemprop="acceptedAnswer"><div itemprop="text">At nine.</div></div></div>
<div itemscope itemtype="https://schema.org/Question"><h3 itemprop="name">Where are you?</h3>
<div itemprop="acceptedAnswer"><div itemprop="text">Here, on two<br>lines.</div></div></div>"""


def rows(content, name="faq.html"):
    content = content if isinstance(content, bytes) else content.encode()
    return read_table(content, name).frame[["question", "answer"]].to_numpy().tolist()


def test_headings_of_a_page_ask_and_the_text_below_answers():
    table = read_table(PAGE.encode(), "faq.html")
    assert table.frame.to_numpy().tolist() == [
        ["How many books?", "Up to twelve.\n- one\n- two", "Lending"],
        ["How long?", "Four weeks.\nReally.", "Lending"],
        ["Lost card", "Three euros.", "Cards"],
    ]
    assert [(part.name, part.count) for part in table.not_used] == [("Our FAQ", 1)]


@pytest.mark.parametrize(
    "page",
    [
        MARKED,
        MICRODATA,
        "<dl><dt>When do you open?</dt><dd>At nine.</dd>"
        "<dt>Where are you?</dt><dd>Here, on two<br>lines.</dd></dl>",
        "<details><summary>When do you open?</summary><p>At nine.</p></details>"
        "<details><summary>Where are you?</summary>Here, on two<br>lines.</details>",
        "<p><strong>When do you open?</strong><br>At nine.</p>"
        "<p><b>Where are you?</b></p><p>Here, on two<br>lines.</p>",
        "<div><h4>When do you open?</h4>At nine."
        "<h4>Where are you?</h4>Here, on two<br>lines.</div>",
        "<p>Q: When do you open?</p><p>A: At nine.</p>"
        "<p>Q: Where are you?</p><p>A: Here, on two<br>lines.</p>",
    ],
)
def test_other_ways_to_write_questions_on_a_page(page):
    assert rows(page) == PAIRS


def test_tables_of_a_page_are_tables():
    page = "<table><tr><th>Question</th><th>Answer</th><th>Id</th></tr>"
    page += "<tr><td>When?</td><td>At <i>nine</i></td><td>007</td></tr></table>"
    table = read_table(page.encode(), "export.xls")
    assert (table.format, table.frame.to_numpy().tolist()) == (
        "html",
        [["When?", "At nine", "007"]],
    )


def test_a_page_says_its_encoding_itself():
    page = '<html><meta charset="iso-8859-2"><h2>Źle?</h2><p>łąka</p></html>'
    assert rows(page.encode("iso8859_2")) == [["Źle?", "łąka"]]


@pytest.mark.parametrize(
    "page",
    [
        "# FAQ\n\n## When do you open?\nAt nine.\n\n## Where are you?\nHere, on two<br>lines.\n",
        "When do you open?\n---\nAt nine.\n\nWhere are you?\n---\nHere, on two\\\nlines.\n",
        "**When do you open?**\n\nAt nine.\n\n**Where are you?**\n\nHere, on two\\\nlines.\n",
        "---\ntitle: x\n---\n### When do you open?\n\nAt nine.\n\n### Where are you?\n\n"
        "Here, on two\\\nlines.\n",
    ],
)
def test_markdown_is_read_like_the_page_it_stands_for(page):
    assert rows(page, "faq.md") == PAIRS


def test_lines_with_q_and_a_are_questions_and_answers():
    text = "Q: When do you open?\nA: At nine.\n\nQ: Where are you?\nA: Here,\n on two lines.\n"
    assert rows(text, "faq.txt") == [PAIRS[0], ["Where are you?", "Here, on two lines."]]


def test_a_table_in_markdown_has_no_row_of_dashes():
    text = "| question | answer |\n|---|:--|\n| When? | Nine |\n| Where? | Here |\n"
    assert rows(text, "faq.txt") == [["When?", "Nine"], ["Where?", "Here"]]


def word(*parts):
    document = docx.Document()
    for style, text in parts:
        if style == "bold":
            document.add_paragraph().add_run(text).bold = True
        elif style == "text":
            document.add_paragraph(text)
        else:
            document.add_heading(text, style)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_headings_and_bold_questions_of_a_word_document():
    text = [("text", "At nine."), ("text", "Here, on two\nlines.")]
    headed = word((0, "FAQ"), (1, PAIRS[0][0]), text[0], (1, PAIRS[1][0]), text[1])
    bold = word(("bold", PAIRS[0][0]), text[0], ("bold", PAIRS[1][0]), text[1])
    assert rows(headed, "faq.docx") == PAIRS
    assert rows(bold, "faq.docx") == PAIRS


def test_plain_questions_of_a_word_document():
    parts = [(0, "FAQ"), ("text", PAIRS[0][0]), ("text", "At nine.")]
    parts += [("text", PAIRS[1][0]), ("text", "Here, on two\nlines.")]
    assert rows(word(*parts), "faq.docx") == PAIRS


def test_tables_of_a_word_document():
    document = docx.Document()
    table = document.add_table(3, 2)
    for i, row in enumerate([["Question", "Answer"], ["When?", "At nine"], ["Where?", "Here"]]):
        for j, text in enumerate(row):
            table.cell(i, j).text = text
    buffer = io.BytesIO()
    document.save(buffer)
    read = read_table(buffer.getvalue(), "faq.docx")
    assert read.frame["Answer"].tolist() == ["At nine", "Here"]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"<html><body><p>Hello</p></body></html>", "a.html", "web page without questions"),
        (b"Just a text.\n", "a.md", "Markdown page without questions"),
        (word(("text", "Just a text.")), "a.docx", "Word document without questions"),
    ],
)
def test_documents_without_questions_say_so(content, name, said):
    with pytest.raises(DataError, match=said):
        read_table(content, name)


def arrow(rows):
    table = pa.Table.from_pylist(rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def test_all_splits_of_a_saved_data_set_are_read():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("faq/dataset_dict.json", '{"splits": ["train", "test"]}')
        for split, text in (("train", "one"), ("test", "two")):
            data = arrow([{"question": f"what is {text}?", "answer": [f"it is {text}", "a sign"]}])
            archive.writestr(f"faq/{split}/data-00000-of-00001.arrow", data)
            archive.writestr(f"faq/{split}/state.json", "{}")
            archive.writestr(f"faq/{split}/dataset_info.json", "{}")
    table = read_table(buffer.getvalue(), "faq.zip")
    assert table.frame["split"].tolist() == ["train", "train", "test", "test"]
    assert table.frame["answer"].tolist() == ["it is one", "a sign", "it is two", "a sign"]


def test_every_reader_is_described_and_told_apart_by_its_key():
    assert len({reader.key for reader in READERS}) == len(READERS)
    for reader in READERS:
        assert reader.title and reader.looks_like and reader.example, reader.key
        assert all(ending.startswith(".") for ending in reader.endings)


@pytest.mark.parametrize(
    "reader",
    [r for r in READERS if r.key in ("json", "html", "markdown", "csv")],
    ids=lambda r: r.key,
)
def test_the_example_of_a_text_format_is_read_by_its_reader(reader):
    table = read_table(reader.example.encode(), f"faq{reader.endings[0]}")
    assert table.format == reader.key
    assert table.frame.iloc[0].tolist()[:2] == ["When do you open?", "At nine."]


def bold(*lines):
    document = docx.Document()
    paragraph = document.add_paragraph()
    for question, answer in lines:
        paragraph.add_run(question).bold = True
        paragraph.add_run(f"\n{answer}\n\n")
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


SIMPLE = [["When do you open?", "At nine."], ["Where are you?", "Here."]]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("<p>" + "<br><br>".join(f"<b>{q}</b><br>{a}" for q, a in SIMPLE) + "</p>", "faq.html"),
        ("<p>" + "<br><br>".join(f"{q}<br>{a}" for q, a in SIMPLE) + "</p>", "faq.html"),
        (bold(*SIMPLE), "faq.docx"),
        ("".join(f"* **{q}** – {a}\n" for q, a in SIMPLE), "faq.md"),
        ("".join(f"- **{q}**: {a}\n" for q, a in SIMPLE), "faq.md"),
        ("".join(f"- {q}\n  - {a}\n" for q, a in SIMPLE), "faq.md"),
        ("".join(f"{q}\n: {a}\n\n" for q, a in SIMPLE), "faq.md"),
        ("".join(f"{q}\n\n:   {a}\n\n" for q, a in SIMPLE), "faq.md"),
    ],
)
def test_many_questions_in_one_paragraph_or_list(content, name):
    assert rows(content, name) == SIMPLE


def test_bold_lines_of_an_answer_ask_nothing():
    page = "".join(
        f"<h2>{q}</h2><p><b>Note</b><br>{a}<br><b>Tip</b><br>Wait.</p>" for q, a in SIMPLE
    )
    assert rows(page) == [[q, f"Note\n{a}\nTip\nWait."] for q, a in SIMPLE]


def tables(*grids):
    document = docx.Document()
    for grid in grids:
        table = document.add_table(len(grid), len(grid[0]))
        for i, row in enumerate(grid):
            for j, text in enumerate(row):
                table.cell(i, j).text = text
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "grid",
    [
        lambda q, a: [["Question", q], ["Answer", a]],
        lambda q, a: [["Frage 1:", q], ["Antwort:", a]],
        lambda q, a: [[q], [a]],
        lambda q, a: [[q, a]],
        lambda q, a: [[f"Q: {q}"], [f"A: {a}"]],
    ],
)
def test_a_table_for_each_question(grid):
    assert rows(tables(*(grid(q, a) for q, a in SIMPLE)), "faq.docx") == SIMPLE


def test_a_note_beside_question_and_answer_is_a_column_of_its_own():
    grids = ([["Question", q], ["Answer", a], ["Internal", "ask Kim"]] for q, a in SIMPLE)
    table = read_table(tables(*grids), "faq.docx")
    assert table.columns == ("question", "answer", "Internal")
    assert table.frame[["question", "answer"]].to_numpy().tolist() == SIMPLE


def test_questions_that_a_page_only_shows_are_read_beside_the_marked_ones():
    more = [["Lost card?", "Three euros."], ["Contact", "Call us."]]
    shown = "".join(f"<h3>{q}</h3><p>{a}</p>" for q, a in [*SIMPLE, *more])
    marked = MARKED.replace("<p>Here, on two</p><p>lines.</p>", "Here.").replace(
        "<h2>x</h2>", shown
    )
    table = read_table(marked.encode(), "faq.html")
    assert table.frame.to_numpy().tolist() == [*SIMPLE, more[0]]
    assert "1 question is shown on the page" in str(table.warnings[1])
    assert [part.name for part in table.not_used] == ["Contact"]
    other = MARKED.replace("<h2>x</h2>", "<h2>Need help?</h2><p>Call us.</p>")
    assert rows(other) == PAIRS


def test_a_heading_of_a_section_in_the_middle_is_a_category():
    page = "<h3>When?</h3><p>At nine.</p><h2>Cards</h2><h3>Lost?</h3><p>Three euros.</p>"
    table = read_table(f"<html>{page}</html>".encode(), "faq.html")
    assert table.frame["category"].tolist() == ["", "Cards"]
