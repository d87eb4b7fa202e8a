"""Metrics at any cut-off and any grade from which an answer counts as right."""

from __future__ import annotations

from dataclasses import dataclass

from core.evaluation.metrics import (
    Measure,
    Metric,
    average_precision,
    ndcg,
    recall,
    reciprocal_rank,
    success,
)
from core.messages import N_

CUTOFFS = (1, 3, 5, 10, 20, 100)


@dataclass(frozen=True)
class Family:
    """A metric before its cut-off is chosen.

    Attributes
    ----------
    key : str
        First part of the keys of its metrics.
    title : str
        Plain words with the field ``cutoff``, for translation.
    graded : bool
        Whether grades count as gains; else an answer is right or not.
    measure : callable
        ``(ranked, ideal, cutoff) -> float64 array [n]``.
    ir_name : str
        Name in ir_measures, for whoever wants to check.
    """

    key: str
    title: str
    meaning: str
    formula: str
    source: str
    measure: Measure
    ir_name: str
    graded: bool = False

    def at(self, cutoff: int, threshold: float = 0.0) -> Metric:
        """Return the metric at a cut-off.

        Parameters
        ----------
        cutoff : int >= 1
            How many of the answers found are looked at.
        threshold : float
            Lowest grade that counts as right; 0 = every grade above 0. Graded measures take the
            grades as they are and do not use it.
        """
        threshold = 0.0 if self.graded else threshold
        key = f"{self.key}@{cutoff}" + (f">={threshold:g}" if threshold > 0 else "")
        return Metric(
            key,
            self.title,
            self.meaning,
            self.formula,
            self.source,
            self.measure,
            cutoff,
            threshold,
        )

    def ir_measure(self, cutoff: int, threshold: int = 1) -> str:
        """Return what ir_measures calls the same measure, for example ``AP(rel=2)@10``."""
        level = f"(rel={threshold})" if threshold > 1 and not self.graded else ""
        return f"{self.ir_name}{level}@{cutoff}"


FAMILIES: dict[str, Family] = {
    family.key: family
    for family in (
        Family(
            key="ndcg",
            title=N_("Right answers near the top (nDCG@{cutoff})"),
            meaning=N_(
                "How high the right answers stand among the first {cutoff}; 1 means that no other "
                "order would be better. Answers with a higher rating count more."
            ),
            formula=r"\frac{\sum_{i=1}^{k} g_i / \log_2(i+1)}"
            r"{\sum_{i=1}^{k} g^{*}_i / \log_2(i+1)}",
            source="Järvelin & Kekäläinen 2002, doi:10.1145/582415.582418; trec_eval ndcg_cut",
            measure=ndcg,
            ir_name="nDCG",
            graded=True,
        ),
        Family(
            key="map",
            title=N_("Few wrong answers above the right ones (mAP@{cutoff})"),
            meaning=N_(
                "At each right answer among the first {cutoff}: the share of right answers so far, "
                "averaged over all right answers of the question."
            ),
            formula=r"\frac{1}{R}\sum_{i=1}^{k} \mathrm{[g_i \ge t]}\;"
            r"\frac{1}{i}\sum_{j=1}^{i} \mathrm{[g_j \ge t]}",
            source="Manning, Raghavan & Schütze 2008, section 8.4; trec_eval map_cut",
            measure=average_precision,
            ir_name="AP",
        ),
        Family(
            key="recall",
            title=N_("Right answers found (recall@{cutoff})"),
            meaning=N_("The share of all right answers that come among the first {cutoff}."),
            formula=r"\frac{1}{R}\sum_{i=1}^{k} \mathrm{[g_i \ge t]}",
            source="Manning, Raghavan & Schütze 2008, section 8.3; trec_eval recall",
            measure=recall,
            ir_name="R",
        ),
        Family(
            key="mrr",
            title=N_("How soon the first right answer comes (MRR@{cutoff})"),
            meaning=N_(
                "1 when the first answer is right, 1/2 when the second one is the first right "
                "one, and so on; 0 when none of the first {cutoff} is right."
            ),
            formula=r"\frac{1}{\min\{i \le k : g_i \ge t\}}",
            source="Voorhees 1999, TREC-8 question answering track; trec_eval recip_rank",
            measure=reciprocal_rank,
            ir_name="RR",
        ),
        Family(
            key="success",
            title=N_("At least one right answer is there (success@{cutoff})"),
            meaning=N_(
                "The share of questions with a right answer among the first {cutoff}; at 1 it is "
                "the share whose first answer is right (top-1)."
            ),
            formula=r"\mathrm{[\max_{i \le k} g_i \ge t]}",
            source="trec_eval success",
            measure=success,
            ir_name="Success",
        ),
    )
}
