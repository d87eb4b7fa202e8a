"""A pilot in real browsers: phones search by link, champion and challenger come to a decision."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest

from core.journey.pilot import searching, versions, watching
from core.pilot.criteria import DISAGREE, UNLIKE
from core.types.pilot_events import (
    CHALLENGER,
    NOTED,
    NOTHING_FITS,
    SEARCHED,
    THUMB_DOWN,
    THUMB_UP,
    PilotArm,
    PilotEvent,
)
from core.workspace.database import now
from tests.browser.conftest import PATIENCE
from tests.reporting.finished_journey import BASE, TOPICS, finished_journey

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


def see(page, text: str | re.Pattern[str]) -> None:
    page.get_by_text(text).first.wait_for(timeout=PATIENCE)
    assert page.locator('[data-testid="stException"]').count() == 0


def search(page, question: str) -> None:
    field = page.locator(".st-key-pilot_question input")
    field.wait_for(timeout=PATIENCE)
    field.fill(question)
    field.press("Enter")
    page.locator(".st-key-result_0").wait_for(timeout=PATIENCE)


@pytest.fixture
def made(server):
    return finished_journey(server.workspace)


def events(made):
    return made.workspace.records.events(made.project.id)


def until(is_so, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def test_a_phone_searches_says_what_helps_and_ends_being_recorded(server, page, made):
    plan = searching.start_page(made.project, "ann", champion=PilotArm("", BASE))
    page.set_viewport_size(PHONE)
    page.goto(f"{server.url}/pilot?search={plan.link}&lang=en", timeout=PATIENCE)
    search(page, "where is my kayak, mail me: a.b@example.com")
    for way in ("stPageLink", "stSidebarNav", "stTab"):
        assert page.locator(f'[data-testid="{way}"]').count() == 0, "a way to the project"
    body = page.locator("body").inner_text()
    assert "WordLlama" not in body and "kayak" in body
    # Field, first result and its thumbs are seen without scrolling, and nothing is cut off.
    for key in ("pilot_question", "result_0", "marks_0"):
        box = page.locator(f".st-key-{key}").first.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"] + 1, key
        assert box["y"] + box["height"] <= PHONE["height"], key
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="Helps").first.click()
    until(lambda: [e.kind for e in events(made)] == [SEARCHED, THUMB_UP])
    page.get_by_role("button", name="Does not").nth(1).click()
    page.get_by_role("button", name=re.compile("None of these")).click()
    see(page, "Noted: none of these")
    page.locator(".st-key-pilot_note textarea").fill("I wanted a rental kayak")
    page.get_by_role("button", name="Send the note").click()
    see(page, "Your note was sent")
    kinds = [event.kind for event in events(made)]
    assert kinds == [SEARCHED, THUMB_UP, THUMB_DOWN, NOTHING_FITS, NOTED]
    assert events(made)[0].text == "where is my kayak, mail me: [EMAIL-1]"
    page.get_by_text("Help to make this search better").click()
    see(page, "Nothing that you do here is kept")
    assert events(made) == ()
    page.reload()
    search(page, "refund")
    see(page, "Nothing that you do here is kept")
    page.get_by_role("button", name="Helps").first.click()
    page.wait_for_timeout(1500)
    assert events(made) == ()
    searching.close_page(made.project, plan, "ann")
    page.reload()
    see(page, "This link leads nowhere")


def test_interleaving_comes_to_a_decision_while_the_organiser_watches(server, page, made):
    """The challenger's results are clicked; who is ahead is not told before it is clear."""
    base, tuned = PilotArm("", BASE), PilotArm(made.tune_run, BASE)
    plan = searching.start_page(made.project, "ann", champion=base, challenger=tuned)
    page.goto(f"{server.url}/pilot?project={made.project.id}&lang=en", timeout=PATIENCE)
    see(page, "Sealed: 0 searches so far")
    page.locator(".st-key-pilot_invitation img[alt*='QR code']").wait_for(timeout=PATIENCE)
    for key in ("pilot_invitation", "pilot_counts"):
        box = page.locator(f".st-key-{key}").bounding_box()
        assert box["y"] + box["height"] <= 800, f"{key} is seen at once"
    visitor = page.context.browser.new_context(locale="en-US", viewport=PHONE).new_page()
    visitor.goto(f"{server.url}/pilot?search={plan.link}&lang=en", timeout=PATIENCE)
    number = 0
    while not searching.interleaving(made.project, plan).verdict:
        search(visitor, f"who pays for the {TOPICS[number % 24]} {number}")
        token = f"who pays for the {TOPICS[number % 24]} {number}"
        until(lambda wanted=token: any(e.text == wanted for e in events(made)))
        (asked,) = [e for e in events(made) if e.text == token]
        number += 1
        if CHALLENGER not in asked.shown.teams:
            continue
        button = visitor.locator(
            f".st-key-thumb_up_{asked.token}_{asked.shown.teams.index(CHALLENGER)} button"
        )
        button.click(timeout=PATIENCE)
        until(lambda t=asked.token: any(e.search == t and e.kind == THUMB_UP for e in events(made)))
        assert number < 40
    see(page, re.compile("People find what they look for with the"))  # nobody reloaded it
    assert "challenger" in page.locator(".st-key-pilot_verdict").inner_text()


