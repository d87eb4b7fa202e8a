"""What a run tells while it learns: now and then, not at every step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.messages import N_, Message
from core.tuning.checkpoints import RunState
from core.tuning.device import used_mb
from core.tuning.step import StepResult
from core.types import Reporter

METRIC_SECONDS = 1.0  # a metric per step would fill the event log of a fast run


@dataclass
class Teller:
    """Reports steps as metrics and progress.

    Attributes
    ----------
    report : Reporter
    kind : str
        Of the device whose memory is told.
    steps, per_epoch : int
        Of the whole run, and of each pass.
    """

    report: Reporter
    kind: str
    steps: int
    per_epoch: int
    last: float = -np.inf
    labels: int = 0
    seconds: float = 0.0

    def step(self, state: RunState, result: StepResult, now: float) -> None:
        """Tell what the last step did, if the last metric is old enough or it is the end."""
        if now - self.last < METRIC_SECONDS and state.step < self.steps:
            return
        self.last = now
        self.report.metric(
            {
                "step": state.step,
                "epoch": state.step / self.per_epoch,
                "loss": result.loss,
                "learning_rate": result.learning_rate,
                "labels_per_s": self._pace(state),
                "memory_mb": round(used_mb(self.kind), 1),
            }
        )
        told = {"step": state.step, "steps": self.steps}
        message = Message(N_("Learning: step {step} of {steps}"), told)
        self.report.progress(state.step / self.steps, message)

    def _pace(self, state: RunState) -> float:
        """Return labels per second of learning since the metric before."""
        labels, seconds = state.labels - self.labels, state.learning_seconds - self.seconds
        self.labels, self.seconds = state.labels, state.learning_seconds
        return labels / max(seconds, 1e-9)
