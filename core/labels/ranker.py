"""Labels as a search engine: which answers they put first, where nobody tells them what is right.

Labels that contain the known right answers agree with them anyway. To judge a recipe fairly it is
asked for labels *without* them: no blend, no overrides, and every pair taken for "not right".
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.labels.model import LabelModel
from core.types import Rows

BLOCK = 128  # questions per block: 128 x 5,000 answers x 8 experts are 20 MB


def blind(model: LabelModel) -> LabelModel:
    """Return the same labels, knowing nothing of right answers but what was fitted in training."""
    empty = np.empty(0, np.int32)
    dataset = replace(
        model.dataset,
        right_question=empty,
        right_answer=empty,
        right_grade=np.empty(0, np.float32),
    )
    weights = model.weights  # of the training pairs, found before their labels are hidden
    unaware = replace(model, dataset=dataset, recipe=replace(model.recipe, blend=0.0), overrides=())
    unaware.__dict__["weights"] = weights
    return unaware


def best_answers(labels: LabelModel, question_rows: Rows, depth: int = 10) -> np.ndarray:
    """Return the answers with the highest labels per question, best first, int32 [n, depth].

    Equal labels are ordered by answer row; pairs without any opinion come last. -1 where the corpus
    is smaller than ``depth``.
    """
    answers = np.arange(len(labels.dataset.answers), dtype=np.int32)
    found = np.full((len(question_rows), depth), -1, np.int32)
    for start in range(0, len(question_rows), BLOCK):
        rows = np.asarray(question_rows[start : start + BLOCK])
        targets, known = labels.block(rows, answers)
        best = top(np.where(known, targets, -1.0), depth)
        found[start : start + len(rows), : best.shape[1]] = best
    return found


def top(labels: np.ndarray, depth: int) -> np.ndarray:
    """Return the columns of the highest values per row, ties by column, int32 [n, <= depth]."""
    return np.argsort(-labels, axis=1, kind="stable")[:, :depth].astype(np.int32)
