"""Search the whole corpus: exact results by whichever way is quicker, and lists that are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.exact_search import Ranking, rank_all

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from core.types import Matrix

LARGE = 20_000_000  # pairs from which rough scores come first
ROUGH_ERROR = 1e-4  # far more than float32 sums of a thousand products are off


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
    dense = isinstance(question_matrix, np.ndarray) and isinstance(answer_matrix, np.ndarray)
    if dense and n * n_answers >= LARGE and n > 1:
        from core.evaluation.rough_search import rank_many

        return rank_many(question_matrix, answer_matrix, depth, right, block)
    return rank_all(question_matrix, answer_matrix, depth, right, block)


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
    ranking = rank(question[None], answers[near], depth)
    places = ranking.top_answers
    rows = np.where(places >= 0, near[np.maximum(places, 0)], -1).astype(np.int32)
    return Ranking(rows, ranking.top_scores, None)


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
