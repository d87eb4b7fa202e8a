"""Pairs to look at on the Labels page: right ones, hard wrong ones, random wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.types import QADataset, Rows

RIGHT, HARD, RANDOM = "right", "hard", "random"
MAX_PAIRS = 20_000
_BLOCK_CELLS = 4_000_000  # scores held at a time: 16 MB


@dataclass(frozen=True, eq=False)
class SamplePairs:
    """Aligned pairs, sorted by question, then right, hard, random.

    Attributes
    ----------
    question_rows, answer_rows : int32 arrays [n]
    kind : str array [n] of ``right``, ``hard``, ``random``
    """

    question_rows: Rows
    answer_rows: Rows
    kind: np.ndarray


def sample_pairs(
    dataset: QADataset,
    hard_negatives: Callable[[Rows, Rows], np.ndarray] | None,
    *,
    per_question: int = 3,
    seed: int = 0,
    question_rows: Rows | None = None,
    limit: int = MAX_PAIRS,
) -> SamplePairs:
    """Pick pairs whose labels are worth looking at.

    Wrong are only answers outside the question's answer group: near-duplicates of a right answer
    and answers of nearly the same question are never negatives.

    Parameters
    ----------
    hard_negatives : callable (question_rows, answer_rows) → scores [b_q, b_a], or None
        For example ``ExpertScores.block``; the best scored wrong answers are the hard ones.
    per_question : int
        Hard and as many random negatives per question.
    question_rows : int array, optional
        Questions to sample from; default all.
    limit : int
        At most so many pairs: where there would be more, fewer questions are taken, by chance.
    """
    rng = np.random.default_rng(seed)
    chosen = np.arange(len(dataset.questions)) if question_rows is None else question_rows
    chosen = np.asarray(chosen, np.int32)
    n_right = np.bincount(dataset.right_question, minlength=len(dataset.questions))
    kinds = 1 if hard_negatives is None else 2
    shuffled = rng.permutation(chosen)
    total = np.cumsum(n_right[shuffled] + kinds * per_question)
    chosen = np.sort(shuffled[total <= limit])

    found: list[tuple[int, int, str]] = []
    answers = np.arange(len(dataset.answers), dtype=np.int32)
    block = max(1, _BLOCK_CELLS // max(1, len(answers)))
    for start in range(0, len(chosen), block):
        rows = chosen[start : start + block]
        wrong = dataset.question_group[rows][:, None] != dataset.answer_group[None, :]
        right = dataset.relevance[rows]
        wrong[right.nonzero()] = False
        hard = _hardest(hard_negatives, rows, answers, wrong, per_question)
        for i, row in enumerate(rows.tolist()):
            found += [(row, answer, RIGHT) for answer in dataset.right_answers(row).tolist()]
            found += [(row, answer, HARD) for answer in hard[i]]
            wrong[i, hard[i]] = False
            free = np.flatnonzero(wrong[i])
            picked = rng.choice(free, min(per_question, len(free)), replace=False)
            found += [(row, answer, RANDOM) for answer in np.sort(picked).tolist()]
    return SamplePairs(
        np.array([pair[0] for pair in found], np.int32),
        np.array([pair[1] for pair in found], np.int32),
        np.array([pair[2] for pair in found], "U6"),
    )


def _hardest(
    score: Callable[[Rows, Rows], np.ndarray] | None,
    rows: Rows,
    answers: Rows,
    wrong: np.ndarray,
    count: int,
) -> list[list[int]]:
    """Return per question the best scored wrong answers, ties by answer row."""
    if score is None or not count:
        return [[] for _ in rows]
    scores = np.where(wrong, np.nan_to_num(score(rows, answers), nan=-np.inf), -np.inf)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    held = np.take_along_axis(scores, best, axis=1) > -np.inf
    return [row[keep].tolist() for row, keep in zip(best, held, strict=True)]
