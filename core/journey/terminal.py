"""What a person at a terminal is told: progress, the verdict table, what was examined."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.evaluation.geometry import SHAPE_MEASURES
from core.evaluation.verdict import BASE, TUNED
from core.journey.diagnostics import Examination
from core.messages import Message
from core.progress import Reporter
from core.types import Comparison

_SPOKEN_EVERY_SECONDS = 5.0


@dataclass
class TerminalReporter:
    """A :class:`core.types.Reporter` that tells a person at a terminal, on standard error."""

    _last: float = field(default=-np.inf)

    def progress(self, fraction: float, message: Message) -> None:
        """Print at most every few seconds."""
        if time.monotonic() - self._last >= _SPOKEN_EVERY_SECONDS:
            self._last = time.monotonic()
            sys.stderr.write(f"  {fraction:4.0%} {message}\n")

    def metric(self, values: Mapping[str, float]) -> None:
        """Print search quality on validation questions."""
        if "validation" in values:
            text = f"  step {values['step']:.0f}: validation nDCG@10 {values['validation']:.4f}\n"
            sys.stderr.write(text)

    def warning(self, message: Message) -> None:
        """Print a warning."""
        sys.stderr.write(f"  ! {message}\n")

    def should_stop(self) -> bool:
        """Return False: Ctrl+C stops a command line."""
        return False


class SpokenReporter(TerminalReporter):
    """Tells the run folder and the terminal; the stop button of the app works, too."""

    def __init__(self, folder: Reporter) -> None:
        super().__init__()
        self._folder = folder

    def progress(self, fraction: float, message: Message) -> None:
        """Tell both."""
        self._folder.progress(fraction, message)
        super().progress(fraction, message)

    def metric(self, values: Mapping[str, float]) -> None:
        """Tell both."""
        self._folder.metric(values)
        super().metric(values)

    def warning(self, message: Message) -> None:
        """Tell the folder, whose reporter also logs it to the terminal."""
        self._folder.warning(message)

    def should_stop(self) -> bool:
        """Return True once somebody pressed Stop in the app."""
        return self._folder.should_stop()


def print_table(comparison: Comparison) -> None:
    """Print every arm per regime with its interval, then the verdicts."""
    from core.evaluation.verdict import intervals, present_regimes, sentence

    for regime in present_regimes(comparison):
        spread = intervals(comparison, regime)
        count = int((comparison.regimes == regime).sum())
        sys.stdout.write(f"\n{regime} answers, {count} held-out questions\n")
        names = list(comparison.arms[0].metrics)
        sys.stdout.write(f"{'':34}{'nDCG@10 (95% interval)':26}")
        sys.stdout.write("".join(f"{name:>11}" for name in names[1:]) + "\n")
        for arm in comparison.arms:
            shown = spread[arm.name, "ndcg@10"]
            rest = (arm.mean(name, comparison.regimes == regime) for name in names[1:])
            title = {BASE: f"base: {arm.title}", TUNED: "tuned"}.get(arm.name, arm.title)
            span = f"{shown.value:.3f} ({shown.low:.3f} to {shown.high:.3f})"
            sys.stdout.write(f"{title[:33]:34}{span:26}" + "".join(f"{v:>11.3f}" for v in rest))
            sys.stdout.write("\n")
        found = comparison.difference(regime)
        if found is not None:
            sys.stdout.write(f"{sentence(found)}\n")
    for probe in comparison.generality:
        sys.stdout.write(
            f"\nEveryday language ({probe.language}, {probe.pairs} sentence pairs, Spearman): "
            f"{probe.before:.3f} before, {probe.after:.3f} after\n"
        )
    for name, reason in comparison.absent.items():
        sys.stdout.write(f"{name} is absent: {reason}\n")
    sys.stdout.write("\n")


def print_examined(found: Examination) -> None:
    """Print what tuning did to the shape of the vectors, and what each model costs."""
    for one in found.shape:
        title = SHAPE_MEASURES[one.measure].title
        sys.stdout.write(f"{title}: {one.before:.3f} before, {one.after:.3f} after\n")
    for cost in found.costs:
        sys.stdout.write(
            f"{cost.title[:33]:34}{cost.texts_per_second:>8.0f} texts/s"
            f"{cost.query_ms:>8.1f} ms per question{cost.weights_mb:>8.0f} MB\n"
        )
    if found.shape or found.costs:
        sys.stdout.write("\n")
