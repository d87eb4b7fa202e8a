"""The grid of a batch as tensors: what every question × answer cell says about the vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.tuning.batches import Batch, learnable
from core.tuning.config import TuningConfig
from core.tuning.losses import LOSSES
from core.tuning.preparation import BaseScale
from core.types import Labels, QADataset

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Term = Callable[[Sequence["Tensor"]], "Tensor"]
"""One addend of the loss of a step: a function of the vectors of all its text sets."""


@dataclass(frozen=True, eq=False)
class Grid:
    """What is known about the cells of a batch; shapes as in :mod:`core.tuning.losses`."""

    targets: Tensor
    hard: Tensor
    mask: Tensor

    @classmethod
    def of(
        cls, dataset: QADataset, labels: Labels, batch: Batch, device: torch.device | str
    ) -> Grid:
        """Look up the labels of a batch."""
        import torch

        targets, mask = labels.block(batch.question_rows, batch.answer_rows)
        hard = dataset.hard_block(batch.question_rows, batch.answer_rows)
        mask = mask & learnable(dataset, batch, hard)
        arrays = (targets.astype(np.float32), hard, mask)
        return cls(*(torch.from_numpy(np.ascontiguousarray(a)).to(device) for a in arrays))

    @classmethod
    def of_answers(cls, labels: Labels, batch: Batch, device: torch.device | str) -> Grid:
        """Look up how alike the answers of a batch are; no cell is marked as right."""
        import torch

        targets, mask = labels.block(batch.alike_rows, batch.answer_rows)
        arrays = (targets.astype(np.float32), np.zeros_like(targets, np.float32), mask)
        return cls(*(torch.from_numpy(np.ascontiguousarray(a)).to(device) for a in arrays))

    @property
    def cells(self) -> int:
        """How many cells are learned from."""
        return int(self.mask.sum())

    def loss(
        self, questions: Tensor, answers: Tensor, config: TuningConfig, scale: BaseScale
    ) -> Tensor:
        """Return the loss of vectors [b_q, d] and [b_a, d], unit length."""
        compute = LOSSES[config.loss].compute
        settings = scale.settings(config)
        return compute(
            questions @ answers.T, self.targets, self.hard, self.mask, settings, scale.match
        )
