"""Interleaving: fair to both models, and right about them however often somebody looks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from core.pilot.interleaving import (
    SAME,
    InterleavingVerdict,
    decided_searches,
    is_unlikely,
    share_interval,
    team_draft,
)
from core.types.pilot_events import (
    BOTH,
    CHALLENGER,
    CHAMPION,
    CLICKED,
    NOTED,
    SEARCHED,
    THUMB_DOWN,
    THUMB_UP,
    PilotEvent,
    ShownList,
)

AT = "2026-01-01T10:00:00.000+00:00"


def search(token: str, teams: tuple[str, ...], visitor: str = "v", text: str = "") -> PilotEvent:
    shown = ShownList(tuple(range(len(teams))), (), teams)
    return PilotEvent(token, token, SEARCHED, visitor, text or token, -1, AT, shown)


def mark(search: str, place: int, kind: str = CLICKED) -> PilotEvent:
    return PilotEvent(f"{search}-{place}-{kind}", search, kind, "v", "", place, AT)


def test_draft_takes_from_both_in_their_order_and_shows_nothing_twice():
    rng = np.random.default_rng(0)
    for _ in range(200):
        one, other = rng.permutation(12)[:8].tolist(), rng.permutation(12)[:8].tolist()
        shown, teams = team_draft(one, other, 6, rng)
        assert len(shown) == len(set(shown)) == len(teams) == 6
        for team, own in ((CHAMPION, one), (CHALLENGER, other)):
            picked = [row for row, by in zip(shown, teams, strict=True) if by == team]
            # Each pick was the best of its list that was not shown yet.
            for row in picked:
                before = shown[: shown.index(row)]
                assert own[: own.index(row)] == [r for r in own[: own.index(row)] if r in before]
        rest = [team for team in teams if team != BOTH]
        assert abs(rest.count(CHAMPION) - rest.count(CHALLENGER)) <= 1


def test_common_beginning_belongs_to_both():
    shown, teams = team_draft([3, 1, 4, 5], [3, 1, 5, 4], 4, np.random.default_rng(1))
    assert shown[:2] == (3, 1) and teams[:2] == (BOTH, BOTH)
    assert set(teams[2:]) == {CHAMPION, CHALLENGER}
    same, teams = team_draft([3, 1, 4], [3, 1, 4], 3, np.random.default_rng(1))
    assert same == (3, 1, 4) and set(teams) == {BOTH}


def test_lists_shorter_than_the_page_end_it():
    shown, teams = team_draft([1], [2], 5, np.random.default_rng(0))
    assert sorted(shown) == [1, 2] and len(teams) == 2


def test_each_model_stands_first_equally_often():
    rng = np.random.default_rng(5)
    first = [team_draft([0, 1, 2], [3, 4, 5], 3, rng)[1][0] for _ in range(4000)]
    assert abs(first.count(CHALLENGER) - 2000) < 4 * np.sqrt(1000)


def test_first_sign_that_a_result_helped_decides_a_search_for_good():
    teams = (BOTH, CHAMPION, CHALLENGER)
    events = [
        *(search("a", teams), search("b", teams), search("c", teams), search("d", teams)),
        *(mark("a", 0), mark("a", 2), mark("a", 1)),  # both, then the challenger's
        *(mark("b", 1, THUMB_DOWN), mark("b", 1, THUMB_UP), mark("b", 2)),
        *(mark("c", 0), mark("nowhere", 1), mark("d", 7)),
        PilotEvent("n", "d", NOTED, "v", "hello", -1, AT),
    ]
    assert decided_searches(events) == [CHALLENGER, CHAMPION]


def test_the_same_question_of_the_same_person_counts_once():
    teams = (CHAMPION, CHALLENGER)
    events = [
        *(search("a", teams, "v", "Refund?"), search("b", teams, "v", "refund?")),
        search("c", teams, "w", "refund?"),
        *(mark("a", 1), mark("b", 1), mark("c", 0)),
    ]
    assert decided_searches(events) == [CHALLENGER, CHAMPION]


@pytest.mark.parametrize("decided", [1, 7, 60, 900])
def test_interval_is_where_a_share_is_not_unlikely(decided):
    for won in {0, 1, decided // 3, decided}:
        low, high = share_interval(won, decided)
        assert 0 <= low <= won / decided <= high <= 1
        for share in (0.05, 0.3, 0.5, 0.8, 0.97):
            assert is_unlikely(won, decided, share) == (not low < share < high)


def test_interval_holds_the_truth_at_every_moment_at_once():
    """Looked at after each of 800 searches, in 600 worlds: it may miss in at most 5 %."""
    rng, worlds, searches = np.random.default_rng(3), 600, 800
    for share in (0.5, 0.7):
        won = np.cumsum(rng.random((worlds, searches)) < share, axis=1)
        missed = sum(
            any(is_unlikely(int(w), n, share) for n, w in enumerate(world, start=1))
            for world in won
        )
        assert missed / worlds <= 0.05, share
    # A usual 95 % interval, looked at as often, misses several times as often.
    counts = np.arange(1, searches + 1)
    won = np.cumsum(rng.random((worlds, searches)) < 0.5, axis=1)
    tail = np.minimum(binom.cdf(won, counts, 0.5), binom.sf(won - 1, counts, 0.5))
    assert (tail < 0.025).any(axis=1).mean() > 0.15


def people(
    rng: np.random.Generator, searches: int, first_right: tuple[float, float], reading: float
) -> list[PilotEvent]:
    """Return a pilot of two models of which each has the right answer first with some chance.

    People read from above and go on with a chance of ``reading``; what is right helps them with a
    chance of 0.8, what is wrong with one of 0.15.
    """
    events = []
    for number in range(searches):
        lists = []
        for chance in first_right:
            others = (1 + rng.permutation(9)).tolist()
            lists.append([0, *others] if rng.random() < chance else [*others[:3], 0, *others[3:]])
        shown, teams = team_draft(lists[0], lists[1], 5, rng)
        events.append(search(f"s{number}", teams, f"v{number}"))
        for place, row in enumerate(shown):
            if rng.random() < (0.8 if row == 0 else 0.15):
                events.append(mark(f"s{number}", place))
            if rng.random() > reading:
                break
    return events


def test_two_equal_models_are_rarely_told_apart_however_often_somebody_looks():
    rng, worlds = np.random.default_rng(11), 150
    found = [
        InterleavingVerdict.of(people(rng, 250, (0.5, 0.5), 0.7)).decision[0] for _ in range(worlds)
    ]
    wrong = sum(one in (CHAMPION, CHALLENGER) for one in found)
    assert wrong / worlds <= 0.05
    assert binom.sf(wrong - 1, worlds, 0.05) > 0.01


@pytest.mark.parametrize("better", [CHAMPION, CHALLENGER])
def test_the_better_model_is_found(better):
    rng = np.random.default_rng(12)
    chances = (0.8, 0.4) if better == CHAMPION else (0.4, 0.8)
    found = [InterleavingVerdict.of(people(rng, 400, chances, 0.7)).decision[0] for _ in range(20)]
    assert found.count(better) >= 18


def test_decision_stays_whatever_comes_later():
    clear = (CHALLENGER,) * 20
    verdict = InterleavingVerdict(clear)
    assert verdict.decision[0] == CHALLENGER and verdict.decision[1] < 20
    turned = InterleavingVerdict(clear + (CHAMPION,) * 60)
    assert turned.decision == verdict.decision
    assert "20" not in str(verdict.sentence) and str(verdict.decision[1]) in str(verdict.sentence)


def test_no_difference_that_matters_needs_many_searches():
    even = (CHAMPION, CHALLENGER) * 2000
    found, number = InterleavingVerdict(even).decision
    assert found == SAME and number > 500
    assert InterleavingVerdict(()).decision == ("", 0)
    assert InterleavingVerdict(()).interval == (0.0, 1.0)
