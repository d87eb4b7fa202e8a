"""Rows that judge the same pair, put together with numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows by the pair they judge; pairs in order of appearance.

    Attributes
    ----------
    places, pair : int64 arrays [n]
        Rows, ascending, and the pair of each.
    question, answer, place : int64 arrays [p]
        Of each pair, and its first row.
    best, worst : float32 arrays [p]
        Highest and lowest grade of its rows.
    """

    places: np.ndarray
    pair: np.ndarray
    question: np.ndarray
    answer: np.ndarray
    place: np.ndarray
    best: np.ndarray
    worst: np.ndarray

    @classmethod
    def of(
        cls, places: np.ndarray, question: np.ndarray, answer: np.ndarray, grade: np.ndarray
    ) -> Judged:
        """Put rows of the same question and answer together."""
        _, first, label = np.unique(question << 32 | answer, return_index=True, return_inverse=True)
        order = np.argsort(first)
        number = np.empty(len(first), np.int64)
        number[order] = np.arange(len(first))
        pair, first = number[label], first[order]
        best, worst = grade[places[first]], grade[places[first]]
        np.maximum.at(best, pair, grade[places])
        np.minimum.at(worst, pair, grade[places])
        return cls(places, pair, question[first], answer[first], places[first], best, worst)

    def repeated(self, chosen: np.ndarray) -> list[list[int]]:
        """Return the rows of those chosen pairs (bool array [p]) that have two rows or more."""
        wanted = chosen & (np.bincount(self.pair, minlength=len(chosen)) > 1)
        rows: dict[int, list[int]] = {pair: [] for pair in np.flatnonzero(wanted).tolist()}
        held = wanted[self.pair]
        for pair, place in zip(self.pair[held].tolist(), self.places[held].tolist(), strict=True):
            rows[pair].append(place)
        return list(rows.values())
