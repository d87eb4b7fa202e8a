"""The bias chart: marks by symbol and colour, small, legible on both themes, said in words."""

import json

import numpy as np
import pytest

from core.labels.bias import FavourMap, GroupBias, KindBias
from core.labels.groups import ATTRIBUTES, TextGroups
from core.reporting.charts import palette
from core.reporting.charts.bias_charts import bias_chart, bias_heatmap
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


def favours() -> FavourMap:
    """Together: returns too low in right pairs; BM25 too high in other pairs of billing."""
    difference, sign = np.zeros((2, 3, 4)), np.zeros((2, 3, 4), int)
    difference[0, 0, 2], sign[0, 0, 2] = -0.12, -1
    difference[1, 2, 0], sign[1, 2, 0] = 0.2, 1
    difference[0, 2, 0] = -0.3  # larger, but not beyond chance
    difference[:, 1, 3] = np.nan
    return FavourMap(
        TextGroups(ATTRIBUTES["category"], np.zeros(4, np.int32), NAMES), difference, sign
    )


def test_map_shows_what_is_beyond_chance_and_frames_it():
    """A larger difference that chance explains must not hide a smaller one that it does not."""
    found = favours()
    chart = bias_heatmap(found, ["MiniLM " * 9, "BM25"], translate)
    document = json.loads(chart.figure.to_json())
    assert len(chart.figure.to_json()) < 20_000 and "NaN" not in chart.figure.to_json()
    cells = next(trace for trace in document["data"] if trace["type"] == "scatter")
    assert cells["text"][2] == "+20" and cells["text"][2 * 3] == "−12"
    assert cells["text"][3 * 3 + 1] == "–"
    framed = {(shape["x0"] + 0.47, shape["y0"] + 0.44) for shape in document["layout"]["shapes"]}
    assert framed == {(0, 2), (2, 0)}
    # Symmetric: the same distance has the same strength, whatever its sign.
    heat = next(trace for trace in document["data"] if trace["type"] == "heatmap")
    assert heat["zmin"] == -heat["zmax"] == -20
    assert found.worst == (0, 2) and found.severity == pytest.approx((0.12, 0.2))


def test_long_names_are_cut_and_whole_at_the_pointer():
    layout = bias_heatmap(favours(), ["MiniLM " * 30, "BM25"], translate).figure.layout
    long = [note for note in layout.annotations if len(note.hovertext or "") > 40]
    assert len(long) == 2 and all(len(n.text) < len(n.hovertext) for n in long)
    assert all("<b>co" not in note.text + note.hovertext for note in layout.annotations)


@pytest.mark.parametrize(
    ("page", "text"), [("#ffffff", "#1c2733"), ("#12171e", "#e6ebf1")], ids=["light", "dark"]
)
def test_text_on_the_strongest_tint_is_legible(page, text):
    """Contrast of at least 4.5:1 (WCAG 2.2, 1.4.3) with the theme's text colours."""

    def channels(colour):
        return np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255

    def luminance(rgb):
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for _, colour in palette.DIVERGING:
        *rgb, share = (float(part) for part in colour[5:-1].split(","))
        mixed = share * np.array(rgb) / 255 + (1 - share) * channels(page)
        light, dark = sorted([luminance(mixed), luminance(channels(text))], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, colour
