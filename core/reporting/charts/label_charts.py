"""Soft labels: where right and other pairs lie, and how often a label is right (calibration)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.labels.pair_sample import PairSample
from core.labels.quality import BINS, Histogram, ReliabilityCurve, average_precision, histogram
from core.messages import N_, Message
from core.reporting.charts.chart import (
    HIGH,
    LOW,
    Chart,
    Translate,
    error_bars,
    name_lines,
    new_figure,
    rounded,
    shortened,
    style_axes,
)
from core.reporting.charts.palette import BASE, GUIDE, MARK, OTHER, RIGHT, TUNED

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

SMALL_BINS = 25
FACET_HEIGHT = 120  # pixels of the drawn area
TITLE_HEIGHT = 75  # room for two title lines and the tick labels of the facet above
TOP, BOTTOM = 84, 50
GAP = 0.09  # between columns, as a share of the width
HISTOGRAM_HEIGHT = 310  # pixels
STRIP, STRIP_GAP = 0.3, 0.08  # top of the strip below a histogram with the room above it, as shares
ARROW, ARROWS_TOP = 34, 40  # pixels per line of an arrow chart, and over them
EDGE = 6  # pixels beside the drawn area, as beside the track of a slider


def score_histograms(
    sample: PairSample,
    calibrated: np.ndarray,
    combined: np.ndarray,
    names: Sequence[str],
    t: Translate,
) -> Chart:
    """Draw small histograms of right and other pairs per expert, the combined label last.

    Parameters
    ----------
    sample : PairSample
    calibrated : float array [K, n] in [0, 1]; NaN = no opinion
    combined : float array [n] in [0, 1]
    names : sequence of str, K long
        What the user calls the experts; the combined label names itself.
    """
    titles = [*names, t(N_("Combined label"))]
    rows = [*calibrated, combined]
    shapes = [histogram(values, sample.hard_label, SMALL_BINS) for values in rows]
    overlaps = _overlaps(rows, sample)
    precisions = [_precision(values, sample) for values in rows]
    facet = t(N_("precision {precision:.2f} · overlap {overlap:.0%}"))
    heads = [
        _head(shortened(title, 32), facet.format(precision=precision, overlap=overlap))
        for title, precision, overlap in zip(titles, precisions, overlaps, strict=True)
    ]
    figure = _facets(heads, shapes, min(3, len(rows)), _label_axis(0.5), t)
    best = int(np.nanargmax(precisions[:-1])) if len(precisions) > 1 else -1
    return Chart(
        figure,
        Message(
            N_(
                "Distributions of right and other pairs for {count} experts and the combined "
                "label. Best single expert: {best} (average precision {best_precision:.2f}). "
                "Combined label: average precision {precision:.2f}, overlap {overlap:.0%}."
            ),
            {
                "count": len(names),
                "best": titles[best],
                "best_precision": round(precisions[best], 4),
                "precision": round(precisions[-1], 4),
                "overlap": round(overlaps[-1], 4),
            },
        ),
        _table(titles, shapes, t),
    )


def label_histogram(
    sample: PairSample,
    combined: np.ndarray,
    t: Translate,
    *,
    in_use: np.ndarray | None = None,
    before: np.ndarray | None = None,
    cuts: tuple[float, float] = (0.0, 1.0),
) -> Chart:
    """Draw the combined label alone, larger, over the labels before the cut lines.

    The drawn area reaches from edge to edge, so that a slider below it stands under its axis.

    Parameters
    ----------
    combined : float array [n] in [0, 1]
    in_use : float array [n] in [0, 1], optional
        Labels of the same pairs by the recipe in use: an outline behind the bars.
    before : float array [n] in [0, 1], optional
        Labels before the cut lines, drawn as a strip at the bottom (axes ``x2`` and ``y2``).
    cuts : (low, high)
        What of them becomes 0 and what becomes 1: a line from the strip to either end.
    """
    shape = histogram(combined, sample.hard_label)
    strip = STRIP if before is not None else 0.0
    figure = new_figure(
        HISTOGRAM_HEIGHT,
        barmode="overlay",
        bargap=0,
        margin={"l": EDGE, "r": EDGE, "t": 30, "b": 22},
        xaxis2={"domain": [0, 1], "anchor": "y2", "matches": "x"},
        yaxis2={"domain": [0, STRIP - STRIP_GAP], "anchor": "x2"},
    )
    for bar in _bars(shape, t, legend=True):
        figure.add_bar(**bar)
    if in_use is not None:
        for trace in _outlines(histogram(in_use, sample.hard_label), t):
            figure.add_scatter(**trace)
    if before is not None:
        for bar in _bars(histogram(before, sample.hard_label), t, legend=False):
            figure.add_bar(**bar, xaxis="x2", yaxis="y2")
        for end, cut in enumerate(cuts):
            line = {"color": MARK, "width": 2, "dash": "dot"}
            places = {"x0": cut, "x1": end, "y0": STRIP - STRIP_GAP, "y1": strip}
            figure.add_shape(type="line", xref="x", yref="paper", line=line, **places)
            line = {"color": MARK, "width": 2}
            places = {"x0": cut, "x1": cut, "y0": 0, "y1": STRIP - STRIP_GAP}
            figure.add_shape(type="line", xref="x", yref="paper", line=line, **places)
    style_axes(figure)
    ticks = _ticks(figure)
    axis = _label_axis(0.1) | {"automargin": False, "fixedrange": True}
    # Both ends are written inside the edges, which have no room beside them.
    axis["ticktext"] = ["", *axis["ticktext"][1:-1], ""]
    for end, anchor in ((0, "left"), (1, "right")):
        figure.add_annotation(
            text=f"{100 * end}",
            x=end,
            y=0,
            xref="x",
            yref="paper",
            xanchor=anchor,
            yanchor="top",
            yshift=-6,
            showarrow=False,
            font={"size": 12},
        )
    figure.update_layout(
        xaxis=axis | ({"showticklabels": False} if before is not None else {}),
        xaxis2=axis,
        yaxis={
            "domain": [strip, 1],
            "rangemode": "tozero",
            "ticklabelposition": "inside top",
            "tickvals": ticks,
            "ticktext": [f"{value} %" for value in ticks],
            "automargin": False,
            "fixedrange": True,
        },
        yaxis2={
            "rangemode": "tozero",
            "showticklabels": False,
            "showgrid": False,
            "automargin": False,
            "fixedrange": True,
        },
        legend={"y": 1, "yref": "container", "yanchor": "top"},
    )
    right = sample.hard_label > 0
    table = _table([t(N_("Combined label"))], [shape], t)
    if in_use is not None:
        earlier = _table([t(N_("Labels in use"))], [histogram(in_use, sample.hard_label)], t)
        table = _stacked(table, earlier)
    return Chart(
        figure,
        Message(
            N_(
                "Distribution of the combined label over {right} right pairs (mean "
                "{right_mean:.0f}) and {other} other pairs (mean {other_mean:.0f}). They overlap "
                "by {overlap:.0%}; average precision {precision:.2f}."
            ),
            {
                "right": int(right.sum()),
                "other": int((~right).sum()),
                "right_mean": _mean(combined[right]),
                "other_mean": _mean(combined[~right]),
                "overlap": round(shape.overlap, 4),
                "precision": round(_precision(combined, sample), 4),
            },
        ),
        table,
    )


def _outlines(shape: Histogram, t: Translate) -> list[dict[str, Any]]:
    """Return the upper edges of both histograms as steps."""
    bins = len(shape.right)
    places = [round(edge / bins, 4) for edge in range(bins + 1)]
    return [
        {
            "x": places,
            "y": rounded(np.append(shares, shares[-1:]) * 100, 2),
            "mode": "lines",
            "line": {"shape": "hv", "width": 1.5, "dash": "dot", "color": colour},
            "name": t(N_("Labels in use")),
            "legendgroup": "in use",
            "showlegend": place == 0,
            "hoverinfo": "skip",
        }
        for place, (shares, colour) in enumerate(((shape.right, RIGHT), (shape.other, OTHER)))
    ]


def arrow_chart(names: Sequence[str], before: np.ndarray, after: np.ndarray, t: Translate) -> Chart:
    """Draw one arrow per line: from a score before a change to the score after it.

    Parameters
    ----------
    names : sequence of str, n long
    before, after : float arrays [n] in [0, 1]; NaN = no score on that side
    """
    import pandas as pd

    figure = new_figure(
        ARROWS_TOP + ARROW * max(len(names), 2), margin={"l": 8, "r": 16, "t": ARROWS_TOP, "b": 30}
    )
    rows = list(range(len(names)))
    starts, ends = 100 * np.asarray(before, float), 100 * np.asarray(after, float)
    for values, name, colour, symbol in (
        (starts, N_("Before"), BASE, "circle-open"),
        (ends, N_("After"), TUNED, "circle"),
    ):
        figure.add_scatter(
            x=rounded(values, 1),
            y=rows,
            mode="markers",
            name=t(name),
            marker={"color": colour, "symbol": symbol, "size": 11, "line": {"width": 2}},
            hovertemplate="%{x:.0f}",
        )
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if np.isnan(start) or np.isnan(end):
            continue
        if abs(end - start) >= 1:
            figure.add_annotation(
                x=round(float(end), 1),
                y=row,
                ax=round(float(start), 1),
                ay=row,
                axref="x",
                ayref="y",
                showarrow=True,
                arrowhead=2,
                arrowwidth=3,
                arrowcolor=TUNED,
                standoff=6,
                text="",
            )
        figure.add_annotation(
            x=round(float(max(start, end)), 1),
            y=row,
            text=f"<b>{end - start:+.0f}</b>".replace("-", "−"),
            xanchor="left",
            xshift=12,
            showarrow=False,
        )
    style_axes(figure)
    name_lines(figure, [shortened(name) for name in names])
    figure.update_xaxes(range=[-3, 112], tickvals=[0, 20, 40, 60, 80, 100], fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    table = pd.DataFrame(
        {
            t(N_("Expert")): list(names),
            t(N_("Before")): starts.round(1),
            t(N_("After")): ends.round(1),
        }
    )
    apart = np.nan_to_num(ends - starts)
    if not len(names) or not np.abs(apart).max() >= 1:
        return Chart(figure, Message(N_("No score moves by a point or more.")), table)
    furthest = int(np.abs(apart).argmax())
    text = N_("Scores before and after the change. {expert} moves furthest: {points} points.")
    params = {"expert": names[furthest], "points": f"{apart[furthest]:+.0f}".replace("-", "−")}
    return Chart(figure, Message(text, params), table)


def recipe_histograms(
    sample: PairSample, labels: Sequence[np.ndarray], names: Sequence[str], t: Translate
) -> Chart:
    """Draw the labels of several recipes over the same pairs, one facet per recipe.

    Parameters
    ----------
    labels : sequence of float arrays [n] in [0, 1], one per recipe
    names : sequence of str
        What the user calls the recipes.
    """
    shapes = [histogram(values, sample.hard_label, SMALL_BINS) for values in labels]
    overlaps = _overlaps(labels, sample)
    text = t(N_("overlap of the labels {overlap:.0%}"))
    heads = [
        _head(shortened(name, 30), text.format(overlap=overlap))
        for name, overlap in zip(names, overlaps, strict=True)
    ]
    figure = _facets(heads, shapes, 2, _label_axis(0.25), t)
    least = int(np.argmin(overlaps))
    return Chart(
        figure,
        Message(
            N_(
                "Distributions of right and other pairs for {count} recipes. They overlap least "
                "with {best}: {overlap:.0%}."
            ),
            {
                "count": len(shapes),
                "best": names[least],
                "overlap": round(overlaps[least], 4),
            },
        ),
        _table(names, shapes, t),
    )


def calibration_chart(curve: ReliabilityCurve, t: Translate) -> Chart:
    """Draw one dot with its 95 % interval per bin, and the line on which labels mean what they say.

    Parameters
    ----------
    curve : ReliabilityCurve
        As ``core.labels.quality.reliability_curve`` gives it.
    """
    import pandas as pd

    filled = np.flatnonzero(curve.weight > 0)
    label, right = curve.label[filled], curve.right[filled]
    low, high = curve.low[filled], curve.high[filled]
    low, high = np.where(np.isnan(low), right, low), np.where(np.isnan(high), right, high)
    figure = new_figure(360, margin={"l": 8, "r": 16, "t": 40, "b": 8})
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": MARK, "dash": "dash", "width": 1.5},
        name=t(N_("A label means what it says")),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=rounded(label, 3),
        y=rounded(right, 3),
        mode="lines+markers",
        line={"color": TUNED, "width": 2},
        marker={"color": TUNED, "size": 9},
        error_y=error_bars(right, low, high, TUNED, thin=True),
        name=t(N_("These labels")),
        hovertemplate="%{x:.2f} → %{y:.2f}",
    )
    style_axes(figure)
    figure.update_xaxes(range=[0, 1], dtick=0.2, title_text=t(N_("Mean label")))
    figure.update_yaxes(range=[-0.02, 1.02], dtick=0.2, title_text=t(N_("Share of right pairs")))
    table = pd.DataFrame(
        {
            t(N_("Mean label")): label.round(3),
            t(N_("Share of right pairs")): right.round(3),
            t(LOW): low.round(3),
            t(HIGH): high.round(3),
            t(N_("Share of pairs (%)")): (curve.weight[filled] * 100).round(1),
        }
    )
    if not len(filled):
        return Chart(figure, Message(N_("There is no pair with a label to draw.")), table)
    below = curve.weight[filled][right < label].sum()
    template = (
        N_(
            "Calibration curve: labels and the share of right pairs are {error:.0%} apart on "
            "average; labels mostly promise too much."
        )
        if below > 0.5
        else N_(
            "Calibration curve: labels and the share of right pairs are {error:.0%} apart on "
            "average; labels mostly promise too little."
        )
    )
    return Chart(figure, Message(template, {"error": round(curve.error, 4)}), table)


def _ticks(figure: Figure) -> list[int]:
    """Return up to four percentages to write inside the edge; 0 would lie on the lowest bar."""
    drawn = [one for one in figure.data if one.y is not None and one.yaxis != "y2"]
    highest = max((float(np.max(one.y)) for one in drawn), default=0.0)
    step = next((s for s in (1, 2, 5, 10, 20, 25) if highest <= 4 * s), 50)
    return list(range(step, int(highest) + 1, step))


def _head(title: str, figures: str) -> str:
    return f"<b>{title}</b><br><span style='font-size:11px'>{figures}</span>"


def _facets(
    heads: Sequence[str],
    shapes: Sequence[Histogram],
    columns: int,
    label_axis: dict[str, Any],
    t: Translate,
) -> Figure:
    """Return one figure with a small histogram under each head, filled row by row.

    Laid out by hand and validated once: plotly's ``make_subplots`` followed by updates takes five
    times as long, which a slider feels.
    """
    import plotly.graph_objects as go

    lines = -(-len(heads) // columns)
    inside = lines * FACET_HEIGHT + (lines - 1) * TITLE_HEIGHT
    width = (1 - GAP * (columns - 1)) / columns
    layout: dict[str, Any] = {"annotations": []}
    traces = []
    for place, (head, shape) in enumerate(zip(heads, shapes, strict=True)):
        line, column = divmod(place, columns)
        key = "" if place == 0 else str(place + 1)
        left = column * (width + GAP)
        top = 1 - line * (FACET_HEIGHT + TITLE_HEIGHT) / inside
        lowest = place + columns >= len(heads)
        layout[f"xaxis{key}"] = {
            **label_axis,
            "domain": [round(left, 4), round(left + width, 4)],
            "anchor": f"y{key}",
            "zeroline": False,
            **({"title": {"text": t(N_("Soft label")), "standoff": 8}} if lowest else {}),
        }
        layout[f"yaxis{key}"] = {
            "rangemode": "tozero",
            "ticksuffix": " %",
            "nticks": 4,
            "automargin": True,
            "domain": [round(max(top - FACET_HEIGHT / inside, 0), 4), round(top, 4)],
            "anchor": f"x{key}",
            "zeroline": False,
            "gridcolor": GUIDE,
        }
        layout["annotations"].append(
            {
                "text": head,
                "x": round(left + width / 2, 4),
                "y": round(top, 4),
                "xref": "paper",
                "yref": "paper",
                "xanchor": "center",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 14},
            }
        )
        bars = _bars(shape, t, legend=place == 0)
        traces += [go.Bar(**bar, xaxis=f"x{key}", yaxis=f"y{key}") for bar in bars]
    figure = new_figure(
        inside + TOP + BOTTOM,
        barmode="overlay",
        bargap=0,
        margin={"l": 40, "r": 8, "t": TOP, "b": BOTTOM},
        legend={"y": 1, "yref": "container", "yanchor": "top"},
        **layout,
    )
    figure.add_traces(traces)
    return figure


def _label_axis(step: float) -> dict[str, Any]:
    """Return an axis of labels: drawn from 0 to 1, read as 0 to 100 like everywhere else."""
    places = [round(place * step, 4) for place in range(round(1 / step) + 1)]
    words = [f"{place * 100:g}" for place in places]
    return {"range": [0, 1], "tickvals": places, "ticktext": words, "showgrid": False}


def _precision(values: np.ndarray, sample: PairSample) -> float:
    known = ~np.isnan(values)
    shapes = average_precision(values[known], sample.hard_label[known], sample.weight[known])
    return 0.0 if np.isnan(shapes) else shapes


def _overlaps(rows: Sequence[np.ndarray], sample: PairSample) -> list[float]:
    """Return overlaps as tiles and tables tell them: by bins finer than a facet draws."""
    return [histogram(values, sample.hard_label).overlap for values in rows]


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return round(100 * float(known.mean()), 2) if len(known) else 0.0


def _bars(shape: Histogram, t: Translate, *, legend: bool) -> list[dict[str, Any]]:
    bins = len(shape.right)
    kinds = (
        (t(N_("Other pairs")), shape.other, OTHER),
        (t(N_("Right answers")), shape.right, RIGHT),
    )
    return [
        {
            "x0": round(0.5 / bins, 4),
            "dx": 1 / bins,
            "y": rounded(shares * 100, 2),
            "width": 1 / bins,
            "name": name,
            "legendgroup": name,
            "showlegend": legend,
            "marker": {"color": colour, "opacity": 0.62, "line": {"width": 0}},
            "text": [round(100 * (place + 0.5) / bins) for place in range(bins)],
            "textposition": "none",  # for the hover alone
            "hovertemplate": "%{text}: %{y:.1f} %",
        }
        for name, shares, colour in kinds
    ]


def _stacked(*tables: DataFrame) -> DataFrame:
    import pandas as pd

    return pd.concat(tables, ignore_index=True)


def _table(titles: Sequence[str], shapes: Sequence[Histogram], t: Translate) -> DataFrame:
    import pandas as pd

    bins = len(shapes[0].right) if shapes else BINS
    edges = np.linspace(0, 100, bins + 1)
    return pd.DataFrame(
        {
            t(N_("Labels by")): np.repeat(list(titles), bins),
            t(N_("From")): np.tile(edges[:-1].round(1), len(shapes)),
            t(N_("To")): np.tile(edges[1:].round(1), len(shapes)),
            t(N_("Right answers (%)")): np.concatenate([s.right * 100 for s in shapes]).round(2),
            t(N_("Other pairs (%)")): np.concatenate([s.other * 100 for s in shapes]).round(2),
        }
    )
