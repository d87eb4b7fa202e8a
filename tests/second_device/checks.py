"""Tuning on a device of its own: whatever is left on the processor by mistake fails here.

Run by ``tests/tuning/test_device.py``.

No graphics card is needed: the stand-in refuses to mix as CUDA does and counts as the processor
does, so a run there ends with the processor's weights.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc

import numpy as np
import pytest
import torch

from core.errors import Stopped
from core.experts import cross_encoder, encoding
from core.experts.encoders import SentenceEncoder
from core.experts.encoding import encode_with
from core.experts.expert_scores import score_dataset
from core.experts.local_folder import expert_in_folder
from core.experts.source import ScoringContext
from core.tuning import validation
from core.tuning.learner import Learner
from core.tuning.taught import TaughtQuestions
from core.types.tuning import DeviceInfo
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache
from tests.experts.test_cross_encoder import build
from tests.second_device.standin import NAME, Placed, crossings, pin, standin_device
from tests.tiny_models import FILLERS, TOPICS, tiny_bert, tiny_static
from tests.tuning.conftest import small_dataset
from tests.tuning.test_batches_neighbourhoods import NearInOrder
from tests.tuning.test_taught import random_experts, with_open
from tests.tuning.tiny_runs import CONFIG, Killed, Recorder, run, same, weights

__all__ = ["small_dataset", "tiny_bert", "tiny_static"]

STANDIN = DeviceInfo("stand-in", NAME, "fp32", None, 1)
EVERYTHING = dataclasses.replace(
    CONFIG,
    epochs=1,
    dropout=False,  # drawn otherwise on each device
    neighbourhoods_per_batch=1,
    neighbours=3,
    neighbourhood_weight=0.5,
    neighbourhood_columns=True,
    open_share=0.5,
    candidates_per_question=2,
    spare_unasked=True,
    teach_known_weight=0.5,
    stay_close=0.5,
    orthogonal=0.1,
    infonce_share=0.2,
    guard_regimes=True,
)


@pytest.fixture
def device(monkeypatch):
    monkeypatch.setitem(validation.MOST_ANSWERS, NAME, 3000)
    with standin_device():
        yield NAME


def settings(dataset):
    labels = random_experts(dataset)
    taught = TaughtQuestions.of(labels)
    neutral = tuple(f"{filler} {word}" for filler in FILLERS for topic in TOPICS for word in topic)
    given = {"labels": labels, "taught": taught, "answer_labels": NearInOrder()}
    return {**given, "neutral": neutral}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"whole_corpus": True},
        {"whole_corpus": True, "query_side": True},
        {"chunk_size": 5},
        {"lora_rank": 2},
        {"loss": "infonce"},
        {"loss": "cosent"},
        {"loss": "mse"},
    ],
    ids=str,
)
def test_a_run_on_another_device_ends_with_the_weights_of_the_processor(
    changes, small_dataset, tiny_bert, tmp_path, monkeypatch
):
    monkeypatch.setitem(validation.MOST_ANSWERS, NAME, 3000)
    dataset = with_open(small_dataset)
    config = dataclasses.replace(EVERYTHING, **changes)
    here = run(dataset, tiny_bert, tmp_path / "here", config=config, **settings(dataset))
    with standin_device():
        there = run(
            dataset,
            tiny_bert,
            tmp_path / "there",
            config=config,
            device=STANDIN,
            **settings(dataset),
        )
    assert there.result.steps == here.result.steps > 2
    base, one, other = (weights(f) for f in (tiny_bert, there.model_folder, here.model_folder))
    assert one.keys() == other.keys() == base.keys()
    learned = sum(np.square(value - base[name]).sum() for name, value in other.items())
    apart = sum(np.square(value - other[name]).sum() for name, value in one.items())
    assert apart < 1e-4 * learned  # the update has a kernel of its own on each device


def test_word_vectors_learn_on_another_device(small_dataset, tiny_static, tmp_path, device):
    ended = run(small_dataset, tiny_static, tmp_path, device=STANDIN)
    assert ended.result.steps > 2


def test_a_run_that_was_killed_goes_on_there(small_dataset, tiny_bert, tmp_path, device):
    dataset = with_open(small_dataset)
    given = {"config": EVERYTHING, "device": STANDIN}
    straight = run(dataset, tiny_bert, tmp_path / "a", **given, **settings(dataset))
    with pytest.raises(Killed):
        run(dataset, tiny_bert, tmp_path / "b", Recorder(die_at=5), **given, **settings(dataset))
    resumed = run(dataset, tiny_bert, tmp_path / "b", **given, **settings(dataset))
    assert resumed.curve == straight.curve
    assert same(resumed.model_folder, straight.model_folder)


def test_texts_are_encoded_there_and_come_back(tiny_bert, tmp_path, device):
    texts = ["my refund", "the parcel please", "where invoice"] * 20
    store = ModelStore(tmp_path / "models")
    there = SentenceEncoder(tiny_bert, store, device=NAME).encode(texts, "query")
    plain = SentenceEncoder(tiny_bert, store, device="cpu")  # its own model, in no faster form
    here = encode_with(plain.model, texts, plain.prompt("query"), role="query")
    assert isinstance(there, np.ndarray)
    np.testing.assert_allclose(there, here, atol=1e-6)


def test_the_stand_in_refuses_what_a_card_refuses(device):
    table = torch.randn(4, 3, device=device, requires_grad=True)
    for mixed in (
        lambda: table @ torch.randn(3, 2),
        lambda: torch.cat([table, torch.zeros(1, 3)]),
        lambda: torch.where(torch.ones(4, 3, dtype=torch.bool), table, table),
        lambda: torch.arange(4)[torch.tensor([1], device=device)],
        lambda: torch.nn.functional.mse_loss(table, torch.zeros(4, 3)),
    ):
        with pytest.raises(RuntimeError, match="at least two devices"):
            mixed()
    with pytest.raises(RuntimeError, match="not supported"):  # CUDA's words are others
        table.detach().numpy()
    (table[torch.tensor([1])] * torch.tensor(2.0)).sum().backward()  # as CUDA allows
    assert table.grad.cpu().sum() == 6


@pytest.fixture
def card(device, monkeypatch):
    """The stand-in copies while it computes, as CUDA does; what was waited for."""
    waited: list[torch.device] = []
    monkeypatch.setattr(encoding, "COPIES_BESIDE", {NAME})
    monkeypatch.setattr(encoding, "_when_done", lambda place: lambda: waited.append(place))
    monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
    crossings.clear()
    return waited


def tables(to_card):
    """What crossed one way, single numbers left out: the card takes those with its next task."""
    return [one for one in crossings if one.to_card == to_card and one.shape]


@pytest.mark.parametrize(
    "changes", [{}, {"whole_corpus": True}, {"whole_corpus": True, "query_side": True}], ids=str
)
def test_a_step_crosses_without_waiting(
    changes, small_dataset, tiny_bert, tmp_path, card, monkeypatch
):
    """The next texts are prepared while the card computes."""
    dataset = with_open(small_dataset)
    config = dataclasses.replace(EVERYTHING, **changes)
    sent, back, plainly = [], [], Learner._gradients

    def noted(self, batch, number):
        crossings.clear()
        value = plainly(self, batch, number)
        sent.append(tables(to_card=True))
        back.append(tables(to_card=False))
        return value

    monkeypatch.setattr(Learner, "_gradients", noted)
    ended = run(dataset, tiny_bert, tmp_path, config=config, device=STANDIN, **settings(dataset))
    assert len(sent) == ended.result.steps > 2
    assert min(map(len, sent)) > 5 and not any(one.waits for step in sent for one in step)
    remembers = changes == {"whole_corpus": True}  # answers as this step has read them
    assert all(len(step) == remembers for step in back)
    assert not any(one.waits for step in back for one in step)


def test_texts_are_cut_into_tokens_while_the_card_reads_others(tiny_bert, card, monkeypatch):
    """A batch is waited for once the next one is begun."""
    model = encoding.load_model(tiny_bert, NAME)
    waited_before, plainly = [], model.preprocess

    def noted(*texts, **given):
        waited_before.append(len(card))
        return plainly(*texts, **given)

    monkeypatch.setattr(model, "preprocess", noted)
    monkeypatch.setitem(encoding.MOST_TEXTS, NAME, 4)
    texts = [f"{filler} {word}" for filler in FILLERS for topic in TOPICS for word in topic][:16]
    vectors = encode_with(model, texts, role="query")
    assert waited_before == [0, 0, 1, 2] and len(card) == 4
    assert len(tables(to_card=False)) == 4
    assert not any(one.waits for one in tables(to_card=False))
    monkeypatch.setattr(encoding, "COPIES_BESIDE", set())
    np.testing.assert_array_equal(encode_with(model, texts, role="query"), vectors)


@pytest.mark.parametrize("ends", ["well", "stopped", "badly"])
@pytest.mark.parametrize("kind", ["texts", "pairs"])
def test_scoring_leaves_nothing_on_the_card(
    kind, ends, small_dataset, tiny_bert, tmp_path, card, monkeypatch
):
    """The expert that comes next needs its memory, and so does whoever shares the card."""
    folder = tiny_bert if kind == "texts" else build(tmp_path / "pairs")
    gc.collect()
    before, held, given_back = len(Placed.alive), [], []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: given_back.append(len(Placed.alive)))
    plainly = encoding.fetch

    def noted(numbers):
        held.append(len(Placed.alive))
        if ends == "badly":
            raise RuntimeError("the card is gone")
        return plainly(numbers)

    for module in (encoding, cross_encoder):
        monkeypatch.setattr(module, "fetch", noted)
    report = Recorder()
    if ends == "stopped":
        monkeypatch.setattr(report, "should_stop", lambda: len(held) > 0)
    context = ScoringContext(ModelStore(tmp_path / "m"), VectorCache(tmp_path / "v"), device=NAME)
    key = expert_in_folder(folder).key
    with contextlib.ExitStack() as stack:
        if ends == "stopped":
            stack.enter_context(pytest.raises(Stopped))
        scored = score_dataset(small_dataset, [key], context, report)
        assert bool(scored.failures) == (ends == "badly")
    assert max(held) > before + 10  # the model was there
    assert given_back[-1] == before
