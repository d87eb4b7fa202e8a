"""Measure and keep models between the base model and what a run has learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import Stopped
from core.messages import N_, Message
from core.tuning.checkpoints import CurvePoint
from core.tuning.encoding import QUERY, encode, load_model, load_weights, weights_of
from core.tuning.keeping import Keeper
from core.tuning.sweep import ALPHAS, GeneralityCheck, SweepPoint, mixed
from core.types import Reporter

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor


@dataclass(frozen=True)
class Mixing:
    """The mixtures of one run.

    Attributes
    ----------
    model : SentenceTransformer
        The model of the run; holds the last mixture afterwards.
    keeper : Keeper
        Has the best state, and writes the model.
    measured : callable
        Search quality of ``model`` as it is now, on validation questions.
    generality : GeneralityCheck or None
    precision : str
        What the model computes in: ``bf16`` or ``fp32``.
    """

    model: SentenceTransformer
    keeper: Keeper
    measured: Callable[[], CurvePoint]
    generality: GeneralityCheck | None
    report: Reporter
    precision: str = "fp32"

    def sweep(self, base: CurvePoint, best: CurvePoint) -> tuple[SweepPoint, ...]:
        """Measure mixtures of the base model with the best state, both ends included.

        Search quality of the two ends is known already; generality is measured for all.

        Raises
        ------
        Stopped
            If the reporter was asked to stop.
        TuningError
            If the best state was damaged meanwhile.
        """
        before, after = self._ends(best)
        known, points = {0.0: base, 1.0: best}, []
        for alpha in (0.0, *ALPHAS, 1.0):
            if self.report.should_stop():
                raise Stopped
            text = N_("Measuring a mixture with {share} of what was learned")
            self.report.progress(1.0, Message(text, {"share": f"{alpha:.0%}"}))
            load_weights(self.model, mixed(before, after, alpha))
            point = known.get(alpha) or self.measured()
            points.append(SweepPoint(alpha, point.score, point.regimes, self._general()))
        return tuple(points)

    def keep(self, best: CurvePoint, alpha: float) -> bool:
        """Write a mixture as the model; return False, and write nothing, where it is the base."""
        if alpha == 0:
            return False
        self.keeper.keep(mixed(*self._ends(best), alpha))
        return True

    def _ends(self, best: CurvePoint) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        tuned = self.keeper.weights_at(best.step)
        if self.keeper.lora_rank:  # adapters: what they add to the base is scaled
            return {}, tuned
        return weights_of(load_model(self.keeper.base_folder)), tuned

    def _general(self) -> float | None:
        if self.generality is None:
            return None
        stop = self.report.should_stop
        return self.generality.measure(
            lambda texts: encode(self.model, texts, QUERY, stop, self.precision)
        )
