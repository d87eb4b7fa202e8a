"""Systems that take part in a comparison, and why one of them may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.documents import from_json, to_json
from core.errors import BrokenSystemError, ComparisonError, TooLittleDataError, WorkspaceError
from core.evaluation.measures import METRICS, ideal_grades, ranked_grades
from core.evaluation.search import Ranking, listed_right_rank, rank
from core.evaluation.slices import slice_differences
from core.evaluation.verdict import BASE, TUNED, contrasts, differences
from core.hashing import content_id
from core.messages import N_, Message
from core.types import (
    REGIMES,
    SPLIT,
    Comparison,
    Difference,
    Generality,
    QADataset,
    Reporter,
    Rows,
    SliceDifference,
    SystemResult,
)

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
        As in :class:`core.types.SystemResult`.
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
    words : float in [0, 1]
        Of a hybrid: how much keyword search counts.
    """

    top_answers: np.ndarray
    top_scores: np.ndarray
    origin: Origin | None = None
    notes: tuple[Message, ...] = ()
    words: float = 0.0

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


@dataclass(frozen=True, eq=False)
class Tested:
    """The questions of a comparison, where they are not those of the dataset's split.

    Attributes
    ----------
    rows : int array [n]
        Question rows; one is there once per regime in which it was tested.
    regimes : str array [n]
    way : str
        Key of :data:`core.types.VERDICT_WAYS`.
    folds : int
    widening : float >= 1
        As in :class:`core.types.Comparison`.
    """

    rows: Rows
    regimes: np.ndarray
    way: str
    folds: int
    widening: float = 1.0


def held_out_rows(dataset: QADataset) -> Rows:
    """Return the test questions of both regimes that have a right answer, ascending."""
    rows = dataset.held_out_rows
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


def why_refused(title: str, origin: Origin, expected: Origin) -> Message | None:
    """Return why a system may not be compared with the others, None where it may."""
    if origin.corpus_id != expected.corpus_id:
        return Message(
            N_(
                "{title} was made for other answers (content hash {found}) than those that are "
                "searched here ({expected}). Make it again with these data."
            ),
            {"title": title, "found": origin.corpus_id, "expected": expected.corpus_id},
        )
    if origin.questions_id != expected.questions_id:
        return Message(
            N_(
                "{title} was made with other questions or another split (content hash {found}) "
                "than those that are compared here ({expected}): it may have learned from "
                "questions that are held out here. Make it again with these data."
            ),
            {"title": title, "found": origin.questions_id, "expected": expected.questions_id},
        )
    for role in sorted({*origin.prompts, *origin.base_prompts}):
        here, there = origin.base_prompts.get(role, ""), origin.prompts.get(role, "")
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


def measured(dataset: QADataset, rows: Rows, system: System) -> SystemResult:
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
    return SystemResult(
        name=system.name,
        title=system.title,
        kind=system.kind,
        fingerprint=system.fingerprint,
        metrics={key: metric.values(ranked, ideal) for key, metric in METRICS.items()},
        top_answers=ranking.top_answers,
        top_scores=ranking.top_scores,
        right_rank=ranking.right_rank,
        notes=system.notes,
        words=system.words if isinstance(system, ListedSystem) else 0.0,
    )


def _is_finite(matrix: Matrix) -> bool:
    values = matrix if isinstance(matrix, np.ndarray) else matrix.data
    return bool(np.isfinite(values).all())


