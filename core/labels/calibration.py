"""Calibration: raw scores of one expert become [0, 1], METHOD §2.

Experts differ in magnitude: a cosine of 0.8 is high for one and low for another (Hofstätter et
al., arXiv:2010.02666), so each is calibrated on its own before they are combined. All is fitted on
pairs of TRAINING questions, weighted so that right pairs and other pairs count the same: then a
calibration does not change when the corpus merely grows.

Degenerate data: an expert without two distinct finite scores says nothing; its calibrator answers
0.5 for every pair it has an opinion on ("undecided"), never NaN or infinity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.errors import LabelError
from core.messages import N_
from core.types import Calibration

TINY = 1e-30  # below this, one over the width is infinite in float32
RANK_KNOTS = 1001  # steps of the stored empirical distribution: 0.1 percent each


class Calibrator(Protocol):
    """A fitted calibration: monotone, frozen, the same for one pair as for a million."""

    def __call__(self, raw: np.ndarray) -> np.ndarray:
        """Return calibrated scores float32 in [0, 1], same shape; NaN stays NaN."""
        ...


@dataclass(frozen=True, eq=False)
class _Piecewise:
    """Straight lines between knots, flat outside them, then the exponent gamma.

    Attributes
    ----------
    scores : float64 array [m], strictly ascending, m >= 1
    values : float64 array [m] in [0, 1]
    gamma : float > 0
    """

    scores: np.ndarray
    values: np.ndarray
    gamma: float = 1.0

    def __call__(self, raw: np.ndarray) -> np.ndarray:
        """Return calibrated scores float32 in [0, 1], same shape; NaN stays NaN."""
        raw = np.asarray(raw, np.float32)
        width = self.scores[-1] - self.scores[0]
        if len(self.scores) == 2 and width > TINY:  # several times faster than np.interp
            low, (bottom, top) = self.scores[0], self.values
            scaled = (raw - np.float32(low)) * np.float32(1 / width)
            value = np.clip(scaled, 0, 1) * np.float32(top - bottom) + np.float32(bottom)
        else:
            value = np.interp(raw, self.scores, self.values).astype(np.float32)
            value = np.where(np.isnan(raw), raw, value)  # np.interp answers NaN with a lone knot
        return _with_gamma(value, self.gamma)


@dataclass(frozen=True)
class _Sigmoid:
    """``1 / (1 + exp(-(slope * raw + offset)))``, then the exponent gamma."""

    slope: float
    offset: float
    gamma: float = 1.0

    def __call__(self, raw: np.ndarray) -> np.ndarray:
        """Return calibrated scores float32 in [0, 1], same shape; NaN stays NaN."""
        from scipy.special import expit

        line = self.slope * np.asarray(raw, np.float64) + self.offset
        return _with_gamma(expit(line).astype(np.float32), self.gamma)


@dataclass(frozen=True)
class CalibrationMethod:
    """One way to calibrate, with the words that the user reads about it."""

    key: str
    title: str
    meaning: str
    formula: str
    source: str
    fit: Callable[[np.ndarray, np.ndarray, np.ndarray, Calibration], Calibrator]
    learns: bool = False  # from hard labels, so it needs pairs of both kinds
    cuts: bool = False  # it has two cuts that the user moves


def fit(
    raw: np.ndarray, hard: np.ndarray, settings: Calibration, weight: np.ndarray | None = None
) -> Calibrator:
    """Fit the calibration of one expert.

    Parameters
    ----------
    raw : float array [n]
        Raw scores of pairs of training questions; NaN is left out.
    hard : float array [n]
        Hard labels of the same pairs, 1 or 0.
    settings : Calibration
    weight : float array [n], optional
        Weight of each pair; equal weights where not given.

    Raises
    ------
    LabelError
        If the method is unknown or the cuts or gamma are out of range.
    """
    method = CALIBRATIONS.get(settings.method)
    if method is None:
        raise LabelError(
            "There is no calibration {method}. Choose one of: {known}.",
            method=settings.method,
            known=", ".join(CALIBRATIONS),
        )
    if not 0 <= settings.low < settings.high <= 100:
        raise LabelError(
            "The low cut ({low} %) must lie below the high cut ({high} %), both between 0 and 100.",
            low=settings.low,
            high=settings.high,
        )
    if not settings.gamma > 0:
        raise LabelError("Gamma is {gamma}; it must be above 0.", gamma=settings.gamma)
    weight = np.ones(len(raw)) if weight is None else weight
    finite = np.isfinite(raw)
    raw, hard, weight = np.asarray(raw, np.float64)[finite], hard[finite], weight[finite]
    if settings.method != "none" and (len(raw) < 2 or raw.min() == raw.max()):
        return undecided()
    if method.learns and not ((hard > 0).any() and (hard == 0).any()):
        return undecided()
    return method.fit(raw, hard, weight, settings)


def undecided() -> Calibrator:
    """Return the calibrator of an expert that cannot tell pairs apart: 0.5 for every pair."""
    return _Piecewise(np.zeros(1), np.full(1, 0.5))


def weighted_percentile(values: np.ndarray, percent: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return percentiles of weighted values; with equal weights the same as ``np.percentile``."""
    order = np.argsort(values, kind="stable")
    values, weight = values[order], weight[order]
    below = np.cumsum(weight) - weight
    return np.interp(np.asarray(percent) / 100, below / below[-1], values)


