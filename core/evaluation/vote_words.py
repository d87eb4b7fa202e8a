"""The result of a blind vote in words: the same ones on the Compare page and in the report."""

from __future__ import annotations

from dataclasses import dataclass

from core.evaluation.preference import PREFERRED_FIRST, PREFERRED_SECOND, UNDECIDED, Preference
from core.experts.people import FAIR, GOOD
from core.messages import N_, Message
from core.types import Interval

_HEADLINES = {
    PREFERRED_SECOND: N_("People prefer {second}."),
    PREFERRED_FIRST: N_("People prefer {first}."),
    UNDECIDED: N_("Not shown: people may prefer either, or neither."),
}
_EVEN = 0.5


@dataclass(frozen=True)
class VoteFacts:
    """A round that was opened, and what came out.

    Attributes
    ----------
    first, second : str
        Titles of the two systems.
    who, at : str
        Who opened it, when (UTC, ISO 8601).
    votes, needed : int
        In force when it was opened; asked for.
    early : bool
        It was opened before enough people had voted.
    depth : int
        Answers shown of each list.
    candidates, held_out : int
        Questions on which the lists differ, of all held-out questions.
    seed : int
        Of the sides and of the choice of questions.
    found : Preference or None
        None where nobody voted.
    """

    first: str
    second: str
    who: str
    at: str
    votes: int
    needed: int
    early: bool
    depth: int
    candidates: int
    held_out: int
    seed: int
    found: Preference | None


def opening(vote: VoteFacts, at: str) -> Message:
    """Return who opened the result, and whether that was early; ``at`` as the reader writes it."""
    if vote.early:
        return Message(
            N_(
                "Opened early by {who} on {at}, with {votes} of {needed} votes: take this result "
                "with care."
            ),
            {"who": vote.who, "at": at, "votes": vote.votes, "needed": vote.needed},
        )
    return Message(
        N_("Opened by {who} on {at} after the {needed} votes asked for."),
        {"who": vote.who, "at": at, "needed": vote.needed},
    )


def headline(vote: VoteFacts) -> Message:
    """Return whom people prefer."""
    if vote.found is None:
        return Message(N_("Nobody voted."))
    return Message(_HEADLINES[vote.found.word], {"first": vote.first, "second": vote.second})


def share(vote: VoteFacts, found: Preference) -> Message:
    """Return the share of the votes with its interval."""
    return Message(
        N_(
            "{share} of the votes are for {second} ({low} to {high}); a vote for neither counts "
            "half for each."
        ),
        {**_percent(found.second), "second": vote.second},
    )


def count(found: Preference, first: str, second: str) -> Message:
    """Return how many people voted how; ``first`` and ``second`` name the systems."""
    return Message(
        N_(
            "{votes} votes by {voters} people on {questions} questions: {wins} for {second}, "
            "{losses} for {first}, {ties} for neither."
        ),
        {
            "votes": found.votes,
            "voters": found.voters,
            "questions": found.questions,
            "wins": found.wins,
            "ties": found.ties,
            "losses": found.losses,
            "first": first,
            "second": second,
        },
    )


def agreement(found: Preference) -> tuple[Message, ...]:
    """Return how far people agree with each other: what it means, then the figure."""
    people = found.agreement
    if people is None:
        text = N_(
            "How far people agree with each other cannot be said: two of them must have voted on "
            "the same questions, and not all alike."
        )
        return (Message(text),)
    words = (
        N_("People agree well with each other.")
        if people.alpha >= GOOD
        else N_("People agree fairly well with each other.")
        if people.alpha >= FAIR
        else N_("People agree little with each other: which list is better is a matter of taste.")
    )
    figures = Message(
        N_(
            "Agreement (Krippendorff's alpha): {alpha} ({low} to {high}) on {questions} questions "
            "that two or more people voted on; 1 = always the same, 0 = as by chance."
        ),
        {
            "alpha": f"{people.alpha:.2f}",
            "low": f"{people.low:.2f}",
            "high": f"{people.high:.2f}",
            "questions": people.pairs,
        },
    )
    return Message(words), figures


def metric(found: Preference) -> Message:
    """Return how often people and the metric prefer the same system."""
    both = found.metric
    if both.share is None:
        return Message(
            N_(
                "People and nDCG@10 cannot be set against each other: on no question do both "
                "decide."
            )
        )
    return Message(
        N_(
            "People and the metric (nDCG@10) prefer the same system on {same} of {both} questions "
            "on which both decide: {share} ({low} to {high}). On {undecided} questions one of them "
            "is undecided."
        ),
        {
            **_percent(both.share),
            "same": both.same,
            "both": both.both,
            "undecided": both.undecided,
        },
    )


def by_place(found: Preference) -> Message | None:
    """Return a warning where people chose one side more often than chance explains."""
    left = found.left
    if left is None or left.low <= _EVEN <= left.high:
        return None
    return Message(
        N_(
            "{share} of the decided votes chose the left side ({low} to {high}): people seem to "
            "vote by place. The sides were drawn by chance, so neither system gains from it, but "
            "the votes tell less."
        ),
        _percent(left),
    )


def method(vote: VoteFacts) -> Message:
    """Return which questions were asked, and what the interval speaks of."""
    return Message(
        N_(
            "Asked were questions on which the first {depth} answers differ ({candidates} of "
            "{all} held-out questions; on the others both systems show the same). The interval "
            "allows for questions about the same answers going together (Wilson, 95 %); it "
            "speaks of these people's view of other questions, not of what other people think. "
            "Sides were drawn per person and question (seed {seed})."
        ),
        {
            "depth": vote.depth,
            "candidates": vote.candidates,
            "all": vote.held_out,
            "seed": vote.seed,
        },
    )


def in_words(vote: VoteFacts) -> tuple[Message, ...]:
    """Return everything there is to say after the headline, in the order of reading."""
    found = vote.found
    if found is None:
        return ()
    warning = by_place(found)
    return (
        share(vote, found),
        count(found, vote.first, vote.second),
        *agreement(found),
        metric(found),
        *((warning,) if warning else ()),
        method(vote),
    )


def _percent(found: Interval) -> dict[str, str]:
    return {
        "share": f"{found.value:.0%}",
        "low": f"{found.low:.0%}",
        "high": f"{found.high:.0%}",
    }
