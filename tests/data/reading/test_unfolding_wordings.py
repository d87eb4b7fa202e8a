"""Several wordings of a question, in one cell or in columns beside each other; the better text."""

import pytest

from core.data.columns.guessing import guess_columns
from core.data.pairs import collect_pairs
from tests.data.columns.test_guessing import table_of

WORDS = [("How do I return it?", "send it back"), ("Where is my parcel?", "track order")]
WORDS += [("Do you ship to Norway?", "shipping abroad"), ("Can I pay by card?", "card payment")]


def asked(table):
    guess = guess_columns(table)
    pairs = collect_pairs(table, guess.mapping)
    found = {
        (pairs.questions[q], pairs.answers[a])
        for q, a in zip(pairs.right_question, pairs.right_answer, strict=True)
    }
    return found, " ".join(map(str, (*guess.notes, *pairs.warnings))), pairs


WANTED = {(text, f"Answer {i}.") for i, texts in enumerate(WORDS) for text in texts}


@pytest.mark.parametrize("sign", ["; ", "\n", "\n- ", " | ", " / ", "；", "<br>"])
@pytest.mark.parametrize(
    "name", ["Questions", "Question variations", "Training phrases", "Utterances", "Fragen"]
)
def test_a_cell_of_several_wordings_is_several_questions(name, sign):
    first = "- " if sign == "\n- " else ""
    rows = [[first + sign.join(texts), f"Answer {i}."] for i, texts in enumerate(WORDS)]
    found, said, pairs = asked(table_of([name, "Answer"], rows))
    assert found == WANTED and pairs.rows_taken == 8
    assert "8 from 4 rows" in said


def test_letters_and_single_questions_stay_whole():
    rows = [[f"Hello,\nwhere is parcel {i}?\nRegards", f"Answer {i}."] for i in range(8)]
    found, said, _ = asked(table_of(["Questions", "Answer"], rows))
    assert len(found) == 8 and "parted" not in said
    rows = [["; ".join(texts), f"Answer {i}."] for i, texts in enumerate(WORDS)]
    found, said, _ = asked(table_of(["Question", "Answer"], rows))
    assert len(found) == 4 and "may part several questions" in said


def test_a_row_without_a_question_is_still_counted():
    rows = [["; ".join(texts), f"Answer {i}."] for i, texts in enumerate(WORDS)]
    _, _, pairs = asked(table_of(["Questions", "Answer"], [*rows, ["", "Lost answer."]]))
    assert [item.row for item in pairs.set_aside] == [6]


@pytest.mark.parametrize(
    ("question", "more"),
    [
        *[("Question 1", "Question 2"), ("質問①", "質問②"), ("Question", "Variant 1")],
        *[("Phrase 1", "Phrase 2"), ("Frage", "Alternativfrage"), ("Hauptfrage", "Variante 1")],
        *[("Main question", "Alt 1"), ("标准问", "相似问"), ("Question", "Synonyms")],
        *[("Frage", "Alternative Formulierungen"), ("Pregunta", "Variante"), ("質問", "類似質問")],
    ],
)
def test_columns_of_more_wordings_are_read_and_told(question, more):
    rows = [[f"Answer {i}.", *texts] for i, texts in enumerate(WORDS)]
    for columns, cells in ((1, 2), (2, 1)), ((2, 1), (1, 2)):
        names = ["Answer", *(("", question, more)[i] for i in columns)]
        table = table_of(names, [[row[0], *(row[i] for i in columns)] for row in rows])
        found, said, _ = asked(table)
        assert found == WANTED and "More wordings" in said, cells


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (["Question", "Variant", "Answer"], [[f"What {i}?", "red", f"It {i}."] for i in range(6)]),
        (
            ["Question 1", "Answer 1", "Question 2", "Answer 2"],
            [[f"What {i}?", f"It {i}.", f"Who {i}?", f"He {i}."] for i in range(6)],
        ),
        (
            ["Question", "Synonyms", "Answer"],
            [[f"What {i}?", f"return, label, post{i}", f"It {i}."] for i in range(6)],
        ),
    ],
)
def test_other_columns_beside_a_question_are_no_wordings(columns, rows):
    assert guess_columns(table_of(columns, rows)).mapping.further == ()


@pytest.mark.parametrize(
    ("few", "asking"),
    [
        *[("Betreff", "Nachricht Kunde"), ("Betreff", "Kundenanfrage"), ("Title", "Problem")],
        *[("Betreff", "Beschreibung"), ("Subject", "What the customer wrote")],
    ],
)
def test_a_subject_of_few_values_is_no_question(few, asking):
    subjects = ["Order", "Refund", "Login"]
    rows = [
        [subjects[i % 3], f"My parcel {i} is late. Where is it?", f"It is {i}."] for i in range(12)
    ]
    assert guess_columns(table_of([few, asking, "Lösung"], rows)).mapping.question == asking


def test_what_describes_asks_only_beside_an_answer():
    rows = [[f"Wie geht {i}?", f"So geht {i}, ganz einfach."] for i in range(8)]
    mapping = guess_columns(table_of(["Titel", "Beschreibung"], rows)).mapping
    assert (mapping.question, mapping.answer) == ("Titel", "Beschreibung")


