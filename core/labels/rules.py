"""Combination rules: calibrated scores of K experts become one soft label, METHOD §3.

The names Soft-1, Soft-2 and Soft-3 come from Lu et al., arXiv:2408.11868, whose exact formulas are
not available to us: what stands here is this project's own definition.

To add a rule, add one entry to :data:`RULES`: how cells are combined, and, where the rule weighs
experts, how the weights are found from the training sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.labels.pair_sample import PairSample
from core.labels.weights import (
    consensus_weights,
    decorrelated_weights,
    given_weights,
    reliability_weights,
)
from core.messages import N_
from core.types import LabelRecipe

Combine = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
Weigh = Callable[[PairSample, LabelRecipe, np.ndarray], np.ndarray]

_LU = "Lu, Li, Ding, Kang 2024, arXiv:2408.11868 (the idea)"


@dataclass(frozen=True)
class Rule:
    """One way to combine experts, with the words that the user reads about it.

    Attributes
    ----------
    combine : callable
        ``combine(calibrated [K, ...], hard [...], weights [K])`` returns soft labels float32 [...].
        NaN is left out and weights are renormalised; a pair without any opinion becomes NaN.
    weigh : callable or None
        ``weigh(training sample, recipe, calibrated scores [K, n] of that sample)`` returns weights
        [K] that sum to 1; None = equal weights.
    needs_experts : bool
        False for the rule that looks at hard labels only.
    """

    key: str
    title: str
    meaning: str
    formula: str
    source: str
    combine: Combine
    weigh: Weigh | None = None
    needs_experts: bool = True


def hard_only(calibrated: np.ndarray, hard: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the hard labels."""
    return np.asarray(hard, np.float32)


