"""What a search returns, and the one order that all searches share: lower answer row first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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


def sort_keys(scores: np.ndarray) -> np.ndarray:
    """Return int64 keys [b, n_a] of all answers; see :func:`_keys`."""
    backwards = np.arange(scores.shape[1] - 1, -1, -1, dtype=np.int64)
    return _keys(scores, backwards)


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
