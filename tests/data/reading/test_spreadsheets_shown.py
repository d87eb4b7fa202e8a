"""Workbooks of every program are read as they are shown, and what is hidden is told."""

import io
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import PatternFill

from core.data.reading.formats import read_table
from core.data.reading.number_formats import shown
from core.data.reading.upload import ReadingChoices
from core.errors import DataError

TEXTS = [["question", "answer"], ["When do you open?", "At nine"], ["Where are you?", "Here"]]
DAY = 45356.0  # 5 March 2024


def saved(book):
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def workbook(rows=TEXTS):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return book


def repacked(content, change):
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for item in old.namelist():
            new.writestr(item, change(item, old.read(item)))
    return buffer.getvalue()


def said(table):
    return " ".join(map(str, table.warnings))


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (1, "00000", "00001"),
        (12, '"Q"000', "Q012"),
        (123456, "000-000", "123-456"),
        (5551234567, "(000) 000-0000", "(555) 123-4567"),
        (0.8, "0%", "80%"),
        (0.125, "0.0%", "12.5%"),
        (-0.3, "0%", "-30%"),
        (1234.5, '#,##0.00 "EUR"', "1,234.50 EUR"),
        (1234567, "#,##0", "1,234,567"),
        (1234.5, "_-* #,##0.00 [$€-407]_-;-* #,##0.00 [$€-407]_-", "1,234.50 €"),
        (-5, "0;(0)", "(5)"),
        (-5, "0.00", "-5.00"),
        (0, '0;-0;"none"', "none"),
        (12345678, '0.0,,"M"', "12.3M"),
        (1.5, "# ?/?", "1 1/2"),
        (12345, "0.00E+00", "1.23E+04"),
        (3.14159, "0.00", "3.14"),
        (0.5, "#.##", ".5"),
        (DAY, "d. mmmm", "5. March"),
        (DAY, "[$-407]d. mmmm yyyy", "5. März 2024"),
        (DAY, "dd/mm/yyyy", "05/03/2024"),
        (DAY, "mm-dd-yy", "2024-03-05"),
        (DAY, 'yyyy"年"m"月"d"日"', "2024年3月5日"),
        (DAY + 0.6, "dd.mm.yyyy hh:mm", "05.03.2024 14:24"),
        (0.5, "h:mm AM/PM", "12:00 PM"),
        (1.5, "[h]:mm", "36:00"),
        (0.0625, "mm:ss", "30:00"),
        (7, "General", "7"),
        (7, '"nothing"', "nothing"),
        (7, "0.0.0.0;;;;;[", "7.0.0.0"),
    ],
)
def test_numbers_are_texts_as_their_format_shows_them(value, code, text):
    assert shown(float(value), code)[0] == text


def test_cells_are_read_as_they_are_shown():
    book = workbook([["id", "question", "answer", "rating"]])
    book.active.append([1, "When?", datetime(2024, 3, 5), 0.8])
    book.active.append([12, "How much?", 1234.5, 1])
    for row in (2, 3):
        book.active.cell(row, 1).number_format = "00000"
        book.active.cell(row, 4).number_format = "0%"
    book.active["C2"].number_format = "d. mmmm"
    book.active["C3"].number_format = '#,##0.00 "EUR"'
    table = read_table(saved(book), "faq.xlsx")
    assert table.frame.to_numpy().tolist() == [
        ["00001", "When?", "5. March", "80%"],
        ["00012", "How much?", "1,234.50 EUR", "100%"],
    ]
    assert table.warnings == ()


def test_decimals_that_a_sheet_does_not_show_are_told():
    book = workbook([["question", "answer", "score"], ["q?", "a", 0.123456], ["r?", "b", 0.5]])
    book.active["C2"].number_format = "0.00"
    table = read_table(saved(book), "faq.xlsx")
    assert table.frame["score"].tolist() == ["0.12", "0.5"]
    assert "fewer decimals" in said(table)


