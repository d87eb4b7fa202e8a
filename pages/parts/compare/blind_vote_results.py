"""The opened result of a blind vote, in words, as a chart, and what speaks for care."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.evaluation import vote_words
from core.evaluation.preference import Preference
from core.evaluation.vote_words import VoteFacts
from core.journey.vote_results import vote_facts
from core.reporting.charts.comparison_charts import vote_chart
from core.types import Comparison
from core.workspace.votes import VoteOpening, VoteRound
from pages.parts.charts import show_chart
from pages.parts.page import Context
from pages.parts.translate import moment, plain, t, tm


def vote_result(
    context: Context, round_: VoteRound, comparison: Comparison, opening: VoteOpening
) -> None:
    """Draw the result of an ended round."""
    vote = vote_facts(context.workspace, context.dataset, round_, comparison, opening)
    shown = replace(
        vote, who=plain(vote.who), first=plain(vote.first), second=plain(vote.second)
    )  # what is said is markdown
    said = tm(vote_words.opening(shown, moment(vote.at)))
    if vote.early:
        st.warning(said, icon=":material/lock_open:")
    else:
        st.caption(said)
    if vote.found is None:
        st.info(tm(vote_words.headline(shown)), icon=":material/how_to_vote:")
        return
    _words(shown, vote.found)
    show_chart(vote_chart(vote.found, vote.first, vote.second, t), key=f"vote_chart_{round_.id}")
    _agreement(vote.found)
    st.caption(tm(vote_words.method(vote)))


def _words(shown: VoteFacts, found: Preference) -> None:
    st.markdown(f"#### {tm(vote_words.headline(shown))}")
    st.markdown(tm(vote_words.share(shown, found)))


def _agreement(found: Preference) -> None:
    st.markdown(" ".join(tm(one) for one in vote_words.agreement(found)))
    st.markdown(tm(vote_words.metric(found)))
    warning = vote_words.by_place(found)
    if warning is not None:
        st.warning(tm(warning), icon=":material/swap_horiz:")
