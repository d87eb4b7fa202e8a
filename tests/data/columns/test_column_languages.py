"""Question and answer are in one language, those that are taken and those that are offered."""

import pytest

from core.data.columns.column_languages import languages_of
from core.data.columns.guessing import guess_columns
from core.data.reading.formats import read_table
from tests.data.made_files import table as made_table


def guess(*names):
    cells = [[f"Text {i} below {name} says it." for name in names] for i in range(6)]
    return guess_columns(read_table(made_table(names, cells), "faq.csv"))


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        *[
            ("Antwort EN", {"en"}),
            ("answer_ja", {"ja"}),
            ("質問（英語）", {"en"}),
            ("jp_answer", {"ja"}),
        ],
        *[("Domanda (tedesco)", {"de"}), ("Deutsche Antwort", {"de"}), ("问题(中文)", {"zh"})],
        *[("Antwort", {"de"}), ("Question", {"en", "fr"}), ("回答", {"ja", "zh"})],
        *[("De vraag", {"nl"}), ("svar", {"sv", "da", "no"}), ("Spalte 3", set()), ("", set())],
    ],
)
def test_the_language_of_a_column_is_read_from_its_name(name, languages):
    assert languages_of(name) == languages


@pytest.mark.parametrize(
    "names",
    [
        *[("Anfrage DE", "Anfrage EN", "Antwort EN", "Antwort DE")],
        *[("Vraag FR", "Antwoord EN", "Vraag EN", "Antwoord FR")],
        *[("Question (FR)", "Question (EN)", "Answer", "Réponse")],
        *[("Kysymys", "Answer", "Vastaus"), ("Frage NL", "Antwort EN", "Antwort NL")],
        *[("Domanda (italiano)", "Risposta (inglese)", "Risposta (italiano)")],
        *[("質問（韓国語）", "回答（英語）", "回答（韓国語）"), ("질문", "Answer", "답변")],
    ],
)
def test_the_answer_is_taken_in_the_language_of_the_question(names):
    mapping = guess(*names).mapping
    assert languages_of(mapping.question) & languages_of(mapping.answer)
    assert mapping.question == names[0]


@pytest.mark.parametrize(
    ("names", "offered"),
    [
        (("Pregunta", "Respuesta", "Question", "Answer"), [("Pregunta", "Respuesta")]),
        (("Question", "Answer", "Domanda", "Risposta"), [("Domanda", "Risposta")]),
        (("質問", "回答", "질문", "답변"), [("질문", "답변")]),
        (
            ("Vraag Nederlands", "Antwoord Nederlands", "Vraag Duits", "Antwoord Duits"),
            [("Vraag Duits", "Antwoord Duits")],
        ),
        (
            ("Question anglaise", "Réponse anglaise", "Question allemande", "Réponse allemande"),
            [("Question allemande", "Réponse allemande")],
        ),
        (
            ("问题（中文）", "答案（中文）", "问题（日文）", "答案（日文）"),
            [("问题（日文）", "答案（日文）")],
        ),
        (
            ("Question", "Answer", "Question 2", "Answer 2", "Question 3", "Answer 3"),
            [("Question 2", "Answer 2"), ("Question 3", "Answer 3")],
        ),
        (
            ("Question EN", "Question PL", "Answer EN", "Answer PL"),
            [("Question PL", "Answer PL")],
        ),
        # no partner of its own: as before
        (("Question", "Customer question", "Answer"), [("Customer question", "Answer")]),
        (("Frage", "Antwort", "Kurze Antwort"), [("Frage", "Kurze Antwort")]),
    ],
)
def test_offered_pairs_never_mix_languages(names, offered):
    assert list(guess(*names).offered) == offered


@pytest.mark.parametrize(
    "names", [("Fragen", "Antworten"), ("Frage EN", "Antwort EN"), ("Vragen", "Antwoorden")]
)
def test_plurals_and_a_single_language_are_read_as_ever(names):
    mapping = guess(*names).mapping
    assert (mapping.question, mapping.answer) == names


@pytest.mark.parametrize(
    "names",
    [
        *[("Frage", "Answer", "Antwort von"), ("Frage", "Reply", "Antwort-Typ")],
        *[("Frage", "Answer", "Lösung-Link"), ("Question", "Antwort", "Response channel")],
        *[("Frage", "Answer", "Question type"), ("IT Question", "Answer", "Antwort IT")],
    ],
)
def test_what_is_told_about_an_answer_is_not_taken_for_it(names):
    mapping = guess(*names).mapping
    assert (mapping.question, mapping.answer) == names[:2]


@pytest.mark.parametrize(
    "texts", [["Noch offen.", *[""] * 7], ["Nein.", "Ja."] * 4, [f"A{i}" for i in range(8)]]
)
def test_an_answer_that_holds_far_less_is_not_taken_for_its_language(texts):
    cells = [[f"Wo ist {i}?", f"Es steht im Regal {i} ganz oben.", texts[i]] for i in range(8)]
    table = read_table(made_table(("Frage", "Answer", "Antwort"), cells), "faq.csv")
    assert guess_columns(table).mapping.answer == "Answer"
