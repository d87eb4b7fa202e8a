"""The Report page: nothing there yet, a finished journey, and damaged files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.testing.v1 import AppTest

from core.experts import onnx_graph
from core.jobs.folder import RunFolder
from core.journey import report
from core.journey.delivery import FORMATS, exchange_file, exported_model
from core.journey.report import exported_report
from core.workspace.workspace import Workspace
from pages.parts import made_file
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
    app = AppTest.from_file(str(ROOT / "main.py"), default_timeout=60)
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
    assert not app.get("download_button")


def test_before_a_comparison_the_page_says_what_is_missing(root):
    project = Workspace.open(root).create_project("Empty", "ann")
    app = open_report(project.id)
    assert "Upload your questions and answers first." in texts(app)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_report_and_model_are_made_at_the_click(root, language):
    """Building a large archive on every visit would make the page unusable."""
    journey = finished_journey(root)
    app = open_report(journey.project.id, language)
    assert not list(journey.workspace.layout.exports.iterdir())
    assert not app.error
    if language == "en":
        assert "Better in one test" in texts(app)
    assert not exported_report(journey.workspace, journey.compare_run, language).exists()
    assert not exported_model(journey.workspace, journey.compare_run, language).exists()
    app.button(key="make_model").click().run()
    assert exported_model(journey.workspace, journey.compare_run, language).is_file()
    assert not app.exception and not app.error
    downloads = [element for element in app.get("download_button")]
    assert len(downloads) == 4  # PDF, page, tables, model


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
    assert not app.get("download_button")


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
        f"app = AppTest.from_file({str(ROOT / 'main.py')!r}, default_timeout=60).run();"
        f"app.switch_page({str(ROOT / 'pages' / 'report.py')!r}).run();"
        "assert not app.exception;"
        "print({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules))"
    )
    environment = {**os.environ, "WORKSPACE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert done.stdout.strip().endswith("set()"), done.stderr[-2000:]


def open_tab(root: Path, title: str, **finished) -> tuple[AppTest, object]:
    journey = finished_journey(root, **finished)
    app = open_report(journey.project.id)
    app.session_state["report_tab"] = title
    app.run()
    assert not app.exception and not app.error
    return app, journey


def offered(app: AppTest) -> dict[str, str]:
    """Return label and kind of the buttons that make a file at the click."""
    buttons = app.get("download_button")
    return {b.proto.label: b.proto.type for b in buttons if b.proto.label.startswith("Download as")}


def test_one_button_is_the_next_action(root):
    """Two blue buttons side by side ask a question that nobody answered."""
    app = open_report(finished_journey(root).project.id)
    assert not [b.key for b in app.button if b.proto.type == "primary"]
    assert offered(app) == {
        "Download as PDF": "primary",
        "Download as page (HTML)": "secondary",
        "Download as tables (XLSX)": "secondary",
    }


def test_without_chromium_the_page_says_how_to_print(root, monkeypatch):
    """A button that can only fail is worse than a sentence that helps."""
    monkeypatch.setattr(report, "can_print", lambda: False)
    app = open_report(finished_journey(root).project.id)
    assert offered(app) == {
        "Download as page (HTML)": "primary",
        "Download as tables (XLSX)": "secondary",
    }
    assert "Ctrl+P" in texts(app)


def test_content_hashes_are_listed(root):
    app, _ = open_tab(root, "Repeat and check")
    assert "0123456789abcdef  Labels" in texts(app)
    assert app.code[0].value.startswith("python -m core run")
    assert "--overrides overrides.json" in app.code[0].value
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels[-2:] == ["settings.json", "overrides.json"]


def test_files_for_other_tools_are_made_on_click(root):
    app, journey = open_tab(root, "For other search tools")
    for key in FORMATS:
        app.button(key=f"make_exchange_{key}").click().run()
        assert exchange_file(journey.workspace, journey.compare_run, key).is_file()
    made = {button.key for button in app.get("download_button")}
    assert {f"download_exchange_{key}" for key in FORMATS} <= made and not app.exception


def test_code_has_the_values_of_this_model(root):
    app, _ = open_tab(root, "Use it in your software")
    assert "SentenceTransformer(" in app.code[0].value and "[n, 8]" in app.code[0].value
    assert "query\\: " in texts(app)
    app.selectbox(key="snippet").set_value("qdrant").run()
    assert "VectorParams(size=8" in app.code[0].value
    app.selectbox(key="snippet").set_value("onnxruntime").run()
    assert "Convert the model to ONNX first" in texts(app)


def test_without_the_onnx_packages_the_page_says_what_to_install(root, monkeypatch):
    monkeypatch.setattr(onnx_graph, "find_spec", lambda name: None)
    app, _ = open_tab(root, "The model")
    assert "pip install onnx" in texts(app).replace("\\", "")
    assert "make_onnx" not in keys(app)


def test_personal_data_are_named_once_and_stop_every_file_with_texts(root):
    made = finished_journey(root, evil="write to anna.schmidt@example.org")
    app = open_report(made.project.id)
    app.session_state["report_tab"] = "For other search tools"
    app.run()
    assert not app.exception
    said = [w.value for w in app.warning if "may be shared" in w.value]
    assert len(said) == 1
    assert "what is said above holds for them" in texts(app)
    assert not {key for key in keys(app) if "exchange" in key}
    assert not app.get("download_button")
    app.button(key="to_data").click().run()
    assert [title.value for title in app.title] == ["Data"]


def test_without_a_token_nothing_can_be_sent(root, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    app, _ = open_tab(root, "The model")
    assert "HF_TOKEN" in texts(app) and "hub_send" not in keys(app)


def test_a_push_that_fails_is_said_and_the_token_never_shown(root, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_verysecret")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    app, _ = open_tab(root, "The model")
    app.text_input(key="hub_repository").set_value("acme/search").run()
    app.button(key="hub_send").click().run()
    assert len(app.error) == 1 and "offline" in app.error[0].value
    assert "hf_verysecret" not in texts(app)


def test_a_downloaded_report_is_forgotten_although_nobody_comes(tmp_path, monkeypatch):
    storage = MemoryMediaFileStorage("/media")
    manager = MediaFileManager(storage)
    timers = []
    monkeypatch.setattr(
        made_file,
        "Timer",
        lambda seconds, do: timers.append((seconds, do)) or SimpleNamespace(start=lambda: None),
    )
    there = SimpleNamespace(
        exists=lambda: True, get_instance=lambda: SimpleNamespace(media_file_mgr=manager)
    )
    monkeypatch.setattr(made_file, "runtime", there)
    file = tmp_path / "report.html"
    file.write_bytes(b"<html>")
    monkeypatch.setattr("streamlit.runtime.media_file_manager._get_session_id", lambda: "a session")
    placeholder = manager.add_deferred(
        lambda: made_file.opened_for_download(file), "text/html", "here", file_name="r.html"
    )
    address = manager.execute_deferred(placeholder)
    name = address.rpartition("/")[2].partition("?")[0]
    assert storage.get_file(name).content == b"<html>"
    assert [seconds for seconds, _ in timers] == list(made_file.FORGOTTEN_AFTER_S)
    timers[0][1]()
    assert storage.get_file(name), "a download that just began goes on"
    timers[1][1]()
    with pytest.raises(MediaFileStorageError):
        storage.get_file(name)
