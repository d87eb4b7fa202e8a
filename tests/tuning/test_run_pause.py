"""A paused tuning run frees its device and goes on exactly where it was."""

from __future__ import annotations

from safetensors.numpy import load_file

from core.jobs import launch
from core.jobs.folder import PAUSE
from core.jobs.state import CANCELLED, FINISHED, PAUSED
from core.journey import jobs, steps
from core.journey.jobs import close
from core.journey.tune import tuning_runs
from core.tuning.learner import Learner
from tests.tuning.test_run_sigkill import Workshop


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
