"""What people said: files with ratings, raters, agreement in words, people as one more expert."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.journey import rating
from core.journey.rating import FAIR, GOOD, Agreement, RatingSummary
from pages.parts import session
from pages.parts.errors import errors_shown, show_error
from pages.parts.page import Context
from pages.parts.translate import t, tm

_ENOUGH = 10  # shared pairs; with fewer, full agreement may be luck


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
        upload = rating.read_ratings(file.getvalue(), file.name, context.dataset, rater)
    except Exception as error:
        show_error(error)
        return
    raters = len({given.rater for given in upload.ratings})
    st.markdown(
        t(
            "{count} ratings by {raters} people can be taken; the scale is {scale}. Rows that "
            "cannot: {problems}; rows without a rating: {blank}.",
            count=len(upload.ratings),
            raters=raters,
            scale=upload.scale.replace("-", "–"),
            problems=len(upload.problems),
            blank=upload.blank,
        )
    )
    if upload.problems:
        st.dataframe(
            pd.DataFrame(
                {
                    t("Row in your file"): [row for row, _ in upload.problems],
                    t("Why it is not taken"): [tm(reason) for _, reason in upload.problems],
                }
            ),
            hide_index=True,
            height=200,
        )
    if st.button(
        t("Take these ratings"),
        key="take_ratings",
        icon=":material/download_done:",
        disabled=not upload.ratings,
    ):
        with errors_shown():
            count = rating.add_rating_file(context.project, upload, session.who())
            st.session_state["ratings_taken"] = count
            st.session_state["rating_uploads"] = st.session_state.get("rating_uploads", 0) + 1
            st.rerun()


def rating_results(context: Context) -> None:
    """Draw the table of raters, how far they agree, and the button that makes them an expert."""
    # A click runs the page again, which reads what others have said meanwhile.
    st.button(t("Refresh"), key="ratings_refresh", icon=":material/refresh:", type="tertiary")
    try:
        summary = rating.rating_summary(context.project, context.dataset)
    except Exception as error:
        show_error(error)
        return
    if not summary.raters:
        st.info(t("Nobody has rated a pair yet."), icon=":material/groups:")
        return
    counts = {"ratings": summary.ratings, "raters": len(summary.raters), "pairs": summary.pairs}
    st.markdown(t("{ratings} ratings by {raters} people on {pairs} pairs.", **counts))
    st.markdown(_agreement_words(summary.agreement))
    _raters(summary)
    if summary.held_out or summary.unknown:
        st.caption(
            t(
                "On record but not used: {held_out} ratings of questions that are kept for the "
                "final test, {unknown} of texts that are not in the present data.",
                held_out=summary.held_out,
                unknown=summary.unknown,
            )
        )
    _use(context, summary)


def _agreement_words(agreement: Agreement | None) -> str:
    if agreement is None:
        return t(
            "How far people agree cannot be said yet: two people must have rated the same pairs, "
            "and not all alike."
        )
    values = {
        "alpha": f"{agreement.alpha:.2f}",
        "low": f"{agreement.low:.2f}",
        "high": f"{agreement.high:.2f}",
        "pairs": agreement.pairs,
    }
    if agreement.pairs < _ENOUGH:
        words = t(
            "Too few pairs to say how far people agree: at least {least} that two people rated.",
            least=_ENOUGH,
        )
    elif agreement.low >= GOOD:
        words = t("People **agree well**.")
    elif agreement.alpha >= GOOD:
        words = t("People seem to **agree well**; more ratings would make that certain.")
    elif agreement.alpha >= FAIR:
        words = t("People **agree fairly well**: good enough for labels, not for fine differences.")
    else:
        words = t(
            "People **agree little**: talk about a few pairs together before you rely on this."
        )
    figures = t(
        "Agreement (Krippendorff's alpha): {alpha} ({low} to {high}) on {pairs} pairs that two or "
        "more people rated; 1 = always the same, 0 = as by chance.",
        **values,
    )
    return f"{words} {figures}"


def _raters(summary: RatingSummary) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "name": [rater.name for rater in summary.raters],
                "rated": [rater.rated for rater in summary.raters],
                "passed": [rater.passed for rater in summary.raters],
                "weight": [round(rater.weight, 2) for rater in summary.raters],
            }
        ),
        hide_index=True,
        column_config={
            "name": st.column_config.TextColumn(t("Rater")),
            "rated": st.column_config.NumberColumn(t("Pairs rated"), width="small"),
            "passed": st.column_config.NumberColumn(t("Cannot say"), width="small"),
            "weight": st.column_config.NumberColumn(
                t("Counts"),
                format="%.2f",
                width="small",
                help=t("1 = as much as others; less for ratings that do not go with the others'."),
            ),
        },
    )


def _use(context: Context, summary: RatingSummary) -> None:
    used = rating.people_expert(context.project)
    place = context.project, context.dataset
    action: Callable[..., object] | None = None
    with st.container(horizontal=True):
        if st.button(
            t("Use people as an expert: take the newest ratings")
            if used
            else t("Use people as an expert"),
            key="use_people",
            icon=":material/group_add:",
            disabled=not summary.ratings,
        ):
            action = rating.use_people
        if used and st.button(
            t("Take people off the experts"), key="leave_people", icon=":material/group_remove:"
        ):
            action = rating.leave_people
    st.caption(
        t(
            "Brings all raters to one scale and measures the panel again with people in it; that "
            "takes seconds. Saved recipes keep the ratings that they were made with."
        )
    )
    if action is not None:
        with errors_shown():
            with st.spinner(t("Measuring how good each expert is")):
                action(*place, session.who())
            st.rerun()
