"""Which pairs an expert that must read every pair is asked about: METHOD §1.

All pairs would be questions times answers. What teaches most are the right answers, the answers
that other experts take for right, and a few random ones as a measure of "certainly not".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.types import (
    TRAIN,
    VALIDATION_KNOWN,
    VALIDATION_UNSEEN,
    PairScores,
    QADataset,
    Rows,
)

# Test questions are kept for the verdict alone: no expert is asked about them here.
CANDIDATE_SPLITS = (TRAIN, VALIDATION_KNOWN, VALIDATION_UNSEEN)
BLOCK = 256  # questions per score block: 256 x 5,000 answers are 5 MB of float32


@dataclass(frozen=True)
class CandidateSettings:
    """How many pairs per question are listed.

    Attributes
    ----------
    top : int >= 0
        Answers per question that the other experts together rank best.
    random : int >= 0
        Random answers per question.
    seed : int
        Seed of the random answers.
    """

    top: int = 20
    random: int = 3
    seed: int = 0

    def expected(self, dataset: QADataset) -> int:
        """Return about how many pairs :func:`candidate_pairs` lists: a little more, never less."""
        rows = dataset.rows(*CANDIDATE_SPLITS)
        right = int(np.isin(dataset.right_question, rows).sum())
        most = min(self.top + self.random, len(dataset.answers))
        return min(len(rows) * most + right, len(rows) * len(dataset.answers))


def candidate_pairs(
    dataset: QADataset, scores: Sequence[PairScores], settings: CandidateSettings
) -> tuple[Rows, Rows]:
    """List the pairs to score: the best ranked, all right and some random ones, each once.

    Parameters
    ----------
    scores : sequence of PairScores
        Experts that have scored all pairs. The answers of a question are ordered by the best rank
        that any of them gives, ties by expert, then by answer row, so that each expert proposes
        about the same number.

    Returns
    -------
    question_rows, answer_rows : int32 arrays [m]
        Sorted by question, then answer. The same arguments list the same pairs.
    """
    rows = dataset.rows(*CANDIDATE_SPLITS).astype(np.int64)
    n_answers = len(dataset.answers)
    judged = np.isin(dataset.right_question, rows)
    right = dataset.right_question[judged].astype(np.int64) * n_answers
    found = [right + dataset.right_answer[judged]]
    top = min(settings.top, n_answers)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        if top and scores:
            found.append(_best(block, scores, n_answers, top))
    rng = np.random.default_rng(settings.seed)
    drawn = rng.integers(0, n_answers, (len(rows), settings.random))
    found.append((rows[:, None] * n_answers + drawn).ravel())
    keys = np.unique(np.concatenate(found))
    return (keys // n_answers).astype(np.int32), (keys % n_answers).astype(np.int32)


def _best(rows: Rows, scores: Sequence[PairScores], n_answers: int, top: int) -> np.ndarray:
    """Return keys of the ``top`` answers per question by their best rank with any expert."""
    answers = np.arange(n_answers, dtype=np.int32)
    never = np.int32(top * len(scores))
    place = np.full((len(rows), n_answers), never, np.int32)
    ranks = np.arange(top, dtype=np.int32)
    for number, expert in enumerate(scores):
        raw = expert.block(rows, answers)
        raw = np.where(np.isnan(raw), -np.inf, raw)
        order = np.argsort(-raw, axis=1, kind="stable")[:, :top]
        known = np.take_along_axis(raw, order, axis=1) > -np.inf
        own = np.where(known, ranks * len(scores) + number, never)
        better = np.minimum(np.take_along_axis(place, order, axis=1), own)
        np.put_along_axis(place, order, better, axis=1)
    best = np.argsort(place, axis=1, kind="stable")[:, :top]
    proposed = np.take_along_axis(place, best, axis=1) < never
    return (rows[:, None] * n_answers + best)[proposed]
