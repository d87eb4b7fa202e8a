"""What a run measures itself by: search quality, general ability, its teachers.

Search quality on validation questions chooses the checkpoint, never the training loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.tuning.student import DOCUMENT, QUERY, Read
from core.tuning.task import Evaluate, ExpertsSearch, GeneralityCheck
from core.types import QADataset, Rows
from core.types.tuning import CurvePoint

if TYPE_CHECKING:
    from core.labels.model import LabelModel

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
        questions = {
            regime: _sample(rows, MOST_QUESTIONS, rng)
            for regime, rows in dataset.validation_by_regime.items()
        }
        right = [dataset.right_answers(int(row)) for rows in questions.values() for row in rows]
        kept = np.unique(np.concatenate(right)) if right else np.empty(0, np.int32)
        others = np.setdiff1d(np.arange(len(dataset.answers), dtype=np.int32), kept)
        others = _sample(others, max(MOST_ANSWERS[kind] - len(kept), 0), rng)
        corpus = np.sort(np.concatenate([kept, others])).astype(np.int32)
        return cls(dataset, questions, corpus)

    def answer_vectors(self, read: Read) -> np.ndarray:
        """Return the corpus as unit vectors float32 [m, d]."""
        return read([self.dataset.answers[row] for row in self.answer_rows], DOCUMENT)

    def ndcg(self, read: Read, answer_vectors: np.ndarray) -> dict[str, np.ndarray]:
        """Return nDCG@10 of each question by regime, as the model searches now."""
        return {
            regime: search_quality(self.dataset, *given)
            for regime, given in self._given(read, answer_vectors)
        }

    def check(
        self, read: Read, step: int, answer_vectors: np.ndarray, evaluate: Evaluate | None = None
    ) -> CurvePoint:
        """Measure the model as it is now: the mean over regimes, each counting the same.

        Parameters
        ----------
        evaluate : Evaluate or None
            None measures mean nDCG@10.
        """

        def ndcg(*given: np.ndarray) -> float:
            return float(search_quality(self.dataset, *given).mean())

        measured = {
            regime: float((evaluate or ndcg)(*given))
            for regime, given in self._given(read, answer_vectors)
        }
        return CurvePoint(step, float(np.mean(list(measured.values()))), measured)

    def _given(
        self, read: Read, answer_vectors: np.ndarray
    ) -> Iterator[tuple[str, tuple[Rows, np.ndarray, Rows, np.ndarray]]]:
        """Give what there is to evaluate in each regime; one is read while it is asked for."""
        for regime, rows in self.questions.items():
            vectors = read([self.dataset.questions[row] for row in rows], QUERY)
            yield regime, (rows, vectors, self.answer_rows, answer_vectors)


def search_quality(
    dataset: QADataset,
    question_rows: Rows,
    question_vectors: np.ndarray,
    answer_rows: Rows,
    answer_vectors: np.ndarray,
) -> np.ndarray:
    """Return nDCG@10 of each question over the given answers, as the comparison measures it."""
    from core.evaluation.measures import ndcg_at_10
    from core.evaluation.search import rank

    top = rank(question_vectors, answer_vectors, 10).top_answers
    return ndcg_at_10(dataset, question_rows, top, answer_rows)


def generality_check(language: str) -> GeneralityCheck:
    """Return the check on the shipped sentence pairs in the language of the questions."""
    from core.evaluation.generality import everyday_pairs
    from core.evaluation.verdict import GENERALITY_LIMIT

    return GeneralityCheck(everyday_pairs(language).spearman, GENERALITY_LIMIT)


def strongest_teacher(labels: LabelModel, base_model: str) -> ExpertsSearch:
    """Return how well the best expert that can compare answers searches by itself: nDCG@10.

    NaN where none of the experts can.

    Parameters
    ----------
    base_model : str
        Key of the model that is tuned: it cannot teach itself anything.
    """
    from core.evaluation.measures import ndcg_at_10
    from core.labels.model import AnswerLabels

    readers = set(AnswerLabels(labels).readers) - {base_model}
    teachers = [scores for scores in labels.scores if scores.expert in readers]

    def best(questions: Sequence[Rows], answer_rows: Rows) -> float:
        def ndcg(scores: np.ndarray, rows: Rows) -> float:
            top = np.argsort(-scores, axis=1, kind="stable")[:, :10].astype(np.int32)
            return float(ndcg_at_10(labels.dataset, rows, top, answer_rows).mean())

        means = [
            float(np.mean([ndcg(teacher.block(rows, answer_rows), rows) for rows in questions]))
            for teacher in teachers
        ]
        return max(means, default=float("nan"))

    return best


def _sample(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    if len(rows) <= most:
        return rows
    return np.sort(rng.choice(rows, most, replace=False)).astype(np.int32)
