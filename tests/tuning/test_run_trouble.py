"""A full disk, a deleted folder, too little memory, a loss that is no number: said and survived."""

from __future__ import annotations

import contextlib
import resource
import shutil

import numpy as np
import pytest

from core.errors import TuningError
from core.tuning import learner as learner_module, run as run_module, student as student_module
from tests.tuning.tiny_runs import HardLabels, Killed, Recorder, run, same, weights

BASES = pytest.mark.parametrize("base", ["tiny_bert", "tiny_static"])


@pytest.fixture(autouse=True)
def saving_costs_nothing(monkeypatch):
    """Let a checkpoint be due after every step."""
    monkeypatch.setattr(run_module, "SAVING_SHARE", 0)


@contextlib.contextmanager
def no_file_above(size: int):
    """Let the system refuse to write any file beyond ``size`` bytes: half of it is there then.

    A full disk ends a write in the same place and the same way, only with another number.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Shrinking(Recorder):
    """The disk is full from step ``full_at`` on."""

    def __init__(self, stack: contextlib.ExitStack, full_at: int, size: int) -> None:
        super().__init__()
        self.stack, self.full_at, self.size = stack, full_at, size

    def metric(self, values):
        super().metric(values)
        if self.step == self.full_at and "loss" in values:
            self.stack.enter_context(no_file_above(self.size))


@BASES
@pytest.mark.parametrize("full_at", [1, 6])
def test_a_disk_that_fills_up_while_a_state_is_written(
    base, full_at, small_dataset, tmp_path, request
):
    """The half written state must not stay on the full disk, nor stand in for a whole one."""
    folder = request.getfixturevalue(base)
    with contextlib.ExitStack() as stack, pytest.raises(TuningError) as caught:
        run(small_dataset, folder, tmp_path / "run", Shrinking(stack, full_at, 1000))
    assert f"state after step {full_at} cannot be saved" in str(caught.value)
    assert "Free some disk space" in str(caught.value)
    names = sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir())
    assert not [name for name in names if name.startswith("writing")]
    assert full_at == 1 or "step-000005" in names
    assert not (tmp_path / "run" / "model.writing").exists()
    outcome = run(small_dataset, folder, tmp_path / "run")
    straight = run(small_dataset, folder, tmp_path / "straight", checkpoint_seconds=1e9)
    assert outcome.curve == straight.curve
    assert same(outcome.model_folder, straight.model_folder)


@BASES
def test_a_disk_that_fills_up_while_the_model_is_written(
    base, small_dataset, tmp_path, request, monkeypatch
):
    """Hours of learning must not be lost for want of some megabytes at the end."""
    folder = request.getfixturevalue(base)
    save, sizes = student_module.whole_folder, [1000]

    @contextlib.contextmanager
    def full(target):
        limited = target.name == "model.writing" and sizes
        with save(target) as half, no_file_above(sizes.pop()) if limited else _free():
            yield half

    monkeypatch.setattr(student_module, "whole_folder", full)
    with pytest.raises(TuningError) as caught:
        run(small_dataset, folder, tmp_path / "run")
    assert "The tuned model cannot be saved" in str(caught.value)
    assert "Free some disk space" in str(caught.value)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["checkpoints"]
    report = Recorder()
    outcome = run(small_dataset, folder, tmp_path / "run", report)
    assert report.metrics == [] or report.metrics[0]["step"] > 8  # goes on from the last state
    straight = run(small_dataset, folder, tmp_path / "straight", checkpoint_seconds=1e9)
    assert same(outcome.model_folder, straight.model_folder)


@contextlib.contextmanager
def _free():
    yield


class Deleting(Recorder):
    """Deletes a folder when step ``at`` is reported."""

    def __init__(self, folder, at: float) -> None:
        super().__init__()
        self.folder, self.at = folder, at

    def metric(self, values):
        super().metric(values)
        if self.step == self.at and "loss" in values:
            shutil.rmtree(self.folder)


@BASES
@pytest.mark.parametrize("at", [1, 2, 7, 10])
def test_a_run_whose_folder_is_deleted_ends_readably_and_makes_no_new_one(
    base, at, small_dataset, tmp_path, request
):
    """Half a folder without a request would stay in the workspace for ever."""
    folder = request.getfixturevalue(base)
    root = tmp_path / "runs" / "run"
    with pytest.raises(TuningError, match=r"folder of this run \(run\) was deleted"):
        run(small_dataset, folder, root, Deleting(root, at))
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_folder_deleted_between_two_savings_is_noticed_at_the_next_step(
    small_dataset, tiny_bert, tmp_path
):
    """Otherwise an hour of learning would go on for nobody."""
    root, report = tmp_path / "run", Deleting(tmp_path / "run", 3)
    with pytest.raises(TuningError, match="was deleted"):
        run(small_dataset, tiny_bert, root, report, checkpoint_seconds=1e9)
    assert report.step == 3
    assert not root.exists()


def test_a_workspace_deleted_above_the_run_is_not_made_anew(small_dataset, tiny_bert, tmp_path):
    root = tmp_path / "workspace" / "runs" / "run"
    with pytest.raises(TuningError, match="was deleted"):
        run(small_dataset, tiny_bert, root, Deleting(tmp_path / "workspace", 5))
    assert not (tmp_path / "workspace").exists()


@BASES
def test_deleted_states_cost_nothing_but_themselves(base, small_dataset, tmp_path, request):
    """Somebody who cleans up a disk deletes what is large; the next state is written again."""
    folder = request.getfixturevalue(base)
    states = tmp_path / "run" / "checkpoints"
    # At step 2, before its check: no state better than the base model is lost yet.
    outcome = run(small_dataset, folder, tmp_path / "run", Deleting(states, 2))
    straight = run(small_dataset, folder, tmp_path / "straight", checkpoint_seconds=1e9)
    assert outcome.curve == straight.curve
    assert same(outcome.model_folder, straight.model_folder)


def short_of_memory(monkeypatch, above: int):
    """Let encoding more than ``above`` texts with gradient run out of memory, as torch says it."""
    real = learner_module.embed

    def embed(model, texts, task):
        if model.training and len(texts) > above:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        return real(model, texts, task)

    monkeypatch.setattr(learner_module, "embed", embed)


@BASES
def test_too_little_memory_once_goes_on_by_itself_even_after_a_kill(
    base, small_dataset, tmp_path, request, monkeypatch
):
    """The resumed run must not fail again first, and must end with the same weights."""
    folder = request.getfixturevalue(base)
    short_of_memory(monkeypatch, above=6)
    straight = run(small_dataset, folder, tmp_path / "straight", report := Recorder())
    assert len([text for text in report.warnings if "texts at a time" in text]) == 1
    with pytest.raises(Killed):
        run(small_dataset, folder, tmp_path / "run", Recorder(die_at=5))
    outcome = run(small_dataset, folder, tmp_path / "run", report := Recorder())
    assert not [text for text in report.warnings if "texts at a time" in text]
    assert outcome.steps == straight.steps == 10
    assert same(outcome.model_folder, straight.model_folder)


@BASES
def test_too_little_memory_again_names_the_settings_to_change(
    base, small_dataset, tmp_path, request, monkeypatch
):
    short_of_memory(monkeypatch, above=1)
    with pytest.raises(TuningError) as caught:
        run(small_dataset, request.getfixturevalue(base), tmp_path)
    assert "questions per step (now 6)" in str(caught.value)
    assert "longest text (now 16)" in str(caught.value)


class GreedyLabels(HardLabels):
    """Run out of memory in numpy from the eighth block on."""

    calls = 0

    def block(self, question_rows, answer_rows):
        self.calls += 1
        if self.calls > 7:
            raise MemoryError("Unable to allocate 8.00 GiB for an array")
        return super().block(question_rows, answer_rows)


@BASES
def test_too_little_memory_for_labels_is_said_the_same_way_and_the_best_is_kept(
    base, small_dataset, tmp_path, request
):
    """numpy's own error is no RuntimeError: it would end as an unexpected one."""
    folder = request.getfixturevalue(base)
    with pytest.raises(TuningError, match="too little memory"):
        run(small_dataset, folder, tmp_path, labels=GreedyLabels(small_dataset))
    assert not same(tmp_path / "model", folder)


