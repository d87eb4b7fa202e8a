"""Raw scores of one expert: from vectors for any pair, or listed for some."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from core.errors import ExpertError
from core.hashing import content_id
from core.types.dataset import Rows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Matrix: TypeAlias = np.ndarray | csr_array


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
        answers = self.answer_matrix
        # Rows of a sparse table are taken one by one, also where all of them are asked for.
        if not np.array_equal(answer_rows, np.arange(answers.shape[0])):
            answers = answers[answer_rows]
        product = self.question_matrix[question_rows] @ answers.T
        return np.asarray(product.todense() if hasattr(product, "todense") else product, np.float32)

    def pairs(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return raw scores of aligned pairs as float32 array [n]."""
        left, right = self.question_matrix[question_rows], self.answer_matrix[answer_rows]
        product = left.multiply(right) if hasattr(left, "multiply") else left * right
        return np.asarray(product.sum(axis=1), np.float32).reshape(-1)


PEOPLE, MODEL, CLICKS = "people", "model", "clicks"  # who judged listed pairs


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
    judge : str
        ``people`` (values in [0, 1]) or ``model`` (a language model; whole grades from 0 on) where
        the pairs were judged by a guideline, ``clicks`` (in [0, 1]) where they come from what
        people opened, "" for any other source.

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
    judge: str = ""

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
