"""Search logs in the shapes in which programs write them: columns, counts, dates, one column."""

import io
import json

import openpyxl
import pytest

from core.data.logs.question_log import (
    LogColumns,
    add_log,
    chosen_log_columns,
    guess_log,
    log_rows,
    read_log,
    unused_log_columns,
)
from core.data.open_questions import AskedQuestions
from core.data.reading.upload import ReadingChoices
from core.errors import DataError


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def read(content, name="log.csv", choices=None):
    content = content if isinstance(content, bytes) else content.encode()
    table = read_log(content, name, choices)
    return table, guess_log(table), log_rows(table, guess_log(table))


def asked(content, name="log.csv"):
    found = read(content, name)[2].asked
    return dict(zip(found.texts, found.counts, strict=True))


PAYS = {"how can i pay": 12, "where is my parcel": 3, "refund": 1}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "query,count\nhow can i pay,12\nwhere is my parcel,3\nrefund,1\n"),
        (
            "a.tsv",
            "Search term\tTotal unique searches\n"
            "how can i pay\t12\nwhere is my parcel\t3\nrefund\t1\n",
        ),
        ("a.csv", "how can i pay,12\nwhere is my parcel,3\nrefund,1\n"),
        ("de.csv", "Suchbegriff;Anzahl\nhow can i pay;12\nwhere is my parcel;3\nrefund;1\n"),
        ("fr.csv", "Requête;Nombre\nhow can i pay;12\nwhere is my parcel;3\nrefund;1\n"),
        ("es.csv", "Búsqueda,Frecuencia\nhow can i pay,12\nwhere is my parcel,3\nrefund,1\n"),
        ("ja.csv", "検索キーワード,件数\nhow can i pay,12回\nwhere is my parcel,３\nrefund,1\n"),
        ("zh.csv", "搜索词,次数\nhow can i pay,12\nwhere is my parcel,3\nrefund,1\n"),
        (
            "gsc.csv",
            "Top queries,Clicks,Impressions,Position\n"
            "how can i pay,0,12,1.5\nwhere is my parcel,2,3,4\nrefund,1,1,2\n",
        ),
        ("a.json", json.dumps([{"query": k, "n": v} for k, v in PAYS.items()])),
        ("a.xlsx", workbook(["Keyword", "Searches"], *PAYS.items())),
        ("total.csv", "query,count\nhow can i pay,12\nwhere is my parcel,3\nrefund,1\nTotal,16\n"),
    ],
)
def test_questions_and_counts_are_found(name, content):
    assert asked(content, name) == PAYS


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [
        ("a.csv", "query\nhow can i pay, please\nrefund\n", 2),
        ("a.txt", "how can i pay, please\nrefund\n", 1),
        ("a.log", "how can i pay, please\nrefund, please\n", 1),
        ("a.csv", '"how can i pay, please"\n"refund"\n', 1),
        ("a.json", json.dumps(["how can i pay, please", "refund"]), 1),
        ("a.jsonl", '{"query": "how can i pay, please"}\n{"query": "refund"}\n', 1),
        (
            "queries.jsonl",
            '{"_id": "q1", "text": "how can i pay, please"}\n{"_id": "q2", "text": "refund"}\n',
            1,
        ),
        ("a.xlsx", workbook(["質問"], ["how can i pay, please"], ["refund"]), 2),
        ("a.xlsx", workbook(["how can i pay, please"], ["refund"]), 1),
    ],
)
def test_one_column_is_enough(name, content, row):
    found = read(content, name)[2].asked
    assert found.texts[0] == "how can i pay, please" and len(found.texts) == 2
    assert found.rows[0] == row and set(found.counts) == {1.0}


def test_each_row_of_a_log_with_dates_counts_once_and_the_time_is_told():
    table, columns, found = read(
        "timestamp;user_id;query;results\n"
        "2025-11-03 10:00;77;refund;3\n2025-11-01 09:00;78;refund;0\n"
    )
    assert columns == LogColumns("query", date="timestamp")
    assert found.days == ("2025-11-01", "2025-11-03") and list(found.asked.counts) == [1, 1]
    assert {item.name for item in unused_log_columns(table, columns)} == {"user_id", "results"}


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (("03.11.2025", "01.12.2025"), ("2025-11-03", "2025-12-01")),
        (("2025年11月3日", "2025/12/01"), ("2025-11-03", "2025-12-01")),
        (("03/11/2025", "01/12/2025"), ("", "")),  # March or November: nobody can say
    ],
)
def test_a_period_is_told_only_where_it_is_certain(days, told):
    content = f"date,query\n{days[0]},refund\n{days[1]},kayaks for two\n"
    assert read(content)[2].days == told


