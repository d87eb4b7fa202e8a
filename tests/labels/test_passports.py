"""Passports: planted habits are found and named, none where there is none."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from core.labels.bias import middle_opinion
from core.labels.judges import weighted_kappa
from core.labels.pair_sample import sample_pairs
from core.labels.passports import (
    agreement_with_people,
    balanced_mean,
    habits,
    places,
    rank_correlation,
)
from core.labels.quality import label_spread
from core.types import TRAIN

EXPERTS = 5


@pytest.fixture(scope="module")
def panel(make_world):
    """Five alike experts that see the truth through noise of their own, and nothing else."""
    dataset, scores = make_world(n_groups=60, noises=(1.0,) * EXPERTS, seed=1)
    rng = np.random.default_rng(1)
    dataset = replace(dataset, answers=tuple("a" * int(n) for n in rng.permutation(60) + 20))
    scores = [replace(expert, dataset_id=dataset.id) for expert in scores]
    sample = sample_pairs(dataset, scores, dataset.rows(TRAIN), seed=0)
    lengths = np.array([len(text) for text in dataset.answers])[sample.answer_rows]
    calibrated = (0.3 + 0.4 * sample.raw).clip(0, 1).astype(np.float64)
    return dataset, sample, calibrated, lengths, rng.random(len(sample))


def test_correlations_are_scipys_spearman(panel):
    dataset, sample, calibrated, lengths, shared = panel
    wrong = sample.hard_label == 0
    for k, passport in enumerate(habits(calibrated, sample, dataset, shared)):
        apart = calibrated[k] - middle_opinion(np.delete(calibrated, k, axis=0))
        expected = spearmanr(apart[wrong], lengths[wrong]).statistic
        assert passport.length.value.value == pytest.approx(expected)
        expected = spearmanr(calibrated[k][wrong], shared[wrong]).statistic
        assert passport.words.value.value == pytest.approx(expected)
        spread = label_spread(calibrated[k], sample.hard_label)
        assert (passport.right, passport.other) == (spread.right, spread.other)


def test_nobody_is_called_anything_where_all_are_alike(panel):
    dataset, sample, calibrated, _, shared = panel
    found = habits(calibrated, sample, dataset, shared)
    assert [p.length.sign for p in found] == [0] * EXPERTS
    assert [p.words.sign for p in found] == [-1] * EXPERTS, "shared words are random here"


@pytest.mark.parametrize("direction", [1, -1])
def test_an_expert_that_adds_length_likes_long_answers(panel, direction):
    dataset, sample, calibrated, lengths, shared = panel
    changed = calibrated.copy()
    changed[2] += direction * 0.004 * (lengths - lengths.mean())
    found = habits(changed, sample, dataset, shared)
    assert [p.length.sign for p in found] == [0, 0, direction, 0, 0]
    assert places(found, lambda p: p.length.value.value)[2] == (1 if direction > 0 else 0)
    assert [p.words.sign for p in found] == [-1] * EXPERTS, "length is not taken for words"


def test_an_expert_that_counts_words_looks_at_words(panel):
    dataset, sample, calibrated, _, shared = panel
    changed = calibrated.copy()
    changed[3] = shared
    found = habits(changed, sample, dataset, shared)
    assert [p.words.sign for p in found] == [-1, -1, -1, 1, -1]
    assert found[3].words.value.value == pytest.approx(1)
    assert found[3].length.sign == 0


@pytest.mark.parametrize("extra", [0.2, -0.2])
def test_an_expert_that_adds_to_everything_is_generous(panel, extra):
    dataset, sample, calibrated, _, shared = panel
    changed = calibrated.copy()
    changed[0] = (changed[0] + extra).clip(0, 1)
    found = habits(changed, sample, dataset, shared)
    assert [p.generosity.sign for p in found] == [np.sign(extra), 0, 0, 0, 0]
    before = habits(calibrated, sample, dataset, shared)[0].generosity.value.value
    added = found[0].generosity.value.value - before
    assert added == pytest.approx(extra, abs=0.01)


def test_pairs_without_an_opinion_are_left_out(panel):
    dataset, sample, calibrated, lengths, shared = panel
    silent = calibrated.copy()
    silent[1, ::3] = np.nan
    passport = habits(silent, sample, dataset, shared)[1]
    said = ~np.isnan(silent[1]) & (sample.hard_label == 0)
    apart = silent[1] - middle_opinion(np.delete(silent, 1, axis=0))
    expected = spearmanr(apart[said], lengths[said]).statistic
    assert passport.length.value.value == pytest.approx(expected)


def test_alone_or_silent_an_expert_has_no_place(panel):
    dataset, sample, calibrated, _, shared = panel
    alone = habits(calibrated[:1], sample.of_experts(sample.experts[:1]), dataset, shared)
    assert np.isnan(alone[0].generosity.value.value) and alone[0].generosity.sign == 0
    assert np.isnan(places(alone, lambda p: p.generosity.value.value)).all()
    silent = calibrated.copy()
    silent[4] = np.nan
    found = habits(silent, sample, dataset, shared)
    assert (found[4].generosity.sign, found[4].length.sign, found[4].words.sign) == (0, 0, 0)
    assert np.isnan(places(found, lambda p: p.words.value.value)).tolist() == [False] * 4 + [True]


def test_answers_of_few_groups_say_nothing_however_many_pairs():
    """Thousands of pairs with four answers are four observations of length."""
    lengths = np.tile([10, 20, 30, 40], 500)
    found = rank_correlation(lengths + np.random.default_rng(0).random(2000), lengths, lengths)
    assert found.clusters == 0 and np.isnan(found.p(0.0))


def test_chance_alone_is_accused_about_as_often_as_promised():
    """Pairs of an answer share its luck: counted one by one, nearly everyone is accused."""
    rng = np.random.default_rng(0)
    answers = np.tile(np.arange(60), 30)
    together, apart = [], []
    for _ in range(200):
        lengths, luck = rng.normal(size=(2, 60))
        values = luck[answers] + 0.3 * rng.normal(size=len(answers))
        together.append(rank_correlation(values, lengths[answers], answers).p(0.0) < 0.05)
        apart.append(spearmanr(values, lengths[answers]).pvalue < 0.05)
    assert 0.01 <= np.mean(together) <= 0.11
    assert np.mean(apart) > 0.5


def test_balanced_mean_gives_both_kinds_the_same_say():
    values = np.r_[np.full(10, 0.2), np.full(90, -0.1)] + np.tile([0.01, -0.01], 50)
    found = balanced_mean(values, np.arange(100) < 10, np.arange(100) // 2)
    assert found.value == pytest.approx(0.05)
    singles = balanced_mean(values, np.ones(100, bool), np.arange(100))
    assert singles.error == pytest.approx(values.std(ddof=1) / 10), "the standard error of a mean"


def test_agreement_with_people_is_kappa_of_grades():
    people, said = np.array([0, 1 / 3, 2 / 3, 1.0]), np.array([0.1, 0.4, np.nan, 0.9])
    found = agreement_with_people(said, people, np.arange(4))
    assert found.pairs == 3
    assert found.kappa == weighted_kappa(np.array([0, 1, 3]), np.array([0, 1, 3])) == 1
    turned = agreement_with_people(1 - said, people, np.arange(4))
    assert turned.kappa is not None and turned.kappa < 0
