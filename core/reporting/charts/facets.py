"""Small multiples in one figure: several facets side by side that share their x axis' meaning.

Laid out by hand and validated once: plotly's ``make_subplots`` followed by updates takes five times
as long, which a slider feels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.reporting.charts.chart import new_figure
from core.reporting.charts.palette import GUIDE

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

FACET_HEIGHT = 120  # pixels of the drawn area
TITLE_HEIGHT = 75  # room for two title lines and the tick labels of the facet above
TOP, BOTTOM = 84, 50
GAP = 0.09  # between columns, as a share of the width


def facet_figure(
    titles: Sequence[str],
    bars: Sequence[Sequence[dict[str, Any]]],
    columns: int,
    x_axis: dict[str, Any],
    y_axis: dict[str, Any],
    x_title: str,
) -> Figure:
    """Return one figure with a facet per title, filled row by row.

    Parameters
    ----------
    titles : sequence of str
        Plotly text above each facet.
    bars : sequence of lists of plotly bar traces, one list per facet
    columns : int >= 1
    x_axis, y_axis : dict
        Plotly settings of every axis.
    x_title : str
        Written below the lowest facet of each column.
    """
    import plotly.graph_objects as go

    lines = -(-len(titles) // columns)
    inside = lines * FACET_HEIGHT + (lines - 1) * TITLE_HEIGHT
    width = (1 - GAP * (columns - 1)) / columns
    layout: dict[str, Any] = {"annotations": []}
    traces = []
    for place, (title, facet) in enumerate(zip(titles, bars, strict=True)):
        line, column = divmod(place, columns)
        key = "" if place == 0 else str(place + 1)
        left = column * (width + GAP)
        top = 1 - line * (FACET_HEIGHT + TITLE_HEIGHT) / inside
        lowest = place + columns >= len(titles)
        layout[f"xaxis{key}"] = {
            **x_axis,
            "domain": [round(left, 4), round(left + width, 4)],
            "anchor": f"y{key}",
            "zeroline": False,
            **({"title": {"text": x_title, "standoff": 8}} if lowest else {}),
        }
        layout[f"yaxis{key}"] = {
            **y_axis,
            "domain": [round(max(top - FACET_HEIGHT / inside, 0), 4), round(top, 4)],
            "anchor": f"x{key}",
            "zeroline": False,
            "gridcolor": GUIDE,
        }
        layout["annotations"].append(
            {
                "text": title,
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
        traces += [go.Bar(**bar, xaxis=f"x{key}", yaxis=f"y{key}") for bar in facet]
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
