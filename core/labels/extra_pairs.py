"""A sample with further pairs: those that people judged and that the draw left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.labels.pair_sample import RANDOM, RIGHT, PairSample
from core.types import PairScores, QADataset


def with_pairs(
    sample: PairSample,
    dataset: QADataset,
    scores: Sequence[PairScores],
    pairs: Sequence[tuple[str, str]],
) -> PairSample:
    """Return the sample with these pairs of texts at its end, where it lacks them.

    Parameters
    ----------
    scores : sequence of PairScores
        At least the experts of the sample.
    pairs : sequence of (question, answer)
        Pairs that the dataset does not have are left out.
    """
    question_row = {text: row for row, text in enumerate(dataset.questions)}
    answer_row = {text: row for row, text in enumerate(dataset.answers)}
    n_answers = len(dataset.answers)
    present = set((sample.question_rows.astype(np.int64) * n_answers + sample.answer_rows).tolist())
    wanted = dict.fromkeys(
        question_row[question] * n_answers + answer_row[answer]
        for question, answer in pairs
        if question in question_row and answer in answer_row
    )
    keys = np.array([key for key in wanted if key not in present], np.int64)
    if not len(keys):
        return sample
    rows, columns = (keys // n_answers).astype(np.int32), (keys % n_answers).astype(np.int32)
    by_key = {one.expert: one for one in scores}
    raw = np.array(
        [by_key[key].pairs(rows, columns) for key in sample.experts], np.float32
    ).reshape(len(sample.experts), len(keys))
    right = np.asarray(dataset.relevance[rows, columns]).reshape(-1) > 0
    return replace(
        sample,
        question_rows=np.concatenate([sample.question_rows, rows]),
        answer_rows=np.concatenate([sample.answer_rows, columns]),
        kind=np.concatenate([sample.kind, np.where(right, RIGHT, RANDOM)]),
        raw=np.concatenate([sample.raw, raw], axis=1),
        weight=np.concatenate([sample.weight, np.ones(len(keys))]),
    )
