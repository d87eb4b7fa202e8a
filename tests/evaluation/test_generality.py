"""The generality probe against scipy."""

import numpy as np
import pytest
from scipy import stats

from core.errors import ComparisonError, DataError
from core.evaluation.generality import cosines, everyday_pairs, generality, read_pairs, spearman


def test_spearman_equals_scipy_with_ties():
    rng = np.random.default_rng(0)
    similarities, scores = rng.normal(size=200), rng.integers(0, 6, 200).astype(float)
    expected = stats.spearmanr(similarities, scores).statistic
    assert spearman(similarities, scores) == pytest.approx(expected, abs=1e-12)
    assert spearman(np.ones(200), scores) == 0.0


def test_interval_of_the_change_equals_scipys_paired_bootstrap():
    rng = np.random.default_rng(1)
    scores = rng.integers(0, 11, 150) / 2
    before, after = scores + rng.normal(size=150), scores + rng.normal(size=150) * 2
    found = generality(before, after, scores, "en", seed=1, resamples=3_000)

    def change(b, a, s):
        return stats.spearmanr(a, s).statistic - stats.spearmanr(b, s).statistic

    theirs = stats.bootstrap(
        (before, after, scores),
        change,
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=1_000,
        rng=3,
    ).confidence_interval
    assert found.after - found.before == pytest.approx(change(before, after, scores))
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)
    assert found.high < 0


def test_a_model_against_itself_changes_nothing():
    scores = np.arange(30.0)
    same = np.random.default_rng(2).normal(size=30)
    found = generality(same, same, scores, "ja", seed=0, resamples=200)
    assert (found.before - found.after, found.low, found.high) == (0, 0, 0)


def test_cosines_do_not_depend_on_length_and_survive_empty_vectors():
    left = np.array([[3.0, 0], [0, 0], [1, 1]], np.float32)
    right = np.array([[0.1, 0], [1, 0], [-2, -2]], np.float32)
    np.testing.assert_allclose(cosines(left, right), [1, 0, -1], atol=1e-7)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_shipped_probes_load_and_use_the_whole_scale(language):
    probe = everyday_pairs(language)
    assert len(probe.left) == len(probe.right) == len(probe.scores) >= 200
    assert probe.scores.min() < 1 and probe.scores.max() > 4
    assert probe.scores.min() >= 0 and probe.scores.max() <= 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sentence1,score\na,1\n", "lack the column sentence2"),
        ("sentence1,sentence2,score\na,b,high\n", "Row 2 .* score high"),
        ("sentence1,sentence2,score\na,b\n", "Row 2 .* not a number"),
        ("sentence1,sentence2,score\na,b,1\n", "has 1 sentence pairs"),
    ],
)
def test_a_damaged_probe_says_what_is_wrong(tmp_path, text, words):
    path = tmp_path / "probe.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        read_pairs(path)


def test_similarities_of_other_pairs_are_refused():
    with pytest.raises(ComparisonError, match="do not line up"):
        generality(np.zeros(3), np.zeros(3), np.zeros(4), "en", seed=0)
