"""The blind vote: a round is set up and opened here, and people vote question by question."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.errors import AppError
from core.journey.compare import load_comparison, newest_comparison
from core.journey.people import voting
from core.journey.people.voting import Ballot, Preference, VoteProgress, vote_facts
from core.messages import N_n
from core.reporting.charts.comparison_charts import vote_chart
from core.types import BASE, TUNED, Comparison, QADataset
from core.types.judgements import LEFT, RIGHT, TIE, VoteOpening, VoteRound
from core.types.rights import DECIDE, SEE
from pages.parts import session
from pages.parts.charts import show_chart
from pages.parts.compare.comparison_job import with_titles
from pages.parts.deep_links import RUN, go_to
from pages.parts.errors import attempt, guarded, show_error, show_failed_attempt
from pages.parts.invitation import invite, vote_link
from pages.parts.page import Context
from pages.parts.rights import only
from pages.parts.sign_in import LINK, ask_name
from pages.parts.translate import moment, plain, shortened, t, tm

_LENGTH = 420  # letters of an answer; the same on both sides
_EVERY = "2s"  # how often the counter looks for new votes

# The choices stay in reach of a thumb, and long answers are cut so that both lists are seen soon.
_STYLE = """<style>
.stMain .stMainBlockContainer { padding: 3.6rem 1rem 6rem; max-width: 1100px; }
.stMain h1 { font-size: 1.4rem; padding: 0; }
.st-key-vote_buttons {
  position: fixed; left: 0; right: 0; bottom: 0; z-index: 99; width: 100%;
  padding: 10px 16px 14px; backdrop-filter: blur(14px);
  border-top: 1px solid rgba(128,128,128,.35); justify-content: center;
}
.st-key-vote_buttons > div { max-width: 340px; }
.st-key-vote_buttons button { min-height: 48px; }
.st-key-vote_buttons button kbd { display: none; }
@media (max-width: 640px) {
  [class*="st-key-vote_list_"] p {
    font-size: 14px; line-height: 19px; overflow: hidden;
    display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3;
  }
  [class*="st-key-vote_list_"] { gap: .5rem; padding: .6rem .8rem; }
}
</style>"""


@st.cache_resource(max_entries=2, show_spinner=False)
def compared(root: str, compare_run: str) -> Comparison:
    """Read a comparison once for all voters."""
    return load_comparison(session.workspace(), compare_run)


def vote_of_the_link() -> None:
    """Draw the vote of a link, which stands alone: no navigation, no verdict, no names of systems.

    For everybody alike, on a phone and on a screen: whoever may look around sees no more here.
    """
    project = session.linked_project()
    if project is None:
        text = t("This link leads to no vote, or not any more. Ask for the link again.")
        st.error(text, icon=":material/error:")
        return
    st.html(_STYLE)
    st.title(t("Blind vote"), anchor=False)
    context = Context(project)
    try:
        round_ = voting.find_round(project, st.query_params.get(LINK, ""))
        comparison = compared(str(context.workspace.layout.root), round_.compare_run)
    except AppError as error:
        show_error(error)
        return
    voter = session.given_name()
    ended = voting.progress(context.workspace, round_).opening is not None
    if voter or ended:  # nobody types a name to learn that it is over
        _vote(context, round_, comparison, voter)
    else:
        ask_name(t("Your name, so that your votes can be told from those of others"), "voter_name")


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
            args=(voting.undo_vote, context.project, round_, ballot.last, voter),
        )
        st.caption(t("You vote as {name}. Keys: ← A, → B, 0 neither, Z back.", name=plain(voter)))


def _back(context: Context, comparison: Comparison) -> None:
    if not context.project.may(SEE):
        return
    if st.button(t("Go to the comparison"), icon=":material/compare_arrows:", key="vote_leave"):
        st.query_params.pop(LINK, None)
        go_to("compare", run=comparison.run_id)


def _lists(dataset: QADataset, ballot: Ballot) -> None:
    with st.container(border=True, key="vote_question", gap="xxsmall"):
        st.markdown(f"**{plain(dataset.questions[ballot.question])}**")
        st.caption(t("Which list of answers would help the person who asks more?"))
    places = [
        place
        for place, (left, right) in enumerate(zip(ballot.left, ballot.right, strict=True))
        if left != right
    ]
    sides = st.columns(2, gap="medium")
    for side, answers, title in zip(sides, (ballot.left, ballot.right), "AB", strict=True):
        with side, st.container(border=True, height="stretch", key=f"vote_list_{title}"):
            st.markdown(f"##### {title}")
            for place in places:
                text = shortened(dataset.answers[answers[place]], _LENGTH)
                st.markdown(f"**{place + 1}**&ensp;{plain(text)}")
    same = len(ballot.left) - len(places)
    if same:
        st.caption(t("Left out: answers in the same place in both lists ({count}).", count=same))


def _buttons(context: Context, round_: VoteRound, ballot: Ballot, voter: str) -> None:
    """Draw the three choices; they stay at the lower edge of the screen while somebody reads."""
    place = voting.cast, context.project, round_, ballot.position, voter
    choices = (
        (LEFT, t("A is better"), "Left"),
        (TIE, t("Neither"), "0"),
        (RIGHT, t("B is better"), "Right"),
    )
    with st.container(horizontal=True, wrap=False, gap="small", key="vote_buttons"):
        for choice, label, key in choices:
            st.button(
                label,
                # A key of its own per question: a second click on the same spot votes for nothing.
                key=f"vote_{choice}_{ballot.position}",
                type="secondary" if choice == TIE else "primary",
                shortcut=key,
                width="stretch",
                wrap=True,
                on_click=attempt,
                args=(*place, choice),
            )


def blind_vote(context: Context, comparison: Comparison) -> None:
    """Draw the newest round of this comparison's model, or the start of one.

    Parameters
    ----------
    comparison : Comparison
        With the titles of its systems in the reader's language.
    """
    st.markdown(
        t(
            "Metrics trust the right answers in your data; people trust their eyes. Here people "
            "see two result lists without knowing which system made which, and choose. Nobody "
            "sees the result before enough votes are in."
        )
    )
    _round(context, comparison)


@st.fragment
@guarded
def _round(context: Context, comparison: Comparison) -> None:
    show_failed_attempt()
    newest = newest_comparison(context.project, comparison.run_id)
    if newest is None:
        return
    mine = [
        round_
        for round_ in voting.rounds(context.project)
        if _tuned_run(context, round_) == comparison.run_id
    ]
    running = None
    if mine:
        state = voting.progress(context.workspace, mine[0])
        running = None if state.opening else mine[0]
        _draw(context, mine[0], state)
    if running is None:
        with st.expander(
            t("Start another blind vote") if mine else t("Start a blind vote"),
            icon=":material/how_to_vote:",
            expanded=not mine,
        ):
            _start(context, comparison, newest)


def _tuned_run(context: Context, round_: VoteRound) -> str:
    try:
        return compared(str(context.workspace.layout.root), round_.compare_run).run_id
    except AppError:
        return ""  # its comparison was deleted: nothing is left to show


def _start(context: Context, comparison: Comparison, compare_run: str) -> None:
    names = {system.name: system.title for system in comparison.systems}
    keys = list(names)
    left, right = st.columns(2)
    left.selectbox(
        t("One system"),
        keys,
        index=keys.index(BASE) if BASE in keys else 0,
        format_func=names.__getitem__,
        key="vote_first",
    )
    right.selectbox(
        t("The other system"),
        keys,
        index=keys.index(TUNED) if TUNED in keys else len(keys) - 1,
        format_func=names.__getitem__,
        key="vote_second",
    )
    left.number_input(
        t("Questions to ask"),
        1,
        voting.MAX_QUESTIONS,
        voting.QUESTIONS,
        key="vote_questions",
        help=t(
            "Drawn by chance from the held-out questions on which the first {depth} answers "
            "differ; everybody gets the same ones.",
            depth=voting.DEPTH,
        ),
    )
    right.number_input(
        t("Votes before the result may be opened"),
        1,
        10_000,
        voting.NEEDED,
        key="vote_needed",
        help=t("Opening earlier is possible, and recorded with the name of who did it."),
    )

    def start() -> None:
        # Read now: a number that was typed just before the click comes with it.
        names = ("first", "second", "questions", "needed")
        first, second, questions, needed = (st.session_state[f"vote_{name}"] for name in names)
        voting.start_round(
            context.project,
            comparison,
            compare_run,
            session.who(),
            systems=(first, second),
            questions=questions,
            needed=needed,
        )

    st.button(
        t("Start the vote"),
        icon=":material/how_to_vote:",
        key="vote_start",
        on_click=attempt,
        args=(start,),
        **only(DECIDE),
    )


def _draw(context: Context, round_: VoteRound, state: VoteProgress) -> None:
    comparison = with_titles(compared(str(context.workspace.layout.root), round_.compare_run))
    if state.opening is not None:
        _vote_result(context, round_, comparison, state.opening)
        return
    link = vote_link(round_, comparison.run_id)
    left, right = st.columns([0.4, 0.6], gap="medium")
    with left, st.container(border=True, key="vote_invitation"):
        st.markdown(t("Let everybody who should vote open this on their phone:"))
        invite(link)
    with right, st.container(border=True):
        _counter(context, round_, state.votes)
        if st.button(
            t("Vote yourself"), type="tertiary", icon=":material/how_to_vote:", key="vote_yourself"
        ):
            go_to("compare", **{RUN: comparison.run_id, LINK: round_.id})


@st.fragment(run_every=_EVERY)
@guarded
def _counter(context: Context, round_: VoteRound, seen: int) -> None:
    """Count the votes as they come in; what people chose stays sealed."""
    state = voting.progress(context.workspace, round_)
    if state.opening is not None:
        st.rerun(scope="app")  # somebody else has opened it
    votes, people = st.columns(2)
    votes.metric(t("Votes"), state.votes, delta=state.votes - seen or None)
    people.metric(t("People who voted"), state.voters)
    st.progress(
        min(1.0, state.votes / state.needed),
        text=t(
            "{votes} of {needed} votes needed, on {questions} of {asked} questions",
            votes=state.votes,
            needed=state.needed,
            questions=state.questions,
            asked=len(round_.positions),
        ),
    )
    _seal(context, round_, state)


def _seal(context: Context, round_: VoteRound, state: VoteProgress) -> None:
    def end() -> None:
        attempt(voting.open_result, context.project, round_, session.who())

    if state.enough:
        st.button(
            t("End the vote and open the result"),
            type="primary",
            icon=":material/lock_open:",
            key="vote_open",
            on_click=end,
            **only(DECIDE),
        )
        return
    with st.popover(t("Sealed"), icon=":material/lock:"):
        st.markdown(
            t(
                N_n(
                    "The result opens after {left} more vote. Opening it now ends the "
                    "vote, and the record will say that {name} opened it early.",
                    "The result opens after {left} more votes. Opening it now ends the "
                    "vote, and the record will say that {name} opened it early.",
                    by="left",
                ),
                left=state.needed - state.votes,
                name=plain(session.who()),
            )
        )
        st.button(
            t("Open early and end the vote"),
            icon=":material/lock_open:",
            key="vote_open_early",
            on_click=end,
            **only(DECIDE),
        )


def _vote_result(
    context: Context, round_: VoteRound, comparison: Comparison, opening: VoteOpening
) -> None:
    """Draw the result of an ended round."""
    vote = vote_facts(context.workspace, context.dataset, round_, comparison, opening)
    shown = replace(
        vote, who=plain(vote.who), first=plain(vote.first), second=plain(vote.second)
    )  # what is said is markdown
    said = tm(shown.opening_text(moment(vote.at)))
    if vote.early:
        st.warning(said, icon=":material/lock_open:")
    else:
        st.caption(said)
    if vote.found is None:
        st.info(tm(shown.headline), icon=":material/how_to_vote:")
        return
    with st.container(key="vote_reveal"):
        st.markdown(f"## {tm(shown.headline)}")
    st.markdown(tm(vote.found.share_text(shown.second)))
    show_chart(vote_chart(vote.found, vote.first, vote.second, t), key=f"vote_chart_{round_.id}")
    _agreement(vote.found)
    st.caption(tm(vote.method_text))


def _agreement(preference: Preference) -> None:
    st.markdown(" ".join(tm(text) for text in preference.agreement_texts))
    st.markdown(tm(preference.metric_text))
    warning = preference.place_warning
    if warning is not None:
        st.warning(tm(warning), icon=":material/swap_horiz:")