@BASES
def test_too_little_memory_in_a_check_is_said_and_the_best_is_kept(
    base, small_dataset, tmp_path, request, monkeypatch
):
    real, calls = learner_module.encode, []

    def encode(*arguments):
        calls.append(1)
        if len(calls) > 18:  # six go before the first check
            raise RuntimeError("CUDA error: out of memory")
        return real(*arguments)

    monkeypatch.setattr(learner_module, "encode", encode)
    folder = request.getfixturevalue(base)
    with pytest.raises(TuningError, match="too little memory"):
        run(small_dataset, folder, tmp_path)
    assert not same(tmp_path / "model", folder)


class BrokenLabels(HardLabels):
    """Targets that are not numbers from the eighth block on."""

    calls = 0

    def block(self, question_rows, answer_rows):
        targets, mask = super().block(question_rows, answer_rows)
        self.calls += 1
        return targets * (np.nan if self.calls > 7 else 1), mask


@BASES
def test_a_loss_that_is_not_a_number_ends_readably_with_the_best_model(
    base, small_dataset, tmp_path, request
):
    """NaN must reach neither the weights that are kept nor a saved state."""
    folder = request.getfixturevalue(base)
    report = Recorder()
    with pytest.raises(TuningError, match="step 8: the loss is nan") as caught:
        run(small_dataset, folder, tmp_path, report, labels=BrokenLabels(small_dataset))
    assert "Lower the “Learning rate”" in str(caught.value)
    assert not same(tmp_path / "model", folder)
    files = list(tmp_path.rglob("model.safetensors"))
    assert len(files) >= 3
    for file in files:
        assert all(np.isfinite(values).all() for values in weights(file.parent).values())
    outcome = run(small_dataset, folder, tmp_path)  # with labels mended, it goes on
    assert outcome.steps == 10
