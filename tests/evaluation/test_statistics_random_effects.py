"""What several studies say together: against statsmodels, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.statistics import random_effects

EFFECTS, VARIANCES = [0.60, 0.10, 0.35, 0.28, 0.45, -0.05], [0.04, 0.02, 0.03, 0.01, 0.06, 0.015]


def test_mean_heterogeneity_and_interval_are_those_of_statsmodels():
    """statsmodels 0.15.0: combine_effects(…, method_re="chi2", use_t=True), its scaled interval."""
    found = random_effects(EFFECTS, VARIANCES)
    assert found.value == pytest.approx(0.2475128429484291, abs=1e-9)
    assert found.tau2 == pytest.approx(0.026446848739495793, abs=1e-12)
    assert found.q == pytest.approx(10.994619047619047)
    assert found.i2 == pytest.approx(0.5452320832268599)
    assert (found.low, found.high) == pytest.approx((0.0064531, 0.48857259), abs=1e-7)
    assert found.leaves_out_zero and found.count == 6
    assert found.predicted_low < found.low < found.high < found.predicted_high


def test_studies_that_agree_by_luck_are_no_more_certain_than_their_own_errors():
    """Hartung's and Knapp's interval alone shrinks to nothing when three effects are the same."""
    same = random_effects([0.05, 0.05, 0.05], [0.0004, 0.0004, 0.0004])
    assert (same.tau2, same.i2, same.q) == (0, 0, 0)
    assert same.high - same.value == pytest.approx(4.302653 * 0.02 / np.sqrt(3), rel=1e-5)


def test_the_interval_holds_the_mean_of_true_effects_as_often_as_it_says():
    """Few projects that differ: a usual normal interval holds it in fewer than 90 of 100 worlds."""
    rng, held = np.random.default_rng(0), 0
    for _ in range(400):
        variances = rng.uniform(0.0002, 0.002, 5)
        true = rng.normal(0.04, 0.05, 5)
        found = random_effects(rng.normal(true, np.sqrt(variances)), variances)
        held += found.low <= 0.04 <= found.high
    assert held >= 0.92 * 400


@pytest.mark.parametrize("variances", [[0.1], [0.1, 0.0], [0.1, float("nan")]])
def test_a_study_without_an_error_cannot_be_weighed(variances):
    with pytest.raises(ValueError, match="make no summary"):
        random_effects([0.1, 0.2], variances)
