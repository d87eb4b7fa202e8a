"""What a blind vote says: which of two systems people prefer, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.evaluation.statistics import CONFIDENCE, standard_error
from core.experts.people import FAIR, GOOD, Agreement, krippendorff_alpha
from core.messages import N_, Message, N_n
from core.types import Interval

FIRST, TIE, SECOND = 0.0, 0.5, 1.0  # a vote as a number: for the first system, neither, the second
PREFERRED_FIRST, PREFERRED_SECOND, UNDECIDED = "first", "second", "not shown"
_SEED = 0
_HEADLINES = {
    PREFERRED_SECOND: N_("People prefer {second}."),
    PREFERRED_FIRST: N_("People prefer {first}."),
    UNDECIDED: N_("No clear difference: people may prefer either, or neither."),
}


@dataclass(frozen=True)
class MetricAgreement:
    """How often people and a metric prefer the same system.

    Attributes
    ----------
    same : int
        Questions on which both prefer the same system.
    both : int
        Questions on which people and metric each prefer one.
    undecided : int
        Voted questions on which people or metric prefer none.
    share : Interval or None
        ``same / both`` with its 95% interval (Wilson); None where ``both`` is 0.
    """

    same: int
    both: int
    undecided: int
    share: Interval | None


@dataclass(frozen=True)
class Preference:
    """The result of a vote.

    Attributes
    ----------
    second : Interval
        Share of votes for the second system, a tie counting half for each.
    word : str
        ``first``, ``second`` or ``not shown``.
    wins, ties, losses : int
        Votes for the second system, for neither, for the first.
    votes, voters, questions, groups : int
        ``groups``: answer groups that the questions belong to, the unit that is resampled.
    left : Interval or None
        Share of decided votes that chose the left side; far from a half, people vote by place.
    agreement : Agreement or None
        Krippendorff's alpha between people; None where it is not defined.
    metric : MetricAgreement
    """

    second: Interval
    word: str
    wins: int
    ties: int
    losses: int
    votes: int
    voters: int
    questions: int
    groups: int
    left: Interval | None
    agreement: Agreement | None
    metric: MetricAgreement

    def share_text(self, second: str) -> Message:
        """Return the share of the votes with its interval."""
        return Message(
            N_(
                "{share} of the votes are for {second} ({low} to {high}); a vote for neither "
                "counts half for each."
            ),
            {**_percent(self.second), "second": second},
        )

    def count_text(self, first: str, second: str) -> Message:
        """Return how many people voted how; ``first`` and ``second`` name the systems."""
        return Message(
            N_n(
                "{votes} votes by {voters} person on {questions} questions: {wins} "
                "for {second}, {losses} for {first}, {ties} for neither.",
                "{votes} votes by {voters} people on {questions} questions: {wins} "
                "for {second}, {losses} for {first}, {ties} for neither.",
                by="voters",
            ),
            {
                "votes": self.votes,
                "voters": self.voters,
                "questions": self.questions,
                "wins": self.wins,
                "ties": self.ties,
                "losses": self.losses,
                "first": first,
                "second": second,
            },
        )

    @property
    def agreement_texts(self) -> tuple[Message, ...]:
        """How far people agree with each other: what it means, then the figure."""
        people = self.agreement
        if people is None:
            text = N_(
                "How far people agree with each other cannot be said: two of them must have voted "
                "on the same questions, and not all alike."
            )
            return (Message(text),)
        words = (
            N_("People agree well with each other.")
            if people.alpha >= GOOD
            else N_("People agree fairly well with each other.")
            if people.alpha >= FAIR
            else N_(
                "People agree little with each other: which list is better is a matter of taste."
            )
        )
        figures = Message(
            N_(
                "Agreement (Krippendorff's alpha): {alpha} ({low} to {high}) on {questions} "
                "questions that two or more people voted on; 1 = always the same, 0 = as by chance."
            ),
            {
                "alpha": f"{people.alpha:.2f}",
                "low": f"{people.low:.2f}",
                "high": f"{people.high:.2f}",
                "questions": people.pairs,
            },
        )
        return Message(words), figures

    @property
    def metric_text(self) -> Message:
        """How often people and the metric prefer the same system."""
        both = self.metric
        if both.share is None:
            return Message(
                N_(
                    "People and nDCG@10 cannot be set against each other: on no question do both "
                    "decide."
                )
            )
        return Message(
            N_(
                "People and the metric (nDCG@10) prefer the same system on {same} of {both} "
                "questions on which both decide: {share} ({low} to {high}). On {undecided} "
                "questions one of them is undecided."
            ),
            {
                **_percent(both.share),
                "same": both.same,
                "both": both.both,
                "undecided": both.undecided,
            },
        )

    @property
    def place_warning(self) -> Message | None:
        """A warning where people chose one side more often than chance explains."""
        left = self.left
        if left is None or left.low <= TIE <= left.high:
            return None
        return Message(
            N_(
                "{share} of the decided votes chose the left side ({low} to {high}): people seem "
                "to vote by place. The sides were drawn by chance, so neither system gains from "
                "it, but the votes tell less."
            ),
            _percent(left),
        )


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

    def opening_text(self, at: str) -> Message:
        """Return who opened the result, and whether early; ``at`` as the reader writes it."""
        if self.early:
            return Message(
                N_(
                    "Opened early by {who} on {at}, with {votes} of {needed} votes: take this "
                    "result with care."
                ),
                {"who": self.who, "at": at, "votes": self.votes, "needed": self.needed},
            )
        return Message(
            N_("Opened by {who} on {at} after the {needed} votes asked for."),
            {"who": self.who, "at": at, "needed": self.needed},
        )

    @property
    def headline(self) -> Message:
        """Whom people prefer."""
        if self.found is None:
            return Message(N_("Nobody voted."))
        return Message(_HEADLINES[self.found.word], {"first": self.first, "second": self.second})

    @property
    def method_text(self) -> Message:
        """Which questions were asked, and what the interval speaks of."""
        return Message(
            N_(
                "Asked were questions on which the first {depth} answers differ ({candidates} of "
                "{all} held-out questions; on the others both systems show the same). The interval "
                "allows for questions about the same answers going together (Wilson, 95 %); it "
                "speaks of these people's view of other questions, not of what other people think. "
                "Sides were drawn per person and question (seed {seed})."
            ),
            {
                "depth": self.depth,
                "candidates": self.candidates,
                "all": self.held_out,
                "seed": self.seed,
            },
        )

    @property
    def texts(self) -> tuple[Message, ...]:
        """Everything there is to say after the headline, in the order of reading."""
        if self.found is None:
            return ()
        warning = self.found.place_warning
        return (
            self.found.share_text(self.second),
            self.found.count_text(self.first, self.second),
            *self.found.agreement_texts,
            self.found.metric_text,
            *((warning,) if warning else ()),
            self.method_text,
        )


@dataclass(frozen=True, eq=False)
class VoteTable:
    """Votes as arrays, all of the same length [n].

    Attributes
    ----------
    value : float64
        ``FIRST``, ``TIE`` or ``SECOND``.
    question, group, voter : int
        Number of the question, of its answer group, of the person.
    second_left : bool
        Whether the second system stood on the left.
    change : float64
        Metric of the second system minus that of the first on the question.
    """

    value: np.ndarray
    question: np.ndarray
    group: np.ndarray
    voter: np.ndarray
    second_left: np.ndarray
    change: np.ndarray


def preference(votes: VoteTable) -> Preference:
    """Work out the result of a vote; ``votes`` holds at least one.

    The interval is a Wilson interval on the effective number of votes, see
    :func:`clustered_share`: votes on questions of one answer group go together. It speaks of other
    questions put to the same people; it does not say what other people would have voted.
    """
    share = clustered_share(votes.value, votes.group)
    decided = votes.value != TIE
    chose_left = (votes.value[decided] == SECOND) == votes.second_left[decided]
    return Preference(
        second=share,
        word=PREFERRED_SECOND
        if share.low > TIE
        else PREFERRED_FIRST
        if share.high < TIE
        else UNDECIDED,
        wins=int((votes.value == SECOND).sum()),
        ties=int((~decided).sum()),
        losses=int((votes.value == FIRST).sum()),
        votes=len(votes.value),
        voters=len(np.unique(votes.voter)),
        questions=len(np.unique(votes.question)),
        groups=len(np.unique(votes.group)),
        left=wilson(float(chose_left.mean()), len(chose_left)) if decided.any() else None,
        agreement=krippendorff_alpha(votes.question, votes.value, seed=_SEED),
        metric=_with_metric(votes),
    )


def wilson(share: float, count: float, z: float | None = None) -> Interval:
    """Return the score interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Parameters
    ----------
    share : float in [0, 1]
    count : float > 0
        Independent votes, or their effective number.
    z : float or None
        Quantile; None takes the normal one for 95%.
    """
    from scipy.stats import norm

    z = float(norm.ppf((1 + CONFIDENCE) / 2)) if z is None else z
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    # Rounding must not put an end past the share itself.
    return Interval(share, min(max(0.0, middle - half), share), max(min(1.0, middle + half), share))


def clustered_share(values: np.ndarray, clusters: np.ndarray) -> Interval:
    """Return the mean of values in [0, 1] with an interval for clustered votes.

    Wilson's interval with the effective number of votes n* = p(1 − p) / SE², SE being the
    cluster-robust standard error, and a t quantile with (clusters − 1) degrees of freedom: the
    modified Wilson interval that Dean & Pagano (2015, doi:10.1093/jssam/smv024) recommend for
    clustered shares. A bootstrap would call a unanimous vote of three certain; this does not. n*
    never exceeds the number of votes, so ties, which vary less, make the interval no narrower, and
    where nothing varies it is the number of clusters.
    """
    from scipy.stats import t as student

    share = float(values.mean())
    count = len(np.unique(clusters))
    if count < 2:
        return Interval(share, 0.0, 1.0)  # one group tells nothing about others
    error = standard_error(values, clusters)
    spread = share * (1 - share)
    effective = min(spread / error**2, len(values)) if error > 0 else float(count)
    return wilson(share, effective, float(student.ppf((1 + CONFIDENCE) / 2, count - 1)))


def _with_metric(votes: VoteTable) -> MetricAgreement:
    questions, place = np.unique(votes.question, return_inverse=True)
    people = np.sign(
        np.bincount(place, votes.value - TIE, minlength=len(questions)).round(9)
    ).astype(int)
    metric = np.zeros(len(questions))
    metric[place] = votes.change
    judged = np.where(np.abs(metric) > 1e-9, np.sign(metric), 0).astype(int)
    both = (people != 0) & (judged != 0)
    same = int((people[both] == judged[both]).sum())
    count = int(both.sum())
    return MetricAgreement(
        same, count, len(questions) - count, wilson(same / count, count) if count else None
    )


def _percent(interval: Interval) -> dict[str, str]:
    return {
        "share": f"{interval.value:.0%}",
        "low": f"{interval.low:.0%}",
        "high": f"{interval.high:.0%}",
    }
