"""What a few steps say of a whole run, and what is done where they do not fit."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from core.errors import TuningError
from core.jobs import launch
from core.jobs.folder import RunFolder, append_event
from core.journey import data, experts, labels, steps
from core.journey.tune import (
    end_probes,
    launch_tuning,
    plan,
    probe_folder,
    start_probe,
    tuning_runs,
    view_probe,
)
from core.tuning import learner as learner_module
from core.tuning.device import likely_device
from core.tuning.estimate import PROBED, SAME_RUN, WITHOUT_EFFECT, probe_key
from core.tuning.probe import Probe, measure
from core.tuning.task import TuningTask
from core.types import SilentReporter
from core.types.tuning import DeviceInfo
from core.types.tuning_config import TuningConfig, settings
from core.workspace.workspace import Workspace

CONFIG = TuningConfig(epochs=2, questions_per_batch=8, max_length=16, device="cpu")
CPU = DeviceInfo("x", "cpu", "fp32", None, 2)


class HardLabels:
    """0.9 for right answers, 0.1 for the others."""

    def __init__(self, dataset):
        self.dataset = dataset

    def block(self, question_rows, answer_rows):
        hard = self.dataset.hard_block(question_rows, answer_rows)
        return 0.1 + 0.8 * hard, np.ones(hard.shape, bool)


def probe(**values) -> Probe:
    given = {
        "step_seconds": (1.0, 1.0),
        "check_seconds": 2.0,
        "start_seconds": 3.0,
        "save_seconds": 0.0,
        "state_mb": 300.0,
        "model_mb": 100.0,
        "memory_mb": 900.0,
        "device_kind": "cpu",
        "device_name": "x",
        "precision": "fp32",
    }
    return Probe(**given | values)


def test_time_is_start_and_steps_and_checks():
    low, expected, high = probe().seconds(steps=100, checks=5)
    assert expected == pytest.approx(3 + 100 + 10)
    assert low == pytest.approx(expected * 0.85) and high == pytest.approx(expected * 1.15)


def test_uneven_steps_widen_the_range_and_saving_takes_time():
    even, uneven = probe(), probe(step_seconds=(0.5, 1.5))
    assert uneven.seconds(100, 5)[2] > even.seconds(100, 5)[2]
    assert probe(save_seconds=2.0).seconds(100, 5)[1] > even.seconds(100, 5)[1] + 2 * 2
    assert even.disk_mb == 4 * 300 + 2 * 100


def test_a_few_real_steps_leave_nothing_behind(small_dataset, tiny_bert, tmp_path):
    ticks = itertools.count()
    found = measure(
        TuningTask(
            small_dataset,
            HardLabels(small_dataset),
            tiny_bert,
            dataclasses.replace(CONFIG, hard_negatives_per_question=2),
            tmp_path / "scratch",
            lambda *_: 0.5,
        ),
        SilentReporter(),
        clock=lambda: float(next(ticks)),  # every look at the clock takes a second
    )
    assert len(found.step_seconds) >= 2 and set(found.step_seconds) == {1.0}
    # A second for 40 questions, one for 8 answers; a check reads 12 questions and 8 answers.
    assert found.check_seconds == pytest.approx(12 / 40 + 8 / 8)
    weights = sum(f.stat().st_size for f in tiny_bert.rglob("*.safetensors")) / 1e6
    assert found.model_mb == pytest.approx(weights, rel=0.1)
    assert 2 * weights < found.state_mb < 4 * weights  # weights and two moments
    assert found.memory_mb > 50
    assert not any((tmp_path / "scratch").rglob("*.safetensors"))


@pytest.mark.parametrize("settings", [{"query_side": True}, {"lora_rank": 4}, {"chunk_size": 4}])
def test_every_way_of_tuning_can_be_tried(small_dataset, tiny_bert, tmp_path, settings):
    """A way that cannot be measured would be started blindly."""
    config = dataclasses.replace(CONFIG, **settings)
    labels = HardLabels(small_dataset)
    given = (tmp_path / "scratch", lambda *_: 0.5)
    task = TuningTask(small_dataset, labels, tiny_bert, config, *given)
    found = measure(task, SilentReporter())
    assert min(found.step_seconds) > 0 and found.state_mb > 0 and found.check_seconds > 0


@pytest.mark.parametrize("name", [one.name for one in settings()])
def test_key_follows_every_setting_that_matters(name):
    """A setting forgotten here would show the time of other settings as measured."""
    allowed = {one.name: one for one in settings()}[name].metadata
    value = getattr(CONFIG, name)
    other = (
        next(c for c in allowed["choices"] if c != value)
        if allowed["choices"]
        else not value
        if isinstance(value, bool)
        else f"{value}x"
        if isinstance(value, str)
        else (allowed["high"] if value != allowed["high"] else allowed["low"])
    )
    try:
        changed = dataclasses.replace(CONFIG, **{name: other})
    except TuningError:
        pytest.skip("cannot be changed alone")
    same = probe_key("d", CONFIG, CPU) == probe_key("d", changed, CPU)
    assert same == (name in WITHOUT_EFFECT)


def test_key_follows_data_and_device():
    keys = {
        probe_key("d", CONFIG, CPU),
        probe_key("e", CONFIG, CPU),
        probe_key("d", CONFIG, dataclasses.replace(CPU, cores=4)),
        probe_key("d", CONFIG, dataclasses.replace(CPU, kind="cuda")),
    }
    assert len(keys) == 4


@pytest.fixture
def project(tmp_path, monkeypatch, tiny_bert):
    """A project ready to tune a tiny model, whose jobs are done in this process."""

    def here(folder: RunFolder, _environment: object = None) -> None:
        append_event(folder, "launched")
        steps.work(folder.root)

    monkeypatch.setattr(launch, "_start", here)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    workspace = Workspace.open(tmp_path / "workspace")
    words = ["refund", "parcel", "password", "invoice", "size", "voucher", "repair", "newsletter"]
    forms = ["my {}", "{} help", "please {}", "where {}", "the {}", "{} please"]
    rows = [f"{f.format(word)},About your {word} code." for word in words for f in forms]
    content = "\n".join(["question,answer", *rows]).encode()
    made = workspace.create_project("Pilot", "me")
    data.import_file(made, content, "faq.csv", who="me")
    made = workspace.project(made.id)
    experts.launch_scoring(made, ["bm25"], "me")
    labels.save_recipe(made, "First", labels.default_recipe(["bm25"]), "me")
    config = dataclasses.replace(CONFIG, base_model=f"local:{tiny_bert}")
    return workspace, made, config


def test_measured_once_told_before_and_compared_after(project):
    workspace, made, config = project
    dataset = workspace.load_dataset(made.dataset_id)
    assert plan(workspace, dataset, config).estimate is None
    assert start_probe(made, config)
    found = plan(workspace, dataset, config).estimate
    assert found.source == PROBED and 0 < found.low < found.seconds < found.high
    assert found.memory_mb > 50 and found.disk_mb > 0
    assert not start_probe(made, config), "kept: not measured again"
    longer = plan(workspace, dataset, dataclasses.replace(config, epochs=20)).estimate
    assert longer.source == PROBED and longer.seconds > 3 * found.seconds
    launch_tuning(made, config, "me")
    (run,) = tuning_runs(made)
    assert run.estimate == found and run.result.memory_mb > 50
    after = plan(workspace, dataset, config).estimate
    assert after.source == SAME_RUN
    assert after.seconds == pytest.approx(run.result.seconds, rel=0.2)  # steps by steps
    assert after.memory_mb == found.memory_mb


def test_want_of_memory_is_a_result(project, monkeypatch):
    workspace, made, config = project

    def full(*_args, **_settings):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")

    monkeypatch.setattr(learner_module, "add_gradients", full)
    assert start_probe(made, config)
    view = view_probe(workspace, probe_key(made.dataset_id, config, likely_device()))
    assert view.out_of_memory and view.probe is None
    assert "too little memory" in str(view.problem)
    monkeypatch.undo()


def test_failed_and_damaged_measurements_can_be_made_again(project, monkeypatch):
    workspace, made, config = project
    key = probe_key(made.dataset_id, config, likely_device())
    with monkeypatch.context() as patch:
        patch.setattr("core.tuning.probe.measure", lambda *_, **__: 1 / 0)
        assert start_probe(made, config)
    view = view_probe(workspace, key)
    assert "ZeroDivisionError" in str(view.problem) and not view.going_on
    assert not start_probe(made, config), "not again and again by itself"
    assert start_probe(made, config, again=True)
    assert view_probe(workspace, key).probe is not None
    probe_folder(workspace, key).result.write_text("{")
    assert view_probe(workspace, key).probe is None
    assert start_probe(made, config)
    assert view_probe(workspace, key).probe is not None


def test_one_measurement_at_a_time_and_none_beside_a_run(project):
    from filelock import FileLock

    workspace, made, config = project
    other = probe_folder(workspace, "other")
    other.root.mkdir(parents=True)
    other.request.write_text("{}")
    with FileLock(other.lock):
        assert not start_probe(made, config)
        end_probes(workspace)
        assert other.stop_requested() is not None
    assert start_probe(made, config)
