"""People as an expert: habits are evened out, carelessness counts little, agreement is measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.errors import ExpertError
from core.experts.people import (
    PairRatings,
    calibrate,
    krippendorff_alpha,
    people_scores,
    rater_weights,
)
from core.types import TEST_KNOWN, TRAIN
from core.types.judgements import WITHDRAWN
from core.workspace.feedback import CANNOT_SAY, STARS, Rating

AT = "2026-01-01T10:00:00.000+00:00"
# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability": 4 observers, 12 units.
# Published: interval alpha 0.849.
REFERENCE = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


def long_form(table) -> tuple[np.ndarray, np.ndarray]:
    cells = [(u, v) for row in table for u, v in enumerate(row) if v is not None]
    return np.array([u for u, _ in cells]), np.array([v for _, v in cells], float)


def alpha_by_coincidences(pair, value) -> float:
    """The textbook's way, slowly: a matrix of coincidences of values within units."""
    levels = sorted(set(value.tolist()))
    table = np.zeros((len(levels), len(levels)))
    for unit in set(pair.tolist()):
        own = [levels.index(v) for v in value[pair == unit].tolist()]
        for i, a in enumerate(own):
            for j, b in enumerate(own):
                if i != j:
                    table[a, b] += 1 / (len(own) - 1)
    distance = np.subtract.outer(levels, levels) ** 2
    margin = table.sum(axis=0)
    chance = np.outer(margin, margin) - np.diag(margin)
    return 1 - (table * distance).sum() / ((chance * distance).sum() / (margin.sum() - 1))


def test_alpha_is_the_published_one():
    found = krippendorff_alpha(*long_form(REFERENCE), seed=0)
    assert found.alpha == pytest.approx(0.849, abs=0.0005)
    assert (found.pairs, found.ratings) == (11, 40), "the unit with one value does not count"
    assert found.low < found.alpha < found.high <= 1


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=4),
        min_size=2,
        max_size=8,
    )
)
def test_alpha_equals_a_second_implementation(units):
    pair = np.repeat(np.arange(len(units)), [len(u) for u in units])
    value = np.concatenate([np.array(u) for u in units])
    found = krippendorff_alpha(pair, value, seed=0, resamples=20)
    shared = np.isin(pair, [i for i, u in enumerate(units) if len(u) > 1])
    if len(set(value[shared].tolist())) < 2:
        assert found is None, "nothing varies: alpha is not defined, not 1"
    else:
        assert found.alpha == pytest.approx(alpha_by_coincidences(pair[shared], value[shared]))


def test_interval_covers_the_truth_about_as_often_as_it_says():
    """A bootstrap over ratings instead of pairs would be far too narrow."""
    rng = np.random.default_rng(1)
    truth = 0.5  # equal variance of pairs and of raters' slips: alpha = 1/2
    trials, n = 800, 60  # enough trials that the share is known to 0.9 points
    hits = 0
    for trial in range(trials):
        value = rng.normal(size=(n, 1)) + rng.normal(size=(n, 2))
        pair = np.repeat(np.arange(n), 2)
        found = krippendorff_alpha(pair, value.reshape(-1), seed=trial, resamples=500)
        hits += found.low <= truth <= found.high
    assert 0.91 <= hits / trials <= 0.97  # 0.937 over 2,000 trials


def rated(dataset, table) -> list[Rating]:
    """Ratings from {rater: {(question row, answer row): value}}."""
    return [
        Rating(dataset.questions[q], dataset.answers[a], rater, value, STARS, AT)
        for rater, given_ in table.items()
        for (q, a), value in given_.items()
    ]


