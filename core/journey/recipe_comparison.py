"""Saved recipes side by side: what each makes of the same pairs, and where they differ most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import LabelError
from core.journey.labels import inspection_sample, label_model
from core.labels.pair_sample import PairSample
from core.labels.quality import PairQuality
from core.types import Interval, Override, QADataset
from core.workspace.records import SavedRecipe
from core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from core.labels.model import LabelModel

FEWEST, MOST = 2, 4
_REPLICATES = 100
_SEED = 0


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
        table = np.array([one.labels for one in self.recipes])
        apart = table.max(axis=0) - table.min(axis=0)
        order = np.argsort(-apart, kind="stable")[:count]
        return order[apart[order] > 0.005]


def compare_recipes(
    workspace: Workspace,
    dataset: QADataset,
    chosen: Sequence[SavedRecipe],
    overrides: Sequence[Override] = (),
) -> RecipeComparison:
    """Apply saved recipes to the same pairs.

    Raises
    ------
    LabelError
        If fewer than two or more than four recipes are chosen.
    ExpertError
        If an expert of a recipe has no scores for this dataset.
    """
    if not FEWEST <= len(chosen) <= MOST:
        raise LabelError(
            "{count} recipes are chosen. Choose {fewest} to {most} to see them side by side.",
            count=len(chosen),
            fewest=FEWEST,
            most=MOST,
        )
    experts = tuple(dict.fromkeys(key for one in chosen for key in one.recipe.experts))
    sample = inspection_sample(workspace, dataset, experts)
    rows = dataset.validation_rows
    figures = tuple(_figures(workspace, dataset, one, sample, rows, overrides) for one in chosen)
    return RecipeComparison(sample, figures, len(rows))


def _figures(
    workspace: Workspace,
    dataset: QADataset,
    saved: SavedRecipe,
    sample: PairSample,
    rows: np.ndarray,
    overrides: Sequence[Override],
) -> RecipeFigures:
    from core.labels.quality import pair_quality
    from core.labels.rules import RULES

    model = label_model(workspace, dataset, saved.recipe, overrides)
    unaware = model.blind()
    alone, known = unaware.pairs(sample.question_rows, sample.answer_rows)
    alone = np.where(known, alone, np.float32(np.nan))
    asks = RULES[saved.recipe.rule].needs_experts and bool(saved.recipe.experts)
    if not asks:  # labels of known right answers alone say nothing about any other pair
        alone = np.full(len(sample), np.nan, np.float32)
    return RecipeFigures(
        saved,
        model.of_sample(sample)[0],
        pair_quality(alone, sample, seed=_SEED, replicates=_REPLICATES),
        _ndcg(dataset, rows, unaware) if asks and len(rows) else None,
    )


def _ndcg(dataset: QADataset, rows: np.ndarray, labels: LabelModel) -> Interval:
    from core.evaluation.measures import ndcg_at_10
    from core.evaluation.statistics import mean_interval

    values = ndcg_at_10(dataset, rows, labels.best_answers(rows))
    groups = dataset.question_group[rows]
    return mean_interval(values, groups, seed=_SEED)
