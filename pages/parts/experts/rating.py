"""Rate pairs yourself: one pair at a time, without what experts or other people think of it."""

from __future__ import annotations

import streamlit as st

from core.journey import rating
from core.journey.projects import scored_experts
from core.journey.rating import MOST_STARS, RatingPool, RatingTask, is_people
from core.messages import N_
from pages.parts import session
from pages.parts.errors import attempt, errors_shown, guarded, show_failed_attempt
from pages.parts.experts.rating_results import rating_results, rating_upload
from pages.parts.page import Context, tabs
from pages.parts.sign_in import ask_name
from pages.parts.translate import plain, t

_MEANINGS = (
    N_("no answer to it at all"),
    N_("hardly helps"),
    N_("helps in part"),
    N_("answers it, something is missing"),
    N_("answers it fully"),
)


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
        tabs("people_tab", parts, context)


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
            disabled=not task.given,
            on_click=attempt,
            args=(rating.undo_rating, context.project, dataset, rater),
        )
        st.caption(
            t("{name}, you have rated {count} pairs so far.", name=plain(rater), count=task.given)
        )


def _show(question: str, answer: str) -> None:
    with st.container(border=True, key="rating_pair"):
        st.caption(t("Question"))
        st.text(question)
        st.caption(t("Answer"))
        st.text(answer)


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
        )
    st.button(
        t("Cannot say"),
        key="rate_none",
        shortcut="0",
        width="stretch",
        icon=":material/help:",
        on_click=attempt,
        args=(*place, None),
    )
    st.caption(t("Keys: 1 to 5 for the stars, 0 for “cannot say”, Z to go back."))
