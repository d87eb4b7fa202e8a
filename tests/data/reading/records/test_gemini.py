"""Talks in contents of parts, alone or with instructions, and other lists of contents."""

import pytest

from tests.data.made_files import ANSWERS, PAIRS, QUESTIONS, ZIPPED, document, lines, right, said


def turns(question, answer):
    return [
        {"role": "user", "parts": [{"text": question}]},
        {"role": "model", "parts": [{"text": answer}]},
    ]


def with_a_call(question, answer):
    called = {"functionCall": {"name": "look up", "args": {"what": "cards and books"}}}
    found = {"functionResponse": {"name": "look up", "response": {"text": "one two three"}}}
    asked, told = turns(question, answer)
    told["parts"].insert(0, {"text": "The user asks about cards.", "thought": True})
    return [asked, {"role": "model", "parts": [called]}, {"role": "user", "parts": [found]}, told]


def batch(question, answer):
    asked, told = turns(question, answer)
    return {"request": {"contents": [asked]}, "response": {"candidates": [{"content": told}]}}


RULES = {"role": "system", "parts": [{"text": "You are a kind librarian. Never guess."}]}
TALKS = {
    "bare": lambda q, a: {"contents": turns(q, a)},
    "instructed": lambda q, a: {"systemInstruction": RULES, "contents": turns(q, a)},
    "instructed by Vertex": lambda q, a: {
        "system_instruction": {"parts": {"text": "Be brief."}},
        "contents": turns(q, a),
        "generationConfig": {"temperature": 0},
    },
    "with a call": lambda q, a: {"contents": with_a_call(q, a)},
    "batch": batch,
}


@pytest.mark.parametrize("talk", TALKS.values(), ids=TALKS.keys())
@pytest.mark.parametrize("written", [lines, document], ids=["lines", "list"])
def test_what_the_user_says_is_asked_and_the_model_answers(read, talk, written):
    """The instructions, the same in each line, were taken for the question."""
    report = read(written([talk(q, a) for q, a, _ in ZIPPED]), "a.jsonl")
    assert right(report) == PAIRS and "Conversations were read" in said(report)


@pytest.mark.parametrize("name", ["contents", "parts"])
def test_other_contents_stay_what_they_are(read, name):
    pairs = [{"question": q, "answer": a} for q, a, _ in ZIPPED]
    report = read(document({"chapters": [{"title": "Cards", name: pairs}]}), "a.json")
    assert right(report) == PAIRS
    found = [{"query": q, "contents": [{"text": a}]} for q, a, _ in ZIPPED]
    assert right(read(lines(found), "a.jsonl")) == PAIRS


def test_several_parts_are_one_text(read):
    record = {"contents": turns(QUESTIONS[0], ANSWERS[0])}
    record["contents"][1]["parts"].append({"text": ANSWERS[1]})
    others = [{"contents": turns(q, a)} for q, a, _ in ZIPPED[1:]]
    assert (QUESTIONS[0], f"{ANSWERS[0]}\n{ANSWERS[1]}") in right(
        read(lines([record, *others]), "a.jsonl")
    )
