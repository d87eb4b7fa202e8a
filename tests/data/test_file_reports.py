"""Every kind of file that people really have gives its pairs, or says what is wrong with it.

The texts are made up; the layouts are those that programs and people write. A pair that is known
to be wrong must never come out as right, and nothing may be left out unnamed.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest

from core.data.file_reports import FileReport, ReadingOptions, report_on

QUESTIONS = (
    "How many books may I borrow at once?",
    "Where do I return things after closing time?",
    "Can my daughter get her own card?",
    "What does a lost card cost?",
    "Do you lend board games?",
)
ANSWERS = (
    "Up to twelve items can be out on one card, of which four may be films.",
    "A steel hatch to the left of the main door takes returns at any hour.",
    "Children from age six receive a junior card when a parent signs the form.",
    "A replacement costs three euros; it is printed while you wait.",
    "Sixty board games stand beside the comics, they go out for two weeks.",
)
WRONG = tuple(f"Notice {i}: coats go into locker row {i}." for i in range(5))
PAIRS = set(zip(QUESTIONS, ANSWERS, strict=True))
NOT_PAIRS = set(zip(QUESTIONS, WRONG, strict=True))
ZIPPED = list(zip(QUESTIONS, ANSWERS, WRONG, strict=True))


def table(columns, rows, delimiter=",", encoding="utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([columns, *rows])
    return text.getvalue().encode(encoding)


def lines(records) -> bytes:
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode()


def document(content) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def workbook(rows, formats=None, **sheets) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for place, form in (formats or {}).items():
        book.active[place].number_format = form
    for title, more in sheets.items():
        sheet = book.create_sheet(title)
        for row in more:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def packed(**members) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return content.getvalue()


@pytest.fixture
def read(tmp_path):
    def reading(content: bytes, name: str = "faq.csv", columns: str = "", **options) -> FileReport:
        path = tmp_path / name
        path.write_bytes(content)
        return report_on(path, options=ReadingOptions(columns=columns, **options))

    return reading


def right(report: FileReport) -> set[tuple[str, str]]:
    return {(q, a) for q, a, grade in report.pairs if grade}


def wrong(report: FileReport) -> set[tuple[str, str]]:
    return {(q, a) for q, a, grade in report.pairs if grade == 0}


def said(report: FileReport) -> str:
    return "\n".join(map(str, [*report.warnings, report.refused or ""]))


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


# D: lists and objects


@pytest.mark.parametrize(
    "record",
    [
        lambda q, a, w: {"query": q, "pos": [a], "neg": [w]},
        lambda q, a, w: {
            "query": q,
            "positive_passages": [{"docid": "1", "title": "T", "text": a}],
            "negative_passages": [{"docid": "2", "title": "T", "text": w}],
        },
        lambda q, a, w: {
            "question": q,
            "answers": ["x"],
            "positive_ctxs": [{"title": "T", "text": a}],
            "hard_negative_ctxs": [{"title": "T", "text": w, "score": 3}],
        },
        lambda q, a, w: {"anchor": q, "positive": a, "negative": w},
        lambda q, a, w: {
            "query": q,
            "passages": {"is_selected": [1, 0], "passage_text": [a, w]},
            "answers": ["short"],
        },
        lambda q, a, w: {
            "query": q,
            "passages": [
                {"is_selected": 1, "passage_text": a},
                {"is_selected": 0, "passage_text": w},
            ],
        },
        lambda q, a, w: {"prompt": q, "chosen": a, "rejected": w},
        lambda q, a, w: {
            "question": q,
            "answers": [{"text": a, "correct": True}, {"text": w, "correct": False}],
        },
        lambda q, a, w: {"sentence": q, "positives": [a], "negatives": [w]},
    ],
)
def test_lists_become_rows_and_negatives_known_wrong_answers(read, record):
    content = lines(record(*triple) for triple in ZIPPED)
    report = read(content, "faq.jsonl")
    assert (right(report), wrong(report)) == (PAIRS, NOT_PAIRS), said(report)
    assert report.rows_read == report.rows_taken == 5


@pytest.mark.parametrize(
    "content",
    [
        [{"question": q, "answer": a} for q, a in sorted(PAIRS)],
        {"faqs": [{"q": q, "a": a} for q, a in sorted(PAIRS)]},
        {"intents": [{"tag": "t", "patterns": [q], "responses": [a]} for q, a in sorted(PAIRS)]},
        {"intents": [{"name": "t", "utterances": [q], "response": a} for q, a in sorted(PAIRS)]},
        {
            "qnas": [
                {"id": q, "data": {"questions": {"en": [q]}, "answers": {"en": [a]}}}
                for q, a in sorted(PAIRS)
            ]
        },
        {
            "categories": [
                {
                    "name": "all",
                    "faqs": [
                        {"question": q, "answer": {"text": a, "id": 7}} for q, a in sorted(PAIRS)
                    ],
                }
            ]
        },
        {
            "faq": {
                "cards": [{"question": q, "answer": a} for q, a in sorted(PAIRS)[:3]],
                "hours": [{"question": q, "answer": a} for q, a in sorted(PAIRS)[3:]],
            }
        },
        {
            "qnaList": [
                {"id": 1, "answer": a, "questions": [q], "metadata": []} for q, a in sorted(PAIRS)
            ]
        },
        {
            "question": {str(i): q for i, q in enumerate(QUESTIONS)},
            "answer": {str(i): a for i, a in enumerate(ANSWERS)},
        },
        {str(i): {"question": q, "answer": a} for i, (q, a) in enumerate(sorted(PAIRS))},
        {
            "columns": ["question", "answer"],
            "index": [0, 1, 2, 3, 4],
            "data": [list(pair) for pair in sorted(PAIRS)],
        },
        {"question": list(QUESTIONS), "answer": list(ANSWERS)},
        dict(sorted(PAIRS)),
        [list(pair) for pair in sorted(PAIRS)],
        [["question", "answer"], *[list(pair) for pair in sorted(PAIRS)]],
        {
            "train": [{"question": q, "answer": a} for q, a in sorted(PAIRS)[:3]],
            "test": [{"question": q, "answer": a} for q, a in sorted(PAIRS)[3:]],
        },
        {
            "@context": "https://schema.org",
            "@type": "FAQPage",
            "mainEntity": [
                {
                    "@type": "Question",
                    "name": q,
                    "acceptedAnswer": {"@type": "Answer", "text": f"<p>{a}</p>"},
                }
                for q, a in sorted(PAIRS)
            ],
        },
        {
            "@graph": [
                {"@type": "WebPage"},
                {
                    "@type": ["FAQPage"],
                    "mainEntity": [
                        {"@type": "Question", "name": q, "acceptedAnswer": [{"text": a}]}
                        for q, a in sorted(PAIRS)
                    ],
                },
            ]
        },
        {
            "version": "1",
            "data": [
                {
                    "title": "T",
                    "paragraphs": [
                        {
                            "context": a,
                            "qas": [
                                {
                                    "id": "1",
                                    "question": q,
                                    "answers": [{"text": a[:9], "answer_start": 0}],
                                }
                            ],
                        }
                        for q, a in sorted(PAIRS)
                    ],
                }
            ],
        },
        [
            {
                "messages": [
                    {"role": "system", "content": "Be kind."},
                    {"role": "user", "content": q},
                    {"role": "assistant", "content": a},
                ]
            }
            for q, a in sorted(PAIRS)
        ],
        [
            {"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]}
            for q, a in sorted(PAIRS)
        ],
        [{"instruction": q, "input": "", "output": a} for q, a in sorted(PAIRS)],
        [
            {
                "id": 1,
                "data": {"question": q, "answer": a},
                "annotations": [
                    {
                        "completed_by": 3,
                        "result": [{"value": {"choices": ["Relevant"]}, "type": "choices"}],
                    }
                ],
            }
            for q, a in sorted(PAIRS)
        ],
        {
            "rasa_nlu_data": {
                "common_examples": [{"text": q, "intent": str(i)} for i, q in enumerate(QUESTIONS)]
            },
            "responses": {f"utter_{i}": [{"text": a}] for i, a in enumerate(ANSWERS)},
        },
        {
            "documents": [
                {"doc": {"faq": [{"question": q, "answer": [a]} for q, a in sorted(PAIRS)]}}
            ]
        },
    ],
)
def test_documents_of_programs_give_their_pairs(read, content):
    report = read(document(content), "faq.json")
    assert right(report) == PAIRS, said(report)
    assert not wrong(report)


@pytest.mark.parametrize(
    "cell",
    [
        lambda a, b: json.dumps([a, b]),
        lambda a, b: str([a, b]),
        lambda a, b: f"['{a}'\n '{b}']",
        lambda a, b: f'array(["{a}", "{b}"], dtype=object)',
        lambda a, b: json.dumps([{"text": a, "id": 1}, {"text": b, "id": 2}]),
        lambda a, b: str({"text": [a, b], "answer_start": [0, 3]}),
    ],
)
def test_a_list_in_a_cell_unfolds(read, cell):
    rows = [(q, cell(a, w)) for q, a, w in ZIPPED]
    report = read(table(("question", "answer"), rows))
    assert right(report) == PAIRS | NOT_PAIRS


def test_data_of_a_program_are_never_an_answer(read):
    rows = [(q, a) for q, a in sorted(PAIRS)] + [("Is it?", '{"a": {"b": 1}}'), ("So?", "[{}, {}]")]
    report = read(table(("question", "answer"), rows))
    assert right(report) == PAIRS and len(report.set_aside) == 2


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


# J: nothing is lost silently


def test_other_sheets_hidden_rows_and_further_columns_are_named(read):
    rows = [("question_de", "answer_de", "question_en", "answer_en")]
    rows += [(f"DE {q}", f"DE {a}", q, a) for q, a in sorted(PAIRS)]
    content = workbook(rows, Other=[("question", "answer"), ("q", "a")])
    report = read(content, "faq.xlsx")
    assert {("sheet", "Other"), ("column", "question_en")} <= {
        (item.kind, item.name) for item in report.not_used
    }
    assert "question_en → answer_en" in said(report)
    both = read(content, "faq.xlsx", "question=question_de+question_en,answer=answer_de+answer_en")
    assert right(both) == PAIRS | {(f"DE {q}", f"DE {a}") for q, a in PAIRS}


def test_hidden_rows_are_in_or_out_by_choice(read):
    book = openpyxl.load_workbook(io.BytesIO(workbook([("question", "answer"), *sorted(PAIRS)])))
    book.active.row_dimensions[3].hidden = True
    content = io.BytesIO()
    book.save(content)
    report = read(content.getvalue(), "faq.xlsx")
    assert len(right(report)) == 5 and "Hidden or filtered" in said(report)
    report = read(content.getvalue(), "faq.xlsx", hidden_rows=False)
    assert len(right(report)) == 4 and "left out" in said(report)


def beir(corpus=(), queries=(), qrels="", split="qrels.tsv") -> bytes:
    documents = [{"_id": f"d{i}", "title": "", "text": a} for i, a in enumerate(ANSWERS)]
    asked = [{"_id": f"q{i}", "text": q} for i, q in enumerate(QUESTIONS)]
    judged = "query-id\tcorpus-id\tscore\n" + "".join(f"q{i}\td{i}\t1\n" for i in range(5)) + qrels
    name = split.replace("/", "__")
    return packed(
        **{
            "corpus.jsonl": lines([*documents, *corpus]),
            "queries.jsonl": lines([*asked, *queries]),
            name: judged,
        }
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (beir(corpus=[{"_id": "d0", "text": "twice"}]), "stand more than once"),
        (beir(qrels="q9\td1\t1\n"), "query that does not exist: q9"),
        (beir(qrels="q1\td9\t1\n"), "document that does not exist: d9"),
        (beir(corpus=[{"_id": "d7", "text": ""}]), "have no text: d7"),
        (beir(corpus=[{"_id": "d7", "contents": "x y"}]), "under another name"),
        (beir(split="qrels/test.tsv"), "none is for training"),
        (beir(qrels="q1\td1\t2\n"), "judged differently"),
    ],
)
def test_what_does_not_fit_in_a_benchmark_folder_is_counted(read, content, words):
    assert words in said(read(content, "set.zip"))


# N, O: empty cells and encodings


@pytest.mark.parametrize(
    "nothing", ["NULL", "\\N", "NaN", "None", "N/A", "-", "#N/A", "nan", "null"]
)
def test_words_for_nothing_are_empty(read, nothing):
    rows = [*sorted(PAIRS), ("Is there an answer?", nothing)]
    report = read(table(("question", "answer"), rows))
    assert right(report) == PAIRS and report.open == ["Is there an answer?"]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("mac_roman", "Wie viele Bücher für Gäste? Höchstens drei Stück, außer Wörterbücher"),
        ("cp1252", "Wie viele Bücher für Gäste? Höchstens drei Stück, außer Wörterbücher"),
        ("cp1254", "Kaç kitap ödünç alabilirim? Şubede ığdır için değişiklik yapılır"),
        ("cp1250", "Ile książek mogę wypożyczyć? Najwyżej trzy sztuki, również słowniki"),
        ("cp1251", "Сколько книг можно взять? Не больше трёх, и словари тоже"),
        ("utf-16", "Wie viele Bücher für Gäste?"),
    ],
)
def test_encodings_are_found_or_told_with_a_line_to_look_at(read, encoding, text):
    rows = [(f"{text} {i}?", f"{text}, {text} {i}") for i in range(9)]
    report = read(table(("question", "answer"), rows, encoding=encoding))
    assert right(report) == set(rows), (report.encoding, said(report))
    assert encoding == "utf-16" or encoding == "cp1252" or "not UTF-8" in said(report)


def test_texts_that_were_encoded_twice_are_repaired_and_told(read):
    rows = [
        (f"Wie viele Bücher {i}?", f"Höchstens drei – außer „Wörterbücher“ {i}") for i in range(5)
    ]
    twice = table(("question", "answer"), rows).decode("cp1252", "surrogateescape")
    content = "".join(c if ord(c) < 0xDC00 else chr(ord(c) - 0xDC00) for c in twice).encode()
    report = read(content)
    assert right(report) == set(rows) and "twice over" in said(report)


def test_an_encoding_can_be_chosen(read):
    content = table(("question", "answer"), [(f"für {i}?", f"Bücher {i}") for i in range(5)])
    assert ("fÃ¼r 0?", "BÃ¼cher 0") in right(read(content, encoding="cp1252"))
    assert "no encoding called martian" in said(read(content, encoding="martian"))


# Q, R: options and messages


def test_columns_are_chosen_by_option_and_refusals_name_them(read):
    content = table(("a1", "b1", "c1"), [(w, a, q) for q, a, w in ZIPPED])
    assert right(read(content, columns="question=c1,answer=b1")) == PAIRS
    assert "Choose one of: a1, b1, c1" in said(read(content, columns="question=zz"))


def test_a_file_of_wrong_answers_only_says_so(read):
    report = read(table(("question", "answer", "score"), [(q, a, 0) for q, a in PAIRS]))
    assert "rated as wrong" in said(report) and not right(report)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (packed(Index__Document__iwa="x", **{"Index/Document.iwa": "x"}), "a.numbers", "Numbers"),
        (b"%PDF-1.4", "a.pdf", "PDF"),
        (b'{"question": "q1"}', "a.json", "only one column"),
    ],
)
def test_what_cannot_be_read_says_what_it_is(read, content, name, words):
    assert words in said(read(content, name))


# Other readers


def test_pages_and_documents(read):
    html = "".join(f"<h3>{q}</h3><p>{a}</p>" for q, a in sorted(PAIRS))
    assert right(read(f"<html><body><h1>FAQ</h1>{html}</body></html>".encode(), "a.html")) == PAIRS
    html = "".join(f"<dt>{q}</dt><dd>{a}</dd>" for q, a in sorted(PAIRS))
    assert right(read(f"<!DOCTYPE html><dl>{html}</dl>".encode(), "a.html")) == PAIRS
    html = "".join(f"<details><summary>{q}</summary>{a}</details>" for q, a in sorted(PAIRS))
    assert right(read(f"<html>{html}</html>".encode(), "a.html")) == PAIRS
    for form in ("## {q}\n\n{a}\n\n", "**{q}**\n\n{a}\n\n", "Q: {q}\nA: {a}\n\n", "### {q}\n{a}\n"):
        text = "# FAQ\n\n" + "".join(form.format(q=q, a=a) for q, a in sorted(PAIRS))
        assert right(read(text.encode(), "a.md")) == PAIRS, form


def test_word_documents(read):
    import docx

    for style in ("Heading 2", None):
        page = docx.Document()
        page.add_heading("FAQ", 0)
        for question, answer in sorted(PAIRS):
            paragraph = page.add_paragraph(style=style)
            paragraph.add_run(question).bold = True
            page.add_paragraph(answer)
        content = io.BytesIO()
        page.save(content)
        assert right(read(content.getvalue(), "faq.docx")) == PAIRS


def test_a_folder_of_the_datasets_library(read, tmp_path):
    datasets = pytest.importorskip("datasets")
    folder = tmp_path / "saved"
    data = {"question": list(QUESTIONS), "answer": list(ANSWERS)}
    datasets.Dataset.from_dict(data).save_to_disk(folder)
    members = {
        str(path.relative_to(tmp_path)): path.read_bytes() for path in Path(folder).rglob("*.*")
    }
    assert right(read(packed(**members), "saved.zip")) == PAIRS


def test_chatbots(read):
    nlu = "version: '3.1'\nnlu:\n" + "".join(
        f"- intent: i{i}\n  examples: |\n    - {q}\n" for i, q in enumerate(QUESTIONS)
    )
    domain = "responses:\n" + "".join(
        f"  utter_i{i}:\n  - text: {json.dumps(a)}\n" for i, a in enumerate(ANSWERS)
    )
    assert (
        right(
            read(packed(data__nlu_yml="", **{"data/nlu.yml": nlu, "domain.yml": domain}), "bot.zip")
        )
        == PAIRS
    )
    assert right(read((nlu + domain).encode(), "all.yml")) == PAIRS
    members = {"agent.json": "{}"}
    for i, (question, answer) in enumerate(sorted(PAIRS)):
        members[f"intents/i{i}.json"] = json.dumps(
            {"name": f"i{i}", "responses": [{"messages": [{"type": 0, "speech": answer}]}]}
        )
        said_ = [{"data": [{"text": question[:5]}, {"text": question[5:], "alias": "x"}]}]
        members[f"intents/i{i}_usersays_en.json"] = json.dumps(said_)
    assert right(read(packed(**members), "agent.zip")) == PAIRS
    rows = [(q, a, "Editorial", "") for q, a in sorted(PAIRS)]
    content = table(("Question", "Answer", "Source", "Metadata"), rows, "\t")
    assert right(read(content, "kb.tsv")) == PAIRS


def test_an_opendocument_workbook(read):
    cells = "".join(
        f"<table:table-row><table:table-cell><text:p>{q}</text:p></table:table-cell>"
        f'<table:table-cell office:value="0.8"><text:p>{a}</text:p></table:table-cell>'
        "</table:table-row>"
        for q, a in [("question", "answer"), *sorted(PAIRS)]
    )
    spaces = " ".join(
        f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"'
        for n in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="FAQ">{cells}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    members = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "content.xml": content,
        "META-INF/manifest.xml": "<x/>",
    }
    report = read(packed(**members), "faq.ods")
    assert right(report) == PAIRS and report.format == "ods"


# Files about data that are there already

FORMS = ("{0}", "Please tell me. {0}", "I need help: {0}", "Quick question. {0}", "{0} Thanks.")
TOPICS = ("parcel", "refund", "password", "invoice", "colour", "tent", "stove", "boots", "kettle")


@pytest.fixture
def about(tmp_path):
    """Return a function that reads a file for data with ids, and the data's rows."""
    rows = [
        (f"q{i}{j}", form.format(f"What about my {topic}?"), f"a{i}", f"All on every {topic}: {i}.")
        for i, topic in enumerate(TOPICS)
        for j, form in enumerate(FORMS)
    ]
    data = tmp_path / "data.csv"
    data.write_bytes(table(("question_id", "question", "answer_id", "answer"), rows))

    def reading(kind, content, name="file.csv", **options):
        path = tmp_path / name
        path.write_bytes(content)
        return report_on(path, kind, data, ReadingOptions(**options))

    return reading, rows


