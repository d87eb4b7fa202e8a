"""Labels by group: means of right and other pairs, how well they are told apart, before and after.

A group that gets higher or lower labels than all others beyond chance has a triangle that points
there, in its own colour; all others have a round dot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.labels.bias import ExpertBias, GroupBias
from core.messages import N_, Message
from core.reporting.charts import palette
from core.reporting.charts.chart import (
    Chart,
    Translate,
    error_bars,
    name_lines,
    rounded,
    shortened,
    side_by_side,
)

if TYPE_CHECKING:
    from pandas import DataFrame

ROW = 34  # pixels per group
SYMBOLS = {1: "triangle-right", 0: "circle", -1: "triangle-left"}
WORDS = {1: N_("higher"), 0: N_("not shown"), -1: N_("lower")}


def bias_chart(bias: GroupBias, t: Translate, before: GroupBias | None = None) -> Chart:
    """Draw one line per group: mean label of right pairs, of other pairs, average precision.

    Parameters
    ----------
    bias : GroupBias
        With average precision.
    before : GroupBias, optional
        Of the same groups before they were evened out: drawn as hollow grey dots.
    """
    names = [shortened(name) for name in bias.grouping.names]
    titles = (N_("Right answers: mean label"), N_("Other pairs: mean label"), N_("Precision (AP)"))
    heads = [f"<b>{t(title)}</b>" for title in titles]
    height, margin = 120 + ROW * len(names), {"l": 8, "r": 16, "t": 40, "b": 8}
    figure = side_by_side(heads, height, 0.04, shared="y", margin=margin)
    colours = (palette.RIGHT, palette.OTHER, palette.BASELINE)
    earlier = _columns(before) if before is not None else ()
    for column, (now, colour) in enumerate(zip(_columns(bias), colours, strict=True), start=1):
        if earlier:
            figure.add_scatter(
                **_dots(
                    earlier[column - 1][0], np.zeros(len(names), int), palette.BASE, hollow=True
                ),
                name=t(N_("Before")),
                row=1,
                col=column,
            )
        values, low, high, sign = now
        figure.add_scatter(
            **_dots(values, sign, colour),
            error_x=error_bars(values, low, high, palette.MARK, thin=True),
            name=t(N_("Now")),
            row=1,
            col=column,
        )
    figure.update_annotations(font_size=13)
    name_lines(figure, names, above=0.5, grid=True)
    return Chart(figure, _summary(bias, before), _table(bias, before, t))


def expert_bias_table(
    bias: ExpertBias, groups: Sequence[str], experts: Sequence[str], t: Translate
) -> DataFrame:
    """Return what each expert adds to each group beside the others, in points of 100.

    Only groups in which an expert stands out beyond chance are listed; ▲ and ▼ mark these.
    """
    import pandas as pd

    marks = {1: " ▲", 0: "", -1: " ▼"}
    kinds = (N_("Right answers"), N_("Other pairs"))
    listed = [
        (place, group)
        for group in range(len(groups))
        for place in range(2)
        if bias.sign[:, place, group].any()
    ]
    columns: dict[str, list[str]] = {
        t(N_("Group")): [groups[group] for _, group in listed],
        t(N_("Kind of pair")): [t(kinds[place]) for place, _ in listed],
    }
    for k, expert in enumerate(experts):
        columns[expert] = [
            "–"
            if np.isnan(bias.excess[k, place, group])
            else f"{100 * bias.excess[k, place, group]:+.1f}".replace("-", "−")
            + marks[int(bias.sign[k, place, group])]
            for place, group in listed
        ]
    return pd.DataFrame(columns)


_Column = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _columns(bias: GroupBias) -> tuple[_Column, ...]:
    """Return values, lower and upper ends, and signs of each facet; labels from 0 to 100."""
    intervals = bias.average_precision
    precision = np.array([(i.value, i.low, i.high) for i in intervals]).reshape(-1, 3).T
    return (
        *(
            (100 * kind.means, 100 * kind.low, 100 * kind.high, kind.sign)
            for kind in (bias.right, bias.other)
        ),
        (precision[0], precision[1], precision[2], np.zeros(len(intervals), int)),
    )


def _dots(
    values: np.ndarray, sign: np.ndarray, colour: str, *, hollow: bool = False
) -> dict[str, Any]:
    colours = colour if hollow else [palette.WORSE if mark else colour for mark in sign]
    return {
        "x": rounded(values, 3),
        "y": list(range(len(values))),
        "mode": "markers",
        "showlegend": False,
        "marker": {
            "color": colours,
            "symbol": "circle-open" if hollow else [SYMBOLS[int(mark)] for mark in sign],
            "size": 9 if hollow else [13 if mark else 9 for mark in sign],
            "line": {"width": 2 if hollow else 0},
        },
        "hovertemplate": "%{x:.3~g}",
    }


def _summary(bias: GroupBias, before: GroupBias | None) -> Message:
    signs = np.stack([bias.right.sign, bias.other.sign])
    params: dict[str, str | int | float] = {
        "groups": len(bias.grouping.names),
        "marked": int((signs != 0).any(axis=0).sum()),
        "right_low": _end(bias.right.means, np.nanmin),
        "right_high": _end(bias.right.means, np.nanmax),
        "other_low": _end(bias.other.means, np.nanmin),
        "other_high": _end(bias.other.means, np.nanmax),
    }
    if before is None:
        text = N_(
            "Mean labels of {groups} groups: right answers {right_low:.0f} to {right_high:.0f}, "
            "other pairs {other_low:.0f} to {other_high:.0f}. Beyond chance, {marked} of them get "
            "higher or lower labels than the others."
        )
        return Message(text, params)
    text = N_(
        "Mean labels of {groups} groups after they were evened out: right answers {right_low:.0f} "
        "to {right_high:.0f} (before {was_low:.0f} to {was_high:.0f}), other pairs {other_low:.0f} "
        "to {other_high:.0f}. Beyond chance, {marked} of them still get higher or lower labels "
        "than the others."
    )
    params["was_low"] = _end(before.right.means, np.nanmin)
    params["was_high"] = _end(before.right.means, np.nanmax)
    return Message(text, params)


def _end(values: np.ndarray, which: Any) -> float:
    return 0.0 if np.isnan(values).all() else round(100 * float(which(values)), 2)


def _table(bias: GroupBias, before: GroupBias | None, t: Translate) -> DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {t(N_("Group")): bias.grouping.names}
    was = (before.right, before.other) if before is not None else (None, None)
    kinds = (
        (N_("Right answers"), bias.right, was[0], bias.pairs[0]),
        (N_("Other pairs"), bias.other, was[1], bias.pairs[1]),
    )
    for title, kind, earlier, pairs in kinds:
        name = t(title)
        columns[f"{name}: {t(N_('pairs'))}"] = pairs
        if earlier is not None:
            columns[f"{name}: {t(N_('before'))}"] = (100 * earlier.means).round(1)
        columns[f"{name}: {t(N_('mean label'))}"] = (100 * kind.means).round(1)
        columns[f"{name}: {t(N_('low (95 %)'))}"] = (100 * kind.low).round(1)
        columns[f"{name}: {t(N_('high (95 %)'))}"] = (100 * kind.high).round(1)
        columns[f"{name}: {t(N_('p-value'))}"] = kind.p.round(4)
        columns[f"{name}: {t(N_('compared with the others'))}"] = [
            t(WORDS[int(sign)]) for sign in kind.sign
        ]
    columns[t(N_("Precision (AP)"))] = [round(i.value, 3) for i in bias.average_precision]
    return pd.DataFrame(columns)
