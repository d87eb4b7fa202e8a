"""Which groups of pairs get higher or lower labels, which expert causes it, and the correction.

Pairs are not independent: wordings of one question share their answers, so whole answer groups are
resampled and compared, on the side (question or answer) that the attribute describes.

The correction takes back what a group gets too much or too little: the means of its right pairs and
of its other pairs are moved to those of all groups by one straight rising line, clipped to [0, 1].
It is fitted on pairs of training questions, and needs one slope and one shift per group and one
group number per text: never a table of pairs.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.labels.groups import QUESTION, TextGroups, groupings
from core.labels.pair_sample import PairSample
from core.labels.quality import pair_quality
from core.types import Interval, QADataset, Rows

LEVEL = 0.05
NOTABLE = 0.02  # two points of 100: a smaller difference is not worth anybody's time
REPLICATES = 200
FEWEST_CLUSTERS = 5  # with fewer in a group, chance cannot be told from bias
FEWEST_PAIRS = 10  # of a kind; with fewer, a group's mean is more chance than bias
STEEPEST = 2.0  # a line steeper than this (or flatter than its inverse) would invent certainty


@dataclass(frozen=True, eq=False)
class KindBias:
    """How one kind of pair (right or other) is labelled in each of G groups.

    Attributes
    ----------
    means, low, high : float64 arrays [G]
        Mean label with its 95 % interval; NaN where a group has no such pair.
    difference : float64 array [G]
        Mean of the group minus the mean of all other groups.
    p : float64 array [G]
        Two-sided, adjusted for all groups and both kinds; 1 where there is too little to say.
    """

    means: np.ndarray
    low: np.ndarray
    high: np.ndarray
    difference: np.ndarray
    p: np.ndarray

    @cached_property
    def sign(self) -> np.ndarray:
        """1 = higher than elsewhere beyond chance, -1 = lower, 0 = not shown; int array [G]."""
        return _shown_sign(self.difference, self.p)

    def standing_out(self, sign: int) -> list[int]:
        """Return the groups of one sign, those that differ most first."""
        groups = np.flatnonzero(self.sign == sign)
        order = np.argsort(-np.abs(self.difference[groups]), kind="stable")
        return [int(group) for group in groups[order]]


@dataclass(frozen=True, eq=False)
class GroupBias:
    """One row of labels (or one expert's scores) by the groups of one attribute.

    Attributes
    ----------
    right, other : KindBias
    average_precision : tuple of Interval, G long
        NaN where a group has no right pair.
    pairs : int array [2, G]
        Right pairs and other pairs looked at.
    """

    grouping: TextGroups
    right: KindBias
    other: KindBias
    average_precision: tuple[Interval, ...]
    pairs: np.ndarray

    @property
    def shown(self) -> bool:
        """Whether any group gets other labels than the rest, beyond chance."""
        return bool(self.right.sign.any() or self.other.sign.any())


@dataclass(frozen=True, eq=False)
class ExpertBias:
    """Which expert treats which group unlike the other experts do.

    Attributes
    ----------
    difference : float64 array [K, 2, G]
        Group minus all other groups, right pairs first: what each expert says by itself.
    excess : float64 array [K, 2, G]
        The same for the expert's distance from the middle opinion of the others: what this expert
        adds to a group that may simply be easier or harder.
    sign : int array [K, 2, G]
        Of ``excess`` where it is beyond chance (adjusted for all of them), else 0.
    own_sign : int array [K, 2, G]
        Of ``difference`` where that is beyond chance (adjusted in the same way), else 0.
    """

    difference: np.ndarray
    excess: np.ndarray
    sign: np.ndarray
    own_sign: np.ndarray

    @property
    def worst(self) -> list[tuple[int, int]]:
        """(expert, group) that stand out, the largest excess first, each group once."""
        shown = np.where(self.sign != 0, np.abs(np.nan_to_num(self.excess)), 0).max(axis=1)
        return [
            (int(shown[:, group].argmax()), int(group))
            for group in np.argsort(-shown.max(axis=0), kind="stable")
            if shown.size and shown[:, group].max() > 0
        ]


def group_bias(
    values: np.ndarray,
    sample: PairSample,
    dataset: QADataset,
    grouping: TextGroups,
    *,
    seed: int,
    replicates: int = REPLICATES,
) -> GroupBias:
    """Compare the labels of each group with those of all other groups.

    Parameters
    ----------
    values : float array [n] in [0, 1]; NaN = no opinion
    seed : int
        Of the bootstrap.
    replicates : int
        Bootstrap replicates; 0 = no intervals.
    """
    cells, count = _cells(sample, dataset, grouping), len(grouping.names)
    sums = _sums(values, sample, cells, count)
    tests = [difference_test(*cells_of_kind) for cells_of_kind in sums]
    adjusted = holm(np.stack([p for _, p in tests]))
    right, other = (
        KindBias(*mean_intervals(*cells_of_kind, seed=seed, replicates=replicates), difference, p)
        for cells_of_kind, (difference, _), p in zip(sums, tests, adjusted, strict=True)
    )
    codes = cells[0]
    pairs = [np.bincount(codes[kind], minlength=count) for kind in _kinds(values, sample, codes)]
    precisions = tuple(
        _precision(values, sample, codes == group, seed, replicates) for group in range(count)
    )
    return GroupBias(grouping, right, other, precisions, np.stack(pairs))


def expert_bias(
    calibrated: np.ndarray, sample: PairSample, dataset: QADataset, grouping: TextGroups
) -> ExpertBias:
    """Compare each expert with the middle opinion of the others, group by group.

    Parameters
    ----------
    calibrated : float array [K, n] in [0, 1]; NaN = no opinion
    """
    cells, count = _cells(sample, dataset, grouping), len(grouping.names)
    shape = (len(calibrated), 2, count)
    difference, excess = np.full(shape, np.nan), np.full(shape, np.nan)
    own_p, p = np.full(shape, np.nan), np.full(shape, np.nan)
    for k, own in enumerate(calibrated):
        others = np.delete(calibrated, k, axis=0)
        apart = own - middle_opinion(others) if len(others) else own
        for place, (of_own, of_apart) in enumerate(
            zip(*(_sums(values, sample, cells, count) for values in (own, apart)), strict=True)
        ):
            difference[k, place], own_p[k, place] = difference_test(*of_own)
            excess[k, place], p[k, place] = difference_test(*of_apart)
    return ExpertBias(
        difference, excess, _shown_sign(excess, holm(p)), _shown_sign(difference, holm(own_p))
    )


def _shown_sign(difference: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return the signs of differences beyond chance that are worth a look, else 0."""
    with np.errstate(invalid="ignore"):
        shown = (p < LEVEL) & (np.abs(difference) >= NOTABLE)
    return np.where(shown, np.sign(np.nan_to_num(difference)), 0).astype(int)


@dataclass(frozen=True, eq=False)
class FavourMap:
    """Who favours which group: one row of cells for all experts together, one per expert.

    Attributes
    ----------
    difference : float64 array [2, 1 + K, G]
        Mean of a group minus that of all others, right pairs first; all together first.
    sign : int array [2, 1 + K, G]
        Of those beyond chance, else 0.
    """

    grouping: TextGroups
    difference: np.ndarray
    sign: np.ndarray

    @cached_property
    def kind(self) -> np.ndarray:
        """Kind of pair that a cell tells of, int [1 + K, G]: 0 right, 1 other.

        The one beyond chance, else the one that differs more.
        """
        size = np.nan_to_num(np.abs(self.difference)) + 10 * (self.sign != 0)
        return np.asarray(size.argmax(axis=0))

    @cached_property
    def values(self) -> np.ndarray:
        """Difference that a cell tells of, float64 [1 + K, G]; NaN = no such pair."""
        return np.take_along_axis(self.difference, self.kind[None], axis=0)[0]

    @cached_property
    def flagged(self) -> np.ndarray:
        """Whether it is beyond chance, bool [1 + K, G]."""
        return np.take_along_axis(self.sign, self.kind[None], axis=0)[0] != 0

    @property
    def severity(self) -> tuple[float, float]:
        """Largest difference beyond chance of all together, then of a single expert; 0 = none."""
        sizes = np.where(self.flagged, np.abs(np.nan_to_num(self.values)), 0.0)
        return float(sizes[0].max(initial=0.0)), float(sizes[1:].max(initial=0.0))

    @property
    def worst(self) -> tuple[int, int]:
        """(row, group) of the cell to look at first: beyond chance, together before alone."""
        sizes = np.nan_to_num(np.abs(self.values)) + 10 * self.flagged
        sizes[0] += np.where(self.flagged[0], 100.0, 0.0)
        row, group = np.unravel_index(int(sizes.argmax()), sizes.shape)
        return int(row), int(group)


def bias_map(together: GroupBias, alone: ExpertBias) -> FavourMap:
    """Return both biases of one grouping as one map."""
    kinds = (together.right, together.other)
    first = np.stack([kind.difference for kind in kinds])[:, None]
    signs = np.stack([kind.sign for kind in kinds])[:, None]
    return FavourMap(
        together.grouping,
        np.concatenate([first, alone.difference.transpose(1, 0, 2)], axis=1),
        np.concatenate([signs, alone.own_sign.transpose(1, 0, 2)], axis=1),
    )


def middle_opinion(opinions: np.ndarray) -> np.ndarray:
    """Return the median of opinions [K, n] per pair, NaN where nobody has one."""
    if not np.isnan(opinions).any():
        return np.median(opinions, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmedian(opinions, axis=0)


def _cells(
    sample: PairSample, dataset: QADataset, grouping: TextGroups
) -> tuple[np.ndarray, np.ndarray]:
    """Return the group of each pair, -1 = none, and its cluster, both int [n]."""
    codes = grouping.of(sample.question_rows, sample.answer_rows)
    if grouping.attribute.side == QUESTION:
        clusters = dataset.question_group[sample.question_rows]
    else:
        clusters = dataset.answer_group[sample.answer_rows]
    return codes, np.unique(clusters, return_inverse=True)[1]


def _sums(
    values: np.ndarray, sample: PairSample, cells: tuple[np.ndarray, np.ndarray], count: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return sums of labels and of weights per cluster and group, for right and other pairs."""
    codes, clusters = cells
    return [
        cell_sums(values[kind], sample.weight[kind], clusters[kind], codes[kind], count)
        for kind in _kinds(values, sample, codes)
    ]


def _kinds(
    values: np.ndarray, sample: PairSample, codes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which right pairs and which other pairs have a label and a group, bool [n] each."""
    known, right = ~np.isnan(values) & (codes >= 0), sample.hard_label > 0
    return known & right, known & ~right


def _precision(
    values: np.ndarray, sample: PairSample, inside: np.ndarray, seed: int, replicates: int
) -> Interval:
    part = sample.part(inside)
    if not part.hard_label.any():
        return Interval(np.nan, np.nan, np.nan)
    return pair_quality(values[inside], part, seed=seed, replicates=replicates).average_precision


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
        replicated = (drawn @ sums) / (drawn @ totals)
    with warnings.catch_warnings():  # a group without any such pair
        warnings.simplefilter("ignore", RuntimeWarning)
        low, high = np.nanpercentile(replicated, [2.5, 97.5], axis=0)
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


@dataclass(frozen=True, eq=False)
class Recentring:
    """The correction of one attribute.

    Attributes
    ----------
    slope, shift : float32 arrays [G + 1]
        ``clip(slope * label + shift, 0, 1)`` per group; the last is for texts in no group.
    """

    grouping: TextGroups
    slope: np.ndarray
    shift: np.ndarray

    def __call__(self, labels: np.ndarray, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return corrected labels float32 in [0, 1], same shape; NaN stays NaN.

        Parameters
        ----------
        labels : float32 array [...]
        question_rows, answer_rows : int arrays that broadcast to the shape of ``labels``
        """
        codes = self.grouping.of(question_rows, answer_rows)
        corrected = labels * self.slope[codes] + self.shift[codes]
        return np.asarray(corrected.clip(0, 1), np.float32)


def fit_recentring(
    dataset: QADataset, training: PairSample, labels: np.ndarray, keys: Sequence[str]
) -> tuple[Recentring, ...]:
    """Fit the correction of each attribute, each after those before it.

    Parameters
    ----------
    training : PairSample
        Pairs of TRAINING questions only.
    labels : float32 array [n] in [0, 1]
        What the experts together say of these pairs; NaN = no opinion.
    keys : sequence of str
        Keys of :data:`core.labels.groups.ATTRIBUTES`.
    """
    known, corrections = groupings(dataset), []
    for key in keys:
        correction = _fit(training, labels, known[key])
        labels = correction(labels, training.question_rows, training.answer_rows)
        corrections.append(correction)
    return tuple(corrections)


def _fit(training: PairSample, labels: np.ndarray, grouping: TextGroups) -> Recentring:
    codes = grouping.of(training.question_rows, training.answer_rows)
    count = len(grouping.names)
    slope, shift = np.ones(count + 1, np.float32), np.zeros(count + 1, np.float32)
    means, enough, overall = [], [], []
    for kind in _kinds(labels, training, codes):
        weight, values = training.weight[kind], labels[kind].astype(float)
        totals = np.bincount(codes[kind], weight, count)
        sums = np.bincount(codes[kind], weight * values, count)
        means.append(sums / np.maximum(totals, np.finfo(float).tiny))
        enough.append(np.bincount(codes[kind], minlength=count) >= FEWEST_PAIRS)
        overall.append(float(sums.sum() / totals.sum()) if totals.sum() else np.nan)
    of_right, of_other = means
    gap = overall[0] - overall[1]
    for group in np.flatnonzero(enough[1]):
        own = of_right[group] - of_other[group]
        if not enough[0][group] or own <= 0 or not gap > 0:
            shift[group] = overall[1] - of_other[group]
            continue
        slope[group] = np.clip(gap / own, 1 / STEEPEST, STEEPEST)
        middle = (of_right[group] + of_other[group]) / 2
        shift[group] = sum(overall) / 2 - slope[group] * middle
    return Recentring(grouping, slope, shift)
