"""The voter's view: two unlabelled result lists, one key per choice, then the next question."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.errors import AppError
from core.journey import voting
from core.journey.compare import load_comparison
from core.journey.voting import Ballot
from core.types import Comparison, QADataset
from core.types.judgements import LEFT, RIGHT, TIE, VoteRound
from pages.parts import session
from pages.parts.compare.side_by_side import shortened
from pages.parts.deep_links import go_to
from pages.parts.errors import attempt, guarded, show_error, show_failed_attempt
from pages.parts.page import Context
from pages.parts.sign_in import ask_name
from pages.parts.translate import plain, t

VOTE = "vote"  # name in the link
_LENGTH = 420  # letters of an answer; the same on both sides


@st.cache_resource(max_entries=2, show_spinner=False)
def compared(root: str, compare_run: str) -> Comparison:
    """Read a comparison once for all voters."""
    return load_comparison(session.workspace(), compare_run)


def voting_only(context: Context) -> None:
    """Draw the vote that the link asks for, and end the page; do nothing without one.

    Voters see the two lists and nothing else: no verdict, no names of systems.
    """
    asked = st.query_params.get(VOTE)
    if not asked:
        return
    try:
        round_ = voting.find_round(context.project, asked)
        comparison = compared(str(context.workspace.layout.root), round_.compare_run)
    except AppError as error:
        show_error(error)
        st.stop()
    voter = session.given_name()
    ended = voting.progress(context.workspace, round_).opening is not None
    if voter or ended:  # nobody types a name to learn that it is over
        _vote(context, round_, comparison, voter)
    else:
        ask_name(t("Your name, so that your votes can be told from those of others"), "voter_name")
    st.stop()


@st.fragment
@guarded
def _vote(context: Context, round_: VoteRound, comparison: Comparison, voter: str) -> None:
    """Draw one question; a click redraws this part of the page only."""
    show_failed_attempt()
    state = voting.progress(context.workspace, round_)
    if state.opening is not None:
        st.info(t("This vote has ended. Thank you for taking part."), icon=":material/how_to_vote:")
        _back(context, comparison)
        return
    ballot = voting.ballot(context.workspace, round_, comparison, voter)
    st.progress(
        ballot.done / ballot.total,
        text=t("{done} of {total} answered", done=ballot.done, total=ballot.total),
    )
    if ballot.position < 0:
        st.success(t("You have voted on every question. Thank you!"), icon=":material/done_all:")
        _back(context, comparison)
    else:
        _lists(context.dataset, ballot)
        _buttons(context, round_, ballot, voter)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("Back: change my last vote"),
            key="vote_back",
            icon=":material/undo:",
            type="tertiary",
            shortcut="Z",
            disabled=ballot.last < 0,
            on_click=attempt,
            args=(voting.undo_vote, context.workspace, round_, ballot.last, voter),
        )
        st.caption(
            t("You vote as {name}. Keys: ← left, → right, 0 neither, Z back.", name=plain(voter))
        )


def _back(context: Context, comparison: Comparison) -> None:
    if st.button(t("Go to the comparison"), icon=":material/compare_arrows:", key="vote_leave"):
        st.query_params.pop(VOTE, None)
        go_to("compare", run=comparison.run_id)


def _lists(dataset: QADataset, ballot: Ballot) -> None:
    with st.container(border=True, key="vote_question"):
        st.caption(t("Question"))
        st.markdown(f"**{plain(dataset.questions[ballot.question])}**")
    st.markdown(t("Which list of answers would help the person who asks more?"))
    sides = st.columns(2, gap="medium")
    for side, answers, title in zip(
        sides, (ballot.left, ballot.right), (t("Left list"), t("Right list")), strict=True
    ):
        with side, st.container(border=True, height="stretch"):
            st.markdown(f"##### {title}")
            _answers(dataset, answers)


def _answers(dataset: QADataset, answers: Sequence[int]) -> None:
    for rank, answer in enumerate(answers, start=1):
        text = shortened(dataset.answers[answer], _LENGTH)
        st.markdown(f"**{rank}**&ensp;{plain(text)}")


def _buttons(context: Context, round_: VoteRound, ballot: Ballot, voter: str) -> None:
    place = voting.cast, context.workspace, round_, ballot.position, voter
    choices = (
        (LEFT, t("Left is better"), ":material/arrow_back:", "Left"),
        (TIE, t("Neither: equally good or bad"), ":material/drag_handle:", "0"),
        (RIGHT, t("Right is better"), ":material/arrow_forward:", "Right"),
    )
    for column, (choice, label, icon, key) in zip(st.columns(3), choices, strict=True):
        column.button(
            label,
            # A key of its own per question: a second click on the same spot votes for nothing.
            key=f"vote_{choice}_{ballot.position}",
            icon=icon,
            shortcut=key,
            width="stretch",
            on_click=attempt,
            args=(*place, choice),
        )
