"""The documents that flow from stop to stop, all frozen, all identified by their content.

Aliases
-------
Rows : int array [n], positions of questions (or answers) in a :class:`QADataset`
Matrix : float32 array [n, d] or ``scipy.sparse.csr_array`` [n, d]; the product of a question
    matrix with a transposed answer matrix is a table of raw scores
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from core.errors import ExpertError, LabelError
from core.hashing import content_id
from core.messages import Message

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Matrix: TypeAlias = np.ndarray | csr_array
Rows: TypeAlias = np.ndarray

TRAIN = "train"
VALIDATION_KNOWN = "validation_known"
VALIDATION_UNSEEN = "validation_unseen"
TEST_KNOWN = "test_known"
TEST_UNSEEN = "test_unseen"
SPLITS = (TRAIN, VALIDATION_KNOWN, VALIDATION_UNSEEN, TEST_KNOWN, TEST_UNSEEN)

KNOWN = "known"  # known answers, new wording: other questions of the answer group are in training
UNSEEN = "unseen"  # unseen answers: the whole answer group is held out
REGIMES = (KNOWN, UNSEEN)
TEST_SPLIT = {KNOWN: TEST_KNOWN, UNSEEN: TEST_UNSEEN}
VALIDATION_SPLIT = {KNOWN: VALIDATION_KNOWN, UNSEEN: VALIDATION_UNSEEN}


@dataclass(frozen=True, eq=False)
class QADataset:
    """Questions, answers, which answers are right for which question, and the split.

    Attributes
    ----------
    name : str
        What the user calls it; not part of the id.
    questions, answers : tuple of str, n_q and n_a long
        Distinct cleaned texts. Answers without a question are allowed: they are part of the corpus.
    question_ids, answer_ids : tuple of str
        Ids as in the user's file where it has them, else ``q1 …`` and ``a1 …``.
    right_question, right_answer : int32 arrays [n_r]
        The judged pairs, sorted by question, then answer.
    right_grade : float32 array [n_r], > 0
        Relevance grade of each judged pair; 1 where the file has no ratings.
    question_group, answer_group : int32 arrays [n_q], [n_a]
        Answer group of METHOD §6: the same or near-duplicate answers, with all their questions.
    split : str array [n_q], one of ``SPLITS``
    question_row : int32 array [n_q]
        Row of the question in the user's spreadsheet, the header being row 1.
    attributes : mapping of str to tuple of str, n_q long
        ``category``, ``language``, ``source`` of the question where known; "" = not given.
    source_sha256 : str
        Hash of the uploaded file.
    """

    name: str
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    question_ids: tuple[str, ...]
    answer_ids: tuple[str, ...]
    right_question: np.ndarray
    right_answer: np.ndarray
    right_grade: np.ndarray
    question_group: np.ndarray
    answer_group: np.ndarray
    split: np.ndarray
    question_row: np.ndarray
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    source_sha256: str = ""

    @cached_property
    def id(self) -> str:
        """Content hash over texts, judgements, groups, split and attributes, 16 hex digits."""
        parts: list[str | bytes | np.ndarray] = [*self.questions, "\x00", *self.answers, "\x00"]
        parts += [*self.question_ids, "\x00", *self.answer_ids, "\x00"]
        parts += [self.right_question, self.right_answer, self.right_grade]
        parts += [self.question_group, self.answer_group, *self.split.tolist(), self.question_row]
        for name in sorted(self.attributes):
            parts += [name, *self.attributes[name]]
        return content_id([*parts, self.source_sha256])

    @cached_property
    def relevance(self) -> csr_array:
        """Grades as a sparse float32 table [n_q, n_a]; 0 = not judged right."""
        from scipy.sparse import csr_array

        shape = (len(self.questions), len(self.answers))
        return csr_array((self.right_grade, (self.right_question, self.right_answer)), shape=shape)

    def rows(self, *splits: str) -> Rows:
        """Return the question rows [n] of the named splits, ascending."""
        return np.flatnonzero(np.isin(self.split, splits)).astype(np.int32)

    def right_answers(self, question: int) -> Rows:
        """Return the answer rows judged right for one question, ascending."""
        low, high = np.searchsorted(self.right_question, [question, question + 1])
        return self.right_answer[low:high]

    def grade_block(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return grades as float32 array [b_q, b_a]; 0 = not judged right."""
        return np.asarray(self.relevance[question_rows][:, answer_rows].todense(), np.float32)

    def hard_block(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return hard labels as float32 array [b_q, b_a]: 1 right answer, 0 not."""
        return (self.grade_block(question_rows, answer_rows) > 0).astype(np.float32)


@dataclass(frozen=True, eq=False)
class ExpertScores:
    """What one expert thinks of any pair of one dataset, kept as vectors of its texts.

    Attributes
    ----------
    expert : str
        Catalogue key of the expert.
    fingerprint : str
        Hash of weights revision, prompts and maximum length (or of the lexical settings).
    dataset_id : str
    question_matrix, answer_matrix : Matrix [n_q, d], [n_a, d]
        Unit vectors for embedding experts (raw score = cosine), term weights for lexical ones.
    """

    expert: str
    fingerprint: str
    dataset_id: str
    question_matrix: Matrix
    answer_matrix: Matrix

    @property
    def id(self) -> str:
        """Content hash: the same expert on the same dataset gives the same scores."""
        return content_id([self.expert, self.fingerprint, self.dataset_id])

    def block(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return raw scores as float32 array [b_q, b_a]; NaN where the expert has no opinion."""
        product = self.question_matrix[question_rows] @ self.answer_matrix[answer_rows].T
        return np.asarray(product.todense() if hasattr(product, "todense") else product, np.float32)

    def pairs(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return raw scores of aligned pairs as float32 array [n]."""
        left, right = self.question_matrix[question_rows], self.answer_matrix[answer_rows]
        product = left.multiply(right) if hasattr(left, "multiply") else left * right
        return np.asarray(product.sum(axis=1), np.float32).reshape(-1)


@dataclass(frozen=True, eq=False)
class ListedScores:
    """What one expert thinks of a list of pairs; of all other pairs it has no opinion (NaN).

    For experts that read question and answer together, for people, and for uploaded scores.

    Attributes
    ----------
    expert : str
        Catalogue key of the expert.
    fingerprint : str
        Hash of weights and settings, or of the file or ratings that the scores come from.
    dataset_id : str
    question_rows, answer_rows : int32 arrays [m]
        The listed pairs, each once, in any order.
    values : float32 array [m], finite
        Raw scores.

    Raises
    ------
    ExpertError
        If the arrays differ in length, a row is negative, a value is not finite or a pair is
        listed twice.
    """

    expert: str
    fingerprint: str
    dataset_id: str
    question_rows: np.ndarray
    answer_rows: np.ndarray
    values: np.ndarray

    def __post_init__(self) -> None:
        lengths = [len(self.question_rows), len(self.answer_rows), len(self.values)]
        if len(set(lengths)) > 1:
            raise ExpertError(
                "{expert} lists {questions} question rows, {answers} answer rows and {values} "
                "scores; one of each per pair is needed.",
                expert=self.expert,
                questions=lengths[0],
                answers=lengths[1],
                values=lengths[2],
            )
        if not np.isfinite(self.values).all():
            raise ExpertError(
                "{expert} gave {count} of {total} pairs a score that is not a finite number. "
                "Leave these pairs out.",
                expert=self.expert,
                count=int((~np.isfinite(self.values)).sum()),
                total=len(self.values),
            )
        keys = self._order[1]
        if lengths[0] and (min(self.question_rows.min(), self.answer_rows.min()) < 0):
            raise ExpertError("{expert} lists a row below 0.", expert=self.expert)
        if (keys[1:] == keys[:-1]).any():
            raise ExpertError(
                "{expert} lists {count} pairs more than once; one score per pair is needed.",
                expert=self.expert,
                count=int((keys[1:] == keys[:-1]).sum()),
            )

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def id(self) -> str:
        """Content hash over expert, dataset and the listed scores."""
        order, keys = self._order
        values = np.asarray(self.values, np.float32)[order]
        return content_id([self.expert, self.fingerprint, self.dataset_id, keys, values])

    def block(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return raw scores as float32 array [b_q, b_a]; NaN where a pair is not listed."""
        question_rows, answer_rows = np.asarray(question_rows), np.asarray(answer_rows)
        result = np.full((len(question_rows), len(answer_rows)), np.nan, np.float32)
        order, keys = self._order
        # The listed pairs of each question lie side by side: [first, last) of every block row.
        first = np.searchsorted(keys, _pair_keys(question_rows, 0))
        last = np.searchsorted(keys, _pair_keys(question_rows + 1, 0))
        row, place = _ranges(first, last)
        by_answer = np.argsort(answer_rows, kind="stable")
        wanted, listed = answer_rows[by_answer], self.answer_rows[order[place]]
        left, right = (np.searchsorted(wanted, listed, side) for side in ("left", "right"))
        found, column = _ranges(left, right)  # more than one where answer_rows repeats a row
        result[row[found], by_answer[column]] = self.values[order[place[found]]]
        return result

    def pairs(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return raw scores of aligned pairs as float32 array [n]; NaN where not listed."""
        wanted = _pair_keys(np.asarray(question_rows), np.asarray(answer_rows))
        result = np.full(len(wanted), np.nan, np.float32)
        order, keys = self._order
        if len(keys):
            place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            found = keys[place] == wanted
            result[found] = self.values[order[place[found]]]
        return result

    @cached_property
    def _order(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions int64 [m] that sort the pairs, and their ascending keys int64 [m]."""
        keys = _pair_keys(self.question_rows, self.answer_rows)
        order = np.argsort(keys, kind="stable")
        return order, keys[order]


def _pair_keys(question_rows: np.ndarray, answer_rows: np.ndarray | int) -> np.ndarray:
    return (np.asarray(question_rows, np.int64) << 32) | np.asarray(answer_rows, np.int64)


def _ranges(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return owner and value of every integer in the ranges [first, last), one after the other."""
    counts = last - first
    owner = np.repeat(np.arange(len(counts)), counts)
    start = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - start[owner] + np.asarray(first)[owner]


class PairScores(Protocol):
    """Raw scores of one expert for any pair, NaN where it has no opinion.

    :class:`ExpertScores` (vectors: every pair) and :class:`ListedScores` (listed pairs only).
    """

    @property
    def expert(self) -> str:
        """Catalogue key of the expert."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of what decides the scores."""
        ...

    @property
    def dataset_id(self) -> str:
        """The dataset whose rows are meant."""
        ...

    @property
    def id(self) -> str:
        """Content hash."""
        ...

    def block(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return raw scores as float32 array [b_q, b_a]; NaN = no opinion."""
        ...

    def pairs(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return raw scores of aligned pairs as float32 array [n]; NaN = no opinion."""
        ...


@dataclass(frozen=True)
class Calibration:
    """How raw scores of one expert become [0, 1]: METHOD §2.

    Attributes
    ----------
    method : str
        Key of the calibration registry.
    low, high : float in percent
        Percentiles of the training pairs that become 0 and 1 (method ``percentile``).
    gamma : float > 0
        Exponent after scaling: above 1 is stricter, below 1 is milder.
    """

    method: str = "percentile"
    low: float = 1.0
    high: float = 99.9
    gamma: float = 1.0


@dataclass(frozen=True)
class LabelRecipe:
    """How soft labels are made from experts; immutable once saved, METHOD §2–3.

    Attributes
    ----------
    experts : tuple of str
        Catalogue keys; may be empty only for the rule ``hard``.
    rule : str
        Key of the rule registry.
    blend : float in [0, 1]
        λ: share of the hard label; 0 = experts alone, 1 = hard label alone.
    calibrations : mapping of expert to Calibration
        Experts that are not named use the default.
    weights : mapping of expert to float >= 0
        For the rule ``weighted_mean``; experts that are not named weigh 1.
    gain, threshold, temperature : float
        Curve adjustments after the blend: ``clip(gain · (y − threshold) + threshold)``, then
        ``sigmoid(logit(y) / temperature)``; 1, 0.5, 1 change nothing.
    recentre : tuple of str
        Attributes (``category``, ``answer_length`` …) whose groups are brought to the same means
        before the blend, in this order.
    """

    experts: tuple[str, ...]
    rule: str = "reliability"
    blend: float = 0.5
    calibrations: Mapping[str, Calibration] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    gain: float = 1.0
    threshold: float = 0.5
    temperature: float = 1.0
    recentre: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.blend <= 1:
            raise LabelError("The blend is {blend}; it must lie between 0 and 1.", blend=self.blend)
        if self.temperature <= 0 or self.gain <= 0:
            raise LabelError(
                "Gain ({gain}) and temperature ({temperature}) must be above 0.",
                gain=self.gain,
                temperature=self.temperature,
            )

    def calibration_of(self, expert: str) -> Calibration:
        """Return the calibration of one expert, the default where none was set."""
        return self.calibrations.get(expert, Calibration())


@dataclass(frozen=True)
class Override:
    """A human's word on one pair: it wins over every rule.

    Attributes
    ----------
    question, answer : str
        The texts, not row numbers: an override outlives a new upload of the same data.
    value : float in [0, 1] or None
        None withdraws an earlier override (undo); nothing is ever deleted.
    who, reason : str
    at : str
        Time in UTC, ISO 8601.
    """

    question: str
    answer: str
    value: float | None
    who: str
    reason: str
    at: str


class Labels(Protocol):
    """Soft labels of any block of pairs; what tuning needs to know about labels."""

    def block(self, question_rows: Rows, answer_rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return targets float32 [b_q, b_a] in [0, 1] and a bool mask, True = learn from it."""
        ...


class Reporter(Protocol):
    """Where a long step tells how far it is, and where it learns that it should stop."""

    def progress(self, fraction: float, message: Message) -> None:
        """Say what is being done now and which share in [0, 1] of the step is done."""
        ...

    def metric(self, values: Mapping[str, float]) -> None:
        """Record numbers of one moment, for example ``{"step": 20, "loss": 0.31}``."""
        ...

    def warning(self, message: Message) -> None:
        """Record something the user should know that does not stop the step."""
        ...

    def should_stop(self) -> bool:
        """Return True once somebody asked to stop; long steps look about once a second."""
        ...


class SilentReporter:
    """A :class:`Reporter` for notebooks and tests: says nothing, never stops."""

    def progress(self, fraction: float, message: Message) -> None:
        """Do nothing."""

    def metric(self, values: Mapping[str, float]) -> None:
        """Do nothing."""

    def warning(self, message: Message) -> None:
        """Do nothing."""

    def should_stop(self) -> bool:
        """Return False."""
        return False


@dataclass(frozen=True, eq=False)
class ArmResult:
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


@dataclass(frozen=True, eq=False)
class Comparison:
    """Before and after on the same held-out questions, with the verdict.

    Attributes
    ----------
    question_rows : int32 array [n]
    regimes : str array [n], ``known`` or ``unseen``
    groups : int32 array [n], answer group of each question
    arms : tuple of ArmResult
        An arm that failed is absent, never zero.
    differences : tuple of Difference
        Every metric in every regime that has questions.
    absent : mapping of arm name to Message
        Why an arm is missing.
    contrasts : tuple of Difference
        Every other system minus base on the main metric, per regime; Holm over the systems.
    slices : tuple of SliceDifference
        Tuned minus base on parts of the questions, attribute by attribute.
    """

    dataset_id: str
    run_id: str
    question_rows: np.ndarray
    regimes: np.ndarray
    groups: np.ndarray
    arms: tuple[ArmResult, ...]
    differences: tuple[Difference, ...]
    generality: tuple[Generality, ...] = ()
    absent: Mapping[str, Message] = field(default_factory=dict)
    contrasts: tuple[Difference, ...] = ()
    slices: tuple[SliceDifference, ...] = ()

    @cached_property
    def id(self) -> str:
        """Content hash over what was compared."""
        arms: Sequence[str] = [f"{arm.name}:{arm.fingerprint}" for arm in self.arms]
        return content_id([self.dataset_id, self.run_id, *arms])

    def arm(self, name: str) -> ArmResult | None:
        """Return the arm of that name, None where it is absent."""
        return next((arm for arm in self.arms if arm.name == name), None)

    def difference(self, regime: str, metric: str = "ndcg@10") -> Difference | None:
        """Return tuned minus base for one regime and metric, None where it was not measured."""
        found = (d for d in self.differences if (d.regime, d.metric) == (regime, metric))
        return next(found, None)
