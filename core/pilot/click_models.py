"""Which answer is probably right for a question, from what people opened: corrected for its place.

What stands first is opened because it stands first. A click is therefore weighted by one over the
chance that its place is looked at (inverse propensity weights; Joachims, Swaminathan and Schnabel
2017, "Unbiased learning-to-rank with biased feedback"). That chance is estimated from the lists
that were shown where they allow it (position-based click model, fitted by expectation-maximisation;
Chuklin, Markov and de Rijke 2015, "Click models for web search", chapters 3 and 4); else it is said
to be one over the rank.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

DEPTH = 100  # places
# Below this a click from far down would count as dozens: clipped, which costs a little bias and
# saves much variance (as in the paper).
LEAST_CHANCE = 0.1
# Clicks that a question needs until its shares count half: as if so many had said nothing.
PRIOR = 3.0
LEAST_CLICKS, LEAST_MOVED = 200, 50  # clicks, and impressions of pairs that stood in two places
_ROUNDS, _CLOSE = 200, 1e-5


@dataclass(frozen=True)
class RecordedSearch:
    """What a search showed, and what was opened.

    Attributes
    ----------
    question : str
        What makes two searches the same question.
    shown : tuple of int
        Rows of answers, best first; -1 = one that is not among the answers. Empty = not known.
    opened : tuple of (int, int)
        Row of each answer that was opened or liked, and its place counted from 0; -1 = no place had
        a part in it.
    disliked : tuple of int
        Rows with a thumb down.
    count : float
        How often.
    """

    question: str
    shown: tuple[int, ...]
    opened: tuple[tuple[int, int], ...]
    disliked: tuple[int, ...] = ()
    count: float = 1.0


@dataclass(frozen=True)
class ProbableAnswer:
    """An answer that is probably right for a question.

    Attributes
    ----------
    question : str
    answer : int
        Row.
    score : float in [0, 1]
        Its share of what was opened for the question, corrected for places, shrunk where that was
        little.
    clicks : float
        How often it was opened or liked, as counted.
    """

    question: str
    answer: int
    score: float
    clicks: float


def stated_chances(depth: int = DEPTH) -> np.ndarray:
    """Return the chance that a place is looked at, said to be one over its rank, float [depth]."""
    return 1.0 / np.arange(1, depth + 1)


def examination_chances(searches: Sequence[RecordedSearch]) -> tuple[np.ndarray, bool]:
    """Return the chance that each place is looked at, and whether it was estimated.

    Returns
    -------
    chances : float array [DEPTH], the first 1
    is_estimated : bool
        False where too few answers were shown in different places, or too little was opened.
    """
    pair_of: dict[tuple[str, int], int] = {}
    rows: list[tuple[int, int, bool, float]] = []
    for search in searches:
        for at, row in enumerate(search.shown[:DEPTH]):
            if row >= 0:
                number = pair_of.setdefault((search.question, row), len(pair_of))
                rows.append((number, at, (row, at) in search.opened, search.count))
    if not rows:
        return stated_chances(), False
    pair, place, clicked, weight = (np.array(column) for column in zip(*rows, strict=True))
    clicked = clicked.astype(bool)
    first = np.full(len(pair_of), DEPTH)
    last = np.zeros(len(pair_of), int)
    np.minimum.at(first, pair, place)
    np.maximum.at(last, pair, place)
    moved = (first < last)[pair]
    if weight[clicked].sum() < LEAST_CLICKS or weight[moved].sum() < LEAST_MOVED:
        return stated_chances(), False
    return fitted_chances(pair, place, clicked, weight), True


def fitted_chances(
    pair: np.ndarray, place: np.ndarray, clicked: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Fit the position-based model: a result is opened if its place is looked at and it attracts.

    Parameters
    ----------
    pair : int array [n]
        Question and answer of each impression.
    place : int array [n]
        Counted from 0.
    clicked : bool array [n]
    weight : float array [n]
        How often.

    Returns
    -------
    float array [DEPTH]
        Relative to the first place. Beyond the deepest place that was shown as often as the last
        known one.
    """
    places, pairs = int(place.max()) + 1, int(pair.max()) + 1
    seen = stated_chances(places)
    attracts = np.full(pairs, 0.5)
    shown = np.bincount(place, weight, places)
    met = np.bincount(pair, weight, pairs)
    for _ in range(_ROUNDS):
        chance, drawn = seen[place], attracts[pair]
        # of what was not opened: looked at although not opened, attractive although not looked at
        none = np.maximum(1 - chance * drawn, 1e-9)
        looked = np.where(clicked, 1.0, chance * (1 - drawn) / none)
        liked = np.where(clicked, 1.0, drawn * (1 - chance) / none)
        now = (np.bincount(place, weight * looked, places) + 0.5) / (shown + 1)
        # one click and one miss beforehand, so that a pair that was met once is neither 0 nor 1
        attracts = (np.bincount(pair, weight * liked, pairs) + 1) / (met + 2)
        now = np.minimum(now / now[0], 1.0)
        done = np.abs(now - seen).max() < _CLOSE
        seen = now
        if done:
            break
    return np.concatenate([seen, np.full(max(DEPTH - places, 0), seen[-1])])[:DEPTH]


def probable_answers(
    searches: Iterable[RecordedSearch],
) -> tuple[tuple[ProbableAnswer, ...], bool]:
    """Return for each question what people opened, best first, and whether places were estimated.

    A thumb or a reply had no place to be found by and counts once; a thumb down takes one away.
    """
    searches = tuple(searches)
    chances, is_estimated = examination_chances(searches)
    chances = np.maximum(chances, LEAST_CHANCE)
    weights: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    counts: dict[tuple[str, int], float] = defaultdict(float)
    for search in searches:
        for row, place in search.opened:
            if row >= 0:
                chance = chances[min(place, DEPTH - 1)] if place >= 0 else 1.0
                weights[search.question][row] += search.count / float(chance)
                counts[search.question, row] += search.count
        for row in search.disliked:
            if row >= 0:
                weights[search.question][row] -= search.count
    found = []
    for question, own in weights.items():
        positive = {row: weight for row, weight in own.items() if weight > 0}
        total = sum(positive.values())
        found += [
            ProbableAnswer(question, row, weight / (total + PRIOR), counts[question, row])
            for row, weight in sorted(positive.items(), key=lambda item: -item[1])
        ]
    return tuple(found), is_estimated
