"""How sure a mean or a difference is, when questions of one answer group are not independent.

The unit that is resampled or flipped is always the cluster (answer group): several wordings of
one question succeed or fail together, and treating them as independent makes intervals too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from core.types import Interval

CONFIDENCE = 0.95
POWER = 0.80
RESAMPLES = 10_000  # percentile ends and p-values are then steady to about ±0.002
CHUNK_CELLS = 4_000_000  # resample × cluster weights held at once (32 MB)
TIE_MARGIN = 1e-9  # smaller differences on one question are rounding, not a win


def bootstrap_means(
    values: np.ndarray, clusters: np.ndarray, *, seed: int, resamples: int = RESAMPLES
) -> np.ndarray:
    """Return means of cluster bootstrap resamples as float64 array [resamples, m].

    Whole clusters are drawn with replacement, as many as there are (Field & Welsh 2007,
    doi:10.1111/j.1467-9868.2007.00593.x). All columns see the same draws, so columns stay paired.

    Parameters
    ----------
    values : float array [n, m]
        One column per quantity.
    clusters : int array [n]
        Cluster of each row.
    """
    sums, sizes = _cluster_sums(values, clusters)
    rng = np.random.default_rng(seed)
    count = len(sizes)
    means = [
        (weights @ sums) / (weights @ sizes)[:, None] for weights in _draws(rng, count, resamples)
    ]
    return np.concatenate(means)


def mean_intervals(
    values: np.ndarray, clusters: np.ndarray, *, seed: int, resamples: int = RESAMPLES
) -> list[Interval]:
    """Return mean and 95% percentile interval of each column of ``values`` [n, m].

    For a paired interval give per-question differences, for one system its per-question values.
    """
    means = bootstrap_means(values, clusters, seed=seed, resamples=resamples)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    centre = values.mean(axis=0)
    return [Interval(*(float(x) for x in column)) for column in zip(centre, low, high, strict=True)]


def mean_interval(
    values: np.ndarray, clusters: np.ndarray, *, seed: int, resamples: int = RESAMPLES
) -> Interval:
    """Return mean and 95% percentile interval of ``values`` [n]; see :func:`mean_intervals`."""
    return mean_intervals(values[:, None], clusters, seed=seed, resamples=resamples)[0]


def widened(interval: Interval, factor: float) -> Interval:
    """Return an interval whose ends are ``factor`` times as far from its value."""
    value, low, high = interval.value, interval.low, interval.high
    return Interval(value, value - factor * (value - low), value + factor * (high - value))


def ratio_interval(
    numerators: np.ndarray,
    denominators: np.ndarray,
    clusters: np.ndarray,
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return ``Σ numerators / Σ denominators`` with its 95% cluster bootstrap interval.

    With weights as denominators and weighted values as numerators it is the weighted mean; whole
    clusters keep their weights when they are drawn. As :func:`mean_interval` where all weigh the
    same.

    Parameters
    ----------
    numerators, denominators : float arrays [n]
        The denominators are at least 0; draws in which all are 0 are left out.
    """
    sums, _ = _cluster_sums(np.stack([numerators, denominators], axis=1), clusters)
    rng = np.random.default_rng(seed)
    draws = np.concatenate([weights @ sums for weights in _draws(rng, len(sums), resamples)])
    draws = draws[draws[:, 1] > 0]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws[:, 0] / draws[:, 1], [tail, 1 - tail])
    return Interval(float(numerators.sum() / denominators.sum()), float(low), float(high))


