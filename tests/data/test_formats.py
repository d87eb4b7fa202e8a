"""Every format and encoding that an office produces gives the same table."""

import csv
import io
import zipfile
from datetime import datetime

import openpyxl
import pytest
from hypothesis import given, strategies as st

from core.data.reading import delimited
from core.data.reading.formats import read_table

ENGLISH = [["question", "answer"], ["Where is it?", "On its way, see the link."]]
JAPANESE = [
    ["質問", "回答"],
    ["返品できますか", "はい、30日以内なら可能です。"],
    ["送料は？", "無料です"],
]
FRENCH = [["question", "réponse"], ["Où est mon colis ?", "Il est déjà parti à Besançon."]]


def as_csv(rows, delimiter=",", newline="\r\n"):
    quoted = [delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return newline.join(quoted) + newline


def workbook(rows, title="Q&A"):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    return book


def saved(book):
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def cells(table):
    return [list(table.columns), *table.frame.to_numpy().tolist()]


@pytest.mark.parametrize("rows", [ENGLISH, JAPANESE])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_unicode_files_are_read_whatever_their_delimiter(rows, encoding, delimiter):
    table = read_table(as_csv(rows, delimiter).encode(encoding), "faq.txt")
    assert cells(table) == rows
    assert table.delimiter == delimiter
    assert table.row_numbers.tolist() == list(range(2, len(rows) + 1))


@pytest.mark.parametrize(
    ("encoding", "rows"),
    [
        *[(encoding, JAPANESE) for encoding in ("cp932", "shift_jis", "euc_jp", "iso2022_jp")],
        # in EUC-JP so few kanji without kana are as likely Chinese
        *[(encoding, [["質問", "回答"], ["返品", "可"]]) for encoding in ("cp932", "shift_jis")],
    ],
)
def test_short_japanese_files_are_not_taken_for_latin(encoding, rows):
    """Statistics over bytes guess Latin or Chinese for ten characters of CP932."""
    table = read_table(as_csv(rows).encode(encoding), "faq.csv")
    assert cells(table) == rows


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_french_is_not_taken_for_japanese(encoding):
    assert cells(read_table(as_csv(FRENCH).encode(encoding), "faq.csv")) == FRENCH


def test_curly_quotes_of_cp1252_are_not_taken_for_kanji():
    rows = [["question", "answer"], ["Why don’t you ship?", "We’re sorry – it’s “sold out”."]]
    assert cells(read_table(as_csv(rows).encode("cp1252"), "faq.csv")) == rows


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp1251", "Как я могу вернуть заказ?"), ("gb18030", "我想退货，请问应该怎么办理呢？")],
)
def test_other_scripts_are_left_to_statistics(encoding, text):
    rows = [["question", "answer"], *[[f"{text} {i}", f"{text}{text}"] for i in range(20)]]
    assert cells(read_table(as_csv(rows).encode(encoding), "faq.csv")) == rows


def test_rows_in_another_encoding_are_read_and_named():
    good = "\n".join(f"Où est le colis {i} ?,Il est déjà là." for i in range(5))
    content = f"question,answer\n{good}\n".encode() + "Où ?,Là-bas à gauche.\n".encode("cp1252")
    table = read_table(content, "faq.csv")
    assert table.frame["question"].tolist()[-1] == "Où ?"
    assert any("7" in str(warning) for warning in table.warnings), table.warnings


def test_undecodable_bytes_are_shown_and_their_rows_named():
    content = "質問,回答\n返品できますか,はい可能です\n送料は".encode("cp932") + b"\x81\x00,ok\n"
    content = content.replace(b"\x00", b"\xff")
    table = read_table(content, "faq.csv")
    assert "�" in table.frame.to_numpy()[1][0]
    assert any("3" in str(warning.params.get("rows")) for warning in table.warnings)


def test_row_numbers_count_records_like_a_spreadsheet_program():
    text = 'question,answer\n"first\nline two",a1\n\nq2,a2\n'
    table = read_table(text.encode(), "faq.csv")
    assert table.row_numbers.tolist() == [2, 4]
    assert table.frame["question"][0] == "first\nline two"


def test_titles_above_the_table_are_skipped_with_a_warning():
    text = "FAQ export 2024,,\n,,\nquestion,answer,category\nq1 text,a1,x\nq2 text,a2,y\n"
    table = read_table(text.encode(), "faq.csv")
    assert table.columns == ("question", "answer", "category")
    assert table.row_numbers.tolist() == [4, 5]
    assert "row 3" in str(table.warnings[0])


def test_commas_in_texts_do_not_win_over_the_semicolon():
    text = "question;answer\nHi, can I, please?;Yes, sure, of course.\nNo, really;Well, no\n"
    assert read_table(text.encode(), "faq.csv").delimiter == ";"


