"""A full disk and a deleted run folder: said readably, nothing lost, nothing half made."""

from __future__ import annotations

import contextlib
import resource
import shutil

import pytest

from core.errors import TuningError
from core.tuning import run as run_module, student as student_module
from tests.tuning.tiny_runs import Recorder, run, same

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
