import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import trim_mean

from core.labels.calibration import CALIBRATIONS
from core.labels.model import bend
from core.labels.pair_sample import sample_pairs
from core.labels.rules import RULES
from core.labels.weights import given_weights, precision_above_chance, reliability_weights
from core.types import TRAIN, LabelRecipe

EXPERT_RULES = [key for key, rule in RULES.items() if rule.needs_experts]
UNIT = st.floats(0, 1, width=32)
STACKS = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 4)),
    elements=st.one_of(UNIT, st.just(np.float32(np.nan))),
)


def hard_and_weights(calibrated):
    hard = (np.arange(calibrated[0].size).reshape(calibrated[0].shape) % 2).astype(np.float32)
    return hard, np.arange(1, len(calibrated) + 1) / len(calibrated)


@pytest.mark.parametrize("key", EXPERT_RULES)
@given(calibrated=STACKS)
def test_silent_experts_are_left_out_and_only_total_silence_is_nan(key, calibrated):
    """Each cell must equal the rule applied to the experts that do have an opinion there."""
    hard, weights = hard_and_weights(calibrated)
    found = RULES[key].combine(calibrated, hard, weights)
    assert found.dtype == np.float32 and found.shape == hard.shape
    for cell in np.ndindex(hard.shape):
        known = ~np.isnan(calibrated[(slice(None), *cell)])
        if not known.any():
            assert np.isnan(found[cell])
            continue
        column = calibrated[(slice(None), *cell)][known][:, None]
        alone = RULES[key].combine(column, hard[cell][None], weights[known])
        assert found[cell] == pytest.approx(alone[0], abs=2e-6)
        assert column.min() - 1e-6 <= found[cell] <= column.max() + 1e-6


@given(hnp.arrays(np.float32, st.tuples(st.integers(3, 7), st.integers(1, 9)), elements=UNIT))
def test_rules_equal_numpys_and_scipys(calibrated):
    hard, weights = hard_and_weights(calibrated)
    found = {key: rule.combine(calibrated, hard, weights) for key, rule in RULES.items()}
    expected = {
        "hard": hard,
        "mean": calibrated.mean(axis=0),
        "median": np.median(calibrated, axis=0),
        "max": calibrated.max(axis=0),
        "min": calibrated.min(axis=0),
        "weighted_mean": np.average(calibrated, axis=0, weights=weights),
        "reliability": np.average(calibrated, axis=0, weights=weights),
        "decorrelated": np.average(calibrated, axis=0, weights=weights),
        "consensus": np.average(calibrated, axis=0, weights=weights),
        "trimmed_mean": trim_mean(calibrated, 1.01 / len(calibrated), axis=0),
        "anchored": np.where(hard > 0, calibrated.max(axis=0), calibrated.min(axis=0)),
    }
    assert set(expected) == set(RULES)
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values, atol=1e-5, err_msg=key)


def test_pair_known_only_to_an_expert_of_weight_zero_keeps_its_opinion():
    calibrated = np.array([[np.nan, 0.4], [0.8, 0.6]], np.float32)
    found = RULES["reliability"].combine(calibrated, np.zeros(2), np.array([1.0, 0.0]))
    np.testing.assert_allclose(found, [0.8, 0.4])


@pytest.mark.parametrize("registry", [RULES, CALIBRATIONS])
def test_every_entry_tells_the_user_what_it_is(registry):
    for key, entry in registry.items():
        assert entry.key == key and entry.title and entry.meaning.endswith(".") and entry.formula


def test_presets_named_after_the_paper_say_that_they_are_our_own_definition():
    named = [rule for rule in RULES.values() if "Soft-" in rule.title]
    assert len(named) == 3
    assert all("this project's own definition" in rule.meaning for rule in named)


def test_reliable_experts_weigh_more_and_noise_next_to_nothing(make_world):
    dataset, scores = make_world(noises=(0.4, 1.0, 200.0))
    sample = sample_pairs(dataset, scores, dataset.rows(TRAIN), seed=0)
    weights = reliability_weights(sample)
    assert weights[0] > weights[1] > 5 * weights[2]
    assert weights.sum() == pytest.approx(1)
    assert weights[2] < 0.01


def test_reliability_is_scikit_learns_average_precision_above_the_base_rate(silent_world):
    from sklearn.metrics import average_precision_score

    dataset, scores = silent_world
    sample = sample_pairs(dataset, scores, dataset.rows(TRAIN), seed=0)
    for name, raw in zip(sample.experts, sample.raw, strict=True):
        (found,) = precision_above_chance(sample.of_experts([name]))  # alone: nobody to compare
        known = ~np.isnan(raw)
        hard = sample.hard_label[known]
        expected = average_precision_score(hard, raw[known]) - hard.mean(dtype=float)
        assert found == pytest.approx(max(expected, 0), abs=1e-9)


def test_experts_that_are_all_useless_count_equally(make_world):
    dataset, scores = make_world()
    sample = sample_pairs(dataset, scores, dataset.rows(TRAIN), seed=0)
    sample.raw[:] = -sample.hard_label  # every expert puts all right answers last
    np.testing.assert_allclose(reliability_weights(sample), 1 / 3)


def test_given_weights_default_to_one_and_never_divide_by_zero(world):
    dataset, scores = world
    sample = sample_pairs(dataset, scores, dataset.rows(TRAIN), seed=0)
    names = sample.experts
    some = given_weights(sample, LabelRecipe(names, weights={"expert0": 3.0, "expert2": 0.0}))
    np.testing.assert_allclose(some, [0.75, 0.25, 0])
    none = given_weights(sample, LabelRecipe(names, weights=dict.fromkeys(names, 0.0)))
    np.testing.assert_allclose(none, 1 / 3)


@given(
    hnp.arrays(np.float32, 9, elements=UNIT),
    st.floats(0.1, 9),
    st.floats(0, 1),
    st.floats(0.05, 9),
)
def test_curve_keeps_order_and_the_unit_interval(labels, gain, threshold, temperature):
    labels = np.sort(np.r_[0, labels, 1]).astype(np.float32)
    bent = bend(labels, gain, threshold, temperature)
    assert ((bent >= 0) & (bent <= 1)).all()
    assert (np.diff(bent) >= -1e-6).all()


def test_curve_follows_the_recipes_formula():
    y = np.array([0.2, 0.5, 0.6, 0.9, np.nan], np.float32)
    stretched = np.clip(2 * (y - 0.4) + 0.4, 0, 1)
    with np.errstate(divide="ignore"):
        expected = 1 / (1 + np.exp(-np.log(stretched / (1 - stretched)) / 0.5))
    np.testing.assert_allclose(bend(y, 2, 0.4, 0.5), expected, atol=1e-6)
    np.testing.assert_array_equal(bend(y), y)
