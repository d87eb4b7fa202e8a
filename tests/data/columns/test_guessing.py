"""Columns are found by name in both languages, else by content, never a column of wrong answers."""

import csv
import io

import pytest

from core.data.columns.column_mapping import ColumnMapping
from core.data.columns.column_names import role_of
from core.data.columns.guessing import guess_columns, guess_mapping
from core.data.pairs import collect_pairs
from core.data.reading.formats import read_table

ROW = {
    "question": "Where is my parcel?",
    "answer": "It is on its way; the link in the e-mail shows where.",
    "category": "Delivery",
    "language": "en",
    "rating": "4",
    "source": "chat",
    "question_id": "q7",
    "answer_id": "a7",
}


def table_of(columns, rows):
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows([columns, *rows])
    return read_table(buffer.getvalue().encode(), "faq.csv")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *[(name, "question") for name in ("Question", "QUERY", "anchor", "Customer question", "Q")],
        *[
            (name, "question")
            for name in ("質問", "お問い合わせ内容", "question_text", "質問文", "Ｑ")
        ],
        *[
            (name, "answer")
            for name in ("Answer", "positive", "passage", "Response", "best_answer")
        ],
        *[
            (name, "answer")
            for name in ("回答", "答え", "回答内容", "A", "answer.text", "rightAnswer")
        ],
        *[(name, "category") for name in ("category", "カテゴリ", "分類", "Topic", "大カテゴリー")],
        *[(name, "rating") for name in ("Rating", "score", "評価", "スコア", "relevance_score")],
        *[(name, "language") for name in ("lang", "Language", "言語")],
        *[(name, "source") for name in ("Source", "channel", "受付経路")],
        *[(name, "question_id") for name in ("question_id", "query-id", "Question ID", "質問番号")],
        *[(name, "answer_id") for name in ("answer_id", "doc-id", "回答ID")],
        *[(name, None) for name in ("negative", "hard_negative_1", "wrong answer", "不正解の回答")],
        *[(name, None) for name in ("answered by", "answer date", "回答日時", "number of answers")],
        *[(name, None) for name in ("is a test", "foo", "")],
    ],
)
def test_names_are_understood(name, role):
    assert role_of(name) == role


def test_all_roles_are_found_whatever_the_order():
    roles = list(ROW)[::-1]
    mapping = guess_mapping(table_of(roles, [[ROW[role] for role in roles]] * 3))
    assert mapping == ColumnMapping(**{role: role for role in ROW})


def test_negatives_are_never_answers_even_when_no_answer_is_named():
    rows = [[ROW["question"], "x" * 5 + " wrong text " * 20, ROW["answer"]]] * 5
    mapping = guess_mapping(table_of(["query", "negative", "stuff"], rows))
    assert (mapping.question, mapping.answer) == ("query", "stuff")


def test_without_names_the_column_with_question_marks_is_the_question():
    rows = [
        ["7", f"Everything about topic {i} is written here.", f"What is {i}?"] for i in range(9)
    ]
    mapping = guess_mapping(table_of(["one", "two", "three"], rows))
    assert (mapping.question, mapping.answer) == ("three", "two")


def test_without_names_or_marks_the_more_varied_column_is_the_question():
    rows = [
        ["the same long answer for each of them", f"wording {'abcdefghi'[i]}"] for i in range(9)
    ]
    mapping = guess_mapping(table_of(["one", "two"], rows))
    assert (mapping.question, mapping.answer) == ("two", "one")


def test_a_numeric_answer_column_is_not_the_answer_text():
    rows = [[ROW["question"], "1", ROW["answer"]]] * 5
    assert guess_mapping(table_of(["question", "answer", "body"], rows)).answer == "body"


