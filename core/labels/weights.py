"""How much each expert counts."""

from __future__ import annotations

import numpy as np

from core.labels.pair_sample import PairSample
from core.labels.quality import average_precision
from core.labels.similar_experts import correlation
from core.types import LabelRecipe

# Chosen on the validation questions of StackFAQ (not its test questions): over six panels of two to
# six experts, nDCG@10 of the weighted mean rose from 1 (proportional weights) to 3 by .01 to .04;
# above 4, panels of evenly weak experts got worse because one of them took over.
SHARPNESS = 3.0
SMALLEST_GAP = 1e-6  # below this, right pairs and others score the same but for rounding
SMALLEST_EIGENVALUE = 1e-6


def precision_above_chance(sample: PairSample) -> np.ndarray:
    """Return each expert's average precision minus the share of right pairs, float64 [K], >= 0.

    Figures are those of the whole table that the sample stands for. An expert without an opinion
    on some pairs is measured on its own pairs, beside the experts that scored all pairs: it gets
    their mean figure over the whole table, times how much better it is than they are on its pairs.
    A short list of right answers and random others is easy; taken as it is, its figure would be
    several times that of an equally good expert that scored everything.
    """
    known = ~np.isnan(sample.raw)
    gains = np.array([_above_chance(sample, *row) for row in zip(sample.raw, known, strict=True)])
    full = known.all(axis=1)
    if full.all() or not full.any():
        return gains
    usual = float(gains[full].mean())
    for row in np.flatnonzero(~full):
        peers = [_above_chance(sample, raw, known[row]) for raw in sample.raw[full]]
        if usual > 0 and np.mean(peers) > 0:
            gains[row] = min(gains[row] / float(np.mean(peers)) * usual, 1.0)
    return gains


def _above_chance(sample: PairSample, raw: np.ndarray, among: np.ndarray) -> float:
    """Return average precision above chance of one row of scores on the pairs ``among``."""
    hard, weight = sample.hard_label[among], sample.weight[among]
    if not (hard > 0).any():
        return 0.0
    chance = float(weight[hard > 0].sum() / weight.sum())
    return max(average_precision(raw[among], hard, weight) - chance, 0.0)


def reliability_weights(
    sample: PairSample,
    recipe: LabelRecipe | None = None,
    calibrated: np.ndarray | None = None,
    *,
    sharpness: float = SHARPNESS,
) -> np.ndarray:
    """Return weights float64 [K] that sum to 1, from average precision above chance.

    Parameters
    ----------
    sample : PairSample
        Pairs of TRAINING questions only: held-out labels must not leak into training targets.
    recipe, calibrated : optional
        Not looked at; all weighing functions share one signature.
    sharpness : float > 0
        Exponent; above 1 lets strong experts count more than in proportion.

    Notes
    -----
    Where no expert is better than chance, all count equally.
    """
    return _shares(precision_above_chance(sample) ** sharpness)


def given_weights(
    sample: PairSample, recipe: LabelRecipe, calibrated: np.ndarray | None = None
) -> np.ndarray:
    """Return the user's weights float64 [K], summing to 1; equal where all are 0."""
    return _shares(np.array([max(recipe.weights.get(key, 1.0), 0.0) for key in sample.experts]))


def decorrelated_weights(
    sample: PairSample, recipe: LabelRecipe, calibrated: np.ndarray
) -> np.ndarray:
    """Return the weights of the combination whose errors vary least, float64 [K] that sum to 1.

    Each expert is first made an unbiased forecast of the hard label: shifted and stretched so that
    its mean is 1 over right pairs and 0 over others. What then remains beside the label are its
    errors; the weights minimise the variance of the combined error (Bates & Granger 1969,
    doi:10.1057/jors.1969.103), right pairs and others counting the same, with weights >= 0.

    Parameters
    ----------
    sample : PairSample
        Pairs of TRAINING questions only.
    recipe : LabelRecipe
        Not looked at; all weighing functions share one signature.
    calibrated : float array [K, n] in [0, 1]; NaN = no opinion

    Notes
    -----
    Correlations are shrunk towards 0 as Ledoit & Wolf 2004 do (scikit-learn), which keeps exact
    copies solvable: they get equal parts of what one of them alone would get. An expert whose right
    pairs do not score higher than its others cannot be made unbiased and counts nothing; where that
    is true of all, all count equally.
    """
    errors, gaps = _errors(calibrated, sample)
    useful = np.flatnonzero(gaps > 0)
    weights = np.zeros(len(calibrated))
    if len(useful):
        spread, related = _shrunk(errors[useful], sample.balance)
        # In units of spread: v minimises v'Rv with sum(v / spread) = 1; on the calibrated scale
        # each expert's part is divided by its gap once more.
        weights[useful] = _least_variance(related, 1 / spread) / spread / gaps[useful]
    return _shares(weights)


