"""Does a label of 70 mean that 70 of 100 such pairs are right? The curve that shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.labels.pair_sample import PairSample
from core.labels.quality import ERROR_BINS


@dataclass(frozen=True, eq=False)
class ReliabilityCurve:
    """Labels against the share of right pairs; arrays [bins], NaN where a bin has no pairs.

    Right pairs and other pairs count the same in total, as in ``quality.calibration_error``.

    Attributes
    ----------
    label : float64 array in [0, 1]
        Mean label of the pairs in each bin.
    right : float64 array in [0, 1]
        Share of right pairs among them.
    low, high : float64 arrays
        95 % interval of that share; questions are drawn with all their pairs.
    weight : float64 array, summing to 1
        Share of the pairs in each bin.
    """

    label: np.ndarray
    right: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error in [0, 1]."""
        filled = self.weight > 0
        gaps = np.abs(self.right[filled] - self.label[filled])
        return float((self.weight[filled] * gaps).sum())


def reliability_curve(
    values: np.ndarray,
    sample: PairSample,
    *,
    seed: int,
    bins: int = ERROR_BINS,
    replicates: int = 200,
) -> ReliabilityCurve:
    """Return the reliability diagram of labels on a sample.

    Parameters
    ----------
    values : float array [n] in [0, 1]; NaN = no opinion, left out
    seed : int
        Seed of the bootstrap over questions.

    Notes
    -----
    DeGroot and Fienberg 1983, "The comparison and evaluation of forecasters",
    doi:10.2307/2987588, with equally wide bins.
    """
    known = ~np.isnan(values)
    values, right = np.asarray(values, np.float64)[known], sample.hard_label[known] > 0
    questions = np.unique(sample.question_rows[known], return_inverse=True)[1]
    count = int(questions.max()) + 1 if len(questions) else 0
    place = (values * bins).astype(np.int64).clip(0, bins - 1)
    cell = questions * bins + place

    def per_question(weight: np.ndarray) -> np.ndarray:
        return np.bincount(cell, weights=weight, minlength=count * bins).reshape(count, bins)

    of_right, of_other = per_question(right), per_question(~right)
    sums = (per_question(right * values).sum(axis=0), per_question(~right * values).sum(axis=0))
    rights, others = of_right.sum(axis=0), of_other.sum(axis=0)
    scale = 1 / max(rights.sum(), 1), 1 / max(others.sum(), 1)
    mass = rights * scale[0] + others * scale[1]
    with np.errstate(invalid="ignore"):  # 0 / 0 = NaN: an empty bin
        label = (sums[0] * scale[0] + sums[1] * scale[1]) / mass
    rng = np.random.default_rng(seed)
    drawn = np.empty((replicates, bins))
    for row in range(replicates if count else 0):
        times = np.bincount(rng.integers(0, count, count), minlength=count)
        drawn[row] = _share(times @ of_right, times @ of_other)
    low, high = np.full((2, bins), np.nan)
    filled = mass > 0
    if count and replicates and filled.any():
        low[filled], high[filled] = np.nanpercentile(drawn[:, filled], [2.5, 97.5], axis=0)
    return ReliabilityCurve(
        label, _share(rights, others), low, high, mass / mass.sum() if mass.sum() else mass
    )


def _share(rights: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the share of right pairs per bin, both kinds weighing the same in total."""
    right = rights / max(rights.sum(), 1)
    other = others / max(others.sum(), 1)
    with np.errstate(invalid="ignore"):  # 0 / 0 = NaN: an empty bin
        return np.asarray(right / (right + other))
