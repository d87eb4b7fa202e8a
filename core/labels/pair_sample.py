"""Pairs to look at and to fit on: right pairs, hard wrong ones, random others.

A table of all questions times all answers is never made. Whatever needs scores of pairs
(calibration, reliability, histograms, suspects) works on one bounded sample in which every kind of
pair is present and each pair knows how many pairs of the whole table it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.errors import LabelError
from core.types import PairScores, QADataset, Rows

RIGHT = "right"
HARD = "hard"
RANDOM = "random"
KINDS = (RIGHT, HARD, RANDOM)

MINED_QUESTIONS = 1000  # hard pairs of more questions than this add time, not knowledge
HARD_PER_QUESTION = 10  # per expert: as far as a searcher looks down the list
BLOCK = 256  # questions per score block: 256 x 5,000 answers are 5 MB of float32


@dataclass(frozen=True, eq=False)
class PairSample:
    """A bounded sample of pairs with the raw scores of every expert.

    Attributes
    ----------
    question_rows, answer_rows : int32 arrays [n]
    kind : str array [n]
        ``right``: judged right. ``hard``: not judged right, yet among the best scored wrong answers
        of its question for at least one expert. ``random``: any other pair.
    raw : float32 array [K, n]
        Raw scores; NaN where an expert has no opinion.
    weight : float64 array [n], > 0
        How many pairs of the whole table one sampled pair stands for, so that weighted figures
        estimate those of the whole table (stratified sampling).
    experts : tuple of str, K long
        Catalogue keys, in the order of ``raw``.
    """

    question_rows: np.ndarray
    answer_rows: np.ndarray
    kind: np.ndarray
    raw: np.ndarray
    weight: np.ndarray
    experts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.question_rows)

    @cached_property
    def hard_label(self) -> np.ndarray:
        """Hard labels as float32 array [n]: 1 right answer, 0 not."""
        return (self.kind == RIGHT).astype(np.float32)

    @cached_property
    def balance(self) -> np.ndarray:
        """Weights float64 [n] with which right pairs make up one half, others the other half.

        Figures with these weights do not change when the corpus merely grows.
        """
        right = self.kind == RIGHT
        shares = np.where(right, 1 / max(int(right.sum()), 1), 1 / max(int((~right).sum()), 1))
        return shares * len(self) / 2

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All but the names of the experts, as numbers."""
        kind = np.argmax(self.kind == np.array(KINDS)[:, None], axis=0)
        return {
            "question_rows": self.question_rows,
            "answer_rows": self.answer_rows,
            "kind": kind.astype(np.uint8),
            "raw": self.raw,
            "weight": self.weight,
        }

    @classmethod
    def of_arrays(
        cls, arrays: Mapping[str, np.ndarray], experts: tuple[str, ...]
    ) -> PairSample | None:
        """Return the sample of which these are :attr:`arrays`, None where they do not fit."""
        try:
            kind = np.array(KINDS)[arrays["kind"]]
            found = cls(
                question_rows=arrays["question_rows"],
                answer_rows=arrays["answer_rows"],
                kind=kind,
                raw=arrays["raw"],
                weight=arrays["weight"],
                experts=experts,
            )
        except (KeyError, IndexError):
            return None
        return found if found.raw.shape == (len(experts), len(found)) else None

    def part(self, chosen: np.ndarray) -> PairSample:
        """Return some of the pairs, by a mask bool [n]."""
        return replace(
            self,
            question_rows=self.question_rows[chosen],
            answer_rows=self.answer_rows[chosen],
            kind=self.kind[chosen],
            raw=self.raw[:, chosen],
            weight=self.weight[chosen],
        )

    def of_experts(self, experts: Sequence[str]) -> PairSample:
        """Return the same pairs with the scores of the named experts only, in that order."""
        if tuple(experts) == self.experts:
            return self
        rows = [self.experts.index(expert) for expert in experts]
        return replace(self, raw=self.raw[rows], experts=tuple(experts))


def sample_for_inspection(
    dataset: QADataset,
    scores: Sequence[PairScores],
    *,
    seed: int,
    size: int = 20_000,
) -> PairSample:
    """Sample pairs for the Labels page; the held-out test questions stay untouched.

    Parameters
    ----------
    seed : int
        Seed of the draw; the same seed gives the same pairs.
    size : int
        Most pairs to return. All pairs are returned where there are no more than that.
    """
    return sample_pairs(dataset, scores, dataset.seen_rows, seed=seed, size=size)


