"""Where dots, bars and lines stand in the report's small drawings; the templates draw them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.reporting.report_content import SystemRow, TuningFacts
from core.types import (
    KNOWN,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    UNSEEN,
    VALIDATION_KNOWN,
    VALIDATION_UNSEEN,
    Difference,
    Interval,
)
from core.types.tuning import SweepPoint

STEPS = (1.0, 2.0, 5.0, 10.0)  # distances between ticks that people read easily, times 10^k
WIDTH = 836  # pixels between the margins of the page
_ALPHA_ROOM = 44  # pixels that a written α needs


@dataclass(frozen=True)
class Scale:
    """A straight line from values to pixels.

    Attributes
    ----------
    low, high : float
        Values at both ends.
    start, end : float in pixels
    step : float
        Distance between ticks.
    """

    low: float
    high: float
    start: float
    end: float
    step: float

    @classmethod
    def around(cls, values: Sequence[float], start: float, end: float, ticks: int = 5) -> Scale:
        """Return a scale that holds all values and begins and ends on a tick."""
        low, high = min(values), max(values)
        span = (high - low) or 0.1
        raw = span / ticks
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(s * power for s in STEPS if s * power >= raw * 0.999)
        low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        return cls(low, high if high > low else low + step, start, end, step)

    def __call__(self, value: float) -> float:
        """Return pixels, to a tenth."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def ticks(self) -> tuple[tuple[float, float], ...]:
        """Pairs of value and pixels."""
        count = round((self.high - self.low) / self.step)
        values = [round(self.low + i * self.step, 10) for i in range(count + 1)]
        return tuple((value, self(value)) for value in values)

    @property
    def digits(self) -> int:
        """Decimals that tell neighbouring ticks apart."""
        return max(0, -math.floor(math.log10(self.step) + 1e-9))


@dataclass(frozen=True)
class DotChart:
    """Systems under each other on one scale, best first.

    Attributes
    ----------
    dots : tuple of (system, its interval, y in pixels)
    """

    dots: tuple[tuple[SystemRow, Interval, int], ...]
    scale: Scale
    height: int


def dot_chart(
    systems: Sequence[SystemRow], metric: str, *, left: int = 280, right: int = 812
) -> DotChart:
    """Return the dots of a metric, best system first."""
    rows = [(system, system.metrics[metric]) for system in systems if metric in system.metrics]
    rows.sort(key=lambda row: -row[1].value)
    ends = [end for _, interval in rows for end in (interval.low, interval.high)]
    dots = tuple((*row, 16 + 26 * line) for line, row in enumerate(rows))
    return DotChart(dots, Scale.around(ends or [0.0, 1.0], left, right), 32 + 26 * len(rows))


def difference_scale(difference: Difference, *, width: int = 320) -> Scale:
    """Return a scale for a difference and its interval, zero in the middle."""
    reach = max(abs(difference.low), abs(difference.high), 0.02)
    return Scale.around([-reach, reach], 24, width - 24, ticks=4)


@dataclass(frozen=True)
class SplitSegment:
    """Part of a split bar."""

    role: str
    questions: int
    x: float
    width: float


SPLIT_ROLES = ("training", "validation", "test")
_SPLIT_BARS = (
    (KNOWN, (TRAIN, VALIDATION_KNOWN, TEST_KNOWN)),
    (UNSEEN, (None, VALIDATION_UNSEEN, TEST_UNSEEN)),
)


def split_bars(
    counts: Mapping[str, tuple[int, int]], *, width: int = WIDTH
) -> tuple[tuple[str, tuple[SplitSegment, ...]], ...]:
    """Return per regime the segments of its bar; both bars share one scale."""
    sums = [sum(counts.get(s, (0, 0))[0] for s in splits if s) for _, splits in _SPLIT_BARS]
    scale = width / (max(sums) or 1)
    bars = []
    for regime, splits in _SPLIT_BARS:
        x, segments = 0.0, []
        for role, split in zip(SPLIT_ROLES, splits, strict=True):
            questions = counts.get(split, (0, 0))[0] if split else 0
            if questions:
                segments.append(
                    SplitSegment(role, questions, round(x, 1), round(questions * scale, 1))
                )
                x += questions * scale
        bars.append((regime, tuple(segments)))
    return tuple(bars)


@dataclass(frozen=True)
class Axes:
    """Two scales that lines are drawn between."""

    x: Scale
    y: Scale
    height: int


def learning_axes(tuning: TuningFacts, *, width: int = WIDTH, height: int = 190) -> Axes | None:
    """Return the axes of the learning curve, None where fewer than two moments were measured."""
    if len(tuning.curve) < 2:
        return None
    x = Scale.around([0, *(step for step, _ in tuning.curve)], 52, width - 16)
    y = Scale.around([score for _, score in tuning.curve], height - 30, 14, ticks=3)
    return Axes(x, y, height)


@dataclass(frozen=True)
class AlphaDot:
    """One mix of base and tuned model.

    Attributes
    ----------
    named : bool
        Whether its α is written; not where another label would be covered.
    """

    mix: SweepPoint
    chosen: bool
    x: float
    y: float
    named: bool


@dataclass(frozen=True)
class AlphaCurve:
    """Own questions (up) against everyday language (right), from base to tuned."""

    dots: tuple[AlphaDot, ...]
    axes: Axes


def alpha_curve(tuning: TuningFacts, *, width: int = WIDTH, height: int = 230) -> AlphaCurve | None:
    """Return the curve, None where fewer than two mixes were measured both ways."""
    placed = [(mix, mix.generality) for mix in tuning.mixes if mix.generality is not None]
    if len(placed) < 2:
        return None
    x = Scale.around([general for _, general in placed], 60, width - 40)
    y = Scale.around([mix.score for mix, _ in placed], height - 44, 22, ticks=3)
    places = [(x(general), y(mix.score)) for mix, general in placed]
    chosen = [mix.alpha == tuning.alpha for mix, _ in placed]
    ends = (0, len(placed) - 1)
    # What was kept and both ends are named first; labels that would cover them are left out.
    named: list[int] = []
    for i in sorted(range(len(placed)), key=lambda i: (not chosen[i], i not in ends)):
        if all(math.dist(places[i], places[j]) >= _ALPHA_ROOM for j in named):
            named.append(i)
    dots = tuple(
        AlphaDot(mix, chosen[i], *places[i], i in named) for i, (mix, _) in enumerate(placed)
    )
    return AlphaCurve(dots, Axes(x, y, height))
