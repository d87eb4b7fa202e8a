"""Own field against everyday language, as the tuned weights are mixed with the old ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import Chart, Translate, new_figure, style_axes


def alpha_chart(
    sweep: Sequence[Mapping[str, Any]], chosen: float | None, t: Translate
) -> Chart | None:
    """Draw search quality against generality, one point per share α of the tuned weights.

    Parameters
    ----------
    sweep : sequence of mappings
        ``alpha`` in [0, 1], ``score`` (nDCG@10 on validation questions), ``generality`` (Spearman,
        may be None).
    chosen : float or None
        The α of the model that was kept.

    Returns
    -------
    Chart or None
        None where fewer than two points were measured both ways.
    """
    import pandas as pd

    points = sorted(
        (float(one["alpha"]), float(one["score"]), float(one["generality"]))
        for one in sweep
        if one.get("score") is not None and one.get("generality") is not None
    )
    if len(points) < 2:
        return None
    nearest = min(points, key=lambda p: abs(p[0] - chosen)) if chosen is not None else None
    figure = new_figure(360, margin={"l": 8, "r": 8, "t": 40, "b": 8})
    figure.add_scatter(
        x=[round(p[2], 4) for p in points],
        y=[round(p[1], 4) for p in points],
        mode="lines+markers+text",
        text=[f"\u2003α {p[0]:g}" for p in points],  # beside the ring, not under it
        textposition="middle right",
        cliponaxis=False,
        line={"color": palette.TUNED, "width": 2},
        marker={"color": palette.TUNED, "size": 8},
        hovertemplate="%{text}: %{y} · %{x}<extra></extra>",
        name=t(N_("Share of the tuned weights (α)")),
    )
    if nearest is not None:
        figure.add_scatter(
            x=[round(nearest[2], 4)],
            y=[round(nearest[1], 4)],
            mode="markers",
            marker={
                "color": "rgba(0,0,0,0)",
                "size": 20,
                "line": {"color": palette.RIGHT, "width": 3},
            },
            hoverinfo="skip",
            name=t(N_("Chosen")),
        )
    style_axes(figure)
    figure.update_xaxes(title=t(N_("Everyday language (Spearman)")))
    figure.update_yaxes(title=t(N_("Own questions (nDCG@10, validation)")))
    table = pd.DataFrame(
        {
            "α": [p[0] for p in points],
            t(N_("Own questions (nDCG@10, validation)")): [round(p[1], 4) for p in points],
            t(N_("Everyday language (Spearman)")): [round(p[2], 4) for p in points],
            t(N_("Chosen")): ["✓" if p == nearest else "" for p in points],
        }
    )
    first, last = points[0], points[-1]
    summary = Message(
        N_(
            "From α = {first:g} to α = {last:g}, search on own validation questions goes from "
            "{low:.3f} to {high:.3f} and everyday language from {before:.3f} to {after:.3f}."
        ),
        {
            "first": first[0],
            "last": last[0],
            "low": first[1],
            "high": last[1],
            "before": first[2],
            "after": last[2],
        },
    )
    return Chart(figure, summary, table)
