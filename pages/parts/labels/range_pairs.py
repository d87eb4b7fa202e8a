"""The pairs behind a part of a histogram: dragged over in the chart, or typed as a range."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from core.messages import N_
from core.reporting.charts.chart import Chart, one_line
from core.reporting.charts.label_charts import label_histogram
from pages.parts.charts import show_numbers
from pages.parts.kept import kept
from pages.parts.labels.label_studio import Studio
from pages.parts.translate import t, tm

_SHOWN, _COLUMNS = 200, 400  # pairs sent to the browser, and how much of each text
_COMBINED = ""
_KINDS = {
    "both": N_("All pairs"),
    "right": N_("Right answers"),
    "other": N_("Other pairs"),
}


def selectable_histogram(studio: Studio) -> None:
    """Draw the combined label or one expert; a range of it lists its pairs."""
    keys = [_COMBINED, *studio.model.recipe.experts]
    titles = dict(zip(keys, [t("Combined label"), *studio.names], strict=True))
    shown = st.selectbox(
        t("Whose labels"),
        keys,
        format_func=titles.__getitem__,
        key="range_whose",
        persist_state="session",
    )
    values = studio.combined if shown == _COMBINED else studio.calibrated[keys.index(shown) - 1]
    chart = kept(lambda: _histogram(studio, values), "histogram", shown, *studio.key)
    st.plotly_chart(
        chart.figure,
        key="label_histogram",
        alt=tm(chart.summary),
        config={"displayModeBar": False},
        on_select=_take_selection,
        selection_mode=("box", "points"),
    )
    show_numbers(chart, "label_histogram")
    _pairs(studio, values)


def _histogram(studio: Studio, values: np.ndarray) -> Chart:
    chart = label_histogram(studio.sample, values, t)
    chart.figure.update_layout(dragmode="select", selectdirection="h")
    return chart


def _take_selection() -> None:
    """Write what was dragged or clicked in the chart into the typed range."""
    selection = st.session_state["label_histogram"].selection
    if selection.box:
        low, high = sorted(float(x) for x in selection.box[0]["x"][:2])
    elif selection.points:
        places = [float(point["x"]) for point in selection.points]
        low, high = min(places) - 0.0125, max(places) + 0.0125
    else:
        return
    st.session_state["range_low"] = round(max(low, 0.0) * 100, 1)
    st.session_state["range_high"] = round(min(high, 1.0) * 100, 1)


def _pairs(studio: Studio, values: np.ndarray) -> None:
    """Draw the typed range and the pairs inside it."""
    st.markdown(t("**Which pairs are these?** Drag over the chart, click a bar, or type a range."))
    first, second = st.columns(2)
    for column, name, key, start in (
        (first, t("Labels from"), "range_low", 0.0),
        (second, t("to"), "range_high", 0.0),
    ):
        st.session_state.setdefault(key, start)
        column.number_input(name, 0.0, 100.0, step=1.0, format="%.1f", key=key)
    kind = st.segmented_control(
        t("Kind of pair"),
        list(_KINDS),
        default="both",
        format_func=lambda key: t(_KINDS[key]),
        key="range_kind",
    )
    low, high = st.session_state["range_low"] / 100, st.session_state["range_high"] / 100
    if high <= low:
        st.caption(t("No range yet: the second number must be above the first."))
        return
    inside = (values >= low) & ((values < high) | (high >= 1) & (values <= high))
    right = studio.sample.hard_label > 0
    inside &= {"right": right, "other": ~right}.get(str(kind), np.ones(len(right), bool))
    positions = np.flatnonzero(inside)
    st.caption(
        t(
            "{count} pairs, {right} of them right answers; the first {shown} are listed.",
            count=f"{len(positions):,}",
            right=f"{int(right[positions].sum()):,}",
            shown=min(len(positions), _SHOWN),
        )
    )
    if len(positions):
        _table(studio, values, positions[:_SHOWN])


def _table(studio: Studio, values: np.ndarray, positions: np.ndarray) -> None:
    sample, dataset = studio.sample, studio.dataset
    frame = pd.DataFrame(
        {
            "label": (values[positions] * 100).round(),
            "hard": np.where(sample.hard_label[positions] > 0, t("right"), t("not right")),
            "question": [
                one_line(dataset.questions[row], _COLUMNS)
                for row in sample.question_rows[positions]
            ],
            "answer": [
                one_line(dataset.answers[row], _COLUMNS) for row in sample.answer_rows[positions]
            ],
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        height=260,
        key="range_pairs",
        column_config={
            "label": st.column_config.ProgressColumn(
                t("Label"), min_value=0, max_value=100, format="%d", width="small"
            ),
            "hard": st.column_config.TextColumn(t("In your data"), width="small"),
            "question": st.column_config.TextColumn(t("Question"), width="medium"),
            "answer": st.column_config.TextColumn(t("Answer"), width="medium"),
        },
    )
