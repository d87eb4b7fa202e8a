"""What people type is text everywhere: no link, icon, emoji, dash, formula or block of code."""

from __future__ import annotations

import pytest

from tests.browser.payloads import ONE_OF_EACH, PAYLOADS
from tests.reporting import finished_journey

pytestmark = pytest.mark.browser
SECOND = 1000
KINDS = ("MarkdownContainer", "CaptionContainer", "Text")

# Text of each element per payload; a space may be one that does not break, a tab four of them.
SHOWN = """([prefix, selector]) => [...document.querySelectorAll(`[class*="st-key-${prefix}"]`)]
    .filter(e => new RegExp(`st-key-${prefix}\\\\d+`).test(e.className))
    .map(e => [...e.querySelectorAll(selector)].map(x => x.innerText))"""


def as_typed(text: str) -> str:
    lines = text.replace("\u2060", "").replace("\u00a0", " ").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def test_payloads_are_shown_as_typed_in_every_element_that_reads_markdown(server, page):
    """150 texts: GitHub's markdown finds links in text whose every sign was escaped."""
    server.restart("tests/browser/texts_as_typed.py")
    page.goto(server.url)
    page.get_by_text("drawn to the end").wait_for(timeout=90 * SECOND)
    page.locator(".st-key-chart .ytick").first.wait_for(timeout=90 * SECOND)
    assert len(PAYLOADS) == 150
    shown = page.evaluate(SHOWN, ["p", ", ".join(f'[data-testid="st{kind}"]' for kind in KINDS)])
    assert len(shown) == len(PAYLOADS)
    for text, texts in zip(PAYLOADS, shown, strict=True):
        assert [as_typed(seen) for seen in texts] == [as_typed(text)] * 5
    one_line = [text for text in PAYLOADS if "\n" not in text]
    shown = page.evaluate(SHOWN, ["l", 'button, label, [data-testid="stMarkdownContainer"] strong'])
    assert len(shown) == len(one_line)
    for text, texts in zip(one_line, shown, strict=True):
        typed = as_typed(text).strip()
        assert [as_typed(seen).strip() for seen in texts] == [typed, typed, f"“{typed}”"]
    for labels in (".st-key-choices [role=radiogroup] label", ".st-key-pills button"):
        seen = page.locator(labels).all_inner_texts()
        assert [as_typed(text).strip() for text in seen] == [as_typed(t).strip() for t in one_line]
    ticks = page.locator(".st-key-chart .ytick text").evaluate_all(
        "texts => texts.map(text => text.textContent)"
    )
    assert sorted(map(as_typed, ticks)) == sorted(map(as_typed, one_line))
    drawn = page.locator('[data-testid="stMain"]')
    for found in ("a", "img", "code", "pre", "[role=img][aria-label*=skull]", ".katex"):
        assert drawn.locator(found).count() == 0, found
    assert page.title() != "owned"


WRONG = (
    "a[href*='evil.example']",
    "a[href^='mailto']",
    "img[alt='Streamlit logo']",
    "[aria-label*='skull']",
    "xpath=//*[self::code or self::strong or self::em or self::b or self::a][text()='zq7']",
    ".katex",
)
NEVER = ("a \u2014 b", "b \u2192 c", "\U0001f604", " <b> a")


def test_texts_and_names_of_a_project_are_as_typed_on_every_page(server, page, monkeypatch):
    """Names in boxes, cards, tables and sentences: one that is forgotten shows here."""
    monkeypatch.setattr(finished_journey, "EVIL", ONE_OF_EACH)
    made = finished_journey.finished_journey(server.workspace)
    link = f"lang=en&project={made.project.id}"
    page.goto(f"{server.url}/?{link}")
    page.get_by_text("Rename").first.wait_for(timeout=90 * SECOND)
    read = []

    def look(place: str) -> None:
        page.locator('[data-test-script-state="notRunning"]').wait_for(timeout=90 * SECOND)
        page.wait_for_timeout(SECOND)
        for found in WRONG:
            assert page.locator(found).count() == 0, (place, found)
        text = page.locator("body").inner_text()
        for found in NEVER:
            assert found not in text, (place, found)
        read.append(text.replace("\u00a0", " "))

    look("home")
    page.get_by_role("button", name="Delete").first.click()
    page.get_by_role("dialog").wait_for(timeout=30 * SECOND)
    look("dialog")
    for stop in ("data", "experts", "labels", "tune", "compare", "report"):
        page.goto(f"{server.url}/{stop}?{link}")
        page.get_by_role("heading", level=1).first.wait_for(timeout=90 * SECOND)
        look(stop)
        tabs = page.get_by_role("tab")
        for place in range(1, tabs.count()):
            tabs.nth(place).click()
            look(f"{stop}, tab {place}")
    for place, name in ((0, "home"), (1, "dialog")):
        assert f"Pilot {ONE_OF_EACH}"[:110] in read[place], name  # names are cut at 120
    assert sum(ONE_OF_EACH in text for text in read) > 3
