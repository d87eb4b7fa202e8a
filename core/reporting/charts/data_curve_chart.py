"""Search quality over the amount of training data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.statistics import Spread
from core.evaluation.verdict import REGIME_TEXTS
from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import Chart, Translate, new_figure, rounded, style_axes
from core.types import REGIMES

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_DASHES = {REGIMES[0]: "dot", REGIMES[1]: "dash"}
_MEAN = "mean"


def data_curve_chart(
    questions: Sequence[float],
    lines: Mapping[str, Sequence[Spread]],
    base: float,
    t: Translate,
) -> Chart:
    """Draw validation nDCG@10 over training questions, with the spread over draws.

    Parameters
    ----------
    questions : sequence of float, rising
        Training questions of each point.
    lines : mapping of regime or ``mean`` to Spread per point
        Error bars are one standard deviation over draws, absent for a single draw.
    base : float
        The untuned model, drawn as a line: it learned from none of them.
    t : callable
        Translates a text into the reader's language.
    """
    import pandas as pd

    figure = new_figure(380, margin={"l": 8, "r": 8, "t": 24, "b": 8})
    regimes = [regime for regime in REGIMES if regime in lines]
    if len(regimes) > 1:  # one regime alone is the mean
        for regime in regimes:
            title = t(REGIME_TEXTS[regime].title)
            _draw(figure, questions, lines[regime], title, _DASHES[regime], 1.5)
    _draw(figure, questions, lines[_MEAN], t(N_("Mean")), "solid", 2.5)
    figure.add_hline(
        y=round(base, 4),
        line={"color": palette.BASE, "width": 1.5, "dash": "dash"},
        annotation={"text": t(N_("untuned model")), "font": {"size": 12}},
        annotation_position="bottom right",
    )
    style_axes(figure)
    most = max(questions, default=1)
    figure.update_xaxes(
        title_text=t(N_("Training questions")), range=[0, most * 1.06], showgrid=False
    )
    figure.update_yaxes(title_text=t(N_("Search quality on validation questions (nDCG@10)")))
    figure.update_layout(legend={"y": -0.2, "yanchor": "top"})
    columns: dict[str, list[float | None]] = {
        t(N_("Training questions")): rounded(list(questions), 0)
    }
    for key in (_MEAN, *regimes):
        title = t(N_("Mean")) if key == _MEAN else t(REGIME_TEXTS[key].title)
        columns[title] = rounded([one.mean for one in lines[key]], 4)
        columns[f"{title} ±"] = rounded(_stds(lines[key]), 4)
    return Chart(figure, _summary(questions, lines[_MEAN], base), pd.DataFrame(columns))


def _stds(line: Sequence[Spread]) -> list[float]:
    return [np.nan if one.std is None else one.std for one in line]


def _draw(
    figure: Figure,
    questions: Sequence[float],
    line: Sequence[Spread],
    name: str,
    dash: str,
    width: float,
) -> None:
    figure.add_scatter(
        x=rounded(list(questions), 0),
        y=rounded([one.mean for one in line], 4),
        name=name,
        mode="lines+markers",
        line={"color": palette.TUNED, "dash": dash, "width": width},
        marker={"size": 8 if dash == "solid" else 5},
        error_y={
            "type": "data",
            "array": rounded(_stds(line), 4),
            "thickness": 1.5,
            "width": 5,
            "color": palette.TUNED,
        },
        hovertemplate="%{y:.3f}",
    )


def _summary(questions: Sequence[float], line: Sequence[Spread], base: float) -> Message:
    if not line:
        return Message(N_("Nothing was measured yet."))
    return Message(
        N_(
            "Search quality on validation questions (nDCG@10) went from {first:.3f} with "
            "{few} training questions to {last:.3f} with {many}; the untuned model has {base:.3f}."
        ),
        {
            "first": round(line[0].mean, 4),
            "few": round(questions[0]),
            "last": round(line[-1].mean, 4),
            "many": round(questions[-1]),
            "base": round(base, 4),
        },
    )
