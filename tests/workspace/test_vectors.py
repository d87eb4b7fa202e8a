import logging
import multiprocessing
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from safetensors.numpy import load_file

from core.errors import WorkspaceError
from core.workspace import vectors as module
from core.workspace.files import TEMPORARY_PREFIX, read_tensors, write_tensors
from core.workspace.vectors import VectorCache

MODEL = "0123456789abcdef"


def keys_of(numbers):
    """Keys spread like hashes, one per number."""
    keys = [np.random.default_rng(n).bytes(16) for n in numbers]
    return np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 16)


def vectors_of(numbers):
    return np.array([[n + i / 10 for i in range(8)] for n in numbers], np.float32).reshape(-1, 8)


def segments(root):
    return sorted((root / MODEL).glob("segment-*"))


@given(
    st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=20, unique=True), max_size=5),
    st.lists(st.integers(0, 60), max_size=40),
)
@settings(max_examples=40, deadline=None)
def test_cache_behaves_like_a_dictionary(tmp_path_factory, batches, wanted):
    """Prevents a vector of another text being returned, or a kept one being missed."""
    cache = VectorCache(tmp_path_factory.mktemp("v"))
    known = set()
    for batch in batches:
        cache.put(MODEL, keys_of(batch), vectors_of(batch))
        known |= set(batch)
    vectors, found = cache.get(MODEL, keys_of(wanted))
    assert found.tolist() == [n in known for n in wanted]
    if found.any():
        assert np.array_equal(vectors[found], vectors_of(wanted)[found])
    assert not vectors[~found].any()


def test_two_models_do_not_share_vectors(tmp_path):
    cache = VectorCache(tmp_path)
    cache.put(MODEL, keys_of([1]), vectors_of([1]))
    assert not cache.get("another-model-0", keys_of([1]))[1].any()


def test_keys_that_share_their_first_half_are_told_apart(tmp_path):
    """The index compares halves of keys: a 64-bit collision must not return a wrong vector."""
    cache = VectorCache(tmp_path)
    key = keys_of([1])
    other = key.copy()
    other[0, 15] ^= 1
    cache.put(MODEL, key, vectors_of([1]))
    assert not cache.get(MODEL, other)[1].any()


def test_segments_are_plain_safetensors(tmp_path):
    cache = VectorCache(tmp_path)
    cache.put(MODEL, keys_of([1, 2]), vectors_of([1, 2]))
    stored = load_file(segments(tmp_path)[0])
    assert stored["keys"].shape == (2, 16) and stored["keys"].dtype == np.uint8
    assert np.array_equal(stored["vectors"], vectors_of([1, 2]))


def test_new_segments_of_another_process_are_seen(tmp_path):
    """A page that looked before the worker wrote must see the worker's vectors afterwards."""
    page, worker = VectorCache(tmp_path), VectorCache(tmp_path)
    assert not page.get(MODEL, keys_of([1]))[1].any()
    worker.put(MODEL, keys_of([1]), vectors_of([1]))
    assert page.get(MODEL, keys_of([1]))[1].all()


def write_many(root, start, barrier):
    cache = VectorCache(Path(root))
    barrier.wait()
    for number in range(start, start + 50):
        cache.put(MODEL, keys_of([number]), vectors_of([number]))


