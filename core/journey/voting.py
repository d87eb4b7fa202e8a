"""Blind vote: which question is next for whom, on which side a system stands, what was chosen."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import AppError, ComparisonError
from core.evaluation.preference import Preference as Preference, VoteFacts
from core.jobs.folder import RunFolder
from core.journey.compare import load_comparison
from core.journey.jobs import request_of
from core.types import Comparison, QADataset, SystemResult
from core.workspace.database import now
from core.workspace.feedback import (
    LEFT as LEFT,
    RIGHT as RIGHT,
    TIE as TIE,
    WITHDRAWN,
    Vote,
    VoteOpening as VoteOpening,
    VoteRound as VoteRound,
    new_round_id,
    votes_in_force,
)
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.evaluation.preference import Preference

DEPTH = 5  # answers of a list that people read before they choose
QUESTIONS, NEEDED = 30, 30
MAX_QUESTIONS = 200


@dataclass(frozen=True)
class Ballot:
    """One question as a voter sees it; nothing in it tells which system is which.

    Attributes
    ----------
    position : int
        Position in ``Comparison.question_rows``; -1 when nothing is left to vote on.
    question : int
        Question row of the dataset.
    left, right : tuple of int
        Answer rows of the two lists, best first.
    done, total : int
    last : int
        Position that this voter voted on last; -1 before the first vote.
    """

    position: int
    question: int
    left: tuple[int, ...]
    right: tuple[int, ...]
    done: int
    total: int
    last: int


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
    if not 1 <= questions <= MAX_QUESTIONS or needed < 1:
        raise ComparisonError(
            "A vote asks 1 to {most} questions and needs at least 1 vote; {questions} questions "
            "and {needed} votes do not fit.",
            most=MAX_QUESTIONS,
            questions=questions,
            needed=needed,
        )
    first, second = voted_systems(comparison, *systems)
    differs = (first.top_answers[:, :DEPTH] != second.top_answers[:, :DEPTH]).any(axis=1)
    candidates = np.flatnonzero(differs)
    if first.name == second.name or not len(candidates):
        raise ComparisonError(
            "{first} and {second} show the same first {depth} answers on all {count} held-out "
            "questions, so there is nothing to vote on. Choose two systems that differ.",
            first=first.title,
            second=second.title,
            depth=DEPTH,
            count=len(differs),
        )
    seed = secrets.randbits(31) if seed is None else seed
    drawn = np.random.default_rng(seed).permutation(candidates)[:questions]
    round_ = VoteRound(
        id=new_round_id(),
        compare_run=compare_run,
        first=first.name,
        second=second.name,
        positions=tuple(int(position) for position in drawn),
        candidates=len(candidates),
        depth=DEPTH,
        needed=needed,
        seed=seed,
        who=who,
        at=now(),
    )
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


def left_system(round_: VoteRound, voter: str, position: int) -> str:
    """Return which system stands on the left: a fair coin per person and question, by the seed."""
    seed = f"{round_.seed}\x00{voter}\x00{position}".encode("utf-8", "surrogatepass")
    heads = hashlib.sha256(seed).digest()[0] & 1
    return round_.second if heads else round_.first


def ballot(workspace: Workspace, round_: VoteRound, comparison: Comparison, voter: str) -> Ballot:
    """Return the question that a voter should look at now."""
    first, second = voted_systems(comparison, round_.first, round_.second)
    votes = votes_in_force(workspace.records.votes(round_.id))
    own = [vote.position for vote in votes if vote.voter == voter]
    last = own[-1] if own else -1
    left_over = [position for position in round_.positions if position not in own]
    done, total = len(round_.positions) - len(left_over), len(round_.positions)
    if not left_over:
        return Ballot(-1, -1, (), (), done, total, last)
    position = left_over[0]
    lists = [
        tuple(int(a) for a in system.top_answers[position, : round_.depth] if a >= 0)
        for system in (first, second)
    ]
    if left_system(round_, voter, position) == round_.second:
        lists.reverse()
    question = int(comparison.question_rows[position])
    return Ballot(position, question, lists[0], lists[1], done, total, last)


def cast(workspace: Workspace, round_: VoteRound, position: int, voter: str, choice: str) -> None:
    """Record ``left``, ``right`` or ``tie``, or ``withdrawn`` where one of them is in force.

    A second choice on a question that was not taken back changes nothing: a key pressed while the
    next question is being drawn still belongs to the last one, and the browser may send it twice.

    Raises
    ------
    ComparisonError
        If the question is not part of the round, or the round was ended meanwhile.
    WorkspaceError
        If the voter has no name or the choice is unknown.
    """
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


def undo_vote(workspace: Workspace, round_: VoteRound, position: int, voter: str) -> None:
    """Withdraw a voter's choice on one question, which comes up again.

    The question is named, not "the last one": a click that the browser sends twice must not
    withdraw two.
    """
    cast(workspace, round_, position, voter, WITHDRAWN)


def voted_systems(
    comparison: Comparison, first: str, second: str
) -> tuple[SystemResult, SystemResult]:
    """Return both systems of a vote; raises ComparisonError if one is absent."""
    pair = comparison.system(first), comparison.system(second)
    if pair[0] is None or pair[1] is None:
        raise ComparisonError(
            "The results of {name} are not in this comparison, so there is nothing to vote on. "
            "Compare again.",
            name=first if pair[0] is None else second,
        )
    return pair[0], pair[1]


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
    from core.evaluation.measures import MAIN_METRIC
    from core.evaluation.preference import FIRST, SECOND, TIE as NEITHER, VoteTable, preference

    if workspace.records.vote_opening(round_.id) is None:
        raise ComparisonError("The result of this vote is sealed. End the vote to open it.")
    votes = votes_in_force(workspace.records.votes(round_.id))
    if not votes:
        return None
    first, second = voted_systems(comparison, round_.first, round_.second)
    voters = {name: number for number, name in enumerate(sorted({v.voter for v in votes}))}
    second_left = np.array([vote.left_arm == round_.second for vote in votes])
    chose_left = np.array([vote.choice == LEFT for vote in votes])
    tied = np.array([vote.choice == TIE for vote in votes])
    value = np.where(tied, NEITHER, np.where(chose_left == second_left, SECOND, FIRST))
    position = np.array([vote.position for vote in votes])
    change = second.metrics[MAIN_METRIC] - first.metrics[MAIN_METRIC]
    return preference(
        VoteTable(
            value=value,
            question=position,
            group=dataset.question_group[comparison.question_rows[position]],
            voter=np.array([voters[vote.voter] for vote in votes]),
            second_left=second_left,
            change=change[position],
        )
    )


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
