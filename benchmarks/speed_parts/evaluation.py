"""Measure an evaluation against sentence-transformers' InformationRetrievalEvaluator.

Run ``python benchmarks/speed_parts/evaluation.py [WORK]``; WORK 16 (default) is 10,000 questions ×
100,000 answers × 384, WORK 1 a sixteenth of the questions. Both get the same made-up vectors and
compute accuracy, recall, MRR, nDCG and mAP at the same cut-offs; the largest difference must stay
below 1e-6, else this ends with an error. Questions with a right answer that lies within 5e-6 of
another answer are left out of the draw and counted: in fp32 the order of such two depends on the
order in which a library adds up 384 products, so that no program is right. Ours also keeps the
result lists and the rank of every right answer in the whole corpus.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

LARGEST, QUESTIONS, ANSWERS, DIMENSION, DEPTH = 16.0, 10_000, 100_000, 384, 100
BLOCK = 128  # questions whose scores are looked at together: 128 × 100,000 are 51 MB
TOPICS, RIGHT = 500, 2
SAME = 1e-6
CLOSE = 5e-6  # sums of 384 products in fp32 are good to about 1e-6
SPARE = 1.3  # drawn questions per question that is kept
# Name there → family here, cut-offs.
FIGURES = {
    "accuracy": ("success", (1, 3, 5, 10)),
    "recall": ("recall", (1, 3, 5, 10)),
    "ndcg": ("ndcg", (10,)),
    "mrr": ("mrr", (10,)),
    "map": ("map", (100,)),
}


def made_up(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return what is searched, the same for both programs.

    Returns
    -------
    questions : float32 array [count, d]
    answers : float32 array [ANSWERS, d], in topics
    right : int array [count, RIGHT]
    close : float
        Share of drawn questions that were left out, because fp32 cannot tell their order.
    """
    rng = np.random.default_rng(0)

    def near(centres: np.ndarray, noise: float) -> np.ndarray:
        moved = centres + noise * rng.standard_normal(centres.shape, dtype=np.float32)
        return moved / np.linalg.norm(moved, axis=1, keepdims=True)

    topics = near(np.zeros((TOPICS, DIMENSION), np.float32), 1.0)
    answers = near(topics[rng.integers(0, TOPICS, ANSWERS)], 0.03)
    drawn = round(SPARE * count)
    right = np.array([rng.choice(ANSWERS, RIGHT, replace=False) for _ in range(drawn)])
    # Questions lie between their right answers and far enough off that most are not first.
    questions = near(answers[right].mean(axis=1), 0.06)
    clear = np.concatenate(
        [
            has_an_order(questions[start : start + BLOCK], answers, right[start : start + BLOCK])
            for start in range(0, drawn, BLOCK)
        ]
    )
    kept = np.flatnonzero(clear)[:count]
    if len(kept) < count:
        raise SystemExit(f"only {len(kept)} of {drawn} drawn questions have an order in fp32")
    return questions[kept], answers, right[kept], 1 - float(clear.mean())


def has_an_order(questions: np.ndarray, answers: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return bool [n]: every right answer is told apart from all other answers in fp32."""
    scores = questions @ answers.T
    clear = np.ones(len(questions), bool)
    for column in right.T:
        mine = np.take_along_axis(scores, column[:, None], axis=1)
        clear &= (np.abs(scores - mine) < CLOSE).sum(axis=1) == 1  # itself
    return clear


def theirs(questions: np.ndarray, answers: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Return the figures of sentence-transformers, by names like ``ndcg@10``."""
    import torch
    from sentence_transformers.sentence_transformer.evaluation import (
        InformationRetrievalEvaluator,
    )
    from sentence_transformers.util import dot_score

    names = [str(i) for i in range(max(len(questions), len(answers)))]
    evaluator = InformationRetrievalEvaluator(
        {name: name for name in names[: len(questions)]},
        {name: name for name in names[: len(answers)]},
        {names[i]: {names[j] for j in row} for i, row in enumerate(right)},
        score_functions={"dot": dot_score},
    )

    def of(table: np.ndarray) -> Any:
        return lambda texts, **_: torch.from_numpy(table[[int(text) for text in texts]])

    reader = SimpleNamespace(
        encode_query=of(questions), encode_document=of(answers), similarity_fn_name="dot"
    )
    found = evaluator.compute_metrices(reader)["dot"]
    return {
        f"{name.removesuffix('@k')}@{cutoff}": float(value)
        for name, values in found.items()
        for cutoff, value in values.items()
    }


def ours(questions: np.ndarray, answers: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Return the same figures of this app."""
    from scipy.sparse import csr_array

    from core.evaluation.measures import MEASURES, ideal_grades, ranked_grades
    from core.evaluation.search import rank

    rows = np.repeat(np.arange(len(right)), RIGHT)
    shape = (len(questions), len(answers))
    relevance = csr_array((np.ones(rows.size, np.float32), (rows, right.ravel())), shape=shape)
    ranking = rank(questions, answers, DEPTH, right=relevance)
    grades, ideal = ranked_grades(relevance, ranking.top_answers), ideal_grades(relevance)
    return {
        f"{name}@{cutoff}": float((MEASURES[key] @ cutoff).values(grades, ideal).mean())
        for name, (key, cutoffs) in FIGURES.items()
        for cutoff in cutoffs
    }


def measure(work: float = LARGEST) -> dict[str, float]:
    """Return both times, their ratio, the largest difference and the peak of memory."""
    from benchmarks.support.machine import peak_mb

    *table, close = made_up(round(QUESTIONS * work / LARGEST))
    ours(table[0][:256], table[1], table[2][:256])  # imports, first calls
    start = time.perf_counter()
    left = ours(*table)
    middle = time.perf_counter()
    peak = peak_mb()  # before the other one adds its own
    right = theirs(*table)
    seconds = middle - start, time.perf_counter() - middle
    difference = max(abs(left[name] - right[name]) for name in left)
    if difference > SAME:
        raise SystemExit(f"the figures differ by {difference}: {left} {right}")
    return {
        "evaluate_ratio": round(seconds[1] / seconds[0], 2),
        "evaluate_s": round(seconds[0], 2),
        "evaluate_s_sentence_transformers": round(seconds[1], 2),
        "evaluate_largest_difference": float(f"{difference:.1e}"),
        "evaluate_close": round(close, 3),
        "evaluate_ndcg": round(left["ndcg@10"], 4),
        "evaluate_peak_mb": round(peak),
    }


if __name__ == "__main__":
    from benchmarks.support.machine import run_part

    run_part(measure)
