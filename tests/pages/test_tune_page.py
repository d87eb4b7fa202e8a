"""The Tune page: what is launched is what is shown, and no damaged run takes the page down."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.experts.trimming import Trimmed
from core.jobs.folder import RunFolder, append_event
from core.jobs.state import RUNNING
from core.journey import tune
from core.workspace.workspace import Workspace
from pages.parts import model_titles
from pages.parts.tune import tuning_form, tuning_settings

ROOT = Path(__file__).resolve().parents[2]
E5 = "multilingual-e5-small-4bit"
WORDLLAMA = "wordllama-l2-supercat-256"


def base_model(at: AppTest):
    return next(box for box in at.selectbox if box.label == "Base model")


def texts(at: AppTest) -> str:
    kinds = (at.markdown, at.error, at.warning, at.info, at.success, at.caption)
    shown = "\n".join(element.value for kind in kinds for element in kind)
    return shown.replace("\\", "")


def button(at: AppTest, label: str):
    return next((b for b in at.button if b.label == label), None)


def table(at: AppTest):
    return at.dataframe[-1].value


def without_runs(finished) -> None:
    """Take the project back to the moment before its first tuning."""
    for kind in ("tune", "compare"):
        for folder in (finished.root / "runs").glob(f"{kind}-*"):
            shutil.rmtree(folder)


@pytest.fixture
def opened(finished_workspace, app):
    return lambda **more: app(finished_workspace.root, "tune", finished_workspace.project, **more)


def test_empty_workspace_offers_sample_data(tmp_path, app):
    at = app(tmp_path, "tune")
    assert not at.exception and not at.error
    assert any(b.key == "sample_en" for b in at.button)


def test_missing_recipe_leads_to_the_stop_that_is_missing(tmp_path, app):
    project = Workspace.open(tmp_path).create_project("Empty", "me")
    at = app(tmp_path, "tune", project.id)
    assert "Upload your questions and answers first." in texts(at)
    assert button(at, "Start tuning") is None


def test_first_run_is_launched_as_the_form_shows_it(finished_workspace, opened, launched):
    """A form that shows one thing and launches another makes every later number a lie."""
    without_runs(finished_workspace)
    at = opened()
    assert not at.exception
    shown = texts(at)
    assert "First recipe" in shown and "Weighted by reliability" in shown
    assert base_model(at).value == "all-MiniLM-L6-v2"  # suggested for English
    assert "128 word pieces of each text are read" in shown  # what the data decide
    metrics = {metric.label: metric.value for metric in at.metric}
    assert metrics["Training questions"] == "170"
    assert metrics["Learning steps"] == "24"  # 6 batches of 32, four passes
    assert metrics["Time"] == "unknown"
    base_model(at).select(WORDLLAMA).run()
    assert "of each text are read" not in texts(at)  # it looks words up, however many there are
    at.number_input(key="setting_balanced_epochs").set_value(5).run()
    assert any(e.label == "Settings for experts · 1 changed" for e in at.expander)
    assert {metric.label: metric.value for metric in at.metric}["Learning steps"] == "30"
    button(at, "Start tuning").click().run()
    assert not at.exception and not at.error
    (folder,) = launched
    told = folder.read_request()["config"]["tuning"]
    assert (told["base_model"], told["epochs"], told["max_length"]) == (WORDLLAMA, 5, 0)
    assert at.query_params["run"] == folder.root.name
    assert "Starting" in texts(at)


def test_preset_changes_every_setting_and_changes_can_be_taken_back(
    finished_workspace, opened, launched
):
    without_runs(finished_workspace)
    at = opened()
    at.radio(key="tune_preset").set_value("quick").run()
    assert at.number_input(key="setting_quick_epochs").value == 1
    at.number_input(key="setting_quick_epochs").set_value(7).run()
    button(at, "Back to the preset").click().run()
    assert at.number_input(key="setting_quick_epochs").value == 1
    button(at, "Start tuning").click().run()
    told = launched[0].read_request()["config"]["tuning"]
    assert (told["epochs"], told["interpolation"]) == (1, "off")


def test_a_multilingual_base_can_keep_the_words_of_the_data_alone(
    finished_workspace, opened, launched, monkeypatch
):
    without_runs(finished_workspace)
    monkeypatch.setattr(
        tuning_form,
        "trim_offer",
        lambda workspace, key, dataset: (
            Trimmed(28_922, 250_002, 131.0, 470.6, 1.0) if key == E5 else None
        ),
    )
    at = opened()
    assert not any("Keep only the words" in box.label for box in at.checkbox)
    base_model(at).select(E5).run()
    box = next(box for box in at.checkbox if "Keep only the words" in box.label)
    assert box.label == "Keep only the words of your languages: 471 MB → about 131 MB"
    assert not box.value and "Found in your data: English" in texts(at)
    box.check().run()
    assert "1 setting differs" in texts(at)
    button(at, "Start tuning").click().run()
    told = launched[0].read_request()["config"]["tuning"]
    assert told["trim_vocabulary"] is True and told["base_model"] == E5
    # A base without such words forgets the choice.
    base_model(at).select("all-MiniLM-L6-v2").run()
    assert not any("Keep only the words" in box.label for box in at.checkbox)


@pytest.mark.parametrize(
    ("shown_in", "titles"), [("en", ["English", "German"]), ("ja", ["英語", "ドイツ語"])]
)
def test_languages_have_names_in_the_readers_language(monkeypatch, shown_in, titles):
    for module in ("model_titles", "translate"):
        monkeypatch.setattr(f"pages.parts.{module}.language", lambda: shown_in)
    assert [model_titles.language_title(code) for code in ("en", "de", "xx-unknown")] == [
        *titles,
        "xx-unknown",
    ]


def test_device_of_another_machine_is_shown_and_refused(
    finished_workspace, opened, launched, monkeypatch
):
    """Settings may come from a server with eight cards."""
    without_runs(finished_workspace)
    with monkeypatch.context() as patch:
        patch.setattr(tuning_settings, "devices_to_choose", lambda: ("auto", "cuda:7", "cpu"))
        at = opened()
        at.selectbox(key="setting_balanced_device").set_value("cuda:7").run()
    at.run()
    assert not at.exception
    chosen = at.selectbox(key="setting_balanced_device")
    assert chosen.value == "cuda:7" and "Processor (CPU)" in chosen.options
    assert "as you chose: NVIDIA graphics card 7 (CUDA)" in texts(at)
    button(at, "Start tuning").click().run()
    assert not at.exception and not launched
    assert "This machine has no cuda:7 device" in texts(at)


def test_settings_outlive_a_visit_to_another_page(finished_workspace, opened):
    """Streamlit forgets keyed widgets when the page changes: an hour of thought would be gone."""
    without_runs(finished_workspace)
    at = opened()
    base_model(at).select(WORDLLAMA).run()
    at.number_input(key="setting_balanced_epochs").set_value(9).run()
    at.switch_page("pages/labels.py").run()
    at.switch_page("pages/tune.py").run()
    assert base_model(at).value == WORDLLAMA
    assert at.number_input(key="setting_balanced_epochs").value == 9


def test_finished_run_says_what_came_out_and_leads_to_compare(finished_workspace, opened):
    at = opened()
    result = json.loads(
        (finished_workspace.run(finished_workspace.tune_run) / "result.json").read_text()
    )
    assert not at.exception and not at.error
    assert f"from {result['base_score']:.3f} to {result['best_score']:.3f}" in texts(at)
    assert button(at, "Compare before and after").proto.type == "primary"
    assert button(at, "Start tuning").proto.type == "secondary"
    (row,) = table(at).to_dict("records")
    assert row["recipe"] == "First recipe" and row["after"] == pytest.approx(result["best_score"])
    assert any(element.type == "plotly_chart" for element in at.get("plotly_chart"))


def test_run_that_ends_while_the_page_is_drawn_leaves_no_page_behind(opened, monkeypatch):
    """The card said that it had finished, and the button to go on never came."""
    plainly, looks = tune.tuning_runs, []

    def read(project):
        runs = plainly(project)
        looks.append(len(runs))
        if len(looks) > 1:
            return runs
        going_on = [dataclasses.replace(run.job, state=RUNNING) for run in runs]
        return [
            dataclasses.replace(run, job=job, result=None)
            for run, job in zip(runs, going_on, strict=True)
        ]

    monkeypatch.setattr(tune, "tuning_runs", read)
    at = opened()
    assert not at.exception and not at.error
    assert looks == [1, 1]
    assert button(at, "Compare before and after").proto.type == "primary"


def test_time_is_estimated_from_the_last_run_of_the_same_model(finished_workspace, opened):
    at = opened()
    base_model(at).select(WORDLLAMA).run()
    assert [m for m in at.metric if m.label == "Time"][-1].value.startswith("≈")
    assert "Time roughly as in the last run of this model on this machine." in texts(at)


def new_run(finished, run_id: str, *events: tuple[str, dict]) -> RunFolder:
    """Add a run with a story of its own."""
    folder = RunFolder(finished.run(run_id))
    shutil.copytree(finished.run(finished.tune_run), folder.root)
    for file in (folder.events, folder.result):
        file.unlink()
    shutil.rmtree(folder.model)
    for event, values in events:
        append_event(folder, event, **values)
    from core.workspace.records import RunRecord, now

    finished.open().records.add_run(RunRecord(run_id, finished.project, "tune", now()))
    return folder


def test_run_beside_one_that_is_going_on_is_said_to_queue(finished_workspace, opened):
    """Two runs on one processor take twice as long each: whoever launches must know it waits."""
    new_run(finished_workspace, "tune-20990101-000000-aaaa", ("launched", {}))
    at = opened()
    assert not at.exception
    assert "Starting" in texts(at)
    assert button(at, "Pause") is not None
    assert button(at, "Start tuning") is None and button(at, "Add to the queue") is not None
    assert "joins the queue at place 2" in texts(at)
    assert list(table(at)["state"]) == ["Running", "Finished"]


def test_interrupted_run_offers_to_go_on(finished_workspace, opened, launched):
    folder = new_run(finished_workspace, "tune-20990101-000000-aaaa")
    folder.events.write_text(
        '{"at": "2026-01-01T00:00:00+00:00", "event": "launched"}\n'
        '{"at": "2026-01-01T00:00:01+00:00", "event": "started"}\n'
        '{"at": "2026-01-01T00:00:02+00:00", "event": "metric", "values": {"step": 3, "loss": 1}}\n'
    )
    at = opened()
    assert not at.exception
    assert "Interrupted" in texts(at) and "press Resume" in texts(at)
    button(at, "Resume").click().run()
    assert [f.root for f in launched] == [folder.root]


def test_failed_run_shows_its_reason(finished_workspace, opened):
    reason = {"template": "The disk is <b>full</b>.", "params": {}}
    new_run(
        finished_workspace,
        "tune-20990101-000000-aaaa",
        ("launched", {}),
        ("started", {}),
        ("failed", {"message": reason}),
    )
    at = opened()
    assert not at.exception
    assert any("The disk is" in error.value and "<b>" not in error.value for error in at.error)


def test_best_model_of_a_failed_run_can_be_kept_and_compared(finished_workspace, opened):
    """A run that broke down in its last hour would otherwise cost all that it had found."""
    said = {"template": "Learning broke down at step {step}.", "params": {"step": 9}}
    folder = new_run(
        finished_workspace,
        "tune-20990101-000000-aaaa",
        ("launched", {}),
        ("started", {}),
        ("failed", {"message": said}),
    )
    assert button(opened(), "Keep best model so far") is None
    source = RunFolder(finished_workspace.run(finished_workspace.tune_run))
    shutil.copytree(source.model, folder.model)
    folder.write_rescued(source.read_result() | {"cancelled": True, "failed": True})
    at = opened()
    assert "What this run learned before is not lost" in texts(at)
    assert button(at, "Compare before and after") is None
    button(at, "Keep best model so far").click().run()
    assert not at.exception
    assert "The run broke off; the best model until then was kept." in texts(at)
    assert "Learning broke down at step 9." in texts(at)
    assert button(at, "Compare before and after") is not None
    assert button(at, "Keep best model so far") is None


def test_run_that_kept_nothing_cannot_be_compared(finished_workspace, opened):
    folder = new_run(
        finished_workspace,
        "tune-20990101-000000-aaaa",
        ("launched", {}),
        ("started", {}),
        ("cancelled", {}),
    )
    source = finished_workspace.run(finished_workspace.tune_run) / "result.json"
    document = json.loads(source.read_text()) | {"has_model": False, "cancelled": True}
    folder.result.write_text(json.dumps(document))
    at = opened()
    assert "Stopped before anything better than the base model was found" in texts(at)
    assert button(at, "Compare before and after") is None


def test_link_shows_an_older_run(finished_workspace, opened):
    new_run(finished_workspace, "tune-20990101-000000-aaaa", ("launched", {}))
    at = opened()
    assert button(at, "Compare before and after") is None
    at.query_params["run"] = finished_workspace.tune_run
    at.run()
    assert button(at, "Compare before and after") is not None
    at.query_params["run"] = "../../etc"
    at.run()
    assert not at.exception and "Starting" in texts(at)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda run: (run / "result.json").write_text("{"), "cannot be read"),
        (lambda run: (run / "result.json").write_text("{}"), "cannot be read"),
        (lambda run: (run / "result.json").unlink(), "cannot be read"),
        (lambda run: shutil.rmtree(run / "model"), "The folder of the tuned model is gone"),
    ],
)
def test_damaged_run_is_explained(finished_workspace, opened, damage, said):
    damage(finished_workspace.run(finished_workspace.tune_run))
    at = opened()
    assert not at.exception
    assert any(said in error.value.replace("\\", "") for error in at.error)
    assert button(at, "Compare before and after") is None
    assert button(at, "Start tuning") is not None
    assert len(table(at)) == 1


def test_run_without_a_trace_leaves_the_form(finished_workspace, opened):
    shutil.rmtree(finished_workspace.run(finished_workspace.tune_run))
    at = opened()
    assert not at.exception
    assert button(at, "Start tuning").proto.type == "primary"


@pytest.mark.parametrize("content", [b"\x00\x01", b"{}"])
def test_run_whose_request_is_damaged_is_a_failed_one(finished_workspace, opened, content):
    """It has a card with its time, a row, and the form to start it again; nothing else fails."""
    run = finished_workspace.run(finished_workspace.tune_run)
    (run / "request.json").write_bytes(content)
    at = opened()
    assert not at.exception
    assert at.error, "the damage is named"
    for error in at.error:
        said = error.value.replace("\\", "")
        assert "request.json" in said and finished_workspace.tune_run in said
    day = finished_workspace.tune_run.split("-")[1]
    assert f"Launched {day[:4]}-{day[4:6]}-{day[6:]}" in texts(at)
    assert len(table(at)) == 1 and table(at)["state"][0] == "Failed"
    assert button(at, "Compare before and after") is None
    assert button(at, "Start tuning") is not None


def test_opening_tune_and_compare_does_not_import_torch(finished_workspace):
    """Importing torch takes seconds and hundreds of MB, for every visitor of the page."""
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"at = AppTest.from_file({str(ROOT / 'main.py')!r}, default_timeout=60)\n"
        f"at.query_params['project'] = {finished_workspace.project!r}\n"
        "at.run()\n"
        "for page in ('tune', 'compare'):\n"
        "    at.switch_page(f'pages/{page}.py').run().run()\n"
        "    assert at.title[0].value.lower() == page, at.title\n"
        "    assert not at.exception and not at.error\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"WORKSPACE": str(finished_workspace.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
