"""Every pair scored exactly, block by block, and the one order that all searches share.

Equal scores are ordered by answer row, the lower one first.
"""

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
LOWEST = np.iinfo(np.int64).min  # below every key


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

    @classmethod
    def blank(cls, n: int, depth: int, *, ranked: bool = False) -> Ranking:
        """Return lists in which nothing was found yet; ``ranked`` asks for ``right_rank``."""
        return cls(
            np.full((n, depth), -1, np.int32),
            np.full((n, depth), -np.inf, np.float32),
            np.zeros(n, np.int32) if ranked else None,
        )


def sort_keys(scores: np.ndarray) -> np.ndarray:
    """Return int64 keys [b, n_a] of all answers; see :func:`_keys`."""
    return _keys(scores, np.arange(scores.shape[1] - 1, -1, -1, dtype=np.int64))


def listed_keys(scores: np.ndarray, listed: np.ndarray, n_answers: int) -> np.ndarray:
    """Return int64 keys [b, k] of listed answers, the lowest of all beside -1."""
    keys = _keys(scores, np.int64(n_answers - 1) - listed)
    return np.where(listed >= 0, keys, LOWEST)


def _keys(scores: np.ndarray, backwards: np.ndarray) -> np.ndarray:
    """Return whole numbers that order by score, then by lower answer row; no two are equal.

    The upper half is the float32 pattern as a whole number that sorts like the float, the lower
    half counts answer rows backwards. So a plain partition is exact even where ties straddle the
    depth.
    """
    bits = (scores + np.float32(0)).view(np.int32)  # adding 0 turns -0.0 into 0.0
    ordered = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    return (ordered << 32) | backwards


def scores_of_keys(keys: np.ndarray) -> np.ndarray:
    """Return the float32 scores that keys were made of."""
    ordered = (np.asarray(keys) >> 32).astype(np.int32)
    return np.where(ordered < 0, ordered ^ np.int32(0x7FFFFFFF), ordered).view(np.float32)


def rank_all(
    question_matrix: Matrix,
    answer_matrix: Matrix,
    depth: int,
    right: csr_array | None,
    block: int | None,
) -> Ranking:
    """Return what :func:`core.evaluation.search.rank` does, for every pair by itself."""
    n_answers = answer_matrix.shape[0]
    ranking = Ranking.blank(question_matrix.shape[0], depth, ranked=right is not None)
    kept = min(depth, n_answers)
    step = block or max(1, CELLS // max(n_answers, 1))
    for start, scores in _score_blocks(question_matrix, answer_matrix, step):
        rows = slice(start, start + len(scores))
        keys = sort_keys(scores)
        best = np.partition(keys, n_answers - kept, axis=1)[:, n_answers - kept :]
        best = np.sort(best, axis=1)[:, ::-1]
        answers = n_answers - 1 - (best & 0xFFFFFFFF)
        ranking.top_answers[rows, :kept] = answers
        ranking.top_scores[rows, :kept] = np.take_along_axis(scores, answers, axis=1)
        if right is not None and ranking.right_rank is not None:
            ranking.right_rank[rows] = _right_rank(keys, right[rows])
    return ranking


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
