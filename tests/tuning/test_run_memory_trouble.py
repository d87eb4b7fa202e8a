"""Too little memory and a loss that is not a number: what goes on, what is said, what is kept."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import TuningError
from core.tuning import learner as learner_module, run as run_module
from tests.tuning.tiny_runs import HardLabels, Killed, Recorder, run, same, weights

BASES = pytest.mark.parametrize("base", ["tiny_bert", "tiny_static"])


@pytest.fixture(autouse=True)
def saving_costs_nothing(monkeypatch):
    """Let a checkpoint be due after every step."""
    monkeypatch.setattr(run_module, "SAVING_SHARE", 0)


def short_of_memory(monkeypatch, above: int):
    """Let encoding more than ``above`` texts with gradient run out of memory, as torch says it."""
    real = learner_module.embed

    def embed(model, texts, task):
        if model.training and len(texts) > above:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        return real(model, texts, task)

    monkeypatch.setattr(learner_module, "embed", embed)


@BASES
def test_too_little_memory_once_goes_on_by_itself_even_after_a_kill(
    base, small_dataset, tmp_path, request, monkeypatch
):
    """The resumed run must not fail again first, and must end with the same weights."""
    folder = request.getfixturevalue(base)
    short_of_memory(monkeypatch, above=6)
    straight = run(small_dataset, folder, tmp_path / "straight", report := Recorder())
    assert len([text for text in report.warnings if "texts at a time" in text]) == 1
    with pytest.raises(Killed):
        run(small_dataset, folder, tmp_path / "run", Recorder(die_at=5))
    outcome = run(small_dataset, folder, tmp_path / "run", report := Recorder())
    assert not [text for text in report.warnings if "texts at a time" in text]
    assert outcome.steps == straight.steps == 10
    assert same(outcome.model_folder, straight.model_folder)


@BASES
def test_too_little_memory_again_names_the_settings_to_change(
    base, small_dataset, tmp_path, request, monkeypatch
):
    short_of_memory(monkeypatch, above=1)
    with pytest.raises(TuningError) as caught:
        run(small_dataset, request.getfixturevalue(base), tmp_path)
    assert "questions per step (now 6)" in str(caught.value)
    assert "longest text (now 16)" in str(caught.value)


class GreedyLabels(HardLabels):
    """Run out of memory in numpy from the eighth block on."""

    calls = 0

    def block(self, question_rows, answer_rows):
        self.calls += 1
        if self.calls > 7:
            raise MemoryError("Unable to allocate 8.00 GiB for an array")
        return super().block(question_rows, answer_rows)


@BASES
def test_too_little_memory_for_labels_is_said_the_same_way_and_the_best_is_kept(
    base, small_dataset, tmp_path, request
):
    """numpy's own error is no RuntimeError: it would end as an unexpected one."""
    folder = request.getfixturevalue(base)
    with pytest.raises(TuningError, match="too little memory"):
        run(small_dataset, folder, tmp_path, labels=GreedyLabels(small_dataset))
    assert not same(tmp_path / "model", folder)


@BASES
def test_too_little_memory_in_a_check_is_said_and_the_best_is_kept(
    base, small_dataset, tmp_path, request, monkeypatch
):
    real, calls = learner_module.encode, []

    def encode(*arguments):
        calls.append(1)
        if len(calls) > 18:  # six go before the first check
            raise RuntimeError("CUDA error: out of memory")
        return real(*arguments)

    monkeypatch.setattr(learner_module, "encode", encode)
    folder = request.getfixturevalue(base)
    with pytest.raises(TuningError, match="too little memory"):
        run(small_dataset, folder, tmp_path)
    assert not same(tmp_path / "model", folder)


class BrokenLabels(HardLabels):
    """Targets that are not numbers from the eighth block on."""

    calls = 0

    def block(self, question_rows, answer_rows):
        targets, mask = super().block(question_rows, answer_rows)
        self.calls += 1
        return targets * (np.nan if self.calls > 7 else 1), mask


@BASES
def test_a_loss_that_is_not_a_number_ends_readably_with_the_best_model(
    base, small_dataset, tmp_path, request
):
    """NaN must reach neither the weights that are kept nor a saved state."""
    folder = request.getfixturevalue(base)
    report = Recorder()
    with pytest.raises(TuningError, match="step 8: the loss is nan") as caught:
        run(small_dataset, folder, tmp_path, report, labels=BrokenLabels(small_dataset))
    assert "Lower the learning rate" in str(caught.value)
    assert not same(tmp_path / "model", folder)
    files = list(tmp_path.rglob("model.safetensors"))
    assert len(files) >= 3
    for file in files:
        assert all(np.isfinite(values).all() for values in weights(file.parent).values())
    outcome = run(small_dataset, folder, tmp_path)  # with labels mended, it goes on
    assert outcome.steps == 10
