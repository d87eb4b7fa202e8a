"""What people write into one cell: nothing, lists."""

import pytest

from core.data.cells import is_nothing, is_placeholder, may_say_nothing, nested_value
from core.data.reading.formats import read_table


@pytest.mark.parametrize(
    "text",
    [
        *("NULL", "null", "\\N", "NaN", "None", "N/A", "n/a", "-", "Ｎ／Ａ", "<NaN>", "NaT"),
        *("k.A.", "k. A.", "N. A.", "n. D.", "N.v.t.", "NVT", "N/b", "B.d.", "s/D", "Н/Д"),
        *("N / A", "k.A", "n.V.", "./."),
    ],
)
def test_words_for_nothing(text):
    assert is_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        *("#WERT!", "#NAME?", "#¿NOMBRE?", "#VALEUR!", "#RIF!", "#WAARDE!", "#Н/Д", "#SAKNAS!"),
        *("#ADR!", "#ÉRTÉK!", "Err:508", "#N/A"),
    ],
)
def test_errors_of_spreadsheets_are_nothing_in_any_language(text):
    assert is_nothing(text)


@pytest.mark.parametrize(
    "text", ["No", "0", "Nana", "none of them", "a-b", "not a number", "#2", "#RIGHT", "Err", "BD"]
)
def test_words_that_say_something(text):
    assert not is_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        *("Keine Angabe", "(sin contestar)", "Sans réponse.", "No response", "nie dotyczy"),
        *("回答なし", "不适用", "답변 없음", "Нет ответа", "geen antwoord", "Aucune réponse"),
        *("?", "???", "？", "…", "....", "{}", "()", '""', "“”", "___", "- -"),
    ],
)
def test_words_and_signs_that_stand_where_an_answer_is_missing(text):
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        *("!", "*", "/", "+", "→", "✓", "👍", "No", "Nein", "Nie", "ND", "Nd", "?x", "f()"),
        "Not available",
        *("keine", "Offen bis acht", "なし", "empty", "No answer is needed here"),
    ],
)
def test_a_word_or_sign_that_answers_a_question_is_an_answer(text):
    assert not is_placeholder(text)


@pytest.mark.parametrize("text", ["なし", "Geen", "brak", "offen.", "EMPTY", "無", "Ninguna", "/"])
def test_an_answer_that_may_say_that_there_is_none_is_told_where_it_repeats(text, read):
    rows = [f"What is part {i}?,It is the part {i}." for i in range(6)]
    asked = [f"Are there limits {i}?,{text}" for i in range(4)]
    for count, told in ((4, True), (2, False)):
        lines = ["question,answer", *rows, *asked[:count]]
        report = read("\n".join(lines).encode())
        assert may_say_nothing(text) and len(report.pairs) == 6 + count
        assert any(f"The whole answer is {text}" in str(w) for w in report.warnings) is told


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
