"""All systems on the same held-out questions: chart, table, and who is absent and why."""

from __future__ import annotations

import streamlit as st

from core.errors import AppError
from core.evaluation.differences import intervals, present_regimes
from core.evaluation.metrics import MAIN_METRIC, METRICS
from core.evaluation.verdict import REGIME_TEXTS
from core.experts.catalogue import find_entry
from core.reporting.charts.chart import Chart
from core.reporting.charts.verdict_charts import arm_chart, difference_chart
from core.types import Comparison, Interval
from pages.parts.charts import show_chart
from pages.parts.translate import language, plain, t, tm


def all_systems(comparison: Comparison) -> None:
    """Draw every system, metric by metric."""
    st.markdown(
        t(
            "Every system searched for the same held-out questions. The lines show how far the "
            "mean could lie from the dot by chance (95 % interval)."
        )
    )
    metric = st.selectbox(
        t("Measure"),
        list(METRICS),
        format_func=lambda key: t(METRICS[key].title),
        key="compare_metric",
        persist_state="session",
    )
    st.caption(t(METRICS[metric].meaning))
    show_chart(_arms(comparison.id, language(), metric, comparison), key=f"arms_{metric}")
    for name, reason in comparison.absent.items():
        st.info(
            plain(t("{title} is absent: {reason}", title=_title(name), reason=tm(reason))),
            icon=":material/block:",
        )
    with st.expander(t("All systems, all measures"), icon=":material/table_chart:"):
        _table(comparison)
    if comparison.differences:
        with st.expander(t("Tuned against base, all measures"), icon=":material/difference:"):
            show_chart(difference_chart(comparison, t), key="differences")


@st.cache_resource(max_entries=16, show_spinner=False)
def _arms(comparison_id: str, reader: str, metric: str, _comparison: Comparison) -> Chart:
    return arm_chart(_comparison, t, metric=metric)


@st.cache_resource(max_entries=8, show_spinner=False)
def _intervals(
    comparison_id: str, regime: str, _comparison: Comparison
) -> dict[tuple[str, str], Interval]:
    return intervals(_comparison, regime)


def _table(comparison: Comparison) -> None:
    import pandas as pd

    cell = t("{value} ({low} to {high})")
    rows = []
    for regime in present_regimes(comparison):
        found = _intervals(comparison.id, regime, comparison)
        for arm in comparison.arms:
            row = {t("Kind of question"): t(REGIME_TEXTS[regime].title), t("System"): arm.title}
            for key, metric in METRICS.items():
                interval = found.get((arm.name, key))
                row[t(metric.title)] = (
                    cell.format(
                        value=f"{interval.value:.3f}",
                        low=f"{interval.low:.3f}",
                        high=f"{interval.high:.3f}",
                    )
                    if interval
                    else "–"
                )
            rows.append(row)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="all_systems",
        alt=t("Mean and 95 % interval of every system, for every measure and kind of question."),
    )
    main = METRICS[MAIN_METRIC]
    st.caption(
        t("The verdict rests on one measure, chosen beforehand: {metric}.", metric=t(main.title))
    )


def _title(name: str) -> str:
    try:
        return find_entry(name).title
    except AppError:
        return name
