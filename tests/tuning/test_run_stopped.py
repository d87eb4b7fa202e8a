"""A run that was paused, or that failed: what is kept, and that it goes on."""

from __future__ import annotations

import math

import pytest
from safetensors.numpy import load_file

from core.errors import TuningError
from core.jobs import launch
from core.jobs.folder import PAUSE, RunFolder
from core.jobs.state import CANCELLED, FAILED, FINISHED, PAUSED
from core.journey import jobs, steps
from core.journey.jobs import TUNE, close
from core.journey.projects import finished_runs
from core.journey.tune import tuning_runs
from core.tuning.learner import Learner
from tests.tuning.test_checkpoints_damaged import falling
from tests.tuning.test_run_sigkill import Workshop
from tests.tuning.tiny_runs import run, same


def test_pausing_changes_no_weight_and_giving_up_leaves_no_trace(
    small_dataset, tiny_static, tmp_path, monkeypatch
):
    shop = Workshop(tmp_path / "ws", small_dataset, tiny_static, monkeypatch)
    straight, paused = shop.launch(), shop.launch()
    assert steps.work(straight.root) == 0
    step, pauses = Learner.step, {4, 11}

    def asked_to_pause(self, batch, done, steps):
        if done in pauses:
            pauses.remove(done)
            launch.request_stop(current, PAUSE)
        return step(self, batch, done, steps)

    monkeypatch.setattr(Learner, "step", asked_to_pause)
    current = paused
    for left in (1, 0):
        assert steps.work(paused.root) == 2
        assert len(pauses) == left
        assert launch.follow(paused).state == PAUSED
        assert jobs.queue_of(shop.workspace) == ()  # the device is free
        launch.resume(paused)
    assert steps.work(paused.root) == 0
    assert launch.follow(paused).state == FINISHED
    one, other = (load_file(run.model / "model.safetensors") for run in (straight, paused))
    assert all((one[name] == other[name]).all() for name in one)
    results = [run.read_result() for run in (straight, paused)]
    assert results[0]["curve"] == results[1]["curve"]

    pauses.add(6)
    current = paused = shop.launch()
    assert steps.work(paused.root) == 2
    assert paused.checkpoints.exists()
    close(shop.workspace, paused.root.name, keep=False)
    assert launch.follow(paused).state == CANCELLED
    assert not paused.checkpoints.exists() and not paused.model.exists()
    run = next(r for r in tuning_runs(shop.project) if r.job.id == paused.root.name)
    assert run.result is None and run.problem is None and not run.has_model


@pytest.fixture
def breaks_down(monkeypatch):
    """Let the loss be not a number from step 9 on, as too high a learning rate does."""
    true = Learner._gradients

    def gradients(self, batch, number):
        loss, cells = true(self, batch, number)
        return (math.nan if number >= 8 else loss), cells

    monkeypatch.setattr(Learner, "_gradients", gradients)


@pytest.fixture
def shop(small_dataset, tiny_static, tmp_path, monkeypatch) -> Workshop:
    return Workshop(tmp_path / "ws", small_dataset, tiny_static, monkeypatch)


def failed(shop: Workshop) -> RunFolder:
    folder = shop.launch()
    assert steps.work(folder.root) == 1
    assert launch.follow(folder).state == FAILED
    return folder


@pytest.mark.usefixtures("breaks_down")
def test_what_is_rescued_is_the_best_state_and_told_before_the_error(
    small_dataset, tiny_bert, tmp_path
):
    found = []
    with pytest.raises(TuningError, match="Learning broke down at step 9"):
        run(small_dataset, tiny_bert, tmp_path, evaluate=falling(), rescued=found.append)
    (outcome,) = found
    assert (outcome.best_step, outcome.steps, outcome.best_score) == (2, 8, 0.9)
    assert outcome.failed and outcome.base_score == 0.5
    assert outcome.has_model
    state = load_file(tmp_path / "checkpoints" / "step-000002" / "model.safetensors")
    kept = load_file(tmp_path / "model" / "model.safetensors")
    assert all((kept[name] == state[f"0.model.{name}"]).all() for name in kept)


@pytest.mark.usefixtures("breaks_down")
def test_nothing_is_rescued_where_nothing_was_better_than_the_base(
    small_dataset, tiny_bert, tmp_path
):
    """The base model under the name of a tuned one would be compared with itself."""
    found = []
    with pytest.raises(TuningError, match="broke down"):
        run(small_dataset, tiny_bert, tmp_path, evaluate=lambda *_: 0.5, rescued=found.append)
    assert not found and not (tmp_path / "model").exists()


@pytest.mark.usefixtures("breaks_down")
def test_failed_run_that_is_kept_can_be_compared(shop):
    folder = failed(shop)
    assert launch.follow(folder).keepable
    assert finished_runs(shop.project, TUNE) == []  # until somebody says so
    close(shop.workspace, folder.root.name, keep=True)
    seen = launch.follow(folder)
    assert seen.state == CANCELLED and not seen.discarded
    assert "broke down" in str(seen.error)  # why it ended early stays readable
    assert [one.id for one in finished_runs(shop.project, TUNE)] == [seen.id]
    (kept,) = tuning_runs(shop.project)
    assert kept.has_model and kept.result is not None and kept.result.failed
    assert kept.result.best_score > kept.result.base_score
    assert kept.result.device.kind == "cpu" and folder.read_result()["label_id"]


@pytest.mark.usefixtures("breaks_down")
def test_failed_run_can_be_discarded(shop):
    folder = failed(shop)
    close(shop.workspace, folder.root.name, keep=False)
    assert not folder.model.exists() and not folder.rescued.exists()
    assert not launch.follow(folder).keepable


def test_failed_run_that_is_resumed_ends_as_if_nothing_had_happened(shop, monkeypatch):
    """What was rescued must not pass for the result of the whole run."""
    straight = shop.launch()
    assert steps.work(straight.root) == 0
    with monkeypatch.context() as patch:
        true = Learner.step

        def out_of_memory(self, batch, number, steps):
            if number == 8:
                raise TuningError("There is not enough memory.")
            return true(self, batch, number, steps)

        patch.setattr(Learner, "step", out_of_memory)
        folder = failed(shop)
    assert folder.rescued.exists() and not folder.result.exists()
    launch.resume(folder)
    assert steps.work(folder.root) == 0
    assert launch.follow(folder).state == FINISHED
    assert not folder.rescued.exists() and not folder.read_result()["failed"]
    assert same(straight.model, folder.model)
