"""A small world with known truth: experts see the right answers through noise."""

import numpy as np
import pytest

from core.types import SPLITS, ExpertScores, QADataset


class HalfSilentExpert(ExpertScores):
    """An expert without an opinion on every fifth pair (as a cross-encoder on listed pairs)."""

    def _hush(self, scores, question_rows, answer_rows):
        silent = (np.asarray(question_rows) * 7 + np.asarray(answer_rows) * 3) % 5 == 0
        return np.where(silent, np.float32(np.nan), scores)

    def block(self, question_rows, answer_rows):
        raw = super().block(question_rows, answer_rows)
        return self._hush(raw, np.asarray(question_rows)[:, None], np.asarray(answer_rows)[None, :])

    def pairs(self, question_rows, answer_rows):
        return self._hush(super().pairs(question_rows, answer_rows), question_rows, answer_rows)


def build_world(
    n_groups=30, per_group=4, noises=(0.5, 1.0, 3.0), seed=0, kinds=None, near_duplicates=0
):
    rng = np.random.default_rng(seed)
    n_q, n_a = n_groups * per_group, n_groups + near_duplicates
    group = np.repeat(np.arange(n_groups), per_group).astype(np.int32)
    answer_group = np.r_[np.arange(n_groups), np.arange(near_duplicates)].astype(np.int32)
    split = np.array(SPLITS)[np.arange(n_q) % per_group % len(SPLITS)]
    dataset = QADataset(
        name="world",
        questions=tuple(f"question {i}" for i in range(n_q)),
        answers=tuple(f"answer {i}" for i in range(n_a)),
        question_ids=tuple(f"q{i}" for i in range(n_q)),
        answer_ids=tuple(f"a{i}" for i in range(n_a)),
        right_question=np.arange(n_q, dtype=np.int32),
        right_answer=group.copy(),
        right_grade=np.ones(n_q, np.float32),
        question_group=group,
        answer_group=answer_group,
        split=split,
        question_row=np.arange(2, n_q + 2, dtype=np.int32),
    )
    meaning = rng.normal(size=(n_groups, 16))
    scores = []
    for place, noise in enumerate(noises):

        def unit(vectors, noise=noise):
            vectors = vectors + noise * rng.normal(size=vectors.shape)
            return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

        kind = (kinds or {}).get(place, ExpertScores)
        vectors = unit(meaning[group]), unit(meaning[answer_group])
        scores.append(kind(f"expert{place}", f"print{place}", dataset.id, *vectors))
    return dataset, scores


@pytest.fixture(scope="session")
def make_world():
    return build_world


@pytest.fixture(scope="session")
def world():
    return build_world()


@pytest.fixture(scope="session")
def silent_world():
    return build_world(kinds={1: HalfSilentExpert, 2: HalfSilentExpert}, seed=3)
