import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from core.errors import LabelError
from core.labels.calibration import CALIBRATIONS, fit, weighted_percentile
from core.types import Calibration

SCORES = st.floats(-1e6, 1e6, width=32)
PAIRS = st.integers(0, 30).flatmap(
    lambda n: st.tuples(
        hnp.arrays(np.float32, n, elements=st.one_of(SCORES, st.just(np.float32(np.nan)))),
        hnp.arrays(np.float32, n, elements=st.sampled_from([0.0, 1.0])),
    )
)


@pytest.fixture
def noisy():
    rng = np.random.default_rng(0)
    hard = (rng.random(400) < 0.3).astype(np.float32)
    return (0.2 + 0.3 * hard + 0.15 * rng.normal(size=400)).astype(np.float32), hard


@pytest.mark.parametrize("method", CALIBRATIONS)
@given(pairs=PAIRS, gamma=st.floats(0.2, 5), fresh=hnp.arrays(np.float32, 8, elements=SCORES))
def test_any_data_give_finite_values_in_the_unit_interval(method, pairs, gamma, fresh):
    """One NaN or infinity from an empty or constant expert would poison every training target."""
    calibrate = fit(*pairs, Calibration(method, gamma=gamma))
    values = calibrate(fresh)
    assert values.dtype == np.float32 and values.shape == fresh.shape
    assert ((values >= 0) & (values <= 1)).all()


@pytest.mark.parametrize("method", CALIBRATIONS)
def test_silence_stays_silence(method, noisy):
    """A missing score turned into 0 would be taught as 'certainly wrong'."""
    raw = np.array([[0.1, np.nan], [np.nan, 0.9]], np.float32)
    values = fit(*noisy, Calibration(method))(raw)
    np.testing.assert_array_equal(np.isnan(values), np.isnan(raw))


@pytest.mark.parametrize("method", CALIBRATIONS)
def test_order_of_scores_is_kept(method, noisy):
    values = fit(*noisy, Calibration(method, gamma=1.7))(np.linspace(-1, 2, 200))
    assert (np.diff(values) >= 0).all()


@pytest.mark.parametrize("method", [key for key in CALIBRATIONS if key != "none"])
def test_expert_that_scores_all_pairs_alike_is_undecided(method):
    calibrate = fit(np.full(9, 0.7), np.arange(9) % 2, Calibration(method))
    found = calibrate(np.array([0.1, 0.7, 3, np.nan]))
    np.testing.assert_array_equal(found, [0.5, 0.5, 0.5, np.nan])


@pytest.mark.parametrize("method", ["logistic", "isotonic"])
def test_without_any_right_pair_nothing_is_learned(method):
    calibrate = fit(np.linspace(0, 1, 9), np.zeros(9), Calibration(method))
    np.testing.assert_array_equal(calibrate(np.array([0.1, 0.7])), 0.5)


@given(hnp.arrays(np.float64, st.integers(1, 50), elements=st.floats(-9, 9)), st.floats(0, 100))
def test_weighted_percentile_is_numpys_for_equal_weights(values, percent):
    if len(values) > 1:
        found = weighted_percentile(values, np.array([percent]), np.full(len(values), 3.0))
        np.testing.assert_allclose(found, np.percentile(values, [percent]), atol=1e-9)


def test_percentile_cuts_become_zero_and_one(noisy):
    raw, hard = noisy
    low, high = np.percentile(raw, [5, 90])
    values = fit(raw, hard, Calibration(low=5, high=90))(np.array([low, (low + high) / 2, high]))
    np.testing.assert_allclose(values, [0, 0.5, 1], atol=1e-5)


def test_sparse_expert_whose_cuts_coincide_still_ranks():
    """BM25 gives 0 to nearly every pair: both percentiles are 0, a division by 0 would follow."""
    raw = np.zeros(5000, np.float32)
    raw[:3] = [2, 4, 8]
    values = fit(raw, np.zeros(5000), Calibration())(np.array([0, 4, 8]))
    np.testing.assert_allclose(values, [0, 0.5, 1])


def test_rank_is_the_empirical_distribution():
    from scipy.stats import rankdata

    raw = np.random.default_rng(0).integers(0, 12, 500).astype(np.float32)  # many ties
    values = fit(raw, np.zeros(500), Calibration("rank"))(raw)
    np.testing.assert_allclose(values, (rankdata(raw) - 1) / 499, atol=3e-3)


def test_logistic_is_scikit_learns_platt_scaling(noisy):
    from sklearn.linear_model import LogisticRegression

    raw, hard = noisy
    weight = np.where(hard > 0, 2.0, 0.5)
    scaled = ((raw - raw.mean()) / raw.std())[:, None]
    model = LogisticRegression().fit(scaled, hard, sample_weight=weight)
    values = fit(raw, hard, Calibration("logistic"), weight)(raw)
    np.testing.assert_allclose(values, model.predict_proba(scaled)[:, 1], atol=1e-4)


def test_isotonic_is_scikit_learns(noisy):
    from sklearn.isotonic import IsotonicRegression

    raw, hard = noisy
    model = IsotonicRegression(out_of_bounds="clip").fit(raw, hard)
    fresh = np.linspace(-1, 2, 77).astype(np.float32)
    values = fit(raw, hard, Calibration("isotonic"))(fresh)
    np.testing.assert_allclose(values, model.predict(fresh), atol=1e-5)


def test_gamma_is_applied_after_scaling(noisy):
    plain, strict = (fit(*noisy, Calibration(gamma=g))(noisy[0]) for g in (1, 2))
    np.testing.assert_allclose(strict, plain**2, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (Calibration("magic"), "percentile"),
        (Calibration(low=90, high=10), "90"),
        (Calibration(high=101), "101"),
        (Calibration(gamma=0), "Gamma"),
    ],
)
def test_wrong_settings_are_answered_with_what_is_allowed(settings, named):
    with pytest.raises(LabelError, match=named):
        fit(np.arange(5), np.zeros(5), settings)
