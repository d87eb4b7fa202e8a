"""Search the whole corpus exactly, with one order for ties everywhere: lower answer row first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from core.types import Matrix

CELLS = 8_000_000  # scores held at once: 96 MB with their sort keys, whatever the corpus size
ANSWER_BLOCK = 8_192  # answers converted to float64 at once
ROUGH_ERROR = 1e-4  # far more than float32 sums of a thousand products are off


@dataclass(frozen=True, eq=False)
class Ranking:
    """What was found for each question.

    Attributes
    ----------
    top_answers : int32 array [n, depth]
        Answer rows, best first; -1 where the corpus is smaller than depth.
    top_scores : float32 array [n, depth]
        Their scores; -inf beside -1.
    right_rank : int32 array [n] or None
        Rank (1 = first) of the best placed right answer in the whole corpus, 0 where the question
        has no right answer; None if no right answers were given.
    """

    top_answers: np.ndarray
    top_scores: np.ndarray
    right_rank: np.ndarray | None


def rank(
    question_matrix: Matrix,
    answer_matrix: Matrix,
    depth: int,
    *,
    right: csr_array | None = None,
    block: int | None = None,
) -> Ranking:
    """Rank all answers for each question; equal scores are ordered by answer row.

    Parameters
    ----------
    question_matrix, answer_matrix : Matrix [n, d], [n_a, d]
        Both dense or both sparse; the score of a pair is their dot product, rounded to float32.
    depth : int > 0
        How many answers to return.
    right : csr_array [n, n_a], optional
        Above 0 where the answer is right; asks for ``right_rank``.
    block : int, optional
        Questions per block; by default as many as keep ``CELLS`` scores in memory.
        The result does not depend on it.
    """
    n, n_answers = question_matrix.shape[0], answer_matrix.shape[0]
    top_answers = np.full((n, depth), -1, np.int32)
    top_scores = np.full((n, depth), -np.inf, np.float32)
    right_rank = None if right is None else np.zeros(n, np.int32)
    kept = min(depth, n_answers)
    step = block or max(1, CELLS // max(n_answers, 1))
    for start, scores in _score_blocks(question_matrix, answer_matrix, step):
        rows = slice(start, start + len(scores))
        keys = _sort_keys(scores)
        best = np.partition(keys, n_answers - kept, axis=1)[:, n_answers - kept :]
        best = np.sort(best, axis=1)[:, ::-1]
        found = n_answers - 1 - (best & 0xFFFFFFFF)
        top_answers[rows, :kept] = found
        top_scores[rows, :kept] = np.take_along_axis(scores, found, axis=1)
        if right is not None and right_rank is not None:
            right_rank[rows] = _right_rank(keys, right[rows])
    return Ranking(top_answers, top_scores, right_rank)


def rank_one(question: np.ndarray, answers: np.ndarray, depth: int) -> Ranking:
    """Return what :func:`rank` returns for one question, fast enough to wait for.

    Scores in float32 first; only answers that could be among the best are scored once more, in
    the way :func:`rank` scores, so that a question typed by hand and the same question in a
    comparison find the same.

    Parameters
    ----------
    question : float32 array [d]
    answers : float32 array [n_a, d]
    """
    rough = answers @ question
    kept = min(depth, len(rough))
    if kept == 0:
        return rank(question[None], answers, depth)
    least = np.partition(rough, len(rough) - kept)[len(rough) - kept]
    room = ROUGH_ERROR * max(1.0, float(np.abs(rough).max()))
    near = np.flatnonzero(rough >= least - room)  # ascending, so that ties stay in order
    found = rank(question[None], answers[near], depth)
    places = found.top_answers
    rows = np.where(places >= 0, near[np.maximum(places, 0)], -1).astype(np.int32)
    return Ranking(rows, found.top_scores, None)


def listed_right_rank(top_answers: np.ndarray, right: csr_array, n_answers: int) -> np.ndarray:
    """Return the rank of the best placed right answer in given lists, as int32 array [n].

    Parameters
    ----------
    top_answers : int array [n, depth]
        Answer rows, best first; -1 = nothing at this rank.
    right : csr_array [n, n_a]
    n_answers : int
        Size of the corpus; where no right answer is listed the rank is one more than that.
    """
    questions = np.arange(len(top_answers))[:, None]
    grades = right[questions, np.maximum(top_answers, 0)].toarray()
    hits = (grades > 0) & (top_answers >= 0)
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, n_answers + 1).astype(np.int32)


def _score_blocks(
    question_matrix: Matrix, answer_matrix: Matrix, step: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the first question row of each block and its scores, float32 [b, n_a].

    Products are summed in float64 and rounded once. In float32 the same pair of texts would get a
    slightly different score at another place of the table (BLAS sums in another order there), so
    identical answers would not tie and the ranking would depend on the block size.
    """
    n, n_answers = question_matrix.shape[0], answer_matrix.shape[0]
    for start in range(0, n, step):
        questions = question_matrix[start : start + step].astype(np.float64)
        scores = np.empty((questions.shape[0], n_answers), np.float32)
        for low in range(0, n_answers, ANSWER_BLOCK):
            answers = answer_matrix[low : low + ANSWER_BLOCK].astype(np.float64)
            product = questions @ answers.T
            dense = product.toarray() if hasattr(product, "toarray") else product
            scores[:, low : low + ANSWER_BLOCK] = dense
        yield start, scores


def _sort_keys(scores: np.ndarray) -> np.ndarray:
    """Return int64 keys [b, n_a] that order by score, then by lower answer row; no two are equal.

    The upper half is the float32 pattern as a whole number that sorts like the float, the lower
    half counts answer rows backwards. So a plain partition is exact even where ties straddle the
    depth.
    """
    bits = (scores + np.float32(0)).view(np.int32)  # adding 0 turns -0.0 into 0.0
    ordered = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    backwards = np.arange(scores.shape[1] - 1, -1, -1, dtype=np.int64)
    return (ordered << 32) | backwards


def _right_rank(keys: np.ndarray, right: csr_array) -> np.ndarray:
    """Return ranks int32 [b] of the best placed right answer, 0 where there is none."""
    table = right.tocoo()
    positive = table.data > 0
    row, column = table.row[positive], table.col[positive]
    lowest = np.iinfo(np.int64).min
    best = np.full(len(keys), lowest)
    np.maximum.at(best, row, keys[row, column])
    ranks = (keys > best[:, None]).sum(axis=1) + 1
    return np.where(best == lowest, 0, ranks).astype(np.int32)
