r"""What the model is rewarded for, on a whole grid of questions × answers at once.

Maths only: a loss sees the cosines of a batch, never a model, so that it can be checked against
other libraries on plain numbers.

Shapes
------
cosines : float tensor [b_q, b_a], :math:`C`, gradient flows through it
targets : float tensor [b_q, b_a] in [0, 1], :math:`T`, soft labels
hard : float tensor [b_q, b_a], :math:`Y`, 1 right answer, 0 not
mask : bool tensor [b_q, b_a], False = says nothing and must not be learned from
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.tuning.config import TuningConfig

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor


@dataclass(frozen=True)
class Affine:
    """Targets on another scale: ``slope · T + intercept``."""

    slope: float = 1.0
    intercept: float = 0.0

    @classmethod
    def match(cls, targets: np.ndarray, cosines: np.ndarray) -> Affine:
        """Return the map that gives ``targets`` the mean and spread of ``cosines``.

        Parameters
        ----------
        targets, cosines : float arrays of any shape
            A sample of pairs: their labels, and the base model's cosines.
        """
        spread = float(targets.std())
        slope = float(cosines.std()) / spread if spread > 0 else 1.0
        return cls(slope, float(cosines.mean()) - slope * float(targets.mean()))


IDENTITY = Affine()


class GridLoss(Protocol):
    """A loss on one grid; returns a scalar tensor >= 0."""

    def __call__(
        self,
        cosines: Tensor,
        targets: Tensor,
        hard: Tensor,
        mask: Tensor,
        config: TuningConfig,
        match: Affine = IDENTITY,
    ) -> Tensor:
        """Return the loss of the grid."""
        ...


def mse(
    cosines: Tensor,
    targets: Tensor,
    hard: Tensor,
    mask: Tensor,
    config: TuningConfig,
    match: Affine = IDENTITY,
) -> Tensor:
    """Return the squared error, half of it from right cells and half from the others.

    Without the balance the one right cell of a row would drown in its b − 1 neighbours.
    """
    error = (cosines - targets) ** 2
    means = [
        (error * cells).sum() / cells.sum()
        for cells in ((hard > 0) & mask, (hard <= 0) & mask)
        if bool(cells.any())
    ]
    # The empty grid keeps its (zero) gradient, so that a step on it changes nothing.
    return sum(means[1:], start=means[0]) / len(means) if means else cosines.sum() * 0


def mse_matched(
    cosines: Tensor,
    targets: Tensor,
    hard: Tensor,
    mask: Tensor,
    config: TuningConfig,
    match: Affine = IDENTITY,
) -> Tensor:
    """Return :func:`mse` against targets on the scale of the base model's cosines."""
    return mse(cosines, match.slope * targets + match.intercept, hard, mask, config)


def likely_right(targets: Tensor, right: Tensor, margin: float) -> Tensor:
    """Return the unmarked cells that the experts find about as good as the row's right answer.

    Such a cell is probably a right answer that nobody marked; pushing it away would unlearn it
    (positive-aware mining: NV-Retriever, arXiv:2407.15831).

    Parameters
    ----------
    right : bool tensor [b_q, b_a]
    margin : float
        A cell counts as likely right where its label is above the highest label of a right answer
        of its row, minus ``margin``; -1 (labels lie in [0, 1]) = none.
    """
    import torch

    highest = targets.masked_fill(~right, -torch.inf).amax(dim=1, keepdim=True)
    known = right.any(dim=1, keepdim=True)
    return ~right & known & (targets > highest - margin)


def infonce(
    cosines: Tensor,
    targets: Tensor,
    hard: Tensor,
    mask: Tensor,
    config: TuningConfig,
    match: Affine = IDENTITY,
) -> Tensor:
    """Return the cross-entropy of each right cell against the wrong cells of its row.

    Other right answers of the same question are left out of the denominator: they are never
    negatives, and neither are cells of :func:`likely_right`. Averaged over right cells; a row
    without one adds nothing.
    """
    import torch

    logits = cosines / config.student_temperature
    right = (hard > 0) & mask
    if not bool(right.any()):
        return cosines.sum() * 0
    spared = likely_right(targets, right, config.false_negative_margin)
    wrong = logits.masked_fill(right | spared | ~mask, -torch.inf).logsumexp(dim=1, keepdim=True)
    return (torch.logaddexp(logits, wrong) - logits)[right].mean()


def kl(
    cosines: Tensor,
    targets: Tensor,
    hard: Tensor,
    mask: Tensor,
    config: TuningConfig,
    match: Affine = IDENTITY,
) -> Tensor:
    """Return the mean divergence of each row's order from the labels', plus a share of InfoNCE.

    Rows with fewer than two cells have no order and are left out.
    """
    import torch

    loss = config.infonce_share * infonce(cosines, targets, hard, mask, config)
    rows = mask.sum(dim=1) > 1
    if not bool(rows.any()):
        return loss
    blocked = ~mask[rows]
    # −inf only where the teacher's probability is exactly 0; 0 · −inf would be NaN, hence the 0.
    teacher = (targets[rows] / config.teacher_temperature).masked_fill(blocked, -torch.inf)
    student = (cosines[rows] / config.student_temperature).masked_fill(blocked, -torch.inf)
    log_teacher = teacher.log_softmax(dim=1).masked_fill(blocked, 0.0)
    log_student = student.log_softmax(dim=1).masked_fill(blocked, 0.0)
    divergence = teacher.softmax(dim=1) * (log_teacher - log_student)
    return divergence.sum(dim=1).mean() + loss


def cosent(
    cosines: Tensor,
    targets: Tensor,
    hard: Tensor,
    mask: Tensor,
    config: TuningConfig,
    match: Affine = IDENTITY,
) -> Tensor:
    r"""Return the rank loss over all pairs of open cells whose labels differ.

    A pair of cells with :math:`T_i > T_j` counts by how far :math:`c_j` exceeds :math:`c_i`. The
    sum over pairs of n cells takes O(n log n): with the cells in falling order of label, the terms
    of one j share the factor :math:`e^{c_j/\tau}`, the others are a running sum.
    """
    import torch

    logits, labels = cosines[mask] / config.student_temperature, targets[mask]
    if not len(logits):
        return cosines.sum() * 0
    labels, order = labels.sort(descending=True, stable=True)
    logits = logits[order]
    sums = (-logits).logcumsumexp(dim=0)
    higher = torch.searchsorted(-labels, -labels)  # how many cells have a greater label
    ranked = higher > 0
    pairs = logits[ranked] + sums[higher[ranked] - 1]
    return torch.cat([pairs, pairs.new_zeros(1)]).logsumexp(dim=0)
