"""The risk assessment: the project's own facts, and the questions that only people can answer."""

from __future__ import annotations

import streamlit as st

from core.journey.decisions import RISK_LEVELS, RISK_QUESTIONS, keep_risk
from core.journey.report import facts_of
from core.types.personal_rules import RiskAssessment
from core.types.rights import DECIDE
from pages.parts import session
from pages.parts.errors import show_error
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import moment, plain, t, tm


def risk_assessment(context: Context, experts: tuple[str, ...]) -> None:
    """Draw the facts and the form; what is kept goes into the report."""
    st.markdown(
        t(
            "Answer in your own words. What is kept here stands in the report with your name and "
            "date; facts of this project are filled in."
        )
    )
    kept = context.project.state.risk
    facts = facts_of(context.project, context.dataset, experts)
    with st.expander(t("Facts of this project"), icon=":material/fact_check:"):
        for title, sentences in facts:
            told = "  \n".join(plain(tm(sentence)) for sentence in sentences)
            st.markdown(f"**{t(title)}**  \n{told}")
    with st.form("risk", border=True):
        answers = {
            key: st.text_area(
                t(question),
                value=getattr(kept, key) if kept else "",
                help=t(meaning),
                max_chars=2000,
                height=80,
                key=f"risk_{key}",
            )
            for key, (question, meaning) in RISK_QUESTIONS.items()
        }
        levels = list(RISK_LEVELS)
        level = st.segmented_control(
            t("What remains"),
            levels,
            default=kept.level if kept else None,
            format_func=lambda word: t(RISK_LEVELS[word]),
            key="risk_level",
        )
        if st.form_submit_button(t("Keep this assessment"), icon=":material/save:", **only(DECIDE)):
            try:
                kept = keep_risk(
                    context.project, RiskAssessment(**answers, level=level or ""), session.who()
                )
            except Exception as error:  # shown where the button is
                show_error(error)
    if kept is not None:
        st.caption(t("Kept by {who} on {at}.", who=plain(kept.who), at=moment(kept.at)))
