"""One optimizer step on one grid: encode, compare, learn; halves batches for want of memory."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import TuningError
from core.messages import N_, Message
from core.tuning.batches import Batch, learnable
from core.tuning.config import TuningConfig
from core.tuning.device import DeviceInfo
from core.tuning.encoding import DOCUMENT, QUERY, embed, is_static
from core.tuning.losses import LOSSES, Affine
from core.tuning.optimizer import (
    learning_rate,
    load_optimizer_tensors,
    make_optimizer,
    optimizer_tensors,
)
from core.tuning.preparation import BaseScale
from core.types import Labels, QADataset, Reporter

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

CLIP = 1.0  # largest gradient norm
CPU_BUCKET = 16


@dataclass(frozen=True)
class StepResult:
    """What one step did.

    Attributes
    ----------
    loss : float
    learning_rate : float
    labels : int
        Grid cells learned from.
    """

    loss: float
    learning_rate: float
    labels: int


class Learner:
    """The model in training with its optimizer.

    Attributes
    ----------
    parts : int
        1, or 2 once a batch did not fit into memory: its two halves are then computed one after
        the other and make one step together, so that the plan of the run does not change.
    scale : BaseScale
        Scale of the base model's scores, measured before the first step.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        dataset: QADataset,
        labels: Labels,
        config: TuningConfig,
        device: DeviceInfo,
        report: Reporter,
    ) -> None:
        self.model, self.dataset, self.labels = model, dataset, labels
        self.config, self.device, self.report = config, device, report
        self.optimizer = make_optimizer(model, config)
        self.loss = LOSSES[config.loss].compute
        self.static = is_static(model)
        self.parts = 1
        self.scale = BaseScale()

    def step(self, batch: Batch, number: int, steps: int) -> StepResult:
        """Do step ``number`` (from 0) of ``steps``.

        Raises
        ------
        TuningError
            If the loss is not a number any more, or half a batch does not fit into memory.
        """
        import torch

        self.model.train()
        rate = learning_rate(number, steps, self.config, self.static)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss, cells = self._gradients_within_memory(batch, number)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        if not (math.isfinite(loss) and math.isfinite(float(norm))):
            raise TuningError(
                "Learning broke down at step {step}: the loss is {loss}. Lower the learning rate "
                "(now {rate}), for example to a third, and start again.",
                step=number + 1,
                loss=str(loss),
                rate=self.config.learning_rate,
            )
        self.optimizer.step()
        return StepResult(loss, rate, cells)

    def tensors(self, negatives: np.ndarray | None) -> dict[str, Tensor]:
        """Return, besides the weights, all that the next step depends on."""
        import torch

        tensors = optimizer_tensors(self.optimizer)
        match = self.scale.match
        scale = [match.slope, match.intercept, self.scale.spread]
        tensors["run.scale"] = torch.tensor(scale, dtype=torch.float64)
        if negatives is not None:
            tensors["run.negatives"] = torch.from_numpy(np.ascontiguousarray(negatives))
        return tensors

    def restore(self, tensors: dict[str, Tensor], parts: int) -> np.ndarray | None:
        """Put back what :meth:`tensors` gave; return the mined wrong answers."""
        tensors, self.parts = dict(tensors), parts
        slope, intercept, spread = tensors.pop("run.scale").tolist()
        self.scale = BaseScale(Affine(slope, intercept), spread)
        negatives = tensors.pop("run.negatives", None)
        load_optimizer_tensors(self.optimizer, tensors)
        return None if negatives is None else negatives.numpy()

    def _gradients_within_memory(self, batch: Batch, number: int) -> tuple[float, int]:
        try:
            return self._gradients(batch, number)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            if self.parts > 1 or len(batch.question_rows) < 2:
                raise memory_error(self.device, self.config) from error
        self.parts = 2
        if self.device.kind == "cuda":
            import torch

            torch.cuda.empty_cache()
        self.report.warning(
            Message(
                N_(
                    "{device} has too little memory for {count} questions at a time; "
                    "going on with {half}."
                ),
                {
                    "device": self.device.name,
                    "count": self.config.questions_per_batch,
                    "half": -(-self.config.questions_per_batch // 2),
                },
            )
        )
        return self._gradients_within_memory(batch, number)

    def _gradients(self, batch: Batch, number: int) -> tuple[float, int]:
        """Add up the gradients of a batch; return its loss and the number of cells."""
        import torch

        # Seeding every step makes dropout independent of what ran before: resuming is exact.
        seeds = np.random.SeedSequence([self.config.seed, number]).generate_state(1)
        torch.manual_seed(int(seeds[0]))
        self.optimizer.zero_grad(set_to_none=True)
        total, cells = 0.0, 0
        for part in [batch] if self.parts == 1 else halves(self.dataset, batch):
            loss, used = self._grid_loss(part)
            loss = loss * (len(part.question_rows) / len(batch.question_rows))
            loss.backward()
            total, cells = total + loss.item(), cells + used
        return total, cells

    def _grid_loss(self, batch: Batch) -> tuple[Tensor, int]:
        import torch

        questions = [self.dataset.questions[row] for row in batch.question_rows]
        answers = [self.dataset.answers[row] for row in batch.answer_rows]
        bucket = CPU_BUCKET if self.device.kind == "cpu" else None
        mixed = (
            torch.autocast(self.device.kind, torch.bfloat16)
            if self.device.precision == "bf16"
            else contextlib.nullcontext()
        )
        with mixed:
            left = embed(self.model, questions, QUERY, bucket)
            right = embed(self.model, answers, DOCUMENT, bucket)
        cosines = left @ right.T  # outside: bf16 has three digits, too few for close scores
        targets, mask = self.labels.block(batch.question_rows, batch.answer_rows)
        hard = self.dataset.hard_block(batch.question_rows, batch.answer_rows)
        mask = mask & learnable(self.dataset, batch, hard)
        soft, marked, usable = (
            torch.from_numpy(np.ascontiguousarray(array)).to(cosines.device)
            for array in (targets.astype(np.float32), hard, mask)
        )
        settings = self.scale.settings(self.config)
        loss = self.loss(cosines, soft, marked, usable, settings, self.scale.match)
        return loss, int(mask.sum())


def halves(dataset: QADataset, batch: Batch) -> list[Batch]:
    """Split a grid in two: half the questions, their right answers and half the other answers."""
    parts = []
    for number, rows in enumerate(np.array_split(batch.question_rows, 2)):
        right = dataset.hard_block(rows, batch.answer_rows).any(axis=0)
        free = ~dataset.hard_block(batch.question_rows, batch.answer_rows).any(axis=0)
        dealt = free & (np.cumsum(free) % 2 == number)
        if len(rows):
            parts.append(Batch(rows, batch.answer_rows[right | dealt]))
    return parts


def memory_error(device: DeviceInfo, config: TuningConfig) -> TuningError:
    """Return the error for memory that does not suffice even after a batch was halved."""
    return TuningError(
        "{device} has too little memory, even for half of {count} questions at a time. Lower the "
        "questions per step or the longest text (now {length}).",
        device=device.name,
        count=config.questions_per_batch,
        length=config.max_length,
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Return True for torch's error on a GPU and for what the CPU and MPS allocators say."""
    import torch

    text = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or (
        "out of memory" in text or "can't allocate memory" in text
    )
