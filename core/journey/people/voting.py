"""Blind vote: which question is next for whom, on which side a system stands, what was chosen."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from core.errors import AppError, ComparisonError
from core.evaluation.ballots import (
    DEPTH as DEPTH,
    MAX_QUESTIONS as MAX_QUESTIONS,
    Ballot as Ballot,
    draw_questions,
    left_system,
    next_ballot,
    vote_table,
    voted_systems,
)
from core.evaluation.preference import Preference as Preference, VoteFacts
from core.jobs.folder import RunFolder
from core.journey.compare import load_comparison
from core.journey.jobs import request_of
from core.journey.personal import check_sharing
from core.types import Comparison, QADataset
from core.types.judgements import WITHDRAWN, Vote, VoteOpening, VoteRound, votes_in_force
from core.types.rights import DECIDE, VOTE
from core.workspace.database import now
from core.workspace.feedback import new_round_id
from core.workspace.workspace import Project, Workspace, asks

QUESTIONS, NEEDED = 30, 30


@asks(DECIDE)
def start_round(
    project: Project,
    comparison: Comparison,
    compare_run: str,
    who: str,
    *,
    systems: tuple[str, str] = ("base", "tuned"),
    questions: int = QUESTIONS,
    needed: int = NEEDED,
    seed: int | None = None,
) -> VoteRound:
    """Start a round on questions drawn from those whose first answers differ.

    Parameters
    ----------
    systems : (first, second)
        Names of the two systems.
    questions : int
        How many to ask; fewer where fewer differ.
    needed : int
        Votes before the seal may be broken without being recorded as early.
    seed : int or None
        Of sides and draw; None draws one. It is recorded.

    Raises
    ------
    ComparisonError
        If the systems are the same or absent, a number is out of range, or no question differs.
    """
    check_sharing(project)
    seed = secrets.randbits(31) if seed is None else seed
    positions, candidates = draw_questions(comparison, systems, questions, needed, seed)
    drawn = (*systems, positions, candidates, DEPTH, needed, seed)
    round_ = VoteRound(new_round_id(), compare_run, *drawn, who, now())
    project.workspace.records.start_vote(project.id, round_)
    project.note("blind vote started", who, {"vote": round_.id})
    return round_


def rounds(project: Project) -> tuple[VoteRound, ...]:
    """Return the rounds of a project, newest first."""
    return project.workspace.records.vote_rounds(project.id)


def find_round(project: Project, round_id: str) -> VoteRound:
    """Return one round; raises ComparisonError if the link is wrong."""
    round_ = next((r for r in rounds(project) if r.id == round_id), None)
    if round_ is None:
        raise ComparisonError(
            "There is no blind vote {id} in this project. Ask for the link again.", id=round_id
        )
    return round_


def ballot(workspace: Workspace, round_: VoteRound, comparison: Comparison, voter: str) -> Ballot:
    """Return the question that a voter should look at now."""
    votes = votes_in_force(workspace.records.votes(round_.id))
    return next_ballot(round_, comparison, votes, voter)


@asks(VOTE)
def cast(project: Project, round_: VoteRound, position: int, voter: str, choice: str) -> None:
    """Record ``left``, ``right`` or ``tie``, or ``withdrawn`` where one of them is in force.

    A second choice on a question that was not taken back changes nothing: a key pressed while the
    next question is being drawn still belongs to the last one, and the browser may send it twice.

    Raises
    ------
    ComparisonError
        If the question is not part of the round, or the round was ended meanwhile.
    WorkspaceError
        If the voter has no name or the choice is unknown.
    RightsError
        If somebody who came by the link of one round votes in another.
    """
    workspace = project.workspace
    project.keep_to_link(round_.id)
    if position not in round_.positions:
        raise ComparisonError(
            "Question {position} is not part of this vote. Reload the page.", position=position
        )
    given = (position, voter) in {
        (vote.position, vote.voter) for vote in votes_in_force(workspace.records.votes(round_.id))
    }
    if given != (choice == WITHDRAWN) and workspace.records.vote_opening(round_.id) is None:
        return
    vote = Vote(position, voter, left_system(round_, voter, position), choice, now())
    if not workspace.records.add_vote(round_.id, vote):
        raise ComparisonError(
            "This vote was ended while you were reading; your last choice does not count any more. "
            "Thank you for taking part."
        )


@asks(VOTE)
def undo_vote(project: Project, round_: VoteRound, position: int, voter: str) -> None:
    """Withdraw a voter's choice on one question, which comes up again.

    The question is named, not "the last one": a click that the browser sends twice must not
    withdraw two.
    """
    cast(project, round_, position, voter, WITHDRAWN)


@dataclass(frozen=True)
class VoteProgress:
    """What may be told while a round is sealed.

    Attributes
    ----------
    votes, voters, questions : int
        Given so far.
    opening : VoteOpening or None
        None while the round runs.
    """

    votes: int
    voters: int
    questions: int
    needed: int
    opening: VoteOpening | None

    @property
    def enough(self) -> bool:
        """Whether the result may be opened without being early."""
        return self.votes >= self.needed


def progress(workspace: Workspace, round_: VoteRound) -> VoteProgress:
    """Return how far a round is, without what people chose."""
    votes = votes_in_force(workspace.records.votes(round_.id))
    return VoteProgress(
        len(votes),
        len({vote.voter for vote in votes}),
        len({vote.position for vote in votes}),
        round_.needed,
        workspace.records.vote_opening(round_.id),
    )


@asks(DECIDE)
def open_result(project: Project, round_: VoteRound, who: str) -> VoteOpening:
    """End a round and open its result; who did it, and whether it was early, is recorded.

    Ending and opening are one step, so that nobody votes on after having seen the result and
    nobody stops at the moment that suits.
    """
    state = progress(project.workspace, round_)
    if state.opening is None:
        opening = VoteOpening(who, now(), state.votes, not state.enough)
        project.workspace.records.open_vote(round_.id, opening)
        detail = {"vote": round_.id, "votes": state.votes, "early": opening.early}
        project.note("blind vote opened", who, detail)
    ended = project.workspace.records.vote_opening(round_.id)
    assert ended is not None
    return ended


def result(
    workspace: Workspace, dataset: QADataset, round_: VoteRound, comparison: Comparison
) -> Preference | None:
    """Return the result of an ended round, None where nobody voted.

    Raises
    ------
    ComparisonError
        If the round is still sealed.
    """
    from core.evaluation.preference import preference

    if workspace.records.vote_opening(round_.id) is None:
        raise ComparisonError("The result of this vote is sealed. End the vote to open it.")
    votes = votes_in_force(workspace.records.votes(round_.id))
    return preference(vote_table(round_, comparison, dataset, votes)) if votes else None


def vote_facts(
    workspace: Workspace,
    dataset: QADataset,
    round_: VoteRound,
    comparison: Comparison,
    opening: VoteOpening,
) -> VoteFacts:
    """Return what may be said of an opened round; systems are named as the comparison does."""
    first, second = voted_systems(comparison, round_.first, round_.second)
    return VoteFacts(
        first=first.title,
        second=second.title,
        who=opening.who,
        at=opening.at,
        votes=opening.votes,
        needed=round_.needed,
        early=opening.early,
        depth=round_.depth,
        candidates=round_.candidates,
        held_out=len(comparison.question_rows),
        seed=round_.seed,
        found=result(workspace, dataset, round_, comparison),
    )


def is_about(project: Project, round_: VoteRound, comparison: Comparison) -> bool:
    """Return whether a round asks about the tuned model of a comparison, on the same data."""
    try:
        asked = request_of(RunFolder(project.workspace.run_folder(round_.compare_run)))
    except AppError:
        return False  # its comparison was deleted: nothing is left to ask about
    return (asked.tune_run, asked.dataset_id) == (comparison.run_id, comparison.dataset_id)


def opened_votes(project: Project, dataset: QADataset, tune_run: str) -> tuple[VoteFacts, ...]:
    """Return every opened round about a tuned model, newest first.

    All of them, so that nobody can pick the one that suits; a sealed one tells nothing, and one
    whose comparison is gone or was on other data has nothing left to be read from.
    """
    facts = []
    for round_ in rounds(project):
        opening = project.workspace.records.vote_opening(round_.id)
        if opening is None:
            continue
        try:
            folder = RunFolder(project.workspace.run_folder(round_.compare_run))
            asked = request_of(folder)
            if (asked.tune_run, asked.dataset_id) != (tune_run, dataset.id):
                continue
            comparison = load_comparison(project.workspace, round_.compare_run)
            facts.append(vote_facts(project.workspace, dataset, round_, comparison, opening))
        except AppError:
            continue
    return tuple(facts)
