"""Time to quality: how long grid training takes to reach the baseline's best validation nDCG@10.

The baseline gets ten minutes of learning with each of two learning rates, at its fastest batch
size, on the pairs that grid training learns from, and a check every twelfth of the way. Its best
tuned state counts even where the base model was better. Time spent in checks, which are the same
code for both, is counted for neither; all else that grid training does (loading, preparing,
saving) is.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.tuning_parts.rate import ROW_BATCHES, row_rate
from benchmarks.tuning_parts.rows import Pairs, grid_pairs, train_on_rows
from benchmarks.tuning_parts.setting import Findings, Setting
from core.tuning.run import train
from core.tuning.student import encode
from core.tuning.task import TuningTask
from core.tuning.validation import SearchCheck
from core.types import SilentReporter

LEARNING_RATES = (2e-5, 5e-5)
BASELINE_SECONDS = 600.0
CHECKS = 12


@dataclass
class Trace:
    """Validation nDCG@10 against seconds of learning; the first point is the base model."""

    seconds: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def add(self, seconds: float, score: float) -> None:
        """Note a check."""
        self.seconds.append(seconds)
        self.scores.append(score)

    @property
    def best(self) -> tuple[float, float]:
        """Score and seconds of the best tuned state, the earliest of equals."""
        place = max(range(1, len(self.scores)), key=lambda i: (self.scores[i], -i))
        return self.scores[place], self.seconds[place]


def baseline(setting: Setting, pairs: Pairs, batch: int, learning_rate: float) -> Trace:
    """Train on rows, checking twelve times on the way."""
    checks = SearchCheck.of(setting.dataset, setting.device.kind, setting.config.seed)
    steps, trace = -(-len(pairs) // batch), Trace()
    count = 2 if setting.quick else CHECKS
    due = {round(steps * n / count) for n in range(1, count + 1)}

    def check(model: Any, step: int, seconds: float) -> bool:
        if step in due:
            read = partial(encode, model)
            point = checks.check(read, step, checks.answer_vectors(read))
            trace.add(seconds, point.score)
        return False

    trace.add(0.0, 0.0)  # the base model, which the grid run measures
    train_on_rows(setting, pairs, batch=batch, learning_rate=learning_rate, after_step=check)
    return trace


class Chase(SilentReporter):
    """Notes every check of a run, and asks to stop once a tuned state reaches the target."""

    def __init__(self, target: float) -> None:
        self.target, self.reached, self.trace = target, False, Trace()
        self.begun = self.told = time.perf_counter()
        self.checking = 0.0

    def progress(self, *_: object) -> None:
        """Note the time: a run tells that a check begins, then nothing before its result."""
        self.told = time.perf_counter()

    def metric(self, values: Mapping[str, float]) -> None:
        """Note a check; the base model's does not count as reaching the target."""
        if "validation" not in values:
            return
        now = time.perf_counter()
        self.checking += now - self.told
        self.trace.add(now - self.begun - self.checking, values["validation"])
        self.reached = self.reached or (values["step"] > 0 and values["validation"] >= self.target)

    def should_stop(self) -> bool:
        """Return True once there is nothing more to find out."""
        return self.reached


def grid(setting: Setting, target: float) -> Trace:
    """Train on grids until the target is reached or the run is over."""
    chase = Chase(target)
    with tempfile.TemporaryDirectory() as folder:
        task = TuningTask(
            setting.dataset,
            setting.labels,
            setting.base,
            replace(setting.config, epochs=1) if setting.quick else setting.config,
            Path(folder),
        )
        train(task, chase, device=setting.device)
    return chase.trace


def measure(setting: Setting, found: Mapping[str, Any]) -> Findings:
    """Measure both sides; the better of the baseline's runs sets the target."""
    batch = found.get("rows_batch") or ROW_BATCHES[1]
    pace = found.get("labels_per_s_rows") or row_rate(setting, batch)
    pairs = grid_pairs(setting, setting.config.epochs)
    count = 4 * batch if setting.quick else int(BASELINE_SECONDS * pace)
    pairs = pairs.sample(min(count, len(pairs)), setting.config.seed)
    rates = LEARNING_RATES[:1] if setting.quick else LEARNING_RATES
    traces = {rate: baseline(setting, pairs, batch, rate) for rate in rates}
    chosen = max(traces, key=lambda rate: traces[rate].best)
    target, seconds = traces[chosen].best
    ours = grid(setting, target)
    reached = next((i for i in range(1, len(ours.scores)) if ours.scores[i] >= target), None)
    ratio = None if reached is None else ours.seconds[reached] / seconds
    rows = [
        ("base model", f"nDCG@10 {ours.scores[0]:.4f}", ""),
        *(
            (f"rows, learning rate {rate:g}: best", _told(*trace.best), "")
            for rate, trace in traces.items()
        ),
        ("rows: pairs learned from", f"{len(pairs):,} of {batch} a step", ""),
        (
            "grid (default): reached",
            "never" if reached is None else _told(ours.scores[reached], ours.seconds[reached]),
            "",
        ),
        ("grid ÷ rows", "–" if ratio is None else f"{ratio:.3f}", "≤ 0.2"),
    ]
    figures = {
        "time_to_quality_ratio": None if ratio is None else round(ratio, 4),
        "time_to_quality_grid_s": None if reached is None else round(ours.seconds[reached], 1),
        "time_to_quality_rows_s": round(seconds, 4),
        "validation_base": round(ours.scores[0], 4),
        "validation_rows_best": round(target, 4),
        "validation_grid_best": round(max(ours.scores[1:]), 4),
        "rows_learning_rate": chosen,
        "rows_pairs": len(pairs),
    }
    return Findings(tuple(rows), figures)


def _told(score: float, seconds: float) -> str:
    return f"{score:.4f} at {seconds:.0f} s"
