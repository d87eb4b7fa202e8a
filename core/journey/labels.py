"""Soft labels of a project: recipes, the model of one, what it looks like, several compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from core.errors import LabelError
from core.experts.catalogue import expert_title as expert_title
from core.hashing import content_id
from core.journey.experts import load_expert_scores
from core.journey.projects import chosen_recipe_id, scored_experts
from core.labels.bias import ExpertBias, GroupBias, expert_bias, group_bias
from core.labels.groups import ATTRIBUTES as ATTRIBUTES, TextGroups, groupings as groupings
from core.labels.model import LabelModel
from core.labels.overrides import standing
from core.labels.pair_sample import PairSample, sample_for_inspection
from core.labels.quality import PairQuality, ReliabilityCurve, pair_quality, reliability_curve
from core.labels.review import PairFindings, Voice, find_suspects, reason, voices
from core.labels.rules import RULES
from core.messages import Message
from core.types import Interval, LabelRecipe, Override, QADataset
from core.workspace.records import SavedRecipe, now
from core.workspace.workspace import Project, Workspace

FEWEST_COMPARED, MOST_COMPARED = 2, 4
_REPLICATES = 100  # of the figures of compared recipes
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


@dataclass(frozen=True, eq=False)
class LabelPreview:
    """One recipe applied to one sample of pairs: what the Labels page looks at.

    Attributes
    ----------
    model : LabelModel
        With the recipe and all overrides.
    sample : PairSample
        Pairs of training and validation questions; the test questions are not among them.
    """

    model: LabelModel
    sample: PairSample

    @property
    def dataset(self) -> QADataset:
        """The project's data."""
        return self.model.dataset

    @cached_property
    def names(self) -> list[str]:
        """Titles of the experts of the recipe."""
        return [expert_title(key) for key in self.model.recipe.experts]

    @cached_property
    def key(self) -> tuple[object, ...]:
        """What decides on everything here: content hashes of labels and pairs, and the order."""
        pairs = [self.sample.question_rows, self.sample.answer_rows, self.sample.raw]
        return (self.model.id, self.model.recipe.experts, content_id(pairs))

    @cached_property
    def calibrated(self) -> np.ndarray:
        """Calibrated scores float32 [K, n]."""
        return self.model.expert_pairs(self.sample)

    @cached_property
    def combined(self) -> np.ndarray:
        """Soft labels float32 [n], overrides included."""
        return self.model.of_sample(self.sample, self.calibrated)[0]

    @cached_property
    def alone(self) -> np.ndarray:
        """What the experts say together before known answers, curve and overrides, float32 [n]."""
        assert len(self.model.weights) == len(self.names)  # found here once, shared by the copy
        bare = replace(self.model.recipe, blend=0.0, gain=1.0, threshold=0.5, temperature=1.0)
        model = self.model.with_overrides(()).with_recipe(bare)
        return model.of_sample(self.sample, self.calibrated)[0]

    @cached_property
    def findings(self) -> PairFindings:
        """Disagreement and suspected wrong hard labels."""
        return find_suspects(self.sample, self.calibrated, self.model.weights)

    def quality(self, replicates: int = 0) -> PairQuality:
        """Return how well the experts together, alone, tell right pairs from others."""
        return pair_quality(self.alone, self.sample, seed=_SEED, replicates=replicates)

    def reliability(self, replicates: int) -> ReliabilityCurve:
        """Return whether what the experts say together means what it says."""
        return reliability_curve(self.alone, self.sample, seed=_SEED, replicates=replicates)

    def bias(self, grouping: TextGroups, replicates: int = 0) -> GroupBias:
        """Return which groups get other labels than the rest from the experts together."""
        return group_bias(
            self.alone, self.sample, self.dataset, grouping, seed=_SEED, replicates=replicates
        )

    def expert_bias(self, grouping: TextGroups) -> ExpertBias:
        """Return which expert treats which group unlike the other experts do."""
        return expert_bias(self.calibrated, self.sample, self.dataset, grouping)

    def without_correction(self, attribute: str) -> LabelPreview:
        """Return the same preview before the groups of an attribute were evened out."""
        rest = tuple(key for key in self.model.recipe.recentre if key != attribute)
        recipe = replace(self.model.recipe, recentre=rest)
        return LabelPreview(self.model.with_recipe(recipe), self.sample)

    @property
    def by_hand(self) -> int:
        """How many pairs have a label set by hand in force."""
        return len(standing(self.model.overrides))

    @property
    def shares(self) -> list[tuple[str, float]]:
        """How much each expert counts, the most first; empty where the rule does not weigh them."""
        if RULES[self.model.recipe.rule].weigh is None:
            return []
        pairs = zip(self.model.weights, self.names, strict=True)
        return [(name, float(share)) for share, name in sorted(pairs, reverse=True)]

    def voices(self, position: int) -> list[Voice]:
        """Return what each expert says about one pair of the sample."""
        return voices(self.sample, self.calibrated, self.names, position)

    def reason(self, position: int) -> Message:
        """Return in one or two sentences why a pair of the sample deserves a look."""
        return reason(self.voices(position), self.findings, self.sample, position)


