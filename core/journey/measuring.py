"""How good each expert is alone, and who agrees with whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.experts.catalogue import find_entry
from core.messages import Message
from core.types import (
    ExpertScores,
    Interval,
    PairScores,
    QADataset,
)
from core.types.scoring import ExpertFigures, ScoringResult

# Experts are judged and chosen on these; test questions are kept for the verdict alone.
_SEED = 0


def measured(
    dataset: QADataset,
    scores: Sequence[PairScores],
    *,
    seconds: Mapping[str, float],
    encoded: Mapping[str, int],
    failures: Mapping[str, Message],
) -> ScoringResult:
    """Return the figures of experts that a scoring leaves.

    Parameters
    ----------
    seconds, encoded : mappings of expert to what its scoring took
        Experts that are not named took nothing.
    """
    figures, alike = measure_experts(dataset, scores)
    return ScoringResult(
        tuple(
            replace(
                figure,
                seconds=round(seconds.get(figure.expert, 0.0), 2),
                texts_encoded=encoded.get(figure.expert, 0),
            )
            for figure in figures
        ),
        tuple(map(tuple, alike.tolist())),
        dict(failures),
    )


def measure_experts(
    dataset: QADataset, scores: Sequence[PairScores]
) -> tuple[list[ExpertFigures], np.ndarray]:
    """Return figures of each expert and their agreement, on questions outside the test split."""
    from core.labels.model import LabelModel
    from core.labels.pair_sample import sample_for_inspection
    from core.labels.quality import pair_quality
    from core.labels.similar_experts import agreement
    from core.types import LabelRecipe

    sample = sample_for_inspection(dataset, scores, seed=_SEED)
    model = LabelModel.fit(dataset, scores, LabelRecipe(tuple(s.expert for s in scores), "mean"))
    calibrated = model.expert_pairs(sample)
    figures = []
    for k, expert in enumerate(scores):
        quality = pair_quality(calibrated[k], sample, seed=_SEED)
        figures.append(
            ExpertFigures(
                expert.expert,
                find_entry(expert.expert).title,
                _ndcg(dataset, expert) if isinstance(expert, ExpertScores) else None,
                quality.average_precision,
                quality.roc_auc,
                0.0,
                0,
                expert.fingerprint,
            )
        )
    return figures, agreement(calibrated)


def _ndcg(dataset: QADataset, expert: ExpertScores) -> Interval:
    from core.evaluation.measures import ndcg_at_10
    from core.evaluation.search import rank
    from core.evaluation.statistics import mean_intervals

    rows = dataset.seen_rows
    top = rank(expert.question_matrix[rows], expert.answer_matrix, 10).top_answers
    values = ndcg_at_10(dataset, rows, top)
    (interval,) = mean_intervals(values[:, None], dataset.question_group[rows], seed=_SEED)
    return interval
