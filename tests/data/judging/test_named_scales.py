"""The scale that the name of a column tells is the one that its ratings are read on."""

from __future__ import annotations

import pytest

from core.data.columns.guessing import guess_columns
from core.data.judging.named_scales import scale_in_name
from core.data.rating_file import read_ratings
from tests.data.columns.test_guessing import table_of
from tests.data.made_files import ANSWERS, NOT_PAIRS, PAIRS, QUESTIONS, right, said, table, wrong


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        *[("Rating (1-10)", (1, 10)), ("Bewertung 1–7", (1, 7)), ("Relevance (0-3)", (0, 3))],
        *[("評価（1〜5）", (1, 5)), ("評点 1から10", (1, 10)), ("评分（0到10）", (0, 10))],
        *[
            ("Valutazione da 1 a 10", (1, 10)),
            ("Ocena od 1 do 6", (1, 6)),
            ("score [0..4]", (0, 4)),
        ],
        *[
            ("rating_1_to_5", (1, 5)),
            ("Beoordeling (1 tot 10)", (1, 10)),
            ("Betyg 1 till 5", (1, 5)),
        ],
        *[("Agreement (-2 to +2)", (-2, 2)), ("Оценка (от 1 до 5)", (1, 5))],
        *[
            ("Score out of 10", (None, 10)),
            ("Note sur 20", (None, 20)),
            ("Punkte (von 30)", (None, 30)),
        ],
        *[("Points /10", (None, 10)), ("10点満点", (None, 10)), ("평점 (5점 만점)", (None, 5))],
        *[("评分（满分100）", (None, 100)), ("Passung in %", (None, 100))],
        *[("10段階評価", (1, 10)), ("5-point scale", (1, 5)), ("7-stufige Skala", (1, 7))],
        *[("Rating (1 = bad, 5 = good)", (1, 5)), ("label (0 = wrong, 1 = right)", (0, 1))],
        *[("Rating 1-5 (1 = very good)", (5, 1)), ("Note (gut = 1, schlecht = 4)", (4, 1))],
        *[("Rating 1 (best) to 10 (worst)", (10, 1)), ("Rating 1 (worst) to 10 (best)", (1, 10))],
        *[("Rating", None), ("Rating 2", None), ("Rating 2023-2024", None), ("rating 1/2", None)],
        *[("Q1-3 rating", None), ("Rating (1-2)", None), ("Rating of 10 questions", None)],
        *[("Rater 2 of 3", None), ("Prüfer 1 von 4", None), ("Judge B out of 3", None)],
        *[
            ("24/7 rating", None),
            ("Rating v1.5", None),
            ("Rating 12-15", None),
            ("Step 1: score", None),
        ],
    ],
)
def test_names_that_tell_a_scale_and_names_that_do_not(name, ends):
    assert scale_in_name(name) == ends


TEN, FEW = ("10", "9", "7", "5", "1"), ("5", "4", "3", "2", "1")


@pytest.mark.parametrize(
    ("name", "values", "grades"),
    [
        *[("Rating (1-10)", TEN, (1, 8 / 9, 6 / 9, 4 / 9, 0)), ("Score out of 10", TEN, None)],
        *[("10段階評価", TEN, (1, 8 / 9, 6 / 9, 4 / 9, 0)), ("Note sur 20", TEN, (0.5, 0.45))],
        # ratings that stay in the lower half are no stars
        *[("Rating 1-10", FEW, (4 / 9, 3 / 9)), ("Relevance (0-10)", FEW, (0.5, 0.4))],
        *[("Bewertung 1-5 (1 = sehr gut)", FEW, (0, 0.25, 0.5, 0.75, 1))],
        # what the values contradict is not the scale
        ("Rating (%)", ("0.9", "0.5", "1", "0", "0"), (0.9, 0.5)),
        ("correct 1-5", ("1", "0", "1", "0", "1"), (1, 0)),
    ],
)
def test_ratings_are_read_on_the_scale_of_their_name(read, name, values, grades):
    rows = list(zip(QUESTIONS, ANSWERS, values, strict=True))
    report = read(table(("question", "answer", name), rows))
    assert report.columns["rating"] == name
    found = {q: grade for q, _, grade in report.pairs}
    wanted = grades or [float(value) / 10 for value in values]
    assert [found[q] for q in QUESTIONS[: len(wanted)]] == pytest.approx(list(wanted), abs=1e-5)
    assert ("Ratings were read as" in said(report)) == (max(values) > "1")


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        *[("label (0 = wrong, 1 = right)", "0", "1"), ("Rating (1 = bad, 5 = good)", "1", "5")],
        *[("Label (1 = correct, 0 = incorrect)", "0", "1"), ("label (1 = yes, 0 = no)", "0", "1")],
    ],
)
def test_a_legend_does_not_turn_its_ratings_round(read, name, low, high):
    """A name with the word “wrong” in its legend was read as saying what is wrong."""
    rows = [(*pair, high) for pair in sorted(PAIRS)] + [(*pair, low) for pair in sorted(NOT_PAIRS)]
    report = read(table(("question", "answer", name), rows))
    assert (right(report), wrong(report)) == (PAIRS, NOT_PAIRS)


@pytest.mark.parametrize(
    ("name", "rating", "scale", "value"),
    [
        *[("Bewertung (1-10)", "4", "1-10", 1 / 3), ("How good? (0-20)", "15", "0-20", 0.75)],
        *[("Rating 1-7", "6", "1-7", 5 / 6), ("Relevance (0-3)", "1", "0-3", 1 / 3)],
        *[("Relevance (0-3)", "2", "0-3", 2 / 3), ("評価（1〜5）", "4", "1-5", 0.75)],
        *[("Rating (1 = good, 4 = bad)", "1", "4-1", 1.0)],
    ],
)
def test_a_file_of_ratings_is_on_the_scale_of_its_column(tiny_dataset, name, rating, scale, value):
    cells = tiny_dataset.questions[0], tiny_dataset.answers[0], rating
    content = table(("question", "answer", name), [cells])
    found = read_ratings(content, "r.csv", tiny_dataset, "me")
    assert (found.columns["rating"], found.scale) == (name, scale)
    assert [one.value for one in found.ratings] == [pytest.approx(value)]


@pytest.mark.parametrize("name", ["Shelf (1-10)", "Audience 1-5", "Effort (0-20)"])
def test_a_scale_of_something_else_is_named_and_not_used(name):
    rows = [[f"How do I do thing {i}?", f"Press button {i}.", str(1 + i % 5)] for i in range(12)]
    guess = guess_columns(table_of(["Question", "Answer", name], rows))
    assert guess.mapping.rating is None
    assert [note.params["column"] for note in guess.notes] == [name]


def test_school_marks_are_those_of_a_scale_up_to_six():
    rows = [[f"Was ist {i}?", f"Es ist das Ding {i}.", str(1 + i % 6)] for i in range(12)]
    for name, scale in (("Note", "6-1"), ("Note (1-6)", "6-1"), ("Note (1-10)", "")):
        assert guess_columns(table_of(["Frage", "Antwort", name], rows)).mapping.scale == scale