def judged_table(name, right, wrong):
    rows = [
        [f"How do I do thing {i}?", f"{word} answer number {i}.", mark]
        for i in range(9)
        for word, mark in (("Good", right), ("Bad", wrong))
    ]
    return table_of(["question", "answer", name], rows)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        *[("is_wrong", "0", "1"), ("Falsch?", "nein", "ja"), ("is_negative", "FALSE", "TRUE")],
        *[("hallucinated", "no", "yes"), ("error", "0", "1"), ("outdated", "FALSE", "TRUE")],
        *[("irrelevant", "0", "1"), ("label", "1", "-1"), ("status", "accepted", "rejected")],
        *[("state", "active", "deleted"), ("label", "entailment", "contradiction")],
        *[("correct", "x", ""), ("correct", "1", "")],
    ],
)
def test_a_judgement_is_read_the_right_way_round(name, right, wrong):
    table = judged_table(name, right, wrong)
    guess = guess_columns(table)
    assert (guess.mapping.rating, guess.mapping.negatives) == (name, ())
    pairs = collect_pairs(table, guess.mapping)
    assert len(pairs.right_answer) == 9
    assert all(pairs.answers[i].startswith("Good") for i in pairs.right_answer.tolist())
    assert guess.notes or pairs.warnings


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        *[
            ("Hodnotenie", "správne", "nesprávne"),
            ("Omdöme", "rätt", "fel"),
            ("Ocena", "zgodna", "zła"),
        ],
        *[("Bedømmelse", "rigtigt", "forkert"), ("Arviointi", "oikein", "väärin")],
        *[("Értékelés", "jó", "rossz"), ("Değerlendirme", "uygun", "uygun değil")],
        *[("Оценка", "подходит", "не подходит"), ("Penilaian", "tepat", "tidak tepat")],
        *[("Beurteilung", "zutreffend", "nicht zutreffend")],
        *[
            ("判定", "妥当", "不当"),
            ("Oordeel", "passend", "niet passend"),
            ("Esito", "giusta", "errata"),
        ],
    ],
)
def test_words_of_many_languages_judge(name, right, wrong):
    table = judged_table(name, right, wrong)
    guess = guess_columns(table)
    assert guess.mapping.rating == name
    pairs = collect_pairs(table, guess.mapping)
    assert len(pairs.right_answer) == len(pairs.known_wrong) == 9
    assert all(pairs.answers[i].startswith("Good") for i in pairs.right_answer.tolist())


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        *[("ocena", "git", "lipa"), ("Hodnocení", "prima", "bída"), ("quality", "A", "C")],
        *[("Passt?", "aye", "nay"), ("Passt?", "ja", "nay"), ("Resultaat", "zonk", "gong")],
        *[
            ("Nützlich", "nützlich", "unnützlich"),
            ("判定", "甲", "丁"),
            ("Ocena eksperta", "a", "z"),
        ],
    ],
)
def test_words_that_nobody_knows_under_a_name_that_judges_are_never_right(name, right, wrong):
    table = judged_table(name, right, wrong)
    guess = guess_columns(table)
    assert guess.mapping.rating == name
    pairs = collect_pairs(table, guess.mapping)
    assert not any(pairs.answers[i].startswith("Bad") for i in pairs.right_answer.tolist())
    assert dict(pairs.unknown_ratings)[wrong] == 9


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *[("Works with", ["iPhone", "Android"]), ("Result", ["refund", "exchange"])],
        *[("Suitable for", ["children", "adults"]), ("Decision", ["legal", "sales", "support"])],
        ("Useful links", [f"see page {i}" for i in range(12)]),
        *[("Quality", ["HD", "SD"]), ("Qualität", ["Entwurf", "fertig"]), ("Quality", "AB")],
        *[("Assessment", ["Test 1", "Test 2", "Exam"]), ("Beurteilung", ["neu", "erledigt"])],
        *[("Approved", ["approved", "draft", "sent"]), ("Accepted", ["accepted", "offered"])],
        *[("Condition", ["good", "acceptable", "poor"]), ("Zustand", ["gut", "akzeptabel"])],
        *[("Notas", ["ok", "revisar"]), ("Match", ["exact", "fuzzy"])],
        *[("Suitable", ["Suitable for rain", "Suitable for snow"]), ("Fits", ["Fits A", "Fits B"])],
    ],
)
def test_words_about_something_else_are_no_judgement(name, values):
    guess = guess_columns(pairs_with(name, values))
    assert guess.mapping.rating is None


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        *[("Approved by", "Mia", "Jan"), ("Suitable for", "children", "adults")],
        *[("Works with", "iPhone", "Android"), ("Conversion (%)", "70", "12")],
    ],
)
def test_what_differs_between_answers_is_told_and_not_taken_as_their_judgement(name, first, second):
    guess = guess_columns(judged_table(name, first, second))
    assert guess.mapping.rating is None
    assert [note.params["column"] for note in guess.notes] == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("Passt?", "nein"), ("判定", "×"), ("label", "FALSE"), ("label", "-1"), ("gold", "no")],
        *[("Est pertinent ?", "non"), ("Antwort brauchbar", "nein"), ("¿Es correcta?", "no")],
        *[("Ocena", "zła"), ("Valutazione", "sbagliato"), ("labels", "irrelevant")],
    ],
)
def test_where_all_is_wrong_nothing_is_right(name, value):
    table = pairs_with(name, [value])
    guess = guess_columns(table)
    assert (guess.mapping.rating, guess.mapping.category) == (name, None)
    pairs = collect_pairs(table, guess.mapping)
    assert not len(pairs.right_answer) and len(pairs.known_wrong) == ROWS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("Works offline", "no"), ("Good for beginners", "no"), ("OK to share", "nein")],
        *[
            ("Suitable for", "no"),
            ("Approved", "no"),
            ("IsAccepted", "False"),
            ("label", "billing"),
            ("Passt?", "ja"),
        ],
        *[("Label required", "no"), ("Aktiv", "nein"), ("class", "3")],
        *[("OK", "no"), ("Answer OK", "nein"), ("Useful", "no"), ("Correct in FR", "no")],
    ],
)
def test_one_value_about_something_else_makes_no_answer_wrong(name, value):
    table = pairs_with(name, [value])
    assert len(collect_pairs(table, guess_mapping(table)).right_answer) == ROWS


