"""Cells that hold records of a program: what is asked and told in them, and what only looks so."""

import json

import pytest

from tests.data.made_files import PAIRS, QUESTIONS, WRONG, ZIPPED, right, said, table

HISTORY = [{"role": "user", "content": "Good morning, are you there?"}]
SOURCES = [{"page_content": WRONG[0]}]


def runs(given, told, written=json.dumps):
    rows = [
        [f"r{i}", "RunnableSequence", written(given(q)), written(told(a)), "{}", 1.2]
        for i, (q, a, _) in enumerate(ZIPPED)
    ]
    return table(["id", "name", "inputs", "outputs", "feedback_stats", "latency"], rows)


FIELDS = {
    "empty lists": (
        lambda q: {"question": q, "chat_history": []},
        lambda a: {"output": a, "source_documents": []},
    ),
    "filled lists": (
        lambda q: {"chat_history": HISTORY, "input": q},
        lambda a: {"source_documents": SOURCES, "answer": a},
    ),
    "other names": (lambda q: {"query": q, "k": 4}, lambda a: {"result": a, "cost": 0.1}),
    "text and links": (lambda q: {"question": q}, lambda a: {"text": a, "links": ["a.org/b"]}),
    "a context": (lambda q: {"question": q, "context": WRONG[0] * 3}, lambda a: {"answer": a}),
}


@pytest.mark.parametrize(("given", "told"), FIELDS.values(), ids=FIELDS.keys())
@pytest.mark.parametrize("written", [json.dumps, str], ids=["JSON", "Python"])
def test_inputs_and_outputs_of_a_chain_are_read(read, given, told, written):
    """The name of the chain was taken for the question, which was the same in each row."""
    report = read(runs(given, told, written), "runs.csv")
    assert right(report) == PAIRS and report.columns["question"].startswith("inputs")
    assert "feedback_stats" not in said(report)


def test_a_broken_record_costs_its_row_alone(read):
    broken = runs(*FIELDS["other names"]).decode().replace('""cost"": 0.1}', '""cost"": 0.', 1)
    more = [[f'{{"query": "Is {i} odd?"}}', f'{{"result": "Number {i}."}}'] for i in range(9)]
    rows = table(["q"], [[f"q{i}", "chain", *row, "{}", 1] for i, row in enumerate(more)])
    report = read(broken.encode() + rows.split(b"\n", 1)[1], "runs.csv")
    assert right(report) >= {pair for pair in PAIRS if pair[0] != QUESTIONS[0]}
    assert len(right(report)) == 13 and QUESTIONS[0] in report.open


def test_texts_with_their_marks_stay_texts(read):
    rows = [[q, json.dumps({"text": a, "links": ["a.org/b", "a.org/c"]})] for q, a, _ in ZIPPED]
    assert right(read(table(["question", "answer"], rows), "a.csv")) == PAIRS
    lists = [[q, str({"text": [a], "answer_start": [3]})] for q, a, _ in ZIPPED]
    assert right(read(table(["question", "answers"], lists), "a.csv")) == PAIRS
    braces = [[q, f"{{{a}}}"] for q, a, _ in ZIPPED]
    assert len(right(read(table(["question", "answer"], braces), "a.csv"))) == 5
