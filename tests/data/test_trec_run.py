"""Result lists of another search: read as ir_measures reads them, and explained where they fail."""

import json

import ir_measures
import numpy as np
import pytest

from core.data.trec_run import parse_run
from core.errors import DataError
from core.evaluation.measures import MEASURES


def line(question="q1", answer="a1", rank=1, score=1.0, name="ours") -> str:
    return f"{question} Q0 {answer} {rank} {score} {name}"


def read(dataset, *lines: str):
    return parse_run("\n".join(lines).encode(), dataset)


def random_run(dataset, seed=0, depth=6) -> str:
    rng = np.random.default_rng(seed)
    rows = []
    for question in dataset.question_ids:
        found = rng.permutation([*dataset.answer_ids, "elsewhere-1", "elsewhere-2"])[:depth]
        scores = rng.permutation(100)[:depth] / 10  # in no order: the score decides, not the line
        rows += [line(question, a, 1, s) for a, s in zip(found, scores, strict=True)]
    return "\n".join(rows)


def test_measures_equal_those_of_ir_measures_on_the_same_file(tiny_dataset, tmp_path):
    """Answers that the data do not have keep their ranks, or the present search looks better."""
    file = tmp_path / "run.txt"
    file.write_text(random_run(tiny_dataset), "utf-8")
    rows = np.arange(len(tiny_dataset.questions))
    answers, _ = parse_run(file.read_bytes(), tiny_dataset).table(rows, 10)
    relevance = tiny_dataset.relevance
    qrels = {
        q: {tiny_dataset.answer_ids[tiny_dataset.right_answer[i]]: 1}
        for i, q in enumerate(tiny_dataset.question_ids)
    }
    run = list(ir_measures.read_trec_run(str(file)))
    for measure in (uncut @ 5 for uncut in MEASURES.values()):
        same = ir_measures.parse_measure(measure.ir_measure)
        theirs = {v.query_id: v.value for v in ir_measures.iter_calc([same], qrels, run)}
        ours = measure.of(relevance, answers)
        assert ours == pytest.approx([theirs[q] for q in tiny_dataset.question_ids]), measure.key


def test_json_of_ranx_and_trec_lines_give_the_same(tiny_dataset):
    text = random_run(tiny_dataset)
    document: dict[str, dict[str, float]] = {}
    for row in text.splitlines():
        question, _, answer, _, score, _ = row.split()
        document.setdefault(question, {})[answer] = float(score)
    lines, entries = read(tiny_dataset, text), read(tiny_dataset, json.dumps(document))
    assert lines.lists.keys() == entries.lists.keys()
    assert all((lines.lists[q] == entries.lists[q]).all() for q in lines.lists)


def test_equal_scores_are_ordered_by_rank_then_line(tiny_dataset):
    found = read(tiny_dataset, line(answer="a3", rank=2), line(answer="a2", rank=1), line("q2"))
    assert found.lists[0].tolist() == [1, 2]


def test_what_does_not_fit_is_counted_and_named(tiny_dataset):
    found = read(
        tiny_dataset,
        line(answer="a2", score=3),
        line(answer="page-77", score=2),
        line(answer="a2", score=1),
        line("somebody-elses", "a1"),
    )
    assert found.lists[0].tolist() == [1, -1]
    assert found.unknown_answers == ("page-77",)
    assert found.unknown_questions == ("somebody-elses",)
    assert found.repeated == (3,)
    assert found.missing(np.array([0, 4, 5])).tolist() == [4, 5]
    assert (found.lines, found.name) == (4, "ours")


def test_ids_with_spaces_need_tabs(tiny_dataset):
    row = "\t".join(["q1", "Q0", "an id with spaces", "1", "2.5", line().split()[-1]])
    found = read(tiny_dataset, row, line("q1", "a1", 2, 1))
    assert found.unknown_answers == ("an id with spaces",)
    assert found.lists[0].tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([line(), "", "q1 a1 1"], "Line 3 has 3 columns"),
        ([line(), line(score="high")], "Line 2: high is not a number"),
        ([line(score="nan")], "Line 1: nan is not a number"),
        ([line(rank="first")], "Line 1: first is not a number"),
        (["", "  "], "no result"),
        ([line("x1", "y1")], "first ids are x1 and –; the data's are q1 and a1"),
        ([line("q1", "y1")], "No line names a question and an answer"),
        (['{"q1": 3}'], "The entry q1"),
        (['{"q1": {"a1": "much"}}'], "much is not a number"),
        (['{"q1": '], "begins like JSON"),
        (['{"q1": {"a1": null}}'], "None is not a number"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(tiny_dataset, lines, words):
    with pytest.raises(DataError, match=words):
        read(tiny_dataset, *lines)


def test_a_file_of_another_encoding_is_refused(tiny_dataset):
    with pytest.raises(DataError, match="not UTF-8 text"):
        parse_run("q1 Q0 返品 1 1 x".encode("cp932"), tiny_dataset)


def test_a_byte_order_mark_is_not_part_of_the_first_id(tiny_dataset):
    assert 0 in parse_run(b"\xef\xbb\xbf" + line().encode(), tiny_dataset).lists
