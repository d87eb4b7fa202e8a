"""Presenter mode in Chromium: walked by keyboard and clicker, every slide whole on a screen."""

from __future__ import annotations

import pytest

from core.jobs.folder import RunFolder, append_event
from core.journey import compare, experts, personal
from core.journey.people import voting
from core.types import SilentReporter
from pages.parts.present.slides import SLIDES
from tests.browser.conftest import PATIENCE
from tests.reporting.finished_journey import EVIL, finished_journey

pytestmark = pytest.mark.browser

HEARTS = {  # what a slide exists for
    "data": ".st-key-quoted_example",
    "experts": ".st-key-stage_chart_agreement",
    "labels": ".st-key-stage_chart_labels",
    "learning": ".st-key-stage_chart_learning",
    "verdict": ".st-key-told_verdict_known img",
    "wins": '[class*="st-key-moved_"]',
    "vote": ".st-key-stage_invitation img",
    "decision": ".st-key-told_decision",
}


@pytest.fixture
def made(server):
    """A finished project whose run was measured as it learned, and with a vote that is open."""
    made = finished_journey(server.workspace)
    workspace, project = made.workspace, made.project
    experts.run_scoring(workspace, project.load_dataset(), ("bm25", "tfidf"), SilentReporter())
    run = RunFolder(workspace.run_folder(made.tune_run))
    for step, quality in ((0, 0.55), (10, 0.60), (20, 0.62)):
        append_event(run, "metric", values={"step": step, "validation": quality})
    personal.allow_sharing(project, "invented", "ann")
    voting.start_round(
        project,
        compare.load_comparison(workspace, made.compare_run),
        made.compare_run,
        "ann",
        systems=("base", "tuned"),
        questions=3,
        needed=5,
    )
    return made


def open_slide(page, server, made, language, step="data"):
    page.goto(
        f"{server.url}/present?project={made.project.id}&lang={language}&step={step}",
        timeout=PATIENCE,
    )


def whole_on_screen(page, step, size):
    """The heart of the slide is drawn, and it, the title and the foot lie within the screen."""
    heart = page.locator(HEARTS[step])
    heart.first.wait_for(timeout=PATIENCE)
    if "chart" in HEARTS[step]:
        page.locator(f"{HEARTS[step]} .main-svg").first.wait_for(timeout=PATIENCE)
    page.locator('[data-test-script-state="notRunning"]').wait_for(timeout=PATIENCE)
    page.wait_for_timeout(500)
    boxes = [one.bounding_box() for one in heart.all()]
    boxes += [page.locator(part).first.bounding_box() for part in ("h1", ".st-key-stage_foot")]
    if "chart" in HEARTS[step]:
        boxes.append(page.locator(f"{HEARTS[step]} .main-svg").first.bounding_box())
    for box in boxes:
        assert box["width"] > 60 and box["height"] > 20, (step, box)
        assert box["x"] >= 0 and box["x"] + box["width"] <= size["width"] + 1, (step, box)
        assert box["y"] >= 0 and box["y"] + box["height"] <= size["height"] + 1, (step, box)
    foot = boxes[len(heart.all()) + 1]
    for box in (*boxes[: len(heart.all())], *boxes[len(heart.all()) + 2 :]):
        assert box["y"] + box["height"] <= foot["y"] + 1, (step, box, foot)
    scrolls = page.evaluate(
        "() => [...document.querySelectorAll('.st-key-slide, .st-key-stage')]"
        ".filter(e => e.scrollHeight > e.clientHeight + 2).map(e => [e.className,"
        " e.scrollHeight, e.clientHeight])"
    )
    assert scrolls == [], (step, "something is cut off")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_arrow_keys_walk_the_story_and_every_slide_is_whole(server, page, made, language):
    size = {"width": 1280, "height": 720}
    page.set_viewport_size(size)
    open_slide(page, server, made, language)
    steps = [slide.key for slide in SLIDES]
    for place, step in enumerate(steps):
        whole_on_screen(page, step, size)
        assert page.locator(".st-key-navigation, [data-testid='stSidebar']:visible").count() == 0
        if place < len(steps) - 1:
            page.keyboard.press("ArrowRight" if place % 2 else "PageDown")
            page.wait_for_url(f"**step={steps[place + 1]}**", timeout=PATIENCE)
    page.keyboard.press("ArrowRight")  # the last one stays
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**step=vote**", timeout=PATIENCE)
    page.keyboard.press("PageUp")
    page.wait_for_url("**step=wins**", timeout=PATIENCE)
    whole_on_screen(page, "wins", size)
    page.reload()
    whole_on_screen(page, "wins", size)
    assert page.locator(".st-key-stage script").count() == 0
    assert EVIL in page.locator(".st-key-stage").inner_text()
    page.keyboard.press("Escape")
    page.wait_for_url("**/compare**", timeout=PATIENCE)
    page.locator(".st-key-navigation").wait_for(timeout=PATIENCE)


