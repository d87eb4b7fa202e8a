"""Which groups of pairs get higher or lower labels than the others, and which expert causes it.

Pairs are not independent: wordings of one question share their answers, so whole answer groups are
resampled and compared, on the side (question or answer) that the attribute describes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.labels.group_means import cell_sums, difference_test, holm, mean_intervals
from core.labels.groups import QUESTION, Grouping
from core.labels.pair_sample import PairSample
from core.labels.quality import pair_quality
from core.types import Interval, QADataset

LEVEL = 0.05
NOTABLE = 0.02  # two points of 100: a smaller difference is not worth anybody's time
REPLICATES = 200


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
        with np.errstate(invalid="ignore"):
            shown = (self.p < LEVEL) & (np.abs(self.difference) >= NOTABLE)
        return np.where(shown, np.sign(np.nan_to_num(self.difference)), 0).astype(int)


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

    grouping: Grouping
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
    """

    difference: np.ndarray
    excess: np.ndarray
    sign: np.ndarray

    @property
    def worst(self) -> list[tuple[int, int]]:
        """(expert, group) that stand out, the largest excess first, each group once."""
        shown = np.where(self.sign != 0, np.abs(np.nan_to_num(self.excess)), 0).max(axis=1)
        found = [
            (int(shown[:, group].argmax()), group)
            for group in np.argsort(-shown.max(axis=0), kind="stable")
            if shown.size and shown[:, group].max() > 0
        ]
        return [(expert, int(group)) for expert, group in found]


def group_bias(
    values: np.ndarray,
    sample: PairSample,
    dataset: QADataset,
    grouping: Grouping,
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
    tests = [difference_test(*one) for one in sums]
    adjusted = holm(np.stack([p for _, p in tests]))
    kinds = [
        KindBias(*mean_intervals(*one, seed=seed, replicates=replicates), difference, p)
        for one, (difference, _), p in zip(sums, tests, adjusted, strict=True)
    ]
    codes = cells[0]
    grouped = ~np.isnan(values) & (codes >= 0)
    right = sample.hard_label > 0
    pairs = [np.bincount(codes[grouped & kind], minlength=count) for kind in (right, ~right)]
    precisions = tuple(
        _precision(values, sample, codes == group, seed, replicates) for group in range(count)
    )
    return GroupBias(grouping, kinds[0], kinds[1], precisions, np.stack(pairs))


def expert_bias(
    calibrated: np.ndarray, sample: PairSample, dataset: QADataset, grouping: Grouping
) -> ExpertBias:
    """Compare each expert with the middle opinion of the others, group by group.

    Parameters
    ----------
    calibrated : float array [K, n] in [0, 1]; NaN = no opinion
    """
    cells, count = _cells(sample, dataset, grouping), len(grouping.names)
    shape = (len(calibrated), 2, count)
    difference, excess, p = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    for k, own in enumerate(calibrated):
        others = np.delete(calibrated, k, axis=0)
        apart = own - _middle(others) if len(others) else own
        for place, (of_own, of_apart) in enumerate(
            zip(*(_sums(values, sample, cells, count) for values in (own, apart)), strict=True)
        ):
            difference[k, place] = difference_test(*of_own)[0]
            excess[k, place], p[k, place] = difference_test(*of_apart)
    with np.errstate(invalid="ignore"):
        shown = (holm(p) < LEVEL) & (np.abs(excess) >= NOTABLE)
    sign = np.where(shown, np.sign(np.nan_to_num(excess)), 0).astype(int)
    return ExpertBias(difference, excess, sign)


def _middle(opinions: np.ndarray) -> np.ndarray:
    """Return the median of opinions [K, n] per pair, NaN where nobody has one."""
    if not np.isnan(opinions).any():
        return np.median(opinions, axis=0)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmedian(opinions, axis=0)


def _cells(
    sample: PairSample, dataset: QADataset, grouping: Grouping
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
    known = ~np.isnan(values) & (codes >= 0)
    right = sample.hard_label > 0
    return [
        cell_sums(values[kept], sample.weight[kept], clusters[kept], codes[kept], count)
        for kept in (known & right, known & ~right)
    ]


def _precision(
    values: np.ndarray, sample: PairSample, kept: np.ndarray, seed: int, replicates: int
) -> Interval:
    part = replace(
        sample,
        question_rows=sample.question_rows[kept],
        answer_rows=sample.answer_rows[kept],
        kind=sample.kind[kept],
        raw=np.empty((0, int(kept.sum())), np.float32),
        weight=sample.weight[kept],
        experts=(),
    )
    if not kept.any() or not (part.hard_label > 0).any():
        return Interval(np.nan, np.nan, np.nan)
    found = pair_quality(values[kept], part, seed=seed, replicates=replicates)
    return found.average_precision
