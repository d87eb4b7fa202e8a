"""Batches of like length and the choice of a number format."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from core.experts import precision
from core.experts.catalogue import find_entry
from core.experts.encoders import load_encoder
from core.experts.encoding import BF16, FP32, MOST_TEXTS, length_batches, token_estimates
from core.experts.precision import choose_encoding_model, probe
from core.workspace.modelstore import ModelStore


@given(st.lists(st.integers(1, 600), max_size=400), st.integers(64, 9000))
def test_batches_hold_each_text_once_and_no_more_than_fits(lengths, budget):
    tokens = np.array(lengths, np.int64)
    batches = length_batches(tokens, "cpu", most_tokens=budget)
    rows = np.concatenate(batches) if batches else np.empty(0, np.int64)
    assert sorted(rows.tolist()) == list(range(len(tokens)))
    assert (np.diff(tokens[rows]) >= 0).all()
    for batch in batches:
        assert len(batch) <= MOST_TEXTS["cpu"]
        assert len(batch) == 1 or len(batch) * tokens[batch].max() <= budget
        # little padding, however few the texts and different their lengths
        shortest, longest = tokens[batch].min(), tokens[batch].max()
        assert longest <= max(1.3 * shortest, shortest + 8)


def test_estimates_are_near_what_tokenizers_count():
    texts = ["How do I send a parcel back that arrived broken?", "Opening hours"]
    assert token_estimates(texts, 256).tolist() == pytest.approx([13, 5], abs=3)
    assert token_estimates(["long " * 1000], 256).tolist() == [256]


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


@pytest.mark.parametrize(
    ("angle", "seconds", "chosen"),
    [
        (0.01, 0.3, BF16),
        (0.1, 0.3, FP32),  # the vectors turned: cosine 0.995
        (0.01, 0.95, FP32),  # no gain
        (np.nan, 0.1, FP32),
    ],
)
def test_half_the_bits_only_where_faster_and_the_same(angle, seconds, chosen, encode, clock):
    found = probe(_Model(), _Model(angle, seconds), ["a", "b"], encode, clock)
    assert found.precision == chosen


def test_the_choice_is_measured_once_and_kept(tmp_path, encode, clock, monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: True)
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


def test_a_choice_of_another_machine_or_a_damaged_one_is_made_again(
    tmp_path, encode, clock, monkeypatch
):
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: True)
    store, model = ModelStore(tmp_path), _Model()
    kept = {"precision": FP32, "gain": 1.0, "cosine": 1.0, "machine": "elsewhere"}
    for values in (kept, {"precision": BF16}, {}):
        store.record_probe("abcd", values)
        assert choose_encoding_model(model, "abcd", ["text"], encode, store, clock) is not model


def test_processors_without_bf16_keep_the_model(tmp_path, encode, clock, monkeypatch):
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: False)
    model = _Model()
    assert choose_encoding_model(model, "abcd", [], encode, ModelStore(tmp_path), clock) is model
    assert clock.now == 0


def test_real_model_gives_the_same_vectors_as_plain_sentence_transformers(tmp_path):
    encoder = load_encoder(find_entry("all-MiniLM-L6-v2"), ModelStore(tmp_path), "cpu")
    texts = [*precision.SENTENCES, "parcel " * 300, "Where is my parcel?", "parcel " * 40]
    plain = encoder.model.encode(texts, normalize_embeddings=True)
    vectors = encoder.encode(texts, "document")
    assert vectors.dtype == np.float32
    bound = 1 - precision.LEAST_COSINE if encoder.precision == BF16 else 1e-5
    assert (vectors * plain).sum(axis=1).min() >= 1 - bound
