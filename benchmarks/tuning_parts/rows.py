"""The baseline: sentence-transformers' own trainer with CosineSimilarityLoss on rows of pairs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.tuning_parts.setting import Setting
from core.tuning.batches import learnable, plan_epoch
from core.tuning.student import load_model
from core.types import TRAIN

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True)
class Pairs:
    """Pairs with a soft label: what the grid learns from, written out.

    Attributes
    ----------
    questions, answers : sequence of str [n]
    labels : sequence of float in [0, 1] [n]
    """

    questions: Sequence[str]
    answers: Sequence[str]
    labels: Sequence[float]

    def __len__(self) -> int:
        return len(self.labels)

    def sample(self, count: int, seed: int) -> Pairs:
        """Return ``count`` of them in random order, again from the start where there are fewer."""
        order = np.random.default_rng(seed).permutation(len(self))
        kept = np.resize(order, count)
        return Pairs(*([column[i] for i in kept] for column in self._columns))

    @property
    def _columns(self) -> tuple[Sequence[Any], ...]:
        return self.questions, self.answers, self.labels

    def table(self) -> dict[str, list[Any]]:
        """Return the columns as the trainer takes them."""
        names = ("sentence1", "sentence2", "score")
        return dict(zip(names, map(list, self._columns), strict=True))


def grid_pairs(setting: Setting, epochs: int) -> Pairs:
    """Return every cell that grid training learns from in so many epochs, each pair once."""
    rows, found = setting.dataset.rows(TRAIN), {}
    for epoch in range(epochs):
        for batch in plan_epoch(setting.dataset, rows, None, setting.config, epoch):
            targets, mask = setting.labels.block(batch.question_rows, batch.answer_rows)
            hard = setting.dataset.hard_block(batch.question_rows, batch.answer_rows)
            left, right = np.nonzero(mask & learnable(setting.dataset, batch, hard))
            pairs = zip(batch.question_rows[left], batch.answer_rows[right], strict=True)
            found.update(zip(pairs, targets[left, right].astype(float), strict=True))
    questions = [setting.dataset.questions[q] for q, _ in found]
    return Pairs(questions, [setting.dataset.answers[a] for _, a in found], list(found.values()))


def train_on_rows(
    setting: Setting,
    pairs: Pairs,
    *,
    batch: int,
    learning_rate: float,
    after_step: Callable[[SentenceTransformer, int, float], bool],
) -> list[float]:
    """Go through the pairs once, in batches of rows; return the seconds of every step.

    Parameters
    ----------
    after_step : callable
        ``after_step(model, steps, seconds)`` with the time spent learning so far, its own time
        not counted; True ends the training.
    """
    import torch
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.losses import CosineSimilarityLoss
    from transformers import TrainerCallback

    model = load_model(setting.base, setting.device.kind)
    model.max_seq_length = min(model.max_seq_length or 10**6, setting.config.max_length)
    seconds: list[float] = []

    class Watch(TrainerCallback):
        """Times from the end of one step to the end of the next, collating included."""

        begun = 0.0

        def on_train_begin(self, *_: object, **__: object) -> None:
            self.begun = time.perf_counter()

        def on_step_end(self, args: object, state: Any, control: Any, **_: object) -> None:
            if setting.device.kind == "cuda":  # a card is still at work when a step returns
                torch.cuda.synchronize()
            seconds.append(time.perf_counter() - self.begun)
            control.should_training_stop = after_step(model, state.global_step, sum(seconds))
            self.begun = time.perf_counter()

    with tempfile.TemporaryDirectory() as folder:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=batch,
            num_train_epochs=1,
            learning_rate=learning_rate,
            warmup_steps=0.1,
            weight_decay=setting.config.weight_decay,
            bf16=setting.device.precision == "bf16",
            use_cpu=setting.device.kind == "cpu",
            seed=setting.config.seed,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            # Pinned memory serves a graphics card only.
            dataloader_pin_memory=setting.device.kind == "cuda",
        )
        trainer = SentenceTransformerTrainer(
            model=model,
            args=arguments,
            train_dataset=Dataset.from_dict(pairs.table()),
            loss=CosineSimilarityLoss(model),
            callbacks=[Watch()],
        )
        trainer.train()
    return seconds