def consensus_weights(
    sample: PairSample,
    recipe: LabelRecipe,
    calibrated: np.ndarray,
    *,
    sharpness: float = SHARPNESS,
) -> np.ndarray:
    """Return weights float64 [K] that sum to 1, from agreement with the other experts.

    The weight of an expert is the Spearman correlation of its scores with the mean rank that the
    others give, below 0 taken as 0, to the power ``sharpness``. Hard labels are not looked at.
    Pairs on which the expert or all others are silent are left out.

    Notes
    -----
    Where nobody agrees with anybody, and for a single expert, all count equally.
    """
    from scipy.stats import rankdata

    ranks = np.full(np.shape(calibrated), np.nan)
    for row, values in enumerate(calibrated):
        known = ~np.isnan(values)
        ranks[row, known] = rankdata(values[known]) / max(int(known.sum()), 1)
    known = ~np.isnan(ranks)
    total, count = np.where(known, ranks, 0).sum(axis=0), known.sum(axis=0)
    agreed = np.zeros(len(ranks))
    for row, own in enumerate(ranks):
        others = count - known[row]
        both = known[row] & (others > 0)
        if both.any():
            # Equal means must stay ties whatever the order in which experts were added up.
            mean = ((total[both] - own[both]) / others[both]).round(9)
            agreed[row] = max(correlation(rankdata(own[both]), rankdata(mean)), 0.0)
    return _shares(agreed**sharpness)


def _shares(weights: np.ndarray) -> np.ndarray:
    """Return weights scaled to sum 1, equal ones where all are 0."""
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(weights), 1 / max(len(weights), 1))


def _errors(calibrated: np.ndarray, sample: PairSample) -> tuple[np.ndarray, np.ndarray]:
    """Return what unbiased forecasts miss, float64 [K, n], and mean right minus mean other [K].

    The gap is 0 where an expert has no opinion on one of the kinds, or does not tell them apart.
    """
    errors, gaps = np.full(np.shape(calibrated), np.nan), np.zeros(len(calibrated))
    right = sample.hard_label > 0
    for row, values in enumerate(np.asarray(calibrated, np.float64)):
        known = ~np.isnan(values)
        if not (known & right).any() or not (known & ~right).any():
            continue
        of_right, of_other = values[known & right].mean(), values[known & ~right].mean()
        if of_right - of_other > SMALLEST_GAP:
            gaps[row] = of_right - of_other
            errors[row] = (values - np.where(right, of_right, of_other)) / gaps[row]
    return errors, gaps


def _shrunk(errors: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return standard deviations [K] and shrunk correlations [K, K] of errors [K, n]."""
    from sklearn.covariance import ledoit_wolf_shrinkage

    known = ~np.isnan(errors)
    errors = np.where(known, errors, 0)
    spread = np.sqrt((weight * errors**2).sum(axis=1) / (weight * known).sum(axis=1))
    spread = np.maximum(spread, SMALLEST_GAP)
    rooted = np.sqrt(weight) * errors / spread[:, None]
    together = (known * weight) @ known.T.astype(float)
    related = np.divide(
        rooted @ rooted.T, together, out=np.zeros_like(together), where=together > 0
    )
    if len(errors) > 1:
        shrinkage = ledoit_wolf_shrinkage(rooted.T, assume_centered=True)
        related *= 1 - shrinkage
        np.fill_diagonal(related, 1.0)
    # Correlations over different pairs need not fit together: lift what fell below zero.
    values, vectors = np.linalg.eigh(related)
    return spread, (vectors * np.maximum(values, SMALLEST_EIGENVALUE)) @ vectors.T


def _least_variance(related: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return v >= 0 [K], up to its scale, that minimises v'Rv for a given target'v."""
    from scipy.linalg import cholesky, solve_triangular
    from scipy.optimize import nnls

    # min v'Rv / 2 - target'v is a non-negative least squares problem in the root of R.
    root = cholesky(related)
    return nnls(root, solve_triangular(root, target, trans="T"))[0]
