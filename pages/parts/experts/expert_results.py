"""What scoring found: how good each expert is, who agrees with whom, which of them to take."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.journey import decisions
from core.journey.decisions import COPY_OF, KEEP, LEAVE_OUT, PanelAdvice
from core.journey.experts import leaf_order, load_expert_scores
from core.messages import N_
from core.reporting.charts.chart import Chart
from core.reporting.charts.expert_charts import agreement_heatmap, expert_quality_bars
from core.types import Interval
from core.types.rights import CHANGE
from core.types.scoring import ExpertFigures, ScoringResult
from pages.parts import session
from pages.parts.cached import cached
from pages.parts.charts import show_chart
from pages.parts.errors import errors_shown
from pages.parts.experts.passports import expert_passports
from pages.parts.experts.teacher import teacher_sentence
from pages.parts.page import Context, tabs
from pages.parts.rights import only
from pages.parts.translate import plain, t, tm

_CLOSE = 0.9  # rank correlation from which two experts say nearly the same
_SIGNS = {
    KEEP: ":material/check_circle:",
    LEAVE_OUT: ":material/do_not_disturb_on:",
    COPY_OF: ":material/content_copy:",
}


def expert_results(context: Context, report: ScoringResult) -> None:
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
    ranking = _ranking(report)
    st.subheader(t("How good is each expert alone?"), anchor=False)
    st.markdown(_who_is_weakest(ranking))
    tabs("expert_tab", _VIEWS, context, report)
    st.subheader(t("Who agrees with whom?"), anchor=False)
    st.markdown(_who_agrees(names, report.agreement_table))
    said = repr((names, report.agreement_table.tolist()))
    chart = cached(
        lambda: _agreement_chart(names, report.agreement_table), "expert agreement", said
    )
    show_chart(chart, key="expert_agreement")
    with st.expander(t("All figures of the experts"), icon=":material/table_chart:"):
        _table(report.figures)


def _ranking(report: ScoringResult) -> list[tuple[str, Interval]]:
    return [(expert.title, expert.ndcg) for expert in report.figures if expert.ndcg is not None]


def _strength(context: Context, report: ScoringResult) -> None:
    """Draw how far up each expert alone brings the right answer."""
    ranking = _ranking(report)
    if ranking:
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
        with st.container(gap=None):  # the whole chart on the first screen
            asked = t("How far up in the first ten does the right answer come? (nDCG@10)")
            st.markdown(f"**{asked}**")
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


_VIEWS = ((N_("Strength"), _strength), (N_("Passports"), expert_passports))


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
            "How far up in the first ten does the right answer come? 1 = always first. "
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


@st.cache_resource(show_spinner=False, max_entries=8)
def _advice(
    root: str,
    dataset_id: str,
    experts: tuple[str, ...],
    said: str,
    teacher: str,
    _report: ScoringResult,
) -> PanelAdvice:
    workspace = session.workspace()
    dataset = workspace.load_dataset(dataset_id)
    scores = load_expert_scores(workspace, dataset, experts)
    return decisions.advise(
        dataset, scores, _report.figures, _report.agreement_table, teacher=teacher
    )


def panel_choice(context: Context, report: ScoringResult) -> None:
    """Draw whether there is a teacher, the button that asks for advice, and the advice."""
    st.subheader(t("Who should take part?"), anchor=False)
    teacher = ""
    with errors_shown():
        teacher = teacher_sentence(context)
    if len(report.figures) < 2:
        return
    st.markdown(
        t(
            "Experts that say the same count twice, and weak ones only take time. So the figures "
            "choose: how well each finds right pairs, who copies whom, what the labels lose "
            "without it, and what it costs. You can change that here and on the page Labels."
        )
    )
    if report.panel is not None:
        _proposed(context, report, report.panel)
        return
    said = repr(report.figures)
    key = f"panel_advice_{context.project.id}"
    if st.button(t("Choose for me"), icon=":material/auto_awesome:", key="choose_for_me"):
        st.session_state[key] = said
    if st.session_state.get(key) != said:
        return
    with errors_shown():
        with st.spinner(t("Trying the labels without each expert …")):
            advice = _advice(
                str(context.workspace.layout.root),
                str(context.project.dataset_id),
                tuple(expert.expert for expert in report.figures),
                said,
                teacher,
                report,
            )
        _proposed(context, report, advice)


def _proposed(context: Context, report: ScoringResult, advice: PanelAdvice) -> None:
    """Draw who takes part by the figures and why, and the way back: everybody."""
    everybody = tuple(expert.expert for expert in report.figures)
    taking_part = decisions.panel_in_use(context.project, everybody)
    with st.container(border=True, key="panel_advice"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                t(
                    "**{count} of {all} experts make the labels.**",
                    count=len(taking_part),
                    all=len(everybody),
                ),
                width="stretch",
            )
            followed = set(taking_part) == set(advice.kept)
            if not followed and st.button(
                t("Let the proposed {count} make them", count=len(advice.kept)),
                icon=":material/auto_awesome:",
                key="use_panel",
                **only(CHANGE),
            ):
                _use(context, advice.kept)
            if set(taking_part) != set(everybody) and st.button(
                t("Let everybody make them"),
                icon=":material/undo:",
                key="use_everybody",
                **only(CHANGE),
            ):
                _use(context, everybody)
        _reasons(advice)


def _use(context: Context, experts: tuple[str, ...]) -> None:
    with errors_shown():
        decisions.use_panel(context.project, experts, session.who())
        st.rerun()


def _reasons(advice: PanelAdvice) -> None:
    """Draw what the figures say for and against each expert."""
    for expert in advice.advice:
        st.markdown(
            f"{_SIGNS[expert.verdict]} **{plain(expert.title)}**  \n{plain(tm(expert.why))}"
        )
    if advice.everybody is not None and advice.panel is not None:
        st.caption(
            t(
                "Labels by reliability put right answers into the first ten (nDCG@10) with "
                "{panel} ({panel_low} to {panel_high}) for the proposed experts, {all} "
                "({all_low} to {all_high}) for everybody: {questions} validation questions, "
                "their known right answers left out.",
                panel=f"{advice.panel.value:.3f}",
                panel_low=f"{advice.panel.low:.3f}",
                panel_high=f"{advice.panel.high:.3f}",
                all=f"{advice.everybody.value:.3f}",
                all_low=f"{advice.everybody.low:.3f}",
                all_high=f"{advice.everybody.high:.3f}",
                questions=advice.questions,
            )
        )
    st.caption(two_measures())
