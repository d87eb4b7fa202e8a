"""The opened result of a blind vote, in words, as a chart, and what speaks for care."""

from __future__ import annotations

import streamlit as st

from core.evaluation.preference import (
    PREFERRED_FIRST,
    PREFERRED_SECOND,
    UNDECIDED,
    Preference,
)
from core.experts.rater_agreement import FAIR, GOOD, Agreement
from core.journey import vote_results
from core.messages import N_
from core.reporting.charts.vote_chart import vote_chart
from core.types import Comparison
from core.workspace.votes import VoteOpening, VoteRound
from pages.parts.charts import show_chart
from pages.parts.page import Context
from pages.parts.translate import moment, plain, t

_WORDS = {
    PREFERRED_SECOND: N_("People prefer {second}."),
    PREFERRED_FIRST: N_("People prefer {first}."),
    UNDECIDED: N_("Not shown: people may prefer either, or neither."),
}


def vote_result(
    context: Context, round_: VoteRound, comparison: Comparison, opening: VoteOpening
) -> None:
    """Draw the result of an ended round."""
    found = vote_results.result(context.workspace, context.dataset, round_, comparison)
    said = {"who": plain(opening.who), "at": moment(opening.at), "needed": round_.needed}
    if opening.early:
        st.warning(
            t(
                "Opened early by {who} on {at}, with {votes} of {needed} votes: take this result "
                "with care.",
                **said,
                votes=opening.votes,
            ),
            icon=":material/lock_open:",
        )
    else:
        st.caption(t("Opened by {who} on {at} after the {needed} votes asked for.", **said))
    if found is None:
        st.info(t("Nobody voted."), icon=":material/how_to_vote:")
        return
    _words(found, round_, comparison)


def _words(found: Preference, round_: VoteRound, comparison: Comparison) -> None:
    names = {arm.name: arm.title for arm in comparison.arms}
    first, second = names[round_.first], names[round_.second]
    said = t(_WORDS[found.word], first=plain(first), second=plain(second))
    st.markdown(f"#### {said}")
    st.markdown(
        t(
            "{share} of the votes are for {second} ({low} to {high}); a vote for neither counts "
            "half for each.",
            share=f"{found.second.value:.0%}",
            low=f"{found.second.low:.0%}",
            high=f"{found.second.high:.0%}",
            second=plain(second),
        )
    )
    show_chart(vote_chart(found, first, second, t), key=f"vote_chart_{round_.id}")
    st.markdown(_agreement(found.agreement))
    _metric(found)
    if found.left is not None and not found.left.low <= 0.5 <= found.left.high:
        st.warning(
            t(
                "{share} of the decided votes chose the left side ({low} to {high}): people "
                "seem to vote by place. The sides were drawn by chance, so neither system gains "
                "from it, but the votes tell less.",
                share=f"{found.left.value:.0%}",
                low=f"{found.left.low:.0%}",
                high=f"{found.left.high:.0%}",
            ),
            icon=":material/swap_horiz:",
        )
    st.caption(
        t(
            "Asked were questions on which the first {depth} answers differ ({candidates} of "
            "{all} held-out questions; on the others both systems show the same). The interval "
            "allows for questions about the same answers going together (Wilson, 95 %); it "
            "speaks of these people's view of other questions, not of what other people think. "
            "Sides were drawn per person and question (seed {seed}).",
            depth=round_.depth,
            candidates=round_.candidates,
            all=len(comparison.question_rows),
            seed=round_.seed,
        )
    )


def _agreement(found: Agreement | None) -> str:
    if found is None:
        return t(
            "How far people agree with each other cannot be said: two of them must have voted on "
            "the same questions, and not all alike."
        )
    words = (
        t("People agree well with each other.")
        if found.alpha >= GOOD
        else t("People agree fairly well with each other.")
        if found.alpha >= FAIR
        else t("People agree little with each other: which list is better is a matter of taste.")
    )
    figures = t(
        "Agreement (Krippendorff's alpha): {alpha} ({low} to {high}) on {questions} questions that "
        "two or more people voted on; 1 = always the same, 0 = as by chance.",
        alpha=f"{found.alpha:.2f}",
        low=f"{found.low:.2f}",
        high=f"{found.high:.2f}",
        questions=found.pairs,
    )
    return f"{words} {figures}"


def _metric(found: Preference) -> None:
    metric = found.metric
    if metric.share is None:
        st.markdown(
            t("People and nDCG@10 cannot be set against each other: on no question do both decide.")
        )
        return
    st.markdown(
        t(
            "People and the metric (nDCG@10) prefer the same system on {same} of {both} questions "
            "on which both decide: {share} ({low} to {high}). On {undecided} questions one of them "
            "is undecided.",
            same=metric.same,
            both=metric.both,
            share=f"{metric.share.value:.0%}",
            low=f"{metric.share.low:.0%}",
            high=f"{metric.share.high:.0%}",
            undecided=metric.undecided,
        )
    )
