"""The organiser's view of a blind vote: start it, share the link, follow it, open the result."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from core.errors import AppError
from core.journey import voting
from core.journey.compare import newest_comparison
from core.journey.voting import Preference, VoteProgress, vote_facts
from core.reporting.charts.comparison_charts import vote_chart
from core.types import BASE, TUNED, Comparison
from core.types.judgements import VoteOpening, VoteRound
from pages.parts import session
from pages.parts.charts import show_chart
from pages.parts.compare.blind_vote import VOTE, compared
from pages.parts.compare.comparison_job import with_titles
from pages.parts.deep_links import RUN, go_to, link_parameters
from pages.parts.errors import attempt, guarded, show_failed_attempt
from pages.parts.page import Context
from pages.parts.translate import moment, plain, t, tm


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
    first = left.selectbox(
        t("One system"),
        keys,
        index=keys.index(BASE) if BASE in keys else 0,
        format_func=names.__getitem__,
        key="vote_first",
    )
    second = right.selectbox(
        t("The other system"),
        keys,
        index=keys.index(TUNED) if TUNED in keys else len(keys) - 1,
        format_func=names.__getitem__,
        key="vote_second",
    )
    questions = left.number_input(
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
    needed = right.number_input(
        t("Votes before the result may be opened"),
        1,
        10_000,
        voting.NEEDED,
        key="vote_needed",
        help=t("Opening earlier is possible, and recorded with the name of who did it."),
    )

    def start() -> None:
        voting.start_round(
            context.project,
            comparison,
            compare_run,
            session.who(),
            systems=(first, second),
            questions=int(questions),
            needed=int(needed),
        )

    st.button(
        t("Start the vote"),
        icon=":material/how_to_vote:",
        key="vote_start",
        on_click=attempt,
        args=(start,),
    )


def _draw(context: Context, round_: VoteRound, state: VoteProgress) -> None:
    comparison = with_titles(compared(str(context.workspace.layout.root), round_.compare_run))
    if state.opening is not None:
        _vote_result(context, round_, comparison, state.opening)
        return
    with st.container(border=True):
        st.progress(
            min(1.0, state.votes / state.needed),
            text=t(
                "{votes} of {needed} votes, by {voters} people on {questions} of {asked} questions",
                votes=state.votes,
                needed=state.needed,
                voters=state.voters,
                questions=state.questions,
                asked=len(round_.positions),
            ),
        )
        st.markdown(t("Send this link to everybody who should vote:"))
        st.code(_vote_link(round_, comparison.run_id), language=None, wrap_lines=True)
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                t("Vote yourself"),
                type="primary",
                icon=":material/how_to_vote:",
                key="vote_yourself",
            ):
                go_to("compare", **{RUN: comparison.run_id, VOTE: round_.id})
            st.button(t("Refresh"), key="vote_refresh", icon=":material/refresh:", type="tertiary")
            _seal(context, round_, state)


def _vote_link(round_: VoteRound, tune_run: str) -> str:
    """Return the address that voters open."""
    parts = urlsplit(st.context.url or "http://localhost:8501/compare")
    # The page may be below a path of the server's own.
    folder = parts.path.rpartition("/")[0] if not parts.path.endswith("/") else parts.path[:-1]
    query = urlencode(link_parameters() | {RUN: tune_run, VOTE: round_.id})
    return urlunsplit((parts.scheme, parts.netloc, f"{folder}/compare", query, ""))


def _seal(context: Context, round_: VoteRound, state: VoteProgress) -> None:
    def end() -> None:
        voting.open_result(context.project, round_, session.who())

    if state.enough:
        st.button(
            t("End the vote and open the result"),
            icon=":material/lock_open:",
            key="vote_open",
            on_click=end,
        )
        return
    with st.popover(t("Sealed"), icon=":material/lock:"):
        st.markdown(
            t(
                "The result opens after {left} more votes. Opening it now ends the vote, and the "
                "record will say that {name} opened it early.",
                left=state.needed - state.votes,
                name=plain(session.who()),
            )
        )
        st.button(
            t("Open early and end the vote"),
            icon=":material/lock_open:",
            key="vote_open_early",
            on_click=end,
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
    st.markdown(f"#### {tm(shown.headline)}")
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
