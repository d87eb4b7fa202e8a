"""A server of the app on a workspace of its own, and a real Chromium that drives it."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

    from core.journey.projects import Project
    from core.types import QADataset
    from tests.reporting.finished_journey import FinishedJourney

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
SECOND = 1000  # milliseconds, as Playwright counts
# Nothing is measured here: the machine may be busy, and its disk still writing what was installed.
PATIENCE = 180 * SECOND
STOPS = ("", "data", "experts", "labels", "tune", "compare", "report", "pilot")


class Server:
    """``streamlit run app.py`` that can be stopped and started again on the same port."""

    def __init__(self, workspace: Path, log: Path) -> None:
        self.workspace, self.log = workspace, log
        self.script = "app.py"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None
        self.options: list[str] = []
        self.address = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {**os.environ, "WORKSPACE": str(self.workspace), "HF_HUB_OFFLINE": "1"}
        environment.pop("DATABASE_URL", None)
        command = [sys.executable, "-m", "streamlit", "run", self.script, "--server.headless=true"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *command,
                    f"--server.port={self.port}",
                    f"--server.address={self.address}",
                    *self.options,
                ],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        pytest.fail(f"the app did not start: {self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def restart(self, script: str) -> None:
        """Serve another page instead, a file of the repository."""
        self.stop()
        self.script = script
        self.start()

    @staticmethod
    def workers_of(folder: Path) -> list[int]:
        """Return the processes that work on a run folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if str(folder).encode() in command and b"work" in command:
                found.append(int(process.name))
        return found


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve the app on a new workspace inside a folder."""
    made = Server(folder / "workspace", folder / "server.log")
    try:
        made.start()
        yield made
    finally:
        made.stop()
        # Workers outlive the app by design; those of a failed test must not outlive the test.
        for run in (made.workspace / "runs").glob("*"):
            (run / "cancel").touch()
            for pid in made.workers_of(run):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The app on a workspace of this test."""
    with serving(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app on a workspace of this file: its tests make projects of their own there."""
    with serving(tmp_path_factory.mktemp("shared")) as made:
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say what stood on the page, and what the server wrote, where a test fails."""
    report = yield
    if call.when == "call" and report.failed:
        used = getattr(item, "funcargs", {})
        if "page" in used:
            with suppress(Exception):  # the browser may be what failed
                report.sections.append(("Page", _tail(used["page"].locator("body").inner_text())))
                folder = ROOT / "test-artifacts"
                folder.mkdir(exist_ok=True)
                used["page"].screenshot(path=folder / f"{item.name}.png", full_page=True)
        for name in ("server", "shared_server", "typed_server"):
            if name in used and used[name].log.is_file():
                log = used[name].log.read_text("utf-8", errors="replace")
                report.sections.append((f"Log of the {name}", _tail(log)))
    return report


def _tail(text: str, most: int = 4000) -> str:
    return text[-most:]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium, started once for a file; every test has cookies and storage of its own."""
    if not Path(CHROMIUM).exists():
        pytest.fail("Chromium is needed for browser tests: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    # Without these, a Chromium keeps trying to reach its maker's servers.
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", *quiet]
        )
        yield made
        made.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own; what it looked like is kept where a test fails.

    Without a graphics card a processor draws every frame of every fade: a third of what a
    Chromium takes. Who asks for less motion sees the same without them.
    """
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-US", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    for opened in browser.contexts:  # also those of a second visitor
        opened.close()


@pytest.fixture(scope="module")
def typed(tmp_path_factory) -> FinishedJourney:
    """A finished project in which everything that somebody could type is markup."""
    return new_typed_project(tmp_path_factory.mktemp("typed") / "workspace")


@pytest.fixture(scope="module")
def typed_server(typed: FinishedJourney, tmp_path_factory) -> Iterator[Server]:
    """The app on that project; a visit changes nothing in it."""
    served = Server(typed.workspace.layout.root, tmp_path_factory.mktemp("log") / "server.log")
    served.start()
    yield served
    served.stop()


def settle(page: Page) -> None:
    """Wait until a page is drawn and has faded in: half-drawn text has half its contrast."""
    drawn = '[data-testid="stApp"][data-test-script-state="notRunning"]'
    page.locator(drawn).wait_for(timeout=PATIENCE)
    page.wait_for_timeout(400)


def inside_the_screen(locator: Locator, name: str, slack: float = 1.0) -> None:
    """Fail unless the whole of an element comes to lie inside the screen, above the bar.

    Parameters
    ----------
    slack : float
        Pixels by which it may reach into the bar, which has as much room of its own.
    """
    locator.wait_for(timeout=PATIENCE)
    screen = locator.page.viewport_size
    assert screen is not None
    for _ in range(20):  # what stands above may still be being drawn
        box = locator.bounding_box()
        bar = locator.page.locator('[data-testid="stBottom"]').bounding_box()
        if box and bar and box["y"] >= 0:
            lowest = min(bar["y"] + slack, screen["height"])
            if box["y"] + box["height"] <= lowest:
                return
        locator.page.wait_for_timeout(500)
    pytest.fail(f"{name} is not inside the screen: {box}, {bar}")


def new_typed_project(workspace: Path) -> FinishedJourney:
    """Return a finished project full of markup in which Tune has nothing left to measure."""
    from tests.reporting.typed_project import typed_project

    made = typed_project(workspace)
    keep_probe(made.project, made.project.load_dataset())
    return made


def keep_probe(project: Project, dataset: QADataset) -> None:
    """Keep a measurement of the usual settings: Tune asks for one where there is none."""
    from core.jobs.folder import append_event
    from core.journey import tune
    from core.journey.jobs import PROBE
    from core.tuning.presets import PRESETS
    from core.tuning.probe import Probe
    from core.workspace.files import write_json

    config = PRESETS["balanced"].config(base_model=tune.suggested_model(dataset))
    folder = tune.probe_folder(project.workspace, tune.plan(project.workspace, dataset, config).key)
    folder.root.mkdir(parents=True)
    write_json(folder.request, {"kind": PROBE, "config": {}})
    for event in ("launched", "started"):
        append_event(folder, event)
    measured = Probe((1.0, 1.0), 2.0, 3.0, 0.5, 270.0, 90.0, 1200.0, "cpu", "x", "fp32")
    write_json(folder.result, dataclasses.asdict(measured))
    append_event(folder, "finished")


def scored_sample(server: Server, language: str, experts: Sequence[str]) -> Project:
    """Return a sample project of a server's workspace that experts have scored."""
    from core.journey import projects
    from core.journey.experts import run_scoring
    from core.types import SilentReporter

    workspace = projects.Workspace.open(server.workspace)
    project = projects.create_sample_project(workspace, language, f"Shop {language}", "ann")
    dataset = workspace.load_dataset(project.dataset_id)
    run_scoring(workspace, dataset, experts, SilentReporter())
    scored = {"dataset_id": dataset.id, "experts": list(experts), "run_id": "score-1"}
    workspace.records.set(project.id, "scored", scored)
    return project
