"""Keyword search and a model as one list: a weighted sum whose weight validation questions choose.

Joining two lists by their ranks alone (reciprocal rank fusion) gives the weaker one the same say:
with keyword search far behind the model it is worse than the model alone. A convex combination of
normalised scores with a weight tuned on a few questions is better and needs few of them (Bruch, Gai
& Ingber 2023, arXiv:2210.11934, the combination called TM2C2 there).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.evaluation.exact_search import Ranking
from core.evaluation.measures import ndcg_at_10
from core.messages import N_
from core.types import BASE, TUNED, QADataset, Rows

HYBRID_PREFIX = "hybrid:"
HYBRID_TITLES = {
    f"{HYBRID_PREFIX}{BASE}": N_("Hybrid: BM25 + base model"),
    f"{HYBRID_PREFIX}{TUNED}": N_("Hybrid: BM25 + tuned model"),
}
WEIGHTS = tuple(step / 20 for step in range(21))  # of keyword search; 0 = the model alone
JOINED_DEPTH = 1_000  # answers of each list that are joined
LOWEST_WORDS, LOWEST_COSINE = 0.0, -1.0  # theoretical minima of the scores, from which they count


@dataclass(frozen=True)
class HybridWeight:
    """What validation questions say about joining keyword search with a model.

    Attributes
    ----------
    weight : float in [0, 1]
        Of keyword search; 0 where it does not show to help.
    joined, alone : float
        Mean nDCG@10 on validation questions, mean over regimes, with that weight and of the model
        alone.
    questions : int
        Validation questions that chose it.
    """

    weight: float
    joined: float
    alone: float
    questions: int


@dataclass(frozen=True, eq=False)
class JoinedScores:
    """Normalised scores of the answers that either list holds, for each question.

    Attributes
    ----------
    answers : list of int arrays [c]
        Distinct answer rows, ascending.
    words, model : list of float64 arrays [c] in [0, 1]
        ``(score - lowest possible) / (best of this question - lowest possible)``; 0 where a list
        does not hold the answer.
    """

    answers: list[np.ndarray]
    words: list[np.ndarray]
    model: list[np.ndarray]

    @classmethod
    def of(cls, words: Ranking, model: Ranking) -> JoinedScores:
        """Join the lists of the same questions; what shares no word with one was not found."""
        joined = cls([], [], [])
        for row in range(len(model.top_answers)):
            left = _normalised(words, row, LOWEST_WORDS)
            right = _normalised(model, row, LOWEST_COSINE)
            answers = np.union1d(left[0], right[0])
            joined.answers.append(answers)
            for side, (listed, scores) in ((joined.words, left), (joined.model, right)):
                values = np.zeros(len(answers))
                values[np.searchsorted(answers, listed)] = scores
                side.append(values)
        return joined

    def ranking(self, weight: float, depth: int) -> Ranking:
        """Return the lists by ``weight · words + (1 - weight) · model``, ties by answer row."""
        ranking = Ranking.blank(len(self.answers), depth)
        for row, answers in enumerate(self.answers):
            scores = weight * self.words[row] + (1 - weight) * self.model[row]
            scores = scores.round(12)  # the order of adding must not break ties
            order = np.lexsort((answers, -scores))[:depth]
            ranking.top_answers[row, : len(order)] = answers[order]
            ranking.top_scores[row, : len(order)] = scores[order]
        return ranking


def choose_weight(
    dataset: QADataset, rows: Mapping[str, Rows], joined: Mapping[str, JoinedScores]
) -> HybridWeight:
    """Choose the weight of keyword search by mean nDCG@10 over the validation regimes.

    Parameters
    ----------
    rows : mapping of regime to int array [n]
        Validation questions; at least one regime with at least one question.
    joined : mapping of regime to JoinedScores
        For the same questions.

    Returns
    -------
    HybridWeight
        Weight 0 where the best weight gains less than the standard error of its gain: a weight
        fitted to the luck of a few questions would harm the others. Ties: the smaller weight.
    """
    values = {
        weight: {
            regime: ndcg_at_10(dataset, rows[regime], scores.ranking(weight, 10).top_answers)
            for regime, scores in joined.items()
        }
        for weight in WEIGHTS
    }

    def mean(weight: float) -> float:
        return float(np.mean([v.mean() for v in values[weight].values()]))

    best = max(WEIGHTS, key=lambda weight: (round(mean(weight), 9), -weight))
    gains = [values[best][regime] - values[0.0][regime] for regime in joined]
    # Of a mean of regime means: regimes count the same, whatever their size.
    variance = sum(g.var(ddof=1) / len(g) if len(g) > 1 else 1.0 for g in gains) / len(gains) ** 2
    if mean(best) - mean(0.0) <= variance**0.5:
        best = 0.0
    return HybridWeight(best, mean(best), mean(0.0), sum(len(found) for found in rows.values()))


def _normalised(ranking: Ranking, row: int, lowest: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the listed answers, ascending, and their normalised scores."""
    answers, scores = ranking.top_answers[row], ranking.top_scores[row].astype(np.float64)
    kept = (answers >= 0) & (scores > lowest)
    answers, scores = answers[kept], scores[kept]
    order = np.argsort(answers)
    span = (scores.max() - lowest) if len(scores) else 1.0
    return answers[order], ((scores - lowest) / span)[order]
