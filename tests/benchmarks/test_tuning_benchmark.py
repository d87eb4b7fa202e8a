"""The tuning benchmark measures what it says, on a tiny model; its figures mean nothing here."""

from __future__ import annotations

import json

import pytest

from benchmarks import tuning
from benchmarks.tuning_parts import rows as row_training, time as time_to_quality
from benchmarks.tuning_parts.setting import Setting
from core.tuning.device import find_device
from tests.tuning.conftest import small_dataset, tiny_bert  # noqa: F401  (fixtures)
from tests.tuning.tiny_runs import CONFIG, HardLabels


@pytest.fixture
def setting(small_dataset, tiny_bert) -> Setting:  # noqa: F811
    labels = HardLabels(small_dataset)
    return Setting(small_dataset, labels, tiny_bert, CONFIG, find_device("cpu"), quick=True)


def test_rate_and_time_end_in_one_json_object(setting, capsys):
    tuning.report(setting, ["rate", "time"])
    lines = capsys.readouterr().out.splitlines()
    figures = json.loads(lines[-1])
    assert figures["quick"]
    assert figures["labels_per_s_ratio"] == pytest.approx(
        figures["labels_per_s_grid"] / figures["labels_per_s_rows"], rel=0.01, abs=0.006
    )
    assert figures["time_to_quality_rows_s"] > 0
    if figures["time_to_quality_ratio"] is None:
        assert figures["validation_grid_best"] < figures["validation_rows_best"]
    else:
        assert figures["time_to_quality_ratio"] > 0
    assert [line for line in lines if "commit" in line]


def test_the_baseline_gets_the_pairs_of_the_grid_with_their_labels(setting):
    """Other pairs or labels would compare two tasks, not two ways of doing one."""
    pairs = row_training.grid_pairs(setting, 2)
    rows = {text: row for row, text in enumerate(setting.dataset.questions)}
    columns = {text: row for row, text in enumerate(setting.dataset.answers)}
    assert len(set(zip(pairs.questions, pairs.answers, strict=True))) == len(pairs) > 100
    training = {setting.dataset.questions[row] for row in setting.dataset.rows("train")}
    assert set(pairs.questions) == training
    for question, answer, label in zip(pairs.questions, pairs.answers, pairs.labels, strict=True):
        block, _ = setting.labels.block([rows[question]], [columns[answer]])
        assert label == pytest.approx(block[0, 0])
    again = pairs.sample(3 * len(pairs), seed=0)
    assert len(again) == 3 * len(pairs)
    assert set(again.questions) == training


def test_the_baseline_learns_and_its_clock_stands_still_while_it_is_checked(setting):
    import time

    pairs, told = row_training.grid_pairs(setting, 1), []

    def after(model, step, seconds):
        time.sleep(0.05)
        told.append((step, seconds))
        return step == 3

    seconds = row_training.train_on_rows(
        setting, pairs, batch=8, learning_rate=1e-3, after_step=after
    )
    assert [step for step, _ in told] == [1, 2, 3]
    assert told[-1][1] == pytest.approx(sum(seconds))
    assert len(seconds) == 3


def test_the_best_tuned_state_counts_even_below_the_base_model():
    trace = time_to_quality.Trace([0.0, 10.0, 20.0, 30.0], [0.9, 0.5, 0.7, 0.7])
    assert trace.best == (0.7, 20.0)


def test_without_the_data_it_says_so_and_ends_with_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert tuning.main(["--parts", "rate"]) == 2
    assert "set DATA_DIR" in capsys.readouterr().err


def test_checks_are_not_counted_as_time_of_learning(monkeypatch):
    """A run says that it checks, then what came out: what lies between is taken off."""
    moments = iter([0.0, 5.0, 25.0, 40.0, 60.0])
    monkeypatch.setattr(time_to_quality.time, "perf_counter", lambda: next(moments))
    chase = time_to_quality.Chase(0.8)
    chase.progress(0.0, "checking")
    chase.metric({"step": 0, "validation": 0.9})  # the base model does not end it
    assert not chase.should_stop()
    chase.metric({"step": 3, "loss": 1.0})
    chase.progress(0.5, "checking")
    chase.metric({"step": 4, "validation": 0.85})
    assert chase.trace.seconds == [5.0, 20.0]
    assert chase.should_stop()
