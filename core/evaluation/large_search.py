"""Search many questions in many answers: roughly first, then exactly what can be among the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.exact_search import rank_all
from core.evaluation.ranking import LOWEST, Ranking, listed_keys, scores_of_keys
from core.evaluation.rough_search import Block, RoughAnswers

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def rank_many(
    questions: np.ndarray,
    answers: np.ndarray,
    depth: int,
    right: csr_array | None,
    block: int | None,
) -> Ranking:
    """Return what :func:`core.evaluation.retrieval.rank` does: the same lists, sooner."""
    n, n_answers = len(questions), len(answers)
    top_answers = np.full((n, depth), -1, np.int32)
    top_scores = np.full((n, depth), -np.inf, np.float32)
    right_rank = None if right is None else np.zeros(n, np.int32)
    kept = min(depth, n_answers)
    for found in RoughAnswers(answers).blocks(questions, kept, block):
        rows = found.rows if isinstance(found, Block) else found
        asked, judged = questions[rows], None if right is None else right[rows]
        if not isinstance(found, Block):  # too many answers are nearly as good as the best
            exact = rank_all(asked, answers, depth, judged, None)
            top_answers[rows], top_scores[rows] = exact.top_answers, exact.top_scores
            if right_rank is not None and exact.right_rank is not None:
                right_rank[rows] = exact.right_rank
            continue
        candidates = _side_by_side(found.question, found.answer, len(asked))
        scores = score_listed(asked, answers, candidates)
        keys = listed_keys(scores, candidates, n_answers)
        order = np.argsort(keys, axis=1)[:, ::-1][:, :kept]
        top_answers[rows, :kept] = np.take_along_axis(candidates, order, axis=1)
        top_scores[rows, :kept] = np.take_along_axis(scores, order, axis=1)
        if right_rank is not None and judged is not None:
            listed = np.take_along_axis(keys, order, axis=1)
            right_rank[rows] = _right_rank_listed(asked, answers, judged, listed, found)
    return Ranking(top_answers, top_scores, right_rank)


def _right_rank_listed(
    questions: np.ndarray, answers: np.ndarray, right: csr_array, listed: np.ndarray, found: Block
) -> np.ndarray:
    """Return ranks int32 [b] of the best placed right answer, from lists and rough scores.

    Parameters
    ----------
    listed : int64 array [b, depth]
        Keys of the best answers, falling.
    """
    table = right.tocoo()
    positive = table.data > 0
    row, column = table.row[positive], table.col[positive]
    best = np.full(len(questions), LOWEST)
    if len(row):
        by_row = np.argsort(row, kind="stable")
        known = _side_by_side(row[by_row], column[by_row], len(questions))
        scores = score_listed(questions, answers, known)
        best = listed_keys(scores, known, len(answers)).max(axis=1)
    ranks = (listed > best[:, None]).sum(axis=1) + 1
    below = np.flatnonzero((ranks > listed.shape[1]) & (best > LOWEST))
    # Not in its list: count the answers that are better.
    above, doubtful = found.near(below, scores_of_keys(best[below]).astype(np.float64))
    for place, count, near in zip(below.tolist(), above.tolist(), doubtful, strict=True):
        listing = near[None].astype(np.int32)
        scores = score_listed(questions[[place]], answers, listing)
        better = listed_keys(scores, listing, len(answers)) > best[place]
        ranks[place] = count + int(better.sum()) + 1
    return np.where(best == LOWEST, 0, ranks).astype(np.int32)


def score_listed(questions: np.ndarray, answers: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Score listed answers exactly: summed in float64, rounded once, as :func:`rank` does.

    Parameters
    ----------
    questions, answers : float32 arrays [b, d], [n_a, d]
    listed : int32 array [b, k]
        Answer rows per question; -1 = none.

    Returns
    -------
    float32 array [b, k]
        -inf beside -1.
    """
    import torch

    scores = np.full(listed.shape, -np.inf, np.float32)
    if not scores.size:
        return scores
    table = torch.from_numpy(np.ascontiguousarray(answers))
    asked = torch.from_numpy(questions.astype(np.float64))
    # One question at a time: its answers stay in the cache between the steps, which a batch of
    # questions does not; that took four times as long.
    for row, wanted in enumerate(listed):
        there = wanted >= 0
        chosen = table[torch.from_numpy(wanted[there])].double()
        scores[row, there] = torch.mv(chosen, asked[row]).float().numpy()
    return scores


def _side_by_side(question: np.ndarray, answer: np.ndarray, count: int) -> np.ndarray:
    """Return answer rows int32 [count, most], -1 where a question has fewer.

    Parameters
    ----------
    question, answer : int arrays [c]
        ``question`` ascending.
    """
    sizes = np.bincount(question, minlength=count)
    table = np.full((count, int(sizes.max(initial=0))), -1, np.int32)
    table[question, np.arange(len(question)) - (np.cumsum(sizes) - sizes)[question]] = answer
    return table
