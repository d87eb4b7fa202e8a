"""Charts of a run: small however long it was, the best marked, honest about what is absent."""

from __future__ import annotations

import numpy as np
import pytest

from core.reporting.charts.tuning_charts import (
    GAUGES,
    POINTS,
    learning_curve,
    machine_chart,
    quality_line,
    rising_line,
    thinned,
)


def metrics(steps: int, every: int) -> list[dict[str, float]]:
    told: list[dict[str, float]] = [
        {"step": 0, "validation": 0.5, "validation_known": 0.6, "validation_unseen": 0.4}
    ]
    for step in range(1, steps + 1):
        told.append({"step": step, "loss": 2.0 / step})
        if step % every == 0:
            score = 0.5 + 0.3 * np.sin(step / steps * 3)
            told.append({"step": step, "validation": score, "validation_known": score + 0.1})
    return told


def test_best_check_is_marked_and_said():
    told = metrics(100, 10)
    chart = learning_curve(told, str)
    best = max((m for m in told if "validation" in m), key=lambda m: m["validation"])
    star = next(trace for trace in chart.figure.data if trace.name == "Best")
    assert list(star.x) == [best["step"]] and abs(star.y[0] - best["validation"]) < 1e-4
    assert f"{best['validation']:.3f} at the best one, after step {best['step']}" in str(
        chart.summary
    )
    assert str(chart.summary).startswith("Search quality")
    row = chart.table[chart.table["Step"] == best["step"]].iloc[0]
    assert abs(row["Mean validation nDCG@10"] - best["validation"]) < 1e-4


def test_state_that_a_finished_run_kept_is_marked_not_the_highest():
    """Of states that differ by chance the later is kept, and the page says its figure."""
    told = metrics(100, 10)
    checks = [m for m in told if "validation" in m]
    last = checks[-1]
    assert last["validation"] < max(m["validation"] for m in checks)
    chart = learning_curve(told, str, kept=100)
    star = next(trace for trace in chart.figure.data if trace.name == "Kept")
    assert (list(star.x), list(star.text)) == ([100], [f"{last['validation']:.3f}"])
    assert f"{last['validation']:.3f} at the one that was kept, after step 100" in str(
        chart.summary
    )
    (star,) = (one for one in quality_line(told, str, 100).figure.data if one.name == "Kept")
    assert list(star.x) == [100]
    firsts = [m | {"first": 0.3 + 0.1 * n} for n, m in enumerate(checks)]
    line = rising_line(firsts, str, kept=20)
    assert [text for text in line.figure.data[0].text if text] == ["<b>50</b>"]
    assert "50 instead of 30" in str(line.summary)
    long = metrics(20_000, 10)
    places = rising_line([m | {"first": 0.5} for m in long if "validation" in m], str, kept=12_340)
    assert 12_340 in places.figure.data[0].x, "also where not every check is drawn"


def test_the_one_line_of_a_run_says_what_it_draws():
    told = [{"step": 0, "validation": 0.5, "first": 0.312}, {"step": 4, "loss": 1.0}]
    assert "31 find the right answer first, as before" in str(rising_line(told, str).summary)
    told.append({"step": 8, "validation": 0.6, "first": 0.449})
    chart = rising_line(told, str)
    assert str(chart.summary) == (
        "Of 100 validation questions, 45 instead of 31 find the right answer first."
    )
    (line,) = chart.figure.data
    assert (list(line.x), list(line.y)) == ([0, 8], [31, 45])
    assert list(line.text) == ["", "<b>45</b>"]
    assert [shape.y0 for shape in chart.figure.layout.shapes] == [31]  # the base model's
    assert chart.table["Right answer first, of 100"].tolist() == [31, 45]
    told.append({"step": 16, "validation": 0.58, "first": 0.46})
    chart = rising_line(told, str)
    assert list(chart.figure.data[0].text) == ["", "<b>45</b>", ""], "the state that is kept"
    assert "45 instead of 31" in str(chart.summary)
    assert "Nothing was measured yet" in str(rising_line([{"step": 1, "loss": 2.0}], str).summary)


def test_long_run_stays_small():
    """A day of training has 100,000 points: they would freeze the browser every second."""
    chart = learning_curve(metrics(20_000, 10), str)
    assert all(len(trace.x) <= POINTS for trace in chart.figure.data)
    assert len(chart.figure.to_json()) < 100_000


def test_thinning_keeps_the_mean_and_the_order():
    points = [(float(i), float(i % 7)) for i in range(1200)]
    thin = thinned(points)
    assert thin.shape == (POINTS, 2)
    np.testing.assert_allclose(thin.mean(axis=0), np.mean(points, axis=0))
    assert (np.diff(thin[:, 0]) > 0).all()
    assert thinned([]).shape == (0, 2)


def test_run_without_validation_or_without_anything():
    only_loss = learning_curve([{"step": 1, "loss": 2.0}, {"step": 9, "loss": 0.5}], str)
    assert "from 2.000 to 0.500" in str(only_loss.summary)
    assert "Nothing was measured yet" in str(learning_curve([], str).summary)
    one = learning_curve([{"step": 0, "validation": 0.5, "validation_known": 0.5}], str)
    assert [trace.name for trace in one.figure.data] == ["Mean", "Best"]  # one regime is the mean


def metrics_of_a_machine(steps: int) -> list[dict[str, float]]:
    return [
        {"step": n, "loss": 1.0, "learning_rate": 1e-5 * n, "labels_per_s": 500, "memory_mb": 2000}
        for n in range(1, steps + 1)
    ]


def test_every_gauge_is_drawn_and_its_numbers_are_in_the_table():
    chart = machine_chart([{"step": 0, "validation": 0.5}, *metrics_of_a_machine(20)], str)
    assert len(chart.figure.data) == len(GAUGES)
    assert list(chart.table.columns) == ["Step", *(gauge.title for gauge in GAUGES)]
    assert chart.table["Learning rate"].iloc[-1] == pytest.approx(2e-4)
    assert chart.table["Memory (GB)"].iloc[-1] == 2.0
    assert "500 labels per second; at most 2.00 GB" in str(chart.summary)


def test_machine_of_a_long_run_stays_small():
    chart = machine_chart(metrics_of_a_machine(20_000), str)
    assert all(len(trace.x) <= POINTS for trace in chart.figure.data)
    assert len(chart.figure.to_json()) < 100_000


def test_run_of_an_earlier_version_has_no_memory():
    """An empty third of a figure reads as "no memory was taken"."""
    rows = [{k: v for k, v in row.items() if k != "memory_mb"} for row in metrics_of_a_machine(5)]
    chart = machine_chart(rows, str)
    assert len(chart.figure.data) == 2 and "Memory (GB)" not in chart.table
    assert "Nothing was measured yet" in str(machine_chart([{"step": 1, "loss": 2}], str).summary)
