"""Gains of projects and of benchmark sets beside each other, and their random-effects mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.evaluation.statistics import RandomEffects
from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import (
    Chart,
    Translate,
    error_bars,
    name_lines,
    new_figure,
    shortened,
    style_axes,
)

_ROW, _NAME = 34, 30  # pixels of a line; characters of a name beside the axis
_MARGIN = {"l": 8, "r": 16, "t": 12, "b": 8}
_OVER = N_(
    "Your projects ({projects}) and sets of the benchmark ({sets}) gain {value} nDCG@10 on average "
    "({low} to {high})."
)
# Told apart without colour, too.
_PROJECT, _SET, _MEAN = (
    (palette.TUNED, "circle", N_("your project")),
    (palette.BASE, "diamond", N_("benchmark set")),
    (palette.MARK, "square", N_("mean")),
)
_Line = tuple[str, float, float, float]  # name, value, low, high


def gains_forest(
    projects: Mapping[str, tuple[float, float, float]],
    sets: Mapping[str, tuple[float, float, float]],
    summary: RandomEffects,
    t: Translate,
) -> Chart:
    """Draw each gain with its interval, projects first, and the mean of all below them.

    Parameters
    ----------
    projects, sets : mapping of name to (value, low, high)
        Gains in nDCG@10; of projects, and of sets of the benchmark.
    """
    import pandas as pd

    kinds: Sequence[tuple[tuple[str, str, str], list[_Line]]] = (
        (_PROJECT, [(name, *ends) for name, ends in projects.items()]),
        (_SET, [(name, *ends) for name, ends in sets.items()]),
        (_MEAN, [(t(_MEAN[2]), summary.value, summary.low, summary.high)]),
    )
    count = sum(len(lines) for _, lines in kinds)
    figure = new_figure(70 + _ROW * count, margin=_MARGIN, legend={"y": 1.02})
    names, rows, place = [], [], 0
    for (colour, marker, title), lines in kinds:
        if not lines:
            continue
        values = [value for _, value, _, _ in lines]
        lows, highs = [low for _, _, low, _ in lines], [high for *_, high in lines]
        figure.add_scatter(
            x=values,
            y=list(range(place, place + len(lines))),
            name=t(title),
            mode="markers",
            marker={"size": 11, "color": colour, "symbol": marker},
            error_x=error_bars(values, lows, highs, colour),
            customdata=[[name] for name, *_ in lines],
            hovertemplate="%{customdata[0]}: %{x:+.3f}<extra></extra>",
        )
        place += len(lines)
        names += [shortened(name, _NAME) for name, *_ in lines]
        rows += [(t(title), name, *(round(end, 3) for end in ends)) for name, *ends in lines]
    style_axes(figure)
    name_lines(figure, names)
    figure.update_xaxes(tickformat="+.2f", zeroline=True, zerolinecolor=palette.MARK)
    heads = (N_("Kind"), N_("Name"), N_("Gain (nDCG@10)"), N_("Low (95 %)"), N_("High (95 %)"))
    table = pd.DataFrame(rows, columns=[t(head) for head in heads])
    told: dict[str, str | int | float] = {
        "projects": len(projects),
        "sets": len(sets),
        **{end: f"{getattr(summary, end):+.3f}" for end in ("value", "low", "high")},
    }
    return Chart(figure, Message(_OVER, told), table)
