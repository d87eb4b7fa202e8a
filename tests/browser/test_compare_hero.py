"""Compare on one screen: verdict, question box and both lists, in either language."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PATIENCE
from tests.reporting.finished_journey import EVIL, FinishedJourney, finished_journey

pytestmark = pytest.mark.browser

SCREEN = {"width": 1280, "height": 800}
HERO, BOX = ".st-key-verdict_hero", ".st-key-question_box"
LISTS = '[class*="st-key-two_lists_asked"]'


def within_the_screen(page, *parts: str) -> None:
    """Nobody scrolls, and the bar with the next step covers nothing."""
    bar = page.locator(".st-key-action_bar")
    lowest = bar.bounding_box()["y"] if bar.count() else SCREEN["height"]
    for part in parts:
        box = page.locator(part).first.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= lowest, (part, box, lowest)
        assert box["height"] > 60, (part, box)


@pytest.fixture(scope="module")
def made(shared_server) -> FinishedJourney:
    return finished_journey(shared_server.workspace)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_verdict_question_and_both_lists_fit_one_screen(shared_server, page, made, language):
    page.set_viewport_size(SCREEN)
    page.goto(
        f"{shared_server.url}/compare?project={made.project.id}&lang={language}", timeout=PATIENCE
    )
    page.locator(BOX).wait_for(timeout=PATIENCE)
    page.wait_for_timeout(2000)
    within_the_screen(page, HERO, BOX)
    dots = page.locator(f"{HERO} img")
    assert dots.count() == 2
    assert all(dots.nth(i).get_attribute("alt").count("100") for i in range(2))
    examples = page.locator(f"{BOX} .stButton button")
    names = examples.evaluate_all("all => all.map(one => one.innerText)")
    assert len(set(names)) == 3, "three wins; on these data no question got worse"

    examples.first.click()
    page.locator(LISTS).wait_for(timeout=PATIENCE)
    page.wait_for_timeout(2000)  # the verdict makes room
    within_the_screen(page, HERO, BOX, LISTS)
    rows = page.locator(f'{LISTS} [class*="st-key-answer_row_"]')
    boxes = [rows.nth(i).bounding_box() for i in range(rows.count())]
    assert len(boxes) == 10 and len({round(box["height"]) for box in boxes}) == 1
    lines = page.locator(f'{LISTS} [class*="st-key-answer_lines_"] img').bounding_box()
    assert abs(lines["y"] - boxes[0]["y"]) < 2, "the lines begin at the first row"
    assert abs(lines["height"] - 5 * boxes[0]["height"]) < 3
    assert page.locator(f'{LISTS} [class*="st-key-answer_row_right_"]').count() >= 1
    assert page.locator(f"{LISTS} script").count() == 0 and EVIL in page.locator(LISTS).inner_text()

    field = page.locator(f"{BOX} input")
    field.fill("my tent has a hole")
    field.press("Enter")
    page.locator(f'{LISTS} [class*="st-key-answer_row_right_"]').first.wait_for(
        state="detached", timeout=PATIENCE
    )
    answers = page.locator(f'{LISTS} [class*="st-key-answer_row_other_"]')
    answers.nth(9).wait_for(timeout=PATIENCE)  # the lists are drawn one row after the other
    page.locator('[data-test-script-state="notRunning"]').wait_for(timeout=PATIENCE)
    within_the_screen(page, HERO, BOX, LISTS)
    assert answers.count() == 10
    assert (
        page.locator('[data-testid="stException"], [data-testid="stAlertContentError"]').count()
        == 0
    )
