"""What is looked up once with the base model before the first step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from core.tuning.batches import mine_hard_negatives, plan_epoch
from core.tuning.config import TuningConfig
from core.tuning.encoding import DOCUMENT, QUERY, encode
from core.tuning.losses import Affine
from core.types import Labels, QADataset, Rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MATCHED_BATCHES = 4  # some thousand cells: enough for a mean and a spread


def confusable_answers(
    model: SentenceTransformer,
    dataset: QADataset,
    question_rows: Rows,
    answer_rows: Rows,
    answer_vectors: np.ndarray,
    should_stop: Callable[[], bool],
) -> np.ndarray:
    """Return the wrong answers that the model ranks highest, int32 [n, depth], -1 = none."""
    texts = [dataset.questions[row] for row in question_rows]
    vectors = encode(model, texts, QUERY, should_stop)
    return mine_hard_negatives(dataset, question_rows, vectors, answer_rows, answer_vectors)


def matching_scale(
    model: SentenceTransformer,
    dataset: QADataset,
    labels: Labels,
    question_rows: Rows,
    negatives: np.ndarray | None,
    config: TuningConfig,
    should_stop: Callable[[], bool],
) -> Affine:
    """Return the map from labels to the scale that the model's cosines have on the first batches.

    METHOD §5, ``mse matched``: raw targets fight the scale of the base model.
    """
    targets, cosines = [], []
    for batch in plan_epoch(dataset, question_rows, negatives, config, 0)[:MATCHED_BATCHES]:
        questions = [dataset.questions[row] for row in batch.question_rows]
        answers = [dataset.answers[row] for row in batch.answer_rows]
        left = encode(model, questions, QUERY, should_stop)
        right = encode(model, answers, DOCUMENT, should_stop)
        block, mask = labels.block(batch.question_rows, batch.answer_rows)
        targets.append(block[mask])
        cosines.append((left @ right.T)[mask])
    return Affine.match(np.concatenate(targets), np.concatenate(cosines))