@dataclass(frozen=True, eq=False)
class RecipeFigures:
    """One recipe on the pairs of the Labels page.

    Attributes
    ----------
    labels : float32 array [n] in [0, 1]
        What tuning would learn from, known right answers and overrides included.
    quality : PairQuality
        Of the labels without known right answers and overrides: what the recipe adds by itself.
    ndcg : Interval or None
        nDCG@10 of these labels as a ranker of all answers, on validation questions; None without
        such questions, or for a recipe that asks no expert.
    """

    saved: SavedRecipe
    labels: np.ndarray
    quality: PairQuality
    ndcg: Interval | None


@dataclass(frozen=True, eq=False)
class RecipeComparison:
    """Two to four recipes on one sample of pairs.

    Attributes
    ----------
    sample : PairSample
        Pairs of training and validation questions.
    questions : int
        Validation questions behind nDCG@10.
    """

    sample: PairSample
    recipes: tuple[RecipeFigures, ...]
    questions: int

    def most_different(self, count: int) -> np.ndarray:
        """Return the positions of the pairs on which two of the recipes are furthest apart.

        Returns
        -------
        int array [<= count]
            Largest difference first; pairs on which all agree to within half a point are left out.
        """
        table = np.array([figures.labels for figures in self.recipes])
        apart = table.max(axis=0) - table.min(axis=0)
        order = np.argsort(-apart, kind="stable")[:count]
        return order[apart[order] > 0.005]


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
        _figures(saved, label_model(workspace, dataset, saved.recipe, overrides), sample)
        for saved in chosen
    )
    return RecipeComparison(sample, figures, len(dataset.validation_rows))


def _figures(saved: SavedRecipe, model: LabelModel, sample: PairSample) -> RecipeFigures:
    unaware = model.blind()
    alone, known = unaware.pairs(sample.question_rows, sample.answer_rows)
    # Labels of known right answers alone say nothing about any other pair.
    asks = RULES[saved.recipe.rule].needs_experts and bool(saved.recipe.experts)
    alone = np.where(known & asks, alone, np.float32(np.nan))
    return RecipeFigures(
        saved,
        model.of_sample(sample)[0],
        pair_quality(alone, sample, seed=_SEED, replicates=_REPLICATES),
        _ndcg(model.dataset, unaware) if asks and len(model.dataset.validation_rows) else None,
    )


def _ndcg(dataset: QADataset, labels: LabelModel) -> Interval:
    from core.evaluation.measures import ndcg_at_10
    from core.evaluation.statistics import mean_interval

    rows = dataset.validation_rows
    values = ndcg_at_10(dataset, rows, labels.best_answers(rows))
    return mean_interval(values, dataset.question_group[rows], seed=_SEED)
