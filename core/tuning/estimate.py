"""What a run will take, and whether it fits: time, memory and disk space.

Four sources tell the time, the best one first: the last run with the very same settings on the
same data and machine; a short measurement of these settings (a probe), or of other settings of
the same model on the same data; the last run of the same or a similar model. The probe also tells
memory and disk space, which are held against what is free.
"""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from core.errors import AppError
from core.experts.catalogue import find_entry
from core.hashing import document_id
from core.messages import N_, Message
from core.tuning.batches import open_per_epoch, steps_per_epoch
from core.tuning.probe import Probe
from core.types import TRAIN, QADataset
from core.types.tuning import DeviceInfo, TuningEstimate
from core.types.tuning_config import TuningConfig

SAME_RUN, PROBED, PROBED_ALIKE = "same run", "probe", "probe of other settings"
SAME_MODEL, OTHER_MODEL = "same model", "other model"
# Beyond this ratio of speeds other work than the model's own decides: no estimate is better.
_COMPARABLE = 6.0
# How far off the time of another run may be, up and down, by what it has in common with this one.
_DOUBT = {SAME_RUN: 0.15, PROBED_ALIKE: 0.5, SAME_MODEL: 0.5, OTHER_MODEL: 1.0}
# Settings that change neither the time of a step nor the memory it takes.
WITHOUT_EFFECT = frozenset(
    {
        *("epochs", "learning_rate", "usual_steps", "warmup_share", "weight_decay"),
        *("infonce_share", "seed"),
        *("student_temperature", "teacher_temperature", "evaluations_per_epoch", "patience"),
        *("false_negative_margin", "guard_regimes", "spare_unasked", "borrow_answers"),
        *("taught_temperature", "neighbourhood_temperature"),
    }
)


@dataclass(frozen=True)
class MeasuredRun:
    """One finished run: its model, its key, training questions and steps per second."""

    model: str
    key: str
    speed: float
    steps_per_second: float


@dataclass(frozen=True)
class TuningPlan:
    """A run before it is started.

    Attributes
    ----------
    questions : int
        Training questions, each used once per epoch, and the open ones that join them.
    steps, checks : int
        Learning steps and measurements of the search quality, unless it stops early.
    key : str
        Of the short measurement that fits these settings.
    estimate : Estimate or None
        None before anything like it was measured on this machine.
    """

    questions: int
    steps: int
    checks: int
    key: str
    estimate: TuningEstimate | None = None

    @property
    def seconds(self) -> float | None:
        """Expected time, None where it is not known."""
        return self.estimate.seconds if self.estimate else None


def planned(
    dataset: QADataset,
    config: TuningConfig,
    key: str,
    runs: Sequence[MeasuredRun],
    probe: Probe | None,
    alike: Probe | None = None,
) -> TuningPlan:
    """Return what a run with this config will take.

    Parameters
    ----------
    key : str
        See :func:`probe_key`.
    runs : sequence of MeasuredRun
        Finished runs of this machine, newest first.
    probe : Probe or None
        The short measurement of these settings, where there is one.
    alike : Probe or None
        One of other settings of the same model on the same data.
    """
    known, open_ = len(dataset.rows(TRAIN)), len(dataset.open_rows)
    questions = known + open_per_epoch(known, open_, config)
    steps = steps_per_epoch(known, open_, config) * config.epochs
    validated = len(dataset.validation_rows) > 0
    checks = min(config.epochs * config.evaluations_per_epoch, steps) + 1 if validated else 0
    estimate = _from_runs(runs, questions * config.epochs, steps, config.base_model, key)
    if probe is not None and (estimate is None or estimate.source != SAME_RUN):
        low, expected, high = probe.seconds(steps, checks)
        estimate = TuningEstimate(expected, low, high, PROBED, steps)
    elif alike is not None and (estimate is None or estimate.source != SAME_RUN):
        _, expected, _ = alike.seconds(steps, checks)
        estimate = _with_doubt(expected, PROBED_ALIKE, steps)
    if probe is not None and estimate is not None:
        estimate = dataclasses.replace(estimate, memory_mb=probe.memory_mb, disk_mb=probe.disk_mb)
    return TuningPlan(questions, steps, checks, key, estimate)


