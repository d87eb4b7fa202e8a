"""Several systems on the same held-out questions, and how tuned differs from base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ComparisonError, TooLittleDataError
from core.evaluation.differences import contrasts, differences
from core.evaluation.metrics import METRICS, ideal_grades, ranked_grades
from core.evaluation.retrieval import rank
from core.evaluation.slices import slice_differences
from core.messages import N_, Message
from core.types import (
    KNOWN,
    TEST_KNOWN,
    TEST_UNSEEN,
    UNSEEN,
    ArmResult,
    Comparison,
    Generality,
    QADataset,
    Reporter,
    Rows,
)

if TYPE_CHECKING:
    from core.types import Matrix

DEPTH = 20  # answers kept per question; metrics look at 10, side-by-side views show what fell out


@dataclass(frozen=True, eq=False)
class ArmInput:
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
    """

    name: str
    title: str
    kind: str
    fingerprint: str
    question_matrix: Matrix
    answer_matrix: Matrix


def held_out_rows(dataset: QADataset) -> Rows:
    """Return the test questions of both regimes that have a right answer, ascending."""
    rows = dataset.rows(TEST_KNOWN, TEST_UNSEEN)
    return rows[np.isin(rows, dataset.right_question)]


def compare(
    dataset: QADataset,
    arms: Sequence[ArmInput],
    *,
    run_id: str,
    seed: int,
    report: Reporter,
    generality: Sequence[Generality] = (),
    absent: Mapping[str, Message] | None = None,
) -> Comparison:
    """Measure every arm on the held-out questions; where both are there, tuned against base.

    Parameters
    ----------
    arms : sequence of ArmInput
        ``base`` and ``tuned`` are compared with each other; all others are shown beside them.
        An arm with values that are not numbers is left out with a warning.
    run_id : str
        The tuning run that is judged; "" where there is none.
    seed : int
        Of bootstrap and randomisation.
    generality, absent
        Passed on; ``absent`` says why an arm is missing.

    Raises
    ------
    TooLittleDataError
        If no question is held out.
    ComparisonError
        If an arm does not fit the dataset or two arms have the same name.
    """
    rows = held_out_rows(dataset)
    if rows.size == 0:
        raise TooLittleDataError(
            "The data {name} has no held-out question with a right answer, so nothing can be "
            "compared. Split the data again, or add questions.",
            name=dataset.name,
        )
    names = [arm.name for arm in arms]
    for name in names:
        if names.count(name) > 1:
            raise ComparisonError(
                "Two systems are both called {name}. Give each its own name.", name=name
            )
    missing = dict(absent or {})
    results: list[ArmResult] = []
    for i, arm in enumerate(arms):
        report.progress(i / len(arms), Message(N_("Searching with {title}"), {"title": arm.title}))
        questions = _held_out_matrix(dataset, rows, arm)
        if _is_finite(questions) and _is_finite(arm.answer_matrix):
            results.append(_measure(dataset, rows, arm, questions))
            continue
        missing[arm.name] = Message(
            N_("{title} gave values that are not numbers and was left out."), {"title": arm.title}
        )
        report.warning(missing[arm.name])
    comparison = Comparison(
        dataset_id=dataset.id,
        run_id=run_id,
        question_rows=rows,
        regimes=np.where(dataset.split[rows] == TEST_KNOWN, KNOWN, UNSEEN),
        groups=dataset.question_group[rows],
        arms=tuple(results),
        differences=(),
        generality=tuple(generality),
        absent=missing,
    )
    report.progress(0.9, Message(N_("Working out how sure the difference is")))
    return replace(
        comparison,
        differences=differences(comparison, seed=seed),
        contrasts=contrasts(comparison, seed=seed),
        slices=slice_differences(comparison, dataset, seed=seed),
    )


def _measure(dataset: QADataset, rows: Rows, arm: ArmInput, question_matrix: Matrix) -> ArmResult:
    relevance = dataset.relevance[rows]
    ranking = rank(question_matrix, arm.answer_matrix, DEPTH, right=relevance)
    ranked, ideal = ranked_grades(relevance, ranking.top_answers), ideal_grades(relevance)
    assert ranking.right_rank is not None
    return ArmResult(
        name=arm.name,
        title=arm.title,
        kind=arm.kind,
        fingerprint=arm.fingerprint,
        metrics={metric.key: metric.values(ranked, ideal) for metric in METRICS.values()},
        top_answers=ranking.top_answers,
        top_scores=ranking.top_scores,
        right_rank=ranking.right_rank,
    )


def _held_out_matrix(dataset: QADataset, rows: Rows, arm: ArmInput) -> Matrix:
    """Return one row per held-out question.

    Raises
    ------
    ComparisonError
        If the arm was made from other data: numbers of rows or columns do not fit.
    """
    questions, answers = arm.question_matrix, arm.answer_matrix
    if answers.shape[0] != len(dataset.answers):
        raise ComparisonError(
            "{title} has vectors for {found} answers, but the data {name} has {expected}. It was "
            "made from other data; score it again on this data.",
            title=arm.title,
            found=answers.shape[0],
            name=dataset.name,
            expected=len(dataset.answers),
        )
    if questions.shape[1] != answers.shape[1]:
        raise ComparisonError(
            "{title} has question vectors of length {questions} but answer vectors of length "
            "{answers}. Both must come from one model; score it again.",
            title=arm.title,
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
        title=arm.title,
        found=questions.shape[0],
        name=dataset.name,
        all=len(dataset.questions),
        held=len(rows),
    )


def _is_finite(matrix: Matrix) -> bool:
    values = matrix if isinstance(matrix, np.ndarray) else matrix.data
    return bool(np.isfinite(values).all())
