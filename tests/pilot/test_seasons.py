"""Seasons: a limit is raised only as far as false alarms ask for, and never lowered."""

from __future__ import annotations

import numpy as np
import pytest

from core.pilot.seasons import safe_limit, seasons

YEAR = {"false_alarms": 0.1, "looks": 52.0}


def test_a_season_asks_some_topics_more_and_others_less_and_none_is_forgotten():
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(6, 8) * 5, 30, axis=0)
    weeks = seasons(centres + rng.normal(size=(180, 8)) * 0.1, 40, simulated=50, seed=1)
    assert weeks.asked.shape == weeks.known.shape == (50, 180)
    assert (weeks.asked.sum(axis=1) == 40).all() and (weeks.known.sum(axis=1) == 90).all()
    assert not (weeks.known & (weeks.asked > 0)).any(), "what is asked is not among the known"
    topics = weeks.known.reshape(50, 6, 30).sum(axis=2)
    assert topics.min() >= 3, "every topic stays known"
    shares = weeks.asked.reshape(50, 6, 30).sum(axis=2) / 40
    assert shares.std(axis=0).mean() > 0.07, "by lot alone it were about 0.05"


@pytest.mark.parametrize(("rung", "expected"), [(0.0, 0.10), (0.2, 0.14), (2.0, 0.20)])
def test_a_limit_is_raised_until_seasons_ring_as_seldom_as_accepted(rung, expected):
    """Seasons ring below a limit of 0.14; nothing helps above the highest that is allowed."""
    ends = {0.0: 0.0, 0.2: 0.14, 2.0: 9.0}[rung]

    def p_values(limit: float) -> np.ndarray:
        return np.where(np.arange(1000) % 20 == 0, float(limit >= ends - 1e-9), 1.0)

    limit, told = safe_limit(p_values, 0.10, most=0.20, **YEAR)
    assert limit == pytest.approx(expected)
    assert told.looks == 500 and told.a_year == (0.05 * 52 if rung > 1 else 0)


def test_what_is_told_comes_from_seasons_that_chose_nothing():
    p = np.ones(1000)
    p[500:540] = 0.0
    limit, told = safe_limit(lambda _: p, 0.10, most=0.9, **YEAR)
    assert (limit, told.alarms) == (0.10, 40)
