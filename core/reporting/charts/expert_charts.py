"""How good each expert is on its own, and which experts agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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
from core.reporting.charts.palette import SEQUENTIAL, TUNED


def agreement_heatmap(matrix: np.ndarray, names: Sequence[str], t: Translate) -> Chart:
    """Draw the expert–expert rank correlations with their values in the cells.

    Parameters
    ----------
    matrix : float array [K, K] in [-1, 1]
        Spearman correlations, as ``core.labels.similar_experts.agreement`` gives them.
    names : sequence of str, K long
    """
    import pandas as pd

    count = len(names)
    places = list(range(count))
    figure = new_figure(70 + 44 * max(count, 2), margin={"l": 8, "r": 8, "t": 8, "b": 8})
    figure.add_heatmap(
        z=[rounded(row, 2) for row in matrix],
        x=places,
        y=places,
        zmin=0,
        zmax=1,
        colorscale=[list(stop) for stop in SEQUENTIAL],
        showscale=False,
        xgap=2,
        ygap=2,
        hoverinfo="skip",
    )
    # The heatmap's own cell texts pick black or white without looking at transparency; texts of a
    # scatter trace take the theme's colour, which is legible on these tints.
    figure.add_scatter(
        x=places * count,
        y=[row for row in places for _ in places],
        text=[f"{value:.2f}" for value in matrix.ravel()],
        mode="text",
        textfont={"size": 14},
        hoverinfo="skip",
        showlegend=False,
    )
    style_axes(figure)
    # Numbers along the bottom: K long names would overlap there.
    edges = {"tickvals": places, "showgrid": False, "ticks": "", "showline": False}
    figure.update_xaxes(
        **edges, ticktext=[str(place + 1) for place in places], range=[-0.5, count - 0.5]
    )
    figure.update_yaxes(
        **edges,
        ticktext=[f"{shortened(name)}  {place + 1}" for place, name in enumerate(names)],
        range=[count - 0.5, -0.5],
    )
    pairs = [(matrix[i, j], i, j) for i in range(count) for j in range(i)]
    table = pd.DataFrame(matrix.round(2), columns=list(names))
    table.insert(0, t(N_("Expert")), list(names))
    if not pairs:
        alone = Message(N_("Only one expert: there is nobody to agree with."))
        return Chart(figure, alone, table)
    (high, a, b), (low, c, d) = max(pairs), min(pairs)
    summary = Message(
        N_(
            "Agreement between {count} experts (rank correlation). Closest: {first} and {second} "
            "({high:.2f}). Furthest apart: {third} and {fourth} ({low:.2f})."
        ),
        {
            "count": count,
            "first": names[b],
            "second": names[a],
            "high": round(float(high), 4),
            "third": names[d],
            "fourth": names[c],
            "low": round(float(low), 4),
        },
    )
    return Chart(figure, summary, table)


def expert_quality_bars(
    names: Sequence[str],
    values: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    t: Translate,
    measure: str = "",
) -> Chart:
    """Draw one dot with its 95 % interval per expert, the best on top.

    Parameters
    ----------
    values, lows, highs : sequences of float
        Measure and ends of its interval; NaN ends = no interval.
    measure : str, optional
        Translated name of the measure; average precision where not given.
    """
    import pandas as pd

    measure = measure or t(N_("Average precision"))
    order = np.argsort(np.asarray(values, float), kind="stable")[::-1]
    value, low, high = (np.asarray(v, float)[order] for v in (values, lows, highs))
    low, high = np.where(np.isnan(low), value, low), np.where(np.isnan(high), value, high)
    sorted_names = [names[i] for i in order]
    count = len(sorted_names)
    figure = new_figure(80 + 40 * max(count, 1), margin={"l": 8, "r": 24, "t": 8, "b": 8})
    figure.add_scatter(
        x=rounded(value, 3),
        y=list(range(count)),
        mode="markers+text",
        text=[f"{one:.2f}" for one in value],
        textposition="top center",
        marker={"color": TUNED, "size": 11},
        error_x=error_bars(value, low, high, TUNED),
        customdata=[
            [shortened(name, 60), round(float(a), 2), round(float(b), 2)]
            for name, a, b in zip(sorted_names, low, high, strict=True)
        ],
        hovertemplate="%{customdata[0]}: %{x:.2f} (%{customdata[1]}–%{customdata[2]})",
        name="",
        showlegend=False,
    )
    style_axes(figure)
    figure.update_xaxes(title_text=measure, range=[0, 1.02], dtick=0.2)
    name_lines(figure, [shortened(name) for name in sorted_names], above=0.9, below=0.6)
    table = pd.DataFrame(
        {
            t(N_("Expert")): sorted_names,
            measure: value.round(3),
            t(LOW): low.round(3),
            t(HIGH): high.round(3),
        }
    )
    if not count:
        return Chart(figure, Message(N_("No expert has been scored yet.")), table)
    summary = Message(
        N_(
            "{measure} of {count} experts with 95 % intervals. Best: {best} ({high:.2f}, "
            "{best_low:.2f} to {best_high:.2f}). Weakest: {worst} ({low:.2f})."
        ),
        {
            "measure": measure,
            "count": count,
            "best": sorted_names[0],
            "high": round(float(value[0]), 4),
            "best_low": round(float(low[0]), 4),
            "best_high": round(float(high[0]), 4),
            "worst": sorted_names[-1],
            "low": round(float(value[-1]), 4),
        },
    )
    return Chart(figure, summary, table)
