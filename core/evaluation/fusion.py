"""Several result lists made into one: reciprocal rank fusion, the usual hybrid search."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.evaluation.retrieval import Ranking

K = 60  # of the paper; damps the weight of the very first ranks
FUSION_DEPTH = 1_000  # answers of each list that are fused: below, a rank adds less than 0.001


def fuse(lists: Sequence[np.ndarray], depth: int, *, k: int = K) -> Ranking:
    """Return one list per question in which every answer has the sum of 1 / (k + its rank).

    Cormack, Clarke & Büttcher 2009, doi:10.1145/1571941.1572114. Answers with the same sum are
    ordered by answer row, as everywhere in this app.

    Parameters
    ----------
    lists : sequence of int arrays [n, d]
        Answer rows, best first; -1 = nothing at this rank. Lengths d may differ.
    depth : int
        Answers kept per question; -1 fills up where the lists together hold fewer.
    k : int > 0

    Returns
    -------
    Ranking
        ``right_rank`` is None: see :func:`core.evaluation.retrieval.listed_right_rank`.
    """
    n = len(lists[0])
    top_answers = np.full((n, depth), -1, np.int32)
    top_scores = np.full((n, depth), -np.inf, np.float32)
    for row in range(n):
        answers = np.concatenate([one[row] for one in lists])
        ranks = np.concatenate([np.arange(1, one.shape[1] + 1) for one in lists])
        listed = answers >= 0
        distinct, codes = np.unique(answers[listed], return_inverse=True)
        sums = np.bincount(codes, 1.0 / (k + ranks[listed]), minlength=len(distinct))
        sums = sums.round(12)  # the order of adding must not break ties
        order = np.lexsort((distinct, -sums))[:depth]
        top_answers[row, : len(order)] = distinct[order]
        top_scores[row, : len(order)] = sums[order]
    return Ranking(top_answers, top_scores, None)
