"""How alike two answers are, as the experts of a recipe see it (METHOD §5, corpus rows).

An expert that has vectors gives a score for any two answers, and nobody has to mark anything. So an
answer may stand in for a question: calibration → rule → curve, without blend, group correction or
overrides, which speak of questions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.hashing import content_id
from core.labels.curve import bend
from core.labels.model import LabelModel
from core.labels.rules import RULES
from core.types import ExpertScores, Rows


@dataclass(frozen=True, eq=False)
class AnswerLabels:
    """Labels of answers against answers; implements the protocol ``core.types.Labels``.

    Attributes
    ----------
    model : LabelModel
        Recipe, calibrations and weights, fitted on questions of the training split.
    """

    model: LabelModel

    @cached_property
    def id(self) -> str:
        """Content hash."""
        return content_id(["answers", self.model.id])

    @property
    def readers(self) -> tuple[str, ...]:
        """Keys of the recipe's experts that can compare two answers.

        Word matching (its two sides are weighed differently), score files and people cannot.
        """
        return tuple(self._vectors)

    @cached_property
    def _vectors(self) -> dict[str, np.ndarray]:
        """Unit vectors of all answers by expert."""
        recipe, by_key = self.model.recipe, {one.expert: one for one in self.model.scores}
        if not RULES[recipe.rule].needs_experts:
            return {}
        found = {}
        for key, weight in zip(recipe.experts, self.model.weights, strict=True):
            one = by_key[key]
            if isinstance(one, ExpertScores) and weight > 0:
                matrix = one.answer_matrix
                if isinstance(matrix, np.ndarray):
                    found[key] = matrix
        return found

    def block(self, question_rows: Rows, answer_rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return how alike answers are.

        Parameters
        ----------
        question_rows : int array [b_q]
            Rows of the ANSWERS that stand in for questions.
        answer_rows : int array [b_a]

        Returns
        -------
        targets : float32 array [b_q, b_a] in [0, 1]
        mask : bool array [b_q, b_a]
            False where no expert has an opinion, and for an answer against itself.
        """
        question_rows, answer_rows = np.asarray(question_rows), np.asarray(answer_rows)
        recipe, shape = self.model.recipe, (len(question_rows), len(answer_rows))
        calibrated = np.full((len(recipe.experts), *shape), np.nan, np.float32)
        for place, key in enumerate(recipe.experts):
            if key in self._vectors:
                vectors = self._vectors[key]
                raw = vectors[question_rows] @ vectors[answer_rows].T
                settings = recipe.calibration_of(key)
                calibrated[place] = self.model.calibrators[key, settings](raw)
        nothing_marked = np.zeros(shape, np.float32)
        soft = RULES[recipe.rule].combine(calibrated, nothing_marked, self.model.weights)
        targets = bend(soft, recipe.gain, recipe.threshold, recipe.temperature)
        known = ~np.isnan(soft) & (question_rows[:, None] != answer_rows[None])
        return np.where(known, targets, 0.0).astype(np.float32).clip(0, 1), known


def answer_labels(model: LabelModel) -> AnswerLabels | None:
    """Return how alike answers are; None where no expert of the recipe can tell."""
    labels = AnswerLabels(model)
    return labels if labels.readers else None
