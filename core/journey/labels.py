"""Soft labels of a project: the model in use, recipes, overrides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.errors import LabelError
from core.experts.catalogue import expert_title
from core.journey.scoring import load_expert_scores
from core.journey.status import chosen_recipe_id, scored_experts
from core.types import LabelRecipe, Override, QADataset
from core.workspace.records import SavedRecipe, now
from core.workspace.workspace import Project, Workspace

if TYPE_CHECKING:
    from core.labels.model import LabelModel
    from core.labels.pair_sample import PairSample

_SEED = 0


def default_recipe(experts: Sequence[str]) -> LabelRecipe:
    """Return the recipe to start from: experts weighted by reliability, half hard label."""
    return LabelRecipe(tuple(experts))


def label_model(
    workspace: Workspace,
    dataset: QADataset,
    recipe: LabelRecipe,
    overrides: Sequence[Override] = (),
) -> LabelModel:
    """Return the label model of a recipe, from cached vectors.

    Raises
    ------
    ExpertError
        If an expert of the recipe has not scored this dataset.
    LabelError
        If the recipe does not fit.
    """
    from core.labels.model import LabelModel

    scores = load_expert_scores(workspace, dataset, recipe.experts)
    return LabelModel.fit(dataset, scores, recipe, overrides)


def inspection_sample(
    workspace: Workspace, dataset: QADataset, experts: Sequence[str]
) -> PairSample:
    """Return the pairs that the Labels page shows: no question of the test split is among them."""
    from core.labels.pair_sample import sample_for_inspection

    scores = load_expert_scores(workspace, dataset, experts)
    return sample_for_inspection(dataset, scores, seed=_SEED)


def save_recipe(project: Project, name: str, recipe: LabelRecipe, who: str) -> SavedRecipe:
    """Save a recipe under a new name and make it the one in use."""
    saved = project.workspace.records.save_recipe(project.id, name, recipe, who)
    _put_in_use(project, saved)
    return saved


def _put_in_use(project: Project, saved: SavedRecipe) -> None:
    project.state.recipe_dataset = project.dataset_id
    project.state.recipe_id = saved.id


def use_recipe(project: Project, recipe_id: str, who: str) -> None:
    """Make a saved recipe the one in use; raises LabelError if its experts have not scored."""
    saved = find_recipe(project, recipe_id)
    absent = sorted(set(saved.recipe.experts) - set(scored_experts(project)))
    if absent:
        raise LabelError(
            "The recipe {name} needs scores of {experts}. Let them score the data on the Experts "
            "page first.",
            name=saved.name,
            experts=", ".join(expert_title(key) for key in absent),
        )
    _put_in_use(project, saved)
    project.note("recipe chosen", who, {"recipe": saved.id})


def recipes(project: Project) -> list[SavedRecipe]:
    """Return the saved recipes of a project, newest first."""
    return project.workspace.records.recipes(project.id)


def find_recipe(project: Project, recipe_id: str) -> SavedRecipe:
    """Return a saved recipe; raises LabelError if there is no such recipe."""
    found = next((r for r in recipes(project) if r.id == recipe_id), None)
    if found is None:
        raise LabelError("There is no recipe {id} in this project.", id=recipe_id)
    return found


def recipe_in_use(project: Project) -> SavedRecipe | None:
    """Return the recipe that the next tuning takes, None before one was saved."""
    recipe_id = chosen_recipe_id(project)
    return find_recipe(project, recipe_id) if recipe_id else None


def overrides(project: Project) -> tuple[Override, ...]:
    """Return every override ever made, oldest first; the newest of a pair is in force."""
    return project.workspace.records.overrides(project.id)


def override_pair(
    project: Project,
    question: str,
    answer: str,
    value: float | None,
    who: str,
    reason: str,
) -> None:
    """Record a human's word on a pair; ``None`` withdraws an earlier one.

    :mod:`core.labels.overrides` says what holds where several people changed one pair.

    Raises
    ------
    LabelError
        If the value is outside [0, 1] or the reason is missing.
    """
    if value is not None and not 0 <= value <= 1:
        raise LabelError("A label must lie between 0 and 100; {value} does not.", value=value * 100)
    if value is not None and not reason.strip():
        raise LabelError("Say in a few words why, so that others can follow the change.")
    override = Override(question, answer, value, who, reason.strip(), now())
    project.workspace.records.add_override(project.id, override)