def test_a_kind_of_file_that_belongs_to_data_needs_them(read, tmp_path):
    path = tmp_path / "r.csv"
    path.write_bytes(b"question,answer,rating\na,b,1\n")
    assert "--for" in str(report_on(path, "ratings").refused)
    assert "no kind tables" in str(report_on(path, "tables").refused)


@pytest.mark.parametrize(
    ("said_", "values", "scale"),
    [
        (("10", "1", "7", "8"), (1, 0, 2 / 3, 7 / 9), "1-10"),
        (("7", "1", "6", "4"), (1, 0, 5 / 6, 0.5), "1-7"),
        (("10", "0", "6", "5"), (1, 0, 0.6, 0.5), "0-10"),
        (("5", "1", "3", "2"), (1, 0, 0.5, 0.25), "1-5"),
        (("100 %", "0 %", "60%", "50%"), (1, 0, 0.6, 0.5), "0-100"),
        (("8/10", "0/10", "10/10", "5/10"), (0.8, 0, 1, 0.5), "0-10"),
        (("ja", "nein", "teilweise", "ja"), (1, 0, 0.5, 1), "words"),
        (("👍", "👎", "👍", "👎"), (1, 0, 1, 0), "words"),
        (("1", "0", "1", "0"), (1, 0, 1, 0), "0-1"),
        (("5 - perfect", "1 - off topic", "3 - fair", "2 - poor"), (1, 0, 0.5, 0.25), "1-5"),
    ],
)
@pytest.mark.parametrize("who", ["annotator_id", "completed_by", "Rater", "reviewer", "worker_id"])
def test_scales_and_raters_of_rating_files(about, said_, values, scale, who):
    reading, rows = about
    lines_ = [(q, a, f"w{i % 2}", said_[i % 4]) for i, (_, q, _, a) in enumerate(rows)]
    report = reading("ratings", table(("question", "answer", who, "rating"), lines_))
    assert report.scale == scale and report.raters == ["w0", "w1"], said(report)
    wanted = {(q, a): values[i % 4] for i, (_, q, _, a) in enumerate(rows)}
    assert {(q, a): v for q, a, v in report.pairs} == {
        (q, a): pytest.approx(wanted[q, a], abs=1e-6) for q, a, _ in report.pairs
    }
    assert len(report.pairs) + len(report.set_aside) == len(rows)


