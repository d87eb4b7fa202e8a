"""Where the mixes of base and tuned model stand in the report's drawing of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.reporting.geometry import Scale
from core.reporting.report_rows import AlphaPoint

_LABEL = 44  # pixels that a written α needs


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
    points: Sequence[AlphaPoint], *, width: int = 836, height: int = 230
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
        if min(apart, default=_LABEL) >= _LABEL:
            named.append(i)
    dots = tuple(
        AlphaDot(one, *places[i], places[i][1] - 11 if i in named else None)
        for i, (one, _) in enumerate(placed)
    )
    return AlphaCurve(dots, x, y, height)
