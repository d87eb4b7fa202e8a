"""What people type is text everywhere: no link, icon, emoji, dash, formula or block of code."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PATIENCE
from tests.browser.payloads import PAYLOADS

pytestmark = pytest.mark.browser
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
    page.get_by_text("drawn to the end").wait_for(timeout=PATIENCE)
    page.locator(".st-key-chart .ytick").first.wait_for(timeout=PATIENCE)
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
