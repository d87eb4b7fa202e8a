"""All systems on the same held-out questions, by a measure that the reader chooses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.errors import AppError
from core.evaluation.measures import (
    MAIN_METRIC,
    MEASURES,
    METRICS,
    Measure,
    grades_of,
    possible_cutoffs,
    remeasured,
)
from core.journey.compare import (
    MIN_QUESTIONS,
    REGIME_TEXTS,
    WORDS,
    contrasts,
    effect_text,
    intervals,
    present_regimes,
    questions_needed,
)
from core.journey.compare_systems import HYBRID_TITLES
from core.reporting.charts.verdict_charts import difference_chart, system_chart
from core.types import BASE, REGIMES, Comparison, Difference, QADataset
from pages.parts.cached import cached
from pages.parts.charts import show_chart
from pages.parts.compare.comparison_choice import more_systems
from pages.parts.compare.comparison_job import Compared
from pages.parts.model_titles import model_title
from pages.parts.translate import plain, t, tm

_STEP = 0.01  # of a difference to plan for
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
        measured = cached(
            lambda: remeasured(comparison, dataset, measure), "measured", comparison.id, measure.key
        )
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
    for system in comparison.systems:
        for note in system.notes:
            said = t("{title}: {note}", title=system.title, note=tm(note))
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


def against(measured: Comparison, metric: str) -> None:
    """Draw the differences of all systems from one that the reader chooses."""
    import pandas as pd

    systems = {system.name: system for system in measured.systems}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reference = st.selectbox(
            t("Compared with"),
            list(systems),
            format_func=lambda name: systems[name].title,
            index=list(systems).index(BASE) if BASE in systems else 0,
            key="compare_reference",
        )
        margin = st.number_input(
            t("Tie margin"),
            min_value=0.0,
            max_value=0.5,
            value=0.0,
            step=0.01,
            format="%.2f",
            key="compare_margin",
            help=t("Questions whose results differ by no more than this count as ties."),
            width=160,
        )
    differences = cached(
        lambda: contrasts(measured, seed=0, reference=reference, metric=metric, margin=margin),
        "contrasts",
        *(measured.id, reference, metric, margin),
    )
    titles = [t(REGIME_TEXTS[d.regime].title) for d in differences]
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(
            {
                "regime": titles,
                "system": [systems[d.arm].title for d in differences],
                "difference": [round(d.difference, 3) for d in differences],
                "low": [round(d.low, 3) for d in differences],
                "high": [round(d.high, 3) for d in differences],
                "p": [round(d.p_adjusted, 4) for d in differences],
                "wins": [d.wins for d in differences],
                "ties": [d.ties for d in differences],
                "losses": [d.losses for d in differences],
                "smallest": [round(d.smallest_detectable, 3) for d in differences],
                "word": [t(WORDS[d.word]) for d in differences],
            }
        ),
        hide_index=True,
        key="contrasts",
        column_config={
            "regime": st.column_config.TextColumn(t("Kind of question")),
            "system": st.column_config.TextColumn(t("System")),
            "difference": number(t("Difference"), format="%+.3f"),
            "low": number(t("Low (95 %)"), format="%+.3f"),
            "high": number(t("High (95 %)"), format="%+.3f"),
            "p": number(
                t("p-value (Holm)"),
                help=t("Paired randomisation test, corrected for the number of systems (Holm)."),
            ),
            "wins": number(t("Wins")),
            "ties": number(t("Ties")),
            "losses": number(t("Losses")),
            "smallest": number(
                t("Smallest to be found"),
                help=t(
                    "True difference that these questions would show in 80 of 100 cases (minimum "
                    "detectable effect)."
                ),
            ),
            "word": st.column_config.TextColumn(t("Verdict")),
        },
        alt=t("Difference of every system from the chosen one, per kind of question."),
    )


def every_measure(comparison: Comparison) -> None:
    """Draw mean and interval of every system, for every measure of the verdict."""
    import pandas as pd

    cell = t("{value} ({low} to {high})")
    rows = []
    for regime in present_regimes(comparison):
        spread = cached(partial(intervals, comparison, regime), "spread", comparison.id, regime)
        for system in comparison.systems:
            row = {t("Kind of question"): t(REGIME_TEXTS[regime].title), t("System"): system.title}
            for key, metric in METRICS.items():
                interval = spread.get((system.name, key))
                row[metric.title_in(t)] = (
                    cell.format(**{end: f"{value:.3f}" for end, value in vars(interval).items()})
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


def questions_to_show(comparison: Comparison) -> None:
    """Ask for a difference and say how many questions would show it, per kind of question."""
    every = map(comparison.difference, REGIMES)
    differences = [difference for difference in every if difference is not None]
    if not differences:
        st.caption(t("Not measured: the model before or after tuning is absent."))
        return
    effect = st.number_input(
        t("True difference to be shown (nDCG@10)"),
        min_value=_STEP,
        max_value=0.5,
        value=0.03,
        step=_STEP,
        format="%.2f",
        key="power_effect",
        width=300,
    )
    for difference in differences:
        st.markdown(plain(_sentence(difference, float(effect))))
    st.caption(
        t(
            "In 80 of 100 cases, at a 5 % error rate, from the spread of the differences seen here "
            "(power calculation). Several questions about one answer count as the group that they "
            "are, not as independent questions."
        )
    )


def _sentence(difference: Difference, effect: float) -> str:
    needed = questions_needed(difference.questions, difference.smallest_detectable, effect)
    values = {
        "kind": t(REGIME_TEXTS[difference.regime].title),
        "effect": f"{effect:.2f}",
        "now": difference.questions,
        "smallest": effect_text(difference.smallest_detectable),
    }
    if needed is None:
        return t("{kind}: no question changed, so nothing can be planned with.", **values)
    needed = max(needed, MIN_QUESTIONS)
    if needed <= difference.questions:
        return t(
            "{kind}: the {now} held-out questions are enough to show +{effect}; about {needed} "
            "would do.",
            needed=needed,
            **values,
        )
    return t(
        "{kind}: to show +{effect}, about {needed} held-out questions are needed; now there are "
        "{now}, which show {smallest} or more.",
        needed=needed,
        **values,
    )


def _title(name: str) -> str:
    return t(HYBRID_TITLES[name]) if name in HYBRID_TITLES else model_title(name)