def test_scores_in_any_number_format(about):
    reading, rows = about
    for texts, values in (
        (("1,000", "1,001"), (1000, 1001)),
        (("1.000,5", "2,25"), (1000.5, 2.25)),
        (("1'000", "\u22125"), (1000, -5)),
        (("0,125", "0,5"), (0.125, 0.5)),
        (("1e-3", "2"), (0.001, 2)),
    ):
        lines_ = [(q, a, texts[i % 2]) for i, (q, _, a, _) in enumerate(rows)]
        report = reading("scores", table(("question", "answer", "score"), lines_))
        assert sorted({v for *_, v in report.pairs}) == pytest.approx(sorted(values)), said(report)
    assert "two ways" in said(
        reading(
            "scores",
            table(
                ("question", "answer", "score"),
                [(r[0], r[2], f"1,00{i % 2}") for i, r in enumerate(rows)],
            ),
        )
    )


def test_two_corrections_of_a_pair_by_one_person_are_named(about):
    reading, rows = about
    _, q, _, a = rows[0]
    content = table(
        ("question", "answer", "label", "reason", "who"),
        [(q, a, "80 %", "seen", "Mia"), (q, a, "20", "again", "Mia"), (q, a, "50", "no", "Bo")],
    )
    report = reading("corrections", content)
    assert {(v, q) for q, _, v in report.pairs} == {(0.2, q), (0.5, q)}
    assert [row for row, *_ in report.set_aside] == [2]
    shares = table(("question", "answer", "label", "reason"), [(q, a, "0.8", "seen")])
    report = reading("corrections", shares)
    assert report.pairs == [(q, a, 0.8)] and "shares" in said(report)


def run_of(rows, scores, name="live"):
    return "".join(
        f"{q} Q0 a{rank} {rank + 1} {score} {name}\n"
        for q, *_ in rows
        for rank, score in enumerate(scores)
    ).encode()


def test_ranks_that_contradict_scores_are_asked_about(about):
    reading, rows = about
    distances = run_of(rows, (0.2, 0.3, 0.4))
    assert "contradict" in said(reading("run", distances))
    report = reading("run", distances, order="rank")
    first = [(q, a) for q, a, _ in report.pairs[:2]]
    assert first == [(rows[0][1], rows[0][3]), (rows[0][1], rows[5][3])]
    assert reading("run", run_of(rows, (0.4, 0.3, 0.2))).refused is None


def test_several_systems_in_a_run_stay_apart_and_json_lists_are_named(about):
    reading, rows = about
    both = run_of(rows, (3, 2, 1), "one") + run_of(rows, (3, 2, 1), "two")
    report = reading("run", both)
    assert report.systems == ["one", "two"] and "2 systems" in said(report)
    assert len(reading("run", both, system="one").pairs) * 2 == len(report.pairs)
    assert "JSON list" in said(reading("run", b'[{"id": 1}]'))
