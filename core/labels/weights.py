"""How much each expert counts."""

from __future__ import annotations

import numpy as np

from core.labels.pair_sample import PairSample
from core.labels.quality import average_precision
from core.types import LabelRecipe

# Chosen on the validation questions of StackFAQ (not its test questions): over six panels of two to
# six experts, nDCG@10 of the weighted mean rose from 1 (proportional weights) to 3 by .01 to .04;
# above 4, panels of evenly weak experts got worse because one of them took over.
SHARPNESS = 3.0


def precision_above_chance(sample: PairSample) -> np.ndarray:
    """Return each expert's average precision minus the share of right pairs, float64 [K], >= 0.

    Figures are those of the whole table that the sample stands for. Pairs on which an expert has no
    opinion are left out for that expert.
    """
    found = np.zeros(len(sample.raw))
    for row, raw in enumerate(sample.raw):
        known = ~np.isnan(raw)
        hard, weight = sample.hard_label[known], sample.weight[known]
        if (hard > 0).any():
            chance = float(weight[hard > 0].sum() / weight.sum())
            found[row] = max(average_precision(raw[known], hard, weight) - chance, 0.0)
    return found


def reliability_weights(
    sample: PairSample, recipe: LabelRecipe | None = None, sharpness: float = SHARPNESS
) -> np.ndarray:
    """Return weights float64 [K] that sum to 1, from average precision above chance.

    Parameters
    ----------
    sample : PairSample
        Pairs of TRAINING questions only: held-out labels must not leak into training targets.
    recipe : LabelRecipe, optional
        Not looked at; all weighing functions share one signature.
    sharpness : float > 0
        Exponent; above 1 lets strong experts count more than in proportion.

    Notes
    -----
    Where no expert is better than chance, all count equally.
    """
    power = precision_above_chance(sample) ** sharpness
    return power / power.sum() if power.sum() > 0 else np.full(len(power), 1 / max(len(power), 1))


def given_weights(sample: PairSample, recipe: LabelRecipe) -> np.ndarray:
    """Return the user's weights float64 [K], summing to 1; equal where all are 0."""
    weights = np.array([max(recipe.weights.get(key, 1.0), 0.0) for key in sample.experts])
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(weights), 1 / max(len(weights), 1))
