"""Two people vote at once on phones, by touch and by keys; the organiser watches and reveals."""

from __future__ import annotations

import re

import pytest

from core.journey.compare import load_comparison
from core.journey.people import voting
from core.types.judgements import votes_in_force
from tests.browser.conftest import PATIENCE
from tests.reporting.finished_journey import finished_journey

pytestmark = pytest.mark.browser

KEYS = ("ArrowLeft", "ArrowRight", "0", "ArrowRight")


def see(page, text: str | re.Pattern[str]) -> None:
    page.get_by_text(text).first.wait_for(timeout=PATIENCE)
    assert page.locator('[data-testid="stException"]').count() == 0


def enter(page, link: str, name: str) -> None:
    page.goto(link, timeout=PATIENCE)
    field = page.get_by_label(re.compile("Your name, so that your votes"))
    field.fill(name, timeout=PATIENCE)
    field.press("Enter")
    see(page, "Which list of answers would help")


PHONE = {"width": 390, "height": 844}


def test_two_phones_vote_at_once_while_the_organiser_watches(server, page):
    """Nothing is lost, nobody sees the other's votes or a system's name before the end."""
    made = finished_journey(server.workspace, model=False)
    comparison = load_comparison(made.workspace, made.compare_run)
    round_ = voting.start_round(
        made.project, comparison, made.compare_run, "ann", questions=len(KEYS), needed=2 * len(KEYS)
    )
    address = f"{server.url}/compare?project={made.project.id}&lang=en"
    link = f"{address}&run={made.tune_run}&vote={round_.id}"
    browser = page.context.browser
    organiser = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    screen = organiser.new_page()
    screen.goto(address, timeout=PATIENCE)
    see(screen, "Use this model")
    screen.wait_for_timeout(2000)  # the page settles; a tab that moves under the mouse is missed
    screen.get_by_role("tab", name="Blind vote").click(timeout=PATIENCE)
    see(screen, f"0 of {2 * len(KEYS)} votes needed")
    assert screen.locator(".st-key-vote_invitation img[alt*='QR code']").count() == 1

    page.set_viewport_size(PHONE)
    other = browser.new_context(locale="en-US", viewport=PHONE, has_touch=True).new_page()
    enter(page, link, "Ann")
    enter(other, link, "Ben")
    for done, key in enumerate(KEYS):
        for voter in (page, other):  # by turns: both are in the middle of the vote all the time
            see(voter, f"{done} of {len(KEYS)} answered")
            # The buttons come last: a key pressed before them is for the last question.
            choice = {"ArrowLeft": "left", "ArrowRight": "right", "0": "tie"}[key]
            button = voter.locator(f".st-key-vote_{choice}_{round_.positions[done]} button")
            button.wait_for(timeout=PATIENCE)
            box = button.bounding_box()
            assert box["y"] + box["height"] <= PHONE["height"], "in reach without scrolling"
            assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
            assert "nDCG" not in voter.locator("body").inner_text()
            for way in ("stPageLink", "stSidebarNav", "stTab"):
                assert voter.locator(f'[data-testid="{way}"]').count() == 0, "a way to the results"
            if voter is page:
                voter.keyboard.press(key)
            else:
                button.tap()
    for voter in (page, other):
        see(voter, "You have voted on every question")
    votes = votes_in_force(made.workspace.records.votes(round_.id))
    for name in ("Ann", "Ben"):
        own = {v.position: v.choice for v in votes if v.voter == name}
        assert own == dict(zip(round_.positions, ("left", "right", "tie", "right"), strict=True)), (
            name
        )

    see(screen, f"{2 * len(KEYS)} of {2 * len(KEYS)} votes needed")  # nobody reloaded it
    assert "prefer" not in screen.locator("body").inner_text().casefold().replace("preference", "")
    screen.get_by_role("button", name=re.compile("End the vote and open the result")).click()
    see(screen, re.compile("People prefer|No clear difference: people"))
    opening = voting.progress(made.workspace, round_).opening
    assert opening is not None and not opening.early
    page.reload()
    see(page, "This vote has ended")
