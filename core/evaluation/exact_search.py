"""Score every pair of questions and answers exactly, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.ranking import LOWEST, Ranking, sort_keys

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from core.types import Matrix

CELLS = 8_000_000  # scores held at once: 96 MB with their sort keys, whatever the corpus size
ANSWER_BLOCK = 8_192  # answers converted to float64 at once


def rank_all(
    question_matrix: Matrix,
    answer_matrix: Matrix,
    depth: int,
    right: csr_array | None,
    block: int | None,
) -> Ranking:
    """Return what :func:`core.evaluation.retrieval.rank` does, for every pair by itself."""
    n, n_answers = question_matrix.shape[0], answer_matrix.shape[0]
    top_answers = np.full((n, depth), -1, np.int32)
    top_scores = np.full((n, depth), -np.inf, np.float32)
    right_rank = None if right is None else np.zeros(n, np.int32)
    kept = min(depth, n_answers)
    step = block or max(1, CELLS // max(n_answers, 1))
    for start, scores in _score_blocks(question_matrix, answer_matrix, step):
        rows = slice(start, start + len(scores))
        keys = sort_keys(scores)
        best = np.partition(keys, n_answers - kept, axis=1)[:, n_answers - kept :]
        best = np.sort(best, axis=1)[:, ::-1]
        found = n_answers - 1 - (best & 0xFFFFFFFF)
        top_answers[rows, :kept] = found
        top_scores[rows, :kept] = np.take_along_axis(scores, found, axis=1)
        if right is not None and right_rank is not None:
            right_rank[rows] = _right_rank(keys, right[rows])
    return Ranking(top_answers, top_scores, right_rank)


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


def _right_rank(keys: np.ndarray, right: csr_array) -> np.ndarray:
    """Return ranks int32 [b] of the best placed right answer, 0 where there is none."""
    table = right.tocoo()
    positive = table.data > 0
    row, column = table.row[positive], table.col[positive]
    best = np.full(len(keys), LOWEST)
    np.maximum.at(best, row, keys[row, column])
    ranks = (keys > best[:, None]).sum(axis=1) + 1
    return np.where(best == LOWEST, 0, ranks).astype(np.int32)
