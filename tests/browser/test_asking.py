"""A phone joins by link, writes ten questions, judges ten results; a laptop watches, takes in."""

from __future__ import annotations

import re

import pytest

from core.data.open_questions import AskedQuestions, with_open_questions
from core.journey.people import asking
from core.types.asked_rounds import COLLECT, JUDGE, PARTLY, RIGHT_ANSWER, WRONG_ANSWER
from core.workspace.workspace import Project, Workspace
from tests.browser.conftest import PATIENCE

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
LOG = tuple(f"{word} trouble again and again" for word in "refund tent kayak invoice".split())
# Which pair the buttons are for, "" while those of the pair before are still there: a key pressed
# then is for a pair that is gone, and counts for none.
PAIR = """(before) => {
  const found = [...document.querySelectorAll('[class*="st-key-judge_right_"]')]
    .flatMap((one) => [...one.classList]).filter((name) => name.startsWith('st-key-judge_right_'));
  return found.length === 1 && found[0] !== before ? found[0] : "";
}"""
SYSTEMS = ("BM25", "TF-IDF", "tfidf", "bm25")


def see(page, text: str | re.Pattern[str]) -> None:
    page.get_by_text(text).first.wait_for(timeout=PATIENCE)
    assert page.locator('[data-testid="stException"]').count() == 0


@pytest.fixture
def project(server, tiny_dataset, monkeypatch) -> Project:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    workspace = Workspace.open(server.workspace)
    made = workspace.create_project("Secret pilot", "ann")
    log = AskedQuestions(LOG, range(2, 6), (9, 4, 2, 1))
    dataset = with_open_questions(tiny_dataset, log, file="log.csv")[0]
    workspace.save_dataset(dataset, {"summary": {}, "set_aside": [], "warnings": []})
    workspace.records.use_dataset(made.id, dataset.id, "ann")
    return workspace.project(made.id)


@pytest.fixture
def phone(page, server):
    opened = page.context.browser.new_context(
        viewport=PHONE, has_touch=True, is_mobile=True, locale="en-US"
    )
    made = opened.new_page()

    def join(round_id: str, name: str):
        made.goto(f"{server.url}/?join={round_id}&lang=en", timeout=PATIENCE)
        field = made.get_by_label("Your name", exact=True).last
        field.fill(name, timeout=PATIENCE)
        field.press("Enter")
        see(made, f"You take part as {name}")
        return made

    return join


def fits(page) -> bool:
    """Return whether nothing stands out to the right of the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_phone_writes_ten_questions_and_the_organiser_takes_them_in(server, page, project, phone):
    page.goto(f"{server.url}/data?project={project.id}&lang=en", timeout=PATIENCE)
    page.get_by_role("tab", name="Collect questions").click(timeout=PATIENCE)
    page.get_by_role("button", name="Open a round").click(timeout=PATIENCE)
    see(page, "appear here as they are written")
    (round_,) = asking.rounds(project, COLLECT)
    see(page, re.compile(f"join={round_.id}"))
    mobile = phone(round_.id, "Mika")
    assert fits(mobile)
    assert "Secret pilot" not in mobile.content()
    for number in range(10):
        see(mobile, f"{number} by you · {number} by everybody")
        field = mobile.get_by_label(re.compile("How would a customer ask"))
        if number == 0:
            field.click()
        field.fill(f"my own wording number {number * 17}", timeout=PATIENCE)
        field.press("Enter")
    see(mobile, "10 by you · 10 by everybody")
    see(page, "my own wording number 153")  # the second browser looks again by itself
    given = asking.written(project, round_)
    assert [entry.text for entry in given] == [f"my own wording number {n * 17}" for n in range(10)]
    assert len({entry.place for entry in given}) == 10
    page.get_by_role("button", name="Close the round").click()
    page.get_by_role("button", name="Close now").click()
    see(page, "10 questions came")
    see(mobile, "10 by you")
    field = mobile.get_by_label(re.compile("How would a customer ask"))
    field.fill("too late")
    field.press("Enter")
    see(mobile, re.compile("round was closed|This round is closed"))
    page.get_by_role("button", name=re.compile(r"Take in \d+ questions")).click()
    see(page, "Taken into the data")
    fresh = project.workspace.project(project.id).load_dataset()
    assert "my own wording number 0" in fresh.questions


def test_phone_judges_ten_results_by_key_and_by_touch_and_sees_no_system(
    server, page, project, phone
):
    round_ = asking.start_judging(project, "ann", questions=4, depth=3, wanted=2)
    assert round_.pairs >= 10
    page.goto(f"{server.url}/data?project={project.id}&lang=en", timeout=PATIENCE)
    page.get_by_role("tab", name="Judge results").click(timeout=PATIENCE)
    see(page, f"0 of {round_.pairs} pairs judged")
    mobile = phone(round_.id, "Mika")
    words, pair = (RIGHT_ANSWER, PARTLY, WRONG_ANSWER), ""
    for number in range(10):
        see(mobile, f"{number} by you")
        word = words[number % 3]
        button = mobile.locator(f'[class*="st-key-judge_{word}_"] button')
        pair = mobile.wait_for_function(PAIR, arg=pair, timeout=PATIENCE).json_value()
        assert fits(mobile)
        source = mobile.content()
        assert not [name for name in (*SYSTEMS, "Secret pilot") if name in source]
        if number % 2:
            button.tap()
        else:
            mobile.keyboard.press(str(1 + number % 3))
    see(mobile, "10 by you")
    given = asking.judgements(project, round_)
    assert [entry.word for entry in given] == [words[number % 3] for number in range(10)]
    see(page, f"10 of {round_.pairs} pairs judged")
    page.get_by_role("button", name="Close the round").click()
    page.get_by_role("button", name="Close now").click()
    page.get_by_role("button", name="Take the judged questions in").click(timeout=PATIENCE)
    see(page, re.compile("Taken into the data|None of the"))
    assert asking.rounds(project, JUDGE)[0].id == round_.id