def weighted_mean(calibrated: np.ndarray, hard: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted mean over the experts that have an opinion.

    Where only experts of weight 0 have one, these count equally.
    """
    known = ~np.isnan(calibrated)
    shape = (-1,) + (1,) * (calibrated.ndim - 1)
    weights = np.asarray(weights, np.float32)
    if known.all() and weights.sum() > 0:
        return np.tensordot(weights / weights.sum(), calibrated, axes=1).astype(np.float32)
    share = known * weights.reshape(shape)
    share = np.where(share.sum(axis=0) > 0, share, known)
    total = share.sum(axis=0)
    with np.errstate(invalid="ignore"):  # 0 / 0 = NaN: nobody has an opinion
        mean = (share * np.where(known, calibrated, 0)).sum(axis=0) / total
    return np.asarray(mean, np.float32)


def mean(calibrated: np.ndarray, hard: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the plain mean over the experts that have an opinion."""
    return weighted_mean(calibrated, hard, np.ones(len(calibrated)))


def median(calibrated: np.ndarray, hard: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the median over the experts that have an opinion (even number: mean of the middle)."""
    count = (~np.isnan(calibrated)).sum(axis=0)
    ascending = np.sort(calibrated, axis=0)  # NaN goes last
    low = np.take_along_axis(ascending, (np.maximum(count - 1, 0) // 2)[None], axis=0)[0]
    high = np.take_along_axis(ascending, (count // 2).clip(max=len(calibrated) - 1)[None], axis=0)
    return np.asarray((low + high[0]) / 2, np.float32)


def highest(calibrated: np.ndarray, hard: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the highest opinion."""
    return np.fmax.reduce(calibrated, axis=0)


def lowest(calibrated: np.ndarray, hard: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the lowest opinion."""
    return np.fmin.reduce(calibrated, axis=0)


def trimmed_mean(calibrated: np.ndarray, hard: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean without the highest and the lowest opinion; the plain mean of one or two."""
    known = ~np.isnan(calibrated)
    count = known.sum(axis=0)
    total = np.where(known, calibrated, 0).sum(axis=0)
    ends = np.fmax.reduce(calibrated, axis=0) + np.fmin.reduce(calibrated, axis=0)
    trim = count >= 3
    with np.errstate(invalid="ignore"):  # 0 / 0 = NaN: nobody has an opinion
        result = np.where(trim, total - ends, total) / np.where(trim, count - 2, count)
    return np.clip(result, 0, 1).astype(np.float32)  # rounding can leave [0, 1] by 1e-8


def anchored(calibrated: np.ndarray, hard: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the highest opinion for right answers, the lowest for the others."""
    return np.where(
        hard > 0, highest(calibrated, hard, weights), lowest(calibrated, hard, weights)
    ).astype(np.float32)


_RULES = (
    Rule(
        "hard",
        N_("Known right answers only (hard labels)"),
        N_("1 for a right answer, 0 for any other. No expert is asked."),
        r"\hat{y} = y",
        "",
        hard_only,
        needs_experts=False,
    ),
    Rule(
        "reliability",
        N_("Weighted by reliability"),
        N_(
            "Experts that find the known right answers of the training questions count more; one "
            "that does no better than chance counts nothing (average precision above chance)."
        ),
        r"\hat{y} = \sum_k w_k c_k,\quad w_k \propto \max(AP_k - \pi, 0)^{3}",
        N_("This project's own definition."),
        weighted_mean,
        weigh=reliability_weights,
    ),
    Rule(
        "decorrelated",
        N_("Weighted so that errors cancel out (minimum variance)"),
        N_(
            "Experts whose errors on training questions are small and unlike those of the others "
            "count more; near-copies of one expert share one vote."
        ),
        r"\hat{y} = \sum_k w_k c_k,\quad w = \arg\min_{w \ge 0,\ \sum_k w_k d_k = 1} "
        r"w^{\top} \hat{\Sigma} w,\quad d_k = \overline{c_k}^{\,y=1} - \overline{c_k}^{\,y=0}",
        N_(
            "Bates & Granger 1969, doi:10.1057/jors.1969.103; covariance of errors shrunk as in "
            "Ledoit & Wolf 2004, doi:10.1016/S0047-259X(03)00096-4"
        ),
        weighted_mean,
        weigh=decorrelated_weights,
    ),
    Rule(
        "consensus",
        N_("Weighted by agreement with the other experts (consensus)"),
        N_(
            "Needs no known right answers: an expert counts more the better its order of pairs "
            "agrees with that of all others together. Copies confirm each other, so leave them "
            "out."
        ),
        r"\hat{y} = \sum_k w_k c_k,\quad "
        r"w_k \propto \max\left(\rho(c_k, \overline{c_{j \ne k}}), 0\right)^{3}",
        N_("This project's own definition."),
        weighted_mean,
        weigh=consensus_weights,
    ),
    Rule(
        "mean",
        N_("Mean of all experts (Soft-1)"),
        N_(
            "Every expert counts the same, however weak it is. Soft-1 is this project's own "
            "definition of the name."
        ),
        r"\hat{y} = \frac{1}{K} \sum_k c_k",
        _LU,
        mean,
    ),
    Rule(
        "weighted_mean",
        N_("Mean with your own weights"),
        N_("You say how much each expert counts; a weight of 0 leaves an expert out."),
        r"\hat{y} = \frac{\sum_k w_k c_k}{\sum_k w_k}",
        _LU,
        weighted_mean,
        weigh=given_weights,
    ),
    Rule(
        "median",
        N_("Middle opinion (median, Soft-2)"),
        N_(
            "Half of the experts say more, half say less: one expert alone cannot pull the label "
            "away. Soft-2 is this project's own definition of the name."
        ),
        r"\hat{y} = \operatorname{median}_k c_k",
        _LU,
        median,
    ),
    Rule(
        "trimmed_mean",
        N_("Mean without the extremes (trimmed mean)"),
        N_("The highest and the lowest opinion are dropped; needs three experts or more."),
        r"\hat{y} = \frac{\sum_k c_k - \max_k c_k - \min_k c_k}{K - 2}",
        "https://en.wikipedia.org/wiki/Truncated_mean",
        trimmed_mean,
    ),
    Rule(
        "max",
        N_("Highest opinion (maximum)"),
        N_("One expert who believes in a pair is enough. Generous: more pairs get high labels."),
        r"\hat{y} = \max_k c_k",
        "",
        highest,
    ),
    Rule(
        "min",
        N_("Lowest opinion (minimum)"),
        N_("All experts must believe in a pair. Strict: few pairs get high labels."),
        r"\hat{y} = \min_k c_k",
        "",
        lowest,
    ),
    Rule(
        "anchored",
        N_("Anchored to the known answers (Soft-3)"),
        N_(
            "Right answers get the highest opinion, all others the lowest. Soft-3 is this "
            "project's own definition of the name."
        ),
        r"\hat{y} = \max_k c_k \text{ if } y = 1,\quad \min_k c_k \text{ if } y = 0",
        _LU,
        anchored,
    ),
)
RULES: dict[str, Rule] = {rule.key: rule for rule in _RULES}
