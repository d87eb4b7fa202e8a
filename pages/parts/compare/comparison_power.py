"""How many held-out questions a difference of a given size needs to be shown."""

from __future__ import annotations

import streamlit as st

from core.evaluation.statistics import questions_needed
from core.evaluation.verdict import MIN_QUESTIONS, REGIME_TEXTS, effect_text
from core.types import Comparison, Difference
from pages.parts.translate import plain, t

_STEP = 0.01


def questions_to_show(comparison: Comparison) -> None:
    """Ask for a difference and say how many questions would show it, per kind of question."""
    found = [d for d in (comparison.difference(r) for r in ("known", "unseen")) if d is not None]
    if not found:
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
    for difference in found:
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
