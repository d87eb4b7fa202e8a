"""Terms sheets: where an expert's texts go, its licence, whether its scores may teach a model."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.journey.sending import TEACHING_TITLES, confirmed_terms, terms_sheets
from pages.parts.page import Context
from pages.parts.translate import moment, t, tm


def terms_overview(context: Context, keys: Sequence[str]) -> None:
    """Draw the terms of the chosen experts with who confirmed them."""
    with st.expander(t("Terms of the chosen experts"), icon=":material/gavel:"):
        confirmed = confirmed_terms(context.project)
        sheets = terms_sheets(context.project, keys)
        st.dataframe(
            {
                t("Expert"): [sheet.title for sheet in sheets],
                t("Where texts go"): [tm(sheet.goes_to) for sheet in sheets],
                t("Licence"): [sheet.licence or "–" for sheet in sheets],
                t("May its scores teach?"): [
                    f"{t(TEACHING_TITLES[sheet.teaching])}. {tm(sheet.reason)}" for sheet in sheets
                ],
                t("To read"): [sheet.source or None for sheet in sheets],
                t("Confirmed"): [
                    f"{word.who}, {moment(word.at)}"
                    if (word := confirmed.get(sheet.id))
                    else t("before texts are sent")
                    if sheet.needs_confirmation
                    else t("not needed: nothing is sent")
                    for sheet in sheets
                ],
            },
            hide_index=True,
            row_height=56,
            column_config={
                t("Expert"): st.column_config.TextColumn(width=160),
                t("Where texts go"): st.column_config.TextColumn(width=200),
                t("Licence"): st.column_config.TextColumn(width=100),
                t("May its scores teach?"): st.column_config.TextColumn(width=420),
                t("To read"): st.column_config.LinkColumn(width=160),
            },
            key="terms_table",
        )
