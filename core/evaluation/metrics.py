"""Retrieval metrics, one value per question, each described where it is defined.

Every metric takes two tables of relevance grades:

ranked : float array [n, k]
    Grades of the answers found, best placed first; 0 = not right.
ideal : float array [n, m]
    Grades of all right answers of the question, highest first, padded with 0.

The values equal those of trec_eval (through ir_measures): nDCG gains are the grades themselves
(linear), every other metric counts an answer as right when its grade is above 0 (or at least the
metric's threshold), and average precision and recall are divided by the number of ALL right
answers, not by the cut-off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.messages import N_

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MAIN_METRIC = "ndcg@10"  # fixed before anybody looks at results: the verdict is about this one

Measure = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def ndcg(ranked: np.ndarray, ideal: np.ndarray, cutoff: int) -> np.ndarray:
    """Return the normalised discounted cumulative gain as float64 array [n] in [0, 1]."""
    return _share(_discounted(ranked, cutoff), _discounted(ideal, cutoff))


def average_precision(ranked: np.ndarray, ideal: np.ndarray, cutoff: int) -> np.ndarray:
    """Return the average precision up to the cut-off as float64 array [n] in [0, 1]."""
    hits = ranked[:, :cutoff] > 0
    precision = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    return _share((precision * hits).sum(axis=1), (ideal > 0).sum(axis=1))


def recall(ranked: np.ndarray, ideal: np.ndarray, cutoff: int) -> np.ndarray:
    """Return the share of right answers within the cut-off as float64 array [n] in [0, 1]."""
    return _share((ranked[:, :cutoff] > 0).sum(axis=1), (ideal > 0).sum(axis=1))


def reciprocal_rank(ranked: np.ndarray, ideal: np.ndarray, cutoff: int) -> np.ndarray:
    """Return 1 / rank of the first right answer, 0 past the cut-off, as float64 array [n]."""
    hits = ranked[:, :cutoff] > 0
    ranks = hits.argmax(axis=1).astype(np.float64) + 1
    return np.where(hits.any(axis=1), 1.0 / ranks, 0.0)


def success(ranked: np.ndarray, ideal: np.ndarray, cutoff: int) -> np.ndarray:
    """Return 1 where a right answer stands within the cut-off, else 0, as float64 array [n]."""
    return np.where((ranked[:, :cutoff] > 0).any(axis=1), 1.0, 0.0)


def ranked_grades(relevance: csr_array, top_answers: np.ndarray) -> np.ndarray:
    """Look up the grades of the answers found.

    Parameters
    ----------
    relevance : csr_array [n, n_a]
        Grades; 0 = not right.
    top_answers : int array [n, k]
        Answer rows, best first; -1 = nothing at this rank.

    Returns
    -------
    float64 array [n, k]
    """
    questions = np.arange(len(top_answers))[:, None]
    grades = relevance[questions, np.maximum(top_answers, 0)].toarray()
    return np.where(top_answers >= 0, grades, 0.0)


def ideal_grades(relevance: csr_array) -> np.ndarray:
    """Return all grades of each question, highest first, 0-padded, as float64 array [n, m]."""
    counts = np.diff(relevance.indptr)
    ideal = np.zeros((relevance.shape[0], counts.max(initial=0)))
    for question in np.flatnonzero(counts):
        grades = relevance.data[relevance.indptr[question] : relevance.indptr[question + 1]]
        ideal[question, : len(grades)] = np.sort(grades)[::-1]
    return ideal


def _discounted(grades: np.ndarray, cutoff: int) -> np.ndarray:
    gains = grades[:, :cutoff].astype(np.float64)
    return (gains / np.log2(np.arange(2, gains.shape[1] + 2))).sum(axis=1)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; a question without any right answer counts 0, as in trec_eval."""
    whole = np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


@dataclass(frozen=True)
class Metric:
    """A metric at a cut-off, with the words that the pages and the report show.

    Attributes
    ----------
    key : str
        Name in :attr:`core.types.ArmResult.metrics`.
    title, meaning : str
        Plain words, for translation.
    formula : str
        LaTeX; g = grade, R = number of right answers, k = cut-off.
    source : str
        Where the definition comes from.
    measure : callable
        ``(ranked, ideal, cutoff) -> float64 array [n]``.
    cutoff : int
        How many of the answers found are looked at.
    threshold : float
        Lowest grade that counts as right; 0 = every grade above 0.
    """

    key: str
    title: str
    meaning: str
    formula: str
    source: str
    measure: Measure
    cutoff: int
    threshold: float = 0.0

    def values(self, ranked: np.ndarray, ideal: np.ndarray) -> np.ndarray:
        """Return the metric per question as float64 array [n] in [0, 1]."""
        if self.threshold > 0:
            ranked, ideal = (np.where(g >= self.threshold, g, 0.0) for g in (ranked, ideal))
        return self.measure(ranked, ideal, self.cutoff)


METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (
        Metric(
            key="ndcg@10",
            title=N_("Right answers near the top (nDCG@10)"),
            meaning=N_(
                "How high the right answers stand among the first ten; 1 means that no other "
                "order would be better. Answers with a higher rating count more."
            ),
            formula=r"\frac{\sum_{i=1}^{k} g_i / \log_2(i+1)}"
            r"{\sum_{i=1}^{k} g^{*}_i / \log_2(i+1)}",
            source="Järvelin & Kekäläinen 2002, doi:10.1145/582415.582418; trec_eval ndcg_cut",
            measure=ndcg,
            cutoff=10,
        ),
        Metric(
            key="map@10",
            title=N_("Few wrong answers above the right ones (mAP@10)"),
            meaning=N_(
                "At each right answer among the first ten: the share of right answers so far, "
                "averaged over all right answers of the question."
            ),
            formula=r"\frac{1}{R}\sum_{i=1}^{k} \mathrm{[g_i > 0]}\;"
            r"\frac{1}{i}\sum_{j=1}^{i} \mathrm{[g_j > 0]}",
            source="Manning, Raghavan & Schütze 2008, section 8.4; trec_eval map_cut",
            measure=average_precision,
            cutoff=10,
        ),
        Metric(
            key="recall@10",
            title=N_("Right answers found in the first ten (recall@10)"),
            meaning=N_("The share of all right answers that come among the first ten."),
            formula=r"\frac{1}{R}\sum_{i=1}^{k} \mathrm{[g_i > 0]}",
            source="Manning, Raghavan & Schütze 2008, section 8.3; trec_eval recall",
            measure=recall,
            cutoff=10,
        ),
        Metric(
            key="mrr@10",
            title=N_("How soon the first right answer comes (MRR@10)"),
            meaning=N_(
                "1 when the first answer is right, 1/2 when the second one is the first right "
                "one, and so on; 0 when none of the first ten is right."
            ),
            formula=r"\frac{1}{\min\{i \le k : g_i > 0\}}",
            source="Voorhees 1999, TREC-8 question answering track; trec_eval recip_rank",
            measure=reciprocal_rank,
            cutoff=10,
        ),
        Metric(
            key="top1",
            title=N_("The first answer is right (top-1)"),
            meaning=N_("The share of questions whose first answer is a right one."),
            formula=r"\mathrm{[g_1 > 0]}",
            source="trec_eval success_1",
            measure=success,
            cutoff=1,
        ),
    )
}
