"""Supervision rate: labels learned from per second, grid against rows of pairs."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.tuning_parts.rows import grid_pairs, train_on_rows
from benchmarks.tuning_parts.setting import Findings, Setting
from core.tuning.run import train
from core.tuning.task import TuningTask
from core.types import SilentReporter
from core.types.tuning_config import TuningConfig

ROW_BATCHES = (16, 32, 64, 128)
GRID_BATCHES = (64, 128)
USUAL_LEARNING_RATE = 2e-5  # of the examples that come with sentence-transformers


class StopAfter(SilentReporter):
    """Asks to stop once so many steps are done; a metric comes about every second."""

    def __init__(self, steps: int) -> None:
        self.steps, self.done = steps, 0.0

    def metric(self, values: Mapping[str, float]) -> None:
        """Note how far the run is."""
        self.done = max(self.done, values.get("step", 0))

    def should_stop(self) -> bool:
        """Return True once enough steps were timed."""
        return self.done >= self.steps


def grid_rate(setting: Setting, config: TuningConfig) -> float:
    """Return labels per second of learning: checks and preparation not counted."""
    steps = 2 if setting.quick else 24
    with tempfile.TemporaryDirectory() as folder:
        task = TuningTask(
            setting.dataset,
            setting.labels,
            setting.base,
            replace(config, evaluations_per_epoch=1),
            Path(folder),
            evaluate=lambda *_: 0.0,  # nothing is chosen here
        )
        outcome = train(task, StopAfter(steps), device=setting.device)
    return outcome.labels_per_s


def row_rate(setting: Setting, batch: int) -> float:
    """Return labels per second of the baseline: the median over steps, the first ones left out."""
    steps = 3 if setting.quick else max(6, 768 // batch)
    pairs = grid_pairs(setting, 1).sample(steps * batch, setting.config.seed)
    seconds = train_on_rows(
        setting,
        pairs,
        batch=batch,
        learning_rate=USUAL_LEARNING_RATE,
        after_step=lambda *_: False,
    )
    return batch / statistics.median(seconds[1 if setting.quick else 2 :])


def measure(setting: Setting, _: Mapping[str, Any]) -> Findings:
    """Measure both sides at several batch sizes; the baseline's best against the default grid."""
    batches = ROW_BATCHES[:1] if setting.quick else ROW_BATCHES
    by_rows = {batch: row_rate(setting, batch) for batch in batches}
    sizes = (setting.config.questions_per_batch, *(() if setting.quick else GRID_BATCHES))
    by_grid = {
        size: grid_rate(setting, replace(setting.config, questions_per_batch=size))
        for size in sizes
    }
    best_rows, best_grid = max(by_rows, key=by_rows.__getitem__), max(by_grid, key=by_grid.get)
    default = by_grid[setting.config.questions_per_batch]
    ratio = default / by_rows[best_rows]
    rows = [
        *((f"rows, {b} pairs a step", f"{r:,.0f} labels/s", "") for b, r in by_rows.items()),
        *((f"grid, {b} questions a step", f"{r:,.0f} labels/s", "") for b, r in by_grid.items()),
        ("grid (default) ÷ rows (best batch)", f"{ratio:.1f}", "≥ 20"),
        ("grid (best) ÷ rows (best batch)", f"{by_grid[best_grid] / by_rows[best_rows]:.1f}", ""),
    ]
    figures = {
        "labels_per_s_ratio": round(ratio, 2),
        "labels_per_s_grid": round(default, 1),
        "labels_per_s_rows": round(by_rows[best_rows], 2),
        "rows_batch": best_rows,
        "labels_per_s_ratio_best_grid": round(by_grid[best_grid] / by_rows[best_rows], 2),
        "grid_batch_best": best_grid,
    }
    return Findings(tuple(rows), figures)