def _with_gamma(value: np.ndarray, gamma: float) -> np.ndarray:
    return value if gamma == 1 else np.power(value, np.float32(gamma))


def _none(raw: np.ndarray, hard: np.ndarray, weight: np.ndarray, s: Calibration) -> Calibrator:
    return _Piecewise(np.array([0.0, 1.0]), np.array([0.0, 1.0]), s.gamma)


def _percentile(
    raw: np.ndarray, hard: np.ndarray, weight: np.ndarray, s: Calibration
) -> Calibrator:
    low, high = weighted_percentile(raw, np.array([s.low, s.high]), weight)
    if not low < high:  # a lexical expert that scores nearly every pair 0
        low, high = raw.min(), raw.max()
    return _Piecewise(np.array([low, high]), np.array([0.0, 1.0]), s.gamma)


def _rank(raw: np.ndarray, hard: np.ndarray, weight: np.ndarray, s: Calibration) -> Calibrator:
    shares = np.linspace(0, 1, RANK_KNOTS)
    scores = weighted_percentile(raw, shares * 100, weight)
    knots, first = np.unique(scores, return_index=True)
    last = np.append(first[1:], len(scores)) - 1
    return _Piecewise(knots, (shares[first] + shares[last]) / 2, s.gamma)  # ties: middle rank


def _logistic(raw: np.ndarray, hard: np.ndarray, weight: np.ndarray, s: Calibration) -> Calibrator:
    from sklearn.linear_model import LogisticRegression

    mean, spread = raw.mean(), raw.std()
    model = LogisticRegression()  # its ridge keeps the slope finite on separable data
    model.fit(((raw - mean) / spread)[:, None], hard > 0, sample_weight=weight)
    slope = float(model.coef_[0, 0] / spread)
    return _Sigmoid(slope, float(model.intercept_[0] - slope * mean), s.gamma)


def _isotonic(raw: np.ndarray, hard: np.ndarray, weight: np.ndarray, s: Calibration) -> Calibrator:
    from sklearn.isotonic import IsotonicRegression

    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    model.fit(raw, hard, sample_weight=weight)
    knots, first = np.unique(model.X_thresholds_, return_index=True)
    return _Piecewise(knots, np.asarray(model.y_thresholds_)[first], s.gamma)


_METHODS = (
    CalibrationMethod(
        "none",
        N_("As they are"),
        N_("Scores are used unchanged; below 0 becomes 0, above 1 becomes 1."),
        r"c(s) = \min(\max(s, 0), 1)^{\gamma}",
        "",
        _none,
    ),
    CalibrationMethod(
        "percentile",
        N_("Part between two cuts (percentiles)"),
        N_(
            "The low cut becomes 0, the high cut 1, everything between is stretched evenly. "
            "Right pairs and other pairs count the same when the cuts are found."
        ),
        r"c(s) = \left(\frac{s - P_{low}}{P_{high} - P_{low}}\right)_{[0,1]}^{\gamma}",
        "Hofstätter et al. 2020, arXiv:2010.02666 (why magnitudes must be aligned)",
        _percentile,
        cuts=True,
    ),
    CalibrationMethod(
        "rank",
        N_("Rank (share of pairs that score lower)"),
        N_(
            "A pair gets the share of training pairs that score lower, right pairs and other pairs "
            "counting the same. Only the order of an expert's scores counts, not their distances."
        ),
        r"c(s) = \hat{F}(s)^{\gamma}",
        "https://en.wikipedia.org/wiki/Empirical_distribution_function",
        _rank,
    ),
    CalibrationMethod(
        "logistic",
        N_("Chance of being right, smooth curve (logistic)"),
        N_(
            "An S-shaped curve fitted to the known right answers: the estimated chance that a pair "
            "is right if right pairs and other pairs were equally frequent."
        ),
        r"c(s) = \left(\frac{1}{1 + e^{-(a s + b)}}\right)^{\gamma}",
        "Platt 1999, Probabilistic outputs for support vector machines",
        _logistic,
        learns=True,
    ),
    CalibrationMethod(
        "isotonic",
        N_("Chance of being right, steps (isotonic)"),
        N_(
            "A rising staircase fitted to the known right answers: follows any shape, needs more "
            "data than the smooth curve."
        ),
        r"c(s) = \left(\arg\min_{g\,\uparrow} \sum_i w_i\,(y_i - g(s_i))^2\right)(s)^{\gamma}",
        "Zadrozny & Elkan 2002, doi:10.1145/775047.775151",
        _isotonic,
        learns=True,
    ),
)
CALIBRATIONS: dict[str, CalibrationMethod] = {method.key: method for method in _METHODS}
