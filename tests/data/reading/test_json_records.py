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


THREE = [
    ["Wo steht der Drucker?", "Der Drucker steht im zweiten Stock.", "Montags ist Ruhetag."],
    ["Wer hat den Schlüssel?", "Den Schlüssel hat die Pforte.", "Der Drucker steht im Flur."],
    ["Wann gibt es Essen?", "Es gibt Essen ab zwölf Uhr.", "Den Schlüssel hat niemand."],
]


def of_lines(lists, more=""):
    content = "\n".join(json.dumps(item, ensure_ascii=False) for item in lists) + more
    return read_table(content.encode(), "pairs.jsonl", unfold=False)


@pytest.mark.parametrize("head", [[], [["Frage", "Antwort"]]], ids=["no names", "names"])
def test_a_list_of_cells_in_each_line_is_a_row(head):
    """sentence-transformers offers its pairs so; the same lists in one list were always read."""
    table = of_lines([*head, *(row[:2] for row in THREE)])
    assert table.frame.values.tolist() == [row[:2] for row in THREE]
    assert table.row_numbers.tolist() == [len(head) + i for i in (1, 2, 3)]
    broken = of_lines([row[:2] for row in THREE], "\n[broken")
    assert [item.row for item in broken.unreadable] == [4] and len(broken.frame) == 3


def test_the_third_text_of_a_line_is_a_wrong_answer_and_that_is_told():
    table = of_lines(THREE)
    assert list(table.columns) == ["question", "answer", "negative"]
    assert any("three texts without names" in str(told) for told in table.warnings)


@pytest.mark.parametrize(
    "lists",
    [
        [[*row[:2], "Haus"] for row in THREE],
        [["Haus", *row[:2]] for row in THREE],
        [[row[2], *row[:2]] for row in THREE],
        [["Frage", "Antwort", "Notiz"], *THREE],
        [[*row[:2], f"https://library.example/help/{i}"] for i, row in enumerate(THREE)],
        [[*row[:2], "Reading and borrowing in our house"] for row in THREE],
    ],
    ids=["topic", "topic first", "title first", "named", "link", "long topic"],
)
def test_other_lists_of_three_are_no_triplets(lists):
    assert "negative" not in of_lines(lists).columns


def test_a_list_among_objects_is_set_aside_and_lists_of_objects_are_read():
    table = of_lines([TWO[0], ["q3", "a3"], TWO[1]])
    assert [item.row for item in table.unreadable] == [2] and len(table.frame) == 2
    assert len(of_lines([TWO, TWO]).frame) == 4