def _from_runs(
    runs: Sequence[MeasuredRun], passes: int, steps: int, base_model: str, key: str
) -> TuningEstimate | None:
    """Estimate from the newest run that has most in common with this one.

    The time is steps (with other settings: questions × epochs) divided by the speed of that run,
    checks and saving included; for another model scaled by the relative speeds of the catalogue.
    """
    for run in runs:
        if run.key == key:
            return _with_doubt(steps / run.steps_per_second, SAME_RUN, steps)
    for run in runs:
        if run.model == base_model:
            return _with_doubt(passes / run.speed, SAME_MODEL, steps)
    for run in runs:
        try:
            ratio = find_entry(base_model).relative_speed / find_entry(run.model).relative_speed
        except (AppError, ZeroDivisionError):
            continue
        if 1 / _COMPARABLE <= ratio <= _COMPARABLE:
            return _with_doubt(passes / (run.speed * ratio), OTHER_MODEL, steps)
    return None


def _with_doubt(seconds: float, source: str, steps: int) -> TuningEstimate:
    doubt = 1 + _DOUBT[source]
    return TuningEstimate(seconds, seconds / doubt, seconds * doubt, source, steps)


def probe_key(dataset_id: str, config: TuningConfig, device: DeviceInfo) -> str:
    """Return the name under which a measurement is kept, 16 hex digits.

    It holds for one machine and device, one dataset (the length of its texts) and the settings
    that matter: base model, batch, length and whatever else is not in ``WITHOUT_EFFECT``.
    """
    settings = {name: value for name, value in asdict(config).items() if name not in WITHOUT_EFFECT}
    machine = [platform.node(), device.kind, device.name, str(device.memory_gb), device.cores]
    return document_id({"dataset": dataset_id, "machine": machine, "settings": settings})


@dataclass(frozen=True)
class FreeCapacity:
    """What is free on a machine, in MB.

    Attributes
    ----------
    memory_mb, memory_total_mb : float or None
        Of the device that computes; None where it does not say.
    disk_mb : float or None
        Where the workspace lies.
    """

    memory_mb: float | None
    memory_total_mb: float | None
    disk_mb: float | None


@dataclass(frozen=True)
class Shortage:
    """Something of which there is too little.

    Attributes
    ----------
    message : Message
    blocks : bool
        The run cannot end well; otherwise it may, once other programs give way.
    """

    message: Message
    blocks: bool


def shortages(
    estimate: TuningEstimate | None, free: FreeCapacity, out_of_memory: Message | None = None
) -> list[Shortage]:
    """Return what there is too little of; empty where a run fits or nothing is known.

    Parameters
    ----------
    out_of_memory : Message or None
        Why the short measurement ended for want of memory, where it did.
    """
    found = [Shortage(out_of_memory, blocks=True)] if out_of_memory else []
    memory = estimate.memory_mb if estimate else None
    if memory is not None and free.memory_total_mb is not None and memory > free.memory_total_mb:
        text = N_(
            "This run needs about {needed} GB of memory, and the machine has {total} GB. Under "
            "Advanced, lower “Questions per step (batch)” or “Longest text in word pieces "
            "(tokens)”, or choose a smaller “Base model”."
        )
        found.append(Shortage(_message(text, memory, free.memory_total_mb, "total"), blocks=True))
    elif memory is not None and free.memory_mb is not None and memory > free.memory_mb:
        text = N_(
            "This run needs about {needed} GB of memory, and {free} GB are free now. Close other "
            "programs first, or lower “Questions per step (batch)” under Advanced."
        )
        found.append(Shortage(_message(text, memory, free.memory_mb, "free"), blocks=False))
    disk = estimate.disk_mb if estimate else None
    if disk is not None and free.disk_mb is not None and disk > free.disk_mb:
        text = N_(
            "This run needs up to {needed} GB of disk space for its saved states, and {free} GB "
            "are free. Delete what you no longer need, or choose a smaller base model."
        )
        found.append(Shortage(_message(text, disk, free.disk_mb, "free"), blocks=True))
    return found


def _message(text: str, needed: float, there: float, name: str) -> Message:
    return Message(text, {"needed": gigabytes(needed), name: gigabytes(there)})


def gigabytes(megabytes: float) -> str:
    """Return a size in GB with two significant digits, for example ``0.35`` or ``12``."""
    value = megabytes / 1000
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
