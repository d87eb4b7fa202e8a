"""Human overrides as a lookup by question row and answer row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.errors import LabelError
from core.types import Override, QADataset


@dataclass(frozen=True, eq=False)
class OverrideTable:
    """The overrides in force on one dataset.

    Attributes
    ----------
    keys : int64 array [m], ascending
        ``question row * number of answers + answer row``.
    values : float32 array [m] in [0, 1]
    n_answers : int
    """

    keys: np.ndarray
    values: np.ndarray
    n_answers: int

    @classmethod
    def of(cls, dataset: QADataset, overrides: Iterable[Override]) -> OverrideTable:
        """Take the latest override of each pair; pairs that the dataset lacks are left out.

        Of several overrides of one pair the one with the latest ``at`` wins, of equal times the
        last in the given order. A value of None withdraws the pair's earlier overrides.

        Raises
        ------
        LabelError
            If a value lies outside 0 to 1.
        """
        question_row = {text: row for row, text in enumerate(dataset.questions)}
        answer_row = {text: row for row, text in enumerate(dataset.answers)}
        latest: dict[int, float | None] = {}
        for override in sorted(overrides, key=lambda one: one.at):
            row, column = question_row.get(override.question), answer_row.get(override.answer)
            if override.value is not None and not 0 <= override.value <= 1:
                raise LabelError(
                    "A label of {value} was set by hand; labels lie between 0 and 1.",
                    value=override.value,
                )
            if row is not None and column is not None:
                latest[row * len(dataset.answers) + column] = override.value
        kept = sorted((key, value) for key, value in latest.items() if value is not None)
        return cls(
            np.array([key for key, _ in kept], np.int64),
            np.array([value for _, value in kept], np.float32),
            len(dataset.answers),
        )

    def lookup(self, question_rows: np.ndarray, answer_rows: np.ndarray) -> np.ndarray:
        """Return values float32 of the broadcast shape of both row arrays; NaN = not overridden."""
        shape = np.broadcast_shapes(question_rows.shape, answer_rows.shape)
        if not len(self.keys):
            return np.full(shape, np.nan, np.float32)
        wanted = question_rows.astype(np.int64) * self.n_answers + answer_rows
        place = np.searchsorted(self.keys, wanted).clip(max=len(self.keys) - 1)
        return np.where(self.keys[place] == wanted, self.values[place], np.float32(np.nan))
