"""What every chart function returns, and the look that all figures share."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from core.messages import N_, Message
from core.reporting.charts.palette import GUIDE

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

Translate: TypeAlias = Callable[[str], str]  # a text into the reader's language
TRANSPARENT = "rgba(0,0,0,0)"
LOW, HIGH = N_("Low (95 %)"), N_("High (95 %)")  # heads of both ends of an interval


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure for the eye, a sentence for the screen reader, a table for both.

    Attributes
    ----------
    figure : plotly figure
        Aggregated values only, never raw pairs; no colour of its own for text or background.
    summary : Message
        Text alternative: what the chart shows, with its main numbers.
    table : pandas.DataFrame
        The numbers that are drawn, with translated column names.
    """

    figure: Figure
    summary: Message
    table: DataFrame


def new_figure(height: int, **layout: Any) -> Figure:
    """Return an empty figure that is legible on light and dark pages.

    Parameters
    ----------
    height : int
        Height in pixels; the width follows the page.
    **layout
        Further plotly layout settings.
    """
    import plotly.graph_objects as go

    # A template of its own, because plotly's default one is 6 kB of colours for other charts and
    # ties the figure to white; it keeps the key "layout", which Streamlit's theme fills in.
    settings: dict[str, Any] = {
        "template": go.layout.Template(layout={"hovermode": "closest"}),
        "height": height,
        "paper_bgcolor": TRANSPARENT,
        "plot_bgcolor": TRANSPARENT,
        "margin": {"l": 8, "r": 8, "t": 48, "b": 8},
        "font": {"size": 13},
    }
    legend = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"}
    settings |= layout
    settings["legend"] = legend | layout.get("legend", {})
    return go.Figure(layout=settings)


def side_by_side(
    titles: Sequence[str], height: int, spacing: float, *, shared: str = "", **layout: Any
) -> Figure:
    """Return a figure with one facet per title.

    Parameters
    ----------
    titles : sequence of str
        Translated; plotly text above each facet.
    height : int
        Height in pixels.
    spacing : float
        Between the facets, as a share of the width.
    shared : str
        Axes that all facets have in common: "", ``y`` or ``xy``.
    **layout
        As for :func:`new_figure`.
    """
    from plotly.subplots import make_subplots

    return make_subplots(
        rows=1,
        cols=len(titles),
        shared_xaxes="all" if shared == "xy" else False,
        shared_yaxes={"y": True, "xy": "all"}.get(shared, False),
        horizontal_spacing=spacing,
        subplot_titles=titles,
        figure=new_figure(height, **layout),
    )


def in_ink(figure: Figure, colour: str) -> Figure:
    """Return a copy with every text in one colour: that of the page it is drawn on.

    Streamlit draws ticks, titles and legends in a grey that has a contrast of 3.7 to 1 on white.
    A copy, because visitors with another theme are shown the same figure.
    """
    from plotly.graph_objects import Figure as Copied

    font = {"font": {"color": colour}}
    inked = Copied(figure)
    inked.update_layout(**font, legend=font)
    axes = {"tickfont": font["font"], "title": font}
    inked.update_xaxes(**axes)
    inked.update_yaxes(**axes)
    inked.update_annotations(**font)
    # What is not chosen in a chart would fade.
    inked.update_traces(unselected={"textfont": font["font"]}, selector={"type": "scatter"})
    return inked


_LEGIBLE = 20  # pixels of letters on a slide: read from the last row once it is enlarged


def enlarged(chart: Chart, height: int) -> Chart:
    """Return a chart for a slide: so many pixels high, its texts large, with the same words.

    A copy, because the page of the stop shows the same figure.
    """
    from plotly.graph_objects import Figure as Copied

    letters = {"size": _LEGIBLE}
    figure = Copied(chart.figure)
    edges = figure.layout.margin.to_plotly_json()
    figure.update_layout(margin={side: room * _LEGIBLE / 12 for side, room in edges.items()})
    figure.update_layout(
        height=height, font=letters, legend={"font": letters}, hoverlabel={"font": letters}
    )
    axes = {"tickfont": letters, "title": {"font": letters}}
    figure.update_xaxes(**axes)
    figure.update_yaxes(**axes)
    figure.update_annotations(font=letters)
    figure.update_traces(textfont=letters, selector={"type": "scatter"})
    return replace(chart, figure=figure)


def style_axes(figure: Figure) -> None:
    """Give all axes the same quiet grid and room for their labels."""
    figure.update_xaxes(automargin=True, gridcolor=GUIDE, zeroline=False, title_standoff=8)
    figure.update_yaxes(automargin=True, gridcolor=GUIDE, zeroline=False, title_standoff=8)


def name_lines(
    figure: Figure,
    names: Sequence[str],
    *,
    above: float = 0.65,
    below: float = 0.5,
    grid: bool = False,
) -> None:
    """Write a name beside each line of dots, the first on top.

    Parameters
    ----------
    names : sequence of str
        Free of markup that was not meant; see :func:`shortened`.
    above, below : float
        Room over the first and under the last line, in lines.
    """
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=list(names),
        range=[len(names) - 1 + below, -above],
        showgrid=grid,
    )


def error_bars(
    values: Sequence[float] | np.ndarray,
    low: Sequence[float] | np.ndarray,
    high: Sequence[float] | np.ndarray,
    colour: str,
    *,
    thin: bool = False,
) -> dict[str, Any]:
    """Return plotly's error bars of intervals that need not lie evenly; none where an end is NaN.

    Parameters
    ----------
    values, low, high : floats [n]
    thin : bool
        For charts with many dots.
    """
    places, lower, upper = (np.asarray(numbers, float) for numbers in (values, low, high))
    return {
        "type": "data",
        "symmetric": False,
        "array": [length or 0 for length in rounded(upper - places, 3)],
        "arrayminus": [length or 0 for length in rounded(places - lower, 3)],
        "thickness": 1.5 if thin else 2,
        "width": 4 if thin else 5,
        "color": colour,
    }


def table_of(rows: Sequence[Sequence[Any]], heads: Sequence[str], t: Translate) -> DataFrame:
    """Return rows as a table; ``heads`` are message ids."""
    import pandas as pd

    return pd.DataFrame(rows, columns=[t(head) for head in heads])


def rounded(values: Sequence[float] | np.ndarray, digits: int) -> list[float | None]:
    """Return values as short numbers, NaN as None: what is not shown is not sent."""
    return [None if np.isnan(value) else round(float(value), digits) for value in values]


def one_line(text: str, columns: int, other: int = 2) -> str:
    """Return the beginning of a text that fits into so many columns.

    What is drawn small is sent small: a long text a thousand times over is a slow page.

    Parameters
    ----------
    other : int
        Columns of a letter beyond ASCII: most are wide, and all take more bytes, in a figure six.
    """
    room = columns
    for place, letter in enumerate(text):
        room -= 1 if letter.isascii() else other
        if room < 0:
            return text[: max(place - 1, 0)] + "…"
    return text


def shortened(text: str, most: int = 34) -> str:
    """Return a name that fits beside or above a small chart, free of markup.

    Plotly reads a few HTML tags in titles, and names of experts may come from a user's folder.
    """
    text = text if len(text) <= most else text[: most - 1] + "…"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def in_lines(name: str, room: int, most: int = 3) -> str:
    """Return a name in at most ``most`` lines of so many letters, free of markup; cut where longer.

    A line ends at a space or a hyphen where there is one.
    """
    lines = textwrap.wrap(name, max(room, 2), max_lines=most, placeholder="…")
    return "<br>".join(shortened(line, room) for line in lines)