def test_a_large_screen_shows_the_same_larger(server, page, made):
    """Charts measure their room on the screen: on an enlarged stage they would take too much."""
    sizes = ({"width": 1280, "height": 720}, {"width": 1920, "height": 1080})
    drawn = []
    for size in sizes:
        page.set_viewport_size(size)
        for step in ("learning", "verdict"):
            open_slide(page, server, made, "en", step)
            whole_on_screen(page, step, size)
            part = ".main-svg" if step == "learning" else ""
            drawn.append(page.locator(f"{HEARTS[step]} {part}").first.bounding_box())
    for small, large in zip(drawn[:2], drawn[2:], strict=True):
        for side in ("x", "y", "width", "height"):
            assert large[side] == pytest.approx(1.5 * small[side], abs=6)


def test_one_click_from_compare_and_a_vote_is_counted_live(server, page, made):
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{server.url}/compare?project={made.project.id}&lang=en", timeout=PATIENCE)
    page.get_by_role("button", name="Present").click(timeout=PATIENCE)
    page.locator(HEARTS["data"]).wait_for(timeout=PATIENCE)
    assert f"run={made.tune_run}" in page.url
    open_slide(page, server, made, "en", "vote")
    page.locator(".st-key-figure_votes h2", has_text="0").wait_for(timeout=PATIENCE)
    (round_,) = voting.rounds(made.project)
    voting.cast(made.project, round_, round_.positions[0], "Aiko", "left")
    page.locator(".st-key-figure_votes h2", has_text="1").wait_for(timeout=PATIENCE)


def test_finished_demo_opens_on_its_verdict_and_answers_a_typed_question(server, page):
    """A presenter begins with the result: one click, then a question from the room."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{server.url}/?lang=en", timeout=PATIENCE)
    page.get_by_role("button", name="Open the finished demo").first.click(timeout=PATIENCE)
    page.wait_for_url("**/compare**", timeout=2 * PATIENCE)
    hero = page.locator(".st-key-verdict_hero")
    hero.get_by_text("Of 100 customers").first.wait_for(timeout=PATIENCE)
    box = hero.bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= 800
    field = page.locator(".st-key-question_box input")
    field.fill("my tent leaks, can I give it back?")
    field.press("Enter")
    lists = page.locator('[class*="st-key-two_lists_asked"]')
    lists.wait_for(timeout=2 * PATIENCE)
    answers = lists.locator('[class*="st-key-answer_row_other_"]')
    answers.nth(9).wait_for(timeout=PATIENCE)  # the lists are drawn one row after the other
    assert answers.count() == 10
    page.get_by_role("button", name="Present").click()
    page.locator(HEARTS["data"]).wait_for(timeout=PATIENCE)  # the first key waits for no more
    steps = [slide.key for slide in SLIDES]
    for step in steps[1:6]:  # the vote is the room's
        page.keyboard.press("ArrowRight")
        page.wait_for_url(f"**step={step}**", timeout=PATIENCE)
        whole_on_screen(page, step, {"width": 1280, "height": 800})
