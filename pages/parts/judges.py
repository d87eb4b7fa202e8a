"""Whether a language model may count more than people, in words: on Experts and on Labels."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import AppError
from core.journey.labels import judges_told
from pages.parts.cached import cached
from pages.parts.page import Context
from pages.parts.translate import plain, tm


def judges(context: Context, experts: Sequence[str]) -> None:
    """Draw for each language model among experts whether it may count more than people, and why."""
    try:
        told = cached(
            lambda: judges_told(context.project, experts), "judges", context.dataset.id, *experts
        )
    except AppError:  # scores are gone: what the page is about says so
        return
    for sentence in told:
        st.info(plain(tm(sentence)), icon=":material/balance:")
