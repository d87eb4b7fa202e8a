"""A blind vote: which questions are asked, who sees which list on which side, the votes counted."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import ComparisonError
from core.evaluation.measures import MAIN_METRIC
from core.evaluation.preference import FIRST, SECOND, TIE as NEITHER, VoteTable
from core.types import Comparison, QADataset, SystemResult
from core.types.judgements import LEFT, TIE, Vote, VoteRound

DEPTH = 5  # answers of a list that people read before they choose
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


def left_system(round_: VoteRound, voter: str, position: int) -> str:
    """Return which system stands on the left: a fair coin per person and question, by the seed."""
    seed = f"{round_.seed}\x00{voter}\x00{position}".encode("utf-8", "surrogatepass")
    heads = hashlib.sha256(seed).digest()[0] & 1
    return round_.second if heads else round_.first


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


def draw_questions(
    comparison: Comparison, systems: tuple[str, str], questions: int, needed: int, seed: int
) -> tuple[tuple[int, ...], int]:
    """Draw what a round asks from the questions on which the first answers of the lists differ.

    Returns
    -------
    (positions, candidates)
        Positions in ``Comparison.question_rows`` in the order of asking, and of how many they were
        drawn.

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
    drawn = np.random.default_rng(seed).permutation(candidates)[:questions]
    return tuple(int(position) for position in drawn), len(candidates)


def next_ballot(
    round_: VoteRound, comparison: Comparison, votes: Sequence[Vote], voter: str
) -> Ballot:
    """Return the question that a voter should look at now; ``votes`` are those in force."""
    first, second = voted_systems(comparison, round_.first, round_.second)
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


def vote_table(
    round_: VoteRound, comparison: Comparison, dataset: QADataset, votes: Sequence[Vote]
) -> VoteTable:
    """Return the votes in force as arrays, one row each, beside what the metric says."""
    first, second = voted_systems(comparison, round_.first, round_.second)
    voters = {name: number for number, name in enumerate(sorted({v.voter for v in votes}))}
    second_left = np.array([vote.left_arm == round_.second for vote in votes])
    chose_left = np.array([vote.choice == LEFT for vote in votes])
    tied = np.array([vote.choice == TIE for vote in votes])
    value = np.where(tied, NEITHER, np.where(chose_left == second_left, SECOND, FIRST))
    position = np.array([vote.position for vote in votes])
    change = second.metrics[MAIN_METRIC] - first.metrics[MAIN_METRIC]
    return VoteTable(
        value=value,
        question=position,
        group=dataset.question_group[comparison.question_rows[position]],
        voter=np.array([voters[vote.voter] for vote in votes]),
        second_left=second_left,
        change=change[position],
    )
