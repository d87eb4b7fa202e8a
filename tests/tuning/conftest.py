"""A dataset that tiny models can learn."""

from __future__ import annotations

import numpy as np
import pytest

from core.types import QADataset
from tests.tiny_models import FILLERS, TOPICS, faq, tiny_bert, tiny_static

__all__ = ["faq", "tiny_bert", "tiny_static"]


@pytest.fixture(scope="session")
def small_dataset() -> QADataset:
    """Eight answers with five questions each: four to learn and one known; one group held out."""
    questions, split, right = [], [], []
    for row, (first, _second) in enumerate(TOPICS):
        for number, filler in enumerate(FILLERS):
            questions.append(f"{filler} {first} {FILLERS[(number + row) % 5]}")
            held_out = "validation_unseen" if row == 7 else "train"
            split.append("validation_known" if number == 4 and row < 7 else held_out)
            right.append(row)
    answers = [f"{second} {FILLERS[row % 5]}" for row, (_, second) in enumerate(TOPICS)]
    answers[7] = "newsletter email"  # shares a word: random weights find it before and after
    count = len(questions)
    return QADataset(
        name="small",
        questions=tuple(questions),
        answers=tuple(answers),
        question_ids=tuple(f"q{n}" for n in range(count)),
        answer_ids=tuple(f"a{n}" for n in range(len(answers))),
        right_question=np.arange(count, dtype=np.int32),
        right_answer=np.array(right, np.int32),
        right_grade=np.ones(count, np.float32),
        question_group=np.array(right, np.int32),
        answer_group=np.arange(len(answers), dtype=np.int32),
        split=np.array(split),
        question_row=np.arange(count, dtype=np.int32) + 2,
    )
