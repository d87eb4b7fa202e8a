"""Search quality on validation questions: what chooses the checkpoint, never the training loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.tuning.checkpoints import CurvePoint
from core.tuning.student import DOCUMENT, QUERY, Read
from core.tuning.task import Evaluate
from core.types import VALIDATION_SPLIT, QADataset, Rows

# A check must stay short beside the steps. Larger corpora are sampled, right answers always kept:
# the values are then higher than on the whole corpus, but checks stay comparable with each other.
MOST_QUESTIONS = 1000
MOST_ANSWERS = {"cpu": 3000, "mps": 10_000, "cuda": 50_000}


@dataclass(frozen=True, eq=False)
class SearchCheck:
    """The questions and the corpus of every check of one run.

    Attributes
    ----------
    questions : mapping of regime to int32 array
        Regimes without validation questions are absent.
    answer_rows : int32 array [m]
    """

    dataset: QADataset
    questions: dict[str, Rows]
    answer_rows: Rows

    @classmethod
    def of(cls, dataset: QADataset, kind: str, seed: int) -> SearchCheck:
        """Choose questions and corpus for a device kind, within the bounds of this module."""
        rng = np.random.default_rng([seed, 1])
        questions = {}
        for regime, split in VALIDATION_SPLIT.items():
            rows = dataset.rows(split)
            if len(rows):
                questions[regime] = _sample(rows, MOST_QUESTIONS, rng)
        right = [dataset.right_answers(int(row)) for rows in questions.values() for row in rows]
        kept = np.unique(np.concatenate(right)) if right else np.empty(0, np.int32)
        others = np.setdiff1d(np.arange(len(dataset.answers), dtype=np.int32), kept)
        others = _sample(others, max(MOST_ANSWERS[kind] - len(kept), 0), rng)
        corpus = np.sort(np.concatenate([kept, others])).astype(np.int32)
        return cls(dataset, questions, corpus)

    def answer_vectors(self, read: Read) -> np.ndarray:
        """Return the corpus as unit vectors float32 [m, d]."""
        return read([self.dataset.answers[row] for row in self.answer_rows], DOCUMENT)

    def check(
        self, read: Read, evaluate: Evaluate, step: int, answer_vectors: np.ndarray
    ) -> CurvePoint:
        """Measure the model as it is now: the mean over regimes, each counting the same."""
        regimes = {}
        for regime, rows in self.questions.items():
            texts = [self.dataset.questions[row] for row in rows]
            vectors = read(texts, QUERY)
            regimes[regime] = float(evaluate(rows, vectors, self.answer_rows, answer_vectors))
        return CurvePoint(step, float(np.mean(list(regimes.values()))), regimes)


def _sample(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    if len(rows) <= most:
        return rows
    return np.sort(rng.choice(rows, most, replace=False)).astype(np.int32)
