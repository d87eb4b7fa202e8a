"""Dots with intervals, one facet per regime: the drawing that the verdict charts share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.verdict import REGIME_TEXTS
from core.messages import N_
from core.reporting.charts.chart import Translate, new_figure, rounded, style_axes
from core.types import Comparison, Interval

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

ROW = 42  # pixels per system or metric


def facets(
    comparison: Comparison, regimes: tuple[str, ...], count: int, names: list[str], t: Translate
) -> Figure:
    """Return a figure with one column per regime and one named line per system or metric.

    Parameters
    ----------
    count : int
        Lines per facet.
    names : list of str, count long
        Beside the axis, free of markup that was not meant.
    """
    from plotly.subplots import make_subplots

    size = t(N_("{questions} questions"))
    titles = [
        f"<b>{regime_title(regime, t)}</b><br>"
        + size.format(questions=int(np.count_nonzero(comparison.regimes == regime)))
        for regime in regimes
    ]
    figure = make_subplots(
        rows=1,
        cols=len(regimes),
        shared_yaxes=True,
        horizontal_spacing=0.05,
        subplot_titles=titles,
        figure=new_figure(130 + ROW * count, margin={"l": 8, "r": 16, "t": 56, "b": 8}),
    )
    style_axes(figure)
    figure.update_annotations(font_size=14)
    figure.update_yaxes(
        tickvals=list(range(count)),
        ticktext=names,
        range=[count - 0.5, -0.65],
        showgrid=False,
    )
    return figure


def add_dot(
    figure: Figure,
    interval: Interval,
    place: int,
    colour: str,
    symbol: str,
    label: str,
    column: int,
) -> None:
    """Draw one mean with its interval and a label above it.

    Parameters
    ----------
    place : int
        Line of the facet, 0 = top.
    label : str
        Translated.
    column : int
        Facet, 1 = left.
    """
    value, low, high = rounded([interval.value, interval.low, interval.high], 3)
    figure.add_scatter(
        x=[value],
        y=[place],
        mode="markers+text",
        text=[label],
        textposition="top center",
        marker={
            "color": colour,
            "symbol": symbol,
            "size": 11,
            "line": {"width": 2, "color": colour},
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": rounded([interval.high - interval.value], 3),
            "arrayminus": rounded([interval.value - interval.low], 3),
            "thickness": 2,
            "width": 5,
            "color": colour,
        },
        hovertemplate=f"{value} ({low} – {high})<extra></extra>",
        showlegend=False,
        row=1,
        col=column,
    )


def in_two_lines(title: str) -> str:
    """Put the field's term in brackets under the plain words; also for full-width brackets."""
    start = max(title.rfind("("), title.rfind("（"))
    return title if start < 1 else f"{title[:start].rstrip()}<br>{title[start:]}"


def regime_title(regime: str, t: Translate) -> str:
    """Return what the reader calls the regime."""
    return t(REGIME_TEXTS[regime].title)
