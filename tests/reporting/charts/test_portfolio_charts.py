"""The picture of gains: projects and benchmark sets are told apart, without colour, too."""

from __future__ import annotations

from core.evaluation.statistics import random_effects
from core.reporting.charts.portfolio_charts import gains_forest


def test_projects_sets_and_the_mean_have_marks_of_their_own():
    summary = random_effects([0.05, 0.06, 0.10], [0.0001] * 3)
    mine = {"Shop": (0.05, 0.03, 0.07), "Intranet": (0.06, 0.04, 0.08)}
    chart = gains_forest(mine, {"shop_faq_en": (0.10, 0.08, 0.12)}, summary, lambda text: text)
    marks = {trace.name: trace.marker.symbol for trace in chart.figure.data}
    assert marks == {"your project": "circle", "benchmark set": "diamond", "mean": "square"}
    assert list(chart.figure.layout.yaxis.ticktext) == ["Shop", "Intranet", "shop_faq_en", "mean"]
    assert list(chart.table["Kind"]) == ["your project"] * 2 + ["benchmark set", "mean"]
    assert "Your projects (2) and sets of the benchmark (1)" in str(chart.summary)
    alone = gains_forest(mine, {}, summary, lambda text: text)
    assert [trace.name for trace in alone.figure.data] == ["your project", "mean"]
