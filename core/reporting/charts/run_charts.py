"""How a run goes on its machine: learning rate, pace and memory, step by step, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import Chart, Translate, new_figure, rounded, style_axes
from core.reporting.charts.tuning_charts import thinned

HEIGHT = 200


@dataclass(frozen=True)
class Gauge:
    """One small chart: the key of a metric event, its title, and how its numbers are written."""

    key: str
    title: str
    scale: float
    digits: int
    number: str


GAUGES = (
    Gauge("learning_rate", N_("Learning rate"), 1.0, 9, ".2g"),
    Gauge("labels_per_s", N_("Labels per second"), 1.0, 0, ",.0f"),
    Gauge("memory_mb", N_("Memory (GB)"), 1e-3, 3, ".2f"),
)


def machine_chart(metrics: Sequence[Mapping[str, float]], t: Translate) -> Chart:
    """Draw learning rate, labels per second and memory of a run, finished or still going on.

    Parameters
    ----------
    metrics : sequence of mappings, oldest first
        Metric events of the run: ``step`` with ``learning_rate``, ``labels_per_s``, ``memory_mb``
        (runs of earlier versions have no memory).
    t : callable
        Translates a text into the reader's language.
    """
    import pandas as pd
    from plotly.subplots import make_subplots

    lines = {
        gauge.key: thinned([(m["step"], m[gauge.key]) for m in metrics if gauge.key in m])
        for gauge in GAUGES
    }
    shown = [gauge for gauge in GAUGES if len(lines[gauge.key])]
    if not shown:
        empty = Message(N_("Nothing was measured yet."))
        return Chart(new_figure(HEIGHT), empty, pd.DataFrame())
    figure = make_subplots(
        rows=1,
        cols=len(shown),
        horizontal_spacing=0.07,
        subplot_titles=[t(gauge.title) for gauge in shown],
        figure=new_figure(HEIGHT, margin={"l": 8, "r": 8, "t": 32, "b": 8}, showlegend=False),
    )
    tables = []
    for column, gauge in enumerate(shown, start=1):
        points = lines[gauge.key]
        values = rounded(points[:, 1] * gauge.scale, gauge.digits)
        figure.add_scatter(
            x=rounded(points[:, 0], 1),
            y=values,
            mode="lines" if len(points) > 1 else "markers",
            line={"color": palette.BASELINE, "width": 2},
            hovertemplate=f"%{{y:{gauge.number}}}<extra></extra>",
            row=1,
            col=column,
        )
        steps = rounded(points[:, 0], 1)
        tables.append(pd.Series(values, index=steps, name=t(gauge.title)))
    style_axes(figure)
    figure.update_xaxes(title_text=t(N_("Step")), rangemode="tozero", showgrid=False, nticks=5)
    figure.update_yaxes(rangemode="tozero", nticks=4, exponentformat="e", minexponent=2)
    figure.update_annotations(font_size=13)
    table = pd.concat(tables, axis=1).sort_index()
    table.insert(0, t(N_("Step")), table.index)
    return Chart(figure, _summary(lines), table.reset_index(drop=True))


def _summary(lines: Mapping[str, np.ndarray]) -> Message:
    speed, memory = lines["labels_per_s"], lines["memory_mb"]
    params: dict[str, str | int | float] = {
        "speed": f"{speed[:, 1].mean():,.0f}" if len(speed) else "–",
        "memory": f"{memory[:, 1].max() / 1000:.2f}" if len(memory) else "–",
    }
    return Message(
        N_("On average {speed} labels per second; at most {memory} GB of memory were taken."),
        params,
    )
