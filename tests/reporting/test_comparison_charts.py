"""Charts of the vote, the map and the α-curve: what they draw, what they say, no markup."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.evaluation.preference import VoteTable, preference
from core.reporting.charts.comparison_charts import alpha_chart, map_chart, vote_chart
from core.tuning.mixing import SweepPoint

EVIL = "<img src=x onerror=alert(1)>"


def test_map_shows_texts_as_text_and_both_pictures_on_the_same_axes():
    points = np.random.default_rng(0).normal(size=(5, 2))
    chart = map_chart(points, points + 1, [EVIL, "q2"], ["a1", "a2", "a" * 500], str)
    assert EVIL not in chart.figure.to_json()
    hover = [text for trace in chart.figure.data for text in trace.text]
    assert len(hover) == 10 and max(map(len, hover)) < 200
    layout = chart.figure.layout
    assert (layout.xaxis2.matches, layout.yaxis2.matches) == ("x", "y")
    assert list(chart.table.columns) == ["Text", "Kind", "Moved by"]
    assert chart.table["Moved by"].iloc[0] == pytest.approx(2**0.5, abs=1e-3)
    assert "2 questions and 3 answers" in str(chart.summary)


def test_alpha_curve_marks_the_chosen_mix():
    sweep = [SweepPoint(a, 0.6 + 0.1 * a, generality=0.8 - 0.05 * a) for a in (1.0, 0.0, 0.5)]
    chart = alpha_chart(sweep, 0.5, str)
    assert list(chart.table["α"]) == [0.0, 0.5, 1.0]
    assert list(chart.table["Chosen"]) == ["", "✓", ""]
    assert chart.figure.data[1].x[0] == pytest.approx(0.775)
    assert "from 0.600 to 0.700" in str(chart.summary)
    assert alpha_chart(sweep[:1], 0.5, str) is None
    assert alpha_chart([replace(point, generality=None) for point in sweep], 0.5, str) is None


def test_vote_chart_says_what_it_draws():
    value = np.array([1.0] * 6 + [0.5] * 2 + [0.0] * 2)
    rows, nobody = np.arange(10), np.zeros(10, int)
    found = preference(VoteTable(value, rows, rows, nobody, nobody.astype(bool), np.zeros(10)))
    chart = vote_chart(found, EVIL, "New", str)
    assert EVIL not in chart.figure.to_json()
    assert [bar.x[0] for bar in chart.figure.data] == [20, 20, 60]
    assert "6 for New" in str(chart.summary)
    assert list(chart.table["Votes"]) == [2, 2, 6]
