"""Means of groups and whether they differ beyond chance, when pairs come in clusters."""

from __future__ import annotations

import warnings

import numpy as np

FEWEST_CLUSTERS = 5  # with fewer in a group, chance cannot be told from bias


def cell_sums(
    values: np.ndarray, weight: np.ndarray, clusters: np.ndarray, codes: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return weighted sums of values, and sums of weights, both float64 [C, G].

    Parameters
    ----------
    values, weight : float arrays [n]
    clusters : int array [n]
        From 0; what is drawn or left out together.
    codes : int array [n]
        Group of each value, 0 to ``count`` - 1.
    """
    size = (int(clusters.max()) + 1 if len(clusters) else 0) * count
    cell = clusters * count + codes
    sums, totals = np.bincount(cell, weight * values, size), np.bincount(cell, weight, size)
    return sums.reshape(-1, count), totals.reshape(-1, count)


def difference_test(sums: np.ndarray, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return group mean minus mean of all others [G], and its p-value [G], NaN = cannot be said.

    t test on the difference of two ratios with cluster-robust (linearised) variance; as many
    degrees of freedom as the group, or the rest, has clusters, less one, whichever is fewer.
    """
    from scipy.stats import t as student

    with np.errstate(invalid="ignore", divide="ignore"):
        inside, weight = sums.sum(axis=0), totals.sum(axis=0)
        outside, rest = inside.sum() - inside, weight.sum() - weight
        mean, elsewhere = inside / weight, outside / rest
        other_sums = sums.sum(axis=1, keepdims=True) - sums
        other_totals = totals.sum(axis=1, keepdims=True) - totals
        influence = (sums - mean * totals) / weight
        influence -= (other_sums - elsewhere * other_totals) / rest
        clusters = np.minimum((totals > 0).sum(axis=0), (other_totals > 0).sum(axis=0))
        variance = (influence**2).sum(axis=0) * clusters / (clusters - 1)
        difference = mean - elsewhere
        p = 2 * student.sf(np.abs(difference) / np.sqrt(variance), clusters - 1)
    return difference, np.where((clusters >= FEWEST_CLUSTERS) & (variance > 0), p, np.nan)


def mean_intervals(
    sums: np.ndarray, totals: np.ndarray, *, seed: int, replicates: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return means [G] and the ends of their 95 % cluster bootstrap intervals."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums.sum(axis=0) / totals.sum(axis=0)
        if not replicates or not len(sums):
            return means, np.full_like(means, np.nan), np.full_like(means, np.nan)
        rng = np.random.default_rng(seed)
        drawn = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), replicates)
        found = (drawn @ sums) / (drawn @ totals)
    with warnings.catch_warnings():  # a group without any such pair
        warnings.simplefilter("ignore", RuntimeWarning)
        low, high = np.nanpercentile(found, [2.5, 97.5], axis=0)
    return means, low, high


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return p-values adjusted for testing all at once (Holm 1979), same shape.

    NaN, a test that could not be made, counts for nothing and becomes 1.
    """
    flat = np.asarray(p_values, np.float64).ravel()
    made = np.flatnonzero(~np.isnan(flat))
    order = made[np.argsort(flat[made], kind="stable")]
    stepped = flat[order] * np.arange(len(order), 0, -1)
    adjusted = np.ones(len(flat))
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted.reshape(np.shape(p_values))
