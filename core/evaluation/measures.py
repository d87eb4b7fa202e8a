"""Retrieval measures, one value per question: each described once, at any cut-off and grade.

``NDCG @ 10`` is a measure at its cut-off, ``AVERAGE_PRECISION.from_grade(2) @ 20`` one that counts
an answer as right from grade 2 on, as in ir_measures (MacAvaney, Macdonald & Ounis 2022,
doi:10.1007/978-3-030-99739-7_38). Every measure is worked out from two tables of relevance grades:

ranked : float array [n, k]
    Grades of the answers found, best placed first; 0 = not right.
ideal : float array [n, m]
    Grades of all right answers of the question, highest first, padded with 0.

The values equal those of trec_eval (through ir_measures): nDCG gains are the grades themselves
(linear), every other measure counts an answer as right when its grade is above 0 (or at least the
measure's grade), and average precision and recall are divided by the number of ALL right answers,
not by the cut-off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ComparisonError
from core.messages import N_
from core.types import Comparison, QADataset, Rows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

CUTOFFS = (1, 3, 5, 10, 20, 100)  # that a reader may choose


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


def _reciprocal_rank(ranked: np.ndarray, ideal: np.ndarray, cutoff: int) -> np.ndarray:
    """Return 1 / rank of the first right answer, 0 past the cut-off, as float64 array [n]."""
    hits = ranked[:, :cutoff] > 0
    ranks = hits.argmax(axis=1).astype(np.float64) + 1
    return np.where(hits.any(axis=1), 1.0 / ranks, 0.0)


def success(ranked: np.ndarray, ideal: np.ndarray, cutoff: int) -> np.ndarray:
    """Return 1 where a right answer stands within the cut-off, else 0, as float64 array [n]."""
    return np.where((ranked[:, :cutoff] > 0).any(axis=1), 1.0, 0.0)


def _discounted(grades: np.ndarray, cutoff: int) -> np.ndarray:
    gains = grades[:, :cutoff].astype(np.float64)
    return (gains / np.log2(np.arange(2, gains.shape[1] + 2))).sum(axis=1)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide; a question without any right answer counts 0, as in trec_eval."""
    whole = np.asarray(whole, np.float64)
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


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


@dataclass(frozen=True)
class Measure:
    """A measure at a cut-off, with the words that the pages and the report show.

    Attributes
    ----------
    name : str
        First part of its key.
    title, meaning : str
        Plain words with the field ``cutoff``, for translation.
    formula : str
        LaTeX; g = grade, R = number of right answers, k = cut-off, t = lowest grade that counts.
    source : str
        Where the definition comes from.
    compute : callable
        ``(ranked, ideal, cutoff) -> float64 array [n]``.
    ir_name : str
        Name in ir_measures, for whoever wants to check.
    graded : bool
        Whether grades count as gains; else an answer is right or not.
    cutoff : int >= 1
        How many of the answers found are looked at.
    grade : float
        Lowest grade that counts as right; 0 = every grade above 0. Graded measures take the grades
        as they are.
    stored_as : str
        Key in stored comparisons where that is not the name and the cut-off.
    """

    name: str
    title: str
    meaning: str
    formula: str
    source: str
    compute: Callable[[np.ndarray, np.ndarray, int], np.ndarray]
    ir_name: str
    graded: bool = False
    cutoff: int = 10
    grade: float = 0.0
    stored_as: str = ""

    def __matmul__(self, cutoff: int) -> Measure:
        return replace(self, cutoff=cutoff)

    def from_grade(self, grade: float) -> Measure:
        """Return the measure that counts an answer as right from this grade on."""
        return self if self.graded else replace(self, grade=grade)

    @property
    def key(self) -> str:
        """Name in :attr:`core.types.SystemResult.metrics`, for example ``map@20>=2``."""
        level = f">={self.grade:g}" if self.grade > 0 else ""
        return self.stored_as or f"{self.name}@{self.cutoff}{level}"

    @property
    def ir_measure(self) -> str:
        """What ir_measures calls the same measure, for example ``AP(rel=2)@10``."""
        level = f"(rel={self.grade:g})" if self.grade > 1 else ""
        return f"{self.ir_name}{level}@{self.cutoff}"

    def title_in(self, t: Callable[[str], str]) -> str:
        """Return the title in the language of a translator."""
        return t(self.title).format(cutoff=self.cutoff)

    def meaning_in(self, t: Callable[[str], str]) -> str:
        """Return the meaning in the language of a translator."""
        return t(self.meaning).format(cutoff=self.cutoff)

    def values(self, ranked: np.ndarray, ideal: np.ndarray) -> np.ndarray:
        """Return the measure per question as float64 array [n] in [0, 1]."""
        if self.grade > 0:
            ranked, ideal = (np.where(g >= self.grade, g, 0.0) for g in (ranked, ideal))
        return self.compute(ranked, ideal, self.cutoff)

    def of(self, relevance: csr_array, top_answers: np.ndarray) -> np.ndarray:
        """Return the measure per question, from :func:`ranked_grades`' two tables."""
        return self.values(ranked_grades(relevance, top_answers), ideal_grades(relevance))