def test_what_was_recorded_survives_sigkill_and_the_link_works_on(server, page, made):
    plan = searching.start_page(made.project, "ann", champion=PilotArm("", BASE))
    page.goto(f"{server.url}/pilot?search={plan.link}&lang=en", timeout=PATIENCE)
    for number in range(3):
        search(page, f"kayak {number}")
        until(lambda n=number: len(events(made)) == n + 1)
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(20)
    assert [event.text for event in events(made)] == ["kayak 0", "kayak 1", "kayak 2"]
    server.start()
    page.goto(f"{server.url}/pilot?search={plan.link}&lang=en", timeout=PATIENCE)
    search(page, "kayak 3")
    until(lambda: len(events(made)) == 4)


def decide(page, words: str, key: str, why: str) -> None:
    """Open a decision, say why, confirm."""
    page.get_by_role("button", name=re.compile(words)).first.click()
    field = page.locator(f".st-key-{key}_why textarea")
    field.fill(why)  # and nothing that would send it before the click
    page.locator(f".st-key-{key} button").click()


def test_challenger_champion_and_back_while_the_link_stays(server, page, made):
    """What a person decides about versions takes effect on the shared page at once."""
    base, tuned = PilotArm("", BASE), PilotArm(made.tune_run, BASE)
    plan = searching.start_page(made.project, "ann", champion=base)
    versions.make_challenger(made.project, tuned, "ann", "trained anew on all data")
    page.goto(f"{server.url}/pilot?project={made.project.id}&lang=en", timeout=PATIENCE)
    page.get_by_role("tab", name="Versions").click()
    see(page, "It has not been compared with the model in use")
    decide(page, "Make it champion", "version_champion_2", "it wins on the frozen test")
    see(page, re.compile("Reason: it wins on the frozen test"))
    until(lambda: versions.registry(made.project).champion.arm == tuned)
    visitor = page.context.browser.new_context(locale="en-US", viewport=PHONE).new_page()
    visitor.goto(f"{server.url}/pilot?search={plan.link}&lang=en", timeout=PATIENCE)
    search(visitor, "where is my kayak")
    assert searching.page_in_use(made.project).champion == tuned
    decide(page, "Make it champion", "version_champion_1", "customers complained about it")
    see(page, re.compile("Reason: customers complained about it"))
    until(lambda: versions.registry(made.project).champion.arm == base)
    decide(page, "Go back to this version", "version_champion_2", "it was a mistake to go")
    see(page, re.compile("Reason: it was a mistake to go"))
    told = [one.reason for one in versions.registry(made.project).decisions]
    assert len(told) == 4 and told[-1] == "it was a mistake to go"
    visitor.reload()
    search(visitor, "refund")
    assert searching.page_in_use(made.project).champion == tuned


def test_a_look_shows_the_criterion_that_a_new_product_line_fired(server, page, made):
    """Nothing is unlike before; then customers ask for what nobody has learned about."""
    plan = searching.start_page(made.project, "ann", champion=PilotArm("", BASE))

    def ask(texts, tag):
        asked = [(f"{tag}{number}", text) for number, text in enumerate(texts)]
        found = [PilotEvent(one, one, SEARCHED, one, text, -1, now()) for one, text in asked]
        made.workspace.records.add_events(made.project.id, plan.id, found)

    dataset = made.project.load_dataset()
    ask([dataset.questions[row] for row in dataset.seen_rows[::4].tolist()], "season")
    page.goto(
        f"{server.url}/pilot?project={made.project.id}&lang=en&pilot-tab=watch", timeout=PATIENCE
    )
    see(page, "A look compares what people ask")
    page.get_by_role("button", name="Look now").click()
    see(page, "Nothing says that the model should learn again")
    ask([f"strings and tuning pegs for xylophone zither {n}" for n in range(25)], "new")
    page.get_by_role("button", name="Look now").click()
    fired = re.compile(r"\d+% of \d+ different questions are unlike anything learned")
    head = page.locator(".st-key-watch_head")
    head.get_by_text(fired).wait_for(timeout=PATIENCE)
    assert head.inner_text().count("The model should learn again") == 1
    page.get_by_text(re.compile(r"Questions unlike anything learned \(\d+\)")).wait_for()
    look = watching.newest_look(made.project)
    assert look.fired == (UNLIKE, DISAGREE) and len(look.unlike_searches) >= 25