def randomisation_p(
    differences: np.ndarray, clusters: np.ndarray, *, seed: int, resamples: int = RESAMPLES
) -> float:
    """Return the two-sided p-value in (0, 1] of a paired randomisation test.

    If both systems were equally good, swapping their results would change nothing. One coin decides
    for all questions of a cluster together (sign flip per cluster), since they are not independent.
    Clusters that sum to 0 cannot change the statistic and are left out. When the number of sign
    patterns of the others is at most ``resamples`` all are counted and p is exact; else
    p = (1 + hits) / (1 + resamples) (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585).

    Parameters
    ----------
    differences : float array [n]
    clusters : int array [n]
    """
    sums = _cluster_sums(differences[:, None], clusters)[0][:, 0]
    sums = sums[np.abs(sums) > TIE_MARGIN]
    if sums.size == 0:
        return 1.0
    observed = abs(sums.sum()) - TIE_MARGIN  # equal but for rounding is a hit
    if sums.size < 63 and 2**sums.size <= resamples:
        patterns = np.arange(2**sums.size)[:, None] >> np.arange(sums.size) & 1
        return float(np.mean(np.abs((2 * patterns - 1) @ sums) >= observed))
    rng = np.random.default_rng(seed)
    hits = 0
    for chunk in _chunks(resamples, sums.size):
        signs = 2.0 * rng.integers(0, 2, (chunk, sums.size)) - 1
        hits += int(np.count_nonzero(np.abs(signs @ sums) >= observed))
    return (1 + hits) / (1 + resamples)


def win_tie_loss(differences: np.ndarray, margin: float = 0.0) -> tuple[int, int, int]:
    """Return on how many questions the difference is above, within and below the tie margin.

    Parameters
    ----------
    margin : float >= 0
        Differences up to this size are ties; rounding errors always are.
    """
    margin = (
        margin + TIE_MARGIN
    )  # a difference of the margin itself is a tie, whatever rounding did
    wins = int(np.count_nonzero(differences > margin))
    losses = int(np.count_nonzero(differences < -margin))
    return wins, len(differences) - wins - losses, losses


def standard_error(differences: np.ndarray, clusters: np.ndarray) -> float:
    """Return the cluster-robust standard error of the mean; 0 for a single cluster."""
    sums, sizes = _cluster_sums(differences[:, None], clusters)
    count = len(sizes)
    if count < 2:
        return 0.0
    residuals = sums[:, 0] - sizes * differences.mean()
    return float(np.sqrt(count / (count - 1) * (residuals**2).sum()) / len(differences))


def smallest_detectable(differences: np.ndarray, clusters: np.ndarray) -> float:
    """Return the true difference that a test at 5% would find with 80% power.

    (z_0.975 + z_0.80) standard errors (Bloom 1995, doi:10.1177/0193841X9501900504).
    """
    normal = NormalDist()
    factor = normal.inv_cdf((1 + CONFIDENCE) / 2) + normal.inv_cdf(POWER)
    return factor * standard_error(differences, clusters)


def questions_needed(questions: int, smallest: float, effect: float) -> int | None:
    """Return how many held-out questions would show a true difference, in 80 of 100 cases.

    The standard error falls with the square root of the number of answer groups, and the groups
    are taken to be as large as they are now (Bloom 1995, doi:10.1177/0193841X9501900504).

    Parameters
    ----------
    questions : int
        Held-out questions now.
    smallest : float >= 0
        What :func:`smallest_detectable` gives for them.
    effect : float > 0
        The true difference to be shown.

    Returns
    -------
    int or None
        None where nothing differed on any question: there is no spread to plan with.
    """
    if smallest <= 0:
        return None
    return math.ceil(questions * (smallest / effect) ** 2)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Return p-values adjusted for testing several at once (Holm 1979), in the same order."""
    p_values = np.asarray(p_values, np.float64)
    order = np.argsort(p_values, kind="stable")
    stepped = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted


def _cluster_sums(values: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sums [g, m] of the columns of ``values`` per cluster, and cluster sizes [g]."""
    codes, sizes = np.unique(clusters, return_inverse=True, return_counts=True)[1:]
    sums = np.zeros((len(sizes), values.shape[1]))
    np.add.at(sums, codes, values.astype(np.float64))
    return sums, sizes.astype(np.float64)


