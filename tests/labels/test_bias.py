"""Bias by group: found where it was planted, not found where there is none."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import average_precision_score

from core.labels.bias import (
    cell_sums,
    difference_test,
    expert_bias,
    group_bias,
    holm,
    mean_intervals,
)
from core.labels.groups import groupings
from core.labels.model import LabelModel
from core.labels.pair_sample import sample_for_inspection
from core.types import LabelRecipe

KINDS = ("billing", "delivery", "returns", "size", "stores")


def world_with_categories(make_world, seed=0):
    dataset, scores = make_world(n_groups=100, noises=(0.6, 0.8, 1.0, 1.2), seed=seed)
    category = tuple(KINDS[row // 4 % 5] for row in range(len(dataset.questions)))
    dataset = replace(dataset, attributes={"category": category})
    return dataset, [replace(expert, dataset_id=dataset.id) for expert in scores]


@pytest.fixture(scope="module")
def looked_at(make_world):
    dataset, scores = world_with_categories(make_world)
    sample = sample_for_inspection(dataset, scores, seed=0)
    recipe = LabelRecipe(tuple(expert.expert for expert in scores), "mean", blend=0.0)
    model = LabelModel.fit(dataset, scores, recipe)
    return dataset, sample, model.expert_pairs(sample)


def codes_of(dataset, sample):
    grouping = groupings(dataset)["category"]
    return grouping, grouping.of(sample.question_rows, sample.answer_rows)


def planted(looked_at, expert=1, group=2, extra=0.15):
    dataset, sample, calibrated = looked_at
    grouping, codes = codes_of(dataset, sample)
    changed = calibrated.copy()
    changed[expert, codes == group] += extra
    return dataset, sample, changed.clip(0, 1), grouping


def test_planted_bias_of_one_expert_is_found_and_named(looked_at):
    dataset, sample, calibrated, grouping = planted(looked_at, extra=0.3)
    found = group_bias(calibrated.mean(axis=0), sample, dataset, grouping, seed=0)
    assert found.other.sign[2] == 1 and (found.other.sign == 1).sum() == 1
    assert np.abs(found.other.difference).argmax() == 2
    assert found.shown
    experts = expert_bias(calibrated, sample, dataset, grouping)
    assert experts.worst[0] == (1, 2)
    assert experts.excess[1, 1, 2] == pytest.approx(0.3, abs=0.05)


def test_without_bias_hardly_ever_a_group_is_accused(make_world):
    """Twenty comparisons without correction would accuse somebody in most projects."""
    accused = 0
    for seed in range(12):
        dataset, scores = world_with_categories(make_world, seed)
        sample = sample_for_inspection(dataset, scores, seed=0)
        grouping = groupings(dataset)["category"]
        values = np.random.default_rng(seed).random(len(dataset.questions))[sample.question_rows]
        accused += group_bias(values, sample, dataset, grouping, seed=0, replicates=0).shown
    assert accused <= 2


def test_wordings_of_one_question_are_not_counted_as_independent(looked_at):
    """Four wordings that share their luck are one observation, not four."""
    dataset, sample, _ = looked_at
    grouping, _ = codes_of(dataset, sample)
    luck = np.random.default_rng(3).random(100)
    values = luck[dataset.question_group[sample.question_rows]]
    apart = replace(dataset, question_group=np.arange(len(dataset.questions), dtype=np.int32))
    together = group_bias(values, sample, dataset, grouping, seed=0).other
    single = group_bias(values, sample, apart, grouping, seed=0).other
    assert ((together.high - together.low) > 1.4 * (single.high - single.low)).all()


def test_means_and_precision_are_those_of_numpy_and_scikit_learn(looked_at):
    dataset, sample, calibrated = looked_at
    grouping, codes = codes_of(dataset, sample)
    values = calibrated[0].copy()
    values[::7] = np.nan
    found = group_bias(values, sample, dataset, grouping, seed=0, replicates=50)
    for group in range(5):
        kept = (codes == group) & ~np.isnan(values)
        right, weight = sample.hard_label > 0, sample.weight
        for kind, of in ((found.right, right), (found.other, ~right)):
            one, rest = kept & of, ~np.isnan(values) & of & (codes != group)
            mean = np.average(values[one], weights=weight[one])
            assert kind.means[group] == pytest.approx(mean)
            apart = mean - np.average(values[rest], weights=weight[rest])
            assert kind.difference[group] == pytest.approx(apart)
            assert kind.low[group] <= mean <= kind.high[group]
        expected = average_precision_score(right[kept], values[kept], sample_weight=weight[kept])
        assert found.average_precision[group].value == pytest.approx(expected)
        assert found.pairs[:, group].tolist() == [(kept & right).sum(), (kept & ~right).sum()]


def test_p_value_of_singles_is_close_to_welchs_t_test():
    """Independent reference where every cluster is one value of equal weight."""
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(0)
    values, codes = rng.normal(size=400), np.repeat([0, 1], 200)
    values[:200] += 0.25
    cells = cell_sums(values, np.ones(400), np.arange(400), codes, 2)
    difference, p = difference_test(*cells)
    expected = ttest_ind(values[:200], values[200:], equal_var=False)
    assert p[0] == pytest.approx(expected.pvalue, rel=0.15)  # fewer degrees of freedom, to be safe
    assert (
        difference[0] == -difference[1] == pytest.approx(values[:200].mean() - values[200:].mean())
    )


def test_group_of_few_answers_is_never_accused():
    values, codes = np.r_[np.ones(4), np.zeros(50)], np.r_[np.zeros(4, int), np.ones(50, int)]
    cells = cell_sums(values + 1e-3 * np.arange(54), np.ones(54), np.arange(54), codes, 2)
    assert np.isnan(difference_test(*cells)[1]).all()


@given(hnp.arrays(np.float64, st.integers(1, 12), elements=st.floats(0, 1)))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values):
    adjusted = holm(p_values)
    assert (adjusted >= p_values).all() and (adjusted <= 1).all()
    order = np.argsort(p_values, kind="stable")
    still = True
    for place, index in enumerate(order):
        still = still and p_values[index] * (len(order) - place) < 0.05
        assert (adjusted[index] < 0.05) == still


def test_tests_that_could_not_be_made_cost_the_others_nothing():
    np.testing.assert_allclose(holm(np.array([0.02, np.nan, 0.5])), [0.04, 1, 0.5])


def test_interval_is_empty_not_wrong_where_a_group_has_no_pair(looked_at):
    dataset, sample, calibrated = looked_at
    grouping, codes = codes_of(dataset, sample)
    values = np.where((codes == 0) & (sample.hard_label > 0), np.nan, calibrated[0])
    found = group_bias(values, sample, dataset, grouping, seed=0)
    assert np.isnan(found.right.means[0]) and found.right.sign[0] == 0
    assert np.isnan(found.average_precision[0].value)
    assert mean_intervals(np.zeros((0, 2)), np.zeros((0, 2)), seed=0, replicates=5)[0].shape == (2,)


def test_silence_and_a_single_expert_accuse_nobody(looked_at):
    dataset, sample, calibrated = looked_at
    grouping, _ = codes_of(dataset, sample)
    silent = np.full_like(calibrated[:2], np.nan)
    assert expert_bias(silent, sample, dataset, grouping).worst == []
    assert not group_bias(silent[0], sample, dataset, grouping, seed=0).shown
    assert expert_bias(calibrated[:1], sample, dataset, grouping).excess.shape == (1, 2, 5)


def test_correction_removes_the_bias_that_was_found(make_world):
    """What the switch of the page does: accused before, not accused after."""
    dataset, scores = world_with_categories(make_world)

    class Leaning(type(scores[0])):
        def pairs(self, question_rows, answer_rows):
            extra = 0.4 * (np.asarray(question_rows) // 4 % 5 == 2)
            return (super().pairs(question_rows, answer_rows) + extra).astype(np.float32)

        def block(self, question_rows, answer_rows):
            extra = 0.4 * (np.asarray(question_rows)[:, None] // 4 % 5 == 2)
            return (super().block(question_rows, answer_rows) + extra).astype(np.float32)

    first = scores[0]
    leaning = Leaning(
        first.expert, "leaning", dataset.id, first.question_matrix, first.answer_matrix
    )
    panel = [leaning, *scores[1:]]
    recipe = LabelRecipe(tuple(expert.expert for expert in panel), "mean", blend=0.0)
    model = LabelModel.fit(dataset, panel, recipe)
    sample = sample_for_inspection(dataset, panel, seed=0)
    grouping = groupings(dataset)["category"]
    signs = [
        group_bias(m.of_sample(sample)[0], sample, dataset, grouping, seed=0).other.sign[2]
        for m in (model, model.with_recipe(replace(recipe, recentre=("category",))))
    ]
    assert signs == [1, 0]
