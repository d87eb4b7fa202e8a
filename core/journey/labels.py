"""Soft labels of a project: recipes, the model of one, what it looks like, several compared."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import LabelError
from core.evaluation.label_preview import (
    LabelPreview as LabelPreview,
    RecipeComparison as RecipeComparison,
    recipe_figures,
)
from core.experts.catalogue import expert_title as expert_title
from core.journey.experts import load_expert_scores
from core.journey.projects import chosen_recipe_id, scored_experts
from core.labels.bias import GroupBias as GroupBias
from core.labels.groups import ATTRIBUTES as ATTRIBUTES, groupings as groupings
from core.labels.model import LabelModel
from core.labels.pair_sample import PairSample, sample_for_inspection
from core.labels.review import Voice as Voice
from core.types import LabelRecipe, Override, QADataset
from core.types.recipes import SavedRecipe
from core.workspace.records import now
from core.workspace.workspace import Project, Workspace

FEWEST_COMPARED, MOST_COMPARED = 2, 4
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
    scores = load_expert_scores(workspace, dataset, recipe.experts)
    return LabelModel.fit(dataset, scores, recipe, overrides)


def inspection_sample(
    workspace: Workspace, dataset: QADataset, experts: Sequence[str]
) -> PairSample:
    """Return the pairs that the Labels page shows: no question of the test split is among them."""
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
    saved = next((saved for saved in recipes(project) if saved.id == recipe_id), None)
    if saved is None:
        raise LabelError("There is no recipe {id} in this project.", id=recipe_id)
    return saved


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


def compare_recipes(
    project: Project, chosen: Sequence[SavedRecipe], overrides: Sequence[Override] = ()
) -> RecipeComparison:
    """Apply saved recipes to the same pairs.

    Raises
    ------
    LabelError
        If fewer than two or more than four recipes are chosen.
    ExpertError
        If an expert of a recipe has no scores for this dataset.
    """
    if not FEWEST_COMPARED <= len(chosen) <= MOST_COMPARED:
        raise LabelError(
            "{count} recipes are chosen. Choose {fewest} to {most} to see them side by side.",
            count=len(chosen),
            fewest=FEWEST_COMPARED,
            most=MOST_COMPARED,
        )
    workspace, dataset = project.workspace, project.load_dataset()
    experts = tuple(dict.fromkeys(key for saved in chosen for key in saved.recipe.experts))
    sample = inspection_sample(workspace, dataset, experts)
    figures = tuple(
        recipe_figures(saved, label_model(workspace, dataset, saved.recipe, overrides), sample)
        for saved in chosen
    )
    return RecipeComparison(sample, figures, len(dataset.validation_rows))
