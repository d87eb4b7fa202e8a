"""How well labels (or one expert's scores) tell right pairs from other pairs.

All figures are computed on a :class:`~core.labels.pair_sample.PairSample`. Average precision and
ROC-AUC use the sample's weights and so estimate those of the whole table of pairs; histograms,
overlap and calibration error let right pairs and other pairs count the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.labels.pair_sample import PairSample
from core.types import Interval

BINS = 40
ERROR_BINS = 10


@dataclass(frozen=True, eq=False)
class Histogram:
    """Where right pairs and other pairs lie between 0 and 1.

    Attributes
    ----------
    right, other : float64 arrays [bins], each summing to 1 (to 0 where there are no such pairs)
        Shares per equally wide bin of [0, 1].
    """

    right: np.ndarray
    other: np.ndarray

    @property
    def overlap(self) -> float:
        """Share in [0, 1] that both have in common; 0 = right and other pairs never mix."""
        return float(np.minimum(self.right, self.other).sum())


@dataclass(frozen=True, eq=False)
class PairQuality:
    """How well one expert, or the combined label, tells right pairs from others.

    Attributes
    ----------
    average_precision : Interval
        Over all pairs of the questions looked at; ``chance`` is what blind guessing would reach.
    roc_auc : Interval
        Chance that a right pair scores higher than another pair.
    overlap : float in [0, 1]
        Overlap of the two histograms.
    calibration_error : float in [0, 1]
        Expected calibration error: how far labels are from the share of right pairs among pairs
        with that label, right pairs and other pairs counting the same.
    coverage : float in [0, 1]
        Share of pairs with an opinion.
    """

    average_precision: Interval
    roc_auc: Interval
    chance: float
    overlap: float
    calibration_error: float
    coverage: float


def pair_quality(
    values: np.ndarray, sample: PairSample, *, seed: int, replicates: int = 200
) -> PairQuality:
    """Measure one row of scores or labels on a sample.

    Parameters
    ----------
    values : float array [n] in [0, 1]; NaN = no opinion, left out
    seed : int
        Seed of the bootstrap.
    replicates : int
        Bootstrap replicates; questions are drawn, with all their pairs, because pairs of one
        question are not independent. 0 = no intervals.
    """
    known = ~np.isnan(values)
    order = np.flatnonzero(known)[np.argsort(-values[known], kind="stable")]
    values, hard, weight = values[order], sample.hard_label[order], sample.weight[order]
    questions = np.unique(sample.question_rows[order], return_inverse=True)[1]
    n_questions = int(questions.max()) + 1 if len(questions) else 0
    last = _last_of_ties(values)
    replicated = [_precision_and_area(hard, weight, last)]
    rng = np.random.default_rng(seed)
    for _ in range(replicates if n_questions else 0):
        drawn = np.bincount(rng.integers(0, n_questions, n_questions), minlength=n_questions)
        replicated.append(_precision_and_area(hard, weight * drawn[questions], last))
    estimates = np.array(replicated)
    low, high = _interval(estimates)
    return PairQuality(
        average_precision=Interval(float(estimates[0, 0]), float(low[0]), float(high[0])),
        roc_auc=Interval(float(estimates[0, 1]), float(low[1]), float(high[1])),
        chance=float(weight[hard > 0].sum() / weight.sum()) if len(weight) else float("nan"),
        overlap=histogram(values, hard).overlap,
        calibration_error=calibration_error(values, hard),
        coverage=float(known.mean()) if len(known) else 0.0,
    )


def average_precision(
    values: np.ndarray, hard: np.ndarray, weight: np.ndarray | None = None
) -> float:
    """Return weighted average precision, ties counted as one step as in scikit-learn.

    NaN where there is no right pair.
    """
    return _sorted_measures(values, hard, weight)[0]


def roc_auc(values: np.ndarray, hard: np.ndarray, weight: np.ndarray | None = None) -> float:
    """Return the weighted area under the ROC curve, ties counting one half.

    NaN where there are only right pairs or none.
    """
    return _sorted_measures(values, hard, weight)[1]


def histogram(values: np.ndarray, hard: np.ndarray, bins: int = BINS) -> Histogram:
    """Count labels in [0, 1] per bin, right pairs and other pairs apart; NaN is left out."""
    known = ~np.isnan(values)
    place = (values[known] * bins).astype(np.int64).clip(0, bins - 1)
    right = hard[known] > 0
    counts = [np.bincount(place[group], minlength=bins) for group in (right, ~right)]
    return Histogram(*(count / max(count.sum(), 1) for count in counts))


@dataclass(frozen=True)
class LabelSpread:
    """Where labels lie, right pairs and other pairs counting the same; NaN where there are none.

    Attributes
    ----------
    right, other : float in [0, 1]
        Mean label of right pairs and of other pairs.
    overlap : float in [0, 1]
        Overlap of the two histograms.
    between : float in [0, 1]
        Share of labels strictly between :data:`CLEAR` and 1 - :data:`CLEAR`: neither a clear no
        nor a clear yes.
    """

    right: float
    other: float
    overlap: float
    between: float


CLEAR = 0.2


def label_spread(values: np.ndarray, hard: np.ndarray) -> LabelSpread:
    """Return where labels lie.

    Parameters
    ----------
    values : float array [n] in [0, 1]; NaN = no opinion, left out
    hard : float array [n]
        Above 0 for right pairs.
    """
    known = ~np.isnan(values)
    values, right = values[known], hard[known] > 0
    inside = (values > CLEAR) & (values < 1 - CLEAR)
    kinds = [kind for kind in (right, ~right) if kind.any()]
    return LabelSpread(
        right=float(values[right].mean()) if right.any() else float("nan"),
        other=float(values[~right].mean()) if not right.all() else float("nan"),
        overlap=histogram(values, hard[known]).overlap,
        between=float(np.mean([inside[kind].mean() for kind in kinds])) if kinds else float("nan"),
    )


def calibration_error(values: np.ndarray, hard: np.ndarray, bins: int = ERROR_BINS) -> float:
    """Return the expected calibration error in [0, 1], both kinds of pairs counting the same.

    Notes
    -----
    Naeini, Cooper, Hauskrecht 2015, "Obtaining well calibrated probabilities using Bayesian
    binning", with equally wide bins. NaN where there are only right pairs or none.
    """
    known = ~np.isnan(values)
    values, right = values[known], hard[known] > 0
    if right.all() or not right.any():
        return float("nan")
    weight = np.where(right, 0.5 / right.sum(), 0.5 / (~right).sum())
    place = (values * bins).astype(np.int64).clip(0, bins - 1)
    gap = np.bincount(place, weights=weight * (right - values), minlength=bins)
    return float(np.abs(gap).sum())


def _sorted_measures(
    values: np.ndarray, hard: np.ndarray, weight: np.ndarray | None
) -> tuple[float, float]:
    order = np.argsort(-values, kind="stable")
    weight = np.ones(len(values)) if weight is None else np.asarray(weight, np.float64)
    return _precision_and_area(hard[order], weight[order], _last_of_ties(values[order]))


def _last_of_ties(descending: np.ndarray) -> np.ndarray:
    """Return the positions after which the value changes."""
    return np.append(np.flatnonzero(np.diff(descending)), len(descending) - 1)


def _precision_and_area(
    hard: np.ndarray, weight: np.ndarray, last: np.ndarray
) -> tuple[float, float]:
    """Return average precision and ROC area of pairs sorted by falling value."""
    if not len(hard):
        return float("nan"), float("nan")
    right = np.cumsum(weight * (hard > 0))[last]
    everything = np.cumsum(weight)[last]
    other = everything - right
    if right[-1] <= 0:
        return float("nan"), float("nan")
    gained = np.diff(right, prepend=0)
    shares = right / np.maximum(everything, np.finfo(float).tiny)  # replicates can have 0 in front
    precision = float((gained * shares).sum() / right[-1])
    if other[-1] <= 0:
        return precision, float("nan")
    missed = np.diff(other, prepend=0)
    area = ((right - gained / 2) * missed).sum()
    return precision, float(area / (right[-1] * other[-1]))


def _interval(estimates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % percentile interval of the replicates (rows 1 onward)."""
    replicates = estimates[1:][~np.isnan(estimates[1:]).any(axis=1)]
    if not len(replicates):
        return np.full(2, np.nan), np.full(2, np.nan)
    low, high = np.percentile(replicates, [2.5, 97.5], axis=0)
    return low, high


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
