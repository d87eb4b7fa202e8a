"""What a run measures itself by: search quality, general ability, its teachers.

Search quality on validation questions chooses the checkpoint, never the training loss.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.tuning.student import DOCUMENT, QUERY, Read
from core.tuning.task import CheckedQuestions, Evaluate, ExpertsSearch, GeneralityCheck
from core.types import TRAIN, QADataset, Rows
from core.types.tuning import CurvePoint, ExampleMoment, WatchedQuestion, WatchedQuestions

if TYPE_CHECKING:
    from core.labels.model import LabelModel

# A check must stay short beside the steps. Larger corpora are sampled, right answers always kept:
# the values are then higher than on the whole corpus, but checks stay comparable with each other.
MOST_QUESTIONS = 1000
MOST_ANSWERS = {"cpu": 3000, "mps": 10_000, "cuda": 50_000}
MOST_WATCHED = 5  # questions that people look on at
# Of fewer questions a single one moves the mean as much as a step of learning does, and the state
# that is kept is luck (docs/method.md): questions written from the same answers join them.
FEW_QUESTIONS = 60
MOST_WRITTEN = 100

See = Callable[[Rows, np.ndarray], None]
"""Takes rows of questions [n] and the rows of the answers found for each [n, ≤ 10], best first."""


@dataclass(frozen=True, eq=False)
class SearchCheck:
    """The questions and the corpus of every check of one run.

    Attributes
    ----------
    questions : mapping of regime to int32 array
        Those that somebody asked; regimes without validation questions are absent.
    written : mapping of regime to int32 array
        Those that join where few were asked; of every regime, often empty.
    answer_rows : int32 array [m]
    """

    dataset: QADataset
    questions: dict[str, Rows]
    written: dict[str, Rows]
    answer_rows: Rows

    @cached_property
    def regimes(self) -> dict[str, CheckedQuestions]:
        """The questions of each regime with their weights."""
        return {
            regime: CheckedQuestions(rows, self.written[regime])
            for regime, rows in self.questions.items()
        }

    @property
    def has_written(self) -> bool:
        """Whether questions count that nobody asked."""
        return any(len(rows) for rows in self.written.values())

    @property
    def count(self) -> int:
        """How many questions are read for a check."""
        return sum(len(one.asked) + len(one.written) for one in self.regimes.values())

    @classmethod
    def of(cls, dataset: QADataset, kind: str, seed: int) -> SearchCheck:
        """Choose questions and corpus for a device kind, within the bounds of this module."""
        rng = np.random.default_rng([seed, 1])
        questions = {
            regime: _sample(rows, MOST_QUESTIONS, rng)
            for regime, rows in dataset.validation_by_regime.items()
        }
        written = {
            regime: _sample(_written_beside(dataset, rows), MOST_WRITTEN, rng)
            for regime, rows in questions.items()
        }
        checked = [*questions.values(), *written.values()]
        right = [dataset.right_answers(int(row)) for rows in checked for row in rows]
        kept = np.unique(np.concatenate(right)) if right else np.empty(0, np.int32)
        others = np.setdiff1d(np.arange(len(dataset.answers), dtype=np.int32), kept)
        others = _sample(others, max(MOST_ANSWERS[kind] - len(kept), 0), rng)
        corpus = np.sort(np.concatenate([kept, others])).astype(np.int32)
        return cls(dataset, questions, written, corpus)

    def answer_vectors(self, read: Read) -> np.ndarray:
        """Return the corpus as unit vectors float32 [m, d]."""
        return read([self.dataset.answers[row] for row in self.answer_rows], DOCUMENT)

    def ndcg(self, read: Read, answer_vectors: np.ndarray) -> dict[str, np.ndarray]:
        """Return nDCG@10 of each question that was asked, by regime, as the model searches now."""
        return {
            regime: search_quality(self.dataset, *self._given(rows, read, answer_vectors))
            for regime, rows in self.questions.items()
        }

    def check(
        self,
        read: Read,
        step: int,
        answer_vectors: np.ndarray,
        evaluate: Evaluate | None = None,
        see: See | None = None,
    ) -> CurvePoint:
        """Measure the model as it is now: the mean over regimes, each counting the same.

        Parameters
        ----------
        evaluate : Evaluate or None
            None measures mean nDCG@10.
        see : callable or None
            Is shown what was found, regime by regime; never called where ``evaluate`` measures,
            nor for questions that nobody asked.
        """
        firsts: list[float] = []

        def quality(rows: Rows) -> float:
            given = self._given(rows, read, answer_vectors)
            if evaluate is not None:
                return float(evaluate(*given))
            top = _top(*given)
            if any(rows is asked for asked in self.questions.values()):
                found = np.where(top < 0, -1, self.answer_rows[top])
                firsts.append(float((right_places(self.dataset, rows, found) == 1).mean()))
                if see is not None:
                    see(rows, found)
            return float(_ndcg(self.dataset, rows, top, self.answer_rows).mean())

        measured = {regime: one.mean(quality) for regime, one in self.regimes.items()}
        first = float(np.mean(firsts)) if firsts else None
        return CurvePoint(step, float(np.mean(list(measured.values()))), measured, first)

    def _given(
        self, rows: Rows, read: Read, answer_vectors: np.ndarray
    ) -> tuple[Rows, np.ndarray, Rows, np.ndarray]:
        """Return what there is to evaluate of these questions."""
        vectors = read([self.dataset.questions[row] for row in rows], QUERY)
        return rows, vectors, self.answer_rows, answer_vectors


def search_quality(
    dataset: QADataset,
    question_rows: Rows,
    question_vectors: np.ndarray,
    answer_rows: Rows,
    answer_vectors: np.ndarray,
) -> np.ndarray:
    """Return nDCG@10 of each question over the given answers, as the comparison measures it."""
    top = _top(question_rows, question_vectors, answer_rows, answer_vectors)
    return _ndcg(dataset, question_rows, top, answer_rows)


def _top(_rows: Rows, questions: np.ndarray, _answer_rows: Rows, answers: np.ndarray) -> np.ndarray:
    """Return the places in the corpus of the first ten answers; -1 = nothing at this rank."""
    from core.evaluation.search import rank

    return rank(questions, answers, 10).top_answers


def _ndcg(dataset: QADataset, rows: Rows, top: np.ndarray, answer_rows: Rows) -> np.ndarray:
    from core.evaluation.measures import ndcg_at_10

    return ndcg_at_10(dataset, rows, top, answer_rows)


def right_places(dataset: QADataset, rows: Rows, found: np.ndarray) -> np.ndarray:
    """Return the place of the best right answer among those found, from 1; 0 = none of them.

    Parameters
    ----------
    found : int array [n, k]
        Rows of answers, best first; -1 = nothing at this rank.
    """
    pairs = zip(rows.tolist(), found, strict=True)
    right = [np.isin(answers, dataset.right_answers(row)) for row, answers in pairs]
    hits = np.array(right, bool).reshape(found.shape)
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)


class Watch:
    """Notes how a few questions are answered from check to check.

    They are chosen once: questions whose right answer the base model finds, but not first; from
    the second place to the tenth, as far apart as there are. Where it finds too few, questions
    join whose answer it does not find at all.
    """

    def __init__(self, dataset: QADataset, known: WatchedQuestions | None = None) -> None:
        self.dataset, self.questions = dataset, known or WatchedQuestions()
        self._seen: dict[int, tuple[tuple[int, ...], int]] = {}

    def see(self, rows: Rows, found: np.ndarray) -> None:
        """Take what one regime of a check found."""
        places = right_places(self.dataset, rows, found)
        for row, answers, place in zip(rows.tolist(), found.tolist(), places.tolist(), strict=True):
            self._seen[row] = tuple(answer for answer in answers if answer >= 0), place

    def note(self, step: int) -> WatchedQuestions:
        """Return the questions with what was seen since the last call, as of this step.

        Moments of this step and later ones are written anew: a resumed run goes back a little.
        """
        if step == 0 or not self.questions.questions:
            self.questions = WatchedQuestions(tuple(map(WatchedQuestion, self._chosen())))
        seen, self._seen = self._seen, {}
        questions = []
        for question in self.questions.questions:
            moments = [moment for moment in question.moments if moment.step < step]
            if question.row in seen:
                answers, place = seen[question.row]
                moments.append(ExampleMoment(step, answers, place or None))
            questions.append(dataclasses.replace(question, moments=tuple(moments)))
        self.questions = WatchedQuestions(tuple(questions))
        return self.questions

    def _chosen(self) -> list[int]:
        near = sorted((place, row) for row, (_, place) in self._seen.items() if place > 1)
        if len(near) > MOST_WATCHED:
            picks = np.linspace(0, len(near) - 1, MOST_WATCHED).round().astype(int)
            near = [near[pick] for pick in picks]
        far = [row for row, (_, place) in sorted(self._seen.items()) if place == 0]
        return [*(row for _, row in near), *far][:MOST_WATCHED]


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


def _written_beside(dataset: QADataset, rows: Rows) -> Rows:
    """Return questions written from the answers of few validation questions.

    None of answers that are learned from, whose written questions are learned from, too, nor of
    answers that are tested and have no validation question.
    """
    if len(rows) >= FEW_QUESTIONS or not len(dataset.written_rows):
        return np.empty(0, np.int32)
    groups = dataset.question_group
    own = np.setdiff1d(groups[rows], groups[dataset.rows(TRAIN)])
    return dataset.written_rows[np.isin(groups[dataset.written_rows], own)]


def _sample(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    if len(rows) <= most:
        return rows
    return np.sort(rng.choice(rows, most, replace=False)).astype(np.int32)
