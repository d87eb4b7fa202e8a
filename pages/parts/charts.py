"""Charts as every page shows them: the figure, its text summary, its table."""

from __future__ import annotations

import streamlit as st

from core.reporting.charts.chart import Chart
from pages.parts.translate import plain, t, tm


def show_chart(chart: Chart, key: str) -> None:
    """Draw a chart with its summary as text alternative and its numbers as a table."""
    st.plotly_chart(chart.figure, key=key, alt=tm(chart.summary), config={"displayModeBar": False})
    show_numbers(chart, key)


def show_numbers(chart: Chart, key: str) -> None:
    """Draw the summary and the table of a chart, folded away."""
    with st.expander(t("The numbers behind this chart"), icon=":material/table_chart:"):
        st.caption(plain(tm(chart.summary)))
        st.dataframe(chart.table, hide_index=True, key=f"{key}_table")
