"""The journey of a newcomer in a real browser, with everything that goes wrong on the way."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest
from pypdf import PdfReader

from core.journey.data import import_file
from core.journey.improve import improvement, improvement_of
from core.journey.projects import create_sample_project
from core.workspace.workspace import Workspace
from tests.browser.conftest import PATIENCE, SECOND
from tests.pages.conftest import first_answers

pytestmark = pytest.mark.browser

MINUTE = 60 * SECOND


def no_exception(page) -> None:
    assert page.locator('[data-testid="stException"]').count() == 0
    assert "Traceback" not in page.locator("body").inner_text()


def click(page, label: str | re.Pattern[str], timeout: float = PATIENCE) -> None:
    button = page.get_by_role("button", name=label).first
    button.wait_for(timeout=timeout)
    button.click()
    no_exception(page)


def see(page, text: str | re.Pattern[str], timeout: float = PATIENCE) -> None:
    page.get_by_text(text).first.wait_for(timeout=timeout)
    no_exception(page)


def settle(page) -> None:
    """Wait until the page is drawn: what opens while it is drawn anew closes again."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()


def only_run(workspace: Path, kind: str) -> Path:
    (folder,) = (workspace / "runs").glob(f"{kind}-*")
    return folder


def wait_for_step(folder: Path, step: int, seconds: float = 300) -> None:
    """Wait until training has reported a step."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        events = (folder / "events.jsonl").read_text()
        steps = [int(s) for s in re.findall(r'"step": (\d+), "epoch"', events)]
        if steps and max(steps) >= step:
            return
        time.sleep(0.2)
    pytest.fail(f"training did not reach step {step}: {(folder / 'worker.log').read_text()}")


@pytest.mark.timeout(1200)
def test_sample_project_from_the_first_click_to_the_report(server, page, tmp_path):
    """Upload to report; reload, SIGKILL, resume and app restart in the middle of training."""
    page.goto(f"{server.url}/?lang=en")
    see(page, "Make your search find more")
    click(page, re.compile("Outdoor shop FAQ"))

    see(page, "One click to the verdict")
    click(page, "Choose experts")  # this is the other way: step by step
    see(page, "On this machine")
    click(page, "Not now")  # the teacher, ticked where its packages are installed, takes minutes
    see(page, "was put off")
    for slow in ("all-MiniLM-L6-v2", "multilingual-e5-small", "USE multilingual"):
        page.locator('[data-testid="stCheckbox"]', has_text=slow).first.locator("label").click()
        page.wait_for_timeout(SECOND)
    click(page, "Let 3 experts score")
    click(page, "Look at the labels")

    see(page, "Changed, not used yet")
    click(page, "Use these labels")

    page.get_by_test_id("stRadioOption").filter(has_text="Quick look").click()
    page.wait_for_timeout(SECOND)
    click(page, "Start tuning")
    see(page, re.compile("Running|Learning"))
    folder = only_run(server.workspace, "tune")

    wait_for_step(folder, 2)
    page.reload()
    see(page, re.compile(r"Learning: step \d+ of \d+|Checking the search quality"))

    (worker,) = server.workers_of(folder)
    os.kill(worker, signal.SIGKILL)
    see(page, "Interrupted")
    click(page, "Resume")
    see(page, re.compile(r"Learning: step \d+ of \d+|Checking the search quality"))

    server.stop()
    server.start()
    page.goto(f"{server.url}/tune?{page.url.partition('?')[2]}")
    see(page, re.compile(r"Learning: step \d+ of \d+|Checking the search quality|Done\."))
    assert (folder / "events.jsonl").read_text().count('"event": "launched"') == 2
    click(page, "Compare before and after", timeout=5 * MINUTE)  # and the comparison starts

    see(page, "Unseen answers")
    see(page, re.compile(r"(Better|Worse|No clear difference)"))
    see(page, re.compile("Everyday language"))

    click(page, "Make the report")
    see(page, "Take the result with you")
    with page.expect_download(timeout=PATIENCE) as printed:
        click(page, "Download as PDF")
    paper = tmp_path / "report.pdf"
    printed.value.save_as(paper)
    first = PdfReader(paper).pages[0].extract_text()
    assert "Outdoor shop FAQ" in first and "Three wins" in first and "Decision" in first
    with page.expect_download(timeout=PATIENCE) as made:
        click(page, "Download as page")
    report = tmp_path / "report.html"
    made.value.save_as(report)
    text = report.read_text(encoding="utf-8")
    assert "Outdoor shop FAQ" in text
    assert "nDCG@10" in text
    with page.expect_download(timeout=PATIENCE) as packed:
        click(page, "Pack the model")
        click(page, re.compile("Download the model"))
    archive = tmp_path / "model.zip"
    packed.value.save_as(archive)
    assert "model.safetensors" in " ".join(zip_names(archive))


def zip_names(path: Path) -> list[str]:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_link_to_a_page_on_a_server_that_just_started(server, page):
    """The first visitor must not meet Streamlit's old multipage mode, which skips main.py."""
    page.goto(f"{server.url}/labels?lang=en")
    see(page, "Step 3 of 6: Labels")
    see(page, "Choose a project in the sidebar")
    assert "/labels" in page.url


