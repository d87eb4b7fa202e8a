"""Pairs to look at and to fit on, drawn once: at the end of scoring, or when first asked for.

A draw reads every score of a thousand questions, a second of work for each at 10,000 questions and
5,000 answers. It depends on the data, the experts and a seed alone, so it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np

from core.hashing import content_id
from core.labels.model import FITTED_PAIRS, LabelModel
from core.labels.pair_sample import PairSample, sample_pairs
from core.types import TRAIN, LabelRecipe, PairScores, QADataset, Rows

SEED = 0
_WAY = "1"  # of drawing; another number where the same arguments would give other pairs


class PairStore(Protocol):
    """Where drawn pairs are kept; may forget them."""

    def load(self, dataset_id: str, key: str) -> dict[str, np.ndarray] | None:
        """Return what was kept, None where it is gone."""
        ...

    def save(self, dataset_id: str, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays."""
        ...


def pairs_to_fit_on(
    store: PairStore, dataset: QADataset, scores: Sequence[PairScores]
) -> PairSample:
    """Return the pairs of training questions on which the labels of a panel are fitted."""
    return _drawn(store, dataset, scores, dataset.rows(TRAIN))


def pairs_to_look_at(
    store: PairStore, dataset: QADataset, scores: Sequence[PairScores]
) -> PairSample:
    """Return the pairs that the Labels page shows: no question of the test split is among them."""
    return _drawn(store, dataset, scores, dataset.seen_rows)


def fitted(
    store: PairStore,
    dataset: QADataset,
    recipe: LabelRecipe,
    panel: Sequence[PairScores],
    shown: Sequence[PairScores],
) -> tuple[LabelModel, PairSample]:
    """Return the labels of a panel and the pairs to look at, drawn side by side.

    Parameters
    ----------
    panel, shown : sequences of PairScores
        Scores of the experts of the recipe, and of those whose opinion is shown.
    """
    with ThreadPoolExecutor(1) as beside:
        looked_at = beside.submit(pairs_to_look_at, store, dataset, shown)
        training = pairs_to_fit_on(store, dataset, panel)
        return LabelModel.fit(dataset, panel, recipe, training=training), looked_at.result()


def _drawn(
    store: PairStore, dataset: QADataset, scores: Sequence[PairScores], rows: Rows
) -> PairSample:
    key = content_id([_WAY, *(one.id for one in scores), rows, str(SEED), str(FITTED_PAIRS)])
    experts = tuple(one.expert for one in scores)
    kept = store.load(dataset.id, key)
    if kept is not None and (found := PairSample.of_arrays(kept, experts)) is not None:
        return found
    sample = sample_pairs(dataset, scores, rows, seed=SEED, size=FITTED_PAIRS)
    store.save(dataset.id, key, sample.arrays)
    return sample
