"""The result of a blind vote: sealed until enough people voted, opened once and on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import AppError, ComparisonError
from core.evaluation.preference import VoteFacts
from core.jobs.folder import RunFolder
from core.journey.comparing import load_comparison
from core.journey.voting import rounds, voted_arms
from core.types import Comparison, QADataset
from core.workspace.database import now
from core.workspace.feedback import LEFT, TIE, VoteOpening, VoteRound, votes_in_force
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.evaluation.preference import Preference


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
    from core.evaluation.preference import FIRST, SECOND, VoteTable, preference
    from core.evaluation.preference import TIE as NEITHER

    if workspace.records.vote_opening(round_.id) is None:
        raise ComparisonError("The result of this vote is sealed. End the vote to open it.")
    votes = votes_in_force(workspace.records.votes(round_.id))
    if not votes:
        return None
    first, second = voted_arms(comparison, round_.first, round_.second)
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
    first, second = voted_arms(comparison, round_.first, round_.second)
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
    found = []
    for round_ in rounds(project):
        opening = project.workspace.records.vote_opening(round_.id)
        if opening is None:
            continue
        try:
            told = RunFolder(project.workspace.run_folder(round_.compare_run)).read_request()[
                "config"
            ]
            if (told.get("tune_run"), told.get("dataset_id")) != (tune_run, dataset.id):
                continue
            comparison = load_comparison(project.workspace, round_.compare_run)
            found.append(vote_facts(project.workspace, dataset, round_, comparison, opening))
        except AppError:
            continue
    return tuple(found)
