import numpy as np
import pytest

from core.errors import ExpertError, Stopped
from core.experts import encoders
from core.experts.encoders import encode_cached, fill_cache, read_cached
from core.experts.encoding import Pace, encode_in_batches, unit


class CountingEncoder:
    """Vectors from the letters of a text; remembers what it was asked."""

    fingerprint, dimension, max_length = "counting-encoder", 4, None

    def __init__(self, fail_after=None):
        self.seen, self._fail_after = [], fail_after

    def prompt(self, role):
        return {"query": "q: ", "document": ""}[role]

    def vector(self, text):
        return [len(text), sum(map(ord, text)) % 97, 1, 2]

    def load(self, texts, role):
        pass

    def encode(self, texts, role, report=None):
        if self._fail_after is not None and len(self.seen) >= self._fail_after:
            raise KeyboardInterrupt
        self.seen += texts
        return unit(np.array([self.vector(t) for t in texts], np.float32).reshape(-1, 4))


def test_nothing_is_encoded_twice(cache):
    encoder = CountingEncoder()
    texts = ["b", "a", "b", "ccc", "a"]
    first = encode_cached(encoder, texts, "document", cache)
    assert sorted(encoder.seen) == ["a", "b", "ccc"]
    again = encode_cached(encoder, [*texts, "new"], "document", cache)
    assert sorted(encoder.seen) == ["a", "b", "ccc", "new"]
    assert np.array_equal(again[:5], first)
    assert np.allclose(first, unit(np.array([encoder.vector(t) for t in texts], np.float32)))


def test_same_text_with_another_prompt_is_another_text(cache):
    """A question vector served for an answer would be silently wrong."""
    encoder = CountingEncoder()
    encode_cached(encoder, ["a"], "document", cache)
    encode_cached(encoder, ["a"], "query", cache)
    assert encoder.seen == ["a", "a"]


def test_kill_keeps_the_finished_chunks(cache, monkeypatch):
    monkeypatch.setattr(encoders, "FIRST_CHUNK", 10)
    monkeypatch.setattr(encoders, "LARGEST_CHUNK", 10)
    texts = [f"text {i:02d}" for i in range(35)]
    with pytest.raises(KeyboardInterrupt):
        fill_cache(CountingEncoder(fail_after=20), texts, "document", cache)
    assert read_cached("counting-encoder", texts, "", cache) is None
    rest = CountingEncoder()
    assert fill_cache(rest, texts, "document", cache) == 15
    assert read_cached("counting-encoder", texts, "", cache).shape == (35, 4)


def test_no_texts_are_no_problem(cache):
    assert encode_cached(CountingEncoder(), [], "query", cache).shape == (0, 4)


def test_batches_keep_the_order_and_stop_when_asked(listener):
    def encode(batch):
        return np.array([[len(t), 0.0] for t in batch], np.float32)

    texts = ["ccc", "a", "bb", "a", ""]
    vectors = encode_in_batches(encode, texts, 2, most_tokens=4)
    assert vectors.tolist() == [[1, 0], [1, 0], [1, 0], [1, 0], [0, 0]]  # "" has no direction
    with pytest.raises(Stopped):
        encode_in_batches(encode, texts, 2, most_tokens=4, report=listener(stop_after=1))


def test_broken_model_is_not_taken_for_a_bad_one():
    with pytest.raises(ExpertError, match="1 of 2 texts"):
        unit(np.array([[1, 2], [np.nan, 1]], np.float32))


def test_time_left_follows_the_length_of_texts(listener):
    """Counting texts alone promises far too little while the short ones go first."""
    now = iter([0.0, 10.0, 300.0])
    told = listener()
    pace = Pace([60, 60, 1960], told, lambda: next(now))
    pace.done(2)
    assert told.fractions[-1] == pytest.approx(200 / 2200)
    assert told.messages[-1] == "2 of 3 texts read, about 2 minutes left"
    pace.done(3)
    assert told.messages[-1] == "3 of 3 texts read" and told.fractions[-1] == pytest.approx(1)


def test_progress_tells_of_all_texts_although_they_go_in_chunks(cache, listener, monkeypatch):
    monkeypatch.setattr(encoders, "FIRST_CHUNK", 2)
    monkeypatch.setattr(encoders, "LARGEST_CHUNK", 2)

    class Slow(CountingEncoder):
        def encode(self, texts, role, report=None):
            vectors = super().encode(texts, role)
            report.progress(1.0, None)
            return vectors

    told = listener()
    fill_cache(Slow(), ["a", "b", "c", "d"], "document", cache, told)
    assert told.messages == ["2 of 4 texts read", "4 of 4 texts read"]
    assert told.fractions == pytest.approx([0.5, 1.0])
