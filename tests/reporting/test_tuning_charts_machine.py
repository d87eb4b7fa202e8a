"""Pace, learning rate and memory of a run: small, complete, and honest about what is absent."""

from __future__ import annotations

import pytest

from core.reporting.charts.tuning_charts import GAUGES, POINTS, machine_chart


def keep(text: str) -> str:
    return text


def told(steps: int) -> list[dict[str, float]]:
    return [
        {"step": n, "loss": 1.0, "learning_rate": 1e-5 * n, "labels_per_s": 500, "memory_mb": 2000}
        for n in range(1, steps + 1)
    ]


def test_every_gauge_is_drawn_and_its_numbers_are_in_the_table():
    chart = machine_chart([{"step": 0, "validation": 0.5}, *told(20)], keep)
    assert len(chart.figure.data) == len(GAUGES)
    assert list(chart.table.columns) == ["Step", *(gauge.title for gauge in GAUGES)]
    assert chart.table["Learning rate"].iloc[-1] == pytest.approx(2e-4)
    assert chart.table["Memory (GB)"].iloc[-1] == 2.0
    assert "500 labels per second; at most 2.00 GB" in str(chart.summary)


def test_long_run_stays_small():
    chart = machine_chart(told(20_000), keep)
    assert all(len(trace.x) <= POINTS for trace in chart.figure.data)
    assert len(chart.figure.to_json()) < 100_000


def test_run_of_an_earlier_version_has_no_memory():
    """An empty third of a figure reads as "no memory was taken"."""
    rows = [{k: v for k, v in row.items() if k != "memory_mb"} for row in told(5)]
    chart = machine_chart(rows, keep)
    assert len(chart.figure.data) == 2 and "Memory (GB)" not in chart.table
    assert "Nothing was measured yet" in str(machine_chart([{"step": 1, "loss": 2}], keep).summary)
