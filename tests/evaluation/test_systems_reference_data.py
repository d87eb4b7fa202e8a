"""The published reference table of StackFAQ, from ready-made vectors."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from core.evaluation.systems import EncodedSystem, compare
from core.types import QADataset, SilentReporter

FOLDER = Path(os.environ.get("DATA_DIR", "../shared/data")) / "stackfaq"
pytestmark = pytest.mark.skipif(
    not (FOLDER / "splits.json").is_file(), reason=f"reference data not found in {FOLDER.parent}"
)
MODEL = "all-MiniLM-L6-v2"
TABLE = {"known": (0.756, 0.652, 0.846), "unseen": (0.701, 0.597, 0.767)}


def read_lines(name: str) -> list[dict]:
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def dataset() -> QADataset:
    queries, corpus = read_lines("queries.jsonl"), read_lines("corpus.jsonl")
    question = {row["_id"]: i for i, row in enumerate(queries)}
    answer = {row["_id"]: i for i, row in enumerate(corpus)}
    lines = (FOLDER / "qrels.tsv").read_text("utf-8").splitlines()[1:]
    pairs = sorted((question[q], answer[a]) for q, a, _ in (line.split("\t") for line in lines))
    right = np.array(pairs, np.int32)
    split = np.full(len(queries), "validation_known", "<U18")
    splits = json.loads((FOLDER / "splits.json").read_text("utf-8"))
    for name in ("train", "test_known", "test_unseen"):
        split[[question[q] for q in splits[name]]] = name
    return QADataset(
        name="stackfaq",
        questions=tuple(row["text"] for row in queries),
        answers=tuple(row["text"] for row in corpus),
        question_ids=tuple(question),
        answer_ids=tuple(answer),
        right_question=right[:, 0],
        right_answer=right[:, 1],
        right_grade=np.ones(len(right), np.float32),
        question_group=np.array([row["group"] for row in queries], np.int32),
        answer_group=np.array([row["group"] for row in corpus], np.int32),
        split=split,
        question_row=np.arange(len(queries), dtype=np.int32) + 2,
    )


@pytest.mark.parametrize("regime", ["known", "unseen"])
def test_the_published_table_comes_out(dataset, regime):
    """Its mAP divides by min(R, 10); ours, as trec_eval's, by all R right answers."""
    with np.load(FOLDER / "vectors" / f"{MODEL}.npz", allow_pickle=False) as file:
        questions, answers = file["questions"], file["answers"]
    arm = EncodedSystem("base", MODEL, "base", MODEL, questions, answers)
    found = compare(dataset, [arm], run_id="", seed=0, report=SilentReporter())
    base, rows = found.systems[0], found.regimes == regime
    right = np.bincount(dataset.right_question)[found.question_rows]
    table_map = base.metrics["map@10"] * right / np.minimum(right, 10)
    ndcg, precision, top1 = TABLE[regime]
    assert base.mean("ndcg@10", rows) == pytest.approx(ndcg, abs=0.0006)
    assert table_map[rows].mean() == pytest.approx(precision, abs=0.0006)
    assert base.mean("top1", rows) == pytest.approx(top1, abs=0.0006)
