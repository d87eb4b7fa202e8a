"""Pairs for people to rate: disputed ones, both kinds, never a test question, same for all."""

from __future__ import annotations

import numpy as np
import pytest

from core.labels.pair_sample import RIGHT, sample_for_inspection
from core.labels.review import current_batch, propose_pairs
from core.types import TEST_KNOWN, TEST_UNSEEN


@pytest.fixture
def sample(tiny_dataset):
    return sample_for_inspection(tiny_dataset, [], seed=0)


@pytest.fixture
def spread(sample):
    return np.random.default_rng(0).uniform(size=len(sample)).astype(np.float32)


def keys(sample, positions):
    pairs = zip(sample.question_rows[positions], sample.answer_rows[positions], strict=True)
    return {(int(q), int(a)) for q, a in pairs}


def test_test_questions_are_never_proposed(tiny_dataset, sample, spread):
    """Not even when everything else is rated: the test would no longer be unseen."""
    rated: set = set()
    while len(batch := propose_pairs(sample, spread, rated, seed=0)):
        splits = tiny_dataset.split[sample.question_rows[batch]]
        assert not np.isin(splits, (TEST_KNOWN, TEST_UNSEEN)).any()
        assert not keys(sample, batch) & rated, "a pair is asked once"
        rated |= keys(sample, batch)
    assert len(rated) == len(sample), "every pair comes up in the end"


def test_both_kinds_in_equal_parts_and_most_disputed_first(sample, spread):
    batch = propose_pairs(sample, spread, set(), seed=0, count=10)
    right = sample.kind[batch] == RIGHT
    assert right.sum() == 5
    for kind in (True, False):
        chosen = spread[batch[right == kind]]
        rest = np.setdiff1d(np.flatnonzero((sample.kind == RIGHT) == kind), batch)
        questions, counts = np.unique(sample.question_rows[batch], return_counts=True)
        crowded = questions[counts >= 2]
        rest = rest[~np.isin(sample.question_rows[rest], crowded)]
        assert chosen.min() >= spread[rest].max()


def test_the_order_gives_nothing_away(sample, spread):
    """If right answers came first, raters would soon know what they look at."""
    batch = propose_pairs(sample, spread, set(), seed=0, count=20)
    right = sample.kind[batch] == RIGHT
    assert 3 <= right[:10].sum() <= 7
    disputed = -spread[batch]
    assert (np.argsort(disputed) != np.arange(20)).any()


def test_one_kind_fills_up_what_the_other_lacks(sample, spread):
    right = np.flatnonzero(sample.kind == RIGHT)
    batch = propose_pairs(sample, spread, keys(sample, right[2:]), seed=0, count=10)
    assert len(batch) == 10 and (sample.kind[batch] == RIGHT).sum() == 2


def test_same_batch_for_all_raters_until_it_is_done(sample, spread):
    """Agreement needs pairs that several people rated."""
    batch, done = current_batch(sample, spread, set(), seed=0, count=6)
    assert not done.any()
    some = keys(sample, batch[:2])
    again, done = current_batch(sample, spread, some, seed=0, count=6)
    assert again.tolist() == batch.tolist() and done.tolist() == [True] * 2 + [False] * 4
    following, done = current_batch(sample, spread, keys(sample, batch), seed=0, count=6)
    assert not done.any() and not set(following.tolist()) & set(batch.tolist())
    everything = keys(sample, np.arange(len(sample)))
    assert len(current_batch(sample, spread, everything, seed=0)[0]) == 0
