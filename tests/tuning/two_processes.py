"""What two processes do together; run by torchrun, once with a folder as its argument.

Besides the team's runs it writes what a process alone would have written, from the same code.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from core.documents import from_json
from core.errors import Stopped
from core.tuning import learner as learner_module
from core.tuning.batches import Batch
from core.tuning.device import find_device
from core.tuning.learner import Learner
from core.tuning.student import load_model
from core.tuning.task import TuningTask
from core.tuning.team import ALONE, Team, join_team, leave_team
from core.types import QADataset, SilentReporter
from core.types.tuning_config import TuningConfig
from tests.tuning.tiny_runs import HardLabels, Recorder, run


def gradients(dataset: QADataset, base: Path, config: TuningConfig, team: Team, folder: Path):
    """Write the gradients of one step, before anything changes a weight."""
    model = load_model(base)
    task = TuningTask(dataset, HardLabels(dataset), base, config, folder, lambda *_: 0.0)
    learner = Learner(model, task, find_device("cpu"), SilentReporter(), team)
    learner.optimizer.step = lambda: None
    batch = Batch(np.arange(30, dtype=np.int32), np.arange(8, dtype=np.int32))
    result = learner.step(batch, 0, 10)
    grads = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    grads["loss"] = torch.tensor([result.loss])
    save_file(grads, folder / f"gradients-{config.chunk_size}-{team.size}-{team.rank}.safetensors")


def rising():
    """A measure that likes every state better than the one before: the last is kept."""
    values = itertools.count(1)
    return lambda *_: next(values) / 100


def memory_is_short(here: bool):
    """Let this process run out of memory above six texts; the others have enough."""
    real = learner_module.embed

    def embed(model, texts, task):
        if here and model.training and len(texts) > 6:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(model, texts, task)

    learner_module.embed = embed


def main(folder: Path) -> None:
    told = json.loads((folder / "told.json").read_text())
    arrays = dict(np.load(folder / "dataset.npz", allow_pickle=False))
    texts = {name: tuple(values) for name, values in told["dataset"].items()}
    dataset = QADataset(name="small", **texts, **arrays)
    base = Path(told["base"])
    config = from_json(TuningConfig, told["config"])
    team = join_team("cpu")
    assert team.size == 2
    for chunk in (0, 5):
        one = dataclasses.replace(config, chunk_size=chunk)
        gradients(dataset, base, one, team, folder)
        if team.leads:
            gradients(dataset, base, one, ALONE, folder)

    report = Recorder()
    outcome = run(dataset, base, folder / "team", report, config, team=team)
    side = dataclasses.replace(config, query_side=True, lora_rank=2)
    run(dataset, base, folder / "team_side", config=side, team=team, evaluate=rising())
    # Stopped by the leading one, then gone on with.
    stopping = Recorder(stop_at=4 if team.leads else np.inf)
    stopped = run(dataset, base, folder / "team_stopped", stopping, config, team=team)
    assert stopped.cancelled
    again = run(dataset, base, folder / "team_stopped", config=config, team=team)
    assert again.curve == outcome.curve

    try:
        team.tell(lambda: 1 / 0)
    except ZeroDivisionError:
        assert team.leads
    except Stopped:
        assert not team.leads
    array = team.tell_array(lambda: np.arange(6, dtype=np.float32).reshape(2, 3))
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert team.tell_array(lambda: None) is None

    memory_is_short(here=not team.leads)
    short = Recorder()
    run(dataset, base, folder / "team_short", short, config, team=team)
    document = {"reported": len(report.metrics), "warnings": short.warnings}
    document |= {"device": outcome.device.name, "model": str(outcome.model_folder)}
    (folder / f"seen-{team.rank}.json").write_text(json.dumps(document))
    leave_team(0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
