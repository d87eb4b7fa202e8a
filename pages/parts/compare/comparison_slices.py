"""Where tuning helps and where it does not: parts of the held-out questions."""

from __future__ import annotations

import streamlit as st

from core.journey.compare import MIN_GROUPS, MIN_QUESTIONS, SLICERS, signed_effect
from core.reporting.charts.verdict_charts import slice_chart, slice_label
from core.types import BETTER, WORSE, SliceDifference
from pages.parts.cached import cached
from pages.parts.charts import show_chart
from pages.parts.compare.comparison_job import Compared
from pages.parts.deep_links import filter_in_address
from pages.parts.translate import plain, t


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
    _sentences(slices)
    keys = list(dict.fromkeys(part.attribute for part in slices))
    chosen = st.pills(
        t("Told apart by"),
        keys,
        default=keys[min(1, len(keys) - 1)],
        format_func=lambda key: t(SLICERS[key].title),
        key="slice_attribute",
        on_change=filter_in_address("parts", "slice_attribute", keys),
        help=t("All of them where nothing is chosen."),
    )
    if chosen in keys:
        st.caption(t(SLICERS[chosen].meaning))
    shown = [part for part in slices if chosen not in keys or part.attribute == chosen]
    chart = cached(lambda: slice_chart(shown, t), "slices", seen.comparison.id, str(chosen))
    show_chart(chart, key="slices")
    if any(part.small for part in shown):
        st.caption(
            t(
                "Groups with fewer than {questions} questions or {groups} groups of answers are "
                "too small for a verdict; their numbers are shown all the same.",
                questions=MIN_QUESTIONS,
                groups=MIN_GROUPS,
            )
        )


def _sentences(slices: tuple[SliceDifference, ...]) -> None:
    """Name the groups with a verdict, the worse ones first."""
    for word, icon in ((WORSE, ":material/trending_down:"), (BETTER, ":material/trending_up:")):
        parts = [part for part in slices if part.result.word == word]
        if not parts:
            continue
        names = " · ".join(
            f"{slice_label(part, t)} ({signed_effect(part.result.difference)})" for part in parts
        )
        text = (
            t("Worse on: {names}", names=names)
            if word == WORSE
            else t("Better on: {names}", names=names)
        )
        st.markdown(f"{icon} {plain(text)}")
    if not any(part.result.word in (WORSE, BETTER) for part in slices):
        st.markdown(
            f":material/trending_flat: {plain(t('No group of questions shows a difference.'))}"
        )