def test_two_processes_write_at_once_and_nothing_is_lost(tmp_path):
    """100 small segments also set off merging in both processes at the same time."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    workers = [
        context.Process(target=write_many, args=(str(tmp_path), start, barrier))
        for start in (0, 50)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    vectors, found = VectorCache(tmp_path).get(MODEL, keys_of(range(100)))
    assert found.all()
    assert np.array_equal(vectors, vectors_of(range(100)))


def test_kill_between_writing_and_renaming_leaves_the_cache_as_it_was(tmp_path, monkeypatch):
    cache = VectorCache(tmp_path)
    cache.put(MODEL, keys_of([1]), vectors_of([1]))

    def killed(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    # A real kill runs no clean-up either: the temporary file stays.
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
    with pytest.raises(KeyboardInterrupt):
        cache.put(MODEL, keys_of([2]), vectors_of([2]))
    monkeypatch.undo()
    assert list((tmp_path / MODEL).glob(f"{TEMPORARY_PREFIX}*"))
    fresh = VectorCache(tmp_path)
    assert fresh.get(MODEL, keys_of([1, 2]))[1].tolist() == [True, False]
    fresh.put(MODEL, keys_of([2]), vectors_of([2]))
    assert fresh.get(MODEL, keys_of([1, 2]))[1].all()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-3]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff" * 200),
        lambda path: path.write_bytes(path.read_bytes() + b"more"),
        lambda path: write_tensors(path, {"keys": keys_of([1]), "vectors": vectors_of([1, 2])}),
        lambda path: write_tensors(path, {"something": vectors_of([1])}),
    ],
    ids=["cut short", "empty", "noise", "too long", "lengths differ", "other content"],
)
def test_damaged_segment_is_ignored_and_written_again(tmp_path, caplog, damage):
    """A bad file must cost a re-encoding, not an exception on every page."""
    cache = VectorCache(tmp_path)
    cache.put(MODEL, keys_of([1]), vectors_of([1]))
    cache.put(MODEL, keys_of([2]), vectors_of([2]))
    first = next(path for path in segments(tmp_path) if read_tensors(path)["vectors"][0, 0] == 1)
    damage(first)
    fresh = VectorCache(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert fresh.get(MODEL, keys_of([1, 2]))[1].tolist() == [False, True]
    assert first.name in caplog.text
    time.sleep(0.01)  # the file must get another time of change
    fresh.put(MODEL, keys_of([1]), vectors_of([1]))
    vectors, found = fresh.get(MODEL, keys_of([1, 2]))
    assert found.all() and np.array_equal(vectors, vectors_of([1, 2]))


def test_many_small_segments_become_one(tmp_path):
    """Prevents a folder of thousands of files, which makes every look-up slow."""
    cache = VectorCache(tmp_path)
    numbers = range(module.MOST_SEGMENTS + 1)
    for number in numbers:
        cache.put(MODEL, keys_of([number]), vectors_of([number]))
    assert len(segments(tmp_path)) == 1
    vectors, found = cache.get(MODEL, keys_of(numbers))
    assert found.all() and np.array_equal(vectors, vectors_of(numbers))


def test_merging_waits_for_nobody(tmp_path):
    """A second merge at the same time must step aside instead of blocking the worker."""
    from filelock import FileLock

    cache = VectorCache(tmp_path)
    for number in range(3):
        cache.put(MODEL, keys_of([number]), vectors_of([number]))
    with FileLock(tmp_path / MODEL / ".merge.lock"):
        cache.merge(MODEL)
    assert len(segments(tmp_path)) == 3


def test_vectors_that_are_not_finite_are_refused(tmp_path):
    """One NaN in the cache would silently spoil every later score."""
    with pytest.raises(WorkspaceError, match="finite"):
        VectorCache(tmp_path).put(MODEL, keys_of([1]), np.array([[np.nan]], np.float32))


@pytest.mark.parametrize("name", ["../elsewhere", "a/b", "", "..", "x" * 200])
def test_fingerprint_is_never_a_path(tmp_path, name):
    with pytest.raises(WorkspaceError):
        VectorCache(tmp_path).get(name, keys_of([1]))


def test_hundred_thousand_vectors_are_read_about_as_fast_as_they_are_sorted(tmp_path):
    """A cache that looked texts up one by one would take minutes; seconds depend on the machine."""
    n = 100_000
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 256, (n, 16), dtype=np.uint8)
    vectors = rng.standard_normal((n, 384), dtype=np.float32)
    VectorCache(tmp_path).put(MODEL, keys, vectors)
    took, plain = [], []
    for _ in range(3):  # the best of three, because other work shares this machine
        start = time.perf_counter()
        order = np.argsort(keys.view("V16").ravel(), kind="stable")
        vectors[order].copy()
        plain.append(time.perf_counter() - start)
        cache = VectorCache(tmp_path)
        start = time.perf_counter()
        read, found = cache.get(MODEL, keys)
        took.append(time.perf_counter() - start)
    assert found.all() and np.array_equal(read, vectors)
    assert min(took) < 2 * min(plain), (took, plain)


def test_named_tables_come_back(tmp_path):
    cache = VectorCache(tmp_path)
    assert cache.get_matrices(MODEL, "texts") is None
    arrays = {"data": vectors_of([1, 2]), "shape": np.array([3, 4]), "none": np.empty((0, 5))}
    cache.put_matrices(MODEL, "texts", arrays)
    read = cache.get_matrices(MODEL, "texts")
    assert {name: array.shape for name, array in read.items()} == {
        name: array.shape for name, array in arrays.items()
    }
    assert np.array_equal(read["data"], arrays["data"])
