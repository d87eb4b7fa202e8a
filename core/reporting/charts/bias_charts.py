"""Labels by group: who favours which as one map; means of right and other pairs in detail.

A group that gets higher or lower labels than all others beyond chance has a triangle that points
there, in its own colour; all others have a round dot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.labels.bias import FavourMap, GroupBias
from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import (
    Chart,
    Translate,
    error_bars,
    in_lines,
    name_lines,
    new_figure,
    rounded,
    shortened,
    side_by_side,
)

if TYPE_CHECKING:
    from pandas import DataFrame

ROW = 34  # pixels per group
# Of the map, in pixels: all lines, the least and most of one, heads, names; letters of all heads.
MAP_HEIGHT, LINE, HEAD, NAMES, ROOM = 400, (20, 40), 52, 150, 96
SYMBOLS = {1: "triangle-right", 0: "circle", -1: "triangle-left"}
WORDS = {1: N_("higher"), 0: N_("not shown"), -1: N_("lower")}


def bias_chart(bias: GroupBias, t: Translate, before: GroupBias | None = None) -> Chart:
    """Draw one line per group: mean label of right pairs, of other pairs, average precision.

    Parameters
    ----------
    bias : GroupBias
        With average precision.
    before : GroupBias, optional
        Of the same groups before they were evened out: drawn as hollow grey dots.
    """
    names = [shortened(name) for name in bias.grouping.names]
    titles = (N_("Right answers: mean label"), N_("Other pairs: mean label"), N_("Precision (AP)"))
    heads = [f"<b>{t(title)}</b>" for title in titles]
    height, margin = 120 + ROW * len(names), {"l": 8, "r": 16, "t": 40, "b": 8}
    figure = side_by_side(heads, height, 0.04, shared="y", margin=margin)
    colours = (palette.RIGHT, palette.OTHER, palette.BASELINE)
    earlier = _columns(before) if before is not None else ()
    for column, (now, colour) in enumerate(zip(_columns(bias), colours, strict=True), start=1):
        if earlier:
            figure.add_scatter(
                **_dots(
                    earlier[column - 1][0], np.zeros(len(names), int), palette.BASE, hollow=True
                ),
                name=t(N_("Before")),
                row=1,
                col=column,
            )
        values, low, high, sign = now
        figure.add_scatter(
            **_dots(values, sign, colour),
            error_x=error_bars(values, low, high, palette.MARK, thin=True),
            name=t(N_("Now")),
            row=1,
            col=column,
        )
    figure.update_annotations(font_size=13)
    name_lines(figure, names, above=0.5, grid=True)
    return Chart(figure, _summary(bias, before), _table(bias, before, t))


def bias_heatmap(found: FavourMap, names: Sequence[str], t: Translate) -> Chart:
    """Draw groups × (all experts together, each expert): how far a group's labels lie off the rest.

    A cell tells of right answers or of other pairs, whichever differs beyond chance or more; the
    text at the pointer says both. The cells are marks that can be chosen, in the order row by row.

    Parameters
    ----------
    names : sequence of str, K long
        What the user calls the experts.
    """
    import pandas as pd

    heads, groups = [t(N_("Together")), *names], found.grouping.names
    points = 100 * found.values.T  # groups × columns
    rows, columns = points.shape
    most = max(float(np.nanmax(np.abs(points), initial=0.0)), 1.0)
    line = float(np.clip(MAP_HEIGHT / max(rows, 1), *LINE))
    figure = new_figure(
        round(HEAD + line * rows + 8), margin={"l": NAMES, "r": 4, "t": HEAD, "b": 8}
    )
    across, down = list(range(columns)), list(range(rows))
    figure.add_heatmap(
        z=[rounded(row, 1) for row in points],
        x=across,
        y=down,
        zmin=-most,
        zmax=most,
        colorscale=[list(stop) for stop in palette.DIVERGING],
        showscale=False,
        xgap=2,
        ygap=2,
        hoverinfo="skip",
    )
    cells = [(row, column) for row in down for column in across]
    # Texts of a scatter trace take the theme's colour; those of a heatmap look at no transparency.
    figure.add_scatter(
        x=[column for _, column in cells],
        y=[row for row, _ in cells],
        text=[_signed(points[cell]) for cell in cells],
        mode="markers+text",
        textfont={"size": 13},
        marker={"symbol": "square", "size": line - 6, "color": "rgba(0,0,0,0)"},
        hovertext=[_told(found, heads, cell, t) for cell in cells],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )
    for row, column in cells:
        if found.flagged[column, row]:
            colour = palette.HIGHER if points[row, column] > 0 else palette.LOWER
            figure.add_shape(
                type="rect",
                x0=column - 0.47,
                x1=column + 0.47,
                y0=row - 0.44,
                y1=row + 0.44,
                line={"color": colour, "width": 3},
            )
    for place, name in enumerate(groups):
        figure.add_annotation(
            text=shortened(name, 20),
            hovertext=shortened(name, 200),
            x=0,
            y=place,
            xref="paper",
            xanchor="right",
            xshift=-6,
            showarrow=False,
        )
    room = max(int(ROOM / columns), 6)
    for place, name in enumerate(heads):
        figure.add_annotation(
            text=in_lines(name, room),
            hovertext=shortened(name, 200),
            x=place,
            y=1,
            yref="paper",
            yanchor="bottom",
            showarrow=False,
            font={"size": 12},
        )
    figure.update_layout(hoverdistance=-1)  # all of a cell can be clicked, not its middle alone
    bare = {"showticklabels": False, "showgrid": False, "zeroline": False, "fixedrange": True}
    figure.update_xaxes(**bare, range=[-0.5, columns - 0.5])
    figure.update_yaxes(**bare, range=[rows - 0.5, -0.5])
    kinds = (t(N_("Right answers")), t(N_("Other pairs")))
    table = pd.DataFrame(
        {
            t(N_("Group")): np.repeat(list(groups), 2),
            t(N_("Kind of pair")): list(kinds) * rows,
            **{
                head: [
                    _signed(100 * found.difference[place, column, row], digits=1)
                    + (" ●" if found.sign[place, column, row] else "")
                    for row in down
                    for place in (0, 1)
                ]
                for column, head in enumerate(heads)
            },
        }
    )
    summary = N_(
        "Heat map of {groups} groups: labels of all experts together and of each of {experts} "
        "experts, in points off the mean of the other groups. Beyond chance: {together} groups "
        "together, {alone} cells of single experts."
    )
    params: dict[str, str | int | float] = {
        "groups": rows,
        "experts": columns - 1,
        "together": int(found.flagged[0].sum()),
        "alone": int(found.flagged[1:].sum()),
    }
    return Chart(figure, Message(summary, params), table)


def _signed(points: float, digits: int = 0) -> str:
    if np.isnan(points):
        return "–"
    text = f"{points:+.{digits}f}".replace("-", "−")
    return "0" if not float(text.replace("−", "-")) else text


def _told(found: FavourMap, heads: Sequence[str], cell: tuple[int, int], t: Translate) -> str:
    """Return what a cell says at the pointer: whole names, both kinds of pair."""
    row, column = cell
    lines = [
        f"<b>{shortened(found.grouping.names[row], 80)}</b>",
        shortened(heads[column], 80),
        *(
            f"{t(kind)}: {_signed(100 * found.difference[place, column, row], digits=1)}"
            + (f" ({t(N_('beyond chance'))})" if found.sign[place, column, row] else "")
            for place, kind in enumerate((N_("Right answers"), N_("Other pairs")))
        ),
    ]
    return "<br>".join(lines)


_Column = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _columns(bias: GroupBias) -> tuple[_Column, ...]:
    """Return values, lower and upper ends, and signs of each facet; labels from 0 to 100."""
    intervals = bias.average_precision
    precision = np.array([(i.value, i.low, i.high) for i in intervals]).reshape(-1, 3).T
    return (
        *(
            (100 * kind.means, 100 * kind.low, 100 * kind.high, kind.sign)
            for kind in (bias.right, bias.other)
        ),
        (precision[0], precision[1], precision[2], np.zeros(len(intervals), int)),
    )


def _dots(
    values: np.ndarray, sign: np.ndarray, colour: str, *, hollow: bool = False
) -> dict[str, Any]:
    colours = colour if hollow else [palette.WORSE if mark else colour for mark in sign]
    return {
        "x": rounded(values, 3),
        "y": list(range(len(values))),
        "mode": "markers",
        "showlegend": False,
        "marker": {
            "color": colours,
            "symbol": "circle-open" if hollow else [SYMBOLS[int(mark)] for mark in sign],
            "size": 9 if hollow else [13 if mark else 9 for mark in sign],
            "line": {"width": 2 if hollow else 0},
        },
        "hovertemplate": "%{x:.3~g}",
    }


def _summary(bias: GroupBias, before: GroupBias | None) -> Message:
    signs = np.stack([bias.right.sign, bias.other.sign])
    params: dict[str, str | int | float] = {
        "groups": len(bias.grouping.names),
        "marked": int((signs != 0).any(axis=0).sum()),
        "right_low": _end(bias.right.means, np.nanmin),
        "right_high": _end(bias.right.means, np.nanmax),
        "other_low": _end(bias.other.means, np.nanmin),
        "other_high": _end(bias.other.means, np.nanmax),
    }
    if before is None:
        text = N_(
            "Mean labels of {groups} groups: right answers {right_low:.0f} to {right_high:.0f}, "
            "other pairs {other_low:.0f} to {other_high:.0f}. Beyond chance, {marked} of them get "
            "higher or lower labels than the others."
        )
        return Message(text, params)
    text = N_(
        "Mean labels of {groups} groups after they were evened out: right answers {right_low:.0f} "
        "to {right_high:.0f} (before {was_low:.0f} to {was_high:.0f}), other pairs {other_low:.0f} "
        "to {other_high:.0f}. Beyond chance, {marked} of them still get higher or lower labels "
        "than the others."
    )
    params["was_low"] = _end(before.right.means, np.nanmin)
    params["was_high"] = _end(before.right.means, np.nanmax)
    return Message(text, params)


def _end(values: np.ndarray, which: Any) -> float:
    return 0.0 if np.isnan(values).all() else round(100 * float(which(values)), 2)


def _table(bias: GroupBias, before: GroupBias | None, t: Translate) -> DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {t(N_("Group")): bias.grouping.names}
    was = (before.right, before.other) if before is not None else (None, None)
    kinds = (
        (N_("Right answers"), bias.right, was[0], bias.pairs[0]),
        (N_("Other pairs"), bias.other, was[1], bias.pairs[1]),
    )
    for title, kind, earlier, pairs in kinds:
        name = t(title)
        columns[f"{name}: {t(N_('pairs'))}"] = pairs
        if earlier is not None:
            columns[f"{name}: {t(N_('before'))}"] = (100 * earlier.means).round(1)
        columns[f"{name}: {t(N_('mean label'))}"] = (100 * kind.means).round(1)
        columns[f"{name}: {t(N_('low (95 %)'))}"] = (100 * kind.low).round(1)
        columns[f"{name}: {t(N_('high (95 %)'))}"] = (100 * kind.high).round(1)
        columns[f"{name}: {t(N_('p-value'))}"] = kind.p.round(4)
        columns[f"{name}: {t(N_('compared with the others'))}"] = [
            t(WORDS[int(sign)]) for sign in kind.sign
        ]
    columns[t(N_("Precision (AP)"))] = [round(i.value, 3) for i in bias.average_precision]
    return pd.DataFrame(columns)
