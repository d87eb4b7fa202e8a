"""Lists, objects and documents of programs: every layout gives its pairs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.data.made_files import (
    ANSWERS,
    NOT_PAIRS,
    PAIRS,
    QUESTIONS,
    ZIPPED,
    document,
    lines,
    packed,
    right,
    said,
    table,
    wrong,
)

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
    assert right(report) == PAIRS and report.open == ["Is it?", "So?"]


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


def test_a_document_of_one_question_says_how_questions_must_look(read):
    report = read(b"# FAQ\n\nWhen do you open, At nine.\n", "faq.md")
    assert "Only one question was found (FAQ)" in str(report.refused)
