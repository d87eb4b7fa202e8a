"""All systems, all measures of the verdict: one table."""

from __future__ import annotations

import streamlit as st

from core.evaluation.measures import MAIN_METRIC, METRICS
from core.evaluation.verdict import REGIME_TEXTS, intervals, present_regimes
from core.types import Comparison, Interval
from pages.parts.translate import t


@st.cache_resource(max_entries=8, show_spinner=False)
def _intervals(
    comparison_id: str, regime: str, _comparison: Comparison
) -> dict[tuple[str, str], Interval]:
    return intervals(_comparison, regime)


def every_measure(comparison: Comparison) -> None:
    """Draw mean and interval of every system, for every measure of the verdict."""
    import pandas as pd

    cell = t("{value} ({low} to {high})")
    rows = []
    for regime in present_regimes(comparison):
        found = _intervals(comparison.id, regime, comparison)
        for arm in comparison.arms:
            row = {t("Kind of question"): t(REGIME_TEXTS[regime].title), t("System"): arm.title}
            for key, metric in METRICS.items():
                interval = found.get((arm.name, key))
                row[metric.title_in(t)] = (
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
    main = METRICS[MAIN_METRIC].title_in(t)
    st.caption(t("The verdict rests on one measure, chosen beforehand: {metric}.", metric=main))
