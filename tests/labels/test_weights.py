"""Weights of the rules `decorrelated` and `consensus`: copies, noise, silence."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.optimize import minimize
from scipy.stats import spearmanr

from core.labels.model import LabelModel
from core.labels.pair_sample import sample_pairs
from core.labels.quality import average_precision
from core.labels.weights import consensus_weights, decorrelated_weights
from core.types import TRAIN, Calibration, LabelRecipe

WEIGHING = [decorrelated_weights, consensus_weights]


def training(world):
    dataset, scores = world
    return sample_pairs(dataset, scores, dataset.rows(TRAIN), seed=0)


def weigh(function, sample, calibrated):
    return function(sample, LabelRecipe(sample.experts), calibrated)


@pytest.fixture(scope="module")
def large(make_world):
    """300 right pairs in training: enough for shrinkage to leave most of what there is."""
    return training(make_world(n_groups=300, noises=(0.7, 1.0, 1.3)))


@pytest.fixture(scope="module")
def small(make_world):
    return training(make_world())


def in_unit(raw):
    low, high = np.nanmin(raw, axis=1), np.nanmax(raw, axis=1)
    return (raw - low[:, None]) / (high - low)[:, None]


@pytest.mark.parametrize("copies", [1, 2, 5])
def test_copies_share_the_vote_that_one_of_them_would_get(large, copies):
    """Five uploads of one model must not outvote three independent ones."""
    sample, calibrated = large, in_unit(large.raw)
    alone = weigh(decorrelated_weights, sample, calibrated)
    rows = [0, 1, *[2] * (copies + 1)]
    found = weigh(decorrelated_weights, sample, calibrated[rows])
    np.testing.assert_allclose(found[:2], alone[:2], atol=0.02)
    np.testing.assert_allclose(found[2:], found[2], atol=1e-6)
    assert found[2:].sum() == pytest.approx(alone[2], abs=0.02)


def test_near_copies_share_one_vote_where_a_mean_doubles_it(large):
    sample, calibrated = large, in_unit(large.raw)
    near = calibrated[0] + np.random.default_rng(0).normal(0, 0.02, len(sample))
    single = weigh(decorrelated_weights, sample, calibrated)
    found = weigh(decorrelated_weights, sample, np.vstack([calibrated, near]))
    assert found[0] + found[3] == pytest.approx(single[0], abs=0.04)


@pytest.mark.parametrize("function", WEIGHING)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), silent=st.floats(0, 1), count=st.integers(1, 6))
def test_weights_are_shares_whatever_is_missing(small, function, seed, silent, count):
    sample = small
    rng = np.random.default_rng(seed)
    calibrated = rng.random((count, len(sample))).astype(np.float32).round(rng.integers(0, 3))
    calibrated[rng.random(calibrated.shape) < silent] = np.nan
    found = weigh(function, sample, calibrated)
    assert found.shape == (count,) and (found >= 0).all()
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize("function", WEIGHING)
def test_noise_and_contrary_experts_count_next_to_nothing(make_world, function):
    sample = training(make_world(noises=(0.4, 0.6, 0.8, 200.0)))
    calibrated = np.vstack([in_unit(sample.raw), 1 - in_unit(sample.raw[:1])])
    found = weigh(function, sample, calibrated)
    assert found[3] < 0.06 and found[4] == 0


@pytest.mark.parametrize("function", WEIGHING)
def test_order_of_experts_does_not_change_their_weights(silent_world, function):
    sample = training(silent_world)
    calibrated = in_unit(sample.raw)
    order = [2, 0, 1]
    found = weigh(function, sample, calibrated)
    np.testing.assert_allclose(weigh(function, sample, calibrated[order]), found[order], atol=1e-9)


def test_decorrelated_is_the_least_variance_that_a_general_optimiser_finds(large):
    """Independent reference: SLSQP on the variance of the combined unbiased forecast."""
    sample, calibrated = large, in_unit(large.raw).astype(float)
    right = sample.hard_label > 0
    gaps = calibrated[:, right].mean(axis=1) - calibrated[:, ~right].mean(axis=1)
    centred = calibrated.copy()
    for kind in (right, ~right):
        centred[:, kind] -= calibrated[:, kind].mean(axis=1, keepdims=True)
    errors = centred / gaps[:, None]
    covariance = (errors * sample.balance) @ errors.T / sample.balance.sum()
    best = minimize(
        lambda u: u @ covariance @ u,
        np.full(3, 1 / 3),
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda u: u.sum() - 1},
        options={"ftol": 1e-14},
    ).x
    expected = best / gaps / (best / gaps).sum()
    found = weigh(decorrelated_weights, sample, calibrated)
    np.testing.assert_allclose(found, expected, atol=0.02)  # the rest is shrinkage


def test_an_expert_that_speaks_rarely_is_not_taken_for_an_exact_one(large):
    """Silence read as "no error" would give the weight to whoever says least."""
    sample, calibrated = large, in_unit(large.raw)
    full = weigh(decorrelated_weights, sample, calibrated)
    calibrated[0, np.random.default_rng(0).random(len(sample)) < 0.8] = np.nan
    assert weigh(decorrelated_weights, sample, calibrated)[0] < full[0] + 0.1


def test_consensus_weight_follows_scipys_spearman_and_no_hard_label(large):
    sample, calibrated = large, in_unit(large.raw)
    ranks = np.argsort(np.argsort(calibrated, axis=1), axis=1)
    rho = [
        spearmanr(calibrated[k], np.delete(ranks, k, axis=0).mean(axis=0)).statistic
        for k in range(3)
    ]
    expected = np.maximum(rho, 0) ** 3
    found = weigh(consensus_weights, sample, calibrated)
    np.testing.assert_allclose(found, expected / expected.sum(), atol=1e-3)
    flipped = replace(sample, kind=np.where(sample.kind == "right", "random", "right"))
    np.testing.assert_array_equal(weigh(consensus_weights, flipped, calibrated), found)


@pytest.mark.parametrize("rule", ["decorrelated", "consensus"])
def test_rule_finds_right_answers_better_than_the_mean_with_a_useless_expert(make_world, rule):
    dataset, scores = make_world(noises=(1.0, 1.5, 60.0, 60.0))
    names = tuple(expert.expert for expert in scores)
    held_out = np.flatnonzero(dataset.split != TRAIN)
    hard = dataset.hard_block(held_out, np.arange(30)).ravel()

    def precision(key):
        recipe = LabelRecipe(names, rule=key, blend=0.0)
        model = LabelModel.fit(dataset, scores, recipe)
        return average_precision(model.block(held_out, np.arange(30))[0].ravel(), hard)

    assert precision(rule) > precision("mean") + 0.03


def test_weights_see_the_scale_that_labels_are_combined_on(world):
    """Weights of other calibrations would not minimise anything of these labels."""
    dataset, scores = world
    names = tuple(expert.expert for expert in scores)
    straight = LabelModel.fit(dataset, scores, LabelRecipe(names, rule="decorrelated"))
    steps = {"expert0": Calibration("isotonic")}
    other = straight.with_recipe(LabelRecipe(names, rule="decorrelated", calibrations=steps))
    assert not np.allclose(straight.weights, other.weights)
