"""Questions that come at once go together; who asks too much is told, and nothing is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core.errors import BusyError
from core.pilot.batching import MicroBatcher


def lengths(texts: list[str]) -> np.ndarray:
    return np.array([[len(text)] for text in texts], np.float32)


@pytest.fixture
def gate():
    return threading.Event()


def test_everybody_gets_the_vectors_of_their_own_texts():
    batcher = MicroBatcher(lengths)
    asked = [["a" * n, "b" * (n + 1)][: 1 + n % 2] for n in range(200)]
    with ThreadPoolExecutor(25) as pool:
        found = list(pool.map(batcher.encode, asked))
    for texts, vectors in zip(asked, found, strict=True):
        assert vectors[:, 0].tolist() == [len(text) for text in texts]
    assert batcher.texts == sum(map(len, asked)) and batcher.waiting == 0
    assert batcher.encode([]).shape == (0, 0)
    batcher.close()


def test_what_waits_goes_together_up_to_the_limit(gate):
    sizes = []

    def slow(texts: list[str]) -> np.ndarray:
        gate.wait(20)
        sizes.append(len(texts))
        return lengths(texts)

    batcher = MicroBatcher(slow, at_once=8)
    first = batcher.submit(["first"])
    while batcher.waiting:
        pass
    others = [batcher.submit(["x" * n]) for n in range(20)]
    gate.set()
    assert [int(one.result(20)[0, 0]) for one in (first, *others)] == [5, *range(20)]
    assert sizes == [1, 8, 8, 4] and batcher.batches == 4


def test_too_much_at_once_is_refused_and_what_waits_is_answered(gate):
    def slow(texts: list[str]) -> np.ndarray:
        gate.wait(20)
        return lengths(texts)

    batcher = MicroBatcher(slow, waiting=3)
    batcher.submit(["first"])
    while batcher.waiting:
        pass
    taken = [batcher.submit([text]) for text in "abc"]
    with pytest.raises(BusyError, match="3 texts wait"):
        batcher.submit(["d"])
    gate.set()
    assert all(one.result(20)[0, 0] == 1 for one in taken)
    large = batcher.submit(["x"] * 50)  # alone it may be larger than what may wait
    assert len(large.result(20)) == 50


def test_an_error_reaches_those_who_asked_and_nobody_else():
    def fails(texts: list[str]) -> np.ndarray:
        if "bad" in texts:
            raise ValueError("no such text")
        return lengths(texts)

    batcher = MicroBatcher(fails)
    with pytest.raises(ValueError, match="no such text"):
        batcher.encode(["bad"])
    assert batcher.encode(["good"])[0, 0] == 4


def test_who_gave_up_is_no_trouble_for_the_others(gate):
    def slow(texts: list[str]) -> np.ndarray:
        gate.wait(20)
        return lengths(texts)

    batcher = MicroBatcher(slow)
    batcher.submit(["first"])
    while batcher.waiting:
        pass
    gone, stays = batcher.submit(["gone"]), batcher.submit(["ab"])
    assert gone.cancel()
    gate.set()
    assert stays.result(20)[0, 0] == 2
    batcher.close()
    with pytest.raises(BusyError):
        batcher.submit(["late"])


def test_workers_share_what_waits_and_mix_nothing_up():
    """Two batches are encoded at the same time; each takes its part of what waits."""
    both, seen, lock = threading.Barrier(2, timeout=30), [], threading.Lock()

    def encode(texts: list[str]) -> np.ndarray:
        with lock:
            seen.append(len(texts))
            is_first = len(seen) <= 2
        if is_first:
            both.wait()  # alone it would wait in vain
        return lengths(texts)

    batcher = MicroBatcher(encode, workers=2)
    asked = [batcher.submit(["a" * size]) for size in range(1, 41)]
    assert [one.result(timeout=30)[0, 0] for one in asked] == list(range(1, 41))
    batcher.close()
    assert batcher.texts == sum(seen) == 40 and batcher.batches == len(seen)
    assert max(seen) <= 20
