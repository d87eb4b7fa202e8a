"""What a search page shows: the champion's list, or one of both models with who brought what."""

from __future__ import annotations

import numpy as np

from core.evaluation.hybrid import JoinedScores
from core.evaluation.search import rank
from core.pilot.batching import MicroBatcher
from core.pilot.live_search import KeywordSearch, LiveSearch, SearchingModel
from core.types.pilot_events import BOTH, CHALLENGER, CHAMPION

ANSWERS = np.eye(6, dtype=np.float32)


def model(weights: list[float]) -> SearchingModel:
    vector = np.array([weights], np.float32)
    return SearchingModel(MicroBatcher(lambda texts: vector.repeat(len(texts), axis=0)), ANSWERS)


def test_champion_alone():
    live = LiveSearch(model([0.1, 0.9, 0.3, 0.2, 0.0, 0.5]))
    ticks = iter((10.0, 10.0123))
    shown = live.find("?", 3, np.random.default_rng(0), lambda: next(ticks))
    assert shown.answers == (1, 5, 2) and shown.teams == (CHAMPION,) * 3
    assert shown.scores == (0.9, 0.5, 0.3) and shown.milliseconds == 12.3
    assert len(live.find("?", 20, np.random.default_rng(0)).answers) == 6


def test_each_result_has_the_score_of_the_model_that_brought_it():
    live = LiveSearch(model([0.1, 0.9, 0.3, 0.2, 0.0, 0.5]), model([0.4, 0.8, 0.1, 0.7, 0.0, 0.2]))
    for seed in range(20):
        shown = live.find("?", 5, np.random.default_rng(seed))
        assert shown.teams[0] == BOTH and shown.answers[0] == 1 and shown.scores[0] == 0.9
        own = {CHAMPION: [0.1, 0.9, 0.3, 0.2, 0.0, 0.5], CHALLENGER: [0.4, 0.8, 0.1, 0.7, 0.0, 0.2]}
        for row, score, team in zip(shown.answers, shown.scores, shown.teams, strict=True):
            assert team == BOTH or abs(own[team][row] - score) < 1e-6
        assert {CHAMPION, CHALLENGER} <= set(shown.teams)


def test_keyword_search_joins_as_a_comparison_joins_it_and_cosines_stay_those_of_the_model():
    cosines = np.array([0.1, 0.9, 0.3, 0.2, 0.0, 0.5], np.float32)
    by_words = np.array([[0.0, 0.0, 7.0, 3.5, 0.0, 0.0]], np.float32)

    def keywords(weight: float) -> KeywordSearch:
        return KeywordSearch(weight, lambda _, depth: rank(by_words, ANSWERS, depth))

    live = LiveSearch(model(cosines.tolist()), words=keywords(0.6))
    shown = live.find("?", 4, np.random.default_rng(0))
    lists = rank(by_words, ANSWERS, 6), rank(cosines[None], ANSWERS, 6)
    expected = JoinedScores.of(*lists).ranking(0.6, 4).top_answers[0]
    assert shown.answers == tuple(expected) == (2, 3, 1, 5)
    assert shown.scores == (0.3, 0.2, 0.9, 0.5)
    # Both models are joined with it.
    both = LiveSearch(model(cosines.tolist()), model([0, 0, 0, 0, 1, 0]), keywords(0.9))
    assert set(both.find("?", 2, np.random.default_rng(0)).answers) == {2, 3}