def test_hidden_rows_are_told_and_can_be_left_out():
    book = workbook([*TEXTS, ["Who?", "Me"], ["Why?", "So"]])
    book.active.auto_filter.ref = "A1:B5"
    for row in (3, 4):
        book.active.row_dimensions[row].hidden = True
    table = read_table(saved(book), "faq.xlsx")
    assert len(table.frame) == 4 and "3, 4" in said(table)
    table = read_table(saved(book), "faq.xlsx", choices=ReadingChoices(hidden_rows=False))
    assert table.row_numbers.tolist() == [2, 5]
    assert [(part.kind, part.count) for part in table.not_used] == [("rows", 2)]


def test_hidden_columns_are_told():
    book = workbook([["question", "answer", "note"], ["q?", "a", "n"]])
    book.active.column_dimensions["C"].hidden = True
    assert "note" in said(read_table(saved(book), "faq.xlsx"))


def test_other_sheets_are_named_and_counted():
    book = workbook()
    book.create_sheet("More").append(["question", "reply to it by"])
    book["More"].append(["Third?", "Monday"])
    book.create_sheet("Old").append(["x", "y"])
    book["Old"].sheet_state = "hidden"
    table = read_table(saved(book), "faq.xlsx")
    told = [(part.kind, part.name, part.count) for part in table.not_used]
    assert told == [("sheet", "More", 2), ("sheet", "Old", 1)]
    assert "More (2), Old (1)" in said(table)
    table = read_table(saved(book), "faq.xlsx", sheet="More")
    assert table.frame["question"].tolist() == ["Third?"]


def test_report_head_and_two_rows_of_names_with_merged_cells():
    book = workbook(
        [["FAQ report", None], ["Made", "2024"], [], ["Question", "Answer", None, "By"]]
    )
    book.active.append([None, "short", "long", None])
    for i in range(5):
        book.active.append([f"what is {i}?", f"s{i}", f"long {i}", "Mia"])
    book.active.merge_cells("B4:C4")
    table = read_table(saved(book), "faq.xlsx")
    assert table.columns == ("Question", "Answer short", "Answer long", "By")
    assert table.header_row == 4 and len(table.frame) == 5
    assert "FAQ report" in said(table)


def test_strict_open_xml_is_read():
    def strict(_, data):
        for usual, other in (
            (
                b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                b"http://purl.oclc.org/ooxml/spreadsheetml/main",
            ),
            (
                b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                b"http://purl.oclc.org/ooxml/officeDocument/relationships",
            ),
        ):
            data = data.replace(usual, other)
        return data

    table = read_table(repacked(saved(workbook()), strict), "faq.xlsx")
    assert [list(table.columns), *table.frame.to_numpy().tolist()] == TEXTS


def test_readings_above_japanese_signs_are_no_part_of_a_text():
    rich = (
        b'<c r="A2" t="inlineStr"><is><r><t>\xe8\xbf\x94</t></r><r><t>\xe5\x93\x81</t></r>'
        b'<rPh sb="0" eb="2"><t>\xe3\x83\x98</t></rPh></is></c>'
    )

    def change(item, data):
        start, _, rest = data.partition(b'<c r="A2"')
        return start + rich + rest.partition(b"</c>")[2] if item.endswith("sheet1.xml") else data

    table = read_table(repacked(saved(workbook()), change), "faq.xlsx")
    assert table.frame["question"][0] == "返品"


def test_cells_and_rows_without_references_are_counted():
    def change(item, data):
        import re

        return re.sub(rb' r="[A-Z]*\d+"', b"", data) if item.endswith("sheet1.xml") else data

    table = read_table(repacked(saved(workbook()), change), "faq.xlsx")
    assert [list(table.columns), *table.frame.to_numpy().tolist()] == TEXTS


def test_a_cell_far_away_costs_no_memory():
    book = workbook()
    book.active["XFD900000"] = "x"
    book.active["D7"].fill = PatternFill("solid")
    table = read_table(saved(book), "faq.xlsx")
    assert table.row_numbers.tolist()[:2] == [2, 3]


