"""Who takes part in a race: label recipes × losses, and always hard labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from core.documents import to_json
from core.errors import TuningError
from core.experts.catalogue import find_entry
from core.hashing import document_id
from core.journey.experts import load_expert_scores
from core.journey.jobs import RACE, launch_job
from core.journey.labels import overrides, recipes
from core.journey.projects import scored_experts
from core.journey.race_model import ALL_MODELS, KEEP, Contestant, RaceRequest
from core.journey.tuning import check_trainable
from core.journey.tuning_plan import plan
from core.tuning.config import TuningConfig
from core.tuning.device import check_device
from core.tuning.losses import LOSSES
from core.types import LabelRecipe, QADataset
from core.workspace.records import SavedRecipe
from core.workspace.workspace import Project, Workspace

HARD = LabelRecipe((), rule="hard", blend=1.0)
BASELINE_LOSSES = ("infonce", "mse")  # on hard labels: what soft labels have to beat
MOST_SEEDS = 10
MOST_RUNS = 100


@dataclass(frozen=True)
class RacePlan:
    """A race before it is started.

    Attributes
    ----------
    contestants, runs : int
    seconds : float or None
        From earlier runs on this machine; None before the first one.
    disk_mb : int
        Most that the models take while the race goes on.
    """

    contestants: int
    runs: int
    seconds: float | None
    disk_mb: int


def racing_recipes(project: Project) -> list[SavedRecipe]:
    """Return the saved recipes that can take part: all their experts have scored, newest first."""
    at_hand = set(scored_experts(project))
    return [one for one in recipes(project) if set(one.recipe.experts) <= at_hand]


def soft_losses() -> tuple[str, ...]:
    """Return the losses that learn from labels, in the order of their registry."""
    return tuple(key for key, loss in LOSSES.items() if loss.uses_labels)


def contestants(chosen: Sequence[SavedRecipe], losses: Sequence[str]) -> tuple[Contestant, ...]:
    """Return every recipe with every loss, then the hard-label baselines; none twice.

    Losses that do not use labels take part once: their result is the same for every recipe.
    """
    found: dict[tuple[str, str], Contestant] = {}
    for saved in chosen:
        for loss in losses:
            if LOSSES[loss].uses_labels and not _is_hard(saved.recipe, loss):
                pair = document_id(to_json(saved.recipe)), loss
                found.setdefault(pair, Contestant("", saved.name, saved.recipe, loss))
    baselines = [Contestant("", "", HARD, loss, baseline=True) for loss in BASELINE_LOSSES]
    extra = [loss for loss in losses if not LOSSES[loss].uses_labels]
    baselines += [
        Contestant("", "", HARD, loss, baseline=True)
        for loss in extra
        if loss not in BASELINE_LOSSES
    ]
    everyone = [*found.values(), *baselines]
    return tuple(
        dataclasses.replace(one, key=f"c{number:02d}") for number, one in enumerate(everyone, 1)
    )


def _is_hard(recipe: LabelRecipe, loss: str) -> bool:
    """Return True for a saved recipe that is one of the baselines."""
    return (recipe.rule == "hard" or recipe.blend == 1) and loss in BASELINE_LOSSES


def plan_race(
    workspace: Workspace,
    dataset: QADataset,
    config: TuningConfig,
    everyone: Sequence[Contestant],
    seeds: int,
    keep: str,
) -> RacePlan:
    """Return what a race will take; a run is estimated as on the form of a single run."""
    runs = len(everyone) * seeds
    seconds = plan(workspace, dataset, config).seconds
    size = find_entry(config.base_model).size_mb
    # Of each contestant one model until the end; the running one also has three saved states,
    # each with two moments per weight.
    kept = runs if keep == ALL_MODELS else len(everyone)
    return RacePlan(
        len(everyone), runs, None if seconds is None else seconds * runs, size * (kept + 9)
    )


def launch_race(
    project: Project,
    config: TuningConfig,
    chosen: Sequence[SavedRecipe],
    losses: Sequence[str],
    seeds: int,
    who: str,
    *,
    keep: str = "winner",
) -> str:
    """Start a race; returns the run id.

    Parameters
    ----------
    config : TuningConfig
        Settings that all contestants share; its loss is left aside, its seed is the first one.
    seeds : int
        Runs per contestant.
    keep : str
        Key of :data:`core.journey.race_model.KEEP`.

    Raises
    ------
    TuningError
        If there is nothing to race, no validation question, or the model cannot be tuned.
    ExpertError
        If an expert of a recipe has no scores for the data.
    """
    if project.dataset_id is None:
        raise TuningError("There are no data yet. Upload them on the Data page first.")
    if not 1 <= seeds <= MOST_SEEDS:
        raise TuningError(
            "{seeds} runs per contestant are asked for. Choose 1 to {most}.",
            seeds=seeds,
            most=MOST_SEEDS,
        )
    unknown = [loss for loss in losses if loss not in LOSSES]
    if unknown or keep not in KEEP:
        raise TuningError(
            "{unknown} is not known. Losses: {losses}. Models to keep: {keep}.",
            unknown=", ".join(unknown) or keep,
            losses=", ".join(LOSSES),
            keep=", ".join(KEEP),
        )
    everyone = contestants(chosen, losses)
    if len(everyone) * seeds > MOST_RUNS:
        raise TuningError(
            "{runs} runs are more than the {most} that one race may have. Choose fewer recipes, "
            "losses or runs per contestant.",
            runs=len(everyone) * seeds,
            most=MOST_RUNS,
        )
    dataset = project.workspace.load_dataset(project.dataset_id)
    check_validation(dataset)
    check_trainable(config.base_model)
    check_device(config.device)
    # Now rather than in the worker: a page can say at once which expert has to score again.
    for one in everyone:
        load_expert_scores(project.workspace, dataset, one.recipe.experts)
    request = RaceRequest(
        dataset.id,
        config,
        everyone,
        tuple(range(config.seed, config.seed + seeds)),
        overrides(project),
        keep,
    )
    return launch_job(project, RACE, to_json(request), who)


def check_validation(dataset: QADataset) -> None:
    """Raise TuningError where no validation question could say who is better."""
    if not len(dataset.validation_rows):
        raise TuningError(
            "There are no validation questions, so nothing could say which settings are better. "
            "Split the data again on the Data page with a share for validation."
        )
