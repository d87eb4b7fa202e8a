"""Texts of charts can be read: their colours on every ground that charts draw, in both themes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.reporting.charts import palette
from core.reporting.charts.chart import in_ink, side_by_side, style_axes

ROOT = Path(__file__).resolve().parents[2]
THEMES = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["theme"]
LEAST = 4.5  # WCAG 2.2, success criterion 1.4.3
Colour = tuple[float, float, float]


def parsed(text: str) -> tuple[Colour, float]:
    """Return red, green, blue in [0, 255] and opacity of ``#rrggbb`` or ``rgba(…)``."""
    if text.startswith("#"):
        return (int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)), 1.0
    red, green, blue, opacity = map(float, re.findall(r"[\d.]+", text))
    return (red, green, blue), opacity


def over(text: str, ground: Colour) -> Colour:
    """Return what a colour looks like on a ground."""
    colour, opacity = parsed(text)
    mixed = [opacity * c + (1 - opacity) * g for c, g in zip(colour, ground, strict=True)]
    return mixed[0], mixed[1], mixed[2]


def luminance(colour: Sequence[float]) -> float:
    """Return the relative luminance as WCAG defines it."""
    shares = [value / 255 for value in colour]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast(parsed("#808495")[0], (255, 255, 255)) == pytest.approx(3.7, abs=0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_of_charts_stands_out_from_every_ground(theme):
    """Numbers in the heat maps had 2.3 to 1, ticks and titles 3.7 to 1."""
    ink = parsed(THEMES[theme]["textColor"])[0]
    for key in ("backgroundColor", "secondaryBackgroundColor"):
        page = parsed(THEMES[theme][key])[0]
        scales = (palette.SEQUENTIAL, palette.DIVERGING)
        tints = [over(colour, page) for scale in scales for _, colour in scale]
        for ground in (page, *tints):
            assert contrast(ink, ground) >= LEAST, (theme, key, ground)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_captions_stand_out_too(theme):
    """Streamlit draws them in six tenths of the text's colour."""
    for key in ("backgroundColor", "secondaryBackgroundColor"):
        page = parsed(THEMES[theme][key])[0]
        red, green, blue = parsed(THEMES[theme]["textColor"])[0]
        assert contrast(over(f"rgba({red},{green},{blue},0.6)", page), page) >= LEAST


def test_every_text_of_a_figure_takes_the_colour_and_the_shared_figure_none():
    """Two visitors with different themes are shown the same cached figure."""
    figure = side_by_side(["one", "two"], 200, 0.1)
    figure.add_scatter(x=[1], y=[1], text=["t"], mode="markers+text", row=1, col=1)
    figure.add_scatter(x=[1], y=[1], row=1, col=2)
    style_axes(figure)
    figure.update_xaxes(title_text="labels")
    before = figure.to_dict()
    layout = in_ink(figure, "#123456").to_dict()["layout"]
    assert figure.to_dict() == before
    assert layout["font"]["color"] == layout["legend"]["font"]["color"] == "#123456"
    for axis in ("xaxis", "xaxis2", "yaxis", "yaxis2"):
        assert layout[axis]["tickfont"]["color"] == "#123456"
    assert layout["xaxis2"]["title"] == {
        "text": "labels",
        "standoff": 8,
        "font": {"color": "#123456"},
    }
    assert {note["font"]["color"] for note in layout["annotations"]} == {"#123456"}