@pytest.mark.parametrize(
    ("column", "counts"),
    [
        (("1.200", "15"), [1200, 15]),
        (("1,200", "15"), [1200, 15]),
        (("€ 12,50", "3,75 €"), [12.5, 3.75]),
    ],
)
def test_counts_are_whole_where_they_could_be(column, counts):
    content = f"query;count\nrefund;{column[0]}\nkayaks;{column[1]}\n"
    assert list(read(content)[2].asked.counts) == counts


def test_counts_that_cannot_be_read_count_once_and_what_was_never_asked_is_set_aside():
    *_, found = read(
        "query,count\nrefund,12\nkayaks,many\ntents,0\nboots,-2\nstoves,\n" + "poles,3\n" * 20
    )
    counts = dict(zip(found.asked.texts, found.asked.counts, strict=True))
    assert (counts["kayaks"], counts["stoves"]) == (1, 1)
    assert [item.row for item in found.set_aside] == [4, 5]
    assert "Rows: 3 (1 in all; first: many)" in str(found.warnings[0])


@pytest.mark.parametrize("name", ["id", "rank", "hits", "results"])
def test_numbers_of_another_kind_are_no_counts(name):
    rows = "".join(f"kayak number {word},{i}\n" for i, word in enumerate(("one", "two", "six"), 1))
    assert read(f"query,{name}\n{rows}")[1].count is None


def test_columns_can_be_chosen_and_taken_away():
    table, guess, _ = read("query,count,value\nrefund,1,9\nkayaks,2,8\n")
    assert guess.count == "count"
    chosen = chosen_log_columns("count=Value,question=query", table, guess)
    assert list(log_rows(table, chosen).asked.counts) == [9, 8]
    assert chosen_log_columns("count=", table, guess).count is None
    with pytest.raises(DataError, match="no column sum"):
        chosen_log_columns("count=sum", table, guess)
    with pytest.raises(DataError, match="no role answer"):
        chosen_log_columns("answer=query", table, guess)


def test_lists_in_a_cell_are_questions_of_their_own():
    content = json.dumps(
        [{"queries": ["refund", "kayaks for two"], "count": 2}, {"queries": ["tents"], "count": 3}]
    )
    assert asked(content, "a.json") == {"refund": 2, "kayaks for two": 2, "tents": 3}


def test_what_web_statistics_do_not_tell_is_empty(tiny_dataset):
    table, columns, _ = read("query,count\n(not set),900\nnull,3\ndo you sell kayaks,2\n")
    dataset, account = add_log(tiny_dataset, table, columns, "log.csv")
    assert [item.row for item in account.set_aside] == [2, 3] and len(dataset.open_rows) == 1
    assert account.columns == {"question": "query", "count": "count"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", "id,number\n1,2\n3,4\n", "No column holds questions"),
        ("a.pdf", b"%PDF-1.7 x", "is a PDF"),
        ("a.json", "{", "not valid JSON"),
        ("a.xlsx", b"PK\x03\x04 broken", "damaged"),
    ],
)
def test_files_without_questions_are_refused_with_a_reason(name, content, said):
    with pytest.raises(DataError, match=said):
        read(content, name)


def test_sheet_and_encoding_can_be_chosen():
    content = "Suchbegriff;Anzahl\nrückgabe der schuhe;2\n".encode("mac_roman")
    choices = ReadingChoices(encoding="mac_roman")
    assert list(read(content, choices=choices)[2].asked.texts) == ["rückgabe der schuhe"]


def test_nothing_asked_changes_nothing(tiny_dataset):
    table, columns, _ = read("query,count\n?!,9\n12,3\n--,1\nrefund for,0\n")
    dataset, account = add_log(tiny_dataset, table, columns, "log.csv")
    assert dataset is tiny_dataset and account.questions == 0 and len(account.set_aside) == 4


def test_rows_need_no_counts():
    assert AskedQuestions(["a"], [1]).counts == ()
