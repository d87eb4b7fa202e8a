"""The Tune page says what a run will take, takes settings in and out, and shows all the same."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.documents import to_json
from core.jobs.folder import RunFolder, append_event
from core.journey import tune
from core.journey.jobs import PROBE
from core.journey.tune import PROBED, PROBED_ALIKE, plan, plans, probe_folder
from core.tuning.device import likely_device
from core.tuning.estimate import probe_key
from core.tuning.presets import PRESETS, to_document
from core.tuning.probe import Probe
from core.types import LabelRecipe
from core.types.tuning import TuneRequest
from core.types.tuning_config import TuningConfig
from core.workspace.files import write_json
from core.workspace.records import RunRecord, now

WORDLLAMA = "wordllama-l2-supercat-256"
AS_OFFERED = PRESETS["balanced"].config()  # what the form shows before anything is changed
MEASURED = Probe((1.0, 1.0), 2.0, 3.0, 0.5, 270.0, 90.0, 1200.0, "cpu", "x", "fp32")


@pytest.fixture
def opened(finished_workspace, app):
    for kind in ("tune", "compare"):
        for folder in (finished_workspace.root / "runs").glob(f"{kind}-*"):
            shutil.rmtree(folder)
    return lambda **more: app(finished_workspace.root, "tune", finished_workspace.project, **more)


@pytest.fixture
def dataset(finished_workspace):
    workspace = finished_workspace.open()
    project = workspace.project(finished_workspace.project)
    return workspace.load_dataset(project.dataset_id)


def measured(finished, dataset, result: dict | None) -> None:
    """Put the outcome of a short measurement of the settings on offer into the workspace."""
    key = probe_key(dataset.id, AS_OFFERED, likely_device())
    folder = probe_folder(finished.open(), key)
    folder.root.mkdir(parents=True)
    write_json(folder.request, {"kind": PROBE, "config": {}})
    append_event(folder, "launched")
    append_event(folder, "started")
    if result is not None:
        write_json(folder.result, result)
        append_event(folder, "finished")


def texts(at: AppTest) -> str:
    kinds = (at.markdown, at.error, at.warning, at.info, at.success, at.caption)
    return "\n".join(e.value for kind in kinds for e in kind).replace("\\", "")


def figure(at: AppTest, label: str):
    return next(metric for metric in at.metric if metric.label == label)


def start(at: AppTest):
    return next(button for button in at.button if button.label == "Start tuning")


def test_measured_time_memory_and_disk_are_shown(finished_workspace, opened, dataset):
    measured(finished_workspace, dataset, dataclasses.asdict(MEASURED))
    at = opened()
    assert not at.exception and not at.error
    said = plan(finished_workspace.open(), dataset, AS_OFFERED).estimate
    assert figure(at, "Time").value == f"≈ {round(said.seconds)} s"
    assert figure(at, "Time").delta == f"{round(said.low)} s to {round(said.high)} s"
    assert figure(at, "Memory").value == "1.2 GB" and "free" in figure(at, "Memory").delta
    assert figure(at, "Disk space").value == "1.3 GB"  # 4 states of 270 MB, 2 models of 90
    assert "tried on this machine" in texts(at)
    assert not start(at).disabled


def test_each_card_says_what_it_will_take(finished_workspace, opened, dataset):
    """Who chooses by the clock needs three times before a click, not one after each."""
    cards = opened().radio(key="tune_preset").proto.captions
    assert [card.startswith("**Time is being measured …**") for card in cards] == [True] * 3
    measured(finished_workspace, dataset, dataclasses.asdict(MEASURED))
    configs = [preset.config() for preset in PRESETS.values()]
    found = plans(finished_workspace.open(), dataset, configs)
    assert [one.estimate.source for one in found] == [PROBED_ALIKE, PROBED, PROBED_ALIKE]
    assert found[0].seconds < found[1].seconds < found[2].seconds
    at = opened()
    cards = at.radio(key="tune_preset").proto.captions
    for card, one in zip(cards, found, strict=True):
        seconds = one.seconds
        said = f"{round(seconds)} s" if seconds < 90 else f"{round(seconds / 60)} min"
        assert card.startswith(f"**≈ {said}**")
    # What is changed by hand is part of the card that is chosen.
    at.number_input(key="setting_balanced_epochs").set_value(40).run()
    changed = at.radio(key="tune_preset").proto.captions
    assert changed[1] != cards[1] and changed[0] == cards[0]
    assert "Under Advanced, 1 setting differs from Balanced." in texts(at)


def test_nothing_known_is_said_and_does_not_block(opened):
    at = opened()
    assert not at.exception
    known = [figure(at, name).value for name in ("Time", "Memory", "Disk space")]
    assert known == ["unknown", "–", "–"]
    assert not start(at).disabled


def test_run_that_cannot_fit_is_blocked_with_the_reason(
    finished_workspace, opened, dataset, monkeypatch
):
    measured(finished_workspace, dataset, dataclasses.asdict(MEASURED))
    monkeypatch.setattr(tune, "main_memory_mb", lambda: (900.0, 1000.0))
    at = opened()
    assert "needs about 1.2 GB of memory" in texts(at)
    assert start(at).disabled
    # Other settings may fit: the way out must stay open.
    at.radio(key="tune_preset").set_value("quick").run()
    assert not start(at).disabled


def test_short_memory_warns_and_full_disk_blocks(finished_workspace, opened, dataset, monkeypatch):
    measured(finished_workspace, dataset, dataclasses.asdict(MEASURED))
    monkeypatch.setattr(tune, "main_memory_mb", lambda: (900.0, 16000.0))
    at = opened()
    assert "Close other programs first" in texts(at)
    assert not at.error and not start(at).disabled
    usage = shutil.disk_usage(finished_workspace.root)._replace(free=500_000_000)
    monkeypatch.setattr(tune.shutil, "disk_usage", lambda _: usage)
    st.cache_data.clear()  # what was free is remembered for ten seconds
    at = opened()
    assert "0.50 GB are free" in texts(at)
    assert start(at).disabled


def test_measurement_without_enough_memory_blocks(finished_workspace, opened, dataset):
    reason = {"template": "x has too little memory, even for a few texts.", "params": {}}
    measured(finished_workspace, dataset, {"out_of_memory": reason})
    at = opened()
    assert "too little memory" in texts(at)
    assert start(at).disabled


def test_settings_out_and_in_again(opened, launched):
    at = opened()
    at.number_input(key="setting_balanced_epochs").set_value(9).run()
    wanted = TuningConfig(base_model="all-MiniLM-L6-v2", epochs=6, max_length=256, patience=7)
    upload = next(e for e in at.get("file_uploader") if e.key == "settings_file")
    upload.upload("mine.json", to_document(wanted), "application/json").run()
    assert not at.exception and not at.error
    assert "mine.json" in texts(at)
    assert at.session_state["tune_preset"] == "thorough"  # the nearest preset
    assert any(
        e.label.startswith("Settings for experts · ") and e.label.endswith(" changed")
        for e in at.expander
    )
    start(at).click().run()
    (folder,) = launched
    assert TuningConfig(**folder.read_request()["config"]["tuning"]) == wanted


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not JSON"),
        (to_document(TuningConfig()).replace(b'"epochs"', b'"epoch"'), "Did you mean epochs?"),
        (to_document(TuningConfig()).replace(b'"epochs": 4', b'"epochs": 999'), "from 1 to 100"),
        (to_document(TuningConfig(base_model="<b>gone")), "cannot be tuned here"),
    ],
)
def test_wrong_settings_file_is_explained_and_changes_nothing(opened, content, said):
    at = opened()
    at.number_input(key="setting_balanced_epochs").set_value(9).run()
    upload = next(e for e in at.get("file_uploader") if e.key == "settings_file")
    upload.upload("mine.json", content, "application/json").run()
    assert not at.exception
    assert any(said in error.value.replace("\\", "") for error in at.error)
    assert at.number_input(key="setting_balanced_epochs").value == 9


def test_word_vector_model_shows_no_setting_without_effect(opened):
    at = opened()
    keys = {one.key for one in at.number_input}
    assert {"setting_balanced_max_length", "setting_balanced_weight_decay"} <= keys
    next(box for box in at.selectbox if box.label == "Base model").select(WORDLLAMA).run()
    keys = {one.key for one in at.number_input}
    assert not {"setting_balanced_max_length", "setting_balanced_weight_decay"} & keys
    assert "looks the vectors of words up" in texts(at)


def going_on(finished) -> RunFolder:
    """Add a run in the middle of its work, whose lock is held by nobody (so: just launched)."""
    folder = RunFolder(finished.run("tune-20990101-000000-aaaa"))
    folder.root.mkdir(parents=True)
    request = TuneRequest("", "First recipe", LabelRecipe(("bm25",)), (), TuningConfig())
    told = {"kind": "tune", "project_id": finished.project, "created_at": now()}
    write_json(folder.request, told | {"config": to_json(request)})
    append_event(folder, "launched")
    for step in range(1, 30):
        values = {"step": step, "loss": 2 / step, "learning_rate": 1e-4, "labels_per_s": 900.0}
        append_event(folder, "metric", values=values | {"memory_mb": 2340.0})
    for step, score in ((0, 0.5), (20, 0.61)):
        told = {"step": step, "validation": score, "validation_known": score + 0.1}
        told |= {"validation_unseen": score - 0.1, "first": score - 0.2}
        append_event(folder, "metric", values=told)
    finished.open().records.add_run(RunRecord(folder.root.name, finished.project, "tune", now()))
    return folder


def test_two_browsers_and_a_reload_show_the_same(finished_workspace, opened):
    going_on(finished_workspace)

    def seen(at: AppTest):
        assert not at.exception and not at.error
        charts = [json.loads(chart.proto.spec)["data"] for chart in at.get("plotly_chart")]
        return {metric.label: metric.value for metric in at.metric}, charts

    first, second = opened(), opened()
    shown = seen(first)
    assert shown == seen(second)
    first.run()
    assert shown == seen(first)
    figures, charts = shown
    assert "Of 100 validation questions, 41 instead of 30 find the right answer first." in texts(
        first
    )
    assert figures["Labels per second"] == "900"
    assert figures["Memory"] in {"2.3 GB", "–"}
    assert charts[0][0]["y"] == [30, 41]  # the one line, the same in every browser
    names = {trace.get("name") for trace in charts[1]}
    assert {"Known answers, new wording", "Unseen answers", "Mean"} <= names
    assert len(charts) == 3 and len(charts[2]) == 3  # learning rate, pace, memory
