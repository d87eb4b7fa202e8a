"""Two processes on one run do what one does (gloo on the processor; nccl on cards)."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.jobs.folder import create_run
from core.journey import steps
from core.journey.jobs import TUNE, need_of
from core.tuning import device as device_module
from core.tuning.device import find_device
from core.tuning.team import team_command
from core.types.tuning_config import ALL_CARDS, TuningConfig
from tests.tuning.tiny_runs import CONFIG, run, weights
from tests.tuning.two_processes import rising

HERE = Path(__file__).resolve()


@pytest.fixture(scope="module")
def together(small_dataset, tiny_bert, tmp_path_factory):
    """The folder that two processes filled, and their settings."""
    folder = tmp_path_factory.mktemp("two")
    fields = dataclasses.asdict(small_dataset)
    fields.pop("name")
    arrays = {name: value for name, value in fields.items() if isinstance(value, np.ndarray)}
    texts = {name: value for name, value in fields.items() if isinstance(value, tuple)}
    np.savez(folder / "dataset.npz", **arrays)
    config = dataclasses.replace(CONFIG, questions_per_batch=15)
    told = {"dataset": texts, "base": str(tiny_bert), "config": dataclasses.asdict(config)}
    (folder / "told.json").write_text(json.dumps(told))
    command = team_command(2, [str(HERE.with_name("two_processes.py")), str(folder)])
    paths = os.pathsep.join([str(HERE.parents[2]), str(HERE.parent)])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return folder, config


@pytest.mark.parametrize("chunk", [0, 5])
def test_a_step_of_two_processes_has_the_gradients_of_one(together, chunk):
    """With dropout on: a chunk is the same wherever it is computed."""
    from safetensors.numpy import load_file

    folder, _ = together
    alone, *team = (
        load_file(folder / f"gradients-{chunk}-{place}.safetensors")
        for place in ("1-0", "2-0", "2-1")
    )
    for one in team:
        assert one.keys() == alone.keys()
        for name, value in alone.items():
            np.testing.assert_allclose(one[name], value, rtol=1e-4, atol=1e-6, err_msg=name)
    assert all((team[0][name] == team[1][name]).all() for name in alone)  # or weights drift apart


@pytest.mark.parametrize("which", ["team", "team_side"])
def test_a_run_of_two_processes_ends_with_the_weights_of_one(
    together, which, small_dataset, tiny_bert, tmp_path
):
    folder, config = together
    options = {}
    if which == "team_side":
        config = dataclasses.replace(config, query_side=True, lora_rank=2)
        options["evaluate"] = rising()
    run(small_dataset, tiny_bert, tmp_path, config=config, **options)
    alone, team = weights(tmp_path / "model"), weights(folder / which / "model")
    assert alone.keys() == team.keys()
    for name, value in alone.items():
        np.testing.assert_allclose(team[name], value, rtol=1e-3, atol=1e-4, err_msg=name)
    moved = weights(tiny_bert)
    assert any(np.abs(team[name] - moved[name]).max() > 1e-3 for name in moved)


def test_only_the_first_reports_and_memory_that_is_short_in_one_is_short_for_all(together):
    """A process that goes on alone would wait for the others for ever."""
    folder, _ = together
    first, second = (json.loads((folder / f"seen-{rank}.json").read_text()) for rank in (0, 1))
    assert first["reported"] > 0
    assert second["reported"] == 0
    assert "texts at a time" in first["warnings"][0]
    assert second["warnings"] == []
    assert first["device"].startswith("2 × ")


def test_the_worker_starts_itself_once_per_card(tmp_path, monkeypatch):
    import torch

    tuning = dataclasses.asdict(TuningConfig(device=ALL_CARDS))
    folder = create_run(tmp_path / "run", {"kind": TUNE, "config": {"tuning": tuning}})
    started, worked = [], []
    monkeypatch.setattr(steps.os, "execv", lambda path, command: started.append((path, command)))
    monkeypatch.setattr(steps, "run_worker", lambda place, *_: worked.append(place) or 2)
    monkeypatch.setattr(device_module, "graphics_cards", lambda: ("GPU-1", "GPU-2", "GPU-3"))
    steps.work(folder.root)
    (path, command) = started[0]
    assert path == sys.executable
    assert command[command.index("--nproc-per-node") + 1] == "3"
    assert command[-4:] == ["-m", "core", "work", str(folder.root)]

    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "3")
    assert steps.work(folder.root) == 0  # stopped by the user: no crash in torchrun's eyes
    assert len(started) == 1
    need = need_of(folder.read_request())
    assert (need.count, len(need.slots)) == (3, 3)  # the queue waits until all are free
    monkeypatch.delenv("RANK")
    monkeypatch.delenv("WORLD_SIZE")
    monkeypatch.setattr(device_module, "graphics_cards", lambda: ("GPU-1",))
    assert steps.work(folder.root) == 2
    assert len(started) == 1
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    card = type("Card", (), {"name": "Card", "total_memory": 2**33})()
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: card)
    assert find_device(ALL_CARDS).kind == "cuda"
