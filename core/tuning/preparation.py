"""What is looked up once with the base model before the first step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.tuning.batches import mine_hard_negatives, plan_epoch
from core.tuning.config import TEMPERATURES, TuningConfig
from core.tuning.encoding import DOCUMENT, QUERY, encode
from core.tuning.grid_losses import IDENTITY, Affine
from core.types import Labels, QADataset, Rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MEASURED_BATCHES = 2  # some thousand cells: enough for a mean and a spread
USUAL_SPREAD = 0.1  # of all-MiniLM-L6-v2, for which the default student temperature was chosen


def confusable_answers(
    model: SentenceTransformer,
    dataset: QADataset,
    question_rows: Rows,
    answer_rows: Rows,
    answer_vectors: np.ndarray,
    should_stop: Callable[[], bool],
    precision: str = "fp32",
) -> np.ndarray:
    """Return the wrong answers that the model ranks highest, int32 [n, depth], -1 = none."""
    texts = [dataset.questions[row] for row in question_rows]
    vectors = encode(model, texts, QUERY, should_stop, precision)
    return mine_hard_negatives(dataset, question_rows, vectors, answer_rows, answer_vectors)


@dataclass(frozen=True)
class BaseScale:
    """The scale on which the base model gives its scores.

    Models differ widely: the cosines of one question with many answers spread by about 0.1 for
    all-MiniLM-L6-v2 and by 0.02 for the e5 models, which were trained at a lower temperature.

    Attributes
    ----------
    match : Affine
        From labels to cosines, for ``mse matched`` (METHOD §5: raw targets fight the scale of the
        base model).
    spread : float > 0
        Standard deviation of the cosines of one question with the answers of its batch.
    """

    match: Affine = IDENTITY
    spread: float = USUAL_SPREAD

    @property
    def values(self) -> list[float]:
        """Slope, intercept and spread: all there is to save or to send."""
        return [self.match.slope, self.match.intercept, self.spread]

    @classmethod
    def told(cls, values: Sequence[float]) -> BaseScale:
        """Return the scale that :attr:`values` describes."""
        slope, intercept, spread = values
        return cls(Affine(slope, intercept), spread)

    def settings(self, config: TuningConfig) -> TuningConfig:
        """Return the settings with the student temperature brought to this scale."""
        temperature = config.student_temperature * self.spread / USUAL_SPREAD
        low, high = TEMPERATURES
        return replace(config, student_temperature=min(max(temperature, low), high))


def base_scale(
    model: SentenceTransformer,
    dataset: QADataset,
    labels: Labels,
    question_rows: Rows,
    negatives: np.ndarray | None,
    config: TuningConfig,
    should_stop: Callable[[], bool],
    precision: str = "fp32",
) -> BaseScale:
    """Measure the scale of the model's cosines on the first batches."""
    targets, cosines, spreads = [], [], []
    for batch in plan_epoch(dataset, question_rows, negatives, config, 0)[:MEASURED_BATCHES]:
        questions = [dataset.questions[row] for row in batch.question_rows]
        answers = [dataset.answers[row] for row in batch.answer_rows]
        left = encode(model, questions, QUERY, should_stop, precision)
        right = encode(model, answers, DOCUMENT, should_stop, precision)
        table = left @ right.T
        spreads.append(table.std(axis=1))
        if config.loss == "mse_matched":
            block, mask = labels.block(batch.question_rows, batch.answer_rows)
            targets.append(block[mask])
            cosines.append(table[mask])
    match = Affine.match(np.concatenate(targets), np.concatenate(cosines)) if targets else IDENTITY
    spread = float(np.concatenate(spreads).mean())
    return BaseScale(match, spread if spread > 0 else USUAL_SPREAD)
