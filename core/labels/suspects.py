"""Pairs worth a human look: suspected wrong hard labels, and pairs on which experts disagree."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.labels.pair_sample import HARD, RANDOM, RIGHT, PairSample
from core.labels.rules import weighted_mean


@dataclass(frozen=True, eq=False)
class PairFindings:
    """What the experts together think of each pair of a sample; arrays in the sample's order.

    Attributes
    ----------
    consensus : float32 array [n] in [0, 1]
        Weighted mean of the experts; NaN = no opinion.
    spread : float32 array [n]
        Disagreement: weighted standard deviation over the experts; 0 with fewer than two opinions.
    suspicion : float32 array [n] in [0, 1]
        How far the experts together are from the hard label; 0 where they have no opinion.
    against : int32 array [n]
        How many experts, each by its own measure, take the pair for the opposite of its hard label.
    suspected : bool array [n]
        The hard label is probably wrong.
    """

    consensus: np.ndarray
    spread: np.ndarray
    suspicion: np.ndarray
    against: np.ndarray
    suspected: np.ndarray

    @cached_property
    def most_suspicious(self) -> np.ndarray:
        """Positions of suspected pairs in the sample, most suspicious first, int [m]."""
        positions = np.flatnonzero(self.suspected)
        return positions[np.argsort(-self.suspicion[positions], kind="stable")]

    @cached_property
    def most_disputed(self) -> np.ndarray:
        """Positions of all pairs, those on which experts disagree most first, int [n]."""
        return np.argsort(-self.spread, kind="stable")


def find_suspects(sample: PairSample, calibrated: np.ndarray, weights: np.ndarray) -> PairFindings:
    """Find suspected wrong hard labels and disagreement.

    A right pair is suspected when the experts together score it no higher than they score the
    average other pair; another pair is suspected when they score it at least as high as the average
    right pair. The two thresholds follow confident learning (Northcutt, Jiang, Chuang 2021,
    arXiv:1911.00068); taking them from each expert's own averages makes them independent of scale.
    The average other pair lies halfway between hard and random ones: against random pairs alone
    nearly every right pair looks right, and fewer planted errors are found.
    More than half of the experts that have an opinion must also, each alone, be against the label.

    Parameters
    ----------
    calibrated : float array [K, n] in [0, 1]; NaN = no opinion
    weights : float array [K], summing to 1
        How much each expert counts, from training pairs.
    """
    consensus = weighted_mean(calibrated, sample.hard_label, weights)
    known = ~np.isnan(calibrated)
    against = sum(
        (_opposed(one, sample) for one in calibrated),
        start=np.zeros(len(sample), np.int32),
    )
    majority = 2 * against > known.sum(axis=0)
    distance = np.abs(sample.hard_label - consensus)
    second = weighted_mean((calibrated - consensus) ** 2, sample.hard_label, weights)
    return PairFindings(
        consensus=consensus,
        spread=np.sqrt(np.nan_to_num(second)).astype(np.float32),
        suspicion=np.nan_to_num(distance).astype(np.float32),
        against=against,
        suspected=(_opposed(consensus, sample) > 0) & majority,
    )


def usual_levels(values: np.ndarray, sample: PairSample) -> tuple[float, float] | None:
    """Return what one voice usually gives right pairs and other pairs, means in [0, 1].

    The mean of other pairs lies halfway between hard and random ones. None where the voice cannot
    tell the kinds apart.
    """
    known = ~np.isnan(values)
    groups = [known & (sample.kind == kind) for kind in (RIGHT, HARD, RANDOM)]
    means = [float(values[group].mean()) for group in groups if group.any()]
    if not groups[0].any() or len(means) < 2:
        return None
    of_right, of_other = means[0], sum(means[1:]) / len(means[1:])
    return (of_right, of_other) if of_right > of_other else None


def _opposed(values: np.ndarray, sample: PairSample) -> np.ndarray:
    """Return int32 [n]: 1 where one voice contradicts the hard label, else 0 (also for NaN)."""
    levels = usual_levels(values, sample)
    if levels is None:
        return np.zeros(len(values), np.int32)
    with np.errstate(invalid="ignore"):
        return np.where(sample.kind == RIGHT, values <= levels[1], values >= levels[0]).astype(
            np.int32
        )
