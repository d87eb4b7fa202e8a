"""The same comparison by another measure: cut-off and grade chosen after the search was done."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.errors import ComparisonError
from core.evaluation.families import CUTOFFS, FAMILIES
from core.evaluation.metrics import Metric, ideal_grades, ranked_grades
from core.types import Comparison, QADataset


@dataclass(frozen=True)
class MeasureChoice:
    """What a reader wants to see.

    Attributes
    ----------
    family : str
        Key of ``FAMILIES``.
    cutoff : int
        One of ``CUTOFFS``.
    threshold : float
        Lowest grade that counts as right; 0 = every grade above 0.
    """

    family: str = "ndcg"
    cutoff: int = 10
    threshold: float = 0.0

    @property
    def metric(self) -> Metric:
        """The metric, ready to measure."""
        return FAMILIES[self.family].at(self.cutoff, self.threshold)


def grades_of(dataset: QADataset) -> tuple[float, ...]:
    """Return the grades that the data give, ascending; one grade means right or not."""
    return tuple(float(grade) for grade in np.unique(dataset.right_grade))


def remeasured(comparison: Comparison, dataset: QADataset, choice: MeasureChoice) -> Comparison:
    """Return the comparison with every arm measured by one chosen metric, and nothing else.

    Uses the kept result lists, so nothing is searched again. Differences, contrasts and slices
    are empty: work them out anew for the new metric.

    Raises
    ------
    ComparisonError
        If the kept lists are shorter than the cut-off: a comparison made by an older version.
    """
    metric = choice.metric
    relevance = dataset.relevance[comparison.question_rows]
    ideal = ideal_grades(relevance)
    arms = []
    for arm in comparison.arms:
        kept = arm.top_answers.shape[1]
        if kept < min(metric.cutoff, len(dataset.answers)):
            raise ComparisonError(
                "This comparison kept {kept} answers per question, too few for the first "
                "{cutoff}. Compare again to see this measure.",
                kept=kept,
                cutoff=metric.cutoff,
            )
        values = metric.values(ranked_grades(relevance, arm.top_answers), ideal)
        arms.append(replace(arm, metrics={metric.key: values}))
    return replace(comparison, arms=tuple(arms), differences=(), contrasts=(), slices=())


def possible_cutoffs(comparison: Comparison) -> tuple[int, ...]:
    """Return the cut-offs for which enough answers were kept."""
    kept = min((arm.top_answers.shape[1] for arm in comparison.arms), default=0)
    return tuple(cutoff for cutoff in CUTOFFS if cutoff <= kept)
