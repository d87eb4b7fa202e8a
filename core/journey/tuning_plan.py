"""What a tuning run will take: questions, steps, checks, and time from earlier runs here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.errors import AppError
from core.experts.catalogue import find_entry
from core.journey.running import TUNE, result_of
from core.tuning.config import TuningConfig
from core.types import TRAIN, QADataset
from core.workspace.layout import read_json
from core.workspace.workspace import Workspace

_RUNS_LOOKED_AT = 20
# Beyond this ratio of speeds other work than the model's own decides: no estimate is better.
_COMPARABLE = 6.0


@dataclass(frozen=True)
class TuningPlan:
    """A run before it is started.

    Attributes
    ----------
    questions : int
        Training questions, each used once per epoch.
    steps, checks : int
        Learning steps and measurements of the search quality, unless it stops early.
    seconds : float or None
        From the last run on this machine; None before the first one.
    same_model : bool
        Whether that run tuned the same model; else its speed was scaled by the sizes of the two.
    """

    questions: int
    steps: int
    checks: int
    seconds: float | None
    same_model: bool = True


def plan(workspace: Workspace, dataset: QADataset, config: TuningConfig) -> TuningPlan:
    """Return what a run with this config will take.

    The time is questions × epochs divided by the speed of the last run with the same model, checks
    and saving included; else that of the last run with a model of similar speed, scaled by the
    relative speeds of the catalogue.
    """
    questions = len(dataset.rows(TRAIN))
    steps = math.ceil(questions / config.questions_per_batch) * config.epochs
    seconds, same = _seconds(workspace, questions * config.epochs, config.base_model)
    checks = config.epochs * config.evaluations_per_epoch + 1
    return TuningPlan(questions, steps, min(checks, steps + 1), seconds, same)


def _seconds(workspace: Workspace, passes: int, base_model: str) -> tuple[float | None, bool]:
    measured = _speeds(workspace)
    if base_model in measured:
        return passes / measured[base_model], True
    for model, speed in measured.items():
        try:
            ratio = find_entry(base_model).relative_speed / find_entry(model).relative_speed
        except (AppError, ZeroDivisionError):
            continue
        if 1 / _COMPARABLE <= ratio <= _COMPARABLE:
            return passes / (speed * ratio), False
    return None, False


def _speeds(workspace: Workspace) -> dict[str, float]:
    """Return questions per second of the last run of each model, newest first."""
    runs = sorted(
        (file.parent for file in workspace.layout.runs.glob(f"{TUNE}-*/result.json")),
        key=lambda folder: folder.name,  # an id begins with the time of its launch
        reverse=True,
    )
    found: dict[str, float] = {}
    for folder in runs[:_RUNS_LOOKED_AT]:
        try:
            told = read_json(folder / "request.json")["config"]["tuning"]
            result = result_of(workspace, folder.name)
            speed = result["steps"] * told["questions_per_batch"] / result["seconds"]
        except (AppError, KeyError, TypeError, ZeroDivisionError):
            continue  # a damaged run tells nothing
        if speed > 0:
            found.setdefault(str(told["base_model"]), speed)
    return found
