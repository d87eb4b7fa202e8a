"""The table of a race for other programs: one line per contestant, numbers as numbers."""

from __future__ import annotations

from core.journey.race_result import RaceResult
from core.reporting.spreadsheet import csv_bytes
from core.types import REGIMES

_COLUMNS = ("recipe", "loss", "hard_labels_only", "runs", "failed")


def race_csv(found: RaceResult) -> bytes:
    """Return all contestants, the untuned model as the last line; what failed has no figures."""
    regimes = [regime for regime in REGIMES if found.ruler and regime in found.ruler.questions]
    names = ["validation", *(f"validation_{regime}" for regime in regimes), "generality_change"]
    header = [*_COLUMNS, *(f"{name}_{part}" for name in names for part in ("mean", "std"))]
    header += ["gain_low", "gain_high", "behind", "behind_low", "behind_high", "tied", "reason"]
    rows: list[list[object]] = []
    for one in found.standings:
        who = one.contestant
        row: list[object] = [who.recipe_name, who.loss, int(who.baseline), one.seeds]
        row.append(len(one.failures))
        for spread in (one.score, *(one.regimes[regime] for regime in regimes), one.generality):
            row += [None, None] if spread is None else [_six(spread.mean), _six(spread.std)]
        row += [_six(one.gain.low), _six(one.gain.high)]
        behind = one.behind
        row += [_six(x) for x in (behind.value, behind.low, behind.high)] if behind else [None] * 3
        row += [int(one.tied), "; ".join(str(reason) for reason in one.failures.values())]
        rows.append(row)
    empty: list[object] = [None] * (len(header) - len(_COLUMNS) - 1)
    for who, reasons in found.absent:
        told = "; ".join(str(reason) for reason in reasons.values())
        line = [who.recipe_name, who.loss, int(who.baseline), 0, len(reasons)]
        rows.append([*line, *empty, told])
    if found.ruler is not None:
        base = found.ruler.base
        means = [base.score, *(sum(base.ndcg[r]) / len(base.ndcg[r]) for r in regimes)]
        figures = [x for mean in means for x in (_six(mean), None)]
        line = ["", "untuned", 0, 1, 0, *figures]
        rows.append([*line, *[None] * (len(header) - len(line))])
    return csv_bytes(header, rows)


def _six(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
