"""What is said of any file: nothing lost silently, options, refusals, empty cells, encodings."""

from __future__ import annotations

import io

import openpyxl
import pytest

from tests.data.made_files import (
    ANSWERS,
    PAIRS,
    QUESTIONS,
    ZIPPED,
    lines,
    packed,
    right,
    said,
    table,
    workbook,
)

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
        (beir(corpus=[{"_id": "d7", "text": ""}]), "1 document has no text: d7"),
        (beir(corpus=[{"_id": "d7", "contents": "x y"}]), "under another name"),
        (beir(split="qrels/test.tsv"), "none is for training"),
        (beir(qrels="q1\td1\t2\n"), "judged differently"),
    ],
)
def test_what_does_not_fit_in_a_benchmark_folder_is_counted(read, content, words):
    assert words in said(read(content, "set.zip"))


@pytest.mark.parametrize("blank", ["", "   "])
def test_a_judged_query_or_document_without_a_text_makes_no_pair(read, blank):
    whole = read(beir(), "set.zip")
    queries = [{"_id": "q8", "text": blank}, {"_id": "q9", "text": blank}]
    more = {"corpus": [{"_id": "d7", "text": blank}], "qrels": "q8\td1\t1\nq1\td7\t1\n"}
    report = read(beir(queries=queries, **more), "set.zip")
    assert report.pairs == whole.pairs and report.open == []
    assert report.rows_taken == whole.rows_taken == 5 and report.rows_read == 7
    reasons = [str(reason) for _, reason, _, _ in report.set_aside]
    assert reasons == ["The question is empty.", "The document has no text."]
    assert "2 queries have no text: q8, q9" in said(report)


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


IWORK = {"Index/Document.iwa": "x", "Metadata/Properties.plist": "x"}
WEBLOC = (
    b'<?xml version="1.0"?><!DOCTYPE plist><plist version="1.0"><dict><key>URL</key>'
    b"<string>https://d.example</string></dict></plist>"
)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (packed(**IWORK), "a.numbers", "In Numbers choose File, Export To, Excel"),
        (packed(**IWORK), "a.PAGES", "In Pages choose File, Export To, Word"),
        (packed(**IWORK, **{"Index/Slide.iwa": "x"}), "a.key", "is a document, not a table"),
        (packed(**{"Desk.pages/Index.zip": "x"}), "Desk.pages.zip", "In Pages choose File"),
        (packed(**{"Desk.numbers/Index.zip": "x"}), "a.zip", "In Numbers choose File"),
        (b'{"": "WARNING!", "doc_id": "1x", "email": "a@example.org"}', "a.gsheet", "is a link to"),
        (b'{"url": "https://docs.google.com/open?id=1", "doc_id": "1"}', "b.gdoc", "is a link to"),
        (b'{"url": "https://d.example", "resource_id": "document:1"}', "text", "is a link to"),
        (b"[InternetShortcut]\r\nURL=https://d.example/sheet\r\n", "a.url", "is a link to"),
        (WEBLOC, "a.webloc", "is a link to"),
        (b'{"doc_id": "1", "url": "u", "question": "Why?"}', "a.json", "No column was found for"),
        (b"%PDF-1.4", "a.pdf", "PDF"),
        (b'{"question": "q1"}', "a.json", "only one column"),
    ],
)
def test_what_cannot_be_read_says_what_it_is(read, content, name, words):
    assert words in said(read(content, name))
