"""Columns found by content and by name, under any delimiter, head and dialect."""

from __future__ import annotations

import pytest

from tests.data.made_files import (
    PAIRS,
    ZIPPED,
    lines,
    right,
    said,
    table,
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
