"""Intervals of the cross-fitted verdict hold the truth about as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.cross_fit_coverage import AA, PLANTED, Setting, coverage, drawn

DRAWS = 40  # the benchmark takes 400; a share of 0.95 of 40 is 0.95 ± 0.03


@pytest.mark.parametrize("effect", [AA, PLANTED])
def test_widened_intervals_hold_the_truth_of_a_learner_that_is_really_trained(effect):
    """Luck that all questions of a fold share makes plain intervals too narrow."""
    setting = Setting("ridge", effect, 40, 1, "unseen")
    found = coverage(setting, drawn(setting, DRAWS))
    assert found.coverage_widened >= 0.9
    assert found.coverage_widened >= found.coverage
    if effect == AA:
        assert found.shown_widened <= 0.08
    else:
        assert found.spread > 0


def test_no_difference_is_not_shown_and_a_large_one_is():
    nothing, gain = (
        Setting("noise", AA, 40, 1, "unseen"),
        Setting("ridge", PLANTED, 80, 1, "unseen"),
    )
    assert coverage(nothing, drawn(nothing, DRAWS)).shown_widened <= 0.1
    assert coverage(gain, drawn(gain, 20)).shown_widened >= 0.8


def test_draws_are_the_same_again():
    setting = Setting("ridge", PLANTED, 20, 4, "known")
    assert np.array_equal(drawn(setting, 2), drawn(setting, 2))
