"""The learning curve: search quality on validation questions, and the loss, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.verdict import REGIME_TEXTS
from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import Chart, Translate, new_figure, rounded, style_axes
from core.types import REGIMES

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

POINTS = 300  # a browser shows no more on half a page, and a long run has a hundred times as many
_DASHES = {REGIMES[0]: "dot", REGIMES[1]: "dash"}


def learning_curve(metrics: Sequence[Mapping[str, float]], t: Translate) -> Chart:
    """Draw validation nDCG@10 (left) and loss (right) of a run, finished or still going on.

    Parameters
    ----------
    metrics : sequence of mappings, oldest first
        Metric events of the run: ``step`` with ``loss``, or ``step`` with ``validation`` (and
        ``validation_known``, ``validation_unseen`` where there are such questions). Step 0 is the
        base model.
    t : callable
        Translates a text into the reader's language.

    Returns
    -------
    Chart
        At most ``POINTS`` points per line: the loss is the mean of neighbouring steps.
    """
    from plotly.subplots import make_subplots

    losses = thinned([(m["step"], m["loss"]) for m in metrics if "loss" in m])
    checks = [m for m in metrics if "validation" in m]
    titles = (
        t(N_("Search quality on validation questions (nDCG@10)")),
        t(N_("Error on training questions (loss)")),
    )
    figure = make_subplots(
        rows=1,
        cols=2,
        horizontal_spacing=0.08,
        subplot_titles=[f"<b>{title}</b>" for title in titles],
        figure=new_figure(320, margin={"l": 8, "r": 8, "t": 32, "b": 8}),
    )
    _draw_quality(figure, checks, t)
    _draw_loss(figure, losses, t)
    style_axes(figure)
    figure.update_xaxes(title_text=t(N_("Step")), rangemode="tozero", showgrid=False)
    figure.update_annotations(font_size=14)
    figure.update_layout(legend={"y": -0.24, "yanchor": "top"}, hovermode="x unified")
    return Chart(figure, _summary(checks, losses), _table(checks, losses, t))


def thinned(points: Sequence[tuple[float, float]], most: int = POINTS) -> np.ndarray:
    """Return at most ``most`` points, each the mean of its neighbours, as float array [m, 2]."""
    array = np.asarray(points, float).reshape(-1, 2)
    if len(array) <= most:
        return array
    return np.stack([part.mean(axis=0) for part in np.array_split(array, most)])


def _draw_quality(figure: Figure, checks: Sequence[Mapping[str, float]], t: Translate) -> None:
    if not checks:
        return
    shown = _sampled(checks)
    steps = [check["step"] for check in shown]
    lines = [
        (f"validation_{regime}", t(REGIME_TEXTS[regime].title), _DASHES[regime], 1.5, 0.9)
        for regime in REGIMES
    ]
    lines = [line for line in lines if any(line[0] in check for check in shown)]
    if len(lines) == 1:
        lines = []  # one regime alone is the mean
    for key, name, dash, width, opacity in (
        *lines,
        ("validation", t(N_("Mean")), "solid", 2.5, 1.0),
    ):
        figure.add_scatter(
            x=steps,
            y=rounded([check.get(key, np.nan) for check in shown], 4),
            name=name,
            mode="lines+markers",
            line={"color": palette.TUNED, "dash": dash, "width": width},
            marker={"size": 7 if key == "validation" else 4},
            opacity=opacity,
            hovertemplate="%{y:.3f}",
            row=1,
            col=1,
        )
    if checks[0]["step"] == 0:
        figure.add_hline(
            y=round(checks[0]["validation"], 4),
            line={"color": palette.BASE, "width": 1.5, "dash": "dash"},
            annotation={"text": t(N_("base model")), "font": {"size": 12}},
            annotation_position="bottom right",
            row=1,
            col=1,
        )
    best = max(checks, key=lambda check: check["validation"])
    figure.add_scatter(
        x=[best["step"]],
        y=rounded([best["validation"]], 4),
        name=t(N_("Best")),
        mode="markers+text",
        text=[f"{best['validation']:.3f}"],
        textposition="top center",
        cliponaxis=False,  # the best is the highest point: its number would lose its upper half
        marker={"color": palette.TUNED, "size": 14, "symbol": "star"},
        hovertemplate="%{y:.3f}",
        row=1,
        col=1,
    )


def _draw_loss(figure: Figure, losses: np.ndarray, t: Translate) -> None:
    if not len(losses):
        return
    figure.add_scatter(
        x=rounded(losses[:, 0], 1),
        y=rounded(losses[:, 1], 4),
        name=t(N_("Loss")),
        mode="lines" if len(losses) > 1 else "markers",
        line={"color": palette.BASELINE, "width": 2},
        hovertemplate="%{y:.3f}",
        showlegend=False,
        row=1,
        col=2,
    )


def _sampled(checks: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """Return at most ``POINTS`` checks, evenly spread, the first and the last among them."""
    if len(checks) <= POINTS:
        return list(checks)
    return [checks[i] for i in np.linspace(0, len(checks) - 1, POINTS).round().astype(int)]


def _summary(checks: Sequence[Mapping[str, float]], losses: np.ndarray) -> Message:
    if not checks and not len(losses):
        return Message(N_("Nothing was measured yet."))
    if not checks:
        return Message(
            N_("The loss went from {first:.3f} to {last:.3f}. Search quality was not measured."),
            {"first": round(float(losses[0, 1]), 4), "last": round(float(losses[-1, 1]), 4)},
        )
    best = max(checks, key=lambda check: check["validation"])
    params: dict[str, str | int | float] = {
        "before": round(checks[0]["validation"], 4),
        "best": round(best["validation"], 4),
        "step": int(best["step"]),
        "checks": len(checks),
    }
    return Message(
        N_(
            "Search quality on validation questions (nDCG@10) in {checks} checks: {before:.3f} at "
            "the first, {best:.3f} at the best one, after step {step}."
        ),
        params,
    )


def _table(checks: Sequence[Mapping[str, float]], losses: np.ndarray, t: Translate) -> DataFrame:
    import pandas as pd

    columns = {
        "loss": t(N_("Loss")),
        "validation": t(N_("Mean validation nDCG@10")),
        **{f"validation_{regime}": t(REGIME_TEXTS[regime].title) for regime in REGIMES},
    }
    rows: dict[float, dict[str, float]] = {}
    for step, loss in losses:
        rows.setdefault(round(float(step), 1), {})["loss"] = round(float(loss), 4)
    for check in _sampled(checks):
        values = {key: round(check[key], 4) for key in columns if key in check}
        rows.setdefault(float(check["step"]), {}).update(values)
    present = [key for key in columns if any(key in row for row in rows.values())]
    ordered = sorted(rows.items())
    table = {t(N_("Step")): [step for step, _ in ordered]}
    table |= {columns[key]: [row.get(key, np.nan) for _, row in ordered] for key in present}
    return pd.DataFrame(table)
