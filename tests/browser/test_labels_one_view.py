"""Labels in one view: what is set and what comes of it are on one screen, in both languages."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import PATIENCE, inside_the_screen, scored_sample

pytestmark = pytest.mark.browser

EXPERTS = ("wordllama-l2-supercat-256", "bm25", "tfidf")
SCREEN = {"width": 1280, "height": 800}
WORDS = {  # tabs, and the change of a pair that copies the question
    "en": ("Bias", "What if", "Question copied in", r"experts move by five points"),
    "ja": ("偏り", "もしも", "質問の写し", r"5 点以上動きます"),
}
ROOM = 8  # pixels: a slider has as much room below its track


@pytest.fixture
def scored(shared_server, language) -> str:
    """A project in the language, scored by three quick experts."""
    return scored_sample(shared_server, language, EXPERTS).id


def settle(page) -> None:
    for _ in range(2):  # a second run may follow the first
        page.wait_for_timeout(1000)
        page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


@pytest.mark.parametrize("language", WORDS)
def test_cause_and_effect_are_on_one_screen(shared_server, page, scored, language):
    """A slider whose chart is two screens further down teaches nobody what it does."""
    bias, what_if, echo, moves = WORDS[language]
    page.set_viewport_size(SCREEN)
    page.goto(f"{shared_server.url}/labels?lang={language}&project={scored}")
    page.get_by_role("tab").first.wait_for(timeout=PATIENCE)
    settle(page)
    chart = page.locator('[data-testid="stPlotlyChart"]').first
    inside_the_screen(chart, "histogram", ROOM)
    sliders = page.locator('[data-testid="stSlider"]')
    inside_the_screen(sliders.nth(0), "blend", ROOM)
    inside_the_screen(sliders.nth(1), "cut lines", ROOM)
    inside_the_screen(page.locator('[data-testid="stMetric"]').nth(3), "the last tile", ROOM)
    line, track = chart.bounding_box(), sliders.nth(1).bounding_box()
    assert abs(line["x"] - track["x"]) < 2 and abs(line["width"] - track["width"]) < 2

    before = page.locator('[data-testid="stMetricValue"]').all_inner_texts()
    low = page.locator('[data-testid="stSlider"]').nth(1).get_by_role("slider").first
    low.focus()
    for _ in range(60):  # a busy machine drops keys while it draws
        if low.input_value() == "15":
            break
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(50)
    settle(page)
    assert page.locator('[data-testid="stMetricValue"]').all_inner_texts()[:4] != before[:4]
    page.reload()
    page.get_by_role("tab").first.wait_for(timeout=PATIENCE)
    settle(page)
    low = page.locator('[data-testid="stSlider"]').nth(1).get_by_role("slider").first
    assert low.get_attribute("aria-valuenow") == "15" or low.input_value() == "15"

    page.get_by_role("tab", name=bias).click()
    settle(page)
    heat = page.locator('[data-testid="stPlotlyChart"]').first
    inside_the_screen(heat, "map of groups and experts", ROOM)
    box = heat.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 60, box["y"] + 60)  # keyword search by letters
    settle(page)
    judged_by = page.locator('[data-testid="stSelectbox"]').last.locator("input").first
    assert judged_by.input_value() == "TF-IDF"

    page.get_by_role("tab", name=what_if).click()
    settle(page)
    change = page.get_by_role("radio", name=echo).or_(page.get_by_role("button", name=echo)).first
    change.click()
    page.get_by_text(re.compile(moves)).first.wait_for(timeout=PATIENCE)
    settle(page)
    inside_the_screen(page.locator('[data-testid="stPlotlyChart"]').first, "arrows", ROOM)
    assert page.locator('[data-testid="stException"]').count() == 0
