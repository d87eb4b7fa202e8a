from dataclasses import replace

import numpy as np
import pytest

from core.labels.model import LabelModel
from core.labels.pair_sample import sample_for_inspection
from core.labels.review import find_suspects
from core.types import LabelRecipe

NAMES = ("expert0", "expert1", "expert2")


@pytest.fixture(scope="module")
def flipped(make_world):
    """Every tenth hard label points at the answer of another group."""
    dataset, scores = make_world(n_groups=60, noises=(0.4, 0.6, 0.8))
    right = dataset.right_answer.copy()
    planted = np.arange(0, len(right), 10)
    right[planted] = (right[planted] + 17) % 60
    # The importer groups answers by what the file calls right, so the planted ones are "outside".
    dataset = replace(dataset, right_answer=right, answer_group=dataset.answer_group + 1000)
    scores = [replace(expert, dataset_id=dataset.id) for expert in scores]
    model = LabelModel.fit(dataset, scores, LabelRecipe(NAMES))
    sample = sample_for_inspection(dataset, scores, seed=0)
    return sample, np.isin(sample.question_rows, planted), model


def test_planted_wrong_labels_are_found_and_few_others_are_blamed(flipped):
    sample, planted, model = flipped
    found = find_suspects(sample, model.expert_pairs(sample), model.weights)
    right = sample.kind == "right"
    hits = found.suspected & right
    assert hits[planted].sum() >= 0.55 * (right & planted).sum()
    assert (hits & planted).sum() >= 0.75 * hits.sum()
    missed = ~right & planted & (sample.answer_rows == sample.question_rows // 4)
    assert found.suspected[missed].mean() > 0.4  # the answers that the flips took away


def test_most_suspicious_come_first_and_are_all_suspected(flipped):
    sample, _, model = flipped
    found = find_suspects(sample, model.expert_pairs(sample), model.weights)
    first = found.most_suspicious
    assert found.suspected[first].all() and len(first) == found.suspected.sum() > 0
    assert (np.diff(found.suspicion[first]) <= 0).all()
    assert (np.diff(found.spread[found.most_disputed]) <= 0).all()


def test_one_loud_expert_alone_makes_no_suspect(flipped):
    sample, _, _ = flipped
    contrary = np.stack([sample.hard_label, sample.hard_label, 1 - sample.hard_label])
    found = find_suspects(sample, contrary, np.full(3, 1 / 3))
    assert not found.suspected.any()
    np.testing.assert_allclose(found.spread, np.std([0, 0, 1]), atol=1e-6)


def test_silence_is_neither_suspicious_nor_disputed(flipped):
    sample, _, model = flipped
    calibrated = model.expert_pairs(sample)
    calibrated[:, :5] = np.nan
    found = find_suspects(sample, calibrated, model.weights)
    assert not found.suspected[:5].any()
    np.testing.assert_array_equal(found.spread[:5], 0)
    np.testing.assert_array_equal(found.suspicion[:5], 0)
