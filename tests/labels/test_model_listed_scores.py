"""Experts with a list of scored pairs: the same answers as a full table with holes."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from core.errors import ExpertError
from core.labels.model import LabelModel
from core.labels.pair_sample import sample_for_inspection
from core.labels.quality import pair_quality
from core.labels.rules import RULES
from core.labels.similar_experts import agreement
from core.types import LabelRecipe, ListedScores

N_Q, N_A = 7, 9
cells = st.lists(
    st.tuples(st.integers(0, N_Q - 1), st.integers(0, N_A - 1)), unique=True, max_size=N_Q * N_A
)


def listed(pairs, values=None, expert="listed", dataset_id="d"):
    rows = np.array(pairs, np.int32).reshape(-1, 2)
    values = np.arange(len(rows)) * 0.5 if values is None else values
    return ListedScores(
        expert, "print", dataset_id, rows[:, 0], rows[:, 1], np.asarray(values, np.float32)
    )


def table(scores, shape=(N_Q, N_A)):
    full = np.full(shape, np.nan, np.float32)
    full[scores.question_rows, scores.answer_rows] = scores.values
    return full


@settings(deadline=None)
@given(
    cells,
    st.lists(st.integers(0, N_Q - 1), max_size=8),
    st.lists(st.integers(0, N_A - 1), max_size=12),
)
def test_any_block_and_any_pairs_are_those_of_the_full_table(pairs, question_rows, answer_rows):
    """Prevents scores of one pair from landing on another, also for repeated or unsorted rows."""
    scores = listed(pairs)
    questions, answers = np.array(question_rows, np.int32), np.array(answer_rows, np.int32)
    full = table(scores)
    block = scores.block(questions, answers)
    assert block.dtype == np.float32
    np.testing.assert_array_equal(block, full[questions][:, answers])
    n = min(len(questions), len(answers))
    np.testing.assert_array_equal(
        scores.pairs(questions[:n], answers[:n]), full[questions[:n], answers[:n]]
    )


def test_the_order_of_the_list_does_not_matter_for_the_id_but_every_score_does():
    pairs, values = [(0, 1), (3, 2), (1, 1)], np.array([0.1, 0.2, 0.3])
    same = listed(pairs[::-1], values[::-1])
    assert listed(pairs, values).id == same.id
    assert listed(pairs, values + np.array([0, 0, 1])).id != same.id
    assert listed(pairs[:2], values[:2]).id != same.id


@pytest.mark.parametrize(
    ("pairs", "values", "words"),
    [
        ([(0, 1), (0, 1)], [1, 2], "1 pairs more than once"),
        ([(0, 1), (0, 2)], [1, np.nan], "1 of 2 pairs"),
        ([(0, -1)], [1], "row below 0"),
        ([(0, 1)], [1, 2], "1 question rows, 1 answer rows and 2 scores"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(pairs, values, words):
    with pytest.raises(ExpertError, match=words):
        listed(pairs, values)


@pytest.fixture(scope="module")
def mixed(make_world):
    """Two full experts and a strong one that lists a few pairs of some questions."""
    dataset, scores = make_world(seed=5)
    rng = np.random.default_rng(0)
    n_q, n_a = len(dataset.questions), len(dataset.answers)
    grid = np.argwhere(rng.random((n_q, n_a)) < 0.2)
    right = dataset.hard_block(np.arange(n_q), np.arange(n_a))[grid[:, 0], grid[:, 1]]
    values = right + rng.normal(0, 0.1, len(grid))
    return dataset, [*scores, listed(grid, values, dataset_id=dataset.id)]


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_leaves_the_silent_expert_out_of_unlisted_pairs(mixed, rule):
    """Prevents an unlisted pair from becoming NaN, or from counting as a score of 0."""
    dataset, scores = mixed
    keys = tuple(s.expert for s in scores)
    model = LabelModel.fit(dataset, scores, LabelRecipe(keys, rule, blend=0.0))
    questions, answers = np.arange(len(dataset.questions)), np.arange(len(dataset.answers))
    targets, mask = model.block(questions, answers)
    assert np.isfinite(targets).all()
    assert mask.all()  # the full experts always have an opinion
    calibrated = model.expert_block(questions, answers)
    silent = np.isnan(calibrated[-1])
    assert 0.75 < silent.mean() < 0.85
    hard = dataset.hard_block(questions, answers)
    without = RULES[rule].combine(calibrated[:-1], hard, model.weights[:-1])
    np.testing.assert_allclose(targets[silent], without[silent], atol=2e-6)
    row, column = np.nonzero(~silent)
    np.testing.assert_allclose(model.pairs(row, column)[0], targets[row, column], atol=2e-6)


def test_a_listed_expert_alone_teaches_only_its_pairs_and_known_answers(mixed):
    """Prevents training towards made-up labels on pairs that nobody has scored."""
    dataset, scores = mixed
    model = LabelModel.fit(dataset, scores, LabelRecipe(("listed",), "mean", blend=0.0))
    questions, answers = np.arange(len(dataset.questions)), np.arange(len(dataset.answers))
    targets, mask = model.block(questions, answers)
    known = ~np.isnan(scores[-1].block(questions, answers))
    hard = dataset.hard_block(questions, answers) > 0
    np.testing.assert_array_equal(mask, known | hard)
    assert np.isfinite(targets).all()


def test_figures_of_a_listed_expert_are_those_of_its_own_pairs(mixed):
    dataset, scores = mixed
    sample = sample_for_inspection(dataset, scores, seed=0)
    model = LabelModel.fit(dataset, scores, LabelRecipe(tuple(s.expert for s in scores), "mean"))
    calibrated = model.expert_pairs(sample)
    quality = pair_quality(calibrated[-1], sample, seed=0, replicates=20)
    assert quality.average_precision.value > 0.95
    assert quality.coverage == pytest.approx(0.2, abs=0.03)
    assert np.isfinite(agreement(calibrated)).all()


@pytest.mark.parametrize("others", [1, 5, 20])
def test_an_easy_list_does_not_buy_weight(make_world, others):
    """Prevents an expert from counting more only because its list leaves hard pairs out."""
    dataset, scores = make_world(seed=7, noises=(1.0, 1.0))
    rng = np.random.default_rng(1)
    n_q, n_a = len(dataset.questions), len(dataset.answers)
    drawn = np.stack([np.repeat(np.arange(n_q), others), rng.integers(0, n_a, n_q * others)], 1)
    right = np.stack([dataset.right_question, dataset.right_answer], 1)
    pairs = np.unique(np.concatenate([drawn, right]), axis=0)
    twin = scores[0].pairs(pairs[:, 0], pairs[:, 1])  # thinks what the first expert thinks
    scores = [*scores, listed(pairs, twin, dataset_id=dataset.id)]
    keys = tuple(s.expert for s in scores)
    weights = LabelModel.fit(dataset, scores, LabelRecipe(keys, "reliability")).weights
    assert weights[2] == pytest.approx(weights[:2].mean(), rel=0.5)


def test_an_expert_that_lists_nothing_breaks_nothing(make_world):
    """Prevents a crash of the Labels page when a file matched pairs of test questions only."""
    dataset, scores = make_world(seed=6)
    scores = [*scores, listed([], dataset_id=dataset.id)]
    keys = tuple(s.expert for s in scores)
    sample = sample_for_inspection(dataset, scores, seed=0)
    for rule in ("reliability", "mean", "median"):
        model = LabelModel.fit(dataset, scores, LabelRecipe(keys, rule))
        assert np.isfinite(model.of_sample(sample)[0]).all()
    quality = pair_quality(model.expert_pairs(sample)[-1], sample, seed=0, replicates=5)
    assert quality.coverage == 0
    assert np.isnan(quality.average_precision.value)
