"""The savings calculator: its own figures, the verdict's interval, nothing hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as some

from core.errors import ComparisonError
from core.evaluation.cost import TOP1, SavingsInput, savings
from core.types import Difference

GAIN = Difference(
    regime="known",
    metric=TOP1,
    before=0.5,
    after=0.6,
    difference=0.1,
    low=0.05,
    high=0.15,
    p=0.001,
    wins=30,
    ties=60,
    losses=10,
    questions=100,
    groups=40,
    word="better",
    smallest_detectable=0.04,
)
INPUTS = SavingsInput(questions_per_month=12_000, minutes_per_miss=5, hourly_cost=60)


def test_worked_by_hand():
    """12,000 questions × 0.1 = 1,200 misses fewer = 100 hours = 6,000 a month."""
    found = savings(INPUTS, GAIN)
    assert (found.middle.questions, found.middle.hours) == (pytest.approx(1200), pytest.approx(100))
    assert [one.money for one in (found.low, found.middle, found.high)] == pytest.approx(
        [3000, 6000, 9000]
    )


@given(
    low=some.floats(-1, 1),
    width=some.floats(0, 1),
    questions=some.integers(0, 10**8),
    minutes=some.floats(0, 1e4),
)
def test_low_middle_high_stay_in_order_and_a_loss_stays_a_loss(low, width, questions, minutes):
    gain = replace(GAIN, low=low, difference=low + width / 2, high=low + width)
    found = savings(replace(INPUTS, questions_per_month=questions, minutes_per_miss=minutes), gain)
    assert found.low.money <= found.middle.money <= found.high.money
    assert found.low.money * low >= 0


def test_gain_that_is_not_shown_is_said_first():
    found = savings(INPUTS, replace(GAIN, low=-0.02, word="not shown"))
    assert not found.shown and "may be chance" in str(found.assumptions[0])
    assert all(str(line) for line in savings(INPUTS, GAIN).assumptions)


def test_wrong_input_is_refused():
    with pytest.raises(ComparisonError, match="must not be below"):
        SavingsInput(minutes_per_miss=-1)
    with pytest.raises(ComparisonError, match="no savings measure"):
        SavingsInput(measure="ndcg@10")
    with pytest.raises(ComparisonError, match="ask for"):
        savings(INPUTS, replace(GAIN, regime="unseen"))


def test_running_costs_are_time_by_price():
    from core.evaluation.cost import RunningPrices, running_costs
    from core.experts.speed import Speed

    speed = Speed(200.0, 190.0, 210.0, 36.0, 40.0, 90.0, "cpu", 64, 5)
    prices = RunningPrices(3.6, 50_000, reindexes_per_year=12, retrainings_per_year=6)
    found = running_costs(prices, speed, answers=10_000, retraining_seconds=600.0)
    assert found.thousand_searches == pytest.approx(36 * 0.001)  # 36 s at a thousandth a second
    assert (found.reindex_seconds, found.reindex) == pytest.approx((50.0, 0.05))
    assert found.retraining == pytest.approx(0.6)
    assert found.month == pytest.approx(0.036 * 50 + 0.05 + 0.6 / 2)
    kept = running_costs(prices, speed, 10_000, 600.0, reindexed=False)
    assert (kept.reindex, kept.reindex_seconds) == (0, 0)
    with pytest.raises(ComparisonError, match="below 0"):
        RunningPrices(machine_hour=-1)
