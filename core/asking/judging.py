"""Judging results: what is pooled, in which order, who judges what next, what people say together.

As at TREC, the first answers of every system are pooled and judged without saying who found them;
what nobody found among its first answers stays unjudged (see ``core.evaluation.measures``).
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.data.answered_questions import AnsweredQuestion
from core.errors import DataError
from core.experts.people import Agreement as Agreement, krippendorff_alpha
from core.hashing import content_id
from core.types import QADataset
from core.types.asked_rounds import (
    GRADES,
    PARTLY,
    RIGHT_ANSWER,
    WRONG_ANSWER,
    AskRound,
    Contribution,
)

DEPTH, MOST_DEPTH = 3, 10  # first answers of each system that are pooled
MOST_QUESTIONS = 1000
# What systems agree on can be wrong, too: a question without any disagreement keeps this much.
LEAST_DISAGREEMENT = 0.05
# Where the likeliest answer is kept for the test, most judgements could not be learned from.
_KEPT_BACK_WORTH = 0.1
_SEED = 0
# From these means of grades on a pair is right or partly right.
_RIGHT_FROM, _PARTLY_FROM = 0.75, 0.25


def pooled(tops: Sequence[np.ndarray], depth: int) -> list[tuple[int, ...]]:
    """Return the pool of each question: every answer among the first ``depth`` of any system.

    Parameters
    ----------
    tops : sequence of int arrays [n, k >= depth]
        One per system: answer rows, best first; -1 = nothing at this rank.
    depth : int, 1 to ``MOST_DEPTH``

    Returns
    -------
    list of tuple of int, n long
        Ascending, so that their order tells nothing.

    Raises
    ------
    DataError
        If the depth is out of range.
    """
    if not 1 <= depth <= MOST_DEPTH:
        raise DataError(
            "1 to {most} answers of each system can be judged; {depth} does not fit.",
            most=MOST_DEPTH,
            depth=depth,
        )
    together = np.concatenate([top[:, :depth] for top in tops], axis=1)
    return [tuple(sorted({a for a in row if a >= 0})) for row in together.tolist()]


def disagreement(tops: Sequence[np.ndarray], depth: int) -> np.ndarray:
    """Return how far systems disagree on each question, float64 [n] in [0, 1].

    One minus the average overlap of the first ``depth`` answers, over all pairs of systems. Source
    of average overlap: Fagin, Kumar & Sivakumar 2003, doi:10.1137/S0895480102412856. One system
    alone disagrees with nobody: 0.
    """
    if len(tops) < 2:
        return np.zeros(len(tops[0]) if tops else 0)
    overlaps = []
    for one, other in combinations(tops, 2):
        k = min(depth, one.shape[1], other.shape[1])
        same = (one[:, :k, None] == other[:, None, :k]) & (one[:, :k, None] >= 0)
        both = [same[:, :i, :i].sum(axis=(1, 2)) / i for i in range(1, k + 1)]
        overlaps.append(np.mean(both, axis=0))
    return 1.0 - np.mean(overlaps, axis=0)


def judging_order(
    tops: Sequence[np.ndarray],
    weight: np.ndarray,
    answer_group: np.ndarray,
    *,
    depth: int,
    count: int,
    kept_back: np.ndarray | None = None,
) -> np.ndarray:
    """Return which questions to judge, what decides most first.

    A question counts disagreement × traffic, and the more so the fewer questions before it are
    about the same thing: its worth is divided by 1 + the number of earlier ones whose likeliest
    answer belongs to the same group.

    Parameters
    ----------
    tops : sequence of int arrays [n, k]
        As in :func:`pooled`.
    weight : float array [n], > 0
        How often each was asked.
    answer_group : int array [n_a]
    count : int
        How many are wanted.
    kept_back : bool array [n_a] or None
        Answers whose questions are not learned from; questions about them come late. None = the
        judged questions are to test with, too.

    Returns
    -------
    int64 array [at most count]
        Positions of questions; those for which nobody found anything are left out.
    """
    worth = (LEAST_DISAGREEMENT + disagreement(tops, depth)) * weight
    about = _likeliest_groups(tops, answer_group, depth)
    if kept_back is not None:
        held = np.isin(about, np.unique(answer_group[kept_back]))
        worth = np.where(held, worth * _KEPT_BACK_WORTH, worth)
    earlier: dict[int, int] = defaultdict(int)
    heap = [(-value, i, 0) for i, value in enumerate(worth.tolist()) if about[i] >= 0]
    heapq.heapify(heap)
    chosen: list[int] = []
    while heap and len(chosen) < count:
        _, i, known = heapq.heappop(heap)
        taken = earlier[about[i]]
        if known < taken:  # it was worth more when it was put there
            heapq.heappush(heap, (-float(worth[i]) / (1 + taken), i, taken))
            continue
        chosen.append(i)
        earlier[about[i]] += 1
    return np.array(chosen, np.int64)


def _likeliest_groups(
    tops: Sequence[np.ndarray], answer_group: np.ndarray, depth: int
) -> list[int]:
    """Return the group of answers that systems put highest together, -1 where nothing was found."""
    found = []
    for question in range(len(tops[0]) if tops else 0):
        votes: dict[int, float] = defaultdict(float)
        for top in tops:
            for rank, answer in enumerate(top[question, :depth].tolist(), start=1):
                if answer >= 0:
                    votes[int(answer_group[answer])] += 1 / rank
        found.append(max(votes, key=lambda g: (votes[g], -g)) if votes else -1)
    return found


@dataclass(frozen=True)
class JudgingTask:
    """Where one judge is; nothing in it tells which system found an answer.

    Attributes
    ----------
    place, answer : int
        Position of the question in the round, and row of the answer; -1 when all is done.
    number, of : int
        Which answer of this question it is, and how many there are.
    given : int
        Pairs that this judge has dealt with.
    done : int
        Pairs that anybody has dealt with.
    last : tuple of (place, answer) or None
        What the judge said something about most recently.
    """

    place: int
    answer: int
    number: int
    of: int
    given: int
    done: int
    last: tuple[int, int] | None


def judging_task(round_: AskRound, given: Sequence[Contribution], person: str) -> JudgingTask:
    """Return the pair that a judge should look at now.

    A question that was begun is finished first. Then comes the next of the round's order that
    fewer than the wanted number of people have begun; people who judge at once are spread over as
    many questions as there are people.

    Parameters
    ----------
    given : sequence of Contribution
        Judgements in force, oldest first.
    """
    judges: dict[int, set[str]] = defaultdict(set)
    own: dict[int, set[int]] = defaultdict(set)
    mine: list[Contribution] = []
    for entry in given:
        judges[entry.place].add(entry.person)
        if entry.person == person:
            own[entry.place].add(entry.answer)
            mine.append(entry)
    last = (mine[-1].place, mine[-1].answer) if mine else None
    people = len({entry.person for entry in given} | {person})
    done = len({(entry.place, entry.answer) for entry in given})
    begun = [p for p in sorted(own) if len(own[p]) < len(round_.pools[p])]
    if begun:
        place = begun[0]
    else:
        free = [
            p
            for p in range(len(round_.rows))
            if p not in own and round_.pools[p] and len(judges[p]) < round_.wanted
        ][:people]
        if not free:
            return JudgingTask(-1, -1, 0, 0, len(mine), done, last)
        place = min(free, key=lambda p: (len(judges[p]), _shuffled(round_, person, p, -1)))
    order = sorted(round_.pools[place], key=lambda a: _shuffled(round_, person, place, a))
    answer = next(a for a in order if a not in own[place])
    return JudgingTask(place, answer, len(own[place]) + 1, len(order), len(mine), done, last)


def _shuffled(round_: AskRound, person: str, place: int, answer: int) -> str:
    """Return a key whose order is another one for each person and question."""
    return content_id([str(round_.seed), person, str(place), str(answer)])


@dataclass(frozen=True)
class JudgedPair:
    """What people say together about one answer to one question.

    Attributes
    ----------
    place, answer : int
        As in :class:`core.types.asked_rounds.Contribution`.
    mean : float in [0, 1]
        Of the grades: right 1, partly 0.5, wrong 0.
    word : str
        ``right`` from a mean of 0.75 on, ``partly`` from 0.25 on, else ``wrong``.
    voices : int
    disputed : bool
        Somebody says right, somebody wrong.
    """

    place: int
    answer: int
    mean: float
    word: str
    voices: int
    disputed: bool


def judged_pairs(given: Sequence[Contribution]) -> list[JudgedPair]:
    """Return what people say together, by question and answer.

    Parameters
    ----------
    given : sequence of Contribution
        Judgements in force; ``cannot judge`` counts for nothing.
    """
    grades: dict[tuple[int, int], list[float]] = defaultdict(list)
    for entry in given:
        if entry.word in GRADES:
            grades[entry.place, entry.answer].append(GRADES[entry.word])
    found = []
    for (place, answer), values in sorted(grades.items()):
        mean = float(np.mean(values))
        word = RIGHT_ANSWER if mean >= _RIGHT_FROM else PARTLY
        word = word if mean >= _PARTLY_FROM else WRONG_ANSWER
        disputed = max(values) - min(values) == 1
        found.append(JudgedPair(place, answer, mean, word, len(values), disputed))
    return found


def agreement(given: Sequence[Contribution]) -> Agreement | None:
    """Return Krippendorff's alpha of the grades with its interval, None where it is not defined."""
    said = [entry for entry in given if entry.word in GRADES]
    pairs = {(entry.place, entry.answer) for entry in said}
    number = {pair: i for i, pair in enumerate(sorted(pairs))}
    pair = np.array([number[entry.place, entry.answer] for entry in said], np.int64)
    value = np.array([GRADES[entry.word] for entry in said], np.float64)
    return krippendorff_alpha(pair, value, seed=_SEED) if len(said) else None


def answered_questions(
    round_: AskRound, dataset: QADataset, pairs: Sequence[JudgedPair]
) -> list[AnsweredQuestion]:
    """Return the judged questions of a round with what people say about their answers.

    Parameters
    ----------
    dataset : QADataset
        The version of the data that the round's rows count in.
    """
    by_place: dict[int, list[JudgedPair]] = defaultdict(list)
    for pair in pairs:
        by_place[pair.place].append(pair)
    found = []
    for place, own in sorted(by_place.items()):
        row = round_.rows[place]
        right = {p.answer: GRADES[p.word] for p in own if p.word != WRONG_ANSWER}
        wrong = tuple(p.answer for p in own if p.word == WRONG_ANSWER)
        complete = {p.answer for p in own} >= set(round_.pools[place])
        weight = float(dataset.question_weight[row])
        found.append(AnsweredQuestion(dataset.questions[row], right, wrong, complete, weight))
    return found
