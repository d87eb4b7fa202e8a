"""How much better or worse tuned is than base, regime by regime, with its uncertainty."""

from __future__ import annotations

import numpy as np

from core.evaluation import statistics
from core.evaluation.metrics import MAIN_METRIC, METRICS
from core.evaluation.verdict import word
from core.types import REGIMES, Comparison, Difference, Interval

BASE = "base"
TUNED = "tuned"


def differences(comparison: Comparison, *, seed: int) -> tuple[Difference, ...]:
    """Return tuned minus base for every regime with questions and every metric.

    ``p`` is raw, ``p_adjusted`` is Holm's over the metrics of the regime. The word of the main
    metric rests on ``p``, since it was chosen beforehand, that of the others on ``p_adjusted``.
    Empty where base or tuned is absent.
    """
    base, tuned = comparison.arm(BASE), comparison.arm(TUNED)
    if base is None or tuned is None:
        return ()
    found: list[Difference] = []
    for regime in present_regimes(comparison):
        rows = regime_positions(comparison, regime)
        groups = comparison.groups[rows]
        table = np.stack([tuned.metrics[m][rows] - base.metrics[m][rows] for m in METRICS], axis=1)
        intervals = statistics.mean_intervals(table, groups, seed=seed)
        raw = [statistics.randomisation_p(column, groups, seed=seed) for column in table.T]
        adjusted = statistics.holm(np.array(raw))
        sizes = len(rows), len(np.unique(groups))
        for i, metric in enumerate(METRICS):
            wins, ties, losses = statistics.win_tie_loss(table[:, i])
            interval = intervals[i]
            p = raw[i] if metric == MAIN_METRIC else float(adjusted[i])
            found.append(
                Difference(
                    regime=regime,
                    metric=metric,
                    before=base.mean(metric, rows),
                    after=tuned.mean(metric, rows),
                    difference=interval.value,
                    low=interval.low,
                    high=interval.high,
                    p=raw[i],
                    wins=wins,
                    ties=ties,
                    losses=losses,
                    questions=sizes[0],
                    groups=sizes[1],
                    word=word(interval.low, interval.high, p, *sizes),
                    smallest_detectable=statistics.smallest_detectable(table[:, i], groups),
                    p_adjusted=float(adjusted[i]),
                )
            )
    return tuple(found)


def present_regimes(comparison: Comparison) -> tuple[str, ...]:
    """Return the regimes that have held-out questions, ``known`` first."""
    return tuple(regime for regime in REGIMES if np.any(comparison.regimes == regime))


def regime_positions(comparison: Comparison, regime: str) -> np.ndarray:
    """Return positions [n_r] of a regime's questions among the held-out questions."""
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
