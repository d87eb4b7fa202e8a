"""Per-group correction of labels: what one group gets too much or too little is taken back.

For each group the means of right pairs and of other pairs are moved to those of all groups by one
straight rising line, clipped to [0, 1]. It is fitted on pairs of training questions, and needs one
slope and one shift per group and one group number per text: never a table of pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.labels.groups import Grouping, groupings
from core.labels.pair_sample import PairSample
from core.types import QADataset, Rows

FEWEST_PAIRS = 10  # of a kind; with fewer, a group's mean is more chance than bias
STEEPEST = 2.0  # a line steeper than this (or flatter than its inverse) would invent certainty


@dataclass(frozen=True, eq=False)
class Recentring:
    """The correction of one attribute.

    Attributes
    ----------
    slope, shift : float32 arrays [G + 1]
        ``clip(slope * label + shift, 0, 1)`` per group; the last is for texts in no group.
    """

    grouping: Grouping
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
    known, found = groupings(dataset), []
    for key in keys:
        correction = _fit(training, labels, known[key])
        labels = correction(labels, training.question_rows, training.answer_rows)
        found.append(correction)
    return tuple(found)


def _fit(training: PairSample, labels: np.ndarray, grouping: Grouping) -> Recentring:
    codes = grouping.of(training.question_rows, training.answer_rows)
    grouped = ~np.isnan(labels) & (codes >= 0)
    right = training.hard_label > 0
    count = len(grouping.names)
    slope, shift = np.ones(count + 1, np.float32), np.zeros(count + 1, np.float32)
    means, enough, overall = [], [], []
    for kind in (grouped & right, grouped & ~right):
        weight, values, code = training.weight[kind], labels[kind].astype(float), codes[kind]
        totals = np.bincount(code, weight, count)
        sums = np.bincount(code, weight * values, count)
        means.append(sums / np.maximum(totals, np.finfo(float).tiny))
        enough.append(np.bincount(code, minlength=count) >= FEWEST_PAIRS)
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
