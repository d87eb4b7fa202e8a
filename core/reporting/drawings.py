"""Where dots, bars and lines stand in the report's small drawings; the templates draw them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.reporting.report_content import AlphaPoint, ArmRow, TuningFacts
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
class Dot:
    """One system: a dot with its interval on a line of its own."""

    title: str
    kind: str
    interval: Interval
    y: float
    x: float
    low: float
    high: float


@dataclass(frozen=True)
class DotChart:
    """Systems under each other on one scale, best first."""

    dots: tuple[Dot, ...]
    scale: Scale
    height: int


def dot_chart(
    arms: Sequence[ArmRow], metric: str, *, left: int = 280, right: int = 812
) -> DotChart:
    """Return the dots of a metric, best system first."""
    rows = sorted(
        ((arm, arm.metrics[metric]) for arm in arms if metric in arm.metrics),
        key=lambda row: -row[1].value,
    )
    ends = [end for _, interval in rows for end in (interval.low, interval.high)]
    scale = Scale.around(ends or [0.0, 1.0], left, right)
    dots = tuple(
        Dot(
            arm.title,
            arm.kind,
            interval,
            16 + 26 * i,
            scale(interval.value),
            scale(interval.low),
            scale(interval.high),
        )
        for i, (arm, interval) in enumerate(rows)
    )
    return DotChart(dots, scale, 16 + 26 * len(rows) + 16)


@dataclass(frozen=True)
class DifferenceBar:
    """Tuned minus base with its interval, zero in the middle."""

    scale: Scale
    zero: float
    x: float
    low: float
    high: float


def difference_bar(difference: Difference, *, width: int = 320) -> DifferenceBar:
    """Return the place of a difference on a scale that is the same on both sides of zero."""
    reach = max(abs(difference.low), abs(difference.high), 0.02)
    scale = Scale.around([-reach, reach], 24, width - 24, ticks=4)
    return DifferenceBar(
        scale,
        scale(0.0),
        scale(difference.difference),
        scale(difference.low),
        scale(difference.high),
    )


@dataclass(frozen=True)
class Segment:
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
) -> tuple[tuple[str, tuple[Segment, ...]], ...]:
    """Return per regime the segments of its bar; both bars share one scale."""
    sums = [sum(counts.get(s, (0, 0))[0] for s in splits if s) for _, splits in _SPLIT_BARS]
    scale = width / (max(sums) or 1)
    bars = []
    for regime, splits in _SPLIT_BARS:
        x, segments = 0.0, []
        for role, split in zip(SPLIT_ROLES, splits, strict=True):
            questions = counts.get(split, (0, 0))[0] if split else 0
            if questions:
                segments.append(Segment(role, questions, round(x, 1), round(questions * scale, 1)))
                x += questions * scale
        bars.append((regime, tuple(segments)))
    return tuple(bars)


@dataclass(frozen=True)
class Curve:
    """Validation quality by step."""

    points: tuple[tuple[float, float], ...]
    best: tuple[float, float] | None
    x: Scale
    y: Scale
    height: int


def curve(tuning: TuningFacts, *, width: int = WIDTH, height: int = 190) -> Curve | None:
    """Return the learning curve, None where fewer than two moments were measured."""
    if len(tuning.curve) < 2:
        return None
    x = Scale.around([0, *(step for step, _ in tuning.curve)], 52, width - 16)
    y = Scale.around([score for _, score in tuning.curve], height - 30, 14, ticks=3)
    points = tuple((x(step), y(score)) for step, score in tuning.curve)
    best = next(
        (
            point
            for point, (step, _) in zip(points, tuning.curve, strict=True)
            if step == tuning.best_step
        ),
        None,
    )
    return Curve(points, best, x, y, height)


@dataclass(frozen=True)
class AlphaDot:
    """One mix of base and tuned model.

    Attributes
    ----------
    label_y : float or None
        Where its α is written; None where another label would be covered.
    """

    point: AlphaPoint
    x: float
    y: float
    label_y: float | None


@dataclass(frozen=True)
class AlphaCurve:
    """Own questions (up) against everyday language (right), from base to tuned."""

    dots: tuple[AlphaDot, ...]
    x: Scale
    y: Scale
    height: int


def alpha_curve(
    points: Sequence[AlphaPoint], *, width: int = WIDTH, height: int = 230
) -> AlphaCurve | None:
    """Return the curve, None where fewer than two mixes were measured both ways."""
    placed = [(one, one.generality) for one in points if one.generality is not None]
    if len(placed) < 2:
        return None
    x = Scale.around([general for _, general in placed], 60, width - 40)
    y = Scale.around([one.score for one, _ in placed], height - 44, 22, ticks=3)
    places = [(x(general), y(one.score)) for one, general in placed]
    last = len(placed) - 1
    # What was kept and both ends are named first; labels that would cover them are left out.
    order = sorted(range(len(placed)), key=lambda i: (not placed[i][0].chosen, i not in (0, last)))
    named: list[int] = []
    for i in order:
        apart = (
            math.hypot(places[i][0] - places[j][0], places[i][1] - places[j][1]) for j in named
        )
        if min(apart, default=_ALPHA_ROOM) >= _ALPHA_ROOM:
            named.append(i)
    dots = tuple(
        AlphaDot(one, *places[i], places[i][1] - 11 if i in named else None)
        for i, (one, _) in enumerate(placed)
    )
    return AlphaCurve(dots, x, y, height)