def train_pairs(dataset, count, seed=0) -> list[tuple[int, int]]:
    """Half right answers, half others, of training questions."""
    rng = np.random.default_rng(seed)
    rows = dataset.rows(TRAIN)
    right = [(int(q), int(dataset.right_answers(q)[0])) for q in rows][: count // 2]
    other: set[tuple[int, int]] = set()
    while len(other) < count - len(right):
        q, a = int(rng.choice(rows)), int(rng.integers(len(dataset.answers)))
        if a not in dataset.right_answers(q):
            other.add((q, a))
    return [*right, *sorted(other)]


def test_ratings_of_test_questions_and_of_other_data_are_left_out(tiny_dataset):
    """A rating of a test question in a soft label would leak the test into the labels."""
    tested = int(np.flatnonzero(tiny_dataset.split == TEST_KNOWN)[0])
    given_ = rated(tiny_dataset, {"ann": {(0, 0): 1.0, (0, 1): 0.0, (tested, 0): 1.0}})
    passed = replace(given_[1], rater="ben", value=None, scale=CANNOT_SAY)
    undone = replace(given_[0], rater="cy", value=None, scale=WITHDRAWN)
    foreign = replace(given_[0], question="not in the data")
    ratings = PairRatings.of(tiny_dataset, [*given_, passed, undone, foreign])
    assert (len(ratings), ratings.held_out, ratings.unknown, ratings.passed) == (2, 1, 1, 1)
    scores = people_scores(tiny_dataset, ratings)
    assert tested not in scores.question_rows
    assert np.isnan(scores.pairs(np.array([tested]), np.array([0]))).all()


def test_nobody_rated_is_said(tiny_dataset):
    with pytest.raises(ExpertError, match="Nobody has rated"):
        people_scores(tiny_dataset, PairRatings.of(tiny_dataset, []))


def test_a_strict_and_a_mild_rater_come_to_the_same_scale(tiny_dataset):
    """Without calibration, pairs that the mild one rated would look better than the others'."""
    pairs = train_pairs(tiny_dataset, 36)
    truth = np.random.default_rng(2).uniform(size=len(pairs))
    strict = {p: float(v) * 0.5 for p, v in zip(pairs, truth, strict=True)}
    mild = {p: 0.5 + float(v) * 0.5 for p, v in zip(pairs, truth, strict=True)}
    ratings = PairRatings.of(tiny_dataset, rated(tiny_dataset, {"s": strict, "m": mild}))
    even = calibrate(ratings, prior=1e-9)
    of = [even[ratings.rater == number] for number in (0, 1)]
    np.testing.assert_allclose(of[0], of[1], atol=0.02)  # not 0: the expected spread is a mixture
    gap = calibrate(ratings)
    assert 0 < np.abs(gap[ratings.rater == 0] - gap[ratings.rater == 1]).mean() < 0.25


def test_few_ratings_change_little(tiny_dataset):
    """Two ratings of 5 stars are no proof that somebody always gives 5 stars."""
    pairs = train_pairs(tiny_dataset, 36)
    rng = np.random.default_rng(3)
    many = {p: float(rng.uniform()) for p in pairs}
    few = dict.fromkeys(pairs[:2], 1.0)
    ratings = PairRatings.of(tiny_dataset, rated(tiny_dataset, {"few": few, "many": many}))
    assert calibrate(ratings)[ratings.rater == 0].min() > 0.9


def test_a_rater_who_saw_only_right_answers_is_not_called_mild(tiny_dataset):
    """An uploaded file split by kind would lose all its signal to plain standardisation."""
    pairs = train_pairs(tiny_dataset, 36)
    high, low = dict.fromkeys(pairs[:18], 0.9), dict.fromkeys(pairs[18:], 0.1)
    ratings = PairRatings.of(tiny_dataset, rated(tiny_dataset, {"a": high, "b": low}))
    even = calibrate(ratings)
    assert even[ratings.right].min() > 0.85 and even[~ratings.right].max() < 0.15


def test_a_rater_who_answers_at_random_counts_little(tiny_dataset):
    pairs = train_pairs(tiny_dataset, 36)
    rng = np.random.default_rng(4)
    truth = np.array([0.8] * 18 + [0.2] * 18) + rng.normal(0, 0.1, 36)
    table = {
        name: dict(zip(pairs, (truth + rng.normal(0, 0.1, 36)).clip(0, 1).tolist(), strict=True))
        for name in ("ann", "ben", "cy")
    }
    table["random"] = dict(zip(pairs, rng.uniform(size=36).tolist(), strict=True))
    ratings = PairRatings.of(tiny_dataset, rated(tiny_dataset, table))
    calibrated = calibrate(ratings)
    weights = dict(zip(ratings.raters, rater_weights(ratings, calibrated), strict=True))
    assert weights["random"] < 0.35 * min(weights[name] for name in ("ann", "ben", "cy"))

    scores = people_scores(tiny_dataset, ratings)
    plain = np.bincount(ratings.pair, ratings.value) / 4
    order = [pairs.index(p) for p in zip(scores.question_rows, scores.answer_rows, strict=True)]
    error = np.abs(scores.values - truth[order]).mean()
    assert error < np.abs(plain - truth[order]).mean()


def test_raters_without_shared_pairs_weigh_the_same(tiny_dataset):
    pairs = train_pairs(tiny_dataset, 36)
    table = {"a": dict.fromkeys(pairs[::2], 0.9), "b": dict.fromkeys(pairs[1::2], 0.1)}
    ratings = PairRatings.of(tiny_dataset, rated(tiny_dataset, table))
    assert rater_weights(ratings, ratings.value).tolist() == [1.0, 1.0]


def test_scores_do_not_depend_on_who_was_first(tiny_dataset):
    pairs = train_pairs(tiny_dataset, 20)
    rng = np.random.default_rng(5)
    table = {name: {p: float(rng.uniform()) for p in pairs} for name in ("ann", "ben")}
    given_ = rated(tiny_dataset, table)
    first, second = (
        people_scores(tiny_dataset, PairRatings.of(tiny_dataset, some))
        for some in (given_, given_[::-1])
    )
    assert first.id == second.id and first.fingerprint == second.fingerprint
    assert len(first) == 20