@pytest.mark.parametrize(
    ("other", "right"),
    [
        *[("Internal answer (do not share)", "Public answer"), ("Old answer", "New answer")],
        *[("Interne Antwort", "Antwort Kunde"), ("Antwort alt", "Antwort neu")],
        *[
            ("旧回答", "新回答"),
            ("社内用回答", "お客様向け回答"),
            ("Ancienne réponse", "Réponse web"),
        ],
        *[("Borrador de respuesta", "Respuesta final"), ("Short answer", "Detailed answer")],
    ],
)
def test_an_internal_old_or_short_answer_never_wins(other, right):
    rows = [[f"What is {i}?", f"See the desk {i}.", f"Press the button {i}."] for i in range(8)]
    guess = guess_columns(table_of(["Question", other, right], rows))
    assert guess.mapping.answer == right
    assert other == "Short answer" or not guess.offered
    alone = guess_columns(table_of(["Question", other], [row[:2] for row in rows]))
    told = any("no other column holds answers" in str(note) for note in alone.notes)
    assert (alone.mapping.answer, told) == (other, other != "Short answer")


@pytest.mark.parametrize(
    "text", ["TBD", "tbd.", "[see above]", "s.o.", "Siehe oben", "to be defined", "同上", "待定"]
)
def test_the_place_of_an_answer_is_no_answer(text):
    rows = [[f"What is {i}?", f"It is {i}, see above."] for i in range(4)]
    _, _, pairs = asked(table_of(["Question", "Answer"], [*rows, ["And this?", text]]))
    assert [(item.row, item.answer) for item in pairs.set_aside] == [(6, text)]
    assert len(pairs.questions) == 4


@pytest.mark.parametrize("name", ["Utterances", "Phrase", "Questions", "Fragen", "Examples"])
@pytest.mark.parametrize(
    "cells",
    [
        ["Mr; Mrs; what do I choose?", "a; b; c as a list?", "How fast in km/h?", "AC/DC adapter?"],
        ["Input; output; which port?", "yes; no; maybe?", "on; off; what else?", "in; out; why?"],
        ["Is it red; or is it blue?", "When do you open?", "Who are you?", "Why is it so slow?"],
    ],
)
def test_signs_inside_of_questions_part_none(name, cells):
    rows = [[cell, f"Answer {i}."] for i, cell in enumerate(cells)]
    found, said, _ = asked(table_of([name, "Answer"], rows))
    assert found == {tuple(row) for row in rows} and "parted" not in said


@pytest.mark.parametrize(
    ("column", "groups", "shared"),
    [
        *[("Group", ["Payment", "Shipping"], 0), ("Gruppe", ["Versand", "Konto"], 0)],
        *[("Group", ["faq_1", "faq_2"], 2), ("Gruppe", ["G1", "G2"], 2), ("Group", ["1", "2"], 2)],
        *[("Intent", ["payment", "shipping"], 0), ("意図", ["支払い", "配送"], 0)],
        *[("Intent", ["resetPassword", "track.order"], 2), ("Intent", ["pay_card", "ship"], 0)],
        *[("FAQ ID", ["one", "two"], 2), ("Topic", ["t_1", "t_2"], 0)],
    ],
)
def test_only_what_names_one_answer_gives_it_to_other_rows(column, groups, shared):
    texts = [("How can I pay?", "Is there a warranty?"), ("Do you ship?", "Who made this?")]
    rows = [
        [group, question, f"Answer {i}." * (not place)]
        for i, (group, asking) in enumerate(zip(groups, texts, strict=True))
        for place, question in enumerate(asking)
    ]
    found, said, pairs = asked(table_of([column, "Question", "Answer"], rows))
    assert (len(found), len(pairs.open_questions)) == (2 + shared, 2 - shared)
    assert ("took that of the row" in said) == bool(shared)


@pytest.mark.parametrize("column", ["ID", "Intent-ID", "質問ID"])
@pytest.mark.parametrize("second", ["", "Nobody knows."], ids=["alone", "in a group"])
def test_a_known_wrong_text_answers_no_question_of_its_group(column, second):
    """It would turn what the file says is wrong into a right answer."""
    head = [column, "Question", "Answer", "Wrong answer"]
    rows = [
        [f"k{i}", f"What is thing {i}?", f"Thing {i} is round." * (i % 2), f"Fog number {i}."]
        for i in range(6)
    ] + [["k0", "What would thing 0 be?", second, ""]] * bool(second)
    found, said, pairs = asked(table_of(head, rows))
    assert {answer for _, answer in pairs.known_wrong} == {f"Fog number {i}." for i in range(6)}
    assert not {answer for _, answer in found} & {answer for _, answer in pairs.known_wrong}
    assert len(pairs.open_questions) == (2 if second else 3)
    assert ("took that of the row" in said) == bool(second) and "other wordings" not in said


def test_an_intent_of_one_word_is_one_where_its_questions_are_alike():
    rows = [["password", "How do I reset my password?", "Press it."], ["order", "My order?", "So."]]
    rows += [["password", "My password is lost", ""], ["password", "New passwords?", ""]]
    found, said, _ = asked(table_of(["Intent", "Question", "Answer"], rows))
    assert len(found) == 4 and "took that of the row" in said


SHORT = ["password reset", "delivery time", "returns", "warranty", "invoice", "size chart"]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        *[(("Subject", "Description"), True), (("Topic", "Description"), True)],
        *[(("Stichwort", "Text"), False), (("キーワード", "Text"), False)],
    ],
)
def test_a_keyword_of_its_own_asks_where_nothing_else_does(columns, told):
    rows = [[word, f"This is all we can say about {word} in a text."] for word in SHORT]
    guess = guess_columns(table_of(list(columns), rows))
    assert (guess.mapping.question, guess.mapping.answer) == columns
    assert any("really answers" in str(note) for note in guess.notes) == told


def test_a_subject_of_few_values_does_not_ask_even_alone():
    rows = [["Order", f"My parcel {i} is late, please look for it."] for i in range(6)]
    assert guess_columns(table_of(["Subject", "Description"], rows)).mapping.question is None
