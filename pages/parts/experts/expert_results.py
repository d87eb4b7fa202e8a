"""What scoring found: how good each expert is alone, who agrees with whom, who failed."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.journey.experts import leaf_order
from core.reporting.charts.chart import Chart
from core.reporting.charts.expert_charts import agreement_heatmap, expert_quality_bars
from core.types import Interval
from core.types.scoring import ExpertFigures, ScoringResult
from pages.parts.cached import cached
from pages.parts.charts import show_chart
from pages.parts.deep_links import go_to
from pages.parts.translate import plain, t, tm

_CLOSE = 0.9  # rank correlation from which two experts say nearly the same


def expert_results(report: ScoringResult) -> None:
    """Draw the figures of a finished scoring, and the way on."""
    for expert, reason in report.failures.items():
        st.warning(
            t(
                "**{expert}** could not score: {reason}",
                expert=plain(expert),
                reason=plain(tm(reason)),
            ),
            icon=":material/person_off:",
        )
    names = [figures.title for figures in report.figures]
    ranking = [(expert.title, expert.ndcg) for expert in report.figures if expert.ndcg is not None]
    st.subheader(t("How good is each expert alone?"), anchor=False)
    st.markdown(_who_is_weakest(ranking))
    if st.button(t("Look at the labels"), type="primary", icon=":material/arrow_forward:"):
        go_to("labels")
    if ranking:
        st.markdown(f"**{t('Does the right answer come in the first ten? (nDCG@10)')}**")
        bars = cached(
            lambda: expert_quality_bars(
                [title for title, _ in ranking],
                [ndcg.value for _, ndcg in ranking],
                [ndcg.low for _, ndcg in ranking],
                [ndcg.high for _, ndcg in ranking],
                t,
                t("nDCG@10, 1 = perfect"),
            ),
            "expert quality",
            repr(ranking),
        )
        show_chart(bars, key="expert_quality")
    if len(ranking) < len(report.figures):
        st.caption(
            t(
                "Not ranked: {names}. An expert that scores a list of pairs cannot order all "
                "answers; how well it tells the right pairs on its list from the others stands in "
                "the table below.",
                names=", ".join(plain(e.title) for e in report.figures if e.ndcg is None),
            )
        )
    st.subheader(t("Who agrees with whom?"), anchor=False)
    st.markdown(_who_agrees(names, report.agreement_table))
    said = repr((names, report.agreement_table.tolist()))
    chart = cached(
        lambda: _agreement_chart(names, report.agreement_table), "expert agreement", said
    )
    show_chart(chart, key="expert_agreement")
    with st.expander(t("All figures of the experts"), icon=":material/table_chart:"):
        _table(report.figures)


def two_measures() -> str:
    """Return why experts are ranked by one measure and weighed by another."""
    return t(
        "Two measures, for a reason: nDCG@10 says how well an expert alone finds right answers, "
        "and ranks them; a vote counts by average precision (AP), because labels are about pairs, "
        "and experts that score a list of pairs only have no nDCG@10."
    )


def _agreement_chart(names: list[str], agreement: np.ndarray) -> Chart:
    order = leaf_order(agreement)  # groups of like experts become dark squares
    return agreement_heatmap(agreement[np.ix_(order, order)], [names[i] for i in order], t)


def _who_is_weakest(ranking: list[tuple[str, Interval]]) -> str:
    if not ranking:
        return t(
            "The experts in use have scored lists of pairs only. Add one that scores all pairs, "
            "so that the others can be compared with it."
        )
    ranked = sorted(ranking, key=lambda one: -one[1].value)
    (best, high), (worst, low) = ranked[0], ranked[-1]
    values = {
        "best": plain(best),
        "best_value": f"{high.value:.2f}",
        "best_low": f"{high.low:.2f}",
        "best_high": f"{high.high:.2f}",
        "worst": plain(worst),
        "worst_value": f"{low.value:.2f}",
        "worst_low": f"{low.low:.2f}",
        "worst_high": f"{low.high:.2f}",
    }
    if len(ranked) == 1:
        return t(
            "**{best}** reaches {best_value} ({best_low} to {best_high}) on the questions that are "
            "not kept for the test; 1 would be perfect.",
            **values,
        )
    if low.high < high.low:
        return t(
            "Strongest on your data is **{best}** with {best_value} ({best_low} to {best_high}), "
            "weakest **{worst}** with {worst_value} ({worst_low} to {worst_high}); 1 would be "
            "perfect. A weak expert is no harm: on the next page it counts as much as it deserves.",
            **values,
        )
    return t(
        "**{best}** is ahead with {best_value} ({best_low} to {best_high}) and **{worst}** last "
        "with {worst_value} ({worst_low} to {worst_high}), but these ranges overlap: on your data "
        "no expert is shown to be better than the others.",
        **values,
    )


def _who_agrees(names: list[str], agreement: np.ndarray) -> str:
    pairs = [
        (float(agreement[i, j]), names[j], names[i])
        for i in range(len(names))
        for j in range(i)
        if np.isfinite(agreement[i, j])
    ]
    if not pairs:
        return t("With one expert there is nobody to agree with. Choose others below as well.")
    high, first, second = max(pairs)
    values = {"first": plain(first), "second": plain(second), "value": f"{high:.2f}"}
    if high >= _CLOSE:
        return t(
            "**{first}** and **{second}** say nearly the same (agreement {value} of 1): one of "
            "them adds little.",
            **values,
        )
    return t(
        "**{first}** and **{second}** agree most (agreement {value} of 1), but still differ "
        "enough that each adds something.",
        **values,
    )


def _table(figures: tuple[ExpertFigures, ...]) -> None:
    columns = {
        t("Expert"): [expert.title for expert in figures],
        t("First ten (nDCG@10)"): [_span(expert.ndcg) for expert in figures],
        t("Pairs in order (AP)"): [_span(expert.average_precision) for expert in figures],
        t("Right or not (ROC-AUC)"): [_span(expert.roc_auc) for expert in figures],
        t("Texts read"): [expert.texts_encoded for expert in figures],
        t("Seconds"): [round(expert.seconds, 1) for expert in figures],
        t("Loading"): [round(expert.loading_seconds, 1) for expert in figures],
    }
    helps = (
        None,
        t(
            "Does the right answer come in the first ten, and how far up? 1 = always first. "
            "– = scores a list of pairs only and cannot order all answers."
        ),
        t("Are right pairs scored above other pairs? Average precision; 1 = all of them."),
        t("How often a right pair is scored above another one (ROC-AUC); 0.5 = by chance."),
        t("Texts or pairs that had to be read; 0 = all were known from an earlier scoring."),
        t("Seconds that reading took."),
        t("Seconds until the model was in memory, fetching included: paid once, not a speed."),
    )
    widths = (190, 145, 145, 150, 70, 65, 65)
    st.dataframe(
        columns,
        hide_index=True,
        key="expert_table",
        column_config={
            name: st.column_config.Column(help=meaning, width=width)
            for name, meaning, width in zip(columns, helps, widths, strict=True)
        },
    )
    st.caption(
        t(
            "In brackets the 95 % interval. Measured on the questions for training and "
            "validation only; the test questions stay untouched until the comparison."
        )
    )
    st.caption(two_measures())


def _span(interval: Interval | None) -> str:
    if interval is None or np.isnan(interval.value):
        return "–"
    return f"{interval.value:.2f} ({interval.low:.2f} – {interval.high:.2f})"