@pytest.mark.parametrize("name", ["is_test", "split", "fold", "chapter", "page", "level"])
def test_parts_and_places_are_no_judgements(name):
    assert guess_mapping(judged_table(name, "1", "2")).rating is None


@pytest.mark.parametrize(("name", "right", "wrong"), [("votes", "12", "-3"), ("mood", "aa", "bb")])
def test_a_column_that_may_judge_is_told(name, right, wrong):
    guess = guess_columns(judged_table(name, right, wrong))
    assert guess.mapping.rating is None
    assert [note.params["column"] for note in guess.notes] == [name]


def test_an_expected_answer_wins_over_what_a_bot_answered():
    rows = [[f"What is {i}?", f"The bot says {i}.", f"In truth it is {i}."] for i in range(9)]
    guess = guess_columns(table_of(["question", "answer", "expected"], rows))
    assert guess.mapping.answer == "expected"
    assert "expected was taken as the right answer" in str(guess.notes[0])


def judged(columns, *rows):
    table = table_of(columns, [[f"What is {i}?", *row] for i in range(4) for row in rows])
    return guess_columns(table)


def test_columns_of_several_raters_rate_together():
    for names in (["Rating Anna", "Rating Ben"], ["judge_1", "judge_2"], ["Anna", "Ben"]):
        guess = judged(["question", "answer", *names], ["It is so.", "1", "1"], ["No.", "0", "1"])
        assert (guess.mapping.rating, *guess.mapping.raters) == tuple(names)
        assert any("Several columns rate the same pairs" in str(note) for note in guess.notes)


def test_other_judgements_beside_the_rating_are_told():
    guess = judged(
        ["question", "answer", "relevance", "fluency"], ["So.", "1", "5"], ["No.", "0", "4"]
    )
    assert (guess.mapping.rating, guess.mapping.raters) == ("relevance", ())
    assert any("fluency (4, 5) may judge the answers, too" in str(note) for note in guess.notes)


def test_distances_are_no_ratings_and_accepted_wins_over_votes():
    guess = judged(["question", "answer", "distance"], ["It is so.", "0.1"], ["No.", "0.9"])
    assert guess.mapping.rating is None
    assert any("says how far away" in str(note) for note in guess.notes)
    guess = judged(
        ["question", "answer", "Score", "IsAccepted"], ["So.", "2", "True"], ["No.", "3", "False"]
    )
    assert guess.mapping.rating == "IsAccepted"


def test_yes_and_no_beside_a_passage_judge_it_where_a_question_has_both():
    guess = judged(["question", "passage", "answer"], ["It is so.", "True"], ["Else.", "False"])
    assert (guess.mapping.answer, guess.mapping.rating) == ("passage", "answer")
    guess = judged(["question", "passage", "answer"], ["It is so.", "True"])
    assert (guess.mapping.answer, guess.mapping.rating) == ("passage", None)
    assert any("all count as right" in str(note) for note in guess.notes)