NDCG = Measure(
    "ndcg",
    title=N_("Right answers near the top (nDCG@{cutoff})"),
    meaning=N_(
        "How high the right answers stand among the first {cutoff}; 1 means that no other "
        "order would be better. Answers with a higher rating count more."
    ),
    formula=r"\frac{\sum_{i=1}^{k} g_i / \log_2(i+1)}{\sum_{i=1}^{k} g^{*}_i / \log_2(i+1)}",
    source="Järvelin & Kekäläinen 2002, doi:10.1145/582415.582418; trec_eval ndcg_cut",
    compute=ndcg,
    ir_name="nDCG",
    graded=True,
)
AVERAGE_PRECISION = Measure(
    "map",
    title=N_("Few wrong answers above the right ones (mAP@{cutoff})"),
    meaning=N_(
        "At each right answer among the first {cutoff}: the share of right answers so far, "
        "averaged over all right answers of the question."
    ),
    formula=r"\frac{1}{R}\sum_{i=1}^{k} \mathrm{[g_i \ge t]}\;"
    r"\frac{1}{i}\sum_{j=1}^{i} \mathrm{[g_j \ge t]}",
    source="Manning, Raghavan & Schütze 2008, section 8.4; trec_eval map_cut",
    compute=average_precision,
    ir_name="AP",
)
RECALL = Measure(
    "recall",
    title=N_("Right answers found (recall@{cutoff})"),
    meaning=N_("The share of all right answers that come among the first {cutoff}."),
    formula=r"\frac{1}{R}\sum_{i=1}^{k} \mathrm{[g_i \ge t]}",
    source="Manning, Raghavan & Schütze 2008, section 8.3; trec_eval recall",
    compute=recall,
    ir_name="R",
)
RECIPROCAL_RANK = Measure(
    "mrr",
    title=N_("How soon the first right answer comes (MRR@{cutoff})"),
    meaning=N_(
        "1 when the first answer is right, 1/2 when the second one is the first right "
        "one, and so on; 0 when none of the first {cutoff} is right."
    ),
    formula=r"\frac{1}{\min\{i \le k : g_i \ge t\}}",
    source="Voorhees 1999, TREC-8 question answering track; trec_eval recip_rank",
    compute=_reciprocal_rank,
    ir_name="RR",
)
SUCCESS = Measure(
    "success",
    title=N_("At least one right answer is there (success@{cutoff})"),
    meaning=N_(
        "The share of questions with a right answer among the first {cutoff}; at 1 it is "
        "the share whose first answer is right (top-1)."
    ),
    formula=r"\mathrm{[\max_{i \le k} g_i \ge t]}",
    source="trec_eval success",
    compute=success,
    ir_name="Success",
)
TOP1 = replace(
    SUCCESS @ 1,
    title=N_("The first answer is right (top-1)"),
    meaning=N_("The share of questions whose first answer is a right one."),
    stored_as="top1",
)

MEASURES: dict[str, Measure] = {
    measure.name: measure for measure in (NDCG, AVERAGE_PRECISION, RECALL, RECIPROCAL_RANK, SUCCESS)
}
# What every comparison measures. The verdict is about the first, fixed before anybody looks.
METRICS: dict[str, Measure] = {
    measure.key: measure
    for measure in (NDCG @ 10, AVERAGE_PRECISION @ 10, RECALL @ 10, RECIPROCAL_RANK @ 10, TOP1)
}
MAIN_METRIC = (NDCG @ 10).key


def ndcg_at_10(
    dataset: QADataset, rows: Rows, top: np.ndarray, answer_rows: Rows | None = None
) -> np.ndarray:
    """Return nDCG@10 per question as float64 array [n]: what every quality in this app means.

    Parameters
    ----------
    rows : int array [n]
        Questions.
    top : int array [n, k]
        What was found for each, best first; -1 = nothing at this rank.
    answer_rows : int array [m] or None
        The corpus where only a part of the answers was searched; ``top`` then counts in it.
    """
    relevance = dataset.relevance[rows]
    return (NDCG @ 10).of(relevance if answer_rows is None else relevance[:, answer_rows], top)


def grades_of(dataset: QADataset) -> tuple[float, ...]:
    """Return the grades that the data give, ascending; one grade means right or not."""
    return tuple(float(grade) for grade in np.unique(dataset.right_grade))


def possible_cutoffs(comparison: Comparison) -> tuple[int, ...]:
    """Return the cut-offs for which enough answers were kept."""
    kept = min((system.top_answers.shape[1] for system in comparison.systems), default=0)
    return tuple(cutoff for cutoff in CUTOFFS if cutoff <= kept)


