"""The Tab key in Chromium: it comes to every control of every page, and shows where it is."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PATIENCE, SECOND, STOPS, settle

pytestmark = pytest.mark.browser

# How a control looks: its own style, that of what is drawn for a hidden input, and of its frame.
WALK = """
window.walked = [];
window.looks = one => {
    const frame = [one.parentElement, one.parentElement?.parentElement,
        one.parentElement?.parentElement?.parentElement];
    const label = one.closest("label");
    return [one, ...frame, ...one.querySelectorAll("*"), ...(label?.querySelectorAll("*") ?? []),
            one.nextElementSibling].filter(Boolean).slice(0, 60).map(each => {
        const style = getComputedStyle(each), after = getComputedStyle(each, "::after");
        return [style.outline, style.boxShadow, style.borderColor, style.backgroundColor,
            style.color, style.textDecoration, after.outline, after.boxShadow].join();
    }).join();
};
window.step = () => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    if (one === window.walked.at(-1)) return true;  // inside a table: the key moves between cells
    if (window.walked.includes(one)) return false;
    window.walked.push(one);
    return true;
};
window.blind = async () => {  // where the focus cannot be seen
    // Styles fade in and out: here they change at once, so that two frames show them.
    document.head.append(Object.assign(document.createElement("style"), {textContent:
        "*, *::before, *::after { transition: none !important; animation: none !important; }"}));
    const frame = () => new Promise(requestAnimationFrame);
    const rest = async ms => {
        await frame(); await frame();
        if (ms) await new Promise(done => setTimeout(done, ms));
    };
    const changes = async (one, ms) => {
        one.focus({focusVisible: true}); await rest(ms);
        const focused = window.looks(one);
        one.blur(); await rest(ms);
        return focused !== window.looks(one);
    };
    const found = [];
    for (const one of window.walked) {
        // What only scrolls is no control; a table draws its focus into its canvas.
        if (!one.isConnected || one.matches("main, section") || one.closest("[role=grid], canvas"))
            continue;
        // A busy machine may draw later than two frames: only what stays the same is blind.
        if (!await changes(one, 0) && !await changes(one, 350))
            found.push(one.outerHTML.slice(0, 300));
    }
    return found;
};
"""
PASSED_BY = """() => {
    const what = "button, a[href], input, select, textarea, summary, [role=button], [role=tab]";
    const groups = "[role=tablist], [role=radiogroup], [role=toolbar], [role=listbox]";
    const shown = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true})
        && e.getBoundingClientRect().width > 0 && !e.closest("[inert], [aria-hidden=true]");
    return [...document.querySelectorAll(what)].filter(e => !e.disabled && e.tabIndex >= 0
        && shown(e) && !window.walked.includes(e)
        && !window.walked.some(one => e.closest(groups)?.contains(one))
    ).map(e => e.outerHTML.slice(0, 300));
}"""
MOST_STOPS = 300


@pytest.mark.parametrize("stop", STOPS)
def test_tab_key_comes_to_every_control_and_shows_where_it_is(typed, typed_server, page, stop):
    """A control that the Tab key passes by, or stops at unseen, is none for who has no mouse."""
    page.goto(f"{typed_server.url}/{stop}?lang=en&project={typed.project.id}")
    page.get_by_role("heading").first.wait_for(timeout=PATIENCE)
    settle(page)
    page.wait_for_timeout(2 * SECOND)
    page.evaluate(WALK)
    page.locator("body").press("Tab")
    steps = 0
    while page.evaluate("window.step()") is not False and steps < MOST_STOPS:
        page.keyboard.press("Tab")
        steps += 1
    assert 5 < steps < MOST_STOPS, "the Tab key does not come round"
    assert page.evaluate(PASSED_BY) == []
    assert page.evaluate("window.blind()") == []
