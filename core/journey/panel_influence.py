"""What each expert does to the labels: nDCG@10 of any part of the panel on validation questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.types import (
    Interval,
    LabelRecipe,
    PairScores,
    QADataset,
)

MOST_QUESTIONS = 300


@dataclass(frozen=True, eq=False)
class Influence:
    """Labels by reliability of any part of the panel, as a ranker of all answers.

    Attributes
    ----------
    rows : int32 array [v]
        Validation questions looked at.
    calibrated : tuple of float32 arrays [K, b, n_a]
        Calibrated scores per block of questions, worked out once for every part of the panel.
    power : float64 array [K]
        Weight of each expert before they are made to sum to 1.
    chance : float
        Average precision of blind guessing on the training pairs.
    """

    dataset: QADataset
    rows: np.ndarray
    calibrated: tuple[np.ndarray, ...]
    power: np.ndarray
    chance: float
    seed: int

    @classmethod
    def of(cls, dataset: QADataset, scores: Sequence[PairScores], seed: int) -> Influence:
        """Score the validation questions, at most :data:`MOST_QUESTIONS` of them."""
        from core.labels.model import QUESTIONS_AT_ONCE, LabelModel
        from core.labels.weights import SHARPNESS, precision_above_chance

        model = LabelModel.fit(dataset, scores, LabelRecipe(tuple(s.expert for s in scores)))
        rows = dataset.validation_rows
        if len(rows) > MOST_QUESTIONS:
            draw = np.random.default_rng(seed).choice(rows, MOST_QUESTIONS, replace=False)
            rows = np.sort(draw)
        answers = np.arange(len(dataset.answers), dtype=np.int32)
        blocks = tuple(
            model.expert_block(rows[start : start + QUESTIONS_AT_ONCE], answers)
            for start in range(0, len(rows), QUESTIONS_AT_ONCE)
        )
        training = model.training
        right = training.hard_label > 0
        chance = float(training.weight[right].sum() / training.weight.sum())
        power = precision_above_chance(training) ** SHARPNESS
        return cls(dataset, rows, blocks, power, chance, seed)

    def weights(self, experts: Sequence[int]) -> np.ndarray:
        """Return weights float64 [m] of some of the experts, summing to 1."""
        power = self.power[list(experts)]
        total = power.sum()
        return power / total if total > 0 else np.full(len(power), 1 / max(len(power), 1))

    def ndcg(self, experts: Sequence[int]) -> np.ndarray:
        """Return nDCG@10 per validation question of the labels of some of the experts."""
        from core.evaluation.measures import ndcg_at_10
        from core.labels.model import highest_columns
        from core.labels.rules import weighted_mean

        if not len(self.rows) or not experts:
            return np.zeros(len(self.rows))
        found = []
        for block in self.calibrated:
            chosen = block[list(experts)]
            labels = weighted_mean(chosen, np.zeros(block.shape[1:]), self.weights(experts))
            found.append(highest_columns(np.nan_to_num(labels, nan=-1.0), 10))
        return ndcg_at_10(self.dataset, self.rows, np.concatenate(found))

    def interval(self, values: np.ndarray) -> Interval | None:
        """Return mean and 95 % interval over answer groups; None without questions."""
        from core.evaluation.statistics import mean_intervals

        if not len(values):
            return None
        groups = self.dataset.question_group[self.rows]
        return mean_intervals(values[:, None], groups, seed=self.seed)[0]
