"""A rating column becomes grades, whatever scale and spelling; files of ratings by many people."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from openpyxl import Workbook

from core.data.judging.rating_words import RATING_WORDS
from core.data.judging.ratings import FIVE, HUNDRED, grades, plain_rating, read_numbers
from core.data.rating_file import read_ratings
from core.errors import DataError
from core.types import TEST_KNOWN


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
        # a word that nobody knows may say that its row is right: the blank one is not
        (["zonk", ""], [math.nan, math.nan], ["not known", "without a rating"]),
        (["zonk", "no", ""], [math.nan, 0, math.nan], ["read as", "not known", "without a rating"]),
        (["no", "n/a"], [0, 1], ["read as", "since all rated ones are wrong"]),
        # signs: a minus judges beside a plus, elsewhere it is an empty cell
        (["+", "-"], [1, 0], ["read as"]),
        (["++", "\u2212\u2212"], [1, 0], ["read as"]),
        (["+", "\u2013", "\u2014", ""], [1, 0, 0, math.nan], ["read as", "without a rating"]),
        (["++", "+", "o", "-", "--"], [1, 0.75, 0.5, 0.25, 0], ["read as"]),
        (["+", "0", "-"], [1, 0.5, 0], ["read as"]),
        (["＋", "－"], [1, 0], ["read as"]),
        (["+", ""], [1, math.nan], ["read as", "Only “+”"]),
        (["1", "+", "0"], [1, 1, 0], ["not numbers"]),
        (["ok", "-"], [1, math.nan], ["read as", "Only “ok”"]),
        (["-", "-"], [1, 1], []),
    ],
)
def test_ratings_become_grades_up_to_one(texts, expected, said):
    grade, warnings = grades(texts, list(range(2, len(texts) + 2)))
    assert grade.tolist() == pytest.approx(expected, nan_ok=True)
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


QUESTION, ANSWER = "where is my parcel", "This is how we handle your parcel."
OTHER = "This is how we handle your refund."


def csv(*rows: tuple[object, ...], header="question,answer,rater,rating") -> bytes:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]).encode()


def xlsx(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    book.active.append(["Question", "Answer", "Rater", "Rating"])
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize("make", [csv, xlsx])
def test_stars_and_points_come_to_the_same_range(tiny_dataset, make):
    stars = make(
        (QUESTION, ANSWER, "ann", 5), (QUESTION, OTHER, "ann", 2), (QUESTION, OTHER, "b", 1)
    )
    found = read_ratings(stars, "r", tiny_dataset, "me")
    assert found.scale == FIVE and not found.problems
    assert [(r.row, r.rater, r.value) for r in found.ratings] == [
        (2, "ann", 1.0),
        (3, "ann", 0.25),
        (4, "b", 0.0),
    ]
    points = make((QUESTION, ANSWER, "ann", 80), (QUESTION, OTHER, "ann", 0))
    found = read_ratings(points, "r", tiny_dataset, "me")
    assert found.scale == HUNDRED and [r.value for r in found.ratings] == [0.8, 0.0]


def test_every_row_that_is_not_taken_is_named_with_its_reason(tiny_dataset):
    tested = tiny_dataset.questions[list(tiny_dataset.split).index(TEST_KNOWN)]
    found = read_ratings(
        csv(
            ("  where is  my parcel ", ANSWER, "ann", 4),  # spaces do not count
            ("unheard of", ANSWER, "ann", 4),
            (QUESTION, "unheard of", "ann", 4),
            (tested, ANSWER, "ann", 4),
            (QUESTION, ANSWER, "", 4),
            (QUESTION, ANSWER, "ann", "good"),
            (QUESTION, OTHER, "ann", ""),
            (QUESTION, OTHER, "ben", "cannot say"),
            (QUESTION, OTHER, "cy", "★★"),
        ),
        "r.csv",
        tiny_dataset,
        "me",
    )
    assert [(r.row, r.value) for r in found.ratings] == [(2, 0.75), (9, None), (10, 0.25)]
    assert found.ratings[0].question == QUESTION, "as in the data, so that the pair is found"
    assert found.blank == 1
    reasons = {row: str(reason) for row, reason in found.problems}
    assert sorted(reasons) == [3, 4, 5, 6, 7]
    assert "final test" in reasons[5] and "“good”" in reasons[7]


def test_one_slip_does_not_turn_stars_into_points(tiny_dataset):
    """A 55 for a 5 would make every other rating of the file look like 0."""
    rows = [(QUESTION, ANSWER, f"r{i}", 4) for i in range(12)] + [(QUESTION, ANSWER, "x", 55)]
    found = read_ratings(csv(*rows), "r.csv", tiny_dataset, "me")
    assert found.scale == FIVE and [row for row, _ in found.problems] == [14]


def test_percent_are_points(tiny_dataset):
    found = read_ratings(csv((QUESTION, ANSWER, "a", "80 %")), "r.csv", tiny_dataset, "me")
    assert [r.value for r in found.ratings] == [0.8]


def test_without_a_rater_column_the_uploader_is_the_rater(tiny_dataset):
    content = csv((QUESTION, ANSWER, 3), header="question,answer,rating")
    assert read_ratings(content, "r.csv", tiny_dataset, "me").ratings[0].rater == "me"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (csv((QUESTION, ANSWER, "a", 0.5)), "neither 1 to 5 nor 0 to 100"),
        (csv((QUESTION, ANSWER, "a", "fine")), "no rating that is understood"),
        (csv((QUESTION, ANSWER, "a"), header="question,answer,rater"), "no column for: rating"),
        (b"", "is empty"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tiny_dataset, content, reason):
    with pytest.raises(DataError, match=reason):
        read_ratings(content, "r.csv", tiny_dataset, "me")


def rated(content, dataset, name="r.csv"):
    found = read_ratings(content.encode(), name, dataset, "me")
    return {(r.question, r.answer): r.value for r in found.ratings}, found


@pytest.mark.parametrize(
    ("name", "form", "top"),
    [
        ("r.csv", "question_id,answer_id,relevance\n{q},{a},3\n{q},{b},0\n", 1),
        ("r.tsv", "query-id\tcorpus-id\tscore\n{q}\t{a}\t1\n{q}\t{b}\t0\n", 1),
        ("r.txt", "{q} 0 {a} 1\n{q} 0 {b} 0\n", 1),
        ("r.txt", "{q} 0 {a} 1\n{q} 0 {b} 1\n", 1),  # a pool of right answers only
    ],
)
def test_ratings_by_ids(tiny_dataset, name, form, top):
    texts = tiny_dataset.answers
    q, a, b = tiny_dataset.question_ids[0], *tiny_dataset.answer_ids[:2]
    values, found = rated(form.format(q=q, a=a, b=b), tiny_dataset, name)
    question = tiny_dataset.questions[0]
    assert values[question, texts[0]] == top and len(found.ratings) == 2
    assert "by their ids" in str(found.notes[0])


def test_ids_that_the_data_do_not_have_are_told(tiny_dataset):
    with pytest.raises(DataError, match="by ids that your data do not have"):
        read_ratings(b"question_id,answer_id,score\nx7,y7,1\nx8,y8,0\n", "r", tiny_dataset, "me")


def test_the_only_column_left_is_the_rating_whatever_its_name(tiny_dataset):
    text = f"Frage;Antwort;Passung in %\n{QUESTION};{ANSWER};100,0 %\n"
    values, found = rated(text, tiny_dataset)
    assert values == {(QUESTION, ANSWER): 1} and found.columns["rating"] == "Passung in %"


@pytest.mark.parametrize("before", ["Q1. {}", "{} &amp; more", "one\\ntwo {}"])
def test_data_from_before_escapes_were_read_are_found_again(tiny_dataset, before):
    """What is read of the file has lost the mark or the escape that the data still have."""
    written = before.format(QUESTION)
    questions = tuple(written if q == QUESTION else q for q in tiny_dataset.questions)
    data = replace(tiny_dataset, questions=questions)
    values, _ = rated(f'question,answer,rating\n{written},"{ANSWER}",yes\n', data)
    assert values == {(written, ANSWER): 1}


@pytest.mark.parametrize(
    ("names", "first", "second"),
    [
        ("Wrong", "x", ""),
        ("is_wrong", "1", "0"),
        ("Falsch", "ja", "nein"),
        ("Right,Wrong", ",x", "x,"),
        ("Wrong,Right", "x,", ",x"),
    ],
)
def test_what_is_wrong_is_never_read_as_right(tiny_dataset, names, first, second):
    other = tiny_dataset.answers[1]
    rows = f'{QUESTION},"{ANSWER}",{first}\n{QUESTION},"{other}",{second}\n'
    values, _ = rated(f"question,answer,{names}\n{rows}", tiny_dataset)
    assert values[QUESTION, ANSWER] == 0
    assert values.get((QUESTION, other), 1) == 1


def test_ticks_count_as_right_and_blanks_as_not_rated(tiny_dataset):
    other = tiny_dataset.answers[1]
    text = f'question,answer,Rater 1,Rater 2\n{QUESTION},"{ANSWER}",x,x\n{QUESTION},"{other}",,\n'
    values, found = rated(text, tiny_dataset)
    assert values == {(QUESTION, ANSWER): 1} and found.blank == 2


@pytest.mark.parametrize(("plus", "minus"), [("+", "-"), ("++", "--"), ("+", "\u2212")])
def test_a_minus_beside_a_plus_is_a_rating_of_a_file(tiny_dataset, plus, minus):
    """Taken as an empty cell, all that raters found wrong would be lost."""
    other = tiny_dataset.answers[1]
    text = f'question,answer,Passt?\n{QUESTION},"{ANSWER}",{plus}\n{QUESTION},"{other}",{minus}\n'
    values, found = rated(text, tiny_dataset)
    assert values == {(QUESTION, ANSWER): 1, (QUESTION, other): 0}
    assert f"{plus} = 1, {minus} = 0" in str(found.notes[0])


def test_a_table_with_a_column_for_each_answer(tiny_dataset):
    first, second = tiny_dataset.answers[:2]
    text = f'question,"{first}","{second}"\n{QUESTION},1,0\n'
    values, found = rated(text, tiny_dataset)
    assert values == {(QUESTION, first): 1, (QUESTION, second): 0}
    assert found.answers == (first, second)


@pytest.mark.parametrize(
    ("most", "least"),
    [
        *[("trifft voll zu", "trifft nicht zu"), ("Completely", "Not at all")],
        ("tout à fait d'accord", "pas du tout d'accord"),
        *[("zdecydowanie tak", "zdecydowanie nie"), ("そう思う", "そう思わない")],
        *[("非常同意", "非常不同意"), ("매우 그렇다", "전혀 그렇지 않다")],
        *[("полностью согласен", "не согласен"), ("helemaal mee eens", "helemaal mee oneens")],
    ],
)
def test_both_ends_of_a_scale_in_words_are_known(most, least):
    grade, _ = grades([most, least], [2, 3])
    assert grade.tolist() == [1, 0]


def test_ratings_of_one_end_of_a_scale_are_not_taken_alone(tiny_dataset):
    rows = [(QUESTION, ANSWER, "a", "zonk"), (QUESTION, OTHER, "a", "no")]
    found = read_ratings(csv(*rows), "r.csv", tiny_dataset, "me")
    assert not found.ratings and [row for row, _ in found.problems] == [2, 3]
    assert "Only one end of the scale" in str(found.problems[1][1])
