"""Two people vote at once in two browsers, by keyboard; the organiser opens the result."""

from __future__ import annotations

import re

import pytest

from core.journey.compare import load_comparison
from core.journey.people import voting
from core.types.judgements import votes_in_force
from tests.reporting.finished_journey import finished_journey

pytestmark = pytest.mark.browser

PATIENCE = 120_000  # ms; nothing is measured here, the machine may be busy
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


def test_two_browsers_vote_at_once(server, page):
    """Nothing is lost, nobody sees the other's votes or a system's name before the end."""
    made = finished_journey(server.workspace, model=False)
    comparison = load_comparison(made.workspace, made.compare_run)
    round_ = voting.start_round(
        made.project, comparison, made.compare_run, "ann", questions=len(KEYS), needed=2 * len(KEYS)
    )
    address = f"{server.url}/compare?project={made.project.id}&lang=en"
    link = f"{address}&run={made.tune_run}&vote={round_.id}"
    other = page.context.browser.new_context(
        locale="en-US", viewport={"width": 1280, "height": 900}
    ).new_page()
    enter(page, link, "Ann")
    enter(other, link, "Ben")
    for done, key in enumerate(KEYS):
        for voter in (page, other):  # by turns: both are in the middle of the vote all the time
            see(voter, f"{done} of {len(KEYS)} answered")
            # The buttons come last: a key pressed before them is for the last question.
            button = voter.locator(f".st-key-vote_right_{round_.positions[done]} button")
            button.wait_for(timeout=PATIENCE)
            assert "nDCG" not in voter.locator("body").inner_text()
            voter.keyboard.press(key)
    for voter in (page, other):
        see(voter, "You have voted on every question")
    votes = votes_in_force(made.workspace.records.votes(round_.id))
    for name in ("Ann", "Ben"):
        own = {v.position: v.choice for v in votes if v.voter == name}
        assert own == dict(zip(round_.positions, ("left", "right", "tie", "right"), strict=True)), (
            name
        )

    other.goto(address, timeout=PATIENCE)
    see(other, "Make the report")
    other.wait_for_timeout(2000)  # the page settles; a tab that moves under the mouse is missed
    other.get_by_text("Blind vote", exact=True).first.click(timeout=PATIENCE)
    see(other, f"{2 * len(KEYS)} of {2 * len(KEYS)} votes, by 2 people")
    other.get_by_role("button", name=re.compile("End the vote and open the result")).click()
    see(other, re.compile("People prefer|Not shown: people"))
    opening = voting.progress(made.workspace, round_).opening
    assert opening is not None and not opening.early
    page.reload()
    see(page, "This vote has ended")
