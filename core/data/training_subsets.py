"""Less of the training data, as if the rest had not been collected yet."""

from __future__ import annotations

import dataclasses

import numpy as np

from core.types import TRAIN, QADataset, Rows

LEFT_OUT = "left_out"  # a split of its own: neither learned from nor measured on


def training_subset(dataset: QADataset, share: float, seed: int) -> Rows:
    """Return the training questions of whole answer groups, about ``share`` of all.

    Groups are drawn in one order per seed, so that a smaller share is part of every larger one:
    what a curve over shares shows is the added data, not the luck of another draw.

    Parameters
    ----------
    share : float in (0, 1]
        The first groups that reach this share of the training questions are taken.
    seed : int
        Of the order of the groups.

    Returns
    -------
    int32 array, ascending
    """
    rows = dataset.rows(TRAIN)
    names, place, sizes = np.unique(
        dataset.question_group[rows], return_inverse=True, return_counts=True
    )
    order = np.random.default_rng([seed, len(names)]).permutation(len(names))
    reached = np.cumsum(sizes[order])
    # The small amount: 0.3 · 10 is 3 although floats say 3.0000000000000004.
    count = int(np.searchsorted(reached, share * len(rows) - 1e-9)) + 1 if len(rows) else 0
    taken = np.zeros(len(names), bool)
    taken[order[:count]] = True
    return rows[taken[place]]


def with_training(dataset: QADataset, rows: Rows) -> QADataset:
    """Return the dataset with only these training questions; all else, answers too, is the same."""
    split = dataset.split.astype("U18")
    split[np.setdiff1d(dataset.rows(TRAIN), rows)] = LEFT_OUT
    return dataclasses.replace(dataset, split=split)
