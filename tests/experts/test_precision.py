"""In which form a model encodes: measured, remembered, and never at the price of other vectors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core.errors import ExportError, Stopped
from core.experts import onnx_form, precision
from core.experts.catalogue import find_entry
from core.experts.encoders import load_encoder
from core.experts.encoding import (
    BF16,
    FP32,
    WORTH_SPLITTING,
    encode_with,
    load_model,
    side_by_side,
)
from core.experts.onnx_form import OnnxForm, can_convert, convert, is_converted
from core.experts.precision import ONNX, WORTH_CONVERTING, choose_encoding_model, probe
from core.workspace.modelstore import ModelStore
from tests.tiny_models import tiny_bert  # noqa: F401  (a fixture)


class _Device:
    type = "cpu"


class _Model:
    """Stands for a model: what counts here is the choice, not the vectors."""

    device = _Device()

    def __init__(self, angle=0.0, seconds=1.0):
        self.angle, self.seconds = angle, seconds

    def __getitem__(self, index):
        return self

    def __deepcopy__(self, memo):
        return _Model(self.half_angle, self.half_seconds)

    half_angle, half_seconds = 0.0, 0.25

    def bfloat16(self):
        return self

    def parameters(self):
        return ()

    modules = parameters


class _Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return _Clock()


@pytest.fixture
def encode(clock):
    def encode(model, texts):
        clock.now += model.seconds
        return np.tile([np.cos(model.angle), np.sin(model.angle)], (len(texts), 1))

    return encode


@pytest.fixture
def bf16(monkeypatch):
    monkeypatch.setattr(precision, "computes_bf16", lambda: True)
    monkeypatch.setattr(precision, "can_convert", lambda model: False)


@pytest.mark.parametrize(
    ("angle", "seconds", "chosen"),
    [
        (0.01, 0.3, BF16),
        (0.1, 0.3, FP32),  # the vectors turned: cosine 0.995
        (0.01, 0.97, FP32),  # no gain
        (np.nan, 0.1, FP32),
    ],
)
def test_half_the_bits_only_where_faster_and_the_same(angle, seconds, chosen, encode, clock):
    model, half = _Model(), _Model(angle, seconds)
    found, form = probe(model, {BF16: lambda: half}, ["a", "b"], encode, clock)
    assert found.precision == chosen
    assert form is (half if chosen == BF16 else model)


@pytest.mark.parametrize(
    ("half", "onnx", "chosen", "tried"),
    [
        (0.3, 0.2, BF16, "bf16"),  # clearly faster: nothing else is made
        (0.8, 0.5, ONNX, "bf16,onnx"),
        (0.6, 0.59, BF16, "bf16,onnx"),  # what is there already wins a tie
        (1.1, 1.2, FP32, "bf16,onnx"),
        (1.1, None, FP32, "bf16,onnx"),  # cannot be converted
    ],
)
def test_the_fastest_of_several_forms_is_taken(half, onnx, chosen, tried, encode, clock):
    makers = {
        BF16: lambda: _Model(seconds=half),
        ONNX: lambda: None if onnx is None else _Model(seconds=onnx),
    }
    found, _ = probe(_Model(), makers, ["a"], encode, clock)
    assert (found.precision, found.tried) == (chosen, tried)


@pytest.mark.parametrize("gain", [0.8, 0.97, 1.0, 1.03, 1.08, 1.2, 1.8, 3.0])
def test_a_hundred_probes_on_a_busy_processor_lose_ten_per_cent_at_most(gain):
    """Two of five rounds are met by other programs, which make them up to three times as long."""
    for seed in range(100):
        rng, clock = np.random.default_rng(seed), _Clock()

        def encode(form, texts, rng=rng, clock=clock):
            busy = 1 + 2 * rng.random() * (rng.random() < 0.4)
            clock.now += form.seconds * busy * (1 + 0.01 * rng.random())
            return np.ones((len(texts), 1))

        model, other = _Model(seconds=0.2), _Model(seconds=0.2 / gain)
        _, form = probe(model, {BF16: lambda other=other: other}, ["a"], encode, clock)
        assert form.seconds <= 1.1 * min(model.seconds, other.seconds), f"seed {seed}"


def test_the_choice_is_measured_once_and_kept(tmp_path, encode, clock, bf16):
    store, model = ModelStore(tmp_path), _Model()
    first = choose_encoding_model(model, "abcd", ["text"], encode, store, clock)
    assert first is not model
    spent = clock.now
    again = choose_encoding_model(model, "abcd", ["text"], encode, ModelStore(tmp_path), clock)
    assert again is not model
    assert clock.now == spent
    other = choose_encoding_model(model, "another", ["text"], encode, store, clock)
    assert other is not model
    assert clock.now > spent


def test_a_choice_of_another_machine_or_a_damaged_one_is_made_again(tmp_path, encode, clock, bf16):
    store, model = ModelStore(tmp_path), _Model()
    kept = {"precision": FP32, "gain": 1.0, "cosine": 1.0, "machine": "elsewhere", "tried": BF16}
    for values in (kept, {"precision": BF16}, {}):
        store.record_probe("abcd", values)
        assert choose_encoding_model(model, "abcd", ["text"], encode, store, clock) is not model


def test_processors_without_bf16_keep_the_model_for_few_texts(tmp_path, encode, clock, monkeypatch):
    monkeypatch.setattr(precision, "computes_bf16", lambda: False)
    model = _Model()
    assert choose_encoding_model(model, "abcd", [], encode, ModelStore(tmp_path), clock) is model
    assert clock.now == 0


def test_many_texts_are_worth_a_conversion_that_few_were_not(tmp_path, encode, clock, monkeypatch):
    monkeypatch.setattr(precision, "computes_bf16", lambda: True)
    monkeypatch.setattr(precision, "can_convert", lambda model: True)
    made = []

    def convert(model, fingerprint, store):
        made.append(fingerprint)
        return _Model(seconds=0.4)

    monkeypatch.setattr(precision, "convert", convert)
    store, model = ModelStore(tmp_path), _Model()
    model.__class__ = type("Slow", (_Model,), {"half_seconds": 0.9})
    many = [f"text {number}" for number in range(WORTH_CONVERTING)]
    few = choose_encoding_model(model, "abcd", many[:20], encode, store, clock)
    assert few.seconds == 0.25 or few.seconds == 0.9
    assert not made
    assert choose_encoding_model(model, "abcd", many, encode, store, clock).seconds == 0.4
    assert made == ["abcd"]
    # Remembered, but where the file is gone nobody waits for it to answer one question.
    assert choose_encoding_model(model, "abcd", ["one"], encode, store, clock) is model


@pytest.fixture
def tiny(tiny_bert):  # noqa: F811
    return load_model(tiny_bert, "cpu")


TEXTS = ["refund", "where my parcel please help", "money " * 90, "", "courier login tax"]


def test_the_copy_in_bf16_leaves_the_model_as_it_was(tiny):
    """It shares the tokenizer, which takes longest to copy, and no number."""
    before = {name: tensor.clone() for name, tensor in tiny.state_dict().items()}
    half = precision.in_bf16(tiny)
    assert {str(p.dtype) for p in half.parameters()} == {"torch.bfloat16"}
    assert half.tokenizer is tiny.tokenizer
    for one in half.parameters():
        one.data.zero_()
    for name, tensor in tiny.state_dict().items():
        assert tensor.dtype == before[name].dtype and tensor.equal(before[name]), name


def test_batches_at_once_give_the_same_vectors_and_leave_the_threads_alone(tiny):
    """Each thread has its part of the cores; the setting is torch's, for the whole process."""
    import torch

    cores = torch.get_num_threads()
    texts = [f"{text} {number}" for number in range(60) for text in TEXTS]
    try:
        torch.set_num_threads(1)
        alone = encode_with(tiny, texts, "query : ")
        torch.set_num_threads(3)
        with side_by_side(tiny, len(texts)) as at_once:
            assert at_once.count == 3
            each = list(at_once.threads.map(lambda _: torch.get_num_threads(), range(9)))
        assert each == [1] * 9
        with side_by_side(tiny, WORTH_SPLITTING - 1) as at_once:
            assert at_once is None, "a question typed by hand waits for no thread"
        np.testing.assert_allclose(encode_with(tiny, texts, "query : "), alone, atol=1e-6)
        assert torch.get_num_threads() == 3
        with ThreadPoolExecutor(1) as other:
            assert other.submit(torch.get_num_threads).result() == 3
    finally:
        torch.set_num_threads(cores)