def compare(
    dataset: QADataset,
    systems: Sequence[System | SystemResult],
    *,
    run_id: str,
    seed: int,
    report: Reporter,
    generality: Sequence[Generality] = (),
    absent: Mapping[str, Message] | None = None,
    tested: Tested | None = None,
) -> Comparison:
    """Measure every system on the held-out questions; where both are there, tuned against base.

    Parameters
    ----------
    systems : sequence of EncodedSystem, ListedSystem or SystemResult
        ``base`` and ``tuned`` are compared with each other; all others are shown beside them. A
        SystemResult was measured already, on the very questions.
        A system with values that are not numbers is left out with a warning, and so is every other
        system than these two that does not fit the data.
    run_id : str
        The tuning run that is judged; "" where there is none.
    seed : int
        Of bootstrap and randomisation.
    generality, absent
        Passed on; ``absent`` says why a system is missing.
    tested : Tested or None
        None takes the held-out questions of the dataset.

    Raises
    ------
    TooLittleDataError
        If no question is held out.
    ComparisonError
        If base or tuned does not fit the dataset or two systems have the same name.
    """
    if tested is None:
        held = held_out_rows(dataset)
        tested = Tested(held, dataset.regimes_of(held), SPLIT, 0)
    rows = tested.rows
    if rows.size == 0:
        raise TooLittleDataError(
            "The data {name} has no held-out question with a right answer, so nothing can be "
            "compared. Split the data again, or add questions.",
            name=dataset.name,
        )
    names = [system.name for system in systems]
    for name in names:
        if names.count(name) > 1:
            raise ComparisonError(
                "Two systems are both called {name}. Give each its own name.", name=name
            )
    expected = origin_of(dataset)
    missing = dict(absent or {})
    results: list[SystemResult] = []
    for i, system in enumerate(systems):
        report.progress(
            i / len(systems), Message(N_("Searching with {title}"), {"title": system.title})
        )
        if isinstance(system, SystemResult):
            results.append(system)
            continue
        refusal = why_refused(system.title, system.origin, expected) if system.origin else None
        try:
            if refusal is not None:
                raise ComparisonError(refusal.template, **refusal.params)
            results.append(measured(dataset, rows, system))
        except ComparisonError as error:
            if system.name in (BASE, TUNED) and not isinstance(error, BrokenSystemError):
                raise
            missing[system.name] = error.message
            report.warning(error.message)
    comparison = Comparison(
        dataset_id=dataset.id,
        run_id=run_id,
        question_rows=rows,
        regimes=tested.regimes,
        groups=dataset.question_group[rows],
        systems=tuple(results),
        differences=(),
        generality=tuple(generality),
        absent=missing,
        way=tested.way,
        folds=tested.folds,
        widening=tested.widening,
    )
    report.progress(0.9, Message(N_("Working out how sure the difference is")))
    return replace(
        comparison,
        differences=differences(comparison, seed=seed),
        contrasts=contrasts(comparison, seed=seed),
        slices=slice_differences(comparison, dataset, seed=seed),
    )


@dataclass(frozen=True)
class StoredSystem:
    """What the result file of a comparison says of one system, beside its arrays."""

    name: str
    title: str
    kind: str
    fingerprint: str
    metrics: tuple[str, ...]
    notes: tuple[Message, ...] = ()
    words: float = 0.0


@dataclass(frozen=True)
class _StoredComparison:
    """The result file of a comparison; what earlier versions did not measure has a default."""

    dataset_id: str
    run_id: str
    arms: tuple[StoredSystem, ...]
    differences: tuple[Difference, ...]
    generality: tuple[Generality, ...]
    absent: dict[str, Message]
    contrasts: tuple[Difference, ...] = ()
    slices: tuple[SliceDifference, ...] = ()
    way: str = SPLIT
    folds: int = 0
    widening: float = 1.0


_AS_IT_IS = {part.name for part in fields(_StoredComparison)} - {"arms"}
_TABLES = ("top_answers", "top_scores", "right_rank")


def to_files(comparison: Comparison) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return a JSON document and arrays (for safetensors) that :func:`from_files` reads back."""
    arrays = {
        "question_rows": comparison.question_rows,
        # texts are not tensors: a regime is stored as its position in REGIMES
        "regimes": np.array([REGIMES.index(str(r)) for r in comparison.regimes], np.uint8),
        "groups": comparison.groups,
    }
    systems = []
    for i, system in enumerate(comparison.systems):
        names = tuple(system.metrics)
        systems.append(
            StoredSystem(
                system.name,
                system.title,
                system.kind,
                system.fingerprint,
                names,
                system.notes,
                system.words,
            )
        )
        arrays |= {f"arms.{i}.{table}": getattr(system, table) for table in _TABLES}
        arrays |= {f"arms.{i}.metrics.{name}": values for name, values in system.metrics.items()}
    same = {name: getattr(comparison, name) for name in _AS_IT_IS}
    document = to_json(_StoredComparison(arms=tuple(systems), **same))
    return document, {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def from_files(document: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Comparison:
    """Build the comparison that :func:`to_files` took apart.

    Raises
    ------
    WorkspaceError
        If a part is missing or does not fit: the result is damaged or of another version.
    """
    known = {key: value for key, value in document.items() if key in {"arms", *_AS_IT_IS}}
    try:
        stored = from_json(_StoredComparison, known)
        systems = (
            SystemResult(
                **vars(system)
                | {name: arrays[f"arms.{i}.{name}"] for name in _TABLES}
                | {"metrics": {m: arrays[f"arms.{i}.metrics.{m}"] for m in system.metrics}}
            )
            for i, system in enumerate(stored.arms)
        )
        return Comparison(
            question_rows=arrays["question_rows"],
            regimes=np.array(REGIMES)[arrays["regimes"]],
            groups=arrays["groups"],
            systems=tuple(systems),
            **{name: getattr(stored, name) for name in _AS_IT_IS},
        )
    except (WorkspaceError, KeyError, IndexError, TypeError) as error:
        raise WorkspaceError(
            "The comparison on disk is damaged or from another version ({problem}). Run the "
            "comparison again.",
            problem=f"{type(error).__name__}: {error}",
        ) from error
