"""Which questions meet which answers in one step.

The plan of an epoch depends on the data, the settings, the seed and the number of the epoch, on
nothing that happened before: a resumed run sees exactly the batches that it would have seen.

Answers that the experts find alike are learned from beside the questions (METHOD §5, corpus rows).
Experts can compare any two answers, marked or not. Answers that stand in for questions carry what
the experts know to answers that no training question touches; nothing else of held-out data is
read than the corpus, which is known in advance. Answers far apart teach little, so a step takes
neighbourhoods: a few answers with those that the experts find most like them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from core.tuning.taught import TaughtQuestions
from core.types import Labels, QADataset, Rows
from core.types.tuning_config import TuningConfig

MOST_ANSWERS = 20_000  # of a larger corpus a sample is searched for neighbours, anew in every step

KNOWN_WRONG = 2  # answers per question and epoch that the data say are wrong


@dataclass(frozen=True, eq=False)
class Batch:
    """One grid: every question is compared with every answer.

    Attributes
    ----------
    question_rows : int32 array [b_q]
    answer_rows : int32 array [b_a]
        Distinct, ascending: an answer that several questions share is encoded once.
    alike_rows : int32 array [b_n]
        Those of ``answer_rows`` that are also compared with all of them as if they were
        questions: the neighbourhoods of the step.
    taught_rows : int32 array [b_t]
        Questions that learn from the experts: open ones, known ones of which only some answers
        were judged, and all known ones where wanted.
    wanted_rows : int32 array [b_w], ascending
        Answers that the experts like most for some taught question of the whole epoch: what
        taught questions ask for.
    """

    question_rows: Rows
    answer_rows: Rows
    alike_rows: Rows = field(default_factory=lambda: np.empty(0, np.int32))
    taught_rows: Rows = field(default_factory=lambda: np.empty(0, np.int32))
    wanted_rows: Rows = field(default_factory=lambda: np.empty(0, np.int32))


def plan_epoch(
    dataset: QADataset,
    question_rows: Rows,
    negatives: np.ndarray | None,
    config: TuningConfig,
    epoch: int,
    answer_labels: Labels | None = None,
    taught: TaughtQuestions | None = None,
) -> list[Batch]:
    """Return the batches of one epoch; every training question is in exactly one.

    Parameters
    ----------
    question_rows : int32 array [n]
        Training questions.
    negatives : int32 array [n, p] or None
        Wrong answers worth telling apart, one row per entry of ``question_rows``, -1 = none.
    epoch : int, from 0
        Right answers and those known to be wrong take turns from epoch to epoch. Of the wrong
        ones that the data name, ``KNOWN_WRONG`` per question are in its batch, or as many as the
        settings want hard negatives; ``negatives`` fill what room is left.
    answer_labels : Labels or None
        How alike two answers are; None leaves neighbourhoods out.
    taught : TaughtQuestions or None
        Questions that learn from the experts alone; open ones take turns from epoch to epoch,
        judged ones are taught in the step in which they are learned.
    """
    rng = np.random.default_rng([config.seed, epoch])
    turns = np.random.default_rng([config.seed])
    right = [turns.permutation(dataset.right_answers(int(row))) for row in question_rows]
    # Copied: of nothing numpy shuffles the array itself, which read from disk is read-only.
    wrong = [turns.permutation(dataset.wrong_answers(int(row)).copy()) for row in question_rows]
    most_wrong = max(KNOWN_WRONG, config.hard_negatives_per_question)
    batches: list[Batch] = []
    wanted: list[Rows] = []
    open_rows = np.empty(0, np.int32) if taught is None else taught.open_rows
    count = steps_per_epoch(len(question_rows), len(open_rows), config)
    groups = group_batches(dataset.question_group[question_rows], count, rng)
    dealt = open_rows[
        turn_of(
            len(open_rows),
            open_per_epoch(len(question_rows), len(open_rows), config),
            epoch,
            config.seed,
        )
    ]
    open_parts = np.array_split(dealt, count)
    for number, places in enumerate(groups):
        answers = [
            _take_turns(right[place], config.right_answers_per_question, epoch) for place in places
        ]
        answers += [_take_turns(wrong[place], most_wrong, epoch) for place in places]
        if negatives is not None and config.hard_negatives_per_question:
            for place in places:
                pool = negatives[place][negatives[place] >= 0]
                room = config.hard_negatives_per_question - len(wrong[place])
                count = max(0, min(room, len(pool)))
                answers.append(rng.choice(pool, count, replace=False))
        alike = np.empty(0, np.int32)
        if answer_labels is not None:
            size = config.neighbourhoods_per_batch, config.neighbours
            turn = epoch * len(groups) + number
            total = len(dataset.answers)
            alike = neighbourhoods(answer_labels, total, *size, turn, config.seed)
            answers.append(alike)
        mine = question_rows[places].astype(np.int32)
        told = np.empty(0, np.int32)
        if taught is not None:
            told = open_parts[number]
            beside = mine if config.teach_known_weight else np.intersect1d(mine, taught.pooled_rows)
            told = np.concatenate([told, beside]).astype(np.int32)
            if len(told):
                wanted.append(taught.candidates(told, config.candidates_per_question))
                answers.append(wanted[-1])
        columns = np.unique(np.concatenate(answers)).astype(np.int32)
        batches.append(Batch(mine, columns, alike, told))
    if not wanted:
        return batches
    together = np.unique(np.concatenate(wanted)).astype(np.int32)
    return [replace(batch, wanted_rows=together) for batch in batches]


def _take_turns(answers: np.ndarray, count: int, epoch: int) -> np.ndarray:
    """Return ``count`` entries, going round: after enough epochs each was taken equally often."""
    taken = min(count, len(answers))
    return answers[(epoch * taken + np.arange(taken)) % max(len(answers), 1)]


def open_per_epoch(known: int, open_: int, config: TuningConfig) -> int:
    """Return how many open questions join one epoch, beside so many known ones."""
    share = config.open_share
    return min(open_, round(known * share / (1 - share)))


def steps_per_epoch(known: int, open_: int, config: TuningConfig) -> int:
    """Return the steps of one epoch with so many training questions and open questions."""
    return -(-(known + open_per_epoch(known, open_, config)) // config.questions_per_batch)


def group_batches(groups: np.ndarray, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Deal positions into even batches whose groups are distinct as far as possible.

    Two questions of one answer group in a batch would compete for the same answer, so each batch
    takes one position from each of the groups that have most left.

    Parameters
    ----------
    groups : int array [n]
        Answer group of each question.
    count : int
        Batches. They differ by at most one: a last batch of one question teaches nothing.

    Returns
    -------
    list of int arrays
        Positions 0 … n − 1, each exactly once.
    """
    order = rng.permutation(len(groups))
    queues: dict[int, list[int]] = {}
    for place in order:
        queues.setdefault(int(groups[place]), []).append(int(place))
    names = np.array(list(queues))
    left = np.array([len(queues[name]) for name in names])
    batches: list[np.ndarray] = []
    for number in range(count):
        room = (len(groups) - sum(len(batch) for batch in batches)) // (count - number)
        taken: list[int] = []
        while len(taken) < room:
            # Most left first, ties at random; a second round only when groups run out.
            first = np.lexsort((rng.random(len(names)), -left))
            for index in first[: room - len(taken)]:
                if left[index]:
                    taken.append(queues[int(names[index])].pop())
                    left[index] -= 1
        batches.append(np.array(taken, np.intp))
    return batches


