"""Fixtures for tests of pages: the app in a workspace of its own."""

from __future__ import annotations

import csv
import functools
import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from core.jobs import launch
from core.jobs.folder import RunFolder, append_event
from core.journey import (
    compare as comparing,
    data,
    experts as scoring,
    labels,
    steps,
    tune as tuning,
)
from core.tuning.presets import PRESETS
from core.workspace.workspace import Workspace
from pages.parts.tune import tuning_estimate

ROOT = Path(__file__).resolve().parents[2]
# A server looks through the installed packages for components once, AppTest for every app it makes:
# a third of the time of these tests.
manifest_scanner.scan_component_manifests = functools.cache(
    manifest_scanner.scan_component_manifests
)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AppTest]]:
    """Return a function that opens the app on a workspace, a page and a project."""
    for clear in (st.cache_resource.clear, st.cache_data.clear):
        clear()
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    # A page with the tuning form tries a few steps in a process of its own.
    monkeypatch.setattr(tuning_estimate, "start_probe", lambda *_args, **_settings: False)
    make = PagesManager.__init__

    def make_declared(self: PagesManager, *args: object, **settings: object) -> None:
        # A server takes the folder "pages" for its older kind of app until main.py has run once;
        # AppTest goes back to that state before every run, which would swallow every click.
        make(self, *args, **settings)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", make_declared)

    def open_app(
        workspace: Path, page: str | None = None, project: str | None = None, language: str = "en"
    ) -> AppTest:
        monkeypatch.setenv("WORKSPACE", str(workspace))
        # Nothing is measured here: a busy machine may take a minute for a first look.
        at = AppTest.from_file(str(ROOT / "main.py"), default_timeout=180)
        at.query_params["lang"] = language
        if project is not None:
            at.query_params["project"] = project
        at.run()
        if page is not None:
            at.switch_page(f"pages/{page}.py").run()
        return at

    yield open_app
    for clear in (st.cache_resource.clear, st.cache_data.clear):
        clear()


@dataclass(frozen=True)
class FinishedWorkspace:
    """A workspace in which one project has come as far as its first comparison."""

    root: Path
    project: str
    tune_run: str
    compare_run: str

    def run(self, run_id: str) -> Path:
        """Return the folder of a run."""
        return self.root / "runs" / run_id

    def open(self) -> Workspace:
        """Open the workspace, as the app does."""
        return Workspace.open(self.root)


@pytest.fixture(scope="session")
def finished_once(tmp_path_factory: pytest.TempPathFactory) -> FinishedWorkspace:
    """Walk the journey once on a part of the English sample; small, but with real models."""
    root = tmp_path_factory.mktemp("finished") / "workspace"
    workspace = Workspace.open(root)
    project = workspace.create_project("Shop FAQ pilot", "Mika")
    data.import_file(project, first_answers(60), "faq.csv", who="Mika")
    project = workspace.project(project.id)
    experts = ["wordllama-l2-supercat-256", "bm25", "tfidf"]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.setattr(launch, "_start", work_in_this_process)
        scoring.launch_scoring(project, experts, "Mika")
        recipe = labels.default_recipe(experts)
        labels.save_recipe(project, "First recipe", recipe, "Mika")
        config = PRESETS["quick"].config(base_model=experts[0])
        tuned = tuning.launch_tuning(project, config, "Mika")
        compared = comparing.launch_comparison(project, tuned, experts, "Mika")
    return FinishedWorkspace(root, project.id, tuned, compared)


ADVANCED = ("Verdict in figures", "All systems", "What counts", "Map", "Other fields")


def open_compare_tab(at: AppTest, tab: str) -> AppTest:
    """Open a tab of the Compare page, also one of those under "Advanced"."""
    if tab in ADVANCED:
        at.session_state["compare_advanced"] = tab
        tab = "Advanced"
    at.session_state["compare_tab"] = tab
    return at.run()


@pytest.fixture
def finished_workspace(finished_once: FinishedWorkspace, tmp_path: Path) -> FinishedWorkspace:
    """Return a copy of the finished workspace that a test may damage."""
    copy = tmp_path / "workspace"
    shutil.copytree(finished_once.root, copy)
    return replace(finished_once, root=copy)


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[RunFolder]:
    """Keep workers from being started; returns the run folders that were launched."""
    folders: list[RunFolder] = []

    def start(folder: RunFolder, _environment: object = None) -> None:
        append_event(folder, "launched")
        folders.append(folder)

    monkeypatch.setattr(launch, "_start", start)
    return folders


def first_answers(count: int) -> bytes:
    """Return the sample file with the questions of its first answers only."""
    with (ROOT / "sample_data" / "shop_faq_en.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = set(list(dict.fromkeys(row["answer"] for row in rows))[:count])
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(row for row in rows if row["answer"] in kept)
    return text.getvalue().encode()


def work_in_this_process(folder: RunFolder, _environment: object = None) -> None:
    """Do what a worker would do, here and now: saves starting Python and torch three times."""
    append_event(folder, "launched")
    assert steps.work(folder.root) == 0, launch.log_tail(folder)
