"""Columns found by content and name under any head; judgements in them under any name and scale."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.data.made_files import (
    NOT_PAIRS,
    PAIRS,
    QUESTIONS,
    ZIPPED,
    lines,
    right,
    said,
    table,
    workbook,
    wrong,
)

# E: roles by content as well as by name


@pytest.mark.parametrize(
    "columns",
    [
        *[("Frage", "Antwort"), ("Pregunta", "Respuesta"), ("Domanda", "Risposta")],
        *[
            ("Question", "Réponse"),
            ("质问", "回答"),
            ("Kundenanfrage", "Lösung"),
            ("title", "body"),
        ],
        *[("utterance", "reply"), ("Q", "A"), ("sentence1", "sentence2"), ("one", "two")],
        *[("user_input", "reference"), ("Customer Question", "Agent Answer"), ("问题", "答案")],
    ],
)
def test_columns_are_found_in_many_languages_notes_are_not(read, columns):
    noise = (
        "The editors spoke about it on Monday and want it checked by the legal department, too. "
    )
    rows = [(i, q, a, noise * 2 + str(i), "") for i, (q, a) in enumerate(sorted(PAIRS))]
    report = read(table(("Nr", *columns, "Interne Notiz", "answer_text"), rows))
    assert right(report) == PAIRS, report.columns


def test_an_empty_column_never_wins(read):
    rows = [("", q, a) for q, a in sorted(PAIRS)]
    assert right(read(table(("question", "query", "answer"), rows))) == PAIRS


def test_an_intent_without_answers_finds_its_name_and_says_so(read):
    rows = [
        ("when are you open", "hours"),
        ("are you open on sunday", "hours"),
        ("a card?", "card"),
    ]
    report = read(table(("text", "intent"), rows))
    assert right(report) == set(rows)
    assert "names in intent count as the answers" in said(report)


def test_an_instruction_that_says_little_is_read_with_its_input(read):
    records = [{"instruction": "Answer the question.", "input": q, "output": a} for q, a in PAIRS]
    report = read(lines(records), "faq.jsonl")
    assert right(report) == {(f"Answer the question.\n{q}", a) for q, a in PAIRS}


# F, G, H: delimiter, head, dialect


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("columns", [("Frage", "Antwort"), ("Anliegen", "Loesungstext")])
def test_commas_in_texts_never_win(read, delimiter, columns):
    rows = [(q, f"Well, {a.replace(';', '').replace(',', '')}") for q, a in sorted(PAIRS)]
    text = "\n".join(delimiter.join(row) for row in [columns, *rows])
    assert right(read(text.encode())) == set(rows)


@pytest.mark.parametrize(
    "above",
    [
        *["# exported 2024, tool\n# rows, 5\n", "Report,FAQ\nCreated,2024-03-05\n\n"],
        *["FAQ of the library\n\n", "Report,FAQ,x\n,,\nby,me,\n", "// a, b\n"],
    ],
)
def test_names_are_found_in_the_row_that_has_them(read, above):
    report = read(above.encode() + table(("question", "answer"), sorted(PAIRS)))
    assert right(report) == PAIRS
    assert "skipped" in said(report)


def test_two_rows_of_names_and_repeated_names(read):
    rows = [("Customer", "", "Agent"), ("question", "date", "answer")]
    rows += [(q, "2024-01-01", a) for q, a in sorted(PAIRS)]
    assert right(read(table(rows[0], rows[1:]))) == PAIRS
    half = sorted(PAIRS)
    rows = [*half[:2], ("question", "answer"), *half[2:]]
    report = read(table(("question", "answer"), rows))
    assert right(report) == PAIRS and "repeated further down" in said(report)


def test_a_file_without_names_loses_no_pair_and_says_so(read):
    pairs = [(q, a) for q, a, _ in ZIPPED]
    report = read(table(pairs[0], pairs[1:]))
    assert right(report) == PAIRS and "no column names" in said(report)


@pytest.mark.parametrize(
    "write",
    [
        lambda q, a: f'"{q}", "{a}"',
        lambda q, a: f'"{q}","Ask for the \\"blue\\" slip. {a}"',
        lambda q, a: f'"{q}","Ask for the "blue" slip. {a}"',
        lambda q, a: f'"{q}" ,"{a}" ',
        lambda q, a: f'"{q}","Ask for the ""blue"" slip. {a}"',
    ],
)
def test_dialects_leave_no_stray_signs_and_lose_no_row(read, write):
    text = "question,answer\n" + "\n".join(write(q, a) for q, a in sorted(PAIRS)) + "\n"
    report = read(text.encode())
    blue = {(q, f'Ask for the "blue" slip. {a}') for q, a in PAIRS}
    assert right(report) == (blue if "blue" in text else PAIRS), said(report)


def test_a_table_as_markdown_draws_it(read):
    text = "| question | answer |\n|---|---|\n"
    text += "\n".join(f"| {q} | {a} |" for q, a in sorted(PAIRS))
    assert right(read(text.encode(), "faq.md")) == PAIRS


# I: nothing crashes


def test_a_cell_of_any_length_is_read(read):
    rows = [*sorted(PAIRS), ("Why so long?", "word " * 60_000)]
    report = read(table(("question", "answer"), rows))
    assert len(right(report)) == 6 and report.refused is None


# A, B: judgements under any name, in numbers and words

JUDGED = [(q, a, 1) for q, a, _ in ZIPPED] + [(q, w, 0) for q, _, w in ZIPPED]


@pytest.mark.parametrize(
    "name", "label is_relevant correct score relevance gold qrel judgement is_correct xyz".split()
)
def test_a_column_of_judgements_is_a_rating_whatever_its_name(read, name):
    for columns in (("query", "passage", name), ("question", "answer", name)):
        report = read(table(columns, JUDGED))
        assert report.columns["rating"] == name
        assert (right(report), wrong(report)) == (PAIRS, NOT_PAIRS)


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        *[("yes", "no"), ("Good", "Bad"), ("👍", "👎"), ("relevant", "not relevant"), ("T", "F")],
        *[("pass", "fail"), ("ja", "nein"), ("1 - relevant", "0 - not relevant"), ("oui", "non")],
        *[
            ("sí", "no"),
            ("はい", "いいえ"),
            ("是", "否"),
            ("相关", "不相关"),
            ("○", "×"),
            ("✓", "✗"),
        ],
        *[("TRUE", "FALSE"), ("richtig", "falsch"), ("correct", "incorrect"), ("★★★★★", "☆")],
        *[("thumbs up", "thumbs down"), ("Helpful", "Not helpful"), ("正解", "不正解")],
        *[("+", "-"), ("++", "--"), ("+", "\u2212"), ("➕", "➖")],
    ],
)
@pytest.mark.parametrize("name", ["rating", "label", "verdict"])
def test_words_are_ratings(read, yes, no, name):
    rows = [(q, a, yes if grade else no) for q, a, grade in JUDGED]
    report = read(table(("question", "answer", name), rows))
    assert (right(report), wrong(report)) == (PAIRS, NOT_PAIRS)


def test_words_that_nobody_knows_are_counted_and_never_right(read):
    rows = [(q, a, "zonk" if i % 2 else "yes") for i, (q, a, _) in enumerate(JUDGED)]
    report = read(table(("question", "answer", "rating"), rows))
    assert len(right(report)) == 5 and len(report.set_aside) == 5
    assert "zonk (5)" in said(report)


@pytest.mark.parametrize("empty", ["", "-", "n/a"])
def test_rows_without_a_rating_are_not_right_beside_words_that_nobody_knows(read, empty):
    rows = [(q, a, "zonk" if grade else empty) for q, a, grade in JUDGED]
    report = read(table(("question", "answer", "rating"), rows))
    assert not report.pairs and "zonk (5)" in str(report.refused)
    rows = [(q, a, "wrong" if not grade else empty) for q, a, grade in JUDGED]
    report = read(table(("question", "answer", "rating"), rows))
    assert (right(report), wrong(report)) == (PAIRS, NOT_PAIRS)


def test_a_column_that_counts_something_is_no_rating(read):
    for name in ("rank", "views", "priority", "page", "active"):
        rows = [(q, a, i % 2) for i, (q, a) in enumerate(sorted(PAIRS))]
        report = read(table(("question", "answer", name), rows))
        assert "rating" not in report.columns and right(report) == PAIRS


# C: scales and number formats


@pytest.mark.parametrize(
    ("ratings", "grades"),
    [
        (["8/10", "10/10", "0/10", "5/10", "2/10"], [0.8, 1, 0, 0.5, 0.2]),
        (["80%", "100 %", "0%", "50%", "20%"], [0.8, 1, 0, 0.5, 0.2]),
        (["0,8", "1,0", "0,0", "0,5", "0,2"], [0.8, 1, 0, 0.5, 0.2]),
        (["０.８", "１", "０", "０.５", "０.２"], [0.8, 1, 0, 0.5, 0.2]),
        (["4", "5", "0", "2.5", "1"], [0.8, 1, 0, 0.5, 0.2]),
        (["\u22121", "1", "0", "0.5", "0.2"], [0, 1, 0, 0.5, 0.2]),
        (["80", "100", "0", "50", "20"], [0.8, 1, 0, 0.5, 0.2]),
    ],
)
def test_the_scale_is_found_from_all_values(read, ratings, grades):
    rows = [(q, a, r) for (q, a, _), r in zip(ZIPPED, ratings, strict=True)]
    report = read(table(("question", "answer", "rating"), rows))
    found = {q: grade for q, _, grade in report.pairs}
    assert [found[q] for q in QUESTIONS] == pytest.approx(grades)


def test_cells_are_read_as_the_spreadsheet_shows_them(read):
    from datetime import datetime, time

    values = [0.25, datetime(2024, 3, 5), 1234.5, time(9, 30), 42]
    forms = ["0%", "d. mmmm", '#,##0.00 "EUR"', "h:mm:ss", "00000"]
    rows = [("question", "answer"), *zip(QUESTIONS, values, strict=True)]
    content = workbook(rows, {f"B{i}": form for i, form in enumerate(forms, 2)})
    shown = dict(right(read(content, "faq.xlsx")))
    assert [shown[q] for q in QUESTIONS] == ["25%", "5. March", "1,234.50 EUR", "9:30:00", "00042"]


@pytest.mark.parametrize("group", ["intent", "question_id", "answer_id"])
def test_rows_of_a_group_share_its_answer_and_it_is_told(read, group):
    rows = [f'g{i},{q},"{a}"\ng{i},other words {i},\n' for i, (q, a) in enumerate(sorted(PAIRS))]
    report = read(f"{group},question,answer\n{''.join(rows)}".encode())
    assert not report.open and len(right(report)) == 2 * len(PAIRS)
    assert f"the same {group}" in said(report)


@pytest.mark.parametrize("category", ["Orders", "intent"])
def test_other_rows_without_an_answer_stay_open(read, category):
    rows = [f'x,{q},"{a}"\nx,other words {i},\n' for i, (q, a) in enumerate(sorted(PAIRS))]
    report = read(f"{category},question,answer\n{''.join(rows)}".encode())
    assert len(report.open) == len(PAIRS) and "a column named intent" in said(report)


def test_the_only_table_of_an_archive_is_read(read):
    table_ = "question,answer\n" + "".join(f'{q},"{a}"\n' for q, a in sorted(PAIRS))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("export/faq.csv", table_)
        archive.writestr("__MACOSX/export/._faq.csv", "x")
    report = read(content.getvalue(), "faq.zip")
    assert right(report) == PAIRS and "export/faq.csv" in said(report)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("faq.doc", b"\xd0\xcf\x11\xe0" + bytes(600), "old Office program"),
        (
            "faq.csv",
            b"Question,Answer\n,some text here\n,more text\n",
            "Question is empty",
        ),
        ("faq.csv", b"Question\nHow?\nWhy?\n", "as open questions"),
    ],
)
def test_a_refusal_names_the_cause(read, name, content, reason):
    assert reason in str(read(content, name).refused)


@pytest.mark.parametrize(("name", "told"), [("faq.csv", False), ("faq.md", True)])
def test_one_question_alone_is_refused_in_words_that_fit_the_file(read, name, told):
    text = (
        "Question,Answer\nHow?,So it is done.\n" if name == "faq.csv" else "# How?\n\nSo it is.\n"
    )
    report = read(text.encode(), name)
    assert "nly one question" in str(report.refused)
    assert ("In a document" in str(report.refused)) == told
