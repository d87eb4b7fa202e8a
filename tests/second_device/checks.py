"""Tuning on a device of its own: whatever is left on the processor by mistake fails here.

Run by ``tests/tuning/test_device.py``.

No graphics card is needed: the stand-in refuses to mix as CUDA does and counts as the processor
does, so a run there ends with the processor's weights.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from core.experts.encoders import SentenceEncoder
from core.experts.encoding import encode_with
from core.tuning import validation
from core.tuning.taught import TaughtQuestions
from core.types.tuning import DeviceInfo
from core.workspace.modelstore import ModelStore
from tests.second_device.standin import NAME, standin_device
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
