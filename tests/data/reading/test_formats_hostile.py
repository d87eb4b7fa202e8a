"""What a small file can claim to hold is refused, or cut to size, before it costs anything."""

from __future__ import annotations

import io
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.data import table as tables
from core.data.file_preview import preview, read_dataset
from core.data.judging.ratings import read_numbers
from core.data.logs.question_log import guess_log, read_log
from core.data.reading.formats import read_table
from core.data.reading.unfolding import unfolded
from core.data.table import clean_cell, file_title
from core.errors import DataError
from core.jobs.limited import UNFORESEEN, Limits, run_limited
from tests.growth import assert_growth

ROWS = "".join(f"Where is parcel {i}?,Parcel {i} is here.\n" for i in range(40))
GOOD = f"question,answer\n{ROWS}"


def pile(height: int) -> str:
    """Return a letter with so many marks above and below it, in the order that takes longest."""
    return "e" + "\u0316\u0301" * (height // 2)


PILE = pile(200_000)


def records(*found) -> bytes:
    return json.dumps(found).encode()


def packed(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def test_marks_on_one_letter_are_cut_to_what_languages_write():
    """Normal forms sort them: a million took hours, wherever texts are compared."""
    assert len(clean_cell(PILE)) == 31


@pytest.mark.parametrize(
    "text",
    ["\u1ebf" * 400, "e\u0302\u0301 " * 400, "\u1100\u1161\u11a8" * 500, "\u304b\u3099" * 900],
)
def test_marks_that_people_write_stay(text):
    assert clean_cell(text) == text.strip()


@pytest.mark.parametrize(
    "content",
    ["question,answer\n{0},{0}\n" + ROWS, "{0},{0}\na,b\n", "{0}\n{0}"],
    ids=["cells", "names", "alone"],
)
def test_such_marks_hold_nobody_up(content):
    def read(height: int) -> None:
        file = content.format(pile(height)).encode()
        try:
            found = preview(file, "faq.csv")
            assert max(map(len, found.table.columns)) < 2_000_000
        except DataError:
            pass
        guess_log(read_log(file, "log.csv"))

    assert_growth(read, 25_000, 200_000, at_most=24)


def test_escaped_marks_and_halves_in_lists_of_a_cell_are_cleaned():
    """JSON inside of a cell is decoded after the cells were cleaned."""
    texts = json.dumps(["a\ud800", PILE]).replace('"', '""')
    table = unfolded(read_table(f'question,answer\nWhy?,"{texts}"\n{ROWS}'.encode(), "a.csv"))
    answers = table.frame["answer"].tolist()[:2]
    assert answers[0] == "a\ufffd"
    assert len(answers[1]) == 31


@pytest.mark.parametrize("count", [16_385, 60_000])
@pytest.mark.parametrize("kind", ["csv", "json", "same"])
def test_more_columns_than_a_spreadsheet_has_are_refused(count, kind):
    names = ["answer" if kind == "same" else f"c{i}" for i in range(count)]
    content = records(dict.fromkeys(names, "x")) if kind == "json" else None
    content = content or (",".join(names) + "\n" + ",".join("x" * count) + "\n").encode()
    with pytest.raises(DataError, match="at most 16384 can be read"):
        read_table(content, f"wide.{kind}")


def test_combinations_of_lists_stop_at_the_limit_and_not_in_memory(monkeypatch):
    monkeypatch.setattr(tables, "MAX_ROWS", 9000)
    names = ("question", "answer", "category")

    def read(length: int) -> None:
        lists = {name: [f"{name} {i}" for i in range(length + k)] for k, name in enumerate(names)}
        with pytest.raises(DataError, match="more than 9000 rows or 300 million characters"):
            read_table(records(lists, lists), "faq.json")

    assert_growth(read, 100, 800, at_most=24)  # 500 times the combinations, were all of them made


def test_a_long_text_beside_a_long_list_counts_as_often_as_it_is_repeated(monkeypatch):
    """A few kilobytes of JSON made gigabytes of table."""
    monkeypatch.setattr(tables, "MAX_CHARACTERS", 3_000_000)
    answers = [f"Because of reason {i}, as we said before." for i in range(900)]
    record = {"question": "Why is that?", "answer": answers, "category": "word " * 2000}
    with pytest.raises(DataError, match="3 million characters"):
        read_table(records(record, record), "faq.json")


def test_a_dictionary_of_parquet_counts_as_often_as_it_is_used():
    """846 bytes stopped the server for everybody."""

    def file_of(length: int) -> bytes:
        indices = pa.array([0] * 500_000, pa.int32())
        answers = pa.DictionaryArray.from_arrays(indices, pa.array(["y" * length]))
        file = io.BytesIO()
        pq.write_table(pa.table({"question": ["x"] * 500_000, "answer": answers}), file)
        assert len(file.getvalue()) < 1_000_000
        return file.getvalue()

    def read(content: bytes) -> None:
        with pytest.raises(DataError, match=r"unpacks to \d+ MB; the limits are"):
            read_table(content, "faq.parquet")

    # From 2 to 50 gigabytes, were they unpacked.
    assert_growth(read, file_of(4_000), file_of(100_000), at_most=9)


def test_an_archive_packed_as_no_texts_are_is_refused():
    with pytest.raises(DataError, match="no program packs texts"):
        read_table(packed("corpus.jsonl", bytes(60_000_000)), "set.zip")
    content = packed("a.yml", b"nlu: []" * 9000)
    start, middle = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    listed = content[start:middle] * 500  # one part, named 500 times
    end = bytearray(content[middle:])
    end[8:12] = (500).to_bytes(2, "little") * 2
    end[12:16] = len(listed).to_bytes(4, "little")
    with pytest.raises(DataError, match=r"no program packs texts|damaged"):
        read_table(content[:start] + listed + bytes(end), "set.zip")


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'[{"question": "a", "answer": ' + b"[" * 50_000 + b"1" + b"]" * 50_000 + b"}]",
        b'[{"question": "a", "answer": ' + b"[" * 900 + b'"x"' + b"]" * 900 + b"}]",
        b"nlu: " + b"[" * 20_000,
        b"<html><body>" + b"<div>" * 100_000,
    ],
)
def test_what_lies_too_deep_is_refused_with_a_sentence(content):
    for name in ("faq.json", "faq.yml", "faq.html"):
        try:
            run_limited(preview, content, name, name=name, limits=Limits())
        except DataError as error:
            assert error.message.template not in UNFORESEEN


