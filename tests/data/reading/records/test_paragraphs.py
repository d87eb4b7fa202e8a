"""Paragraphs with questions, whatever their parts are called: a question finds its paragraph."""

import pytest

from tests.data.made_files import ANSWERS, QUESTIONS, WRONG, document, lines, right, said, wrong

TEXTS = tuple(f"{answer} Ask at the desk for more." for answer in ANSWERS)
WHOLE = set(zip(QUESTIONS, TEXTS, strict=True))
SPANS = tuple(" ".join(answer.split()[1:4]) for answer in ANSWERS)
NUMBERED = list(enumerate(zip(QUESTIONS, TEXTS, SPANS, strict=True)))

CMRC = [
    {
        "context_id": f"T{i}",
        "context_text": text,
        "title": "desk",
        "qas": [{"query_id": f"T{i}_Q0", "query_text": asked, "answers": [span, span]}],
    }
    for i, (asked, text, span) in NUMBERED
]
MRQA = [
    {"context": text, "qas": [{"qid": f"{i}", "question": asked, "answers": [span]}]}
    for i, (asked, text, span) in NUMBERED
]
GERMAN = [
    {"Absatz": text, "questions": [{"Frage": asked, "Antwort": span}]}
    for _, (asked, text, span) in NUMBERED
]


@pytest.mark.parametrize("records", [CMRC, MRQA, GERMAN], ids=["CMRC", "MRQA", "German"])
@pytest.mark.parametrize("by_line", [True, False])
def test_a_question_finds_its_paragraph_and_not_the_span(read, records, by_line):
    """A span such as "steel hatch to" is nothing that a search should find."""
    content = lines(records) if by_line else document(records)
    report = read(content, "a.jsonl" if by_line else "a.json")
    assert (right(report), wrong(report)) == (WHOLE, set()) and "Paragraphs" in said(report)


def test_a_paragraph_that_answers_nothing_is_wrong_and_its_question_open(read):
    """With an id in each row its text was taken for the answer of the same row."""
    entries = [
        {
            "context": text,
            "qas": [
                {"id": f"a{i}", "question": asked, "answers": [{"text": span, "answer_start": 2}]},
                {
                    "id": f"b{i}",
                    "question": f"Who painted wall {i}?",
                    "is_impossible": True,
                    "answers": [],
                    "plausible_answers": [{"text": span, "answer_start": 2}],
                },
            ],
        }
        for i, (asked, text, span) in NUMBERED
    ]
    report = read(document({"version": "v2.0", "data": [{"paragraphs": entries}]}), "a.json")
    asked = {f"Who painted wall {i}?" for i, _ in NUMBERED}
    assert right(report) == WHOLE and set(report.open) == asked
    assert wrong(report) == {(f"Who painted wall {i}?", text) for i, (_, text, _) in NUMBERED}


@pytest.mark.parametrize("texts", [ANSWERS, WRONG], ids=["whole sentences", "other words"])
def test_answers_of_their_own_stay_the_answers_beside_a_text(read, texts):
    page = " ".join(ANSWERS)
    pairs = [{"question": q, "answer": a} for q, a in zip(QUESTIONS, texts, strict=True)]
    report = read(document([{"context": page, "qas": pairs}]), "a.json")
    assert right(report) == set(zip(QUESTIONS, texts, strict=True))


@pytest.mark.parametrize("name", ["documents", "ctxs", "passages"])
def test_the_marked_text_is_found_and_not_the_short_answer_beside_it(read, name):
    records = [
        {
            "question": asked,
            "answers": [span],
            name: [{"text": text, "is_gold": True}, {"text": WRONG[i], "is_gold": False}],
        }
        for i, (asked, text, span) in NUMBERED
    ]
    report = read(lines(records), "a.jsonl")
    assert (right(report), len(wrong(report))) == (WHOLE, 5)
    for record in records:  # no span, but an answer of its own
        record["answers"] = [f"Dear reader, {record['answers'][0]}, as far as I know."]
    assert not right(read(lines(records), "a.jsonl")) & WHOLE or name == "passages"
