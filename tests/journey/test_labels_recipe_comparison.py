"""Recipes side by side: the same pairs, fair figures, the true differences."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import LabelError
from core.journey import experts, labels, projects
from core.journey.labels import compare_recipes
from core.types import LabelRecipe, SilentReporter
from core.workspace.workspace import Workspace

EXPERTS = ("bm25", "tfidf")


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        workspace = Workspace.open(tmp_path_factory.mktemp("recipes"))
    project = projects.create_sample_project(workspace, "en", "Sample", "ann")
    experts.run_scoring(workspace, project.load_dataset(), EXPERTS, SilentReporter())
    return project


def saved(scored, **recipes):
    there = {one.name: one for one in labels.recipes(scored)}
    return [
        there.get(name) or labels.save_recipe(scored, name, recipe, "ann")
        for name, recipe in recipes.items()
    ]


def test_the_share_of_right_answers_changes_labels_but_not_the_fair_figures(scored):
    """With the known answers left in, the laziest recipe would win every comparison."""
    chosen = saved(
        scored,
        mild=LabelRecipe(EXPERTS, "mean", blend=0.0),
        hardened=LabelRecipe(EXPERTS, "mean", blend=0.9),
    )
    found = compare_recipes(scored, chosen)
    mild, hardened = found.recipes
    assert mild.ndcg == hardened.ndcg and 0 < mild.ndcg.value < 1
    assert mild.quality == hardened.quality or (
        mild.quality.average_precision == hardened.quality.average_precision
    )
    assert not np.allclose(mild.labels, hardened.labels)


def test_pairs_come_in_the_order_of_their_largest_difference(scored):
    chosen = saved(
        scored,
        low=LabelRecipe(EXPERTS, "min", blend=0.0),
        middle=LabelRecipe(EXPERTS, "mean", blend=0.0),
        high=LabelRecipe(EXPERTS, "max", blend=0.0),
    )
    found = compare_recipes(scored, chosen)
    low, _, high = (one.labels for one in found.recipes)
    positions = found.most_different(20)
    apart = high - low
    np.testing.assert_allclose(apart[positions], np.sort(apart)[::-1][:20], atol=1e-6)


def test_labels_without_experts_have_no_figures_instead_of_false_ones(scored):
    chosen = saved(
        scored, known=LabelRecipe((), "hard"), mild=LabelRecipe(EXPERTS, "mean", blend=0.0)
    )
    known, _ = compare_recipes(scored, chosen).recipes
    assert known.ndcg is None and known.quality.coverage == 0
    assert set(np.unique(known.labels)) == {0, 1}


def test_one_recipe_cannot_be_compared(scored):
    with pytest.raises(LabelError, match="2 to 4"):
        compare_recipes(scored, saved(scored, only=LabelRecipe(EXPERTS, "mean")))


def test_model_and_sample_side_by_side_are_those_of_each_alone(scored):
    workspace, dataset = scored.workspace, scored.load_dataset()
    every = EXPERTS
    recipe = labels.default_recipe(every[:1])
    model, sample = labels.model_and_sample(workspace, dataset, recipe, every)
    alone = labels.label_model(workspace, dataset, recipe)
    rows = dataset.seen_rows[:5], np.arange(len(dataset.answers), dtype=np.int32)
    np.testing.assert_array_equal(model.block(*rows)[0], alone.block(*rows)[0])
    drawn = labels.inspection_sample(workspace, dataset, every)
    assert sample.experts == drawn.experts == every
    np.testing.assert_array_equal(sample.raw, drawn.raw)
    np.testing.assert_array_equal(sample.answer_rows, drawn.answer_rows)