def test_batches_at_once_stop_when_asked(tiny, listener):
    import torch

    cores = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with pytest.raises(Stopped):
            encode_with(tiny, [f"text {n}" for n in range(900)], report=listener(stop_after=1))
    finally:
        torch.set_num_threads(cores)


@pytest.mark.parametrize("least", [1, 10**9])
def test_the_onnx_form_gives_the_vectors_of_the_model(tiny, tmp_path, monkeypatch, least):
    """With its tables in the file and with those of the model in memory, prompts included."""
    monkeypatch.setattr(onnx_form, "LEAST_SHARED", least)
    store = ModelStore(tmp_path)
    assert can_convert(tiny) and not is_converted("abcd", store)
    form = convert(tiny, "abcd", store)
    assert is_converted("abcd", store)
    for prompt in ("", "query : "):
        ours, theirs = form.encode(TEXTS, prompt), encode_with(tiny, TEXTS, prompt)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    # Another process takes it from the store and converts nothing.
    monkeypatch.setattr(onnx_form, "write_onnx", None)
    again = convert(tiny, "abcd", ModelStore(tmp_path))
    np.testing.assert_array_equal(again.encode(TEXTS), form.encode(TEXTS))


def test_batches_of_the_onnx_form_at_once_give_the_same_vectors_and_stop(tiny, tmp_path, listener):
    import torch

    texts = [f"{text} {number}" for number in range(60) for text in TEXTS]
    cores, found = torch.get_num_threads(), {}
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            form = convert(tiny, "abcd", ModelStore(tmp_path))
            found[count] = form.encode(texts, "query : ")
            with pytest.raises(Stopped):
                form.encode(texts, report=listener(stop_after=1))
            np.testing.assert_array_equal(form.encode(texts, "query : "), found[count])
            np.testing.assert_allclose(
                form.encode(texts[:1], "query : ")[0], found[count][0], atol=1e-5
            )
    finally:
        torch.set_num_threads(cores)
    np.testing.assert_allclose(found[3], found[1], atol=1e-6)
    np.testing.assert_allclose(found[1], encode_with(tiny, texts, "query : "), atol=1e-5)


