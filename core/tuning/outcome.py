"""What a tuning run leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.messages import N_
from core.tuning.checkpoints import CurvePoint
from core.tuning.device import DeviceInfo
from core.tuning.sweep import SweepPoint

NO_VALIDATION = N_(
    "There are no validation questions: the model after the last step is kept, whether or not it "
    "searches best."
)
BASE_KEPT = N_(
    "No check found a tuned model that searches better than the base model ({score:.3f} nDCG@10 on "
    "validation questions), so the base model was kept. Try other experts, a smaller learning rate "
    "or more questions."
)
FORGETS = N_(
    "Every model of this run lost more general ability than the limit allows, even mixed with the "
    "base model, so the base model was kept. Try a smaller learning rate, fewer passes or more "
    "weight on staying close to the base model."
)
NO_BETTER_INSIDE = N_(
    "What this run learned searches better but lost more general ability than the limit allows; "
    "mixed with the base model it stays inside the limit but searches no better than the base "
    "model ({score:.3f} nDCG@10 on validation questions), so the base model was kept. Try a "
    "smaller learning rate, fewer passes or more weight on staying close to the base model."
)


@dataclass(frozen=True)
class TuningFolders:
    """Where a run writes.

    Attributes
    ----------
    checkpoints : Path
        Saved states; they stay until the outcome is written down, see
        :func:`core.tuning.trainer.train`.
    model : Path
        The tuned model: a plain sentence-transformers folder.
    """

    checkpoints: Path
    model: Path

    @classmethod
    def of(cls, run_folder: Path) -> TuningFolders:
        """Return the places inside a run folder."""
        return cls(run_folder / "checkpoints", run_folder / "model")

    @property
    def root(self) -> Path:
        """The run folder; while a run goes on, it is never made anew."""
        return self.model.parent


@dataclass(frozen=True)
class TuningOutcome:
    """The result of a run.

    Attributes
    ----------
    model_folder : Path or None
        None where a run was cancelled before it found anything better than the base model.
    best_step : int
        Steps behind the model in the folder; 0 = it is the base model.
    best_score, base_score : float or None
        Validation nDCG@10, mean over regimes; None without validation questions.
    curve : tuple of CurvePoint
    steps : int
        Steps done.
    seconds : float
        Time spent, over all sessions of a resumed run.
    stopped_early, cancelled : bool
    failed : bool
        The run broke off; this is what it had found until then.
    labels_per_s : float
        Grid cells learned from per second of learning.
    device : DeviceInfo
    alpha : float in [0, 1]
        Share of what was learned in the model that was kept; the rest is the base model's.
    alpha_sweep : tuple of SweepPoint
        The mixtures that were measured; empty where none were.
    query_side : bool
        The model is for questions only; answers keep the vectors of the base model.
    """

    model_folder: Path | None
    best_step: int
    best_score: float | None
    base_score: float | None
    curve: tuple[CurvePoint, ...]
    steps: int
    seconds: float
    stopped_early: bool
    cancelled: bool
    labels_per_s: float
    device: DeviceInfo
    query_side: bool = False
    alpha: float = 1.0
    alpha_sweep: tuple[SweepPoint, ...] = ()
    failed: bool = False
