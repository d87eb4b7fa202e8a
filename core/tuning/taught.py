"""Questions that learn from the experts alone: open ones, and known ones beside their answers.

Nobody knows the right answer of an open question (a search log is full of them), so its targets are
what the experts say, without blend (METHOD §9). Two things make that worth more:

* It meets the answers that the experts like most of the whole corpus, not only those of its step,
  among which there would be nothing to tell apart.
* Where it says what a known question says in other words, it borrows that question's right answers.
  How far likeness of questions can be trusted differs widely: in a forum nearly every rewording
  is nearest to its own thread, in a shop's mail hardly one in four. So it is measured, without any
  right answer of an open question: how often do the experts, who look at answers, choose an answer
  of the same known question that likeness of wording, which looks at questions, points to?

Questions that nobody asked but that were written from an answer (:mod:`core.asking.writer`) learn
the same way, and borrow nothing: that they were written from one answer does not say that others
are wrong for them, and what patterns write is often clumsy.

Of a question that people judged, a pool of answers was looked at; nobody says that the others are
wrong. Beside what it learns as a known question it is taught like an open one, but what people said
of an answer counts in full, and it borrows from the known question that has all its right answers.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.hashing import content_id
from core.labels.model import highest_columns
from core.types import TRAIN, WRITTEN, ExpertScores, QADataset, Rows

if TYPE_CHECKING:
    from core.labels.model import LabelModel

QUESTIONS_AT_ONCE = 256
UNUSUAL = 0.8  # of known questions so many lie farther from any question about something else
NEAR = 0.5  # below, a question is no nearer to the known one than known ones are to each other
MOST_ANSWERS = 20_000  # of a larger corpus a sample is searched for candidates


@dataclass(frozen=True, eq=False)
class TaughtQuestions:
    """What the experts alone say of questions; a ``core.types.Labels`` without known answers.

    Attributes
    ----------
    labels : LabelModel
        With the recipe's blend; it is applied to what is borrowed only.
    open_rows : int32 array [n]
        Open and written questions that may be learned from.
    borrows : bool
        Whether open questions borrow right answers of known ones.
    pooled_rows : int32 array [n_p], ascending
        Known questions of which only some answers were judged.
    """

    labels: LabelModel
    open_rows: Rows
    borrows: bool = True
    pooled_rows: Rows = field(default_factory=lambda: np.empty(0, np.int32))

    @classmethod
    def of(cls, labels: LabelModel, *, borrows: bool = True) -> TaughtQuestions:
        """Take the open and written questions that give no test away, and the judged ones."""
        dataset = labels.dataset
        return cls(labels, without_held_out(dataset), borrows, dataset.pooled_rows)

    @cached_property
    def id(self) -> str:
        """Content hash."""
        pooled = [self.pooled_rows] if len(self.pooled_rows) else []
        return content_id(["taught", self.labels.id, self.open_rows, str(self.borrows), *pooled])

    @property
    def count(self) -> int:
        """Questions that learn from the experts alone, wholly or beside what people judged."""
        return len(self.open_rows) + len(self.pooled_rows)

    @cached_property
    def soft(self) -> LabelModel:
        """The same labels without blend, whatever is known of a question."""
        return self.labels.with_recipe(replace(self.labels.recipe, blend=0.0))

    @cached_property
    def borrowed(self) -> tuple[np.ndarray, np.ndarray]:
        """Return for every question of the data the known question it borrows from, and how surely.

        Returns
        -------
        rows : int32 array [n_q], -1 = none
            Written questions borrow nothing.
        confidence : float32 array [n_q] in [0, 1]
        """
        dataset, count = self.labels.dataset, len(self.labels.dataset.questions)
        rows, sure = np.full(count, -1, np.int32), np.zeros(count, np.float32)
        asked = self.open_rows[dataset.split[self.open_rows] != WRITTEN]
        known, vectors = dataset.rows(TRAIN), self._vectors
        if not (self.borrows and len(known) and vectors is not None):
            return rows, sure
        lenders = self._lenders(vectors)
        rows[self.pooled_rows] = lenders
        sure[self.pooled_rows] = lenders >= 0
        if not len(asked):
            return rows, sure
        nearest, likeness = _nearest(vectors, asked, known)
        usual = np.sort(self._usual_likeness(vectors, known))
        share = np.searchsorted(usual, likeness) / len(usual)
        unusual = np.clip((share - UNUSUAL) / (1 - UNUSUAL), 0, 1)
        chosen = self._agrees(asked, nearest)
        looked_at = unusual > 0
        trust = float(chosen[looked_at].mean()) if looked_at.any() else 0.0
        rows[asked] = nearest
        sure[asked] = np.maximum(chosen & (share > NEAR), unusual * trust**2)
        return rows, sure

    def _lenders(self, vectors: np.ndarray) -> Rows:
        """Return for each judged question the known one that it rewords, int32 [n_p]; -1 = none.

        The most similar of those that have all its right answers and were not judged themselves.
        """
        dataset, pooled = self.labels.dataset, self.pooled_rows
        whole = np.setdiff1d(dataset.rows(TRAIN), pooled)
        found = np.full(len(pooled), -1, np.int32)
        if not len(whole):
            return found
        right = dataset.relevance > 0
        for start in range(0, len(pooled), QUESTIONS_AT_ONCE):
            part = pooled[start : start + QUESTIONS_AT_ONCE]
            mine = right[part].astype(np.float32)
            shared = (mine @ right[whole].T.astype(np.float32)).todense()
            count = np.asarray(mine.sum(axis=1)).reshape(-1)
            fits = (np.asarray(shared) == count[:, None]) & (count > 0)[:, None]
            table = np.where(fits, vectors[part] @ vectors[whole].T, -2.0)
            best = whole[table.argmax(axis=1)]
            found[start : start + len(part)] = np.where(fits.any(axis=1), best, -1)
        return found

    @property
    def _vectors(self) -> np.ndarray | None:
        """Unit vectors of all questions by the expert that counts most and can compare them."""
        found = [
            (weight, -place, scores.question_matrix)
            for place, (scores, weight) in enumerate(
                zip(self.labels.used, self.labels.weights, strict=True)
            )
            if isinstance(scores, ExpertScores)
            and isinstance(scores.question_matrix, np.ndarray)
            and weight > 0
        ]
        return max(found, key=lambda one: one[:2])[2] if found else None

    def _usual_likeness(self, vectors: np.ndarray, known: Rows) -> np.ndarray:
        """Return how near known questions lie to those about something else."""
        groups = self.labels.dataset.question_group
        return _nearest(vectors, known, known, apart=groups)[1]

    def _agrees(self, asked: Rows, nearest: Rows) -> np.ndarray:
        """Return where the experts' own choice is right for the known question, bool [n]."""
        best = self.soft.best_answers(asked, 1)[:, 0]
        dataset = self.labels.dataset
        return np.asarray(dataset.relevance[nearest, best]).reshape(-1) > 0

    def block(self, question_rows: Rows, answer_rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Return targets float32 [b_q, b_a] in [0, 1] and mask bool [b_q, b_a]."""
        question_rows, answer_rows = np.asarray(question_rows), np.asarray(answer_rows)
        dataset = self.labels.dataset
        targets, mask = self.soft.block(question_rows, answer_rows)
        rows, sure = self.borrowed
        share = self.labels.recipe.blend * sure[question_rows][:, None]
        if share.any():
            right = self._lent(rows[question_rows], answer_rows)
            mixed = share * right + (1 - share) * targets
            targets = np.where(mask, mixed, targets).astype(np.float32)
        judged = np.isin(question_rows, self.pooled_rows)
        if judged.any():  # what people said of an answer counts as for any known question
            pooled = question_rows[judged]
            known, told = self.labels.block(pooled, answer_rows)
            said = dataset.known_wrong(pooled[:, None], answer_rows[None])
            said |= dataset.hard_block(pooled, answer_rows) > 0
            targets[judged] = np.where(said, known, targets[judged])
            mask[judged] = np.where(said, told, mask[judged])
        return targets, mask

    def _lent(self, question_rows: Rows, answer_rows: Rows) -> np.ndarray:
        """Return right answers that a known question lends, float32 [b_q, b_a].

        A judged one hands on what it borrows itself, but for what was judged wrong.
        """
        dataset = self.labels.dataset
        right = dataset.hard_block(question_rows, answer_rows)
        judged = np.flatnonzero(np.isin(question_rows, self.pooled_rows))
        if len(judged):
            pooled, rows = question_rows[judged], self.borrowed[0][question_rows[judged]]
            more = dataset.hard_block(rows, answer_rows) * (rows >= 0)[:, None]
            more[dataset.known_wrong(pooled[:, None], answer_rows[None])] = 0
            right[judged] = np.maximum(right[judged], more)
        return right

    def candidates(self, question_rows: Rows, depth: int) -> Rows:
        """Return the answers with the highest labels for each question, together, ascending."""
        return np.unique(self._best(question_rows, depth)).astype(np.int32)

    def _best(self, question_rows: Rows, depth: int) -> np.ndarray:
        answers = self.searched
        targets, known = self.block(question_rows, answers)
        best = highest_columns(np.where(known, targets, -1.0), depth)
        return answers[best][np.take_along_axis(known, best, axis=1)]

    @cached_property
    def searched(self) -> Rows:
        """Answers that are looked through for candidates: all, or a sample of very many."""
        count = len(self.labels.dataset.answers)
        if count <= MOST_ANSWERS:
            return np.arange(count, dtype=np.int32)
        rng = np.random.default_rng([4, count])
        return np.sort(rng.choice(count, MOST_ANSWERS, replace=False)).astype(np.int32)


def without_held_out(dataset: QADataset) -> Rows:
    """Return the open and written questions that give no held-out or validation question away.

    Left out is what has the words of one, and what was written from an answer that is held out
    whole: a test of unseen answers must not have been told how to find them.

    Returns
    -------
    int32 array [n], ascending
    """
    kept_apart = np.concatenate([dataset.held_out_rows, dataset.validation_rows])
    held = {_plain(dataset.questions[row]) for row in kept_apart}
    groups = dataset.question_group
    unseen = np.setdiff1d(groups[kept_apart], groups[dataset.rows(TRAIN)])
    written = dataset.written_rows[~np.isin(groups[dataset.written_rows], unseen)]
    rows = np.union1d(dataset.open_rows, written)
    return np.array([row for row in rows if _plain(dataset.questions[row]) not in held], np.int32)


def _plain(text: str) -> str:
    """Return a text without case, width of letters, spaces and punctuation."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def _nearest(
    vectors: np.ndarray, rows: Rows, among: Rows, apart: np.ndarray | None = None
) -> tuple[Rows, np.ndarray]:
    """Return the most similar of ``among`` for each row, and its cosine.

    Parameters
    ----------
    apart : int array [n_q] or None
        Groups; those of the same group are passed over.
    """
    place, value = np.empty(len(rows), np.int32), np.empty(len(rows), np.float32)
    for start in range(0, len(rows), QUESTIONS_AT_ONCE):
        part = rows[start : start + QUESTIONS_AT_ONCE]
        table = vectors[part] @ vectors[among].T
        if apart is not None:
            table = np.where(apart[part][:, None] == apart[among][None], -1.0, table)
        best = table.argmax(axis=1)
        place[start : start + len(part)] = among[best]
        value[start : start + len(part)] = table[np.arange(len(part)), best]
    return place, value
