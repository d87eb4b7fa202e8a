"""JSON, JSONL and Parquet in the shapes that programs write."""

import io
import json

import pandas as pd
import pytest

from core.data.reading.formats import read_table

TWO = [{"question": "q1", "answer": "a1"}, {"question": "q2", "answer": "a2"}]


@pytest.mark.parametrize(
    "document",
    [
        TWO,
        {"data": TWO},
        {
            "version": 1,
            "faqs": TWO,
        },
        {"question": ["q1", "q2"], "answer": ["a1", "a2"]},
        [["question", "answer"], ["q1", "a1"], ["q2", "a2"]],
    ],
)
def test_json_in_its_usual_shapes(document):
    table = read_table(json.dumps(document).encode(), "faq.json")
    assert [list(table.columns), *table.frame.to_numpy().tolist()] == [
        ["question", "answer"],
        ["q1", "a1"],
        ["q2", "a2"],
    ]
    assert table.row_numbers.tolist() == [1, 2]


def test_json_lists_of_wordings_become_rows_and_tags_do_not():
    record = {"questions": ["q1", "q2"], "answer": {"text": "a"}, "tags": ["x", "y"], "n": 3.0}
    table = read_table(json.dumps([record]).encode(), "faq.json")
    assert table.frame["questions"].tolist() == ["q1", "q2"]
    assert table.frame["answer.text"].tolist() == ["a", "a"]
    assert table.frame["tags"].tolist() == ["x, y"] * 2
    assert table.frame["n"].tolist() == ["3", "3"]


def test_jsonl_keeps_line_numbers_and_names_the_broken_line():
    lines = [
        '{"question": "q1", "answer": "a1"}',
        "",
        "{broken",
        '{"question": "q2", "answer": null}',
    ]
    table = read_table("\n".join(lines).encode(), "faq.jsonl")
    assert table.format == "jsonl"
    assert table.row_numbers.tolist() == [1, 4]
    assert [item.row for item in table.unreadable] == [3]


def test_parquet_with_lists_dates_and_missing_values():
    frame = pd.DataFrame(
        {
            "question": [["q1", "q2"], ["q3"]],
            "answer": ["a1", None],
            "when": pd.to_datetime(["2024-01-01", "2024-01-02"]),
        }
    )
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    table = read_table(buffer.getvalue(), "faq.parquet")
    assert table.frame["question"].tolist() == ["q1", "q2", "q3"]
    assert table.frame["answer"].tolist() == ["a1", "a1", ""]
    assert table.frame["when"].tolist()[2] == "2024-01-02"
    assert table.row_numbers.tolist() == [1, 1, 2]
