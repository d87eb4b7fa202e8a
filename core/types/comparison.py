"""Before and after on the same held-out questions: systems, differences, slices, generality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from core.hashing import content_id
from core.messages import Message
from core.types.project import RunFile

BASE, TUNED = "base", "tuned"  # names of the two systems that the verdict is about
BETTER, WORSE, NOT_SHOWN = "better", "worse", "not shown"  # its words
# How it is reached: on the questions of one split, or on every question, by a model of a fold that
# has not met it.
SPLIT, CROSS_FIT = "split", "cross-fit"
VERDICT_WAYS = (CROSS_FIT, SPLIT)


@dataclass(frozen=True)
class SystemChoice:
    """What is compared beside base, tuned, keyword search and experts.

    Attributes
    ----------
    runs : tuple of str
        Other tuning runs of the project.
    alphas : tuple of float in (0, 1]
        Other mixes of base and tuned model, see :mod:`core.tuning.mixing`; 1 = unmixed.
    hybrids : tuple of ``base`` or ``tuned``
        Which of them is also fused with keyword search.
    run_files : tuple of RunFile
        Uploaded result lists.
    examined : bool
        Whether the shape of the vectors and the speed of the models are measured as well.
    """

    runs: tuple[str, ...] = ()
    alphas: tuple[float, ...] = ()
    hybrids: tuple[str, ...] = (BASE, TUNED)
    run_files: tuple[RunFile, ...] = ()
    examined: bool = True


@dataclass(frozen=True)
class CompareRequest:
    """What a comparison is told.

    Attributes
    ----------
    tune_run : str
        Run id of the tuned model.
    base_model : str
        Catalogue key of the model that it was tuned from.
    experts : tuple of str
        Catalogue keys of those that are compared too.
    arms : SystemChoice
        Everything else that is compared too.
    """

    dataset_id: str
    tune_run: str
    base_model: str
    experts: tuple[str, ...] = ()
    arms: SystemChoice = field(default_factory=SystemChoice)


@dataclass(frozen=True, eq=False)
class SystemResult:
    """One system on the held-out questions.

    Attributes
    ----------
    name : str
        ``base``, ``tuned``, or the catalogue key of an expert or baseline (``bm25`` …).
    title : str
        What the user reads.
    kind : str
        ``base``, ``tuned``, ``lexical``, ``expert``, ``interpolated``, ``hybrid`` or ``run_file``.
    fingerprint : str
        Hash of the model and its settings.
    metrics : mapping of metric name to float64 array [n]
        One value per held-out question, in the order of ``Comparison.question_rows``.
    top_answers : int32 array [n, depth]
        Answer rows, best first, ties by answer row; -1 where the corpus is smaller than depth.
    top_scores : float32 array [n, depth]
    right_rank : int32 array [n]
        Rank (1 = first) of the best placed right answer in the whole corpus; one more than there
        are answers where the system does not list it at all.
    notes : tuple of Message
        What a reader should know about this system, for example ids of a file that are not known.
    words : float in [0, 1]
        Of a hybrid: how much keyword search counts, chosen on validation questions.
    """

    name: str
    title: str
    kind: str
    fingerprint: str
    metrics: Mapping[str, np.ndarray]
    top_answers: np.ndarray
    top_scores: np.ndarray
    right_rank: np.ndarray
    notes: tuple[Message, ...] = ()
    words: float = 0.0

    def mean(self, metric: str, rows: np.ndarray | slice = slice(None)) -> float:
        """Return the mean of a metric over positions ``rows`` of the held-out questions."""
        return float(self.metrics[metric][rows].mean())


@dataclass(frozen=True)
class Interval:
    """A mean over questions with its uncertainty."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """One system minus another on the same held-out questions, for one metric.

    Attributes
    ----------
    regime : str
        ``known`` or ``unseen``; "" = both together.
    before, after : float
        Means of ``reference`` and of ``arm``.
    low, high : float
        95% paired bootstrap interval, clustered by answer group.
    p : float in (0, 1]
        Paired randomisation test, two-sided.
    wins, ties, losses : int
        Questions on which ``arm`` is better, equal (within the tie margin), worse.
    word : str
        ``better``, ``worse`` or ``not shown``.
    smallest_detectable : float
        Difference that would be found with 80% power at this number of questions.
    p_adjusted : float in (0, 1]
        ``p`` after Holm over everything that is looked at together: all metrics of the regime, all
        systems, all slices.
    arm, reference : str
        Names of the two systems.
    """

    regime: str
    metric: str
    before: float
    after: float
    difference: float
    low: float
    high: float
    p: float
    wins: int
    ties: int
    losses: int
    questions: int
    groups: int
    word: str
    smallest_detectable: float
    p_adjusted: float = 1.0
    arm: str = "tuned"
    reference: str = "base"


@dataclass(frozen=True)
class OfHundred:
    """One hundred customers of a regime, by whether the first answer that they get is right.

    Attributes
    ----------
    kept, gained, lost, missed : int
        Right before and after; only after; only before; neither. They sum to 100.
    low, high : float
        95% interval of after minus before, in customers of a hundred.
    questions : int
        Held-out questions that this rests on.
    word : str
        Verdict of the regime, by the main metric: ``better``, ``worse`` or ``not shown``.
    enough : bool
        Whether there are enough questions for a verdict.
    changed : bool
        Whether any question has another result than before, by the main metric.
    """

    regime: str
    kept: int
    gained: int
    lost: int
    missed: int
    low: float
    high: float
    questions: int
    word: str
    enough: bool = True
    changed: bool = True

    @property
    def before(self) -> int:
        """Customers whose first answer was right before tuning."""
        return self.kept + self.lost

    @property
    def after(self) -> int:
        """Customers whose first answer is right after tuning."""
        return self.kept + self.gained


@dataclass(frozen=True)
class VerdictSummary:
    """What the first page says of a comparison; a small file beside its result.

    Attributes
    ----------
    dataset_id, tune_run : str
    found : tuple of OfHundred
        One per regime that was measured, known answers first.
    """

    dataset_id: str
    tune_run: str
    found: tuple[OfHundred, ...]


@dataclass(frozen=True)
class SliceDifference:
    """Tuned minus base on one slice of the held-out questions, for the main metric.

    Attributes
    ----------
    attribute : str
        Key of :data:`core.evaluation.slices.SLICERS`, by which the questions are told apart.
    label : Message
        What the reader calls the slice: a category, a language, a range of lengths.
    result : Difference
        ``regime`` is ""; ``p_adjusted`` is Holm's over all slices that are large enough.
    small : bool
        Too few questions or answer groups for a verdict; the word is then ``not shown``.
    """

    attribute: str
    label: Message
    result: Difference
    small: bool


@dataclass(frozen=True)
class Generality:
    """Spearman correlation on general sentence pairs before and after, per probe language."""

    language: str
    pairs: int
    before: float
    after: float
    low: float  # 95% paired bootstrap interval of after − before
    high: float


@dataclass(frozen=True)
class WhatCounts:
    """What the user says counts beyond the plain mean.

    Attributes
    ----------
    within : int >= 1
        How many answers the user's screen shows: a must-find question succeeds if a right answer is
        among them.
    must_find : tuple of str
        Texts of questions that have to succeed, besides those marked in the data.
    category_weights : tuple of (category, weight > 0)
        What a category counts; 1 where not named. Multiplies the weights that the data give.
    """

    within: int = 10
    must_find: tuple[str, ...] = ()
    category_weights: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class WeightedDifference:
    """Tuned minus base where each question counts with its weight.

    Attributes
    ----------
    before, after, difference : float
        Weighted means, ``Σ w·m / Σ w``.
    low, high : float
        95% bootstrap interval, clustered by answer group.
    p : float in (0, 1]
    questions : int
    effective_questions, effective_groups : float
        ``(Σ w)² / Σ w²`` of questions and of answer groups: what their number is worth.
    word : str
        ``better``, ``worse`` or ``not shown``.
    """

    regime: str
    metric: str
    before: float
    after: float
    difference: float
    low: float
    high: float
    p: float
    questions: int
    effective_questions: float
    effective_groups: float
    word: str


@dataclass(frozen=True)
class MustFind:
    """A question that has to succeed: the rank of its best right answer before and after."""

    question: int
    before: int
    after: int


@dataclass(frozen=True)
class Counted:
    """A comparison by what counts.

    Attributes
    ----------
    within : int
        Ranks up to it succeed.
    differences : tuple of WeightedDifference
        By regime, for the main metric and for success within that rank; empty where all questions
        weigh the same.
    must_find : tuple of MustFind
        Those that were compared.
    unjudged : tuple of int
        Rows of must-find questions that were not: nobody held them out.
    """

    within: int = 10
    differences: tuple[WeightedDifference, ...] = ()
    must_find: tuple[MustFind, ...] = ()
    unjudged: tuple[int, ...] = ()

    @property
    def lost(self) -> tuple[MustFind, ...]:
        """Must-find questions that succeeded before and do not any more."""
        return tuple(m for m in self.must_find if m.before <= self.within < m.after)

    @property
    def missed(self) -> tuple[MustFind, ...]:
        """Must-find questions that do not succeed after tuning."""
        return tuple(m for m in self.must_find if m.after > self.within)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Before and after on the same held-out questions, with the verdict.

    Attributes
    ----------
    question_rows : int32 array [n]
        Question of each position.
    regimes : str array [n], ``known`` or ``unseen``
    groups : int32 array [n], answer group of each question
    systems : tuple of SystemResult
        One that failed is absent, never zero.
    differences : tuple of Difference
        Every metric in every regime that has questions.
    absent : mapping of system name to Message
        Why one is missing.
    contrasts : tuple of Difference
        Every other system minus base on the main metric, per regime; Holm over the systems.
    slices : tuple of SliceDifference
        Tuned minus base on parts of the questions, attribute by attribute.
    way : ``split`` or ``cross-fit``
        How the questions were held out. Cross-fitted, ``tuned`` is at each question the model of
        the fold that has not met it, and a question appears once per regime.
    folds : int
        0 for one split.
    widening : float >= 1
        By which intervals of ``tuned`` are wider than the bootstrap gives them, because models of
        folds share training questions.
    counted : Counted
        By what counts; not stored, since the user may change what counts.
    """

    dataset_id: str
    run_id: str
    question_rows: np.ndarray
    regimes: np.ndarray
    groups: np.ndarray
    systems: tuple[SystemResult, ...]
    differences: tuple[Difference, ...]
    generality: tuple[Generality, ...] = ()
    absent: Mapping[str, Message] = field(default_factory=dict)
    contrasts: tuple[Difference, ...] = ()
    slices: tuple[SliceDifference, ...] = ()
    way: str = SPLIT
    folds: int = 0
    widening: float = 1.0
    counted: Counted = field(default_factory=lambda: Counted())

    @cached_property
    def id(self) -> str:
        """Content hash over what was compared."""
        prints = [f"{system.name}:{system.fingerprint}" for system in self.systems]
        return content_id([self.dataset_id, self.run_id, *prints])

    def system(self, name: str) -> SystemResult | None:
        """Return the system of that name, None where it is absent."""
        return next((system for system in self.systems if system.name == name), None)

    def difference(self, regime: str, metric: str = "ndcg@10") -> Difference | None:
        """Return tuned minus base for one regime and metric, None where it was not measured."""
        found = (d for d in self.differences if (d.regime, d.metric) == (regime, metric))
        return next(found, None)
