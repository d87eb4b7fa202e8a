"""Which experts are alike: rank correlations, an order of neighbours, groups of near-copies."""

from __future__ import annotations

import numpy as np

COPY = 0.95  # rank correlation above which two experts share one vote


def agreement(values: np.ndarray) -> np.ndarray:
    """Return Spearman rank correlations float64 [K, K] between rows of scores [K, n].

    Pairs on which either expert has no opinion are left out. An expert that scores every pair the
    same correlates 0 with the others.
    """
    from scipy.stats import rankdata

    count = len(values)
    result = np.eye(count)
    complete = not np.isnan(values).any()
    ranks = rankdata(values, axis=1) if complete and values.size else np.empty(0)
    for first in range(count):
        for second in range(first):
            if complete:
                left, right = ranks[first], ranks[second]
            else:
                known = ~np.isnan(values[first]) & ~np.isnan(values[second])
                left, right = rankdata(values[first][known]), rankdata(values[second][known])
            result[first, second] = result[second, first] = correlation(left, right)
    return result


def correlation(left: np.ndarray, right: np.ndarray) -> float:
    """Return Pearson's correlation of two rows [n], for example of ranks; 0 where one is flat."""
    if len(left) < 2 or np.ptp(left) == 0 or np.ptp(right) == 0:
        return 0.0
    left, right = left - left.mean(), right - right.mean()
    return float(left @ right / np.sqrt((left @ left) * (right @ right)))


def leaf_order(agreement: np.ndarray) -> list[int]:
    """Return the experts in the order of a dendrogram: those that agree stand side by side.

    Parameters
    ----------
    agreement : float array [K, K] in [-1, 1]
        Spearman correlations; NaN counts as 0.

    Notes
    -----
    Average linkage on 1 - correlation, leaves in the order with the smallest steps between
    neighbours (Bar-Joseph et al. 2001, doi:10.1093/bioinformatics/17.suppl_1.S22).
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    count = len(agreement)
    if count < 3:
        return list(range(count))
    distance = 1 - np.nan_to_num(np.asarray(agreement, np.float64))
    distance = np.clip((distance + distance.T) / 2, 0, 2)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    return [int(place) for place in leaves_list(tree)]


def copies(agreement: np.ndarray, quality: np.ndarray, threshold: float = COPY) -> list[int]:
    """Return for each expert which expert speaks for it: itself, or the one that it copies.

    The best expert comes first and speaks for every later one that agrees with it above the
    threshold; so a copy is always close to its speaker, not only to a chain of others.

    Parameters
    ----------
    quality : float array [K]
        Higher is better; NaN is worst. Of equals the one listed first speaks.
    """
    speaker = list(range(len(agreement)))
    order = np.argsort(-np.nan_to_num(quality, nan=-np.inf), kind="stable")
    heads: list[int] = []
    for place in order.tolist():
        close = [head for head in heads if agreement[place, head] > threshold]
        if close:
            speaker[place] = max(close, key=lambda head: float(agreement[place, head]))
        else:
            heads.append(place)
    return speaker
