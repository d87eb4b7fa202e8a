"""Speed and memory of base, tuned model and experts on this machine."""

from __future__ import annotations

import streamlit as st

from core.evaluation.cost import EncodingCost
from core.evaluation.verdict import BASE, TUNED
from pages.parts.compare.comparison_job import Compared
from pages.parts.compare.examined import examination_of
from pages.parts.compare.savings import savings_calculator
from pages.parts.translate import t


def cost_view(seen: Compared) -> None:
    """Draw what encoding costs here, then the savings calculator."""
    costs = examination_of(seen).costs
    st.subheader(t("What search costs on this machine"), anchor=False)
    if costs:
        _table(seen, costs)
    else:
        st.info(
            t("Speed was not measured in this comparison. Compare again to see it."),
            icon=":material/refresh:",
        )
    savings_calculator(seen.context, seen.comparison)


def _table(seen: Compared, costs: tuple[EncodingCost, ...]) -> None:
    import pandas as pd

    names = {arm.name: arm.title for arm in seen.comparison.arms}
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(
            {
                "system": [names.get(one.arm, one.title) for one in costs],
                "rate": [round(one.texts_per_second, 1) for one in costs],
                "range": [f"{one.slowest:,.0f} – {one.fastest:,.0f}" for one in costs],
                "single": [round(one.query_ms, 1) for one in costs],
                "weights": [one.weights_mb or None for one in costs],
                "vectors": [round(one.vectors_mb, 2) for one in costs],
                "device": [one.device for one in costs],
            }
        ),
        hide_index=True,
        key="model_costs",
        column_config={
            "system": text(t("System"), width=245),
            "rate": number(
                t("Texts per second"), format="%.0f", width=115, help=t("Median of the rounds.")
            ),
            "range": text(t("slowest – fastest"), width=115),
            "single": number(
                t("One question (ms)"),
                format="%.1f",
                width=115,
                help=t("Median of single questions."),
            ),
            "weights": number(
                t("Model (MB)"), format="%.0f", width=85, help=t("Memory of its weights.")
            ),
            "vectors": number(
                t("Index (MB)"),
                format="%.2f",
                width=85,
                help=t("Vectors of all your answers."),
            ),
            "device": text(t("Device"), width=95),
        },
        alt=t("Speed and memory of every model on this machine."),
    )
    before, after = (next((c for c in costs if c.arm == arm), None) for arm in (BASE, TUNED))
    if before and after:
        apart = after.slowest > before.fastest or after.fastest < before.slowest
        st.markdown(
            t(
                "Tuning changes weights, not the size of a model: a difference in speed between "
                "before and after is due to what else this machine was doing."
            )
            if apart
            else t("Before and after cost the same: tuning changes weights, not their number.")
        )
    st.caption(
        t(
            "Measured in the comparison job on {texts} texts of your data, {rounds} rounds, past "
            "the cache; other work on the machine slows it down.",
            texts=costs[0].texts,
            rounds=costs[0].rounds,
        )
    )
