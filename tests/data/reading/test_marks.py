"""Marks before questions and answers: taken off in every language, and nowhere else."""

import pytest

from core.data.reading.documents.marks import marks_in
from core.data.reading.formats import read_table
from core.errors import DataError

QUESTIONS = ["How do I return a tent?", "Where is my new lamp?", "Can I pay by card?"]
ANSWERS = ["Print a label first.", "On its way to you.", "Yes, with any of them."]
PAIRS = [list(pair) for pair in zip(QUESTIONS, ANSWERS, strict=True)]


def rows(content, name):
    table = read_table(content.encode(), name)
    return table.frame.iloc[:, :2].to_numpy().tolist()


def said(content, name):
    return " ".join(map(str, read_table(content.encode(), name).warnings))


@pytest.mark.parametrize("ending", ["txt", "md"])
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
@pytest.mark.parametrize(
    ("asks", "answers"),
    [
        *(
            ("Q:", "A:"),
            ("Q1.", "A1."),
            ("[Q]", "[A]"),
            ("(Q1)", "(A1)"),
            ("Q -", "A –"),
            ("Q1", "A1"),
        ),
        *(("Q.1", "A.1"), ("Q1 -", "A1 -"), ("**Q:**", "**A:**"), ("**Q**:", "**A**:")),
        *(
            ("- Q:", "  - A:"),
            ("* **Q:**", "  **A:**"),
            ("### Q:", "A:"),
            ("QUESTION 1:", "Answer:"),
        ),
        *(
            ("Ｑ１", "Ａ１"),
            ("Q１．", "A１．"),
            ("【質問】", "【回答】"),
            ("問1", "答1"),
            ("ご質問：", "ご回答："),
        ),
        *(("问：", "答："), ("问题：", "答案："), ("질문:", "답변:"), ("문.", "답.")),
        *(("Frage Nr. 3:", "Antwort:"), ("F:", "A:"), ("Question :", "Réponse :"), ("Q :", "R :")),
        *(("P:", "R:"), ("D:", "R:"), ("Domanda:", "Risposta:"), ("Pergunta:", "Resposta:")),
        *(("Vraag:", "Antwoord:"), ("V:", "A:"), ("Pytanie:", "Odpowiedź:"), ("P:", "O:")),
        *(("Soru:", "Cevap:"), ("S:", "C:"), ("Вопрос:", "Ответ:"), ("В:", "О:")),
        *(("Fråga:", "Svar:"), ("F:", "S:"), ("س:", "ج:"), ("السؤال:", "الجواب:")),
        *(("Otázka:", "Odpověď:"), ("Problem:", "Lösung:"), ("Customer:", "Agent:")),
        *(("Kunde:", "Mitarbeiter:"), ("お客様：", "オペレーター：")),
    ],
)
def test_marks_of_many_languages_are_no_part_of_the_texts(asks, answers, gap, ending):
    text = "".join(f"{asks} {q}{gap}{answers} {a}\n\n" for q, a in PAIRS)
    assert rows(text, f"faq.{ending}") == PAIRS


@pytest.mark.parametrize(
    "page",
    [
        "".join(f"<p>Q: {q}<br>A: {a}</p>" for q, a in PAIRS),
        "<p>" + "<br><br>".join(f"Q: {q}<br>A: {a}" for q, a in PAIRS) + "</p>",
        "".join(f"<h3>Q{i}. {q}</h3><p>{a}</p>" for i, (q, a) in enumerate(PAIRS)),
        "".join(f"<h3>{q}</h3><p>A: {a}</p>" for q, a in PAIRS),
        "".join(f"<h3>Question</h3><p>{q}</p><h3>Answer</h3><p>{a}</p>" for q, a in PAIRS),
    ],
)
def test_marks_on_a_page(page):
    assert rows(f"<html><h1>FAQ</h1>{page}</html>", "faq.html") == PAIRS


@pytest.mark.parametrize(
    "mark", ["Q{}. ", "Q{}: ", "Frage {}: ", "{}. ", "{}) ", "1.{} ", "（{}）", "{}．", "Q{} "]
)
def test_numbers_and_marks_of_headings_are_taken_off_at_their_start_only(mark):
    asked = [f"質問{i}はいくつ 17. の注文に使えますか？" for i in range(1, 4)]
    text = "".join(f"## {mark.format(i)}{q}\n\nYes.\n\n" for i, q in enumerate(asked, 1))
    assert [question for question, _ in rows(text, "faq.md")] == asked


