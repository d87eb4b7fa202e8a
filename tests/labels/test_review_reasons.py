"""The reason why a pair is suspected names the right experts and numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.labels.model import LabelModel
from core.labels.pair_sample import sample_for_inspection, with_pairs
from core.labels.review import find_suspects, reason, voices
from core.types import LabelRecipe

NAMES = ("expert0", "expert1", "expert2")


def test_every_suspect_has_a_reason_with_as_many_experts_as_were_counted(make_world):
    dataset, scores = make_world(noises=(0.5, 0.7, 1.0), seed=4)
    flipped = dataset.right_answer.copy()
    flipped[::5] = (flipped[::5] + 7) % 30
    dataset = replace(dataset, right_answer=flipped)
    scores = [replace(one, dataset_id=dataset.id) for one in scores]
    model = LabelModel.fit(dataset, scores, LabelRecipe(NAMES))
    sample = sample_for_inspection(dataset, scores, seed=0)
    calibrated = model.expert_pairs(sample)
    findings = find_suspects(sample, calibrated, model.weights)
    assert len(findings.most_suspicious) >= 5
    for position in findings.most_suspicious:
        heard = voices(sample, calibrated, NAMES, int(position))
        assert sum(voice.against for voice in heard) == findings.against[position]
        text = str(reason(heard, findings, sample, int(position)))
        assert f"{findings.against[position]} of 3 experts" in text
        assert all((voice.name in text) == voice.against for voice in heard)


def test_silent_experts_are_not_counted(silent_world):
    dataset, scores = silent_world
    model = LabelModel.fit(dataset, scores, LabelRecipe(NAMES))
    sample = sample_for_inspection(dataset, scores, seed=0)
    calibrated = model.expert_pairs(sample)
    findings = find_suspects(sample, calibrated, model.weights)
    quiet = int(np.flatnonzero(np.isnan(calibrated[1]))[0])
    heard = voices(sample, calibrated, NAMES, quiet)
    assert not heard[1].against
    calibrated[:] = np.nan
    heard = voices(sample, calibrated, NAMES, quiet)
    assert "No expert" in str(reason(heard, findings, sample, quiet))


def test_added_pairs_are_scored_as_if_drawn(silent_world):
    """A pair judged by hand lies outside a small draw; its figures must be the true ones."""
    dataset, scores = silent_world
    sample = sample_for_inspection(dataset, scores, seed=0, size=200)
    wanted = [(dataset.questions[i], dataset.answers[i % 30]) for i in range(100)]
    larger = with_pairs(sample, dataset, scores, [*wanted, ("unknown", "unknown")])
    assert len(larger) > len(sample)
    present = {
        (dataset.questions[q], dataset.answers[a])
        for q, a in zip(larger.question_rows, larger.answer_rows, strict=True)
    }
    assert set(wanted) <= present and len(present) == len(larger)
    for row, expert in enumerate(scores):
        np.testing.assert_array_equal(
            larger.raw[row], expert.pairs(larger.question_rows, larger.answer_rows)
        )
    truth = np.asarray(dataset.relevance[larger.question_rows, larger.answer_rows]).reshape(-1)
    np.testing.assert_array_equal(larger.hard_label[len(sample) :], truth[len(sample) :] > 0)
