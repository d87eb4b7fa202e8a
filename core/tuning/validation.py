"""Search quality on validation questions: what chooses the checkpoint, never the training loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.tuning.checkpoints import CurvePoint
from core.tuning.encoding import DOCUMENT, QUERY, encode
from core.types import VALIDATION_SPLIT, QADataset, Rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# A check must stay short beside the steps. Larger corpora are sampled, right answers always kept:
# the values are then higher than on the whole corpus, but checks stay comparable with each other.
MOST_QUESTIONS = 1000
MOST_ANSWERS = {"cpu": 3000, "mps": 10_000, "cuda": 50_000}


class Evaluate(Protocol):
    """Mean nDCG@10 of questions whose answers are ranked by cosine; supplied by the journey."""

    def __call__(
        self,
        question_rows: Rows,
        question_vectors: np.ndarray,
        answer_rows: Rows,
        answer_vectors: np.ndarray,
    ) -> float:
        """Return the mean over questions, in [0, 1].

        Parameters
        ----------
        question_rows, answer_rows : int32 arrays [n], [m]
            Rows of the dataset; ``answer_rows`` is the corpus to search.
        question_vectors, answer_vectors : float32 arrays [n, d], [m, d], unit length
        """
        ...


@dataclass(frozen=True, eq=False)
class ValidationSet:
    """The questions and the corpus of every check of one run.

    Attributes
    ----------
    questions : mapping of regime to int32 array
        Regimes without validation questions are absent.
    answer_rows : int32 array [m]
    precision : str
        What the model computes in: ``bf16`` or ``fp32``.
    """

    dataset: QADataset
    questions: dict[str, Rows]
    answer_rows: Rows
    precision: str = "fp32"

    @classmethod
    def of(cls, dataset: QADataset, kind: str, seed: int, precision: str = "fp32") -> ValidationSet:
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
        return cls(dataset, questions, corpus, precision)

    def answer_vectors(
        self, model: SentenceTransformer, should_stop: Callable[[], bool]
    ) -> np.ndarray:
        """Return the corpus as unit vectors float32 [m, d]."""
        texts = [self.dataset.answers[row] for row in self.answer_rows]
        return encode(model, texts, DOCUMENT, should_stop, self.precision)

    def check(
        self,
        model: SentenceTransformer,
        evaluate: Evaluate,
        step: int,
        should_stop: Callable[[], bool],
        answer_vectors: np.ndarray,
    ) -> CurvePoint:
        """Measure the model as it is now: the mean over regimes, each counting the same."""
        regimes = {}
        for regime, rows in self.questions.items():
            texts = [self.dataset.questions[row] for row in rows]
            vectors = encode(model, texts, QUERY, should_stop, self.precision)
            regimes[regime] = float(evaluate(rows, vectors, self.answer_rows, answer_vectors))
        return CurvePoint(step, float(np.mean(list(regimes.values()))), regimes)


def _sample(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    if len(rows) <= most:
        return rows
    return np.sort(rng.choice(rows, most, replace=False)).astype(np.int32)