def test_titles_are_no_answers_and_exchanged_columns_are_told():
    columns = ["QuestionID", "Question", "DocumentTitle", "SentenceID", "Sentence"]
    rows = [[f"q{i}", f"What is {i}?", f"Title {i}", f"s{i}", f"It is {i}."] for i in range(9)]
    mapping = guess_columns(table_of(columns, rows)).mapping
    assert (mapping.answer, mapping.answer_id) == ("Sentence", "SentenceID")
    rows = [[f"It is {i}.", f"What is {i}?"] for i in range(9)]
    guess = guess_columns(table_of(["question", "answer"], rows))
    assert any("exchanged" in str(note) for note in guess.notes)


# Which column judges: its name, its words, or that it tells answers apart

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
        *[("OK?", ["ja", "nein"]), ("Useful", ["yes", "no"]), ("合っている", ["○", "×"])],
        *[("Treffer", "10"), ("Bonne réponse", ["oui", "non"]), ("对不对", ["是", "否"])],
        *[("Resultado", ["sí", "no"]), ("도움됨", ["예", "아니요"]), ("Pass/Fail", "10")],
    ],
)
def test_a_known_name_or_a_word_of_judgement_is_enough(name, values):
    assert guess_columns(pairs_with(name, values)).mapping.rating == name


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *[("Anna", "12345"), ("Hr. Müller", ["ja", "nein"]), ("田中", ["○", "×"])],
        *[("Check", ["ok", "nicht ok"]), ("判断者", ["OK", "NG"]), ("Prüfung", ["i.O.", "n.i.O."])],
    ],
)
def test_somebody_by_name_rates_and_so_do_words_of_inspectors(name, values):
    assert guess_columns(pairs_with(name, values)).mapping.rating == name


def test_several_people_by_name_rate_the_same_pairs():
    rows = [
        [f"How do I do thing {i}?", f"Press the button number {i}.", "12345"[i % 5], "54321"[i % 5]]
        for i in range(ROWS)
    ]
    guess = guess_columns(table_of(["Question", "Answer", "Anna", "Tom"], rows))
    assert (guess.mapping.rating, guess.mapping.raters) == ("Anna", ("Tom",))


def test_a_file_of_ratings_needs_no_known_name():
    guess = guess_columns(pairs_with("How well?", ["yes", "no"]), rated=True)
    assert guess.mapping.rating == "How well?"


@pytest.mark.parametrize("who", ["annotator", "rater", "Bewerter", "assessor_id", "評価者"])
@pytest.mark.parametrize(
    ("name", "values"), [("label", "10"), ("label", ["relevant", "irrelevant"]), ("Passt?", "10")]
)
@pytest.mark.parametrize("rated", [False, True])
def test_numbers_of_the_raters_are_no_ratings(who, name, values, rated):
    rows = [
        [f"How do I do thing {i}?", f"Press the button number {i}.", str(rater + 1), values[rater]]
        for i in range(ROWS)
        for rater in range(2)
    ]
    mapping = guess_columns(table_of(["Question", "Answer", who, name], rows), rated=rated).mapping
    assert (mapping.rating, mapping.raters, mapping.rater) == (name, (), who)


def test_a_judgement_that_is_understood_comes_before_words_that_nobody_knows():
    guess = judged(
        ["question", "answer", "quality", "label"], ["So.", "HD", "1"], ["No.", "SD", "0"]
    )
    assert guess.mapping.rating == "label"


def test_a_judge_alone_judges():
    assert guess_columns(pairs_with("judge", "10"), rated=True).mapping.rating == "judge"


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


# Numbers under the very name of an answer; subjects that ask


@pytest.mark.parametrize(
    "beside",
    [
        *[("Remarque", "revu le {} mai avec l'équipe"), ("Responsable", "Mme Petit {}")],
        *[("Lien", "https://exemple.fr/{}"), ("Commentaire", "revu"), ("担当メモ", "{}月に確認")],
    ],
)
@pytest.mark.parametrize("names", [("Question", "Réponse"), ("Pregunta", "Respuesta")])
def test_numbers_named_answers_are_the_answers_whatever_stands_beside_them(names, beside):
    rows = [
        [f"Combien coûte la pièce {i} ?", str(80 + 13 * i), beside[1].format(i)] for i in range(12)
    ]
    guess = guess_columns(table_of([*names, beside[0]], rows))
    assert (guess.mapping.question, guess.mapping.answer) == names
    assert any("numbers or codes" in str(note) for note in guess.notes)


