"""What a tuning run measures itself by: search quality, general ability, its teachers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.types import QADataset, Rows

if TYPE_CHECKING:
    from core.labels.model import LabelModel
    from core.tuning.task import ExpertsSearch, GeneralityCheck


def language_of_questions(dataset: QADataset) -> str:
    """Return the ISO 639-1 code of the language that the questions are in, as far as it shows."""
    from core.data.checks import guess_language

    return guess_language(dataset.questions)


def generality_check(dataset: QADataset) -> GeneralityCheck:
    """Return the check on the shipped sentence pairs in the language of the questions."""
    from core.evaluation.generality import everyday_pairs
    from core.evaluation.verdict import GENERALITY_LIMIT
    from core.tuning.task import GeneralityCheck

    pairs = everyday_pairs(language_of_questions(dataset))
    return GeneralityCheck(pairs.spearman, GENERALITY_LIMIT)


def strongest_teacher(labels: LabelModel, base_model: str) -> ExpertsSearch:
    """Return how well the best expert that can compare answers searches by itself: nDCG@10.

    Parameters
    ----------
    base_model : str
        Key of the model that is tuned: it cannot teach itself anything.
    """
    from core.labels.model import AnswerLabels

    readers = set(AnswerLabels(labels).readers) - {base_model}
    teachers = [one for one in labels.scores if one.expert in readers]

    def best(questions: Sequence[Rows], answer_rows: Rows) -> float:
        scores = [0.0]
        for one in teachers:
            tops = [top_of(one.block(rows, answer_rows)) for rows in questions]
            found = [
                _mean_ndcg(labels.dataset, rows, answer_rows, top)
                for rows, top in zip(questions, tops, strict=True)
            ]
            scores.append(float(np.mean(found)))
        return max(scores)

    def top_of(scores: np.ndarray) -> np.ndarray:
        return np.argsort(-scores, axis=1, kind="stable")[:, :10].astype(np.int32)

    return best


def validation_ndcg(
    dataset: QADataset,
    question_rows: Rows,
    question_vectors: np.ndarray,
    answer_rows: Rows,
    answer_vectors: np.ndarray,
) -> float:
    """Return mean nDCG@10 of questions over the given answers, as the comparison measures it."""
    from core.evaluation.search import rank

    top = rank(question_vectors, answer_vectors, 10).top_answers
    return _mean_ndcg(dataset, question_rows, answer_rows, top)


def _mean_ndcg(
    dataset: QADataset, question_rows: Rows, answer_rows: Rows, top: np.ndarray
) -> float:
    from core.evaluation.measures import ndcg_at_10

    return float(ndcg_at_10(dataset, question_rows, top, answer_rows).mean())
