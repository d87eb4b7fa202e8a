r"""What the model is rewarded for, on a whole grid of questions × answers at once: the losses.

Maths and their descriptions only: a loss sees the cosines of a batch, never a model, so that it
can be checked against other libraries on plain numbers.

Shapes
------
cosines : float tensor [b_q, b_a], :math:`C`, gradient flows through it
targets : float tensor [b_q, b_a] in [0, 1], :math:`T`, soft labels
hard : float tensor [b_q, b_a], :math:`Y`, 1 right answer, 0 not
mask : bool tensor [b_q, b_a], False = says nothing and must not be learned from
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.messages import N_
from core.types.tuning_config import TuningConfig

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


GridLoss = Callable[["Tensor", "Tensor", "Tensor", "Tensor", TuningConfig, Affine], "Tensor"]
"""Cosines, targets, hard labels, mask, settings and scale of one grid to a scalar tensor >= 0."""


def mse(
    cosines: Tensor, targets: Tensor, hard: Tensor, mask: Tensor, config: TuningConfig, *_: object
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


def _likely_right(targets: Tensor, right: Tensor, margin: float) -> Tensor:
    """Return the unmarked cells that the experts find about as good as the row's right answer.

    Such a cell is probably a right answer that nobody marked; pushing it away would unlearn it
    (positive-aware mining: NV-Retriever, arXiv:2407.15831).
    """
    import torch

    highest = targets.masked_fill(~right, -torch.inf).amax(dim=1, keepdim=True)
    known = right.any(dim=1, keepdim=True)
    return ~right & known & (targets > highest - margin)


def infonce(
    cosines: Tensor, targets: Tensor, hard: Tensor, mask: Tensor, config: TuningConfig, *_: object
) -> Tensor:
    """Return the cross-entropy of each right cell against the wrong cells of its row.

    Other right answers of the same question are left out of the denominator: they are never
    negatives, and neither are cells of :func:`_likely_right`. Averaged over right cells; a row
    without one adds nothing.
    """
    import torch

    logits = cosines / config.student_temperature
    right = (hard > 0) & mask
    if not bool(right.any()):
        return cosines.sum() * 0
    spared = _likely_right(targets, right, config.false_negative_margin)
    wrong = logits.masked_fill(right | spared | ~mask, -torch.inf).logsumexp(dim=1, keepdim=True)
    return (torch.logaddexp(logits, wrong) - logits)[right].mean()


def kl(
    cosines: Tensor, targets: Tensor, hard: Tensor, mask: Tensor, config: TuningConfig, *_: object
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
    cosines: Tensor, targets: Tensor, hard: Tensor, mask: Tensor, config: TuningConfig, *_: object
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


@dataclass(frozen=True)
class LossEntry:
    """A loss with its description; the help text on the page comes from here.

    Attributes
    ----------
    key : str
    title, meaning : str
        Message ids.
    formula : str
        LaTeX.
    source : str
        Where the formula comes from.
    compute : GridLoss
    uses_labels : bool
        False where only right/not right counts.
    """

    key: str
    title: str
    meaning: str
    formula: str
    source: str
    compute: GridLoss
    uses_labels: bool = True


LOSSES: dict[str, LossEntry] = {
    entry.key: entry
    for entry in (
        LossEntry(
            "kl",
            N_("Order of the experts (KL)"),
            N_("For each question, put the answers in the order of the labels; scores may differ."),
            r"\frac{1}{b}\sum_i \mathrm{KL}\!\left(\mathrm{softmax}(T_i/\tau_t)\,\|\,"
            r"\mathrm{softmax}(C_i/\tau_s)\right) + s\cdot\mathrm{InfoNCE}",
            "Lin et al. 2020, arXiv:2010.11386; with an InfoNCE share: arXiv:2502.19712",
            kl,
        ),
        LossEntry(
            "mse",
            N_("Scores of the experts (squared error)"),
            N_("Reproduce the label of every pair as the model's own score."),
            r"\tfrac12\,\overline{(C-T)^2}_{\,Y=1} + \tfrac12\,\overline{(C-T)^2}_{\,Y=0}",
            "Least squares, right and other cells balanced (own definition)",
            mse,
        ),
        LossEntry(
            "mse_matched",
            N_("Scores of the experts on the model's scale (matched squared error)"),
            N_("Reproduce the labels after moving them to the scale that the base model uses."),
            r"\tfrac12\,\overline{(C-\hat T)^2}_{\,Y=1}"
            r" + \tfrac12\,\overline{(C-\hat T)^2}_{\,Y=0}, \quad"
            r"\hat T = \bar C_0 + \tfrac{\sigma(C_0)}{\sigma(T)}\,(T-\bar T)",
            "Own definition; scales differ between experts: Margin-MSE, arXiv:2010.02666",
            mse_matched,
        ),
        LossEntry(
            "cosent",
            N_("Ranking of all pairs (CoSENT)"),
            N_("Of any two pairs in a step, give the better labelled one the higher score."),
            r"\log\Bigl(1+\sum_{T_{ij}>T_{kl}} e^{(C_{kl}-C_{ij})/\tau_s}\Bigr)",
            "Su 2022, kexue.fm/archives/8847; CoSENTLoss in sentence-transformers",
            cosent,
        ),
        LossEntry(
            "infonce",
            N_("Right answers only (InfoNCE)"),
            N_("Put the marked right answer before all others; the experts are not used."),
            r"-\frac{1}{|Y|}\sum_{(i,j)\in Y}\log\frac{e^{C_{ij}/\tau_s}}"
            r"{e^{C_{ij}/\tau_s}+\sum_{k\notin Y_i}e^{C_{ik}/\tau_s}}",
            "van den Oord et al. 2018, arXiv:1807.03748; in-batch: Henderson et al. 2017, "
            "arXiv:1705.00652",
            infonce,
            uses_labels=False,
        ),
    )
}
