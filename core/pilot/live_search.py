"""The answers searched for one question that somebody types, by one model or by two in one list."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.evaluation.exact_search import Ranking
from core.evaluation.hybrid import JOINED_DEPTH, JoinedScores
from core.evaluation.search import rank_one
from core.pilot.batching import MicroBatcher
from core.pilot.interleaving import team_draft
from core.types.pilot_events import CHALLENGER, CHAMPION, ShownList


@dataclass(frozen=True, eq=False)
class KeywordSearch:
    """Keyword search that joins each list of a model.

    Attributes
    ----------
    weight : float in (0, 1)
        How much it counts beside the model.
    find : callable
        A question and a depth → Ranking of the answers by keyword search.
    """

    weight: float
    find: Callable[[str, int], Ranking]


@dataclass(frozen=True, eq=False)
class SearchingModel:
    """A model that is ready to search.

    Attributes
    ----------
    batcher : MicroBatcher
        Reads questions.
    answers : float32 array [n_a, d]
        Unit vectors.
    """

    batcher: MicroBatcher
    answers: np.ndarray

    def top(
        self, question: str, depth: int, words: KeywordSearch | None = None
    ) -> tuple[list[int], list[float]]:
        """Return rows and cosines of the best answers, best first.

        With keyword search the order is that of both together, as a comparison joins them.
        """
        (vector,) = self.batcher.encode([question])
        if words is None:
            found = rank_one(vector, self.answers, depth)
            rows = [int(row) for row in found.top_answers[0] if row >= 0]
            return rows, [float(score) for score in found.top_scores[0][: len(rows)]]
        joined = min(JOINED_DEPTH, len(self.answers))
        lists = words.find(question, joined), rank_one(vector, self.answers, joined)
        found = JoinedScores.of(*lists).ranking(words.weight, depth)
        rows = [int(row) for row in found.top_answers[0] if row >= 0]
        return rows, [float(score) for score in self.answers[rows] @ vector]


@dataclass(frozen=True, eq=False)
class LiveSearch:
    """What a search page searches with.

    Attributes
    ----------
    champion : SearchingModel
    challenger : SearchingModel or None
        With one, both are in each list.
    words : KeywordSearch or None
        Joins the list of each model.
    """

    champion: SearchingModel
    challenger: SearchingModel | None = None
    words: KeywordSearch | None = None

    def close(self) -> None:
        """Give the models back once what waits is answered."""
        for model in (self.champion, self.challenger):
            if model is not None:
                model.batcher.close()

    def find(
        self,
        question: str,
        depth: int,
        rng: np.random.Generator,
        clock: Callable[[], float] = time.monotonic,
    ) -> ShownList:
        """Return what is shown for a question.

        Raises
        ------
        BusyError
            If too many people search at this moment.
        """
        began = clock()
        rows, scores = self.champion.top(question, depth, self.words)
        teams = (CHAMPION,) * len(rows)
        answers, cosines = tuple(rows), tuple(scores)
        if self.challenger is not None:
            other_rows, other_scores = self.challenger.top(question, depth, self.words)
            answers, teams = team_draft(rows, other_rows, depth, rng)
            known = {
                CHAMPION: dict(zip(rows, scores, strict=True)),
                CHALLENGER: dict(zip(other_rows, other_scores, strict=True)),
            }
            cosines = tuple(
                known.get(team, known[CHAMPION])[row]
                for row, team in zip(answers, teams, strict=True)
            )
        took = round(1000 * (clock() - began), 1)
        return ShownList(answers, tuple(round(score, 5) for score in cosines), teams, took)
