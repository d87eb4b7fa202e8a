"""Answers that the experts find alike, learned from beside the questions (METHOD §5, corpus rows).

Experts can compare any two answers, marked or not. Answers that stand in for questions carry what
the experts know to answers that no training question touches; nothing else of held-out data is
read than the corpus, which is known in advance. Answers far apart teach little, so a step takes
neighbourhoods: a few answers with those that the experts find most like them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.messages import N_
from core.tuning.config import TuningConfig
from core.tuning.losses import LOSSES
from core.types import Labels, Rows

MOST_ANSWERS = 20_000  # of a larger corpus a sample is searched for neighbours, anew in every step

ExpertsSearch = Callable[[Sequence[Rows], Rows], float]
"""Rows of questions, one array per regime, and rows of answers to mean nDCG@10 over regimes."""

# An expert must search better than the base model by this much: less is noise.
CLEARLY = 0.02
NO_TEACHER = N_(
    "No expert searches clearly better than the base model by itself (validation nDCG@10: "
    "{experts:.3f} against {base:.3f}), so the model does not learn from the experts how alike "
    "answers are. A stronger expert would help answers that no question asks for yet."
)


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


def learns_from_answers(config: TuningConfig) -> bool:
    """Return True if how alike answers are changes what is learned."""
    wanted = config.neighbourhoods_per_batch > 0 and config.neighbourhood_weight > 0
    return wanted and LOSSES[config.loss].uses_labels and not config.query_side
