"""How much better or worse one system is than another, with its uncertainty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.evaluation import statistics
from core.evaluation.measures import MAIN_METRIC, METRICS
from core.evaluation.verdict import decides_raw, word
from core.types import REGIMES, Comparison, Difference, Interval

BASE = "base"
TUNED = "tuned"

Pairing = tuple[str, str, str]  # arm, reference, metric


def differences(
    comparison: Comparison, *, seed: int, margin: float = 0.0
) -> tuple[Difference, ...]:
    """Return tuned minus base for every regime with questions and every metric.

    ``p`` is raw, ``p_adjusted`` is Holm's over the metrics of the regime. The word of the main
    metric rests on ``p``, since it was chosen beforehand, that of the others on ``p_adjusted``.
    Empty where base or tuned is absent.
    """
    if comparison.arm(BASE) is None or comparison.arm(TUNED) is None:
        return ()
    pairings = [(TUNED, BASE, metric) for metric in METRICS]
    return tuple(
        difference
        for regime in present_regimes(comparison)
        for difference in paired(comparison, pairings, regime=regime, seed=seed, margin=margin)
    )


def contrasts(
    comparison: Comparison,
    *,
    seed: int,
    reference: str = BASE,
    metric: str = MAIN_METRIC,
    margin: float = 0.0,
) -> tuple[Difference, ...]:
    """Return every other system minus the reference, regime by regime.

    ``p_adjusted`` is Holm's over the systems of the regime, and decides; only tuned against base on
    the main metric rests on the raw p, as in :func:`differences`. Empty where the reference is
    absent.
    """
    if comparison.arm(reference) is None:
        return ()
    pairings = [(a.name, reference, metric) for a in comparison.arms if a.name != reference]
    return tuple(
        difference
        for regime in present_regimes(comparison)
        for difference in paired(comparison, pairings, regime=regime, seed=seed, margin=margin)
    )


def paired(
    comparison: Comparison,
    pairings: Sequence[Pairing],
    *,
    regime: str,
    seed: int,
    rows: np.ndarray | None = None,
    margin: float = 0.0,
) -> list[Difference]:
    """Return the difference of each pairing on the same questions, Holm over all of them.

    Parameters
    ----------
    pairings : sequence of (arm, reference, metric)
        Both arms must be there.
    regime : str
        Of the questions; "" for both together.
    rows : int array [m] or None
        Positions of the held-out questions that are looked at; None takes those of the regime.
    margin : float >= 0
        Questions whose results differ by no more than this are ties.
    """
    rows = regime_positions(comparison, regime) if rows is None else rows
    if not pairings or not len(rows):
        return []
    groups = comparison.groups[rows]
    sides = [
        (_values(comparison, arm, metric, rows), _values(comparison, reference, metric, rows))
        for arm, reference, metric in pairings
    ]
    table = np.stack([after - before for after, before in sides], axis=1)
    intervals_of = statistics.mean_intervals(table, groups, seed=seed)
    raw = [statistics.randomisation_p(column, groups, seed=seed) for column in table.T]
    adjusted = statistics.holm(np.array(raw))
    sizes = len(rows), len(np.unique(groups))
    found = []
    for i, (arm, reference, metric) in enumerate(pairings):
        after, before = sides[i]
        interval = intervals_of[i]
        wins, ties, losses = statistics.win_tie_loss(table[:, i], margin)
        decisive = raw[i] if decides_raw(regime, arm, reference, metric) else float(adjusted[i])
        found.append(
            Difference(
                regime=regime,
                metric=metric,
                before=float(before.mean()),
                after=float(after.mean()),
                difference=interval.value,
                low=interval.low,
                high=interval.high,
                p=raw[i],
                wins=wins,
                ties=ties,
                losses=losses,
                questions=sizes[0],
                groups=sizes[1],
                word=word(interval.low, interval.high, decisive, *sizes),
                smallest_detectable=statistics.smallest_detectable(table[:, i], groups),
                p_adjusted=float(adjusted[i]),
                arm=arm,
                reference=reference,
            )
        )
    return found


def _values(comparison: Comparison, name: str, metric: str, rows: np.ndarray) -> np.ndarray:
    arm = comparison.arm(name)
    assert arm is not None  # callers name arms that are there
    return np.asarray(arm.metrics[metric][rows], np.float64)


def present_regimes(comparison: Comparison) -> tuple[str, ...]:
    """Return the regimes that have held-out questions, ``known`` first."""
    return tuple(regime for regime in REGIMES if np.any(comparison.regimes == regime))


def regime_positions(comparison: Comparison, regime: str) -> np.ndarray:
    """Return positions [n_r] of a regime's questions among the held-out questions; "" = all."""
    if not regime:
        return np.arange(len(comparison.question_rows))
    return np.flatnonzero(comparison.regimes == regime)


def intervals(
    comparison: Comparison, regime: str, *, seed: int = 0
) -> dict[tuple[str, str], Interval]:
    """Return mean and 95% interval of every arm and metric on the questions of one regime.

    Returns
    -------
    dict of (arm name, metric) to Interval
        All from the same bootstrap draws. For "is tuned better than base" use ``differences``:
        that intervals of two arms overlap says nothing about their difference.
    """
    rows = regime_positions(comparison, regime)
    keys = [(arm.name, metric) for arm in comparison.arms for metric in arm.metrics]
    if rows.size == 0 or not keys:
        return {}
    columns = [arm.metrics[metric][rows] for arm in comparison.arms for metric in arm.metrics]
    table = np.stack(columns, axis=1)
    found = statistics.mean_intervals(table, comparison.groups[rows], seed=seed)
    return dict(zip(keys, found, strict=True))
