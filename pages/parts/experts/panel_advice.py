"""Choose for me: the proposed experts with a sentence each, and the button that takes them."""

from __future__ import annotations

import streamlit as st

from core.journey import decisions
from core.journey.decisions import COPY_OF, KEEP, LEAVE_OUT, PanelAdvice
from core.journey.experts import load_expert_scores
from core.types.scoring import ScoringResult
from pages.parts import session
from pages.parts.deep_links import go_to
from pages.parts.errors import errors_shown
from pages.parts.experts.expert_results import two_measures
from pages.parts.experts.teacher import teacher_sentence
from pages.parts.page import Context
from pages.parts.translate import plain, t, tm

_SIGNS = {
    KEEP: ":material/check_circle:",
    LEAVE_OUT: ":material/do_not_disturb_on:",
    COPY_OF: ":material/content_copy:",
}


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
            "Experts that say the same count twice, and weak ones only take time. Let the figures "
            "choose: how well each finds right pairs, who copies whom, what the labels lose "
            "without it, and what it costs."
        )
    )
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
        _show(context, advice)


def _show(context: Context, advice: PanelAdvice) -> None:
    with st.container(border=True, key="panel_advice"):
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
        if st.button(
            t("Let these {count} experts make the labels", count=len(advice.kept)),
            icon=":material/arrow_forward:",
            key="use_panel",
        ):
            decisions.use_panel(context.project, advice.kept, session.who())
            go_to("labels")
