"""Where right pairs and other pairs lie: per expert, and for the combined label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.labels.pair_sample import PairSample
from core.labels.quality import BINS, Histogram, average_precision, histogram
from core.messages import N_, Message
from core.reporting.charts.chart import Chart, Translate, new_figure, rounded, shortened, style_axes
from core.reporting.charts.facets import facet_figure
from core.reporting.charts.palette import MARK, OTHER, RIGHT

if TYPE_CHECKING:
    from pandas import DataFrame

SMALL_BINS = 25


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
    t : callable
        Translates a text into the reader's language.
    """
    titles = [*names, t(N_("Combined label"))]
    rows = [*calibrated, combined]
    found = [histogram(values, sample.hard_label, SMALL_BINS) for values in rows]
    precisions = [_precision(values, sample) for values in rows]
    columns, room = min(3, len(rows)), 22
    facet = t(N_("precision {precision:.2f} · overlap {overlap:.0%}"))
    figure = facet_figure(
        [
            f"<b>{shortened(title, room)}</b><br>"
            f"<span style='font-size:11px'>"
            f"{facet.format(precision=precision, overlap=shape.overlap)}</span>"
            for title, precision, shape in zip(titles, precisions, found, strict=True)
        ],
        [_bars(shape, t, legend=place == 0) for place, shape in enumerate(found)],
        columns,
        x_axis=_label_axis(0.5),
        y_axis={"rangemode": "tozero", "ticksuffix": " %", "nticks": 4, "automargin": True},
        x_title=t(N_("Soft label")),
    )
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
                "overlap": round(found[-1].overlap, 4),
            },
        ),
        _table(titles, found, t),
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
    found = [histogram(values, sample.hard_label, SMALL_BINS) for values in labels]
    overlap = t(N_("overlap {overlap:.0%}"))
    figure = facet_figure(
        [
            f"<b>{shortened(name, 30)}</b><br>"
            f"<span style='font-size:11px'>{overlap.format(overlap=shape.overlap)}</span>"
            for name, shape in zip(names, found, strict=True)
        ],
        [_bars(shape, t, legend=place == 0) for place, shape in enumerate(found)],
        2,
        x_axis=_label_axis(0.25),
        y_axis={"rangemode": "tozero", "ticksuffix": " %", "nticks": 4, "automargin": True},
        x_title=t(N_("Soft label")),
    )
    least = int(np.argmin([shape.overlap for shape in found]))
    return Chart(
        figure,
        Message(
            N_(
                "Distributions of right and other pairs for {count} recipes. They overlap least "
                "with {best}: {overlap:.0%}."
            ),
            {
                "count": len(found),
                "best": names[least],
                "overlap": round(found[least].overlap, 4),
            },
        ),
        _table(names, found, t),
    )


def _label_axis(step: float) -> dict[str, Any]:
    """Return an axis of labels: drawn from 0 to 1, read as 0 to 100 like everywhere else."""
    places = [round(place * step, 4) for place in range(round(1 / step) + 1)]
    words = [f"{place * 100:g}" for place in places]
    return {"range": [0, 1], "tickvals": places, "ticktext": words, "showgrid": False}


def _precision(values: np.ndarray, sample: PairSample) -> float:
    known = ~np.isnan(values)
    found = average_precision(values[known], sample.hard_label[known], sample.weight[known])
    return 0.0 if np.isnan(found) else found


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