def test_models_that_read_otherwise_are_not_converted(tiny):
    assert not can_convert(tiny, free_bytes=1000)
    tiny.truncate_dim = 8
    assert not can_convert(tiny)
    tiny.truncate_dim = None
    tiny[1].include_prompt = False
    try:
        assert not can_convert(tiny)
    finally:
        tiny[1].include_prompt = True


def test_what_cannot_be_converted_or_read_leaves_the_model(tiny, tmp_path, monkeypatch):
    def refuse(model, target):
        raise ExportError("no")

    monkeypatch.setattr(onnx_form, "write_onnx", refuse)
    assert convert(tiny, "abcd", ModelStore(tmp_path)) is None
    monkeypatch.setattr(onnx_form, "write_onnx", lambda model, target: target.write_bytes(b"odd"))
    monkeypatch.setattr(onnx_form, "_without_tables", lambda path, weights: [])
    assert convert(tiny, "abcd", ModelStore(tmp_path)) is None


def test_the_store_keeps_the_forms_used_last(tiny, tmp_path, monkeypatch):
    store = ModelStore(tmp_path)
    monkeypatch.setattr(onnx_form, "KEPT", 2)
    convert(tiny, "first", store)
    graph = next(store.root.glob("onnx-first*")) / onnx_form.FILE
    monkeypatch.setattr(
        onnx_form, "write_onnx", lambda model, target: target.write_bytes(graph.read_bytes())
    )
    convert(tiny, "second", store)
    convert(tiny, "first", store)
    convert(tiny, "third", store)
    assert [is_converted(name, store) for name in ("first", "second", "third")] == [
        True, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize("form", [BF16, ONNX])
def test_real_model_gives_the_same_vectors_as_plain_sentence_transformers(
    tmp_path, monkeypatch, form
):
    monkeypatch.setattr(precision, "computes_bf16", lambda: form == BF16)
    monkeypatch.setattr(precision, "LEAST_GAIN", 0.0)  # the form, however fast it is today
    monkeypatch.setattr(precision, "LEAST_ROUNDS", 1)
    monkeypatch.setattr(precision, "MOST_SECONDS", 0.0)
    monkeypatch.setattr(precision, "WORTH_CONVERTING", 0)
    if form == BF16:
        monkeypatch.setattr(precision, "can_convert", lambda model: False)
    encoder = load_encoder(find_entry("all-MiniLM-L6-v2"), ModelStore(tmp_path), "cpu")
    texts = [*precision.SENTENCES, "parcel " * 300, "Where is my parcel?", "parcel " * 40]
    plain = encoder.model.encode(texts, normalize_embeddings=True)
    vectors = encoder.encode(texts, "document")
    assert encoder.precision == form and isinstance(encoder.encoding_model, OnnxForm) == (
        form == ONNX
    )
    assert vectors.dtype == np.float32
    bound = 1 - precision.LEAST_COSINE if form == BF16 else 1e-5
    assert (vectors * plain).sum(axis=1).min() >= 1 - bound