def mine_hard_negatives(
    dataset: QADataset,
    question_rows: Rows,
    question_vectors: np.ndarray,
    answer_rows: Rows,
    answer_vectors: np.ndarray,
    depth: int = 8,
) -> np.ndarray:
    """Return for each question the wrong answers that the given vectors rank highest.

    Answers of the question's own answer group are left out: near-duplicates of a right answer are
    not wrong.

    Parameters
    ----------
    question_rows, answer_rows : int32 arrays [n], [m]
    question_vectors, answer_vectors : float arrays [n, d], [m, d], unit length
    depth : int
        Wrong answers per question.

    Returns
    -------
    int32 array [n, depth]
        Answer rows, most confusable first, ties by answer row, -1 = fewer than ``depth``.
    """
    mined = np.full((len(question_rows), depth), -1, np.int32)
    groups = dataset.answer_group[answer_rows]
    for start in range(0, len(question_rows), 256):  # bounds memory to 256 × m
        rows = question_rows[start : start + 256]
        scores = question_vectors[start : start + 256] @ answer_vectors.T
        own = groups[None, :] == dataset.question_group[rows][:, None]
        scores[own | (dataset.hard_block(rows, answer_rows) > 0)] = -np.inf
        best = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
        kept = np.where(np.isfinite(np.take_along_axis(scores, best, 1)), answer_rows[best], -1)
        mined[start : start + 256, : best.shape[1]] = kept
    return mined


def learnable(dataset: QADataset, batch: Batch, hard: np.ndarray) -> np.ndarray:
    """Return a bool array [b_q, b_a]: False for unmarked answers of the question's own group.

    A known near-duplicate of a right answer is not a wrong answer, so its cell says nothing;
    unless somebody said that it is wrong.
    """
    own = (
        dataset.question_group[batch.question_rows][:, None]
        == (dataset.answer_group[batch.answer_rows][None, :])
    )
    rows = batch.question_rows[:, None], batch.answer_rows[None, :]
    return (hard > 0) | ~own | dataset.known_wrong(*rows)


def turn_of(count: int, taken: int, turn: int, seed: int) -> Rows:
    """Return what is dealt in one turn when ``count`` cards go round, shuffled anew every round.

    A function of the turn alone: a resumed run is dealt what it would have got.

    Parameters
    ----------
    count, taken : int
        Cards, and how many of them each turn gets (at most all).
    turn : int, from 0

    Returns
    -------
    int32 array [min(taken, count)]
    """
    taken = min(taken, count)
    if taken == 0:
        return np.empty(0, np.int32)
    turns = count // taken  # of a round; a rest smaller than a turn sits this round out
    order = np.random.default_rng([seed, 2, turn // turns]).permutation(count)
    return order[turn % turns * taken :][:taken].astype(np.int32)


def neighbourhoods(
    labels: Labels, answers: int, centres: int, depth: int, turn: int, seed: int
) -> Rows:
    """Return the answers of one step: centres, dealt in turn, and what is most like each.

    Parameters
    ----------
    labels : Labels
        How alike two answers are; both kinds of rows are rows of the answers.
    answers : int
        Size of the corpus.
    centres, depth : int
        Neighbourhoods of a step, and answers of each besides its centre.
    turn : int, from 0
        Number of the step.

    Returns
    -------
    int32 array
        Distinct, ascending.
    """
    middle = turn_of(answers, centres, turn, seed)
    searched = np.arange(answers, dtype=np.int32)
    if answers > MOST_ANSWERS:
        rng = np.random.default_rng([seed, 3, turn])
        searched = np.sort(rng.choice(answers, MOST_ANSWERS, replace=False)).astype(np.int32)
    targets, known = labels.block(middle, searched)
    order = np.argsort(np.where(known, -targets, np.inf), axis=1, kind="stable")[:, :depth]
    near = searched[order][np.take_along_axis(known, order, axis=1)]
    return np.unique(np.concatenate([middle, near])).astype(np.int32)
