"""The Report page: nothing there yet, a finished journey, and damaged files."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs.folder import RunFolder
from core.journey.model_delivery import exported_model
from core.journey.reporting import exported_report
from core.workspace.workspace import Workspace
from tests.reporting.finished_journey import finished_journey

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def root(tmp_path, monkeypatch):
    import streamlit as st

    monkeypatch.setenv("WORKSPACE", str(tmp_path))
    st.cache_resource.clear()
    yield tmp_path
    st.cache_resource.clear()


def open_report(project: str | None, language: str = "en") -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.query_params["lang"] = language
    if project:
        app.query_params["project"] = project
    app.run()
    app.switch_page(str(ROOT / "pages" / "report.py")).run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    kinds = (app.markdown, app.error, app.warning, app.info, app.success, app.code, app.caption)
    return "\n".join(element.value for kind in kinds for element in kind)


def keys(app: AppTest) -> set[str]:
    return {button.key for button in app.button}


def test_without_a_project_the_page_offers_sample_data(root):
    app = open_report(None)
    assert "sample_en" in keys(app)
    assert "make_report" not in keys(app)


def test_before_a_comparison_the_page_says_what_is_missing(root):
    project = Workspace.open(root).records.create_project("Empty", "ann")
    app = open_report(project.id)
    assert "Upload your questions and answers first." in texts(app)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_report_and_model_are_made_on_click(root, language):
    """Building a large archive on every visit would make the page unusable."""
    journey = finished_journey(root)
    app = open_report(journey.project.id, language)
    assert not list(journey.workspace.layout.exports.iterdir())
    assert not app.error
    if language == "en":
        assert "Better in one test" in texts(app)
        assert "0123456789abcdef  Labels" in texts(app)
    app.button(key="make_report").click().run()
    assert exported_report(journey.workspace, journey.compare_run, language).is_file()
    assert not exported_model(journey.workspace, journey.compare_run, language).exists()
    app.button(key="make_model").click().run()
    assert exported_model(journey.workspace, journey.compare_run, language).is_file()
    assert not app.exception and not app.error
    downloads = [element for element in app.get("download_button")]
    assert len(downloads) == 3  # report, workbook, model


def test_a_worse_model_is_shown_as_worse(root):
    journey = finished_journey(root, gain=-0.5, model=False)
    app = open_report(journey.project.id)
    assert "Worse" in app.error[0].value
    assert any("tuned model is worse" in warning.value for warning in app.warning)


@pytest.mark.parametrize("name", ["result.json", "arrays.safetensors"])
def test_damaged_files_give_a_readable_error(root, name):
    """A half-written disk must never show a traceback, nor take the other pages down."""
    journey = finished_journey(root, model=False)
    folder = RunFolder(journey.workspace.run_folder(journey.compare_run))
    (folder.root / name).write_bytes(b"\x00garbage")
    app = open_report(journey.project.id)
    assert len(app.error) == 1 and "Traceback" not in app.error[0].value
    assert "Something went wrong" not in app.error[0].value
    assert "make_report" not in keys(app)


def test_a_model_folder_that_is_gone_leaves_the_report(root):
    journey = finished_journey(root, model=False)
    RunFolder(journey.workspace.run_folder(journey.tune_run)).model.rmdir()
    app = open_report(journey.project.id)
    assert "make_model" not in keys(app)


def test_opening_the_page_does_not_import_torch(tmp_path):
    """Importing torch takes eight seconds; reading about a result must not wait for it."""
    import os
    import subprocess
    import sys

    code = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        f"app = AppTest.from_file({str(ROOT / 'app.py')!r}, default_timeout=60).run();"
        f"app.switch_page({str(ROOT / 'pages' / 'report.py')!r}).run();"
        "assert not app.exception;"
        "print({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules))"
    )
    environment = {**os.environ, "WORKSPACE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert done.stdout.strip().endswith("set()"), done.stderr[-2000:]