def test_one_cell_far_to_the_right_of_many_rows_is_kept():
    book = workbook([["question", "answer"], *[[f"q {i}?", f"a {i}"] for i in range(1300)]])
    book.active["XFD1"] = "by"
    book.active["XFD3"] = "Mia"
    table = read_table(saved(book), "faq.xlsx")
    assert table.columns == ("question", "answer", "by")
    assert table.frame["by"].tolist()[:3] == ["", "Mia", ""]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"xl/workbook.bin": b"x", "[Content_Types].xml": b"<a/>"}, "XLSB"),
        ({"Index/Document.iwa": b"x", "Metadata/Properties.plist": b""}, "Export To"),
        ({"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b"<w"}, "damaged"),
    ],
)
def test_workbooks_that_cannot_be_read_say_what_to_do(members, said):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(DataError, match=said):
        read_table(buffer.getvalue(), "faq.xlsx")


def test_old_excel_files_are_read_as_they_are_shown():
    content = (Path(__file__).with_name("faq.xls")).read_bytes()
    table = read_table(content, "faq.xls")
    assert table.format == "xls" and table.sheet == "FAQ"
    assert table.frame["id"].tolist()[:4] == ["00001", "00002", "00003", "00004"]
    assert table.frame["rating"].tolist()[:4] == ["80%", "25%", "100%", "0%"]
    assert table.frame["answer"].tolist() == [
        *("At nine", "5. March", "1,234.50 EUR", "TRUE", "Shared answer", "Shared answer"),
    ]
    assert "Cover (1), Old (1)" in said(table) and "4 (1 in all)" in said(table)


ODS = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="FAQ"><table:table-row><table:table-cell><text:p>id</text:p>
</table:table-cell><table:table-cell><text:p>question</text:p></table:table-cell>
<table:table-cell><text:p>answer</text:p></table:table-cell>
<table:table-cell table:number-columns-repeated="16381"/></table:table-row>
<table:table-row><table:table-cell office:value-type="float" office:value="1"><text:p>001</text:p>
</table:table-cell><table:table-cell><text:p>When <text:span>do</text:span><text:s/>you?</text:p>
</table:table-cell><table:table-cell table:number-rows-spanned="2"><office:annotation>
<text:p>a note</text:p></office:annotation><text:p>At nine</text:p><text:p>or ten</text:p>
</table:table-cell></table:table-row><table:table-row table:visibility="filter">
<table:table-cell><text:p>002</text:p></table:table-cell><table:table-cell>
<text:p>Where?</text:p></table:table-cell><table:covered-table-cell/></table:table-row>
<table:table-row table:number-rows-repeated="1048570">
<table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>
<table:table table:name="Other"><table:table-row><table:table-cell><text:p>x</text:p>
</table:table-cell></table:table-row></table:table>
</office:spreadsheet></office:body></office:document-content>"""


def ods(content=ODS, manifest="<m/>"):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return buffer.getvalue()


def test_libreoffice_spreadsheets_are_read_as_they_are_shown():
    table = read_table(ods(), "faq.ods")
    assert table.frame.to_numpy().tolist() == [
        ["001", "When do you?", "At nine\nor ten"],
        ["002", "Where?", "At nine\nor ten"],
    ]
    assert "3 (1 in all)" in said(table) and "Other (1)" in said(table)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (ods(ODS[:900]), "damaged"),
        (ods(manifest="<manifest:encryption-data/>"), "password"),
    ],
)
def test_ods_files_that_cannot_be_read_say_so(content, text):
    with pytest.raises(DataError, match=text):
        read_table(content, "faq.ods")


def test_the_text_of_a_link_needs_no_stored_value():
    book = workbook(
        [["question", "answer"], ["Where?", '=HYPERLINK("http://x","On ""two"" floors")']]
    )
    book.active.append(["When?", '=A2&"x"'])
    table = read_table(saved(book), "faq.xlsx")
    assert table.frame["answer"].tolist() == ['On "two" floors', ""]
    assert "Rows: 3." in said(table)


def test_a_second_table_in_a_sheet_gives_no_pairs_and_is_told():
    rows = [["question", "answer"], *([f"Where is {i}?", f"Here {i}"] for i in range(6))]
    below = [[], ["Rating", "Comment"], [5, "fine"], [], ["Total", 6]]
    table = read_table(saved(workbook([*rows, *below])), "faq.xlsx")
    assert len(table.frame) == 6
    assert "row 9" in said(table) and "Rating | Comment" in said(table)
    every = read_table(
        saved(workbook([*rows, *below])), "faq.xlsx", choices=ReadingChoices(below=True)
    )
    assert len(every.frame) == 9