def test_excel_separator_line_is_obeyed():
    table = read_table(b"sep=|\r\nquestion|answer\r\na;b|c;d\r\n", "faq.csv")
    assert cells(table) == [["question", "answer"], ["a;b", "c;d"]]


def test_unquoted_tsv_with_inch_marks_keeps_its_rows():
    """An opening quote without an end swallows the rest of the file in most CSV readers."""
    text = 'question\tanswer\n"24 inch or 26?\tBoth fit\nnext one\tyes\nlast one\tno\n'
    table = read_table(text.encode(), "faq.tsv")
    assert table.frame["question"].tolist() == ['"24 inch or 26?', "next one", "last one"]
    assert "row 2" in str(table.warnings[0])


def test_rows_with_stray_delimiters_are_set_aside_not_cut():
    text = "question,answer\n" + "".join(f"q{i} text,a{i}\n" for i in range(5)) + "one, two,three\n"
    table = read_table(text.encode(), "faq.csv")
    assert len(table.frame) == 5
    assert [item.row for item in table.unreadable] == [7]


def test_workbook_cells_are_what_the_reader_sees():
    book = workbook(
        [
            ["question", "answer"],
            ["number", 3.0],
            ["share", 0.1],
            ["date", datetime(2024, 3, 1)],
            ["time", datetime(2024, 3, 1, 14, 30)],
            ["flag", True],
            ["error", "#N/A"],
            ["text", "=not a formula"],
            ["formula", "=1+1"],
            [1234567, "zero-padded"],
        ]
    )
    book.active["B8"].data_type = "s"
    table = read_table(saved(book), "faq.xlsx")
    assert table.frame["answer"].tolist() == [
        *("3", "0.1", "2024-03-01", "2024-03-01 14:30", "TRUE", ""),
        *("=not a formula", "", "zero-padded"),
    ]
    assert table.frame["question"].tolist()[-1] == "1234567"
    assert any("Formula" in str(warning) and "9" in str(warning) for warning in table.warnings)


def test_workbook_with_cached_formula_shows_its_value():
    content = saved(workbook([["question", "answer"], ["q", "=1+1"]]))
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for item in old.namelist():
            data = old.read(item)
            if item.endswith("sheet1.xml"):
                assert b"<v></v>" in data or b"<v />" in data or b"<v/>" in data, data
                for empty in (b"<v></v>", b"<v />", b"<v/>"):
                    data = data.replace(empty, b"<v>2</v>")
            new.writestr(item, data)
    table = read_table(buffer.getvalue(), "faq.xlsx")
    assert table.frame["answer"].tolist() == ["2"]
    assert table.warnings == ()


def test_workbook_is_recognised_under_a_wrong_name_and_finds_its_sheet():
    book = workbook([["Notes"], ["only text here"]], "Cover")
    sheet = book.create_sheet("Data")
    for row in JAPANESE:
        sheet.append(row)
    table = read_table(saved(book), "faq.csv")
    assert (table.format, table.sheet, table.sheets) == ("xlsx", "Data", ("Cover", "Data"))
    assert cells(table) == JAPANESE


def test_merged_answer_belongs_to_all_its_questions():
    book = workbook([["question", "answer"], ["q one", "shared"], ["q two", None], ["q 3", None]])
    book.active.merge_cells("B2:B3")
    table = read_table(saved(book), "faq.xlsx")
    assert table.frame["answer"].tolist() == ["shared", "shared", ""]


def test_columns_with_the_same_name_are_all_kept():
    table = read_table(b"question,answer,answer\nq,a,b\n", "faq.csv")
    assert table.columns == ("question", "answer", "answer (2)")


@given(st.text("a\r\n\x0b\x85\u2028,\"'", max_size=20))
def test_lines_of_a_file_end_where_a_text_file_has_them_end(text):
    """Row numbers in messages count them; str.splitlines knows more kinds of line ends."""
    expected = list(io.StringIO(text, newline=""))
    assert list(delimited._physical_lines(text))[:-1] == expected


def test_texts_of_a_table_lie_side_by_side_in_memory():
    """Half a million rows as Python strings would take twice the room while a user looks on."""
    rows = [["question", "answer", "code"], *([f"q {i}", "é" * 5, "c"] for i in range(2000))]
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    frame = read_table(buffer.getvalue().encode(), "x.csv").frame
    assert {getattr(kind, "storage", "") for kind in frame.dtypes} == {"pyarrow"}
    assert frame.memory_usage(index=False, deep=True).sum() < 1.5 * len(buffer.getvalue()) + 70_000
