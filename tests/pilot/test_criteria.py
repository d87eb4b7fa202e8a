"""When to learn again: each criterion by itself, and no oftener by chance than it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import DataError
from core.pilot import criteria
from core.pilot.criteria import CHANGED, DISAGREE, JUDGED, LOST, SATISFACTION, UNLIKE
from core.types.comparison import Interval, OfHundred
from core.types.watch_looks import (
    NO_MODEL,
    NO_SEARCHES,
    AnswerChanges,
    BestScores,
    ChangedAnswer,
    CriterionState,
    DriftLook,
    ExpertAgreement,
    FalseAlarms,
    FrozenVerdict,
    Mix,
    Unlike,
    WatchCriteria,
    WatchLook,
    WeekOfSearches,
)

QUIET = WatchLook(
    *("2026-11-26T12:00:00.000+00:00", "2026-11-19T12:00:00.000+00:00", "model", "", "d", "d"),
    *(0, 0, None, NO_SEARCHES, (), None, (), None, NO_MODEL),
    answers=AnswerChanges(100, (), 0),
    judged=0,
)
DEFAULTS = WatchCriteria()


def weeks(*counts: tuple[int, int]) -> tuple[WeekOfSearches, ...]:
    return tuple(WeekOfSearches(f"w{n}", all_ + 5, 5, good, all_ - good) for n, (good, all_) in
                 enumerate(counts))  # fmt: skip


def hundred(after: int, regime: str = "known") -> OfHundred:
    return OfHundred(regime, after, 0, 0, 100 - after, 0.0, 1.0, 50, "better")


def state(look: WatchLook, key: str, wanted: WatchCriteria = DEFAULTS) -> CriterionState:
    (found,) = (s for s in criteria.judged_by(look, wanted).criteria if s.key == key)
    return found


def test_nothing_holds_where_nothing_happened_and_every_state_has_words():
    look = criteria.judged_by(QUIET, DEFAULTS)
    assert [one.key for one in look.criteria] == list(criteria.CRITERIA)
    assert look.fired == ()
    for one in look.criteria:
        assert str(criteria.state_told(one)) and str(criteria.chance_told(one))
        assert criteria.CRITERIA[one.key].told(one.limit) in str(
            criteria.rule_told(one.key, DEFAULTS)
        )


def test_what_is_switched_off_says_nothing():
    off = WatchCriteria(unlike=None, judged=None, fall=None, changed=None, lost=None, disagree=None)
    assert criteria.judged_by(replace(QUIET, judged=900), off).criteria == ()


def test_questions_unlike_anything_ring_by_the_test_and_not_by_the_share_alone():
    def drifted(rings: bool) -> WatchLook:
        unlike = Unlike(Interval(0.2, 0.1, 0.4), (), 0.0001 if rings else 0.2, 0.002)
        drift = DriftLook(40, unlike, Mix(0.6, 1, 0, 1), BestScores(0.7, 0.7, 0.5, 0.1))
        return replace(QUIET, drift=drift, no_drift="", simulated=FalseAlarms(200, 1, 0.26))

    rung, not_rung = state(drifted(True), UNLIKE), state(drifted(False), UNLIKE)
    assert rung.fires and not not_rung.fires
    assert "may be chance" in str(criteria.state_told(not_rung))
    assert "20% of 40" in str(criteria.state_told(rung))
    assert "0.3 times a year" in str(criteria.chance_told(rung))


def test_few_known_questions_make_it_stricter_and_it_is_said():
    def drifted(tolerated: float, simulated: FalseAlarms | None) -> CriterionState:
        unlike = Unlike(Interval(0.3, 0.2, 0.4), (), 0.0001, 0.002, tolerated)
        drift = DriftLook(40, unlike, Mix(0.6, 1, 0, 1), BestScores(0.7, 0.7, 0.5, 0.1))
        return state(replace(QUIET, drift=drift, no_drift="", simulated=simulated), UNLIKE)

    raised = drifted(0.16, FalseAlarms(5000, 5, 0.05))
    assert (raised.limit, raised.as_set, raised.fires) == (0.16, 0.10, True)
    assert "counts from 16% on" in str(criteria.raised_told(raised))
    plain = drifted(0.10, FalseAlarms(5000, 5, 0.05))
    assert plain.as_set is None and criteria.raised_told(plain) is None
    unknown = drifted(0.10, None)
    assert not unknown.fires and "Fewer than 40" in str(criteria.chance_told(unknown))


def test_experts_that_disagree_more_than_they_did_hold_by_the_test():
    def agreed(now: float, p: float, simulated: FalseAlarms | None) -> CriterionState:
        ends = Interval(0.6, 0.5, 0.7), Interval(now, now - 0.1, now + 0.1)
        found = ExpertAgreement(*ends, 300, 40, p, 0.002, 0.10, (), simulated=simulated)
        return state(replace(QUIET, agreement=found, no_agreement=""), DISAGREE)

    seldom = FalseAlarms(5000, 0, 0.0)
    fell = agreed(0.3, 0.0001, seldom)
    assert fell.fires and fell.value == pytest.approx(0.3) and fell.way == 1
    assert "agree by 30 points less" in str(criteria.state_told(fell))
    assert "may be chance" in str(criteria.state_told(agreed(0.4, 0.2, seldom)))
    assert "as much as" in str(criteria.state_told(agreed(0.7, 1.0, seldom)))
    assert not agreed(0.3, 0.0001, None).fires


def test_counts_hold_from_their_limit_on():
    for judged, holds in ((49, False), (50, True)):
        found = state(replace(QUIET, judged=judged), JUDGED)
        assert found.fires is holds and found.way == pytest.approx(min(judged / 50, 1))
    changed = tuple(ChangedAnswer(n, -1, ()) for n in range(10))
    assert state(replace(QUIET, answers=AnswerChanges(100, changed, 3)), CHANGED).fires
    assert not state(replace(QUIET, answers=AnswerChanges(101, changed, 3)), CHANGED).fires


def test_the_frozen_test_counts_the_larger_loss_of_then_and_today():
    verdict = FrozenVerdict("d", (hundred(70),), (hundred(70),), (), (hundred(66),))
    found = state(replace(QUIET, verdict=verdict), LOST)
    assert (found.value, found.fires) == (4, True)
    same = replace(verdict, today=())
    found = state(replace(QUIET, verdict=same), LOST)
    assert (found.value, found.fires) == (0, False)
    better = replace(verdict, today=(hundred(90),))
    assert state(replace(QUIET, verdict=better), LOST).value == 0
    assert state(replace(QUIET, verdict=replace(verdict, then=())), LOST).value is None


def test_satisfaction_falls_only_if_every_week_lies_below_and_chance_does_not_explain_it():
    before = [(80, 100)] * 6

    def found(*last: tuple[int, int]) -> CriterionState:
        return state(replace(QUIET, weeks=weeks(*before, *last)), SATISFACTION)

    fell = found((60, 100), (55, 100))
    assert fell.fires and fell.value == pytest.approx(0.2)
    assert not found((60, 100), (78, 100)).fires, "one week alone is none of two"
    few = found((3, 5), (3, 5))
    assert not few.fires and few.value == pytest.approx(0.2)
    assert "may be chance" in str(criteria.state_told(few))
    assert "does not lie below" in str(criteria.state_told(found((85, 100), (90, 100))))
    assert state(replace(QUIET, weeks=weeks((1, 4), (0, 3))), SATISFACTION).value is None
    assert found((60, 100), (0, 0)).value is None, "a silent week says nothing"


def test_what_is_told_of_false_alarms_is_what_years_without_a_change_bring():
    rng = np.random.default_rng(4)
    alarms = looks = 0
    for _ in range(300):
        drawn = [(int(rng.binomial(30, 0.8)), 30) for _ in range(12)]
        alarms += state(replace(QUIET, weeks=weeks(*drawn)), SATISFACTION).fires
        looks += 1
    told = state(replace(QUIET, weeks=weeks(*[(24, 30)] * 12)), SATISFACTION).a_year
    assert alarms / looks * 365 / 7 <= 0.6
    assert told is not None and told <= 0.15


@pytest.mark.parametrize(
    "wrong",
    [
        {"unlike": 0.03},
        {"judged": 0},
        {"fall": 2.0},
        {"changed": 0.0},
        {"weeks": 0},
        {"days": 400},
        {"false_alarms": 0.9},
    ],
)
def test_a_limit_out_of_range_is_refused(wrong):
    with pytest.raises(DataError, match="go"):
        criteria.checked(replace(DEFAULTS, **wrong))
