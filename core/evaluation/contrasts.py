"""Weighted sums of several systems' results, with what questions and seeds each leave unsure.

A tuning run is one draw of luck twice over: of the questions it is measured on, and of the seed it
was trained with. Both are shared by the systems that are compared (the same questions, the same
seeds), so differences are taken first and the spread of the differences counts, not the spread of
the systems: two systems whose "±" overlap may still be told apart, and the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.evaluation.statistics import CONFIDENCE, standard_error

# With a single seed its luck cannot be measured; repeated runs of one recipe on the data of this
# project's method notes differ by about this much, so that differences below 0.02 are noise.
ONE_SEED_STD = 0.01


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over seeds.

    Attributes
    ----------
    mean : float
    std : float or None
        With n − 1 in the denominator; None for a single seed.
    count : int
    """

    mean: float
    std: float | None
    count: int

    @classmethod
    def of(cls, values: Sequence[float] | np.ndarray) -> Spread:
        """Return mean and spread of at least one value."""
        array = np.asarray(values, np.float64)
        std = float(array.std(ddof=1)) if len(array) > 1 else None
        return cls(float(array.mean()), std, len(array))


@dataclass(frozen=True)
class Estimate:
    """A contrast with its interval.

    Attributes
    ----------
    value, low, high : float
    questions_error, seeds_error : float
        Standard errors from the choice of questions and from the choice of seeds.
    confidence : float
        Of the interval.
    """

    value: float
    low: float
    high: float
    questions_error: float
    seeds_error: float
    confidence: float = CONFIDENCE

    @property
    def leaves_out_zero(self) -> bool:
        """Whether the interval says that there is a difference, and in which direction."""
        return self.low > 0 or self.high < 0

    def scaled(self, factor: float) -> Estimate:
        """Return the same estimate in other units; ``factor`` > 0."""
        return Estimate(
            self.value * factor,
            self.low * factor,
            self.high * factor,
            self.questions_error * factor,
            self.seeds_error * factor,
            self.confidence,
        )


def contrast(
    values: Mapping[str, np.ndarray],
    groups: Mapping[str, np.ndarray],
    weights: Sequence[float],
    *,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Return the weighted sum of systems, averaged over regimes (each counting the same).

    The variance of the mean is the sum of a part per regime, from its questions (cluster-robust,
    clustered by answer group, after averaging over seeds), and a part from the seeds (variance
    between seeds of the contrast, over the number of seeds). Each question's value still holds some
    luck of the seeds, which is thus counted twice: the interval is rather too wide than too narrow.
    Quantiles are Student's with the degrees of freedom of Welch and Satterthwaite (Satterthwaite
    1946, doi:10.2307/3002019).

    Parameters
    ----------
    values : mapping of regime to float array [m, s, n]
        System × seed × question; the seeds are the same for all systems, the questions too.
    groups : mapping of regime to int array [n]
        Answer group of each question.
    weights : sequence of float, m long
        (1, −1) is the paired difference of two systems.
    confidence : float in (0, 1)

    Returns
    -------
    Estimate
        Degenerate (low = value = high) where nothing varies.
    """
    weighed = {
        regime: np.tensordot(np.asarray(weights, np.float64), table, axes=1)
        for regime, table in values.items()
    }
    count = len(weighed)
    seeds = np.mean([table.mean(axis=1) for table in weighed.values()], axis=0)
    value = float(seeds.mean())
    parts = [
        (
            (standard_error(table.mean(axis=0), groups[regime]) / count) ** 2,
            float(len(np.unique(groups[regime])) - 1),
        )
        for regime, table in weighed.items()
    ]
    questions = sum(variance for variance, _ in parts)
    by_seed = ONE_SEED_STD**2 if len(seeds) == 1 else float(seeds.var(ddof=1)) / len(seeds)
    parts.append((by_seed, np.inf if len(seeds) == 1 else len(seeds) - 1.0))
    margin = _quantile(parts, confidence) * float(np.sqrt(questions + by_seed))
    return Estimate(
        value,
        value - margin,
        value + margin,
        float(np.sqrt(questions)),
        float(np.sqrt(by_seed)),
        confidence,
    )


def _quantile(parts: Sequence[tuple[float, float]], confidence: float) -> float:
    """Return Student's two-sided quantile for a sum of (variance, degrees of freedom)."""
    from scipy.stats import t

    total = sum(variance for variance, _ in parts)
    if total <= 0:
        return 0.0
    shares = sum(variance**2 / freedom for variance, freedom in parts if freedom > 0)
    freedom = total**2 / shares if shares > 0 else np.inf
    return float(t.ppf((1 + confidence) / 2, freedom))
