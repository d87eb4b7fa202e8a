"""What a tuning run will take: questions, steps, checks, time, memory and disk space.

Three sources tell the time, the best one first: the last run with the very same settings on the
same data and machine; a short measurement of these settings (:mod:`core.journey.probes`); the last
run of the same or a similar model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.documents import from_json
from core.errors import AppError, WorkspaceError
from core.experts.catalogue import find_entry
from core.journey.jobs import TUNE, result_of
from core.journey.probes import probe_key, view_probe
from core.tuning.config import TuningConfig
from core.tuning.device import likely_device
from core.tuning.probe import Probe
from core.types import TRAIN, VALIDATION_SPLIT, QADataset
from core.workspace.files import read_json
from core.workspace.workspace import Workspace

SAME_RUN, PROBED, SAME_MODEL, OTHER_MODEL = "same run", "probe", "same model", "other model"
_RUNS_LOOKED_AT = 20
# Beyond this ratio of speeds other work than the model's own decides: no estimate is better.
_COMPARABLE = 6.0
# How far off the time of another run may be, up and down, by what it has in common with this one.
_DOUBT = {SAME_RUN: 0.15, SAME_MODEL: 0.5, OTHER_MODEL: 1.0}


@dataclass(frozen=True)
class Estimate:
    """What was said before a run started; kept in its request and compared with what happened.

    Attributes
    ----------
    seconds, low, high : float
        Time of all steps and checks, with a range.
    source : str
        ``same run``, ``probe``, ``same model`` or ``other model``.
    steps : int
    memory_mb, disk_mb : float or None
        The most that is taken at a time; None where nothing was measured.
    """

    seconds: float
    low: float
    high: float
    source: str
    steps: int
    memory_mb: float | None = None
    disk_mb: float | None = None


@dataclass(frozen=True)
class TuningPlan:
    """A run before it is started.

    Attributes
    ----------
    questions : int
        Training questions, each used once per epoch.
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
    estimate: Estimate | None = None

    @property
    def seconds(self) -> float | None:
        """Expected time, None where it is not known."""
        return self.estimate.seconds if self.estimate else None


def plan(workspace: Workspace, dataset: QADataset, config: TuningConfig) -> TuningPlan:
    """Return what a run with this config will take."""
    questions = len(dataset.rows(TRAIN))
    steps = math.ceil(questions / config.questions_per_batch) * config.epochs
    validated = any(len(dataset.rows(split)) for split in VALIDATION_SPLIT.values())
    checks = min(config.epochs * config.evaluations_per_epoch, steps) + 1 if validated else 0
    key = probe_key(dataset.id, config, likely_device())
    probe = view_probe(workspace, key).probe
    found = _from_runs(workspace, questions * config.epochs, steps, config.base_model, key)
    if probe is not None and (found is None or found.source != SAME_RUN):
        low, expected, high = probe.seconds(steps, checks)
        found = Estimate(expected, low, high, PROBED, steps)
    return TuningPlan(questions, steps, checks, key, _with_room(found, probe))


def _with_room(estimate: Estimate | None, probe: Probe | None) -> Estimate | None:
    if estimate is None or probe is None:
        return estimate
    return Estimate(
        *(estimate.seconds, estimate.low, estimate.high, estimate.source, estimate.steps),
        memory_mb=probe.memory_mb,
        disk_mb=probe.disk_mb,
    )


@dataclass(frozen=True)
class _Measured:
    """One finished run: its model, its key, training questions and steps per second."""

    model: str
    key: str
    speed: float
    steps_per_second: float


def _from_runs(
    workspace: Workspace, passes: int, steps: int, base_model: str, key: str
) -> Estimate | None:
    """Estimate from the newest run that has most in common with this one.

    The time is steps (with other settings: questions × epochs) divided by the speed of that run,
    checks and saving included; for another model scaled by the relative speeds of the catalogue.
    """

    def estimate(seconds: float, source: str) -> Estimate:
        doubt = _DOUBT[source]
        return Estimate(seconds, seconds / (1 + doubt), seconds * (1 + doubt), source, steps)

    runs = _runs(workspace)
    for run in runs:
        if run.key == key:
            return estimate(steps / run.steps_per_second, SAME_RUN)
    for run in runs:
        if run.model == base_model:
            return estimate(passes / run.speed, SAME_MODEL)
    for run in runs:
        try:
            ratio = find_entry(base_model).relative_speed / find_entry(run.model).relative_speed
        except (AppError, ZeroDivisionError):
            continue
        if 1 / _COMPARABLE <= ratio <= _COMPARABLE:
            return estimate(passes / (run.speed * ratio), OTHER_MODEL)
    return None


def _runs(workspace: Workspace) -> list[_Measured]:
    """Return the last finished runs, newest first."""
    runs = sorted(
        (file.parent for file in workspace.layout.runs.glob(f"{TUNE}-*/result.json")),
        key=lambda folder: folder.name,  # an id begins with the time of its launch
        reverse=True,
    )
    found = []
    for folder in runs[:_RUNS_LOOKED_AT]:
        try:
            config = read_json(folder / "request.json")["config"]
            told, result = config["tuning"], result_of(workspace, folder.name)
            pace = result["steps"] / result["seconds"]
            speed = pace * told["questions_per_batch"]
        except (AppError, KeyError, TypeError, ZeroDivisionError):
            continue  # a damaged run tells nothing
        if speed > 0:
            key = str(config.get("estimate_key", ""))
            found.append(_Measured(str(told["base_model"]), key, speed, pace))
    return found


def estimate_of(config: Mapping[str, Any]) -> Estimate | None:
    """Return what was said before a run was started, None where nothing was."""
    try:
        return from_json(Estimate, config["estimate"])
    except (KeyError, TypeError, WorkspaceError):
        return None
