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
    new_figure,
    rounded,
    shortened,
    style_axes,
)
from core.reporting.charts.palette import GUIDE, MARK, OTHER, RIGHT, TUNED

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

SMALL_BINS = 25
FACET_HEIGHT = 120  # pixels of the drawn area
TITLE_HEIGHT = 75  # room for two title lines and the tick labels of the facet above
TOP, BOTTOM = 84, 50
GAP = 0.09  # between columns, as a share of the width


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
    precisions = [_precision(values, sample) for values in rows]
    facet = t(N_("precision {precision:.2f} · overlap {overlap:.0%}"))
    heads = [
        _head(shortened(title, 22), facet.format(precision=precision, overlap=shape.overlap))
        for title, precision, shape in zip(titles, precisions, shapes, strict=True)
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
                "overlap": round(shapes[-1].overlap, 4),
            },
        ),
        _table(titles, shapes, t),
    )


def label_histogram(
    sample: PairSample,
    combined: np.ndarray,
    t: Translate,
    cuts: Sequence[tuple[float, str]] = (),
) -> Chart:
    """Draw the combined label alone, larger, with marks at the cuts.

    Parameters
    ----------
    combined : float array [n] in [0, 1]
    cuts : sequence of (label in [0, 1], translated name)
        Vertical marks, for example the threshold of the curve.
    """
    shape = histogram(combined, sample.hard_label)
    figure = new_figure(380, barmode="overlay", bargap=0, margin={"l": 8, "r": 16, "t": 64, "b": 8})
    for bar in _bars(shape, t, legend=True):
        figure.add_bar(**bar)
    for place, (label, name) in enumerate(cuts):
        figure.add_vline(
            x=label,
            line={"color": MARK, "width": 2, "dash": "dash"},
            annotation={"text": shortened(name), "yshift": 2 - 18 * place},
            annotation_position="top left" if label > 0.8 else "top right",
        )
    style_axes(figure)
    figure.update_xaxes(**_label_axis(0.1), title_text=t(N_("Soft label")))
    figure.update_yaxes(
        rangemode="tozero", ticksuffix=" %", title_text=t(N_("Share of pairs of each kind"))
    )
    figure.update_layout(legend={"y": 1, "yref": "container", "yanchor": "top"})
    right = sample.hard_label > 0
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
        _table([t(N_("Combined label"))], [shape], t),
    )


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
    overlap = t(N_("overlap {overlap:.0%}"))
    heads = [
        _head(shortened(name, 30), overlap.format(overlap=shape.overlap))
        for name, shape in zip(names, shapes, strict=True)
    ]
    figure = _facets(heads, shapes, 2, _label_axis(0.25), t)
    least = int(np.argmin([shape.overlap for shape in shapes]))
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
                "overlap": round(shapes[least].overlap, 4),
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
