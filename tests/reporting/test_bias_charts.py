"""The bias chart: marks by symbol and colour, small, legible on both themes, said in words."""

import json

import numpy as np
import pytest

from core.labels.bias import ExpertBias, GroupBias, KindBias
from core.labels.groups import ATTRIBUTES, TextGroups
from core.reporting.charts import palette
from core.reporting.charts.bias_charts import bias_chart, expert_bias_table
from core.types import Interval


def translate(text):
    return f"«{text}»"


def kind(means, p):
    means = np.array(means)
    with np.errstate(invalid="ignore"):
        return KindBias(means, means - 0.05, means + 0.05, means - np.nanmean(means), np.array(p))


NAMES = ("billing", "delivery & <b>co</b>", "returns", "size " * 12)


def bias(right_p=(1, 1, 1, 1)):
    precision = (*(Interval(0.4, 0.3, 0.5),) * 3, Interval(np.nan, np.nan, np.nan))
    return GroupBias(
        TextGroups(ATTRIBUTES["category"], np.zeros(4, np.int32), NAMES),
        kind([0.8, 0.5, 0.5, np.nan], right_p),
        kind([0.1, 0.1, 0.3, 0.2], [1, 1, 0.001, 1]),
        precision,
        np.ones((2, 4), int),
    )


CHARTS = {
    "now": lambda: bias_chart(bias((0.01, 0.01, 1, 1)), translate),
    "before and after": lambda: bias_chart(bias(), translate, bias((0.01, 1, 1, 1))),
}


@pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS.keys())
def test_chart_is_small_valid_and_tied_to_no_theme(make):
    document = make().figure.to_json()
    assert len(document) < 20_000
    assert "NaN" not in document and "<b>co" not in document
    layout = json.loads(document)["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"


def test_marked_groups_differ_in_symbol_and_colour():
    """Colour alone is lost on some eyes and on paper."""
    right = json.loads(CHARTS["now"]().figure.to_json())["data"][0]["marker"]
    assert right["symbol"] == ["triangle-right", "triangle-left", "circle", "circle"]
    assert right["color"] == [palette.WORSE] * 2 + [palette.RIGHT] * 2


def test_labels_read_from_0_to_100_as_everywhere_else():
    chart = CHARTS["now"]()
    right, _, precision = json.loads(chart.figure.to_json())["data"]
    assert right["x"] == [80, 50, 50, None] and right["error_x"]["array"][0] == 5
    assert precision["x"][0] == 0.4  # a share, no label
    assert list(chart.table["«Right answers»: «mean label»"])[:3] == [80, 50, 50]
    assert "right answers 50 to 80, other pairs 10 to 30" in str(chart.summary)


def test_before_is_drawn_hollow_beside_now():
    traces = json.loads(CHARTS["before and after"]().figure.to_json())["data"]
    assert [trace["marker"]["symbol"] == "circle-open" for trace in traces] == [True, False] * 3


@pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS.keys())
def test_sentence_and_table_say_what_the_chart_shows(make):
    chart = make()
    assert str(chart.summary).endswith(".")
    json.dumps(chart.summary.to_json())
    assert list(chart.table["«Group»"]) == list(NAMES)
    assert all("«" in column for column in chart.table.columns)
    if "before" in str(chart.summary):
        assert any("before" in column for column in chart.table.columns)


def test_table_of_experts_lists_only_groups_in_which_one_stands_out():
    excess = np.zeros((2, 2, 4))
    excess[1, 0, 2], sign = -0.2, np.zeros((2, 2, 4), int)
    sign[1, 0, 2] = -1
    excess[0, 0, 2] = np.nan
    found = ExpertBias(excess, excess, sign)
    table = expert_bias_table(found, NAMES, ["MiniLM", "BM25"], translate)
    assert table.to_numpy().tolist() == [["returns", "«Right answers»", "–", "−20.0 ▼"]]
    assert found.worst == [(1, 2)]
