"""What a run will take is said before it starts, and only from what was measured."""

from __future__ import annotations

import json
import stat

import pytest

from core.documents import to_json
from core.journey.tune import plan
from core.tuning import device as device_module
from core.tuning.estimate import OTHER_MODEL, SAME_MODEL
from core.types import LabelRecipe
from core.types.tuning import DeviceInfo, TuneRequest, TuningResult
from core.types.tuning_config import TuningConfig
from core.workspace.workspace import Workspace


def measured(workspace: Workspace, name: str, model: str, steps: int, seconds: float) -> None:
    folder = workspace.run_folder(f"tune-{name}")
    folder.mkdir(parents=True)
    config = TuningConfig(base_model=model, questions_per_batch=10)
    request = TuneRequest("d", "Recipe", LabelRecipe(("bm25",)), (), config)
    told = {"kind": "tune", "config": to_json(request)}
    (folder / "request.json").write_text(json.dumps(told))
    device = DeviceInfo("x", "cpu", "fp32", None, 2)
    given = (True, 1, 0.6, 0.5, (), steps, seconds, False, False, 9.0, device)
    (folder / "result.json").write_text(json.dumps(to_json(TuningResult(*given))))


def test_steps_and_checks(tmp_path, tiny_dataset):
    config = TuningConfig(questions_per_batch=4, epochs=3, evaluations_per_epoch=2)
    found = plan(Workspace.open(tmp_path), tiny_dataset, config)
    assert found.questions == 18
    assert found.steps == 15  # 4 full batches and a rest, three times
    assert found.checks == 7  # the base model's too
    assert found.seconds is None


def test_time_comes_from_the_newest_run_of_the_same_model(tmp_path, tiny_dataset):
    workspace = Workspace.open(tmp_path)
    measured(workspace, "20260101-000000-aaaa", "all-MiniLM-L6-v2", 10, 100.0)  # 1 question/s
    measured(workspace, "20260102-000000-aaaa", "all-MiniLM-L6-v2", 10, 50.0)  # 2 questions/s
    measured(workspace, "20260103-000000-aaaa", "wordllama-l2-supercat-256", 10, 1.0)
    broken = workspace.run_folder("tune-20260104-000000-aaaa")
    broken.mkdir()
    (broken / "result.json").write_text("{")
    found = plan(workspace, tiny_dataset, TuningConfig(epochs=2))
    assert found.seconds == pytest.approx(18 * 2 / 2)
    assert found.estimate.source == SAME_MODEL
    assert found.estimate.low < found.seconds < found.estimate.high


def test_no_time_from_a_model_of_quite_another_speed(tmp_path, tiny_dataset):
    """A word-vector model is a thousand times faster; scaled by that, minutes became hours."""
    workspace = Workspace.open(tmp_path)
    measured(workspace, "20260101-000000-aaaa", "wordllama-l2-supercat-256", 10, 1.0)
    assert plan(workspace, tiny_dataset, TuningConfig()).seconds is None
    measured(workspace, "20260102-000000-aaaa", "all-MiniLM-L6-v2", 10, 100.0)
    found = plan(workspace, tiny_dataset, TuningConfig(base_model="all-MiniLM-L12-v2", epochs=1))
    assert found.seconds is not None and found.seconds > 18.0
    assert found.estimate.source == OTHER_MODEL


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """Return a function that installs an nvidia-smi which prints (or does) what it is told."""
    monkeypatch.setattr(device_module, "version", lambda name: "2.9.0")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def install(script: str) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(device_module.shutil, "which", lambda name: str(program))

    return install


def test_graphics_card_is_seen_without_torch(driver):
    driver("echo 'NVIDIA H100 80GB HBM3, 81559'")
    found = device_module.likely_device()
    assert (found.kind, found.name, found.memory_gb) == ("cuda", "NVIDIA H100 80GB HBM3", 79.6)


@pytest.mark.parametrize("script", ["exit 9", "echo", "exec sleep 30"])
def test_broken_or_hanging_driver_leaves_the_processor(driver, monkeypatch, script):
    """A page that waits for a hanging driver never opens."""
    monkeypatch.setattr(device_module, "_DRIVER_SECONDS", 0.3)
    driver(script)
    assert device_module.likely_device().kind == "cpu"


def test_card_that_torch_cannot_use_is_not_promised(driver, monkeypatch):
    driver("echo 'NVIDIA H100 80GB HBM3, 81559'")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert device_module.likely_device().kind == "cpu"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(device_module, "version", lambda name: "2.9.0+cpu")
    assert device_module.likely_device().kind == "cpu"
