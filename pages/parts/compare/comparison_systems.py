"""All systems on the same held-out questions, by a measure that the reader chooses."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.errors import AppError
from core.evaluation.families import FAMILIES
from core.evaluation.remeasure import MeasureChoice, grades_of, possible_cutoffs, remeasured
from core.experts.catalogue import find_entry
from core.reporting.charts.verdict_charts import arm_chart, difference_chart
from core.types import Comparison, QADataset
from pages.parts.charts import show_chart
from pages.parts.compare.comparison_against import against
from pages.parts.compare.comparison_choice import more_systems
from pages.parts.compare.comparison_job import Compared
from pages.parts.compare.comparison_power import questions_to_show
from pages.parts.compare.comparison_table import every_measure
from pages.parts.kept import kept
from pages.parts.translate import language, plain, t, tm

_FAMILY, _CUTOFF, _THRESHOLD = "compare_family", "compare_cutoff", "compare_threshold"


def all_systems(seen: Compared) -> None:
    """Draw every system, by one measure at a time, and how it differs from another one."""
    comparison, dataset = seen.comparison, seen.context.dataset
    st.markdown(
        t(
            "Every system searched for the same held-out questions. The lines show how far the "
            "mean could lie from the dot by chance (95 % interval)."
        )
    )
    choice = _measure_choice(comparison, dataset)
    metric = choice.metric
    st.caption(t(metric.meaning, cutoff=metric.cutoff))
    try:
        measured = _measured(comparison.id, language(), choice, comparison, dataset)
    except AppError as error:  # kept lists of an older comparison are too short
        st.info(plain(tm(error.message)), icon=":material/refresh:")
        return
    chart = kept(
        lambda: arm_chart(measured, t, metric=metric), "systems", comparison.id, repr(choice)
    )
    show_chart(chart, key=f"arms_{metric.key}")
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
        lambda: against(measured, metric.key),
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
            chart = kept(lambda: difference_chart(comparison, t), "differences", comparison.id)
            show_chart(chart, key="differences")
    with st.expander(t("How many questions would be needed?"), icon=":material/calculate:"):
        questions_to_show(comparison)


def _folded(title: str, icon: str, key: str, draw: Callable[[], None]) -> None:
    """Draw a folded part, worked out when it is opened: resampling many questions takes seconds."""
    part = st.expander(title, icon=icon, key=key, on_change="rerun")
    if part.open:
        with part:
            draw()


def _measure_choice(comparison: Comparison, dataset: QADataset) -> MeasureChoice:
    grades = grades_of(dataset)
    cutoffs = possible_cutoffs(comparison) or (10,)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        family = st.selectbox(
            t("Measure"),
            list(FAMILIES),
            format_func=lambda key: t(FAMILIES[key].title).format(cutoff="k"),
            key=_FAMILY,
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
        threshold = 0.0
        if len(grades) > 1:
            threshold = st.selectbox(
                t("Right from grade"),
                grades,
                format_func=lambda grade: f"{grade:g}",
                key=_THRESHOLD,
                disabled=FAMILIES[family].graded,
                help=t(
                    "Your data grade their answers. nDCG uses the grades as they are; all other "
                    "measures need to know from which grade on an answer counts as right."
                ),
                width=160,
            )
    return MeasureChoice(family, cutoff, 0.0 if FAMILIES[family].graded else float(threshold))


@st.cache_resource(max_entries=16, show_spinner=False)
def _measured(
    comparison_id: str,
    reader: str,
    choice: MeasureChoice,
    _comparison: Comparison,
    _dataset: QADataset,
) -> Comparison:
    return remeasured(_comparison, _dataset, choice)


def _title(name: str) -> str:
    try:
        return find_entry(name).title
    except AppError:
        return name
