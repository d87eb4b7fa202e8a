"""Short runs of the trainer on a tiny model: what several tests of tuning share."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.tuning.run import train
from core.tuning.task import TuningTask
from core.types import QADataset, SilentReporter
from core.types.tuning import TuningResult
from core.types.tuning_config import TuningConfig

CONFIG = TuningConfig(
    epochs=2,
    questions_per_batch=6,
    learning_rate=5e-3,
    evaluations_per_epoch=2,
    patience=0,
    hard_negatives_per_question=1,
    max_length=16,
    device="cpu",
    precision="fp32",  # the same on every machine, with AMX or without
)


FIELDS = {field.name for field in dataclasses.fields(TuningTask)}


class HardLabels:
    """Soft labels without experts: 0.9 for right answers, 0.1 for the others."""

    id = "hard"

    def __init__(self, dataset: QADataset) -> None:
        self.dataset = dataset

    def block(self, question_rows, answer_rows):
        hard = self.dataset.hard_block(question_rows, answer_rows)
        return 0.1 + 0.8 * hard, np.ones(hard.shape, bool)


def ndcg(dataset: QADataset):
    """Mean nDCG@10 on binary relevance, ties by row."""

    def evaluate(question_rows, question_vectors, answer_rows, answer_vectors):
        order = np.argsort(-question_vectors @ answer_vectors.T, axis=1, kind="stable")[:, :10]
        hard = dataset.hard_block(question_rows, answer_rows)
        gain = np.take_along_axis(hard, order, 1)
        discount = 1 / np.log2(np.arange(2, 2 + gain.shape[1]))
        best = np.array([discount[: int(n)].sum() for n in hard.sum(axis=1)])
        return float(((gain * discount).sum(axis=1) / best).mean())

    return evaluate


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the trainer may catch it."""


class Recorder(SilentReporter):
    """Keeps what it hears; stops or dies when step ``stop_at`` or ``die_at`` is reported."""

    def __init__(self, stop_at: float = np.inf, die_at: float = np.inf) -> None:
        self.metrics, self.warnings, self.fractions = [], [], []
        self.stop_at, self.die_at, self.step = stop_at, die_at, 0

    def metric(self, values):
        self.metrics.append(dict(values))
        self.step = values["step"]
        if self.step >= self.die_at and "loss" in values:
            raise Killed

    def progress(self, fraction, message):
        str(message)
        self.fractions.append(fraction)

    def warning(self, message):
        self.warnings.append(str(message))

    def should_stop(self):
        return self.step >= self.stop_at


class Clock:
    """Rises by two seconds at every look: every step is due for a metric."""

    now = 0.0

    def __call__(self):
        self.now += 2.0
        return self.now


@dataclass(frozen=True)
class Ended:
    """The result of a run, and where its model lies."""

    model_folder: Path | None
    result: TuningResult

    def __getattr__(self, name: str):
        return getattr(self.result, name)


def run(dataset, base, folder, report=None, config=CONFIG, **options):
    """Train with a small evaluation; a checkpoint after every step unless told otherwise."""
    options.setdefault("checkpoint_seconds", 0.0)
    labels = options.pop("labels", None) or HardLabels(dataset)
    evaluate = options.pop("evaluate", ndcg(dataset))
    given = {name: options.pop(name) for name in FIELDS & set(options)}
    task = TuningTask(dataset, labels, base, config, folder, evaluate, **given)
    result = train(task, report or SilentReporter(), clock=Clock(), **options)
    return Ended(folder / "model" if result.has_model else None, result)


def weights(folder: Path):
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")


def same(left: Path, right: Path) -> bool:
    one, other = weights(left), weights(right)
    assert one.keys() == other.keys()
    return all((one[name] == other[name]).all() for name in one)