def sample_pairs(
    dataset: QADataset,
    scores: Sequence[PairScores],
    question_rows: Rows,
    *,
    seed: int,
    size: int = 20_000,
) -> PairSample:
    """Sample right, hard and random pairs of the given questions.

    Up to half of ``size`` are right pairs (all of them where there are fewer); of the rest, half
    are hard pairs and half random ones. Pairs inside one answer group that nobody judged right are
    left out: a near-duplicate of a right answer is neither right nor wrong.

    Raises
    ------
    LabelError
        If the questions have no right answer at all.
    """
    rng = np.random.default_rng(seed)
    n_answers = len(dataset.answers)
    question_rows = np.unique(np.asarray(question_rows, np.int64))
    judged = np.isin(dataset.right_question, question_rows)
    right = dataset.pair_keys(dataset.right_question[judged], dataset.right_answer[judged])
    if not len(right):
        raise LabelError(
            "None of the {count} questions looked at has a right answer. Check the split.",
            count=len(question_rows),
        )
    if len(question_rows) * n_answers <= size:
        mined, shown = question_rows, right
    else:
        mined = _draw(rng, question_rows, MINED_QUESTIONS)
        shown = _draw(rng, right, size // 2)

    room = size - len(shown)
    hard = _hard_pairs(dataset, scores, mined, room // 2, rng)
    others = _random_pairs(dataset, mined, np.union1d(hard, right), room - len(hard), rng)

    n_others = len(question_rows) * n_answers - len(right) - _unclear_pairs(dataset, question_rows)
    hard_weight = len(question_rows) / len(mined) if len(mined) else 1.0
    rest = max(n_others - hard_weight * len(hard), len(others))
    weights = (len(right) / len(shown), hard_weight, rest / max(len(others), 1))

    groups = (shown, hard, others)
    keys = np.concatenate(groups)
    rows, columns = (keys // n_answers).astype(np.int32), (keys % n_answers).astype(np.int32)
    lengths = [len(group) for group in groups]
    raw = np.empty((len(scores), len(keys)), np.float32)
    for row, expert in enumerate(scores):
        raw[row] = expert.pairs(rows, columns)
    return PairSample(
        question_rows=rows,
        answer_rows=columns,
        kind=np.repeat(np.array(KINDS), lengths),
        raw=raw,
        weight=np.repeat(np.array(weights, np.float64), lengths),
        experts=tuple(expert.expert for expert in scores),
    )


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
    present = set(dataset.pair_keys(sample.question_rows, sample.answer_rows).tolist())
    wanted = dict.fromkeys(dataset.pair_key(*pair) for pair in pairs)
    added = [key for key in wanted if key is not None and key not in present]
    if not added:
        return sample
    rows, columns = np.array(np.divmod(added, len(dataset.answers)), np.int32)
    by_key = {expert.expert: expert for expert in scores}
    raw = np.empty((len(sample.experts), len(added)), np.float32)
    for place, key in enumerate(sample.experts):
        raw[place] = by_key[key].pairs(rows, columns)
    right = np.asarray(dataset.relevance[rows, columns]).reshape(-1) > 0
    return replace(
        sample,
        question_rows=np.concatenate([sample.question_rows, rows]),
        answer_rows=np.concatenate([sample.answer_rows, columns]),
        kind=np.concatenate([sample.kind, np.where(right, RIGHT, RANDOM)]),
        raw=np.concatenate([sample.raw, raw], axis=1),
        weight=np.concatenate([sample.weight, np.ones(len(added))]),
    )


def _draw(rng: np.random.Generator, values: np.ndarray, most: int) -> np.ndarray:
    if len(values) <= most:
        return values
    return np.sort(rng.choice(values, most, replace=False))


def _unclear_pairs(dataset: QADataset, question_rows: np.ndarray) -> int:
    """Count pairs inside one answer group that are not judged right."""
    n_groups = int(max(dataset.question_group.max(), dataset.answer_group.max())) + 1
    answers_of_group = np.bincount(dataset.answer_group, minlength=n_groups)
    inside = int(answers_of_group[dataset.question_group[question_rows]].sum())
    judged = np.isin(dataset.right_question, question_rows)
    same = (
        dataset.question_group[dataset.right_question[judged]]
        == dataset.answer_group[dataset.right_answer[judged]]
    )
    return inside - int(same.sum())


def _hard_pairs(
    dataset: QADataset,
    scores: Sequence[PairScores],
    question_rows: np.ndarray,
    room: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return keys of the best scored wrong answers: the same number per question and expert."""
    n_answers = len(dataset.answers)
    if not scores or room <= 0 or not len(question_rows):
        return np.empty(0, np.int64)
    top = max(room // (len(question_rows) * len(scores)), 1)
    top = min(top, HARD_PER_QUESTION, n_answers)
    answers = np.arange(n_answers, dtype=np.int32)
    hard = []
    for start in range(0, len(question_rows), BLOCK):
        rows = question_rows[start : start + BLOCK]
        excluded = dataset.hard_block(rows, answers) > 0
        excluded |= dataset.question_group[rows][:, None] == dataset.answer_group[None, :]
        for expert in scores:
            block = expert.block(rows, answers)
            block = np.where(excluded | np.isnan(block), -np.inf, block)
            best = np.argpartition(-block, top - 1, axis=1)[:, :top]
            wrong = np.take_along_axis(block, best, axis=1) > -np.inf
            hard.append((rows[:, None] * n_answers + best)[wrong])
    return _draw(rng, np.unique(np.concatenate(hard)), room)


def _random_pairs(
    dataset: QADataset,
    question_rows: np.ndarray,
    taken: np.ndarray,
    room: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return keys of other pairs, none of them in ``taken``, none inside one answer group."""
    n_answers = len(dataset.answers)
    total = len(question_rows) * n_answers
    if room <= 0 or not total:
        return np.empty(0, np.int64)
    if total <= 4 * room:
        draws = np.arange(total)
    else:  # a few more than needed, because some are taken; duplicates are dropped
        draws = rng.integers(0, total, int(room * 1.3) + len(taken))
    keys = np.unique(question_rows[draws // n_answers] * n_answers + draws % n_answers)
    inside = dataset.question_group[keys // n_answers] == dataset.answer_group[keys % n_answers]
    return _draw(rng, np.setdiff1d(keys[~inside], taken), room)
