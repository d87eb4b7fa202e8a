"""The frame of the pages in a real browser: one navigation, little empty top, one press of Back."""

from __future__ import annotations

import pytest

from core.journey.projects import STOPS, create_sample_project
from core.workspace.workspace import Workspace
from tests.browser.test_journey import no_exception, settle

pytestmark = pytest.mark.browser


@pytest.fixture
def project(shared_server):
    return create_sample_project(Workspace.open(shared_server.workspace), "en", "Shop", "Mika")


def open_page(page, shared_server, stop, project, language="en"):
    page.goto(f"{shared_server.url}/{stop}?lang={language}&project={project.id}")
    page.locator("h1").wait_for()
    settle(page)
    no_exception(page)


def stop_link(page, title):
    links = page.locator(".st-key-navigation").get_by_role("link", name=title)
    return links.locator("visible=true")


def open_tab(page, title):
    page.locator('[role="tab"][aria-selected="true"]', has_text=title).wait_for()
    settle(page)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_content_begins_high_and_the_bar_is_always_in_sight(shared_server, page, project, language):
    page.set_viewport_size({"width": 1280, "height": 800})
    for stop in ("", *STOPS[:2]):
        open_page(page, shared_server, stop, project, language)
        links = page.locator(".st-key-navigation a:visible")  # those with a tooltip stand twice
        links.nth(7).wait_for()
        assert links.count() == len(STOPS) + 2  # home, and the pilot after them
        for place in range(8):
            box = links.nth(place).bounding_box()
            assert box["y"] < 60 and box["x"] + box["width"] < 1170, "cut off"
        title = page.locator("h1").bounding_box()
        assert title["y"] + title["height"] < 120
        below = page.locator('[data-testid="stMainBlockContainer"] > div > *:has(h1) ~ *')
        content = below.nth(1).bounding_box()  # the first is the sentence
        assert content["y"] < 190, stop
        bar = page.locator(".st-key-action_bar").bounding_box()
        assert bar["y"] > 700 and bar["y"] + bar["height"] <= 800


def test_every_page_is_one_press_of_back(shared_server, page, project):
    open_page(page, shared_server, "", project)
    for name in ("Data", "Experts", "Data"):
        stop_link(page, name).click()
        page.get_by_role("heading", level=1, name=name).wait_for()
        settle(page)
    page.get_by_role("tab").nth(5).click()
    page.wait_for_url("**data-tab=look**")
    settle(page)
    stop_link(page, "Experts").click()
    page.get_by_role("heading", level=1, name="Experts").wait_for()
    settle(page)
    page.go_back()
    page.get_by_role("heading", level=1, name="Data").wait_for()
    settle(page)
    open_tab(page, "Worth a look")
    page.reload()
    open_tab(page, "Worth a look")
    page.go_back()  # from the tab to the page as it was opened
    page.wait_for_url(lambda url: "tab=" not in url and "/data" in url)
    settle(page)
    open_tab(page, "Questions and answers")
    page.go_back()
    page.get_by_role("heading", level=1, name="Experts").wait_for()


def test_name_is_remembered_in_the_browser_and_never_in_the_address(shared_server, page, project):
    open_page(page, shared_server, "data", project)
    field = page.get_by_role("textbox", name="Your name")
    field.fill("Aiko")
    field.press("Enter")
    page.wait_for_timeout(1000)
    settle(page)
    page.reload()
    page.locator('input[value="Aiko"]').wait_for()
    assert "Aiko" not in page.url


def test_enter_makes_a_project(shared_server, page):
    page.goto(f"{shared_server.url}/?lang=en")
    page.get_by_role("button", name="New project").click()
    name = page.get_by_label("Name of the project")
    name.fill("Spring pilot")
    name.press("Enter")
    page.get_by_role("heading", level=1, name="Data").wait_for()
    assert "Spring pilot" in {
        made.name for made in Workspace.open(shared_server.workspace).projects()
    }
