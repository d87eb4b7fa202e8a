"""Tuning for questions only: the answers of a deployed index keep their vectors."""

from __future__ import annotations

import dataclasses

import numpy as np

from core.tuning import learner as learner_module
from core.tuning.student import DOCUMENT, QUERY, encode, load_model
from tests.tuning.tiny_runs import CONFIG, Killed, Recorder, ndcg, run, same, weights

SIDE = dataclasses.replace(CONFIG, query_side=True, max_length=8)


def test_answers_keep_the_base_vectors_in_steps_and_checks(
    small_dataset, tiny_bert, tmp_path, monkeypatch
):
    """Answers through the tuned model would promise a gain that the deployed index cannot give."""
    long = tuple(f"{answer} {'courier ' * 12}" for answer in small_dataset.answers)
    dataset = dataclasses.replace(small_dataset, answers=long)
    base = encode(load_model(tiny_bert), dataset.answers, DOCUMENT)  # uncut: longer than 8 tokens
    in_steps, in_checks = [], []
    real = learner_module.embed
    monkeypatch.setattr(
        learner_module, "embed", lambda m, t, task: in_steps.append(task) or real(m, t, task)
    )
    measure = ndcg(dataset)

    def evaluate(questions, vectors, answers, corpus):
        in_checks.append(np.abs(corpus - base[answers]).max())
        return measure(questions, vectors, answers, corpus)

    outcome = run(dataset, tiny_bert, tmp_path, config=SIDE, evaluate=evaluate)
    assert set(in_steps) == {QUERY}
    assert len(in_checks) == 2 * len(outcome.curve)
    assert max(in_checks) < 1e-6
    assert outcome.query_side
    assert not same(outcome.model_folder, tiny_bert) or outcome.best_step == 0


def test_it_learns_with_the_answers_where_they_are(small_dataset, tiny_bert, tmp_path):
    report = Recorder()
    config = dataclasses.replace(SIDE, epochs=6, max_length=16)
    run(small_dataset, tiny_bert, tmp_path, report, config, checkpoint_seconds=1e9)
    losses = [values["loss"] for values in report.metrics if "loss" in values]
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def test_a_killed_run_ends_as_an_uninterrupted_one(small_dataset, tiny_bert, tmp_path):
    """After a kill the answers are encoded anew: with the base, not with the half-tuned model."""
    straight = run(small_dataset, tiny_bert, tmp_path / "straight", config=SIDE)
    for die_at in (2, 7):
        try:
            run(small_dataset, tiny_bert, tmp_path, Recorder(die_at=die_at), SIDE)
        except Killed:
            continue
        raise AssertionError("it should have died")
    resumed = run(small_dataset, tiny_bert, tmp_path, config=SIDE)
    assert resumed.curve == straight.curve
    assert same(resumed.model_folder, straight.model_folder)
    assert weights(resumed.model_folder).keys() == weights(tiny_bert).keys()
