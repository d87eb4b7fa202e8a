"""Charts are read by eye, by screen readers and over slow lines: all three are checked."""

import json

import numpy as np
import pytest

from core.labels.pair_sample import PairSample
from core.reporting.charts import palette
from core.reporting.charts.data_charts import split_picture
from core.reporting.charts.expert_charts import agreement_heatmap, expert_quality_bars
from core.reporting.charts.label_charts import arrow_chart, label_histogram, score_histograms

NAMES = [f"expert <b>{i}</b> with quite a long name & sign" for i in range(8)]


def translate(text):
    return f"«{text}»"


@pytest.fixture(scope="module")
def charts():
    rng = np.random.default_rng(0)
    n = 20_000
    kind = np.repeat(["right", "hard", "random"], [2000, 8000, 10000])
    right = kind == "right"
    raw = np.clip(0.3 + 0.4 * right + 0.2 * rng.normal(size=(8, n)), 0, 1).astype(np.float32)
    raw[3, ::2] = np.nan
    rows = np.arange(n, dtype=np.int32)
    sample = PairSample(rows // 20, rows % 20, kind, raw, np.ones(n), tuple(NAMES))
    matrix = np.corrcoef(np.nan_to_num(raw))
    counts = {"train": (380, 95), "validation_known": (95, 95), "test_known": (474, 95)}
    quality = rng.random(8)
    return {
        "scores": score_histograms(sample, raw, raw[0], NAMES, translate),
        "label": label_histogram(
            sample, raw[0], translate, in_use=raw[1], before=raw[2], cuts=(0.1, 0.9)
        ),
        "agreement": agreement_heatmap(matrix, NAMES, translate),
        "quality": expert_quality_bars(NAMES, quality, quality - 0.1, quality + 0.1, translate),
        "split": split_picture(counts | {"validation_unseen": (9, 2)}, translate),
        "hard labels only": score_histograms(
            sample, np.empty((0, n)), sample.hard_label, [], translate
        ),
        "one expert": agreement_heatmap(np.eye(1), NAMES[:1], translate),
        "no interval": expert_quality_bars(NAMES[:1], [0.5], [np.nan], [np.nan], translate),
        "no experts": expert_quality_bars([], [], [], [], translate),
    }


KEYS = ["scores", "label", "agreement", "quality", "split"]
EDGES = ["hard labels only", "one expert", "no interval", "no experts"]


@pytest.mark.parametrize("key", KEYS + EDGES)
def test_chart_is_small_and_valid(charts, key):
    """Raw pairs sent to the browser would be megabytes for each move of a slider."""
    document = charts[key].figure.to_json()
    assert len(document) < 20_000
    assert "NaN" not in document and "Infinity" not in document
    assert {trace["type"] for trace in json.loads(document)["data"]} <= {
        "bar",
        "scatter",
        "heatmap",
    }


@pytest.mark.parametrize("key", KEYS + EDGES)
def test_no_colour_is_tied_to_one_theme(charts, key):
    figure = json.loads(charts[key].figure.to_json())
    layout = json.dumps(figure["layout"])
    assert figure["layout"]["paper_bgcolor"] == figure["layout"]["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert '"font": {"color"' not in layout and "#fff" not in layout and "white" not in layout
    assert "layout" in figure["layout"]["template"]  # where Streamlit's theme writes its colours


@pytest.mark.parametrize("key", KEYS + EDGES)
def test_sentence_and_table_say_what_the_chart_shows(charts, key):
    chart = charts[key]
    assert str(chart.summary).endswith(".")
    json.dumps(chart.summary.to_json())  # survives in an event log
    translated = [column for column in chart.table.columns if column not in NAMES]
    assert all(column.startswith("«") for column in translated)


def test_everything_the_reader_reads_is_translated(charts):
    for key in KEYS:
        figure = charts[key].figure
        for axis in [*figure.select_xaxes(), *figure.select_yaxes()]:
            assert axis.title.text is None or axis.title.text.startswith("«")
        named = [trace.name for trace in figure.data if trace.name]
        assert all(name.startswith("«") for name in named)


def test_right_and_other_pairs_keep_their_colours_and_sum_to_everything(charts):
    for key in ("scores", "label"):
        bars = [trace for trace in charts[key].figure.data if trace.type == "bar"]
        assert {bar.marker.color for bar in bars} == {palette.RIGHT, palette.OTHER}
        for bar in bars:
            assert sum(bar.y) == pytest.approx(100, abs=0.3)
    assert len(charts["scores"].figure.data) == 2 * (len(NAMES) + 1)


def test_arrows_go_from_before_to_after_and_only_where_both_are_known(charts):
    before, after = np.array([0.2, 0.5, np.nan]), np.array([0.7, 0.504, 0.4])
    chart = arrow_chart(["one", "two", "three"], before, after, translate)
    arrows = [note for note in chart.figure.layout.annotations if note.showarrow]
    assert [(note.ax, note.x, note.y) for note in arrows] == [(20, 70, 0)]
    assert chart.summary.params == {"expert": "one", "points": "+50"}
    still = arrow_chart(["one"], before[:1], before[:1], translate)
    assert "No score moves" in str(still.summary)


def test_markup_in_an_experts_name_is_shown_as_text(charts):
    for key in ("scores", "agreement", "quality"):
        assert "<b>0" not in charts[key].figure.to_json().replace("\\u003c", "<")


def test_best_expert_is_on_top(charts):
    chart = charts["quality"]
    values = list(chart.table.iloc[:, 1])
    assert values == sorted(values, reverse=True)
    assert chart.figure.layout.yaxis.range[0] > chart.figure.layout.yaxis.range[1]
    assert chart.summary.params["best"] == chart.table.iloc[0, 0]


def test_split_picture_counts_what_it_was_given(charts):
    chart = charts["split"]
    assert chart.table.iloc[:, 2].tolist() == [380, 95, 9, 474, 0]
    assert "380 questions are learned from" in str(chart.summary)


def test_percentages_inside_the_edge_leave_the_lowest_bars_alone(charts):
    axis = charts["label"].figure.layout.yaxis
    highest = max(max(bar.y) for bar in charts["label"].figure.data if bar.yaxis != "y2")
    assert 1 <= len(axis.tickvals) <= 4
    assert min(axis.tickvals) > 0 and max(axis.tickvals) <= highest
