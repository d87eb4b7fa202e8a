"""The losses that can be chosen, each with its description."""

from __future__ import annotations

from dataclasses import dataclass

from core.messages import N_
from core.tuning.grid_losses import GridLoss, cosent, infonce, kl, mse, mse_matched


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
