"""Encode each text once: look it up, encode what is missing, keep it, go on after a kill."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from core.experts.encoders import Encoder
from core.experts.encoding import Pace
from core.hashing import text_key
from core.types import Reporter, SilentReporter
from core.workspace.vectors import VectorCache

# A chunk is what a kill may lose: small at first, doubled while it takes less than that time.
FIRST_CHUNK, LARGEST_CHUNK, CHUNK_SECONDS = 256, 16_384, 5.0


def text_keys(texts: Sequence[str], prompt: str) -> np.ndarray:
    """Return the cache keys of texts, uint8 [n, 16]."""
    joined = b"".join(text_key(text, prompt) for text in texts)
    return np.frombuffer(joined, np.uint8).reshape(-1, 16)


def read_cached(
    fingerprint: str, texts: Sequence[str], prompt: str, cache: VectorCache
) -> np.ndarray | None:
    """Return the vectors of texts from the cache, float32 [n, d], None if any is missing."""
    vectors, found = cache.get(fingerprint, text_keys(texts, prompt))
    return vectors if found.all() else None


def fill_cache(
    encoder: Encoder,
    texts: Sequence[str],
    role: str,
    cache: VectorCache,
    report: Reporter | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Encode the texts that are not in the cache, and keep them.

    Returns
    -------
    int
        Number of texts that were encoded.

    Raises
    ------
    Stopped
        If the reporter was asked to stop; finished chunks are kept.
    """
    report = report or SilentReporter()
    prompt = encoder.prompt(role)
    # Sorted by length, so that a chunk holds texts of like length and its batches pad little.
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    _, found = cache.get(encoder.fingerprint, text_keys(distinct, prompt))
    missing = [distinct[i] for i in np.flatnonzero(~found)]
    pace = Pace([len(text) for text in missing], report, clock)
    start, size = 0, FIRST_CHUNK
    while start < len(missing):
        chunk = missing[start : start + size]
        began = clock()
        vectors = encoder.encode(chunk, role, pace.chunk(start, start + len(chunk)))
        cache.put(encoder.fingerprint, text_keys(chunk, prompt), vectors)
        start += len(chunk)
        if clock() - began < CHUNK_SECONDS:
            size = min(2 * size, LARGEST_CHUNK)
    return len(missing)


def encode_cached(
    encoder: Encoder,
    texts: Sequence[str],
    role: str,
    cache: VectorCache,
    report: Reporter | None = None,
) -> np.ndarray:
    """Return unit vectors of texts, encoding only those never seen before by this model.

    Parameters
    ----------
    role : str
        ``query`` or ``document``; decides the prompt.

    Returns
    -------
    float32 array [n, d]
    """
    if not len(texts):
        return np.zeros((0, encoder.dimension), np.float32)
    fill_cache(encoder, texts, role, cache, report)
    vectors, found = cache.get(encoder.fingerprint, text_keys(texts, encoder.prompt(role)))
    if not found.all():
        # The cache was cleared under our hands: answer from the model, once.
        vectors = encoder.encode(texts, role, report)
    return vectors