@pytest.mark.parametrize(
    ("name", "number", "beside"),
    [
        *[("Replies", "{}", "Last post"), ("Responses", "{}", "Top comment")],
        *[("Response", "{}.5", "Summary"), ("Antworten", "{}", "Beste")],
        *[("Answer", "2024-01-{}", "Details"), ("Antwort", "{}:30", "Text im Heft")],
    ],
)
def test_counts_and_dates_of_answers_are_not_their_texts(name, number, beside):
    rows = [
        [f"How do I do thing {i}?", number.format(29 - i), f"Press the button number {i}."]
        for i in range(ROWS)
    ]
    mapping = guess_mapping(table_of(["Question", name, beside], rows))
    assert (mapping.question, mapping.answer) == ("Question", beside)


@pytest.mark.parametrize(
    ("name", "number", "beside"),
    [
        *[("Answer", "{}", "Details"), ("Replies", "{}", "Responsible")],
        ("Answer", "2024-01-{}", "Comment"),
    ],
)
def test_numbers_and_dates_stay_answers_where_nothing_else_says_more(name, number, beside):
    text = "Ann {}" if beside == "Responsible" else "Checked by the team {}."
    rows = [
        [f"When was thing {i} made?", number.format(29 - i), text.format(i)] for i in range(ROWS)
    ]
    assert guess_mapping(table_of(["Question", name, beside], rows)).answer == name


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        *[("answer", "1"), ("answer", "123"), ("Antwort", ["1", "0"])],
        ("Antwort", [str(i + 1) for i in range(12)]),
        ("Reference", [str(70411 + 13 * i) for i in range(12)]),
    ],
)
def test_places_ids_and_marks_named_answers_are_not_the_texts(name, numbers):
    rows = [
        [f"What is {i}?", numbers[i % len(numbers)], f"In truth it is the thing {i}."]
        for i in range(12)
    ]
    mapping = guess_mapping(table_of(["question", name, "Erklärung"], rows))
    assert (mapping.question, mapping.answer) == ("question", "Erklärung")


@pytest.mark.parametrize(
    "names",
    [
        *[("Thema", "Text"), ("Topic", "Text", "Updated"), ("Rubrique", "Explication")],
        *[("Category", "Message"), ("カテゴリ", "説明"), ("分类", "说明")],
    ],
)
def test_subjects_that_ask_are_the_questions(names):
    rows = [
        [f"Can I pay for part {i}?", f"Part {i} is paid at the desk, in cash or with a card."]
        + ["01.03.2024"] * (len(names) - 2)
        for i in range(12)
    ]
    guess = guess_columns(table_of(names, rows))
    assert (guess.mapping.question, guess.mapping.answer) == names[:2]
    assert guess.mapping.category is None and "really answers" in str(guess.notes[0])


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (lambda i: ["Payment", "Returns"][i % 2], lambda i: f"My part {i} was paid twice."),
        (lambda i: f"topic_{i}", lambda i: f"Can I pay for part {i}?"),
        (lambda i: f"topic_{i}", lambda i: f"My part {i} was paid twice."),
    ],
)
def test_subjects_of_utterances_stay_what_is_searched_for(subject, text):
    rows = [[subject(i), text(i)] for i in range(12)]
    guess = guess_columns(table_of(["topic", "text"], rows))
    assert (guess.mapping.question, guess.mapping.answer) == ("text", "topic")


@pytest.mark.parametrize("name", ["note", "Note", "Mark"])
@pytest.mark.parametrize("words", [("internal", "public"), ("checked by Ana", "to check")])
def test_remarks_under_a_name_that_grades_in_another_language_judge_nothing(read, name, words):
    rows = [f"What is part {i}?,It is the part {i} of it.,{words[i % 2]}" for i in range(12)]
    report = read("\n".join([f"question,answer,{name}", *rows]).encode(), "faq.csv")
    assert len(report.pairs) == 12 and "rating" not in report.columns


@pytest.mark.parametrize("grades", [("17", "4"), ("bon", "mauvais"), ("5/5", "1/5")])
def test_grades_under_a_name_that_remarks_in_another_language_judge(read, grades):
    rows = [f"Quelle est la pièce {i} ?;C'est la pièce {i}.;{grades[i % 2]}" for i in range(12)]
    report = read("\n".join(["question;réponse;note", *rows]).encode(), "faq.csv")
    assert report.columns["rating"] == "note"