def remeasured(comparison: Comparison, dataset: QADataset, measure: Measure) -> Comparison:
    """Return the comparison with every system measured by one chosen measure, and nothing else.

    Uses the kept result lists, so nothing is searched again. Differences, contrasts and slices
    are empty: work them out anew for the new measure.

    Raises
    ------
    ComparisonError
        If the kept lists are shorter than the cut-off: a comparison made by an older version.
    """
    relevance = dataset.relevance[comparison.question_rows]
    ideal = ideal_grades(relevance)
    systems = []
    for system in comparison.systems:
        kept = system.top_answers.shape[1]
        if kept < min(measure.cutoff, len(dataset.answers)):
            raise ComparisonError(
                "This comparison kept {kept} answers per question, too few for the first "
                "{cutoff}. Compare again to see this measure.",
                kept=kept,
                cutoff=measure.cutoff,
            )
        values = measure.values(ranked_grades(relevance, system.top_answers), ideal)
        systems.append(replace(system, metrics={measure.key: values}))
    return replace(comparison, systems=tuple(systems), differences=(), contrasts=(), slices=())


# Questions of which only a pool was judged: what nobody judged is not known to be wrong.


def condensed(dataset: QADataset, rows: Rows, top: np.ndarray) -> np.ndarray:
    """Return result lists without the answers that nobody judged, int array as ``top``, -1 at ends.

    Source: Sakai 2007, Alternatives to Bpref, doi:10.1145/1277741.1277756.

    Parameters
    ----------
    rows : int array [n]
        Questions.
    top : int array [n, k]
        Answer rows, best first; -1 = nothing at this rank.
    """
    kept = judged_in(dataset, rows, top)
    order = np.argsort(~kept, axis=1, kind="stable")
    return np.where(
        np.take_along_axis(kept, order, axis=1), np.take_along_axis(top, order, axis=1), -1
    )


def judged_in(dataset: QADataset, rows: Rows, top: np.ndarray) -> np.ndarray:
    """Return which answers of result lists are judged, right or wrong: bool, shape of ``top``."""
    asked, found = rows[:, None], np.maximum(top, 0)
    right = ranked_grades(dataset.relevance[rows], top) > 0
    return (right | dataset.known_wrong(asked, found)) & (top >= 0)


def judged_only_ndcg(
    dataset: QADataset, rows: Rows, top: np.ndarray, cutoff: int = 10
) -> np.ndarray:
    """Return nDCG of the judged answers alone, float64 array [n]: trec_eval's ``-J``."""
    return (NDCG @ cutoff).of(dataset.relevance[rows], condensed(dataset, rows, top))


def bpref(dataset: QADataset, rows: Rows, top: np.ndarray) -> np.ndarray:
    """Return the share of judged wrong answers that right answers are not above, float64 array [n].

    Each right answer found counts 1 − min(wrong above it, R) / min(R, N), with R right and N wrong
    answers judged; their sum is divided by R. Source: Buckley & Voorhees 2004,
    doi:10.1145/1008992.1009000, as trec_eval computes it.
    """
    right = ranked_grades(dataset.relevance[rows], top) > 0
    wrong = judged_in(dataset, rows, top) & ~right
    above = np.cumsum(wrong, axis=1)
    n_right = np.diff(dataset.relevance[rows].indptr)[:, None]
    n_wrong = np.array([len(dataset.wrong_answers(int(row))) for row in rows])[:, None]
    least = np.maximum(np.minimum(n_right, n_wrong), 1)
    worth = np.where(above > 0, 1 - np.minimum(above, n_right) / least, 1.0)
    return _share((worth * right).sum(axis=1), n_right[:, 0])


@dataclass(frozen=True)
class PoolFigures:
    """One system on the test questions of which a pool was judged; means over questions.

    Attributes
    ----------
    title : str
    questions : int
    ndcg : float
        nDCG@10 as everywhere: what nobody judged counts as not right.
    judged_only : float
        nDCG@10 of the judged answers alone.
    bpref : float
    judged : float
        Share of the first ten answers that are judged; the lower, the less nDCG says.
    """

    title: str
    questions: int
    ndcg: float
    judged_only: float
    bpref: float
    judged: float


def on_judged_pools(comparison: Comparison, dataset: QADataset) -> tuple[PoolFigures, ...]:
    """Return every system's figures on questions with known wrong answers; () without any."""
    asked = comparison.question_rows
    chosen = np.flatnonzero(np.isin(asked, dataset.wrong_question))
    if not len(chosen):
        return ()
    rows, found = asked[chosen], []
    for system in comparison.systems:
        top = system.top_answers[chosen]
        found.append(
            PoolFigures(
                system.title,
                len(chosen),
                float((NDCG @ 10).of(dataset.relevance[rows], top).mean()),
                float(judged_only_ndcg(dataset, rows, top).mean()),
                float(bpref(dataset, rows, top).mean()),
                float(judged_in(dataset, rows, top[:, :10]).mean()),
            )
        )
    return tuple(found)
