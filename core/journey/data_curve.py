"""Would more data help? The same run with less of the training data, all as one job."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.data.splitting import training_subset, with_training
from core.documents import from_json, to_json
from core.errors import TuningError
from core.jobs.folder import RunFolder
from core.journey.experts import load_expert_scores
from core.journey.jobs import DATA_CURVE, launch_job, workspace_of
from core.journey.labels import overrides, recipe_in_use
from core.journey.race import ruler_of, tune_and_measure
from core.journey.race_plan import check_validation
from core.journey.trials import Trial, TrialResult, Trials, run_trials
from core.journey.tuning import check_trainable
from core.journey.tuning_plan import plan
from core.messages import N_, Message
from core.tuning.config import TuningConfig
from core.tuning.device import check_device
from core.tuning.run import BASE_KEPT
from core.types import TRAIN, LabelRecipe, Override, QADataset, Reporter
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.labels.model import LabelModel

SHARES = (25, 50, 75, 100)  # percent
FEWEST_QUESTIONS = 20  # a quarter of fewer could not even fill one step
MOST_DRAWS = 10


@dataclass(frozen=True)
class CurveRequest:
    """What the job is told; written once, before it starts.

    Attributes
    ----------
    dataset_id, recipe_name : str
    recipe : LabelRecipe
    overrides : tuple of Override
    tuning : TuningConfig
        The same for every share.
    draws : tuple of int
        Seeds: each draws other answers first and tunes with other random numbers.
    shares : tuple of int
        Percent of the training questions, rising, the last one 100.
    """

    dataset_id: str
    recipe_name: str
    recipe: LabelRecipe
    overrides: tuple[Override, ...]
    tuning: TuningConfig
    draws: tuple[int, ...]
    shares: tuple[int, ...] = SHARES


def trial_key(share: int, draw: int) -> str:
    """Return the key of one run."""
    return f"p{share:03d}-s{draw}"


def curve_seconds(
    workspace: Workspace, dataset: QADataset, config: TuningConfig, draws: int
) -> float | None:
    """Return the expected time of the job, None before the first run on this machine."""
    seconds = plan(workspace, dataset, config).seconds
    return None if seconds is None else seconds * draws * sum(SHARES) / 100


def launch_curve(project: Project, config: TuningConfig, draws: int, who: str) -> str:
    """Start the job with the recipe in use; returns the run id.

    Raises
    ------
    TuningError
        If no recipe is in use, there are too few questions, or the model cannot be tuned.
    ExpertError
        If an expert of the recipe has no scores for the data.
    """
    saved = recipe_in_use(project)
    if saved is None or project.dataset_id is None:
        raise TuningError("No label recipe is in use. Save one on the Labels page first.")
    if not 1 <= draws <= MOST_DRAWS:
        raise TuningError(
            "{draws} draws are asked for. Choose 1 to {most}.", draws=draws, most=MOST_DRAWS
        )
    dataset = project.workspace.load_dataset(project.dataset_id)
    check_validation(dataset)
    count = len(dataset.rows(TRAIN))
    if count < FEWEST_QUESTIONS:
        raise TuningError(
            "There are {count} training questions; a part of them teaches nothing that could be "
            "measured. At least {fewest} are needed.",
            count=count,
            fewest=FEWEST_QUESTIONS,
        )
    check_trainable(config.base_model)
    check_device(config.device)
    load_expert_scores(project.workspace, dataset, saved.recipe.experts)
    request = CurveRequest(
        dataset.id,
        saved.name,
        saved.recipe,
        overrides(project),
        config,
        tuple(range(config.seed, config.seed + draws)),
    )
    return launch_job(project, DATA_CURVE, to_json(request), who)


def curve_step(folder: RunFolder, request: Mapping[str, Any], report: Reporter) -> dict[str, Any]:
    """Worker step: every share with every draw, or what a killed worker left to do."""
    began = time.monotonic()
    workspace, asked = workspace_of(folder), from_json(CurveRequest, request["config"])
    dataset = workspace.load_dataset(asked.dataset_id)
    trials = Trials.of(folder.root)
    ruler = ruler_of(workspace, dataset, asked.tuning, trials, report)
    # Draw by draw, so that a job that is stopped early has whole curves.
    what = {trial_key(s, draw): (s, draw) for draw in asked.draws for s in asked.shares}
    todo = [
        Trial(key, _told(place, len(what), *what[key]), what[key][0] / 100)
        for place, key in enumerate(what, 1)
    ]

    def do(trial: Trial, inner: Reporter) -> TrialResult:
        share, draw = what[trial.key]
        part = with_training(dataset, training_subset(dataset, share / 100, draw))
        labels = _labels(workspace, dataset, part, asked)
        config = dataclasses.replace(asked.tuning, seed=draw)
        place = trials.folder(trial.key)
        return tune_and_measure(workspace, part, labels, config, place, ruler, inner)

    def tidy(trial: Trial) -> None:
        shutil.rmtree(trials.folder(trial.key).model, ignore_errors=True)

    whole = run_trials(trials, todo, do, report, done=tidy, silent=frozenset({BASE_KEPT}))
    return {
        "dataset_id": dataset.id,
        "cancelled": not whole,
        "runs": len(what),
        "seconds": round(time.monotonic() - began, 2),
    }


def _labels(
    workspace: Workspace, dataset: QADataset, part: QADataset, asked: CurveRequest
) -> LabelModel:
    """Return labels that were fitted without the questions that are left out."""
    from core.labels.model import LabelModel

    scores = [
        dataclasses.replace(one, dataset_id=part.id)  # type: ignore[type-var]
        for one in load_expert_scores(workspace, dataset, asked.recipe.experts)
    ]
    return LabelModel.fit(part, scores, asked.recipe, asked.overrides)


def _told(place: int, total: int, share: int, draw: int) -> Message:
    values: dict[str, str | int | float] = {"number": place, "total": total, "share": share}
    text = N_("Run {number} of {total}: {share}% of the training questions · draw {draw}")
    return Message(text, values | {"draw": draw + 1})
