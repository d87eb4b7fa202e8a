"""Where tuning helps and where it does not: parts of the held-out questions."""

from __future__ import annotations

import streamlit as st

from core.evaluation.slices import SLICERS
from core.evaluation.verdict import WORDS
from core.types import SliceDifference
from pages.parts.comparison_job import Compared
from pages.parts.translate import t, tm


def slice_view(seen: Compared) -> None:
    """Draw the slices of a comparison, attribute by attribute."""
    slices = seen.comparison.slices
    if not slices:
        st.info(
            t("This comparison was made without groups of questions. Compare again to see them."),
            icon=":material/refresh:",
        )
        return
    st.markdown(
        t(
            "The same verdict for parts of the held-out questions (slices). The more parts are "
            "looked at, the more of them differ by chance, so each has to pass a stricter test "
            "(Holm correction)."
        )
    )
    _table(slices)


def _table(slices: tuple[SliceDifference, ...]) -> None:
    import pandas as pd

    rows = [
        {
            t("Told apart by"): t(SLICERS[part.attribute].title),
            t("Questions of this kind"): tm(part.label),
            t("Questions"): part.result.questions,
            t("Before (nDCG@10)"): round(part.result.before, 3),
            t("After (nDCG@10)"): round(part.result.after, 3),
            t("Difference"): round(part.result.difference, 3),
            t("Low (95 %)"): round(part.result.low, 3),
            t("High (95 %)"): round(part.result.high, 3),
            t("Verdict"): t("Too few questions") if part.small else t(WORDS[part.result.word]),
        }
        for part in slices
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="slices")
