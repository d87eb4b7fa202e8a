"""Questions, answers, which are right for which, and the split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from core.hashing import content_id

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Rows: TypeAlias = np.ndarray


TRAIN = "train"
VALIDATION_KNOWN = "validation_known"
VALIDATION_UNSEEN = "validation_unseen"
TEST_KNOWN = "test_known"
TEST_UNSEEN = "test_unseen"
SPLITS = (TRAIN, VALIDATION_KNOWN, VALIDATION_UNSEEN, TEST_KNOWN, TEST_UNSEEN)
OPEN = "open"  # questions without a known answer: learned from by the experts' labels, never tested
WRITTEN = (
    "written"  # questions that nobody asked, written from an answer: learned from, never tested
)
WRITTEN_BY = "written_by"  # the attribute that says who or what wrote them, and in which style

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
    split : str array [n_q], one of ``SPLITS``, ``OPEN`` or ``WRITTEN``
        Open questions have no right answer, and each is an answer group of its own. Written ones
        have the answer that they were written from, and its group.
    question_row : int32 array [n_q]
        Row of the question in the user's spreadsheet, the header being row 1.
    attributes : mapping of str to tuple of str, n_q long
        ``category``, ``language``, ``source`` of the question where known; ``written_by`` of
        written questions; "" = not given.
    source_sha256 : str
        Hash of the uploaded file.
    question_weight : float32 array [n_q], > 0
        How much each question counts: how often it was asked, or what it is worth; 1 where unknown.
        Left out: all 1.
    must_find : bool array [n_q]
        Questions whose search has to succeed. Left out: none.
    wrong_question, wrong_answer : int32 arrays [n_w]
        Pairs known to be wrong, sorted by question, then answer; none of them is a judged pair.
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
    question_weight: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))
    must_find: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    wrong_question: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    wrong_answer: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))

    def __post_init__(self) -> None:
        count = len(self.questions)
        for name, kind in (("question_weight", np.float32), ("must_find", bool)):
            values = np.asarray(getattr(self, name), kind)
            if not len(values):
                values = np.full(count, name == "question_weight", kind)
            object.__setattr__(self, name, values)

    @cached_property
    def id(self) -> str:
        """Content hash over all that follows the name, 16 hex digits.

        What a dataset lacks (weights, must-find questions, known wrong pairs) does not enter it,
        so that datasets keep the id that they had before there were such things.
        """
        parts: list[str | bytes | np.ndarray] = [*self.questions, "\x00", *self.answers, "\x00"]
        parts += [*self.question_ids, "\x00", *self.answer_ids, "\x00"]
        parts += [self.right_question, self.right_answer, self.right_grade]
        parts += [self.question_group, self.answer_group, *self.split.tolist(), self.question_row]
        for name in sorted(self.attributes):
            parts += [name, *self.attributes[name]]
        if (self.question_weight != 1).any():
            parts += ["question_weight", self.question_weight]
        if self.must_find.any():
            parts += ["must_find", self.must_find]
        if len(self.wrong_question):
            parts += ["wrong", self.wrong_question, self.wrong_answer]
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

    def split_counts(self) -> dict[str, tuple[int, int]]:
        """Return questions and answer groups per split, in the order of :data:`SPLITS`."""
        return {
            split: (len(rows), len(np.unique(self.question_group[rows])))
            for split in SPLITS
            for rows in (self.rows(split),)
        }

    @cached_property
    def seen_rows(self) -> Rows:
        """Question rows [n] that may be looked at: training and validation, ascending.

        With :attr:`held_out_rows` the only spelling of the rule that nobody looks at test
        questions before the verdict.
        """
        return self.rows(TRAIN, *VALIDATION_SPLIT.values())

    @cached_property
    def validation_rows(self) -> Rows:
        """Question rows [n] on which checkpoints, weights and settings are chosen, ascending."""
        return self.rows(*VALIDATION_SPLIT.values())

    @cached_property
    def validation_by_regime(self) -> dict[str, Rows]:
        """The validation rows by regime; regimes without any are absent."""
        rows = {regime: self.rows(split) for regime, split in VALIDATION_SPLIT.items()}
        return {regime: found for regime, found in rows.items() if len(found)}

    @cached_property
    def held_out_rows(self) -> Rows:
        """Question rows [n] of the verdict, kept from everything before it, ascending."""
        return self.rows(*TEST_SPLIT.values())

    @cached_property
    def judged_rows(self) -> Rows:
        """Question rows [n] that people asked and whose answer is known, any split, ascending."""
        return self.rows(*SPLITS)

    @cached_property
    def open_rows(self) -> Rows:
        """Question rows [n] without a known answer, ascending."""
        return self.rows(OPEN)

    @cached_property
    def pooled_rows(self) -> Rows:
        """Training questions [n] of which people looked at some answers, ascending.

        Those with answers that are known to be wrong. What nobody looked at may be right for them.
        """
        return np.intersect1d(self.wrong_question, self.rows(TRAIN)).astype(np.int32)

    @cached_property
    def written_rows(self) -> Rows:
        """Question rows [n] that nobody asked: they were written from an answer; ascending."""
        return self.rows(WRITTEN)

    def of_questions(self, rows: Rows) -> QADataset:
        """Return the dataset with these questions alone, in the order of ``rows``, each once.

        All answers stay, also those that no question asks for any more.
        """
        chosen, place = rows.tolist(), np.full(len(self.questions), -1, np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        right, wrong = place[self.right_question] >= 0, place[self.wrong_question] >= 0
        return replace(
            self,
            questions=tuple(self.questions[row] for row in chosen),
            question_ids=tuple(self.question_ids[row] for row in chosen),
            right_question=place[self.right_question[right]],
            right_answer=self.right_answer[right],
            right_grade=self.right_grade[right],
            question_group=self.question_group[rows],
            split=self.split[rows],
            question_row=self.question_row[rows],
            attributes={k: tuple(v[row] for row in chosen) for k, v in self.attributes.items()},
            question_weight=self.question_weight[rows],
            must_find=self.must_find[rows],
            wrong_question=place[self.wrong_question[wrong]],
            wrong_answer=self.wrong_answer[wrong],
        )

    def wrong_answers(self, question: int) -> Rows:
        """Return the answer rows known to be wrong for one question, ascending."""
        low, high = np.searchsorted(self.wrong_question, [question, question + 1])
        return self.wrong_answer[low:high]

    def known_wrong(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return which pairs are known to be wrong: bool, of the shape both broadcast to."""
        keys = self.pair_keys(np.asarray(question_rows), np.asarray(answer_rows))
        return np.isin(keys, self.pair_keys(self.wrong_question, self.wrong_answer))

    @cached_property
    def _row_of(self) -> tuple[dict[str, int], dict[str, int]]:
        questions = {text: row for row, text in enumerate(self.questions)}
        return questions, {text: row for row, text in enumerate(self.answers)}

    def pair_key(self, question: str, answer: str) -> int | None:
        """Return the number of a pair of texts, None where the data lack one of them."""
        row, column = self._row_of[0].get(question), self._row_of[1].get(answer)
        return None if row is None or column is None else row * len(self.answers) + column

    def pair_keys(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return one number per pair, int64: question row times the number of answers + row."""
        return question_rows.astype(np.int64) * len(self.answers) + answer_rows

    def regimes_of(self, rows: Rows) -> np.ndarray:
        """Return ``known`` or ``unseen`` of held-out questions, as str array [n]."""
        return np.where(self.split[rows] == TEST_KNOWN, KNOWN, UNSEEN)

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
