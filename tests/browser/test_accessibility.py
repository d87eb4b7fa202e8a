"""axe-core in Chromium: no serious or critical finding on any page, in both themes."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from core.journey import report
from core.journey.people import voting
from tests.browser.conftest import PATIENCE, SECOND, STOPS, settle

pytestmark = pytest.mark.browser
GRAVE = ("serious", "critical")
STORY = ("data", "experts", "labels", "learning", "verdict", "wins", "vote", "decision")

# Streamlit's own, which no page can reach: rule, part of the selector, and why.
OF_STREAMLIT = (
    ("list", "stSidebarNavItems", "groups of pages are wrapped in a div inside the list"),
    ("listitem", "li:nth-child", "the same, seen from an entry"),
    ("color-contrast", 'class="token', "colours of code cannot be set"),
)

# Of tabs, radio buttons and the like one is reached, and arrow keys lead to the others.
UNREACHABLE = """() => {
    const what = "button, a[href], input, select, textarea, summary, [role=button], [role=tab], "
        + "[role=radio], [role=checkbox], [role=switch], [role=slider], [role=combobox]";
    const shown = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true})
        && e.getBoundingClientRect().width > 0 && !e.closest("[inert], [aria-hidden=true]");
    const groups = "[role=tablist], [role=radiogroup], [role=toolbar], [role=listbox]";
    return [...document.querySelectorAll(what)].filter(e => {
        if (e.disabled || e.getAttribute("aria-disabled") === "true" || !shown(e)) return false;
        if (e.tabIndex >= 0) return false;
        // Arrow keys and Backspace in the field itself do what its small buttons do.
        const widget = e.closest("[data-testid=stSelectbox], [data-testid=stMultiSelect], "
            + "[data-testid=stNumberInput], [data-testid=stDateInput], [data-testid=stTextInput]");
        const fields = widget ? [...widget.querySelectorAll("input")] : [];
        if (fields.some(one => one.tabIndex >= 0)) return false;
        const group = e.closest(groups);
        return !(group && [...group.querySelectorAll(what)].some(one => one.tabIndex >= 0));
    }).map(e => e.outerHTML.slice(0, 300));
}"""


class Look:
    """Runs axe on what a page shows and collects what it finds, each fault once."""

    def __init__(self, page) -> None:
        self.page = page
        self.axe = Axe()
        self.looked = 0
        self.found: dict[tuple[str, str], str] = {}

    def __call__(self, place: str) -> None:
        """Look, and again where something is found: what goes away was only being drawn."""
        self.looked += 1
        found = self.faults(place)
        for _ in range(3):
            if not found.keys() - self.found.keys():
                break
            self.page.wait_for_timeout(2 * SECOND)
            again = self.faults(place)
            found = {key: told for key, told in again.items() if key[0] in {k[0] for k in found}}
        self.found = found | self.found

    def faults(self, place: str) -> dict[tuple[str, str], str]:
        """Return what is wrong now, by rule and element."""
        found = self.reachable(place)
        for finding in self.axe.run(self.page).response["violations"]:
            if finding["impact"] not in GRAVE:
                continue
            for node in finding["nodes"]:
                target, rule = " ".join(map(str, node["target"])), finding["id"]
                if any(rule == r and part in node["html"] + target for r, part, _ in OF_STREAMLIT):
                    continue
                why = (node["any"] or node["all"] or node["none"])[0]["message"]
                key = rule, node["html"][:160]
                told = f"{place}: {rule}: {why}\n    {node['html'][:300]}\n    {target[-160:]}"
                found.setdefault(key, told)
        return found

    def reachable(self, place: str) -> dict[tuple[str, str], str]:
        """Return what can be clicked and not be reached with the Tab key."""
        return {
            ("keyboard", html): f"{place}: not reached by keyboard: {html}"
            for html in self.page.evaluate(UNREACHABLE)
        }

    def with_tabs(self, place: str) -> None:
        """Look at the page as it opens, then at every tab of it."""
        settle(self.page)
        self(place)
        tabs = self.page.get_by_role("tab")
        for number in range(1, tabs.count()):
            name = tabs.nth(number).inner_text()
            tabs.nth(number).click()
            settle(self.page)
            self(f"{place}, {name}")


# Each language and each theme once: colours are those of the theme, names those of the language.
@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("ja", "dark")])
def test_no_page_has_a_grave_fault(typed, typed_server, page, theme, language):
    """Who cannot see the page, or not well, can do all that others can."""
    made, server = typed, typed_server
    page.emulate_media(color_scheme=theme)
    look = Look(page)
    project = f"lang={language}&project={made.project.id}"
    for stop in STOPS:
        page.goto(f"{server.url}/{stop}?{project}")
        page.get_by_role("heading").first.wait_for(timeout=PATIENCE)
        look.with_tabs(stop or "home")
    for slide in STORY:
        page.goto(f"{server.url}/present?{project}&step={slide}")
        page.get_by_role("heading").first.wait_for(timeout=PATIENCE)
        settle(page)
        look(f"slide {slide}")
    for vote in voting.rounds(made.project):
        page.goto(f"{server.url}/compare?{project}&run={made.tune_run}&vote={vote.id}")
        page.get_by_role("heading").first.wait_for(timeout=PATIENCE)
        settle(page)
        look(f"vote {vote.id}")
    path = report.write_report(made.project, made.compare_run, language, "Ann")
    page.goto(path.as_uri())
    look("the report itself")
    assert look.looked > 20
    assert not look.found, "\n".join(look.found.values())
