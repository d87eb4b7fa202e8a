"""The decision at a glance, on top of the Report page."""

from __future__ import annotations

import streamlit as st

from core.journey.reporting import Preview
from pages.parts.translate import plain, t, tm

_BOXES = {
    "better": (st.success, ":material/trending_up:"),
    "worse": (st.error, ":material/trending_down:"),
    "not shown": (st.info, ":material/trending_flat:"),
}


def show_decision(preview: Preview) -> None:
    """Draw the verdict of each regime, and what speaks against the tuned model."""
    box, icon = _BOXES[preview.word]
    box(f"**{plain(tm(preview.decision))}**", icon=icon)
    columns = st.columns(max(len(preview.regimes), 1))
    for column, regime in zip(columns, preview.regimes, strict=False):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{t(regime.title)}**", help=t(regime.meaning))
            if regime.key in preview.sentences:
                st.markdown(plain(tm(preview.sentences[regime.key])))
    for reason in preview.refusals:
        st.warning(plain(tm(reason)), icon=":material/block:")
