"""Upload a file with ratings that people gave elsewhere."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.journey import rating
from pages.parts import session
from pages.parts.errors import show_error
from pages.parts.page import Context
from pages.parts.translate import t, tm


def rating_upload(context: Context) -> None:
    """Draw the upload, what would be taken and what not, and the button that takes it."""
    st.markdown(
        t(
            "A table (CSV or XLSX) with the columns **question**, **answer**, **rater** and "
            "**rating**: 1 to 5 or 0 to 100. Questions and answers must be those of your data."
        )
    )
    # A new field after each import: the old file would be offered again otherwise.
    field = f"ratings_file_{context.project.id}_{st.session_state.get('rating_uploads', 0)}"
    taken = st.session_state.pop("ratings_taken", None)
    if taken is not None:
        st.success(t("{count} new ratings were taken.", count=taken), icon=":material/check:")
    file = st.file_uploader(t("File with ratings"), key=field, label_visibility="collapsed")
    if file is None:
        return
    try:
        # Without a name the rows say that it is missing: "user" would be everybody.
        rater = session.given_name()
        found = rating.read_rating_file(file.getvalue(), file.name, context.dataset, rater)
    except Exception as error:
        show_error(error)
        return
    raters = len({one.rater for one in found.ratings})
    st.markdown(
        t(
            "{count} ratings by {raters} people can be taken; the scale is {scale}. Rows that "
            "cannot: {problems}; rows without a rating: {blank}.",
            count=len(found.ratings),
            raters=raters,
            scale=found.scale.replace("-", "–"),
            problems=len(found.problems),
            blank=found.blank,
        )
    )
    if found.problems:
        st.dataframe(
            pd.DataFrame(
                {
                    t("Row in your file"): [row for row, _ in found.problems],
                    t("Why it is not taken"): [tm(reason) for _, reason in found.problems],
                }
            ),
            hide_index=True,
            height=200,
        )
    if st.button(
        t("Take these ratings"),
        key="take_ratings",
        icon=":material/download_done:",
        disabled=not found.ratings,
    ):
        try:
            count = rating.add_rating_file(context.project, found, session.who())
        except Exception as error:
            show_error(error)
        else:
            st.session_state["ratings_taken"] = count
            st.session_state["rating_uploads"] = st.session_state.get("rating_uploads", 0) + 1
            st.rerun()
