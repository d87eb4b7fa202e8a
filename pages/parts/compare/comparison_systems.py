"""All systems on the same held-out questions, by a measure that the reader chooses."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import AppError
from core.evaluation.measures import (
    MEASURES,
    Measure,
    grades_of,
    possible_cutoffs,
    remeasured,
)
from core.experts.catalogue import find_entry
from core.reporting.charts.verdict_charts import difference_chart, system_chart
from core.types import Comparison, QADataset
from pages.parts.cached import cached
from pages.parts.charts import show_chart
from pages.parts.compare.comparison_against import against
from pages.parts.compare.comparison_choice import more_systems
from pages.parts.compare.comparison_job import Compared
from pages.parts.compare.comparison_power import questions_to_show
from pages.parts.compare.comparison_table import every_measure
from pages.parts.translate import language, plain, t, tm

_NAME, _CUTOFF, _GRADE = "compare_family", "compare_cutoff", "compare_threshold"


def all_systems(seen: Compared) -> None:
    """Draw every system, by one measure at a time, and how it differs from another one."""
    comparison, dataset = seen.comparison, seen.context.dataset
    st.markdown(
        t(
            "Every system searched for the same held-out questions. The lines show how far the "
            "mean could lie from the dot by chance (95 % interval)."
        )
    )
    measure = _measure_choice(comparison, dataset)
    st.caption(measure.meaning_in(t))
    try:
        measured = _measured(comparison.id, language(), measure.key, comparison, dataset, measure)
    except AppError as error:  # kept lists of an older comparison are too short
        st.info(plain(tm(error.message)), icon=":material/refresh:")
        return
    chart = cached(
        lambda: system_chart(measured, t, metric=measure), "systems", comparison.id, measure.key
    )
    show_chart(chart, key=f"arms_{measure.key}")
    for name, reason in comparison.absent.items():
        st.info(
            plain(t("{title} is absent: {reason}", title=_title(name), reason=tm(reason))),
            icon=":material/block:",
        )
    for arm in comparison.arms:
        for note in arm.notes:
            said = t("{title}: {note}", title=arm.title, note=tm(note))
            st.info(plain(said), icon=":material/info:")
    more_systems(seen)
    _folded(
        t("One against the other"),
        ":material/difference:",
        "fold_against",
        lambda: against(measured, measure.key),
    )
    _folded(
        t("All systems, all measures"),
        ":material/table_chart:",
        "fold_measures",
        lambda: every_measure(comparison),
    )
    if comparison.differences:
        with st.expander(
            t("Tuned against base, all measures"), icon=":material/stacked_line_chart:"
        ):
            chart = cached(lambda: difference_chart(comparison, t), "differences", comparison.id)
            show_chart(chart, key="differences")
    with st.expander(t("How many questions would be needed?"), icon=":material/calculate:"):
        questions_to_show(comparison)


def _folded(title: str, icon: str, key: str, draw: Callable[[], None]) -> None:
    """Draw a folded part, worked out when it is opened: resampling many questions takes seconds."""
    part = st.expander(title, icon=icon, key=key, on_change="rerun")
    if part.open:
        with part:
            draw()


def _measure_choice(comparison: Comparison, dataset: QADataset) -> Measure:
    grades = grades_of(dataset)
    cutoffs = possible_cutoffs(comparison) or (10,)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            t("Measure"),
            list(MEASURES),
            format_func=lambda name: t(MEASURES[name].title).format(cutoff="k"),
            key=_NAME,
            persist_state="session",
        )
        cutoff = st.selectbox(
            t("First answers looked at (k)"),
            cutoffs,
            index=cutoffs.index(10) if 10 in cutoffs else 0,
            key=_CUTOFF,
            persist_state="session",
            width=220,
        )
        grade = 0.0
        if len(grades) > 1:
            grade = st.selectbox(
                t("Right from grade"),
                grades,
                format_func=lambda grade: f"{grade:g}",
                key=_GRADE,
                disabled=MEASURES[name].graded,
                help=t(
                    "Your data grade their answers. nDCG uses the grades as they are; all other "
                    "measures need to know from which grade on an answer counts as right."
                ),
                width=160,
            )
    return (MEASURES[name] @ cutoff).from_grade(float(grade))


@st.cache_resource(max_entries=16, show_spinner=False)
def _measured(
    comparison_id: str,
    reader: str,
    measure_key: str,
    _comparison: Comparison,
    _dataset: QADataset,
    _measure: Measure,
) -> Comparison:
    return remeasured(_comparison, _dataset, _measure)


def _title(name: str) -> str:
    try:
        return find_entry(name).title
    except AppError:
        return name
