"""Batches of like length."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.experts.encoding import MOST_TEXTS, length_batches, token_estimates


@given(st.lists(st.integers(1, 600), max_size=400), st.integers(64, 9000))
def test_batches_hold_each_text_once_and_no_more_than_fits(lengths, budget):
    tokens = np.array(lengths, np.int64)
    batches = length_batches(tokens, "cpu", most_tokens=budget)
    rows = np.concatenate(batches) if batches else np.empty(0, np.int64)
    assert sorted(rows.tolist()) == list(range(len(tokens)))
    assert (np.diff(tokens[rows]) >= 0).all()
    for batch in batches:
        assert len(batch) <= MOST_TEXTS["cpu"]
        assert len(batch) == 1 or len(batch) * tokens[batch].max() <= budget
        # little padding, however few the texts and different their lengths
        shortest, longest = tokens[batch].min(), tokens[batch].max()
        assert longest <= max(1.3 * shortest, shortest + 8)


def test_estimates_are_near_what_tokenizers_count():
    texts = ["How do I send a parcel back that arrived broken?", "Opening hours"]
    assert token_estimates(texts, 256).tolist() == pytest.approx([13, 5], abs=3)
    assert token_estimates(["long " * 1000], 256).tolist() == [256]
