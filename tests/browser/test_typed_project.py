"""What people type stays text on all pages: in tabs, dialogs, tooltips, lists, charts and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import openpyxl
import pytest

from core.journey import report
from core.journey.people import asking, voting
from tests.browser.conftest import Server
from tests.browser.typed_project import TYPED, TYPED_FILE, TYPED_NAME, typed_project
from tests.reporting.finished_journey import FinishedJourney

pytestmark = pytest.mark.browser
SECOND = 1000
MARK = TYPED.split()[0]

# Elements that came of what was typed, wherever they are drawn.
MADE = """() => [
    ...document.querySelectorAll("a[href^='http'][href*='e.io'], a[href^='mailto']"),
    ...document.querySelectorAll("[aria-label='key icon']"),
    ...[...document.querySelectorAll(".katex annotation")].filter(e => e.textContent === "z"),
    ...[...document.querySelectorAll("strong, b, em, i, code, pre, tspan[style*='bold']")].filter(
        e => /^(x|y .*)$/.test(e.textContent.trim())),
].map(e => e.closest("[data-testid], body").outerHTML.slice(0, 1500))"""
# Also what is folded away, written in charts and typed into fields.
READ = """() => [document.body.innerText,
    ...[...document.querySelectorAll("summary, details p, details li, svg text, td, th")].map(
        e => e.textContent),
    ...[...document.querySelectorAll("input, textarea")].map(e => e.value)].join("\\n")"""


def not_as_typed(text: str) -> list[str]:
    """Return what stands where the payload should: whole, or cut with an ellipsis."""
    text = text.replace("\u00a0", " ").replace("\u2060", "")
    wrong = []
    for found in re.finditer(re.escape(MARK), text):
        seen = text[found.start() : found.start() + len(TYPED)]
        cut = re.split("…|\n", seen)[0].rstrip()
        if not any(whole.startswith(cut) for whole in (TYPED, TYPED_FILE)):
            wrong.append(seen)
    return wrong


@dataclass
class Tour:
    """Looks at one page after the other; all that is wrong is told at once."""

    page: object
    server: Server
    link: str

    def __post_init__(self) -> None:
        self.wrong: dict[str, list[str]] = {}
        self.seen: dict[str, int] = {}

    def open(self, path: str, more: str = "") -> None:
        self.page.goto(f"{self.server.url}/{path}?{self.link}{more}")
        self.page.get_by_role("heading", level=1).first.wait_for(timeout=90 * SECOND)

    def look(self, place: str, least: int = 1) -> None:
        """Read what is drawn; the payload stands there so many times at least."""
        ready = self.page.locator('[data-test-script-state="notRunning"]')
        ready.wait_for(timeout=90 * SECOND)
        self.page.wait_for_timeout(300)  # a fragment or a rerun may begin just now
        ready.wait_for(timeout=90 * SECOND)
        text = self.page.evaluate(READ)
        self.seen[place] = text.count(MARK)
        wrong = [*self.page.evaluate(MADE), *not_as_typed(text)]
        broken = self.page.locator('[data-testid="stException"], .stAlert')
        wrong += [said for said in broken.all_inner_texts() if "Something went wrong" in said]
        if self.seen[place] < least:
            wrong.append(f"stands there {self.seen[place]} times, not {least}")
        if wrong:
            self.wrong[place] = wrong

    def unfold(self, place: str, least: int = 1) -> None:
        """Look once more with everything folded out: some of it is drawn only then."""
        folded = self.page.locator(".stMain details:not([open]) > summary:visible")
        for _ in range(folded.count()):
            if folded.count():
                folded.first.click()
                self.page.wait_for_timeout(200)
        self.look(f"{place}, folded out", least)

    def look_at_tabs(self, place: str, least: int = 1) -> None:
        tabs = self.page.get_by_role("tab")
        for number in range(1, tabs.count()):
            tabs.nth(number).click()
            self.look(f"{place}, {tabs.nth(number).inner_text()}", least)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> FinishedJourney:
    return typed_project(tmp_path_factory.mktemp("typed") / "workspace")


@pytest.fixture
def tour(made, page, tmp_path) -> Iterator[Tour]:
    server = Server(made.workspace.layout.root, tmp_path / "server.log")
    server.start()
    yield Tour(page, server, f"lang=en&project={made.project.id}")
    server.stop()


def test_names_and_texts_are_as_typed_on_every_page(made, tour):
    """One name that is forgotten shows here: as a link, an icon, a formula, in bold."""
    page = tour.page
    tour.open("")
    page.get_by_text("Rename").first.wait_for(timeout=90 * SECOND)
    tour.look("home")
    for name in ("Rename", "Delete", "People and record"):
        page.get_by_role("button", name=name).first.click()
        page.get_by_role("dialog").wait_for(timeout=30 * SECOND)
        tour.look(f"home, {name}", 3)
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden", timeout=30 * SECOND)
    for stop in ("data", "experts", "labels"):
        tour.open(stop)
        tour.unfold(stop)
        tour.look_at_tabs(stop)
    _third_recipe(tour)
    for view in ("", "cross-fit", "race", "data"):
        tour.open("tune", f"&view={view}" if view else "")
        tour.unfold(f"tune {view}")
    tour.open("compare")
    tour.look("compare")
    tour.unfold("compare", 8)
    tour.look_at_tabs("compare", 3)
    page.get_by_role("tab", name="Map").click()
    page.locator(".js-plotly-plot .scatterlayer .point").first.hover(force=True)
    page.locator(".hoverlayer .hovertext").first.wait_for(timeout=30 * SECOND)
    tour.look("compare, a point of the map", 6)
    for vote in voting.rounds(made.project):
        tour.open("compare", f"&run={made.tune_run}&vote={vote.id}")
        field = page.get_by_label(re.compile("Your name, so that your votes"))
        if field.count():
            field.fill(f"Ben {TYPED}")
            field.press("Enter")
            page.get_by_text("Which list of answers would help").wait_for(timeout=60 * SECOND)
        tour.look(f"vote {vote.id}", 1 if field.count() == 0 else 10)
    _taking_part(made, tour)
    tour.open("report")
    tour.look("report")
    tour.look_at_tabs("report")
    print(tour.seen)
    assert not tour.wrong, "\n".join(f"{at}: {what}" for at, what in tour.wrong.items())


def _taking_part(made: FinishedJourney, tour: Tour) -> None:
    """What participants see of answers, their name and what they wrote; then the organiser."""
    page, project = tour.page, made.project
    everything = len(project.load_dataset().answers)
    round_ = asking.start_collecting(project, TYPED_NAME, answers=everything, wanted=1, seed=0)
    dataset = project.load_dataset()
    place = next(n for n, row in enumerate(round_.rows) if MARK in dataset.answers[row])
    for other in set(range(len(round_.rows))) - {place}:  # the answer with the markup comes next
        asking.write_question(project, round_, other, "Ann", f"Asked {TYPED}", f"token {other}")
    page.goto(f"{tour.server.url}/?lang=en&join={round_.id}")
    page.get_by_label("Your name").fill(f"Ben {TYPED}"[:60])
    page.get_by_role("button", name="Begin").click()
    page.get_by_text("An answer that customers look for").wait_for(timeout=60 * SECOND)
    tour.look("collecting", 1)
    tour.open("data")
    page.get_by_role("tab", name="Collect questions").click()
    page.get_by_text("Close the round").first.wait_for(timeout=60 * SECOND)
    tour.look("collecting, the wall", 3)
    asking.close_round(project, round_, TYPED_NAME)
    tour.open("data")
    page.get_by_role("tab", name="Collect questions").click()
    tour.look("collecting, the review", 3)


def _third_recipe(tour: Tour) -> None:
    """A list that is open, and a tooltip with names in it."""
    page = tour.page
    box = page.get_by_role("combobox", name=re.compile("Recipe$"))
    box.click()
    page.get_by_role("option").first.wait_for(timeout=30 * SECOND)
    tour.look("labels, open list", 4)
    page.get_by_role("option", name="Third").click()
    button = page.get_by_role("button", name="Load into the controls")
    tour.look("labels, third recipe", 4)
    button.hover(force=True)
    page.get_by_text("These experts have not scored these data").wait_for(timeout=30 * SECOND)
    tour.look("labels, tooltip", 4)


def test_report_says_what_was_typed(made, page):
    """In a browser, because only one that draws it shows what became of it."""
    file = report.write_report(made.project, made.compare_run, "en", "Ann")
    page.goto(file.as_uri())
    text = page.evaluate(READ)
    assert page.evaluate(MADE) == [] and not_as_typed(text) == []
    for part in ("Pilot", "Recipe", "Scores", "faq", "parcel", "tents", "All the same", "Because"):
        assert f"{part} {MARK}" in text, part


def test_workbook_says_what_was_typed(made):
    file = report.write_report(made.project, made.compare_run, "en", "Ann")
    book = openpyxl.load_workbook(file.with_suffix(".xlsx"))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    typed = [cell for cell in cells if MARK in str(cell.value)]
    assert len(typed) > 20
    assert {cell.data_type for cell in typed} == {"s"}
    assert not any(cell.hyperlink for cell in typed)
    assert [wrong for cell in typed for wrong in not_as_typed(cell.value)] == []