def _draws(rng: np.random.Generator, count: int, resamples: int) -> Iterator[np.ndarray]:
    """Yield how often each cluster is drawn, float64 [chunk, count]; each row sums to ``count``.

    The same law as ``rng.multinomial(count, 1 / count)``, several times faster for many clusters.
    """
    for chunk in _chunks(resamples, count):
        cells = rng.integers(0, count, (chunk, count)) + count * np.arange(chunk)[:, None]
        weights = np.bincount(cells.ravel(), minlength=chunk * count)
        yield weights.reshape(chunk, count).astype(np.float64)


def _chunks(resamples: int, width: int) -> Iterator[int]:
    size = max(1, CHUNK_CELLS // max(width, 1))
    for start in range(0, resamples, size):
        yield min(size, resamples - start)


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


@dataclass(frozen=True)
class RandomEffects:
    """What several studies say together when their true effects may differ.

    Attributes
    ----------
    value, low, high : float
        Mean of the true effects with its interval.
    tau2 : float >= 0
        Variance of the true effects between studies.
    i2 : float in [0, 1)
        Share of the spread of the measured effects that is not chance within studies.
    q, p : float
        Cochran's Q, and how often chance alone would make it as large were all effects the same.
    count : int
        Studies.
    predicted_low, predicted_high : float
        Where the true effect of one more such study lies.
    """

    value: float
    low: float
    high: float
    tau2: float
    i2: float
    q: float
    p: float
    count: int
    predicted_low: float
    predicted_high: float

    @property
    def leaves_out_zero(self) -> bool:
        """Whether the interval of the mean says that there is an effect, and in which direction."""
        return self.low > 0 or self.high < 0


def random_effects(
    effects: Sequence[float] | np.ndarray,
    variances: Sequence[float] | np.ndarray,
    *,
    confidence: float = CONFIDENCE,
) -> RandomEffects:
    """Return the random-effects mean of several studies.

    The variance between studies is that of DerSimonian and Laird (1986,
    doi:10.1016/0197-2456(86)90046-2). The interval of the mean is Hartung's and Knapp's (2001,
    doi:10.1002/sim.1009) with Student's quantile of n − 1 degrees of freedom, and its standard
    error is never below the plain one: with few studies that look alike by luck the interval would
    be too narrow (Röver et al. 2015, doi:10.1186/s12874-015-0091-1). The interval of one more
    study is that of Higgins et al. (2009, doi:10.1111/j.1467-985X.2008.00552.x).

    Parameters
    ----------
    effects : float array [n], n >= 2
    variances : float array [n], > 0
        Squared standard error of each effect.
    confidence : float in (0, 1)

    Raises
    ------
    ValueError
        If there are fewer than two studies, or a variance is not above 0.
    """
    from scipy.stats import chi2, t

    measured, within = np.asarray(effects, np.float64), np.asarray(variances, np.float64)
    count = len(measured)
    if count < 2 or len(within) != count or not (within > 0).all():
        raise ValueError(f"{count} effects and {len(within)} variances above 0 make no summary")
    fixed = 1 / within
    pooled = float(fixed @ measured / fixed.sum())
    q, free = float(fixed @ (measured - pooled) ** 2), count - 1
    tau2 = max(0.0, (q - free) / float(fixed.sum() - (fixed**2).sum() / fixed.sum()))
    weights = 1 / (within + tau2)
    value, plain = float(weights @ measured / weights.sum()), 1 / float(weights.sum())
    scale = float(weights @ (measured - value) ** 2) / free
    error = math.sqrt(plain * max(1.0, scale))
    margin = float(t.ppf((1 + confidence) / 2, free)) * error
    further = max(1, count - 2)
    reach = float(t.ppf((1 + confidence) / 2, further)) * math.sqrt(tau2 + error**2)
    return RandomEffects(
        value,
        value - margin,
        value + margin,
        tau2,
        max(0.0, 1 - free / q) if q > 0 else 0.0,
        q,
        float(chi2.sf(q, free)),
        count,
        value - reach,
        value + reach,
    )
