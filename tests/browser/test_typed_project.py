"""What people type stays text on all pages: in tabs, dialogs, tooltips, lists, charts and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import openpyxl
import pytest

from core.journey import data, personal, report
from core.journey.people import asking, voting
from core.journey.pilot import searching
from core.types.pilot_events import PilotArm
from tests.browser.conftest import PATIENCE, SECOND, Server, new_typed_project
from tests.reporting.finished_journey import BASE, FinishedJourney
from tests.reporting.typed_project import TYPED, TYPED_FILE, TYPED_NAME

pytestmark = pytest.mark.browser
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
        self.page.get_by_role("heading", level=1).first.wait_for(timeout=PATIENCE)

    def look(self, place: str, least: int = 1) -> None:
        """Read what is drawn; the payload stands there so many times at least."""
        ready = self.page.locator('[data-test-script-state="notRunning"]')
        ready.wait_for(timeout=PATIENCE)
        self.page.wait_for_timeout(300)  # a fragment or a rerun may begin just now
        ready.wait_for(timeout=PATIENCE)
        for _ in range(20):  # what is read from disk may still be on its way
            text = self.page.evaluate(READ)
            self.seen[place] = text.count(MARK)
            if self.seen[place] >= least:
                break
            self.page.wait_for_timeout(500)
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
    return new_typed_project(tmp_path_factory.mktemp("typed") / "workspace")


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
    page.get_by_text("Rename").first.wait_for(timeout=PATIENCE)
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
    page.locator('[class*="st-key-example_"] button').first.click()
    page.locator('[class*="st-key-two_lists_asked"]').wait_for(timeout=30 * SECOND)
    tour.look("compare, a question asked", 8)
    tour.look_at_tabs("compare", 3)
    for name in ("All systems", "What counts", "Other fields", "Map"):
        page.get_by_role("tab", name=name).click()
        tour.look(f"compare, {name}", 3)
    page.locator(".js-plotly-plot .scatterlayer .point").first.hover(force=True)
    page.locator(".hoverlayer .hovertext").first.wait_for(timeout=30 * SECOND)
    tour.look("compare, a point of the map", 6)
    for vote in voting.rounds(made.project):
        tour.open("compare", f"&run={made.tune_run}&vote={vote.id}")
        ended = voting.progress(made.workspace, vote).opening is not None
        if not ended:
            field = page.get_by_label(re.compile("Your name, so that your votes"))
            field.fill(f"Ben {TYPED}", timeout=PATIENCE)
            field.press("Enter")
            page.get_by_text("Which list of answers would help").wait_for(timeout=PATIENCE)
        tour.look(f"vote {vote.id}", 0 if ended else 6)  # one that ended says only so
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
    # Asked for a name or not: this browser has told one before, in a vote.
    begin = page.get_by_role("button", name="Begin")
    answer = page.get_by_text("An answer that customers look for")
    begin.or_(answer).first.wait_for(timeout=PATIENCE)
    if begin.count():
        page.get_by_label("Your name").fill(f"Ben {TYPED}"[:60])
        begin.click()
    answer.wait_for(timeout=PATIENCE)
    tour.look("collecting", 1)
    tour.open("data")
    page.get_by_role("tab", name="Collect questions").click()
    page.get_by_text("Close the round").first.wait_for(timeout=PATIENCE)
    tour.look("collecting, the wall", 3)
    asking.close_round(project, round_, TYPED_NAME)
    tour.open("data")
    page.get_by_role("tab", name="Collect questions").click()
    tour.look("collecting, the review", 3)
    _judging(made, tour)
    _searching(made, tour)


def _searching(made: FinishedJourney, tour: Tour) -> None:
    """What a customer searches on a shared page; then the organiser's tabs."""
    page, project = tour.page, made.workspace.project(made.project.id)
    plan = searching.start_page(project, TYPED_NAME, champion=PilotArm("", BASE))
    page.goto(f"{tour.server.url}/pilot?search={plan.link}&lang=en")
    field = page.locator(".st-key-pilot_question input")
    field.fill(f"where is {TYPED}", timeout=PATIENCE)
    field.press("Enter")
    page.locator(".st-key-result_0").wait_for(timeout=PATIENCE)
    tour.look("search page", 1)
    page.get_by_role("button", name=re.compile("None of these")).click()
    note = page.locator(".st-key-pilot_note textarea")
    note.fill(f"I wanted {TYPED}", timeout=PATIENCE)
    page.get_by_role("button", name="Send the note").click()
    page.get_by_text("Your note was sent").first.wait_for(timeout=PATIENCE)
    tour.open("pilot")
    page.get_by_role("tab", name="Versions").wait_for(timeout=PATIENCE)
    tour.look("pilot", 0)
    tour.look_at_tabs("pilot", 0)
    # Names and reasons of versions, what was searched and written: all of it was typed.
    for name in ("Versions", "Notes of visitors"):
        assert tour.seen[f"pilot, {name}"] >= 1, name
    searching.close_page(project, plan, TYPED_NAME)


def _judging(made: FinishedJourney, tour: Tour) -> None:
    """What judges see of a question and an answer; then the organiser."""
    page = tour.page
    before = made.workspace.project(made.project.id).dataset_id
    log = f"query\nhow long may I keep a rented drone {TYPED}\n".encode()
    found = data.read_questions(log, "log.csv")
    data.add_open_questions(made.project, found, who=TYPED_NAME)
    project = made.workspace.project(made.project.id)
    personal.allow_sharing(project, f"Because {TYPED}", TYPED_NAME)
    round_ = asking.start_judging(project, TYPED_NAME, questions=1, depth=10, wanted=1)
    page.goto(f"{tour.server.url}/?lang=en&join={round_.id}&me=Ben")
    page.get_by_role("button", name="I cannot say").wait_for(timeout=PATIENCE)
    tour.look("judging", 1)
    for _ in round_.pools[0]:
        page.keyboard.press("1")
        page.wait_for_timeout(400)
    tour.look("judging, done", 0)
    tour.open("data")
    page.get_by_role("tab", name="Judge results").click()
    page.get_by_text("Close the round").first.wait_for(timeout=PATIENCE)
    tour.look("judging, the organiser", 1)
    asking.close_round(project, round_, TYPED_NAME)
    # The tests that follow report on the data as they were.
    made.workspace.records.use_dataset(project.id, before, TYPED_NAME)
    personal.allow_sharing(made.project, f"Because {TYPED}", TYPED_NAME)


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
