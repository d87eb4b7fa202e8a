"""The verdict: one card per kind of question, everyday language, and what speaks against use."""

from __future__ import annotations

import streamlit as st

from core.evaluation.measures import MAIN_METRIC, METRICS
from core.evaluation.verdict import (
    BETTER,
    GENERALITY_LIMIT,
    KEPT,
    LOST,
    NOT_SHOWN,
    REGIME_TEXTS,
    UNSURE,
    WORDS,
    WORSE,
    generality_state,
    present_regimes,
    sentence,
)
from core.messages import N_
from core.types import Comparison, Difference
from pages.parts.model_titles import language_title
from pages.parts.translate import plain, t, tm

_LOOKS = {  # icon, colour: told apart without colour too
    BETTER: (":material/trending_up:", "blue"),
    WORSE: (":material/trending_down:", "red"),
    NOT_SHOWN: (":material/trending_flat:", "gray"),
}

_GENERALITY = {
    KEPT: N_(
        "Everyday language is still understood ({language}): {before} before, {after} after, "
        "{change} ({low} to {high}) on {pairs} general sentence pairs (Spearman). A drop of up to "
        "{limit} is allowed."
    ),
    UNSURE: N_(
        "Everyday language seems to be still understood ({language}): {before} before, {after} "
        "after, {change} ({low} to {high}) on {pairs} general sentence pairs (Spearman). A drop of "
        "up to {limit} is allowed; the interval reaches past it."
    ),
    LOST: N_(
        "Everyday language is understood less well ({language}): {before} before, {after} after, "
        "{change} ({low} to {high}) on {pairs} general sentence pairs (Spearman). A drop of up to "
        "{limit} is allowed."
    ),
}


def verdict_cards(comparison: Comparison) -> None:
    """Draw one card per regime that has held-out questions."""
    regimes = present_regimes(comparison)
    columns = st.columns(max(1, len(regimes)))
    for column, regime in zip(columns, regimes, strict=False):
        difference = comparison.difference(regime)
        with column, st.container(border=True, height="stretch", key=f"verdict_{regime}"):
            st.markdown(f"**{t(REGIME_TEXTS[regime].title)}**")
            st.caption(t(REGIME_TEXTS[regime].meaning))
            if difference is None:
                st.markdown(t("Not measured: the model before or after tuning is absent."))
            else:
                _card(difference)


def _card(difference: Difference) -> None:
    icon, colour = _LOOKS[difference.word]
    st.markdown(f"## :{colour}[{icon} {t(WORDS[difference.word])}]")
    said = tm(sentence(difference))
    st.markdown(plain(said))
    meaning = METRICS[MAIN_METRIC].meaning_in(t)
    left, right = st.columns(2)
    left.metric(t("Before (nDCG@10)"), f"{difference.before:.3f}", help=meaning)
    right.metric(
        t("After (nDCG@10)"),
        f"{difference.after:.3f}",
        delta=f"{difference.difference:+.3f}",
        delta_color="off" if difference.word == NOT_SHOWN else "normal",
        help=meaning,
    )
    st.caption(
        t(
            "The tuned model is better on {wins} of these questions, the same on {ties}, worse on "
            "{losses}.",
            wins=difference.wins,
            ties=difference.ties,
            losses=difference.losses,
        )
    )


def generality_lines(comparison: Comparison) -> None:
    """Say how well everyday language is understood before and after."""
    for probe in comparison.generality:
        state = generality_state(probe)
        icon = ":material/warning:" if state == LOST else ":material/check_circle:"
        text = t(
            _GENERALITY[state],
            before=f"{probe.before:.3f}",
            after=f"{probe.after:.3f}",
            change=_signed(probe.after - probe.before),
            low=_signed(probe.low),
            high=_signed(probe.high),
            pairs=probe.pairs,
            language=language_title(probe.language),
            limit=GENERALITY_LIMIT,
        )
        st.markdown(f"{icon} {plain(text)}")
    if not comparison.generality:
        st.caption(t("Everyday language was not measured in this comparison."))


def _signed(value: float) -> str:
    # A change that rounds to nothing has no sign.
    return f"{value:+.3f}".replace("-", "−") if abs(value) >= 0.0005 else "0.000"
