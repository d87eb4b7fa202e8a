"""Speed and memory of base, tuned model and experts on this machine."""

from __future__ import annotations

import math

import streamlit as st

from core.journey.compare import REGIME_TEXTS, EncodingCost, present_regimes
from core.journey.decisions import (
    MISSES,
    Saving,
    Savings,
    SavingsInput,
    save_savings,
    saved_inputs,
    savings,
)
from core.messages import N_n
from core.types import BASE, CROSS_FIT, TUNED, Comparison
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.compare.comparison_job import Compared, examination_of
from pages.parts.errors import attempt, guarded, show_failed_attempt
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.translate import plain, t, tm


def cost_view(seen: Compared) -> None:
    """Draw what encoding costs here, then the savings calculator."""
    costs = examination_of(seen).costs
    st.subheader(t("What search costs on this machine"), anchor=False)
    if costs:
        _table(seen, costs)
    else:
        st.info(
            t("Speed was not measured in this comparison. Test every question again to see it.")
            if seen.comparison.way == CROSS_FIT
            else t("Speed was not measured in this comparison. Compare again to see it."),
            icon=":material/refresh:",
        )
    _savings_calculator(seen.context, seen.comparison)


def _table(seen: Compared, costs: tuple[EncodingCost, ...]) -> None:
    import pandas as pd

    names = {system.name: system.title for system in seen.comparison.systems}
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    st.dataframe(
        pd.DataFrame(
            {
                "system": [names.get(cost.arm, cost.title) for cost in costs],
                "rate": [round(cost.texts_per_second, 1) for cost in costs],
                "range": [f"{cost.slowest:,.0f} – {cost.fastest:,.0f}" for cost in costs],
                "single": [round(cost.query_ms, 1) for cost in costs],
                "weights": [cost.weights_mb or None for cost in costs],
                "vectors": [round(cost.vectors_mb, 2) for cost in costs],
                "device": [cost.device for cost in costs],
            }
        ),
        hide_index=True,
        key="model_costs",
        column_config={
            "system": text(t("System"), width=300),
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
    before, after = (next((c for c in costs if c.arm == name), None) for name in (BASE, TUNED))
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


def _savings_calculator(context: Context, comparison: Comparison) -> None:
    """Draw the calculator; without a difference between before and after there is none."""
    st.subheader(t("What it would save"), anchor=False)
    st.markdown(
        t(
            "Your own figures, multiplied by the gain that was measured on held-out questions: "
            "for the low end, the middle and the high end of its interval."
        )
    )
    if not comparison.differences:
        st.caption(t("Not measured: the model before or after tuning is absent."))
        return
    _calculator(context, comparison)


@st.fragment
@guarded
def _calculator(context: Context, comparison: Comparison) -> None:
    show_failed_attempt()
    kept = saved_inputs(context.project)
    _draw_inputs(kept or SavingsInput(), comparison)
    inputs = _typed_inputs()
    difference = comparison.difference(inputs.regime, inputs.measure)
    if difference is None:
        st.info(t("This measure is not in the comparison. Choose another one."))
        return
    _shown(savings(inputs, difference))
    if inputs == kept:
        st.caption(t("The report prints these figures."))
        return

    def keep() -> None:  # what was typed last comes with the click
        save_savings(context.project, _typed_inputs(), session.who())

    st.button(
        t("Keep for the report"),
        key="savings_keep",
        icon=":material/save:",
        on_click=attempt,
        args=(keep,),
        **only(CHANGE),
    )


def _draw_inputs(start: SavingsInput, comparison: Comparison) -> None:
    regimes = list(present_regimes(comparison))
    number = st.columns([1, 1, 1, 0.6])
    number[0].number_input(
        t("Questions per month"),
        0,
        1_000_000_000,
        start.questions_per_month,
        step=1000,
        key="savings_questions",
    )
    number[1].number_input(
        t("Minutes per missed answer"),
        0.0,
        10_000.0,
        float(start.minutes_per_miss),
        step=0.5,
        format="%.1f",
        key="savings_minutes",
        help=t("Working time that somebody spends when search does not find the answer."),
    )
    number[2].number_input(
        t("Cost of an hour"),
        0.0,
        1_000_000.0,
        float(start.hourly_cost),
        step=5.0,
        format="%.0f",
        key="savings_cost",
    )
    number[3].text_input(t("Currency"), start.currency, max_chars=8, key="savings_currency")
    left, right = st.columns(2)
    left.selectbox(
        t("A missed answer is"),
        list(MISSES),
        index=list(MISSES).index(start.measure),
        format_func=lambda key: t(MISSES[key].title),
        key="savings_measure",
    )
    right.selectbox(
        t("Gain of"),
        regimes,
        index=regimes.index(start.regime) if start.regime in regimes else 0,
        format_func=lambda key: t(REGIME_TEXTS[key].title),
        key="savings_regime",
        help=t("Known answers where most questions are about answers in your data."),
    )


def _typed_inputs() -> SavingsInput:
    names = ("questions", "minutes", "cost", "currency", "measure", "regime")
    questions, minutes, cost, currency, measure, regime = (
        st.session_state[f"savings_{name}"] for name in names
    )
    return SavingsInput(
        int(questions or 0),
        float(minutes or 0),
        float(cost or 0),
        (currency or "").strip(),
        measure,
        regime,
    )


def _shown(worth: Savings) -> None:
    columns = st.columns(3)
    for column, title, saving in zip(
        columns,
        (t("Low"), t("Middle"), t("High")),
        (worth.low, worth.middle, worth.high),
        strict=True,
    ):
        with column, st.container(border=True, height="stretch"):
            st.metric(
                t("{end}, per month", end=title),
                money(saving, worth.inputs.currency),
            )
            st.caption(
                t(
                    N_n(
                        "{questions} fewer miss, {hours} hours",
                        "{questions} fewer misses, {hours} hours",
                        by="questions",
                    ),
                    questions=_number(saving.questions),
                    hours=_number(saving.hours),
                )
            )
    with st.container(border=True):
        st.markdown(f"**{t('What has to hold for this')}**")
        st.markdown("\n".join(f"- {plain(tm(line))}" for line in worth.assumptions))


def money(one: Saving, currency: str) -> str:
    """Return an amount as people write it, rounded to three digits: no false precision."""
    return f"{_number(one.money)} {currency}".strip()


def _number(value: float) -> str:
    """Return three digits, with thousands parted: ``12,300``, ``0.45``."""
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    shown = f"{round(value, digits):,.{min(max(digits, 0), 2)}f}"
    return shown.replace("-", "−")