def test_numbers_that_number_nothing_stay():
    asked = ["24. Dezember offen?", "25. Dezember offen?", "1.5 Liter?"]
    text = "".join(f"## {question}\n\nNein.\n\n" for question in asked)
    assert [question for question, _ in rows(text, "faq.md")] == asked


def test_lines_of_an_answer_that_look_like_marks_stay():
    text = "".join(f"Q: {q}\nA: {a}\n\nA4 paper is fine.\n\na) one\n\n" for q, a in PAIRS)
    assert rows(text, "faq.txt")[0][1] == f"{ANSWERS[0]}\nA4 paper is fine.\na) one"
    headed = "".join(f"### {q}\n\n{a}\n\nD: 5 cm\n\nR: 3 cm\n\n" for q, a in PAIRS)
    assert rows(headed, "faq.md")[0][1] == f"{ANSWERS[0]}\nD: 5 cm\nR: 3 cm"


def test_turns_inside_the_cells_of_a_table_do_not_make_it_a_document():
    text = "id,question,answer\n" + "".join(
        f'{i},{q},"Agent: Hi\nCustomer: Hello\nAgent: {a}"\n' for i, (q, a) in enumerate(PAIRS)
    )
    assert read_table(text.encode(), "faq.csv").columns == ("id", "question", "answer")


def test_questions_right_above_one_another_have_the_same_answer_and_it_is_said():
    text = "".join(f"Q: {q}\nQ: And {q}\nA: {a}\n\n" for q, a in PAIRS)
    both = [[asked, a] for q, a in PAIRS for asked in (q, f"And {q}")]
    assert rows(text, "faq.txt") == both
    assert "3 questions stand right above another one" in said(text, "faq.txt")


def test_some_marked_questions_may_be_bold():
    text = "".join(
        f"**Q: {q}**\n\nA: {a}\n\n" if i else f"Q: {q}\n\nA: {a}\n\n"
        for i, (q, a) in enumerate(PAIRS)
    )
    assert rows(text, "faq.md") == PAIRS


def test_a_marked_question_without_an_answer_is_kept_as_open():
    text = "".join(f"Q: {q}\nA: {a}\n\nQ: And {q}\n\n" for q, a in PAIRS)
    assert rows(text, "faq.txt")[1] == [f"And {QUESTIONS[0]}", ""]


def test_labels_that_repeat_in_answers_are_told():
    text = "".join(f"Q: {q}\nA: {a}\nInternal note: ask Kim\n\n" for q, a in PAIRS)
    assert "“Internal note:” were read as parts of the answers" in said(text, "faq.txt")
    assert rows(text, "faq.txt")[0][1] == f"{ANSWERS[0]}\nInternal note: ask Kim"


@pytest.mark.parametrize(
    ("asks", "answers"), [("Q{}. ", "A{}. "), ("Frage {}: ", "Antwort: "), ("Q: ", "")]
)
def test_marks_in_cells_are_left_out_and_told(asks, answers):
    text = "id;question;answer\n" + "".join(
        f"{i};{asks.format(i)}{q};{answers.format(i)}{a}\n" for i, (q, a) in enumerate(PAIRS)
    )
    table = read_table(text.encode(), "faq.csv")
    assert table.frame[["question", "answer"]].to_numpy().tolist() == PAIRS
    assert any("were left out" in str(warning) for warning in table.warnings)


@pytest.mark.parametrize(
    ("first", "second"), [("{q}", "A. {a}"), ("S: {q}", "C: {a}"), ("Q: {q}", "{a}")]
)
def test_cells_that_only_look_marked_stay(first, second):
    text = "size;color\n" + "".join(
        f"{first.format(q=q) if i else q};{second.format(a=a)}\n" for i, (q, a) in enumerate(PAIRS)
    )
    assert rows(text, "faq.csv")[1] == [first.format(q=QUESTIONS[1]), second.format(a=ANSWERS[1])]


def test_letters_count_only_together():
    assert marks_in(["S: one", "C: two", "S: three", "C: four"]) is not None
    assert marks_in(["S: one", "A: two", "S: three", "A: four"]) is None
    assert marks_in(["A new one", "Q4 was good", "A new one", "Q4 was good"]) is None


def test_a_chat_export_is_called_so():
    text = "".join(f"[01.11.25, 09:0{i}:11] Anna: {q}\n" for i, q in enumerate(QUESTIONS * 2))
    with pytest.raises(DataError, match="looks like a chat export"):
        read_table(text.encode(), "chat.txt")


def test_a_text_of_one_column_learns_how_it_could_be_read():
    with pytest.raises(DataError, match="lines that begin with Q: and A:"):
        read_table(b"one\ntwo\nthree\n", "faq.txt")
