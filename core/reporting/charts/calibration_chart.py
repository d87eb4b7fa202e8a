"""The calibration curve (reliability diagram): labels against the share of right pairs."""

from __future__ import annotations

import numpy as np

from core.labels.quality import ReliabilityCurve
from core.messages import N_, Message
from core.reporting.charts.chart import Chart, Translate, new_figure, rounded, style_axes
from core.reporting.charts.palette import MARK, TUNED


def calibration_chart(curve: ReliabilityCurve, t: Translate) -> Chart:
    """Draw one dot with its 95 % interval per bin, and the line on which labels mean what they say.

    Parameters
    ----------
    curve : ReliabilityCurve
        As ``core.labels.quality.reliability_curve`` gives it.
    t : callable
        Translates a text into the reader's language.
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
        error_y={
            "type": "data",
            "symmetric": False,
            "array": rounded(high - right, 3),
            "arrayminus": rounded(right - low, 3),
            "color": TUNED,
            "thickness": 1.5,
            "width": 4,
        },
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
            t(N_("Low (95 %)")): low.round(3),
            t(N_("High (95 %)")): high.round(3),
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
