"""The cuts of a percentile calibration: dragged on a slider or typed as numbers."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts.translate import t


def cut_inputs(keys: str, low: float, high: float) -> tuple[float, float]:
    """Draw the slider and both numbers; what is changed last counts.

    Parameters
    ----------
    keys : str
        Prefix of the widgets' keys.
    low, high : float in percent
        Values to start from.
    """
    state = st.session_state.setdefault(
        f"{keys}_cut_state", {"low": low, "high": high, "slider": 0, "numbers": 0}
    )
    slider, numbers = f"{keys}_cuts_{state['slider']}", f"{keys}_typed_{state['numbers']}"
    st.slider(
        t("Scores that become 0 and 100 (percentiles)"),
        0.0,
        100.0,
        (state["low"], state["high"]),
        0.1,
        key=slider,
        on_change=_dragged,
        args=(state, slider),
    )
    columns = st.columns(2)
    for column, name, end in (
        (columns[0], t("Becomes 0 (%)"), "low"),
        (columns[1], t("Becomes 100 (%)"), "high"),
    ):
        column.number_input(
            name,
            0.0,
            100.0,
            state[end],
            0.1,
            format="%.1f",
            key=f"{numbers}_{end}",
            on_change=_typed,
            args=(state, numbers, end),
        )
    return float(state["low"]), float(state["high"])


def forget_cuts(keys: str) -> None:
    """Start from the given values again."""
    st.session_state.pop(f"{keys}_cut_state", None)


def _dragged(state: dict[str, Any], slider: str) -> None:
    state["low"], state["high"] = st.session_state[slider]
    state["numbers"] += 1  # the numbers start afresh; the slider keeps its focus


def _typed(state: dict[str, Any], numbers: str, end: str) -> None:
    typed = st.session_state[f"{numbers}_{end}"]
    if typed is not None:
        state[end] = typed
        state["slider"] += 1
