"""Runs as charts: how they learn, how they use their machine, and what more data would bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.evaluation.statistics import Spread
from core.evaluation.verdict import REGIME_TEXTS
from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import (
    Chart,
    Translate,
    new_figure,
    rounded,
    side_by_side,
    style_axes,
)
from core.types import REGIMES

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

POINTS = 300  # a browser shows no more on half a page, and a long run has a hundred times as many
MEAN = "mean"  # of both regimes, beside the regimes' own keys
RISING_HEIGHT = 240  # pixels
_HEIGHT, _MARGIN = 200, {"l": 8, "r": 8, "t": 32, "b": 8}  # pixels, of the small charts
_DASHES = {REGIMES[0]: "dot", REGIMES[1]: "dash", MEAN: "solid"}
_QUALITY = N_("Search quality on validation questions (nDCG@10)")
_NOTHING = N_("Nothing was measured yet.")


@dataclass(frozen=True)
class _Gauge:
    """One small chart: the key of a metric event, its title, and how its numbers are written."""

    key: str
    title: str
    scale: float
    digits: int
    number: str


GAUGES = (
    _Gauge("learning_rate", N_("Learning rate"), 1.0, 9, ".2g"),
    _Gauge("labels_per_s", N_("Labels per second"), 1.0, 0, ",.0f"),
    _Gauge("memory_mb", N_("Memory (GB)"), 1e-3, 3, ".2f"),
)


def learning_curve(
    metrics: Sequence[Mapping[str, float]], t: Translate, kept: int | None = None
) -> Chart:
    """Draw validation nDCG@10 (left) and loss (right) of a run, finished or still going on.

    Parameters
    ----------
    metrics : sequence of mappings, oldest first
        Metric events of the run: ``step`` with ``loss``, or ``step`` with ``validation`` (and
        ``validation_known``, ``validation_unseen`` where there are such questions). Step 0 is the
        base model.
    kept : int or None
        Step of the state that a finished run kept, which need not be the highest; None = the
        highest so far.

    Returns
    -------
    Chart
        At most ``POINTS`` points per line and the kept one: the loss is the mean of neighbours.
    """
    losses = thinned([(m["step"], m["loss"]) for m in metrics if "loss" in m])
    checks = [m for m in metrics if "validation" in m]
    titles = (t(_QUALITY), t(N_("Error on training questions (loss)")))
    figure = side_by_side([f"<b>{title}</b>" for title in titles], 320, 0.08, margin=_MARGIN)
    _draw_quality(figure, checks, t, kept)
    _draw_loss(figure, losses, t)
    style_axes(figure)
    figure.update_xaxes(title_text=t(N_("Step")), rangemode="tozero", showgrid=False)
    figure.update_annotations(font_size=14)
    figure.update_layout(legend={"y": -0.24, "yanchor": "top"}, hovermode="x unified")
    return Chart(figure, _learning(checks, losses, kept), _learning_table(checks, losses, t))


def quality_line(
    metrics: Sequence[Mapping[str, float]], t: Translate, kept: int | None = None
) -> Chart:
    """Draw validation nDCG@10 alone, as :func:`learning_curve` does on its left."""
    checks = [m for m in metrics if "validation" in m]
    figure = side_by_side([f"<b>{t(_QUALITY)}</b>"], 320, 0.08, margin=_MARGIN)
    _draw_quality(figure, checks, t, kept)
    style_axes(figure)
    figure.update_xaxes(title_text=t(N_("Step")), rangemode="tozero", showgrid=False)
    figure.update_layout(legend={"y": -0.24, "yanchor": "top"})
    empty = np.empty((0, 2))
    return Chart(figure, _learning(checks, empty, kept), _learning_table(checks, empty, t))


def rising_line(
    metrics: Sequence[Mapping[str, float]], t: Translate, kept: int | None = None
) -> Chart:
    """Draw of how many questions of a hundred the first answer is right, check after check.

    Parameters
    ----------
    metrics : sequence of mappings, oldest first
        Metric events of the run: those with ``step`` and ``first`` are drawn. Step 0 is the base
        model.
    kept : int or None
        As in :func:`learning_curve`.
    """
    import pandas as pd

    checks = _sampled([m for m in metrics if "first" in m], kept)
    steps = [int(check["step"]) for check in checks]
    counts = [round(100 * check["first"]) for check in checks]
    figure = new_figure(RISING_HEIGHT, margin=_MARGIN, showlegend=False)
    best = checks.index(marked_check(checks, kept)) if checks else 0
    figure.add_scatter(
        x=steps,
        y=counts,
        mode="lines+markers+text",
        text=[f"<b>{count}</b>" if at == best > 0 else "" for at, count in enumerate(counts)],
        textposition="top center",
        textfont={"size": 16},
        cliponaxis=False,
        line={"color": palette.TUNED, "width": 3},
        marker={"size": 8},
        hovertemplate="%{y}<extra></extra>",
    )
    if counts:
        name = t(N_("base model: {count}")).format(count=counts[0])
        figure.add_hline(
            counts[0],
            line={"color": palette.BASE, "dash": "dash", "width": 1.5},
            annotation={"text": name, "x": 1, "xanchor": "right", "yanchor": "top"},
        )
        room = max(4, (max(counts) - min(counts)) * 0.35)
        figure.update_yaxes(range=[min(counts) - room, max(counts) + room])
    style_axes(figure)
    figure.update_xaxes(title_text=t(N_("Learning steps")), rangemode="tozero", showgrid=False)
    table = pd.DataFrame(
        {t(N_("Learning steps")): steps, t(N_("Right answer first, of 100")): counts}
    )
    if not counts:
        return Chart(figure, Message(_NOTHING), table)
    return Chart(figure, right_first(counts[0], counts[best]), table)


def marked_check(checks: Sequence[Mapping[str, float]], kept: int | None) -> Mapping[str, float]:
    """Return the check of the state that was kept, or the highest where none is told.

    Of states that differ by chance a run keeps the later one, so the highest may be another.
    """
    for check in checks:
        if kept is not None and check["step"] == kept:
            return check
    return max(checks, key=lambda check: (check.get("validation", check["step"]), check["step"]))


def right_first(before: int, now: int) -> Message:
    """Say of how many questions of a hundred the first answer is right."""
    if before == now:
        text = N_("Of 100 validation questions, {now} find the right answer first, as before.")
    else:
        text = N_(
            "Of 100 validation questions, {now} instead of {before} find the right answer first."
        )
    return Message(text, {"before": before, "now": now})


def _draw_quality(
    figure: Figure, checks: Sequence[Mapping[str, float]], t: Translate, kept: int | None
) -> None:
    if not checks:
        return
    shown = _sampled(checks, kept)
    steps = [check["step"] for check in shown]
    regimes = [r for r in REGIMES if any(_check_key(r) in check for check in shown)]
    for line in _lines(regimes):
        figure.add_scatter(
            x=steps,
            y=rounded([check.get(_check_key(line), np.nan) for check in shown], 4),
            name=_line_title(line, t),
            mode="lines+markers",
            line={
                "color": palette.TUNED,
                "dash": _DASHES[line],
                "width": 2.5 if line == MEAN else 1.5,
            },
            marker={"size": 7 if line == MEAN else 4},
            opacity=1.0 if line == MEAN else 0.9,
            hovertemplate="%{y:.3f}",
            row=1,
            col=1,
        )
    if checks[0]["step"] == 0:
        _base_line(figure, checks[0]["validation"], t(N_("base model")), row=1, col=1)
    best = marked_check(checks, kept)
    figure.add_scatter(
        x=[best["step"]],
        y=rounded([best["validation"]], 4),
        name=t(N_("Best") if kept is None else N_("Kept")),
        mode="markers+text",
        text=[f"{best['validation']:.3f}"],
        textposition="top center",
        cliponaxis=False,  # the best is the highest point: its number would lose its upper half
        marker={"color": palette.TUNED, "size": 14, "symbol": "star"},
        hovertemplate="%{y:.3f}",
        row=1,
        col=1,
    )


def _check_key(line: str) -> str:
    """Return the key of a metric event for a regime, or for their mean."""
    return "validation" if line == MEAN else f"validation_{line}"


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


def _sampled(
    checks: Sequence[Mapping[str, float]], kept: int | None = None
) -> list[Mapping[str, float]]:
    """Return about ``POINTS`` checks, evenly spread, first, last and kept one among them."""
    if len(checks) <= POINTS:
        return list(checks)
    places = set(np.linspace(0, len(checks) - 1, POINTS).round().astype(int).tolist())
    return [check for place, check in enumerate(checks) if place in places or check["step"] == kept]


def _learning(
    checks: Sequence[Mapping[str, float]], losses: np.ndarray, kept: int | None
) -> Message:
    if not checks and not len(losses):
        return Message(_NOTHING)
    if not checks:
        return Message(
            N_("The loss went from {first:.3f} to {last:.3f}. Search quality was not measured."),
            {"first": round(float(losses[0, 1]), 4), "last": round(float(losses[-1, 1]), 4)},
        )
    best = marked_check(checks, kept)
    params: dict[str, str | int | float] = {
        "before": round(checks[0]["validation"], 4),
        "best": round(best["validation"], 4),
        "step": int(best["step"]),
        "checks": len(checks),
    }
    if kept is not None:
        text = N_(
            "Search quality on validation questions (nDCG@10) in {checks} checks: {before:.3f} at "
            "the first, {best:.3f} at the one that was kept, after step {step}."
        )
    else:
        text = N_(
            "Search quality on validation questions (nDCG@10) in {checks} checks: {before:.3f} at "
            "the first, {best:.3f} at the best one, after step {step}."
        )
    return Message(text, params)


def _learning_table(
    checks: Sequence[Mapping[str, float]], losses: np.ndarray, t: Translate
) -> DataFrame:
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


def machine_chart(metrics: Sequence[Mapping[str, float]], t: Translate) -> Chart:
    """Draw learning rate, labels per second and memory of a run, finished or still going on.

    Parameters
    ----------
    metrics : sequence of mappings, oldest first
        Metric events of the run: ``step`` with ``learning_rate``, ``labels_per_s``, ``memory_mb``
        (runs of earlier versions have no memory).
    """
    import pandas as pd

    lines = {
        gauge.key: thinned([(m["step"], m[gauge.key]) for m in metrics if gauge.key in m])
        for gauge in GAUGES
    }
    shown = [gauge for gauge in GAUGES if len(lines[gauge.key])]
    if not shown:
        return Chart(new_figure(_HEIGHT), Message(_NOTHING), pd.DataFrame())
    titles = [t(gauge.title) for gauge in shown]
    figure = side_by_side(titles, _HEIGHT, 0.07, margin=_MARGIN, showlegend=False)
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
    speed, memory = lines["labels_per_s"], lines["memory_mb"]
    summary = Message(
        N_("On average {speed} labels per second; at most {memory} GB of memory were taken."),
        {
            "speed": f"{speed[:, 1].mean():,.0f}" if len(speed) else "–",
            "memory": f"{memory[:, 1].max() / 1000:.2f}" if len(memory) else "–",
        },
    )
    return Chart(figure, summary, table.reset_index(drop=True))


def thinned(points: Sequence[tuple[float, float]], most: int = POINTS) -> np.ndarray:
    """Return at most ``most`` points, each the mean of its neighbours, as float array [m, 2]."""
    array = np.asarray(points, float).reshape(-1, 2)
    if len(array) <= most:
        return array
    return np.stack([part.mean(axis=0) for part in np.array_split(array, most)])


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
    """
    import pandas as pd

    figure = new_figure(380, margin={"l": 8, "r": 8, "t": 24, "b": 8})
    regimes = [regime for regime in REGIMES if regime in lines]
    for key in _lines(regimes):
        figure.add_scatter(
            x=rounded(questions, 0),
            y=rounded([spread.mean for spread in lines[key]], 4),
            name=_line_title(key, t),
            mode="lines+markers",
            line={
                "color": palette.TUNED,
                "dash": _DASHES[key],
                "width": 2.5 if key == MEAN else 1.5,
            },
            marker={"size": 8 if key == MEAN else 5},
            error_y={
                "type": "data",
                "array": rounded(_deviations(lines[key]), 4),
                "thickness": 1.5,
                "width": 5,
                "color": palette.TUNED,
            },
            hovertemplate="%{y:.3f}",
        )
    _base_line(figure, base, t(N_("untuned model")))
    style_axes(figure)
    most = max(questions, default=1)
    figure.update_xaxes(
        title_text=t(N_("Training questions")), range=[0, most * 1.06], showgrid=False
    )
    figure.update_yaxes(title_text=t(_QUALITY))
    figure.update_layout(legend={"y": -0.2, "yanchor": "top"})
    columns = {t(N_("Training questions")): rounded(questions, 0)}
    for key in (MEAN, *regimes):
        title = _line_title(key, t)
        columns[title] = rounded([spread.mean for spread in lines[key]], 4)
        columns[f"{title} ±"] = rounded(_deviations(lines[key]), 4)
    return Chart(figure, _data_curve(questions, lines[MEAN], base), pd.DataFrame(columns))


def _data_curve(questions: Sequence[float], line: Sequence[Spread], base: float) -> Message:
    if not line:
        return Message(_NOTHING)
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


def _deviations(line: Sequence[Spread]) -> list[float]:
    return [np.nan if spread.std is None else spread.std for spread in line]


def _lines(regimes: Sequence[str]) -> list[str]:
    """Return what is drawn, the mean last and on top; a single regime is the mean itself."""
    return [*regimes, MEAN] if len(regimes) > 1 else [MEAN]


def _line_title(line: str, t: Translate) -> str:
    return t(N_("Mean")) if line == MEAN else t(REGIME_TEXTS[line].title)


def _base_line(figure: Figure, value: float, title: str, **place: Any) -> None:
    figure.add_hline(
        y=round(value, 4),
        line={"color": palette.BASE, "width": 1.5, "dash": "dash"},
        annotation={"text": title, "font": {"size": 12}},
        annotation_position="bottom right",
        **place,
    )
