"""The grid of a batch as tensors, and the scale on which the base model fills it with scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.experts.encoding import to_device
from core.tuning.batches import Batch, learnable
from core.tuning.losses import IDENTITY, LOSSES, Affine
from core.types import Labels, QADataset
from core.types.tuning_config import TEMPERATURES, TuningConfig

if TYPE_CHECKING:
    import torch
    from torch import Tensor

USUAL_SPREAD = 0.1  # of all-MiniLM-L6-v2, for which the default student temperature was chosen


@dataclass(frozen=True)
class BaseScale:
    """The scale on which the base model gives its scores.

    Models differ widely: the cosines of one question with many answers spread by about 0.1 for
    all-MiniLM-L6-v2 and by 0.02 for the e5 models, which were trained at a lower temperature.

    Attributes
    ----------
    match : Affine
        From labels to cosines, for ``mse matched`` (METHOD §5: raw targets fight the scale of the
        base model).
    spread : float > 0
        Standard deviation of the cosines of one question with the answers of its batch.
    """

    match: Affine = IDENTITY
    spread: float = USUAL_SPREAD

    @property
    def values(self) -> list[float]:
        """Slope, intercept and spread: all there is to save or to send."""
        return [self.match.slope, self.match.intercept, self.spread]

    @classmethod
    def of(cls, values: Sequence[float]) -> BaseScale:
        """Return the scale that :attr:`values` describes."""
        slope, intercept, spread = values
        return cls(Affine(slope, intercept), spread)

    def settings(self, config: TuningConfig) -> TuningConfig:
        """Return the settings with the student temperature brought to this scale."""
        temperature = config.student_temperature * self.spread / USUAL_SPREAD
        low, high = TEMPERATURES
        return replace(config, student_temperature=min(max(temperature, low), high))


@dataclass(frozen=True, eq=False)
class Grid:
    """What is known about the cells of a batch; shapes as in :mod:`core.tuning.losses`."""

    targets: Tensor
    hard: Tensor
    mask: Tensor

    @classmethod
    def of(
        cls,
        dataset: QADataset,
        labels: Labels,
        batch: Batch,
        device: torch.device | str,
        shown: np.ndarray | None = None,
    ) -> Grid:
        """Look up the labels of a batch.

        Parameters
        ----------
        shown : bool array [n_a] or None
            Answers that may be shown to these questions; None = all of the step.
        """
        import torch

        targets, mask = labels.block(batch.question_rows, batch.answer_rows)
        hard = dataset.hard_block(batch.question_rows, batch.answer_rows)
        mask = mask & learnable(dataset, batch, hard)
        if shown is not None:
            mask &= shown[batch.answer_rows]
        arrays = (targets.astype(np.float32), hard, mask)
        return cls(*(to_device(torch.from_numpy(np.ascontiguousarray(a)), device) for a in arrays))

    @classmethod
    def of_taught(
        cls,
        labels: Labels,
        batch: Batch,
        device: torch.device | str,
        shown: np.ndarray | None = None,
    ) -> Grid:
        """Look up what the experts alone say of a batch; no cell is marked as right.

        Parameters
        ----------
        shown : bool array [b_t, b_a] or None
            Which answers may be shown to which question; None = all.
        """
        import torch

        targets, mask = labels.block(batch.taught_rows, batch.answer_rows)
        if shown is not None:
            mask = mask & shown
        arrays = (targets.astype(np.float32), np.zeros_like(targets, np.float32), mask)
        return cls(*(to_device(torch.from_numpy(np.ascontiguousarray(a)), device) for a in arrays))

    @classmethod
    def of_answers(cls, labels: Labels, batch: Batch, device: torch.device | str) -> Grid:
        """Look up how alike the answers of a batch are; no cell is marked as right."""
        import torch

        targets, mask = labels.block(batch.alike_rows, batch.answer_rows)
        arrays = (targets.astype(np.float32), np.zeros_like(targets, np.float32), mask)
        return cls(*(to_device(torch.from_numpy(np.ascontiguousarray(a)), device) for a in arrays))

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
