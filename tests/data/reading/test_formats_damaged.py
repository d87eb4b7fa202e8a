"""Files that cannot be used: one clear DataError each, never another exception."""

import io
import json
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings, strategies as st

import core.data.reading.archives as archives
from core.data.reading.formats import MAX_UPLOAD_MB, read_table
from core.data.table import set_aside_csv
from core.errors import DataError


def workbook_bytes():
    book = openpyxl.Workbook()
    for row in (["question", "answer"], *[[f"question {i}?", f"answer {i}"] for i in range(50)]):
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


WORKBOOK = workbook_bytes()
PARQUET = b"PAR1" + b"\x15\x04" * 40 + b"PAR1"


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "faq.csv", "empty"),
        (b"\xef\xbb\xbf\r\n \n", "faq.csv", "empty"),
        (b"\x00" * 5000, "faq.csv", "empty"),
        (b"question,answer\n", "faq.csv", "no rows"),
        (b"question,answer\n,\n ,\t\n", "faq.csv", "no rows"),
        (b"question\nhow are you\nfine\n", "faq.csv", "only one column (question)"),
        (b"question~answer\nhow are you~fine\n", "faq.csv", "only one column (question~answer)"),
        (b"question,answer\none, two, three\nfour, five, six\n", "faq.csv", "double quotes"),
        (b'question,answer\nq1,a1\n"q2 never closed, a2\nq3,a3,x\nq4\n', "faq.csv", "row 3"),
        (WORKBOOK[:-200], "faq.xlsx", "damaged"),
        (WORKBOOK[:300] + b"\x00" * 300 + WORKBOOK[600:], "faq.xlsx", "damaged"),
        (
            zipped(**{"faq.csv": "question,answer\nq,a\n", "more.csv": "question,answer\nq,a\n"}),
            "faq.csv",
            "files in it: 2, first: faq.csv",
        ),
        (zipped(**{"[Content_Types].xml": "<a/>", "word/document.xml": ""}), "a.xlsx", "XLSX"),
        (zipped(**{"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "a.ods", "XLSX"),
        (
            zipped(**{"[Content_Types].xml": "<a/>", "xl/workbook.xml": "<oops"}),
            "a.xlsx",
            "damaged",
        ),
        (b"PK\x03\x04 not really", "faq.csv", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1" + b"\x00" * 600, "faq.xls", "old Excel"),
        (b"%PDF-1.7\n...", "faq.pdf", "PDF"),
        (b"<!DOCTYPE html><table><tr><td>a,b</td></tr></table>", "faq.xls", "web page"),
        (PARQUET, "faq.parquet", "Parquet"),
        (bytes(range(256)) * 20, "faq.csv", "binary"),
        (b'{"question": "q1", ', "faq.json", "not valid JSON"),
        (b'{"question": "q1"}', "faq.json", "only one column"),
        (b"[1, 2, 3]", "faq.json", "no list of records"),
        (b"[" * 100_000, "faq.json", "not valid JSON"),
        (b'[{"question": [], "answer": ""}]', "faq.json", "no rows"),
    ],
)
def test_unusable_files_say_what_is_wrong(content, name, said):
    with pytest.raises(DataError) as caught:
        read_table(content, name)
    assert said.lower() in str(caught.value).lower()
    assert len(str(caught.value)) < 600


def test_a_file_of_200_mb_is_refused_before_it_is_parsed():
    with pytest.raises(DataError) as caught:
        read_table(bytes(MAX_UPLOAD_MB * 1_000_000 + 1), "faq.csv")
    assert f"{MAX_UPLOAD_MB} MB" in str(caught.value)


def test_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED_MB", 1)
    bomb = zipped(**{"[Content_Types].xml": "<a/>", "xl/worksheets/sheet1.xml": b" " * 5_000_000})
    assert len(bomb) < 10_000
    with pytest.raises(DataError) as caught:
        read_table(bomb, "faq.xlsx")
    assert "unpacks to 5 MB" in str(caught.value)


def test_entity_declarations_in_a_workbook_are_refused():
    """Nested entities ("billion laughs") turn a kilobyte into gigabytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(buffer, "w") as new:
        for item in old.namelist():
            data = old.read(item)
            if item.endswith("sheet1.xml"):
                data = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "b">]>' + data
            new.writestr(item, data)
    with pytest.raises(DataError) as caught:
        read_table(buffer.getvalue(), "faq.xlsx")
    assert "declarations" in str(caught.value)


def test_a_row_number_in_the_billions_does_not_fill_the_memory():
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as old, zipfile.ZipFile(buffer, "w") as new:
        for item in old.namelist():
            data = old.read(item)
            if item.endswith("sheet1.xml"):
                data = data.replace(b'<row r="51"', b'<row r="999999999999"')
            new.writestr(item, data)
    with pytest.raises(DataError) as caught:
        read_table(buffer.getvalue(), "faq.xlsx")
    assert "rows" in str(caught.value)


def test_nuls_and_control_characters_are_removed_and_counted():
    table = read_table(b"question,answer\nwh\x00ere is it?,he\x07re\nq2,a2\nq\x1b3,a3\n", "faq.csv")
    assert table.frame["question"].tolist() == ["where is it?", "q2", "q3"]
    assert table.frame["answer"][0] == "here"
    (warning,) = table.warnings
    assert warning.params == {"count": 2, "rows": "2, 4"}


def test_long_rtl_emoji_html_and_formula_texts_arrive_unchanged():
    texts = [
        "word " * 4000,
        "هل يمكنني إرجاع الطلب؟ \u200fשלום",
        "👩🏽\u200d🚀 where? 🇯🇵",
        "<script>alert('x')</script> & <b>bold</b>",
        "=HYPERLINK(1)",
        "+49 is a prefix",
        "-5 degrees",
        "@home",
        "{braces} and {0}",
    ]
    content = json.dumps([{"question": text, "answer": text} for text in texts]).encode()
    table = read_table(content, "faq.json")
    assert table.frame["question"].tolist() == [text.strip() for text in texts]


def test_lone_surrogates_can_be_stored():
    """Half an emoji in JSON is legal there, but no encoder takes it: saving would crash later."""
    table = read_table(b'[{"question": "cut \\ud83d", "answer": "a"}]', "faq.json")
    table.frame["question"][0].encode("utf-8")
    assert table.warnings


def test_braces_in_names_and_texts_do_not_break_the_message():
    with pytest.raises(DataError) as caught:
        read_table(b"{nothing}\nx\n", "{name} {0}.csv")
    assert "{name} {0}.csv" in str(caught.value)


def test_set_aside_download_cannot_start_a_formula():
    content = set_aside_csv([(3, "The answer is empty.", "=cmd|' /C calc'!A0", "")])
    assert b",'=cmd" in content
    assert read_table(content, "aside.csv").frame["row"].tolist() == ["3"]


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from(
        [
            *(b"", b"PK\x03\x04", b"PAR1", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"{", b"[{"),
            *(b"question,answer\n", b'[{"question":', b'"', WORKBOOK[:900], WORKBOOK[:4000]),
        ]
    ),
    st.sampled_from(["a.csv", "a.xlsx", "a.json", "a.jsonl", "a.parquet", "a", "{x}\x00../a.csv"]),
)
def test_random_bytes_never_raise_anything_but_data_error(tail, head, name):
    try:
        table = read_table(head + tail, name)
    except DataError as error:
        assert str(error)
    else:
        assert len(table.columns) >= 2
        assert len(table.frame) == len(table.row_numbers)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_workbook_with_changed_bytes_never_raises_anything_but_data_error(data):
    content = bytearray(WORKBOOK)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_table(bytes(content), "a.xlsx")
    except DataError as error:
        assert str(error)


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["question", "answer", "data", "x", "tags"]), inner)
        ),
        max_leaves=20,
    )
)
def test_any_json_document_gives_a_table_or_data_error(document):
    try:
        read_table(json.dumps(document).encode(), "a.json")
    except DataError as error:
        assert str(error)