def test_a_page_of_tags_and_nothing_else_is_refused():
    with pytest.raises(DataError, match="question"):
        read_table(b"<html><body><div><p></p></div></body></html>", "faq.html")


@pytest.mark.parametrize(
    "value", ["9" * 400, "1e309", "1e999999999", "-" + "9" * 5000, "nan", "inf"]
)
def test_numbers_beyond_floats_are_no_numbers(value):
    assert read_numbers([value, "3"]).values == {"3": 3.0}


def test_a_file_name_of_halves_of_characters_is_kept_as_it_can_be():
    """Reports are UTF-8: a name that is not took the whole import with it."""
    assert file_title("\ud800faq\x00\n.csv") == "faq.csv"
    assert file_title("\ud800") == "file"
    dataset, account = read_dataset(GOOD.encode(), "\ud800\u202efaq.csv")
    assert dataset.name == "faq"
    json.dumps(account, ensure_ascii=False).encode()


def test_many_rows_of_parquet_are_no_many_columns():
    file = io.BytesIO()
    texts = [f"text {i}" for i in range(60_000)]
    pq.write_table(pa.table({"question": texts, "answer": texts}), file)
    assert read_table(file.getvalue(), "faq.parquet").frame.shape == (60_000, 2)


def test_a_wide_table_of_empty_cells_takes_as_long_as_it_has_columns():
    """Eight thousand columns whose cells say that they are empty: each was asked by a slow call."""

    def read(count: int) -> None:
        lines = [
            "|".join(f"c{n}" for n in range(count)),
            "|".join(["---"] * count),
            *["|".join(["-"] * count)] * 3,
        ]
        content = "\n".join(f"|{line}|" for line in lines).encode()
        table = read_table(content, "faq.md")
        assert table.frame.iloc[0].tolist().count("") >= count - 1
        assert any("read as empty" in str(warning) for warning in table.warnings)

    assert_growth(read, 500, 4_000, at_most=24)
