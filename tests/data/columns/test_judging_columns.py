"""A column judges where its name or its words say so, or where it tells answers apart."""

import pytest

from core.data.columns import guess_columns
from core.data.pairs import collect_pairs
from tests.data.test_columns import table_of

ROWS = 12


def pairs_with(name, values):
    rows = [
        [f"How do I do thing {i}?", f"Press the button number {i}.", values[i % len(values)]]
        for i in range(ROWS)
    ]
    return table_of(["Question", "Answer", name], rows)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *[("In chatbot?", ["yes", "no"]), ("Login required", ["no", "yes"]), ("draft", "01")],
        *[("Freigabe Recht", ["ja", "nein"]), ("Escalate to human", ["No", "Yes"])],
        *[("SLA", ["TRUE", "FALSE"]), ("Publikacja", ["tak", "nie"]), ("確認済み", ["○", "×"])],
        *[("Sentiment", ["positive", "negative"]), ("Impact", ["high", "low"])],
        *[("CSAT (1-5)", "12345"), ("Satisfaction score", "12345"), ("満足度", ["○", "×"])],
        *[("Zufriedenheit", ["gut", "schlecht"]), ("Satisfaction rating", ["Good", "Bad"])],
        *[("Audience group", "123"), ("Stock", "01234"), ("Model", ["0.9", "0.5", "0.7", "0.1"])],
    ],
)
def test_yes_and_no_of_unknown_meaning_make_no_answer_wrong_but_are_named(name, values):
    guess = guess_columns(pairs_with(name, values))
    assert guess.mapping.rating is None
    assert [note.params["column"] for note in guess.notes] == [name]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *[("Aktiv", ["ja", "nein"]), ("Veröffentlicht", ["Ja", "Nein"]), ("掲載", ["○", "×"])],
        *[("Publié", ["Oui", "Non"]), ("Attivo", ["SI", "NO"]), ("Prioridad", "123")],
        *[("Wichtigkeit", "123"), ("重要度", "123"), ("Schwierigkeit", "12345"), ("优先级", "12")],
    ],
)
def test_what_publishes_or_orders_is_no_judgement(name, values):
    guess = guess_columns(pairs_with(name, values))
    assert (guess.mapping.rating, guess.notes) == (None, ())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *[("判定", ["○", "×"]), ("Passt?", ["ja", "nein"]), ("Quality", "12345")],
        *[("label", "01"), ("is_correct", ["TRUE", "FALSE"]), ("Trafność", "0123")],
        *[("Prüfung", ["richtig", "falsch"]), ("QA", ["relevant", "not relevant"])],
        *[("x", ["👍", "👎"]), ("Passung in %", ["100,0 %", "0,0 %"]), ("是否正确", ["是", "否"])],
    ],
)
def test_a_known_name_or_a_word_of_judgement_is_enough(name, values):
    assert guess_columns(pairs_with(name, values)).mapping.rating == name


def test_a_file_of_ratings_needs_no_known_name():
    guess = guess_columns(pairs_with("How well?", ["yes", "no"]), rated=True)
    assert guess.mapping.rating == "How well?"


@pytest.mark.parametrize("name", ["N.", "Lp.", "Sıra", "序号", "番号", "Zeile", "Item", ""])
@pytest.mark.parametrize("rated", [False, True])
def test_the_number_of_a_row_is_never_a_rating(name, rated):
    rows = [[str(i + 1), f"What is {i}?", f"It is the thing {i}."] for i in range(5)]
    guess = guess_columns(table_of([name, "Question", "Answer"], rows), rated=rated)
    assert guess.mapping.rating is None


def test_a_rating_of_few_rows_does_not_set_the_others_aside():
    values = ["", "", "", "", "", "", "5", "", "", "", "", "1"]
    table = pairs_with("Rating", values)
    guess = guess_columns(table)
    assert guess.mapping.rating is None
    assert (
        "Only 2 of 12 rows are rated in Rating (1, 5)" in str(guess.notes[0])
        and len(guess.notes) == 1
    )
    assert len(collect_pairs(table, guess.mapping).right_grade) == ROWS
    assert guess_columns(pairs_with("Correct", ["", "", "", "", "", "x"])).mapping.rating


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        *[("Helpful votes", "Not helpful votes"), ("Hilfreich (Ja)", "Hilfreich (Nein)")],
        *[("Thumbs up", "Thumbs down"), ("Likes", "Dislikes"), ("Utile : oui", "Utile : non")],
        *[("役に立った", "役に立たなかった"), ("👍", "👎"), ("有用", "无用")],
    ],
)
def test_counts_of_votes_are_no_ratings(yes, no):
    rows = [[f"What is {i}?", f"It is {i}.", str(i % 3), str(3 - i % 4)] for i in range(ROWS)]
    for names in ((yes, no), (no, yes)):
        guess = guess_columns(table_of(["Question", "Answer", *names], rows))
        mapping = guess.mapping
        assert (mapping.rating, mapping.raters, mapping.negatives) == (None, (), ())
        assert "count votes" in str(guess.notes[0])


def test_the_code_of_an_error_is_no_distance_and_nothing_is_no_value():
    for name, values in (("Error code", ["404", "E-17"]), ("note", ["\\N"])):
        assert guess_columns(pairs_with(name, values)).notes == ()
