"""A tuning run killed at any moment and resumed ends as if nothing had happened."""

from __future__ import annotations

import random
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from core.jobs import launch
from core.jobs.folder import RunFolder, append_event
from core.jobs.state import FINISHED, INTERRUPTED, STARTING
from core.journey import experts, labels, steps
from core.journey.tune import launch_tuning
from core.types.tuning_config import TuningConfig
from core.workspace.workspace import Workspace
from tests.tuning import watched_worker
from tests.tuning.watched_worker import Death

# Where the ten kills fall: each a random time after one of these begins, some therefore in the
# next one. Few enough steps lie between them that no attempt comes to its end.
PHASES = ["start"] * 2 + ["step"] * 3 + ["check"] * 2 + ["save"] * 3


class Workshop:
    """A workspace ready to tune a tiny model, and workers forked on its run folders."""

    def __init__(self, root: Path, dataset, base: Path, monkeypatch) -> None:
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.setattr(launch, "_start", lambda folder, _: steps.work(folder.root))
        self.context = watched_worker.forking()
        self.workspace = Workspace.open(root)
        self.workspace.save_dataset(dataset, {})
        project = self.workspace.create_project("Tiny", "test")
        self.workspace.records.use_dataset(project.id, dataset.id, "test")
        self.project = self.workspace.project(project.id)
        experts.launch_scoring(self.project, ["bm25", "tfidf"], "test")
        recipe = labels.default_recipe(["bm25", "tfidf"])
        labels.save_recipe(self.project, "Recipe", recipe, "test")
        monkeypatch.setattr(launch, "_start", lambda folder, _: append_event(folder, "launched"))
        self.config = TuningConfig(
            base_model=f"local:{base}",
            epochs=10,
            questions_per_batch=6,
            learning_rate=3e-3,
            patience=0,
            max_length=16,
            device="cpu",
        )

    def launch(self) -> RunFolder:
        """Write a run folder as the app does; the worker is started by the test."""
        run_id = launch_tuning(self.project, self.config, "test")
        return RunFolder(self.workspace.run_folder(run_id))

    def work(self, folder: RunFolder, death: Death | None = None) -> dict[str, list[float]]:
        """Let a worker come to its end, or to its death; returns the seconds of each phase."""
        hears, tells = self.context.Pipe(duplex=False)
        process = self.context.Process(target=watched_worker.work, args=(folder.root, death, tells))
        process.start()
        tells.close()
        process.join()
        assert process.exitcode == (-signal.SIGKILL if death else 0), launch.log_tail(folder)
        return {} if death else hears.recv()


@pytest.mark.parametrize("base", ["tiny_bert", "tiny_static"])
def test_ten_kills_at_random_moments_change_nothing(
    base,
    small_dataset,
    tmp_path,
    monkeypatch,
    request,
):
    """SIGKILL while starting, learning, checking and saving; the weights are the same bit for bit.

    The last attempt of the transformer is the very command that the app starts.
    """
    with monkeypatch.context() as patch:
        shop = Workshop(tmp_path / "ws", small_dataset, request.getfixturevalue(base), patch)
        straight = shop.launch()
        seconds = shop.work(straight)
        assert {"start", "step", "check", "save"} <= set(seconds)
        rng = random.Random(7)
        folder, killed_after = shop.launch(), []
        for phase in rng.sample(PHASES, len(PHASES)):
            if killed_after:
                launch.resume(folder)
            call = 1 if phase == "start" else rng.randint(1, 2)
            usual = sorted(seconds[phase])[len(seconds[phase]) // 2]
            shop.work(folder, Death(phase, call, rng.uniform(0, usual)))
            killed_after.append(newest_state(folder))
            # Killed before its first word, a worker may still be on its way for all one can see.
            assert launch.follow(folder).state in {INTERRUPTED, STARTING}
        # What was saved stays; only a state that is just being replaced may cost one step.
        assert all(b >= a - 1 for a, b in pairwise(killed_after)), killed_after
        assert killed_after[-1] > 0
        assert launch.follow(folder).attempts == len(PHASES)
        launch.resume(folder)
        if base == "tiny_static":
            shop.work(folder)
    if base == "tiny_bert":
        launch.resume(folder)
        wait_until_finished(folder)
    assert launch.follow(folder).state == FINISHED
    one, other = (load_file(run.model / "model.safetensors") for run in (straight, folder))
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)
    results = [run.read_result() for run in (straight, folder)]
    assert results[0]["curve"] == results[1]["curve"]
    assert results[0]["best_step"] == results[1]["best_step"] > 0
    assert not folder.checkpoints.exists()


@pytest.mark.parametrize("moment", ["result", "clear", "after clear"])
def test_kill_between_model_result_and_tidying_repeats_no_training(
    moment, small_dataset, tiny_static, tmp_path, monkeypatch
):
    """Killed with the saved states gone and no result, a run would learn everything again."""
    with monkeypatch.context() as patch:
        shop = Workshop(tmp_path / "ws", small_dataset, tiny_static, patch)
        folder = shop.launch()
        shop.work(folder, Death(moment))
        assert folder.result.exists() == (moment != "result")
        assert folder.checkpoints.exists() == (moment != "after clear")
        model = (folder.model / "model.safetensors").read_bytes()
        launch.resume(folder)
        seconds = shop.work(folder)
        assert seconds.get("step", []) == []
        assert ("check" in seconds) == (moment == "result")  # mixtures are measured again
    assert launch.follow(folder).state == FINISHED
    assert not folder.checkpoints.exists()
    assert (folder.model / "model.safetensors").read_bytes() == model


def newest_state(folder: RunFolder) -> int:
    """Return the step of the newest saved state, 0 without one."""
    names = (path.name for path in folder.checkpoints.glob("step-*"))
    return max((int(name.removeprefix("step-")) for name in names), default=0)


def wait_until_finished(folder: RunFolder) -> None:
    """Wait for the end of a worker in a process of its own."""
    end = time.monotonic() + 300
    while not launch.follow(folder).is_final:
        assert time.monotonic() < end, launch.log_tail(folder)
        time.sleep(0.2)
