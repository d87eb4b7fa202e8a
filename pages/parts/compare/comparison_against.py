"""Every system against one that the reader chooses."""

from __future__ import annotations

import streamlit as st

from core.evaluation.verdict import BASE, REGIME_TEXTS, WORDS, contrasts
from core.types import Comparison, Difference
from pages.parts.translate import t


@st.cache_resource(max_entries=16, show_spinner=False)
def _contrasts(
    comparison_id: str, reference: str, metric: str, margin: float, _measured: Comparison
) -> tuple[Difference, ...]:
    return contrasts(_measured, seed=0, reference=reference, metric=metric, margin=margin)


def against(measured: Comparison, metric: str) -> None:
    """Draw the differences of all systems from one that the reader chooses."""
    import pandas as pd

    arms = {arm.name: arm for arm in measured.arms}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reference = st.selectbox(
            t("Compared with"),
            list(arms),
            format_func=lambda name: arms[name].title,
            index=list(arms).index(BASE) if BASE in arms else 0,
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
    found = _contrasts(measured.id, reference, metric, float(margin), measured)
    titles = [t(REGIME_TEXTS[d.regime].title) for d in found]
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(
            {
                "regime": titles,
                "system": [arms[d.arm].title for d in found],
                "difference": [round(d.difference, 3) for d in found],
                "low": [round(d.low, 3) for d in found],
                "high": [round(d.high, 3) for d in found],
                "p": [round(d.p_adjusted, 4) for d in found],
                "wins": [d.wins for d in found],
                "ties": [d.ties for d in found],
                "losses": [d.losses for d in found],
                "smallest": [round(d.smallest_detectable, 3) for d in found],
                "word": [t(WORDS[d.word]) for d in found],
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
