"""Where dots, bars and lines stand in the report's small drawings; the templates draw them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.reporting.charts.chart import one_line
from core.reporting.report_content import (
    BiasCell,
    BiasMap,
    LearnedLabels,
    RegimeResults,
    SystemRow,
    TuningFacts,
)
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


def dot_charts(
    regimes: Sequence[RegimeResults], metric: str, *, left: int = 280, right: int = 812
) -> dict[str, DotChart]:
    """Return the dots of a metric per regime, best system first; all on the same scale."""
    tables = {
        regime.key: sorted(
            ((s, s.metrics[metric]) for s in regime.systems if metric in s.metrics),
            key=lambda row: -row[1].value,
        )
        for regime in regimes
    }
    ends = [end for rows in tables.values() for _, i in rows for end in (i.low, i.high)]
    scale = Scale.around(ends or [0.0, 1.0], left, right)
    return {
        key: DotChart(
            tuple((*row, 16 + 26 * line) for line, row in enumerate(rows)),
            scale,
            32 + 26 * len(rows),
        )
        for key, rows in tables.items()
    }


def difference_scale(differences: Sequence[Difference], *, width: int = 320) -> Scale:
    """Return one scale for differences that are compared by eye, zero in the middle."""
    reach = max([0.02, *(abs(end) for d in differences for end in (d.low, d.high))])
    return Scale.around([-reach, reach], 24, width - 24, ticks=4)


@dataclass(frozen=True)
class SpreadChart:
    """Two histograms over each other: outlines in pixels, from the left foot to the right one.

    Attributes
    ----------
    right, other : str
        Points of a polygon.
    x : Scale
        Labels from 0 to 100.
    foot : float
        Pixels from the top to where both stand.
    """

    right: str
    other: str
    x: Scale
    foot: float
    height: int


def spread_chart(spread: LearnedLabels, *, width: int = 320, height: int = 112) -> SpreadChart:
    """Return where the labels of right and other pairs lie, the highest bar of both on top."""
    foot, x = height - 22.0, Scale(0, 100, 8, width - 8, 20)
    tallest = max((*spread.right, *spread.other), default=0) or 1.0

    def outline(shares: Sequence[float]) -> str:
        step = 100 / max(len(shares), 1)
        places = [f"{x(0)},{foot}"]
        for place, share in enumerate(shares):
            top = round(foot - (foot - 6) * share / tallest, 1)
            places += [f"{x(place * step)},{top}", f"{x((place + 1) * step)},{top}"]
        return " ".join([*places, f"{x(100)},{foot}"])

    return SpreadChart(outline(spread.right), outline(spread.other), x, foot, height)


@dataclass(frozen=True)
class HeatCell:
    """One cell of a heat map.

    Attributes
    ----------
    tone : str
        ``higher`` or ``lower``.
    strength : float in [0, 1]
        Opacity of its colour; low enough for ink on it to be read.
    """

    cell: BiasCell
    x: float
    y: float
    tone: str
    strength: float


@dataclass(frozen=True)
class HeatMap:
    """Groups under each other, experts beside each other, in pixels.

    Attributes
    ----------
    heads : tuple of (text or None, x)
        None is what the experts say together.
    groups : tuple of (text, y)
    hidden : int
        Experts for whom there is no room.
    """

    heads: tuple[tuple[str | None, float], ...]
    groups: tuple[tuple[str, float], ...]
    cells: tuple[HeatCell, ...]
    cell_width: float
    cell_height: int
    top: int
    height: int
    hidden: int


_MOST_COLUMNS = 6
_SLANTED = 18  # room for the head of the last column, in pixels
_STRONGEST = 0.4  # opacity: ink on it keeps a contrast of more than 4.5 to 1
_FULL = 0.10  # ten points of 100 have the full colour


def heat_map(bias: BiasMap, *, width: int = 320, names: int = 112) -> HeatMap:
    """Return how unequally groups are labelled: together, then by each expert."""
    heads = [None, *bias.experts][:_MOST_COLUMNS]
    cell_width = (width - names - _SLANTED) / len(heads)
    height, top = 17, 54
    cells = []
    for line, (_, row) in enumerate(bias.rows):
        for column, cell in enumerate(row[: len(heads)]):
            value = cell.difference or 0.0
            strength = round(_STRONGEST * min(abs(value) / _FULL, 1.0), 2)
            tone = "higher" if value > 0 else "lower"
            place = round(names + column * cell_width, 1), top + line * height
            cells.append(HeatCell(cell, *place, tone, strength))
    return HeatMap(
        tuple(
            (head and one_line(head, 12), round(names + (place + 0.5) * cell_width, 1))
            for place, head in enumerate(heads)
        ),
        tuple(
            (one_line(name, 17), top + line * height) for line, (name, _) in enumerate(bias.rows)
        ),
        tuple(cells),
        round(cell_width, 1),
        height,
        top,
        top + height * len(bias.rows) + 4,
        1 + len(bias.experts) - len(heads),
    )


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
