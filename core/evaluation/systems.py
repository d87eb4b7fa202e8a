"""Systems that take part in a comparison, and why one of them may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from core.errors import BrokenSystemError, ComparisonError
from core.evaluation.measures import METRICS, ideal_grades, ranked_grades
from core.evaluation.search import Ranking, listed_right_rank, rank
from core.hashing import content_id
from core.messages import N_, Message
from core.types import TEST_KNOWN, TEST_UNSEEN, ArmResult, QADataset, Rows

if TYPE_CHECKING:
    from core.types import Matrix


DEPTH = 100  # answers kept per question: the largest cut-off that can be chosen afterwards


@dataclass(frozen=True)
class Origin:
    """What a system was made from, as far as a fair comparison depends on it.

    Attributes
    ----------
    corpus_id : str
        Hash of the answers it searches.
    questions_id : str
        Hash of the questions with their right answers and their split: of a tuned model those it
        was tuned on.
    prompts, base_prompts : mapping of role to text
        What the model and the model that it was tuned from put before ``query`` and ``document``.
    """

    corpus_id: str
    questions_id: str
    prompts: Mapping[str, str] = field(default_factory=dict)
    base_prompts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Named:
    name: str
    title: str
    kind: str
    fingerprint: str


@dataclass(frozen=True, eq=False)
class EncodedSystem(_Named):
    """One system that takes part, as vectors of texts.

    Attributes
    ----------
    name, title, kind, fingerprint : str
        As in :class:`core.types.ArmResult`.
    question_matrix : Matrix [n_q, d] or [n, d]
        One row per question of the dataset, or only the held-out ones in the order of
        :func:`held_out_rows`; the number of rows says which.
    answer_matrix : Matrix [n_a, d]
        One row per answer of the dataset.
    origin : Origin or None
        None where the vectors were made from this very dataset.
    """

    question_matrix: Matrix
    answer_matrix: Matrix
    origin: Origin | None = None
    notes: tuple[Message, ...] = ()

    def ranking(self, dataset: QADataset, rows: Rows, depth: int = DEPTH) -> Ranking:
        """Return the result lists for the held-out questions.

        Raises
        ------
        ComparisonError
            If the system was made from other data.
        BrokenSystemError
            If its values are not numbers.
        """
        questions = self._held_out_matrix(dataset, rows)
        if not (_is_finite(questions) and _is_finite(self.answer_matrix)):
            raise BrokenSystemError(
                "{title} gave values that are not numbers and was left out.", title=self.title
            )
        return rank(questions, self.answer_matrix, depth, right=dataset.relevance[rows])

    def _held_out_matrix(self, dataset: QADataset, rows: Rows) -> Matrix:
        questions, answers = self.question_matrix, self.answer_matrix
        if answers.shape[0] != len(dataset.answers):
            raise ComparisonError(
                "{title} has vectors for {found} answers, but the data {name} has {expected}. It "
                "was made from other data; score it again on this data.",
                title=self.title,
                found=answers.shape[0],
                name=dataset.name,
                expected=len(dataset.answers),
            )
        if questions.shape[1] != answers.shape[1]:
            raise ComparisonError(
                "{title} has question vectors of length {questions} but answer vectors of length "
                "{answers}. Both must come from one model; score it again.",
                title=self.title,
                questions=questions.shape[1],
                answers=answers.shape[1],
            )
        if questions.shape[0] == len(dataset.questions):
            return questions[rows]
        if questions.shape[0] == len(rows):
            return questions
        raise ComparisonError(
            "{title} has vectors for {found} questions, but the data {name} has {all} questions, "
            "{held} of them held out. It was made from other data; score it again on this data.",
            title=self.title,
            found=questions.shape[0],
            name=dataset.name,
            all=len(dataset.questions),
            held=len(rows),
        )


@dataclass(frozen=True, eq=False)
class ListedSystem(_Named):
    """One system that takes part, as finished result lists of the held-out questions.

    Attributes
    ----------
    top_answers : int array [n, d]
        Answer rows, best first, in the order of :func:`held_out_rows`; -1 = a rank that no known
        answer holds.
    top_scores : float array [n, d]
    """

    top_answers: np.ndarray
    top_scores: np.ndarray
    origin: Origin | None = None
    notes: tuple[Message, ...] = ()

    def ranking(self, dataset: QADataset, rows: Rows, depth: int = DEPTH) -> Ranking:
        """Return the result lists as they are kept; raises ComparisonError if of other data."""
        listed = np.asarray(self.top_answers, np.int32)
        if len(listed) != len(rows):
            raise ComparisonError(
                "{title} has result lists for {found} questions, but {held} are held out in the "
                "data {name}. It was made from other data.",
                title=self.title,
                found=len(listed),
                held=len(rows),
                name=dataset.name,
            )
        right_rank = listed_right_rank(listed, dataset.relevance[rows], len(dataset.answers))
        ranking = replace(Ranking.blank(len(rows), depth), right_rank=right_rank)
        kept = min(depth, listed.shape[1])
        ranking.top_answers[:, :kept] = listed[:, :kept]
        ranking.top_scores[:, :kept] = self.top_scores[:, :kept]
        return ranking


System = EncodedSystem | ListedSystem


def held_out_rows(dataset: QADataset) -> Rows:
    """Return the test questions of both regimes that have a right answer, ascending."""
    rows = dataset.rows(TEST_KNOWN, TEST_UNSEEN)
    return rows[np.isin(rows, dataset.right_question)]


def origin_of(
    dataset: QADataset,
    prompts: Mapping[str, str] | None = None,
    base_prompts: Mapping[str, str] | None = None,
) -> Origin:
    """Return the origin of a system that was made from a dataset."""
    judged = [dataset.right_question, dataset.right_answer, dataset.right_grade]
    return Origin(
        content_id(dataset.answers),
        content_id([*dataset.questions, *judged, *dataset.split.tolist()]),
        prompts or {},
        base_prompts or {},
    )


def why_refused(title: str, found: Origin, expected: Origin) -> Message | None:
    """Return why a system may not be compared with the others, None where it may."""
    if found.corpus_id != expected.corpus_id:
        return Message(
            N_(
                "{title} was made for other answers (content hash {found}) than those that are "
                "searched here ({expected}). Make it again with these data."
            ),
            {"title": title, "found": found.corpus_id, "expected": expected.corpus_id},
        )
    if found.questions_id != expected.questions_id:
        return Message(
            N_(
                "{title} was made with other questions or another split (content hash {found}) "
                "than those that are compared here ({expected}): it may have learned from "
                "questions that are held out here. Make it again with these data."
            ),
            {"title": title, "found": found.questions_id, "expected": expected.questions_id},
        )
    for role in sorted({*found.prompts, *found.base_prompts}):
        here, there = found.base_prompts.get(role, ""), found.prompts.get(role, "")
        if here != there:
            return Message(
                N_(
                    "{title} puts “{found}” before each text (prompt “{role}”), the model it was "
                    "tuned from puts “{expected}”. Its vectors cannot be compared fairly; tune "
                    "again with the same prompts."
                ),
                {"title": title, "role": role, "found": there, "expected": here},
            )
    return None


def measured(dataset: QADataset, rows: Rows, system: System) -> ArmResult:
    """Search and measure one system on the held-out questions ``rows``.

    Raises
    ------
    ComparisonError
        If the system was made from other data.
    BrokenSystemError
        If its values are not numbers.
    """
    ranking, relevance = system.ranking(dataset, rows), dataset.relevance[rows]
    ranked, ideal = ranked_grades(relevance, ranking.top_answers), ideal_grades(relevance)
    assert ranking.right_rank is not None
    return ArmResult(
        name=system.name,
        title=system.title,
        kind=system.kind,
        fingerprint=system.fingerprint,
        metrics={key: metric.values(ranked, ideal) for key, metric in METRICS.items()},
        top_answers=ranking.top_answers,
        top_scores=ranking.top_scores,
        right_rank=ranking.right_rank,
        notes=system.notes,
    )


def _is_finite(matrix: Matrix) -> bool:
    values = matrix if isinstance(matrix, np.ndarray) else matrix.data
    return bool(np.isfinite(values).all())