def test_texts_of_users_are_never_html(server, page, tmp_path):
    """A script tag in an uploaded answer is shown as text and never runs."""
    rows = ["question,answer"]
    for topic in "parcel refund password invoice colour tent stove boots voucher bike".split():
        for form in ("where is my {}", "{} help please", "trouble with {}", "about the {} I got"):
            evil = f"<img src=x onerror=document.title='owned'><b>{topic}</b> $x$ [a](javascript:1)"
            rows.append(f'"{form.format(topic)} <script>document.title=1</script>","{evil}"')
    upload = tmp_path / "evil.csv"
    upload.write_text("\n".join(rows), encoding="utf-8")
    page.goto(f"{server.url}/?lang=en")
    click(page, "New project")
    page.get_by_label("Name of the project").fill("<script>document.title='owned'</script>")
    click(page, "Create")
    page.locator('input[type="file"]').set_input_files(upload)
    click(page, "Import")
    see(page, "Choose experts")
    page.goto(f"{server.url}/?lang=en")
    see(page, "<script>document.title='owned'</script>")
    assert page.title() not in ("owned", "1")


def test_another_language_keeps_the_tab_and_what_was_chosen(server, page):
    """The tab jumped to the first one, and boxes kept the words of the old language."""
    workspace = Workspace.open(server.workspace)
    project = create_sample_project(workspace, "en", "Shop", "Mika")
    page.goto(f"{server.url}/data?lang=en&project={project.id}")
    see(page, "Questions and answers")
    settle(page)
    # A list that is open closes when the page moves: the box has to be in sight before the click.
    page.locator(".st-key-browse_split").scroll_into_view_if_needed()
    page.wait_for_timeout(SECOND)
    page.locator(".st-key-browse_split").get_by_role("combobox").click()
    page.get_by_role("option").nth(1).click()
    english = page.locator(".st-key-browse_split").inner_text()
    page.get_by_role("tab").nth(2).click()
    page.get_by_role("radio", name="日本語").or_(
        page.get_by_role("button", name="日本語")
    ).first.click()
    see(page, "質問と回答")
    settle(page)
    assert page.get_by_role("tab").nth(2).get_attribute("aria-selected") == "true"
    page.get_by_role("tab").nth(0).click()
    page.wait_for_timeout(SECOND)
    box = page.locator(".st-key-browse_split")
    japanese = box.inner_text()
    assert japanese != english and not re.search("[A-Za-z]{4}", japanese)
    box.get_by_role("combobox").click()
    assert page.get_by_role("option", selected=True).count() == 1


FOLD = 800


class Hand:
    """A visitor whose clicks are counted."""

    def __init__(self, page) -> None:
        self.page, self.clicks = page, 0

    def click(self, label: str | re.Pattern[str]) -> None:
        button = self.page.get_by_role("button", name=label).first
        button.wait_for(timeout=PATIENCE)
        button.click()
        self.clicks += 1
        no_exception(self.page)


@pytest.mark.parametrize(("language", "words"), [("en", "Improve my search"), ("ja", "検索を改善")])
def test_the_sample_is_two_clicks_from_its_verdict(server, page, language, words):
    page.set_viewport_size({"width": 1280, "height": FOLD})
    hand = Hand(page)
    page.goto(f"{server.url}/?lang={language}")
    hand.click(re.compile("Outdoor shop FAQ|アウトドア"))
    start = page.get_by_role("button", name=re.compile(words))
    start.wait_for(timeout=PATIENCE)
    for place in (start, page.locator(".st-key-improve_offer")):
        box = place.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= FOLD
    hand.click(re.compile(words))
    page.locator('[class*="st-key-job_improve-"]').wait_for(timeout=PATIENCE)
    no_exception(page)
    assert hand.clicks == 2


def test_the_quick_look_ends_on_the_verdict_also_through_a_kill(server, page):
    """The same click on a part of the sample, without the teacher, so that it takes a minute."""
    page.set_viewport_size({"width": 1280, "height": FOLD})
    workspace = Workspace.open(server.workspace)
    project = workspace.create_project("Shop", "Mika")
    import_file(project, first_answers(30), "faq.csv", who="Mika")
    project = workspace.project(project.id)
    project.state.teacher_put_off = True
    hand = Hand(page)
    hand.clicks = 1  # on the sample: see above
    page.goto(f"{server.url}/?lang=en&project={project.id}")
    page.get_by_role("button", name="Improve my search").wait_for(timeout=PATIENCE)
    settle(page)
    page.get_by_role("radio", name="Quick look").or_(
        page.get_by_role("button", name="Quick look")
    ).first.click(timeout=PATIENCE)
    hand.clicks += 1
    see(page, "One pass over the data")
    hand.click("Improve my search")
    see(page, "Improving your search")

    run = improvement_of(project).id
    end = time.monotonic() + 600
    while "tune" not in improvement(workspace, run).runs:
        assert time.monotonic() < end, (workspace.run_folder(run) / "worker.log").read_text()
        time.sleep(0.2)
    see(page, "suggested for these data")  # the page says what was decided, and why
    (worker,) = server.workers_of(workspace.run_folder(run))
    os.kill(worker, signal.SIGKILL)
    see(page, "Interrupted")
    page.get_by_role("button", name="Resume").click()

    page.wait_for_url(re.compile(r"/compare\?.*run=tune-"), timeout=15 * MINUTE)
    assert hand.clicks <= 4
    hero = page.locator(".st-key-verdict_hero")
    hero.wait_for(timeout=PATIENCE)
    box = hero.bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= FOLD
    told = improvement(workspace, run)
    assert len({(one.about, str(one.text)) for one in told.decided}) == len(told.decided)
    page.goto(f"{server.url}/?lang=en&project={project.id}")
    stages = page.locator(".st-key-pilot_stages")
    stages.wait_for(timeout=PATIENCE)
    box = stages.bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= FOLD
    see(page, re.compile("Of 100 customers who"))
