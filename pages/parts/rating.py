"""Rate pairs yourself: one pair at a time, without what experts or other people think of it."""

from __future__ import annotations

import streamlit as st

from core.journey import rating
from core.journey.rating import MOST_STARS, RatingPool, RatingTask
from core.journey.status import scored_experts
from core.messages import N_
from pages.parts import session
from pages.parts.errors import show_error
from pages.parts.page import Context
from pages.parts.rating_file import rating_upload
from pages.parts.rating_results import rating_results
from pages.parts.sign_in import signed_in_name
from pages.parts.translate import t

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
    """Draw all that has to do with people as experts, folded."""
    with st.expander(t("People: rate pairs yourself"), icon=":material/groups:"):
        st.markdown(
            t(
                "People are experts too: colleagues who know your customers say how well an answer "
                "fits. Two or more of them on the same pairs show how far people agree at all."
            )
        )
        tabs = st.tabs([t("Rate pairs"), t("Upload ratings"), t("What people said")])
        with tabs[0]:
            _rate(context)
        with tabs[1]:
            rating_upload(context)
        with tabs[2]:
            rating_results(context)


def rater_name() -> str:
    """Return the name that ratings are recorded under, "" where none was given."""
    return " ".join((signed_in_name() or str(st.session_state.get("who") or "")).split())[:120]


def _rate(context: Context) -> None:
    rater = rater_name()
    if not rater:
        _ask_name()
        return
    try:
        experts = scored_experts(context.workspace, context.project)
        assert context.project.dataset_id is not None
        with st.spinner(t("Looking for pairs that are worth a rating …")):
            pool = _pool(str(context.workspace.layout.root), context.project.dataset_id, experts)
        _pairs(context, pool, rater)
    except Exception as error:
        show_error(error)


def _ask_name() -> None:
    def keep() -> None:
        st.session_state["who"] = str(st.session_state.get("rater_name") or "").strip()

    st.text_input(
        t("Your name, so that your ratings can be told from those of others"),
        key="rater_name",
        on_change=keep,
        placeholder=t("then press Enter"),
    )


@st.fragment
def _pairs(context: Context, pool: RatingPool, rater: str) -> None:
    """Draw one pair and its buttons; a click redraws this part of the page only."""
    dataset = context.dataset
    task = rating.rating_task(context.workspace, context.project, dataset, pool, rater)
    if not task.total:
        st.success(t("You have rated every pair there is. Thank you!"), icon=":material/done_all:")
    else:
        done = t("{done} of {total} rated", done=task.done, total=task.total)
        st.progress(task.done / task.total, text=done)
        _show(dataset.questions[task.question_row], dataset.answers[task.answer_row])
        _buttons(context, task, rater)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            t("Back: change my last rating"),
            key="rating_back",
            icon=":material/undo:",
            type="tertiary",
            shortcut="Z",
            disabled=not task.given,
        ):
            _do(lambda: rating.undo_rating(context.workspace, context.project, dataset, rater))
        given = t("{name}, you have rated {count} pairs so far.", name=rater, count=task.given)
        st.caption(given.replace("\\", "").replace("$", "").replace("[", "("))


def _show(question: str, answer: str) -> None:
    with st.container(border=True, key="rating_pair"):
        st.caption(t("Question"))
        st.text(question)
        st.caption(t("Answer"))
        st.text(answer)


def _buttons(context: Context, task: RatingTask, rater: str) -> None:
    st.markdown(f"**{t('How well does this answer the question?')}**")
    given: int | None = -1
    for row in range(MOST_STARS):
        stars = row + 1
        label = f"{'★' * stars}{'☆' * (MOST_STARS - stars)}  {t(_MEANINGS[row])}"
        if st.button(label, key=f"rate_{stars}", shortcut=str(stars), width="stretch"):
            given = stars
    if st.button(
        t("Cannot say"), key="rate_none", shortcut="0", width="stretch", icon=":material/help:"
    ):
        given = None
    st.caption(t("Keys: 1 to 5 for the stars, 0 for “cannot say”, Z to go back."))
    if given != -1:
        pair = task.question_row, task.answer_row
        place = context.workspace, context.project, context.dataset
        _do(lambda: rating.rate_pair(*place, pair, rater, given))


def _do(action: object) -> None:
    assert callable(action)
    try:
        action()
    except Exception as error:
        show_error(error)
    else:
        st.rerun(scope="fragment")
