"""What people write into one cell: nothing, numbers in any style, lists."""

import pytest
from hypothesis import given, strategies as st

from core.data.cells import is_nothing, nested_value, number_in, number_style
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
    ("texts", "numbers", "certain"),
    [
        (["1.000,5", "2"], [1000.5, 2], True),
        (["1,000.5", "2"], [1000.5, 2], True),
        (["0,5", "1,25"], [0.5, 1.25], True),
        (["0.125", "1.250"], [0.125, 1.25], True),
        (["1,000", "1,001"], [1000, 1001], False),
        (["1.000.000", "2.000"], [1_000_000, 2000], True),
        (["−1,5", "－2,5"], [-1.5, -2.5], True),
        (["５．５", "１２"], [5.5, 12], True),
        (["1 000,5", "1\u202f000,5"], [1000.5, 1000.5], True),
        (["1'000.5", "1’000.5"], [1000.5, 1000.5], True),
        (["1e-3", "5"], [0.001, 5], True),
        (["word", "80 %"], [None, None], True),
    ],
)
def test_numbers_in_the_style_of_their_column(texts, numbers, certain):
    style = number_style(texts)
    assert [number_in(text, style) for text in texts] == numbers
    assert style.certain == certain


@given(st.floats(-1e9, 1e9).map(lambda value: round(value, 2)))
def test_numbers_come_back_from_german_and_english_style(value):
    english = f"{value:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert number_in(english, number_style([english])) == value
    assert number_in(german, number_style([german])) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("['a', 'b']", ["a", "b"]),
        ('["a", null]', ["a", None]),
        ("['a' 'it\\'s']", ["a", "it's"]),
        ("['one\\n'\n 'two']", ["one\n", "two"]),
        ("('a', 'b')", ["a", "b"]),
        ("array(['a'], dtype=object)", ["a"]),
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
