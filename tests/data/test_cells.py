"""What people write into one cell: nothing, lists."""

import pytest

from core.data.cells import is_nothing, nested_value
from core.data.reading.formats import read_table


@pytest.mark.parametrize(
    "text", ["NULL", "null", "\\N", "NaN", "None", "N/A", "n/a", "-", "Ｎ／Ａ"]
)
def test_words_for_nothing(text):
    assert is_nothing(text)


@pytest.mark.parametrize("text", ["No", "0", "Nana", "none of them", "a-b", "not a number"])
def test_words_that_say_something(text):
    assert not is_nothing(text)


def test_cells_that_say_nothing_are_empty_except_among_ratings():
    content = "question,answer,rating\nq1 is?,NULL,N/A\n\\N,a2 here,4\nq3 is?,a3 here,-\n"
    table = read_table(content.encode(), "faq.csv")
    assert table.frame.to_numpy().tolist() == [
        ["q1 is?", "", "N/A"],
        ["", "a2 here", "4"],
        ["q3 is?", "a3 here", "-"],
    ]
    assert "NULL" in str(table.warnings[0]) and "2, 3 (2 in all)" in str(table.warnings[0])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("['a', 'b']", ["a", "b"]),
        ('["a", null]', ["a", None]),
        ("['a' 'it\\'s']", ["a", "it's"]),
        ("['one\\n'\n 'two']", ["one\n", "two"]),
        ("('a', 'b')", ["a", "b"]),
        ("array(['a'], dtype=object)", ["a"]),
        ("array(['see [1]', 'b'], dtype=object)", ["see [1]", "b"]),
        (
            "{'text': array(['a b'], dtype=object), 'n': array([5], dtype=int32)}",
            {"text": ["a b"], "n": [5]},
        ),
        ("[{'text': 'x'}]", [{"text": "x"}]),
        ("[]", []),
        ("[1]", None),
        ("[see below]", None),
        ("{name}", None),
        ("['unfinished", None),
        ("[__import__('os')]", None),
        ("(" * 5000 + ")" * 5000, None),
    ],
)
def test_lists_and_objects_that_a_cell_spells_out(text, value):
    assert nested_value(text) == value
