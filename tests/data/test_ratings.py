"""A rating column becomes grades, whatever scale and spelling people use."""

import math

import pytest

from core.data.ratings import grades, parse_rating


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("4", 4), ("4.5", 4.5), ("4,5", 4.5), ("4/5", 4), ("80 %", 0.8), ("★★★☆", 3)],
        *[("５", 5), ("yes", 1), ("×", 0), ("○", 1), ("-1", -1), ("good", None), ("nan", None)],
        *[("3 stars", 3), ("1e-1", 0.1), ("inf", None), ("4 of 5", None)],
    ],
)
def test_ratings_as_people_write_them(text, value):
    assert parse_rating(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("texts", "expected", "said"),
    [
        (["1", "3", "5", ""], [0, 0.5, 1, math.nan], ["without a rating", "1 to 5"]),
        (["0", "", "0"], [0, 1, 0], ["since all rated ones are wrong"]),
        (["2", "0", "3"], [2 / 3, 0, 1], ["0 to 3"]),
        (["1", "0"], [1, 0], []),
        (["0.5", "1"], [0.5, 1], []),
        (["1"] * 18 + ["7", "-2"], [1] * 19 + [0], ["above 1", "below 0"]),
        (["20", "100", "60"], [0.2, 1, 0.6], ["100 counts as the best"]),
        (["5", "good"], [1, 1], ["not numbers", "1 to 5"]),
        (["0", "0"], [0, 0], []),
        (["", ""], [1, 1], []),
    ],
)
def test_ratings_become_grades_up_to_one(texts, expected, said):
    grade, warnings = grades(texts, list(range(2, len(texts) + 2)))
    assert grade.tolist() == pytest.approx(expected, nan_ok=True)
    assert len(warnings) == len(said)
    for part in said:
        assert any(part in str(warning) for warning in warnings)
