"""The opened result of a blind vote, in words, as a chart, and what speaks for care."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.evaluation.preference import Preference
from core.journey.voting import vote_facts
from core.reporting.charts.comparison_charts import vote_chart
from core.types import Comparison
from core.workspace.feedback import VoteOpening, VoteRound
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


def _agreement(found: Preference) -> None:
    st.markdown(" ".join(tm(text) for text in found.agreement_texts))
    st.markdown(tm(found.metric_text))
    warning = found.place_warning
    if warning is not None:
        st.warning(tm(warning), icon=":material/swap_horiz:")
