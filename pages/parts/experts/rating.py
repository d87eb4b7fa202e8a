"""People rate pairs, upload ratings, and see what was said; people become an expert."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.journey import rating
from core.journey.projects import scored_experts
from core.journey.rating import (
    FAIR,
    GOOD,
    MOST_STARS,
    Agreement,
    RatingPool,
    RatingSummary,
    RatingTask,
    is_people,
)
from core.messages import N_, N_n
from core.types.rights import CHANGE
from pages.parts import session
from pages.parts.errors import attempt, errors_shown, guarded, show_error, show_failed_attempt
from pages.parts.page import Context, tabs
from pages.parts.reading import read_upload
from pages.parts.rights import only
from pages.parts.sign_in import ask_name
from pages.parts.translate import called, plain, t, tm, unbroken

_MEANINGS = (
    N_("no answer to it at all"),
    N_("hardly helps"),
    N_("helps in part"),
    N_("answers it, something is missing"),
    N_("answers it fully"),
)
_ENOUGH = 10  # shared pairs; with fewer, full agreement may be luck


@st.cache_resource(show_spinner=False, max_entries=4)
def _pool(root: str, dataset_id: str, experts: tuple[str, ...]) -> RatingPool:
    """Draw the pairs once for everybody: all raters get the same ones."""
    workspace = session.workspace()
    return rating.rating_pool(workspace, workspace.load_dataset(dataset_id), experts)


def people_section(context: Context) -> None:
    """Draw all that has to do with people as experts, folded.

    Only what is open is drawn: the keys 1 to 5 must not rate a pair that nobody sees.
    """
    fold = st.expander(
        t("People: rate pairs yourself"),
        icon=":material/groups:",
        key="people_open",
        on_change="rerun",
    )
    if not fold.open:
        return
    with fold:
        st.markdown(
            t(
                "People are experts too: colleagues who know your customers say how well an answer "
                "fits. Two or more of them on the same pairs show how far people agree at all."
            )
        )
        parts = (
            (N_("Rate pairs"), _rate),
            (N_("Upload ratings"), rating_upload),
            (N_("What people said"), rating_results),
        )
        tabs("people_tab", parts, context, link="people-tab")


def _rate(context: Context) -> None:
    rater = session.given_name()
    if not rater:
        ask_name(
            t("Your name, so that your ratings can be told from those of others"), "rater_name"
        )
        return
    with errors_shown():
        scored = scored_experts(context.project)
        # What people say must not decide which pairs people are asked about.
        experts = tuple(key for key in scored if not is_people(key))
        assert context.project.dataset_id is not None
        with st.spinner(t("Looking for pairs that are worth a rating …")):
            pool = _pool(str(context.workspace.layout.root), context.project.dataset_id, experts)
        _pairs(context, pool, rater)


@st.fragment
@guarded
def _pairs(context: Context, pool: RatingPool, rater: str) -> None:
    """Draw one pair and its buttons; a click redraws this part of the page only."""
    show_failed_attempt()
    dataset = context.dataset
    task = rating.rating_task(context.project, dataset, pool, rater)
    if not task.total:
        st.success(t("You have rated every pair there is. Thank you!"), icon=":material/done_all:")
    else:
        done = t("{done} of {total} rated", done=task.done, total=task.total)
        st.progress(task.done / task.total, text=done)
        _show(dataset.questions[task.question_row], dataset.answers[task.answer_row])
        _buttons(context, task, rater)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("Back: change my last rating"),
            key="rating_back",
            icon=":material/undo:",
            type="tertiary",
            shortcut="Z",
            on_click=attempt,
            args=(rating.undo_rating, context.project, dataset, rater),
            **only(CHANGE, disabled=not task.given),
        )
        st.caption(
            t(
                N_n(
                    "{name}, you have rated {count} pair so far.",
                    "{name}, you have rated {count} pairs so far.",
                ),
                name=plain(rater),
                count=task.given,
            )
        )


def _show(question: str, answer: str) -> None:
    with st.container(border=True, key="rating_pair"):
        st.caption(t("Question"))
        st.text(unbroken(question))
        st.caption(t("Answer"))
        st.text(unbroken(answer))


def _buttons(context: Context, task: RatingTask, rater: str) -> None:
    st.markdown(f"**{t('How well does this answer the question?')}**")
    pair = task.question_row, task.answer_row
    place = rating.rate_pair, context.project, context.dataset, pair, rater
    for stars, meaning in enumerate(_MEANINGS, start=1):
        st.button(
            f"{'★' * stars}{'☆' * (MOST_STARS - stars)}  {t(meaning)}",
            key=f"rate_{stars}",
            shortcut=str(stars),
            width="stretch",
            on_click=attempt,
            args=(*place, stars),
            **only(CHANGE),
        )
    st.button(
        t("Cannot say"),
        key="rate_none",
        shortcut="0",
        width="stretch",
        icon=":material/help:",
        on_click=attempt,
        args=(*place, None),
        **only(CHANGE),
    )
    st.caption(t("Keys: 1 to 5 for the stars, 0 for “cannot say”, Z to go back."))


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
        st.success(
            t(N_n("{count} new rating was taken.", "{count} new ratings were taken."), count=taken),
            icon=":material/check:",
        )
    file = st.file_uploader(
        t("File with ratings"), key=field, label_visibility="collapsed", **only(CHANGE)
    )
    if file is None:
        return
    try:
        # Without a name the rows say that it is missing: "user" would be everybody.
        rater = session.given_name()
        dataset = context.dataset
        upload = read_upload(
            file,
            "ratings",
            lambda content, name, report: rating.read_ratings(
                *(content, name, dataset, rater), report=report
            ),
            dataset.id,
            rater,
        )
    except Exception as error:
        show_error(error)
        return
    if upload is None:
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
        **only(CHANGE, disabled=not upload.ratings),
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
    st.markdown(
        t(
            N_n(
                "{ratings} ratings by {raters} person on {pairs} pairs.",
                "{ratings} ratings by {raters} people on {pairs} pairs.",
                by="raters",
            ),
            **counts,
        )
    )
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
        N_n(
            "Agreement (Krippendorff's alpha): {alpha} ({low} to {high}) on "
            "{pairs} pair that two or more people rated; 1 = always the same, "
            "0 = as by chance.",
            "Agreement (Krippendorff's alpha): {alpha} ({low} to {high}) on "
            "{pairs} pairs that two or more people rated; 1 = always the same, "
            "0 = as by chance.",
            by="pairs",
        ),
        **values,
    )
    return f"{words} {figures}"


def _raters(summary: RatingSummary) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "name": [called(rater.name) for rater in summary.raters],
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
            **only(CHANGE, disabled=not summary.ratings),
        ):
            action = rating.use_people
        if used and st.button(
            t("Take people off the experts"),
            key="leave_people",
            icon=":material/group_remove:",
            **only(CHANGE),
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
