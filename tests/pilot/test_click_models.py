"""Clicks corrected for places: what was simulated is found again, and raw clicks would mislead."""

from __future__ import annotations

import numpy as np
import pytest

from core.pilot.click_models import (
    DEPTH,
    RecordedSearch,
    examination_chances,
    probable_answers,
    stated_chances,
)

SEEN = np.array([1.0, 0.55, 0.4, 0.2, 0.1])
ATTRACTS = np.array([0.15, 0.3, 0.45, 0.6, 0.8])  # the best answer stands last most of the time


def simulated(count: int, *, shuffled: float, seed: int = 0) -> list[RecordedSearch]:
    """Searches whose list is mostly the wrong way round; some are shuffled."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        order = np.arange(5)
        if rng.random() < shuffled:
            order = rng.permutation(5)
        hit = rng.random(5) < SEEN * ATTRACTS[order]
        opened = tuple((int(order[place]), int(place)) for place in np.flatnonzero(hit))
        question = f"q{rng.integers(20)}"
        found.append(RecordedSearch(question, tuple(order.tolist()), opened))
    return found


def test_chances_of_places_are_found_again_from_lists_in_different_orders():
    chances, is_estimated = examination_chances(simulated(6000, shuffled=0.3))
    assert is_estimated and len(chances) == DEPTH
    assert chances[:5] == pytest.approx(SEEN, abs=0.08)
    assert (chances[5:] == chances[4]).all()


def test_what_is_right_comes_out_on_top_where_raw_clicks_say_otherwise():
    searches = simulated(6000, shuffled=0.3, seed=1)
    raw = np.zeros(5)
    for search in searches:
        for row, _ in search.opened:
            raw[row] += 1
    assert raw.argmax() != 4, "the simulation has a bias to correct"
    found, is_estimated = probable_answers(searches)
    best = {}
    for one in found:
        best.setdefault(one.question, one.answer)
        assert 0 < one.score < 1
    assert is_estimated and np.mean([row == 4 for row in best.values()]) >= 0.9


def test_without_lists_the_chance_is_one_over_the_rank():
    searches = [RecordedSearch("q", (), ((1, 0),))] * 9 + [RecordedSearch("q", (), ((2, 3),))] * 3
    chances, is_estimated = examination_chances(searches)
    assert not is_estimated and chances.tolist() == stated_chances().tolist()
    found, _ = probable_answers(searches)
    assert [(one.answer, one.clicks) for one in found] == [(2, 3), (1, 9)]
    assert found[0].score == pytest.approx(12 / (12 + 9 + 3))


def test_too_few_clicks_or_lists_that_never_change_estimate_nothing():
    assert not examination_chances(simulated(60, shuffled=0.5))[1]
    assert not examination_chances(simulated(6000, shuffled=0.0))[1]


def test_little_evidence_is_shrunk_thumbs_have_no_place_and_a_thumb_down_takes_one_away():
    found, _ = probable_answers(
        [
            RecordedSearch("once", (), ((7, 0),)),
            RecordedSearch("thumbs", (), ((3, -1), (4, -1)), (4, 5)),
            RecordedSearch("unknown", (), ((-1, 0),)),
            RecordedSearch("deep", (), ((8, 70),)),
        ]
    )
    scores = {(one.question, one.answer): one.score for one in found}
    assert scores == {
        ("once", 7): pytest.approx(1 / 4),
        ("thumbs", 3): pytest.approx(1 / 4),
        ("deep", 8): pytest.approx(10 / 13),
    }
