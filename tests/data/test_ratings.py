"""A rating column becomes grades, whatever scale and spelling people use."""

import pytest
from hypothesis import given, strategies as st

from core.data.ratings import RATING_WORDS, grades, plain_rating, read_numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("4", 4), ("4.5", 4.5), ("4,5", 4.5), ("4/5", 4), ("80 %", 80), ("★★★☆", 3)],
        *[("５", 5), ("yes", 1), ("×", 0), ("○", 1), ("-1", -1), ("good", 1), ("nan", None)],
        *[("3 stars", 3), ("1e-1", 0.1), ("inf", None), ("4 of 5", 4)],
    ],
)
def test_ratings_as_people_write_them(text, value):
    word = RATING_WORDS.get(plain_rating(text))
    assert read_numbers([text]).values.get(text, word) == pytest.approx(value)


@pytest.mark.parametrize(
    ("texts", "expected", "said"),
    [
        (["1", "3", "5", ""], [0.2, 0.6, 1, 1], ["without a rating"]),
        (["1", "0"], [1, 0], []),
        (["0.5", "1"], [0.5, 1], []),
        (["1"] * 18 + ["7", "-2"], [1] * 19 + [0], ["above 1", "below 0"]),
        (["20", "100", "60"], [0.2, 1, 0.6], ["100 counts as the best"]),
        (["5", "good"], [1, 1], ["not numbers"]),
        (["0", "0"], [0, 0], []),
        (["", ""], [1, 1], []),
    ],
)
def test_ratings_become_grades_up_to_one(texts, expected, said):
    grade, warnings = grades(texts, list(range(2, len(texts) + 2)))
    assert grade.tolist() == pytest.approx(expected)
    assert len(warnings) == len(said)
    for part in said:
        assert any(part in str(warning) for warning in warnings)


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
        (["word", "80 %"], [None, 80], True),
    ],
)
def test_numbers_in_the_style_of_their_column(texts, numbers, certain):
    read = read_numbers(texts)
    assert [read.values.get(text) for text in texts] == numbers
    assert (not read.doubt) == certain


@given(st.floats(-1e9, 1e9).map(lambda value: round(value, 2)))
def test_numbers_come_back_from_german_and_english_style(value):
    english = f"{value:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert read_numbers([english]).values == {english: value}
    assert read_numbers([german]).values == {german: value}
