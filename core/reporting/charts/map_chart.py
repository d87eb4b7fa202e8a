"""Questions and answers in two dimensions, before and after, on the same axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import Chart, Translate, new_figure, one_line, shortened

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

HEIGHT = 460
_HOVER = 60  # columns of a text in tooltip and table: 1,200 texts are sent three times over


def map_chart(
    before: np.ndarray,
    after: np.ndarray,
    questions: Sequence[str],
    answers: Sequence[str],
    t: Translate,
) -> Chart:
    """Draw both pictures side by side; the same place means the same thing in both.

    Parameters
    ----------
    before, after : float arrays [n_q + n_a, 2]
        First the questions, then the answers.
    questions, answers : sequences of str
        Their texts, shown when the mouse is over a point.
    """
    from plotly.subplots import make_subplots

    count = len(questions)
    questions, answers = (
        [one_line(text, _HOVER, other=3) for text in texts] for texts in (questions, answers)
    )
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_xaxes="all",
        shared_yaxes="all",
        horizontal_spacing=0.03,
        subplot_titles=[t(N_("Before (base)")), t(N_("After (tuned)"))],
        figure=new_figure(
            HEIGHT,
            margin={"l": 8, "r": 8, "t": 32, "b": 40},
            legend={"y": -0.02, "yanchor": "top"},
        ),
    )
    kinds = (
        (t(N_("Questions")), slice(0, count), questions, palette.TUNED, "circle", 5),
        (t(N_("Answers")), slice(count, None), answers, palette.OTHER, "diamond", 6),
    )
    for column, points in enumerate((before, after), start=1):
        for name, rows, texts, colour, symbol, size in kinds:
            figure.add_scatter(
                x=points[rows, 0].astype(np.float32),
                y=points[rows, 1].astype(np.float32),
                mode="markers",
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                text=[shortened(text, _HOVER) for text in texts],
                hovertemplate="%{text}<extra>" + shortened(name) + "</extra>",
                marker={"color": colour, "symbol": symbol, "size": size, "opacity": 0.65},
                row=1,
                col=column,
            )
    _axes(figure, np.vstack([before, after]))
    summary = Message(
        N_(
            "{questions} questions and {answers} answers as points in two dimensions, before and "
            "after tuning, by the same projection. Points that lie near each other are alike to "
            "the model."
        ),
        {"questions": count, "answers": len(answers)},
    )
    return Chart(figure, summary, _table(before, after, [*questions, *answers], count, t))


def _axes(figure: Figure, points: np.ndarray) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.04 * (high - low + 1e-6)
    quiet = {"showticklabels": False, "zeroline": False, "gridcolor": palette.GUIDE}
    figure.update_xaxes(range=[float(low[0] - room[0]), float(high[0] + room[0])], **quiet)
    figure.update_yaxes(range=[float(low[1] - room[1]), float(high[1] + room[1])], **quiet)


def _table(
    before: np.ndarray, after: np.ndarray, texts: Sequence[str], count: int, t: Translate
) -> DataFrame:
    import pandas as pd

    moved = np.linalg.norm(after - before, axis=1)
    kind = [t(N_("Question"))] * count + [t(N_("Answer"))] * (len(texts) - count)
    return pd.DataFrame(
        {
            t(N_("Text")): list(texts),
            t(N_("Kind")): kind,
            t(N_("Moved by")): moved.astype(float).round(3),
        }
    ).sort_values(t(N_("Moved by")), ascending=False, kind="stable")
