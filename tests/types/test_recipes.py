"""The cut lines of a recipe and its curve are two ways to say the same."""

import numpy as np
import pytest

from core.errors import LabelError
from core.labels.model import bend
from core.types import LabelRecipe


@pytest.mark.parametrize("cuts", [(0.0, 1.0), (0.2, 0.7), (0.0, 0.5), (0.6, 1.0), (0.95, 1.0)])
def test_what_lies_at_the_cut_lines_becomes_0_and_100(cuts):
    """A line that is drawn elsewhere than where labels are cut would mislead whoever drags it."""
    recipe = LabelRecipe(("one",)).with_cuts(*cuts)
    assert recipe.cuts == pytest.approx(cuts)
    low, high = cuts
    labels = np.array([low, (low + high) / 2, high])
    bent = bend(labels, recipe.gain, recipe.threshold, recipe.temperature)
    assert bent == pytest.approx([0, 0.5, 1])
    assert 0 <= recipe.threshold <= 1


def test_lines_that_nothing_is_cut_at_change_nothing():
    recipe = LabelRecipe(("one",))
    assert recipe.with_cuts(0, 1) == recipe


@pytest.mark.parametrize("cuts", [(0.5, 0.5), (0.7, 0.2), (-0.1, 0.5), (0.5, 1.2)])
def test_lines_out_of_order_are_refused(cuts):
    with pytest.raises(LabelError, match="cut lines"):
        LabelRecipe(("one",)).with_cuts(*cuts)
