"""Measure the embedding cache: reading back the vectors of many texts.

Run ``python benchmarks/speed_parts/cache.py [WORK]``; WORK 16 (default) is 100,000 texts × 384
numbers, WORK 1 a sixteenth of that. They are written in pieces as encoding does, then looked up by
their texts with a cache that has not seen the files yet, hashing of the texts included. Files that
were just written lie in the operating system's memory; a first read from a slow disk takes longer.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

LARGEST, TEXTS, DIMENSION, PIECE = 16.0, 100_000, 384, 4_096


def measure(work: float = LARGEST) -> dict[str, float]:
    """Return seconds of reading (median of five) and of writing."""
    from core.experts.encoders import read_cached, text_keys
    from core.workspace.vectors import VectorCache

    count = round(TEXTS * work / LARGEST)
    rng = np.random.default_rng(0)
    texts = [f"Question {i}: how long does parcel {i * 7919} take to Osaka?" for i in range(count)]
    vectors = rng.standard_normal((count, DIMENSION), dtype=np.float32)
    with tempfile.TemporaryDirectory() as folder:
        cache = VectorCache(Path(folder))
        start = time.perf_counter()
        for at in range(0, count, PIECE):
            keys = text_keys(texts[at : at + PIECE], "")
            cache.put("benchmark", keys, vectors[at : at + PIECE])
        writing = time.perf_counter() - start
        order = rng.permutation(count)
        asked = [texts[i] for i in order]
        seconds = []
        for _ in range(5):
            start = time.perf_counter()
            found = read_cached("benchmark", asked, "", VectorCache(Path(folder)))
            seconds.append(time.perf_counter() - start)
        if found is None or not np.array_equal(found, vectors[order]):
            raise SystemExit("the cache gave other vectors than it was given")
    return {
        "warm_cache_s": round(float(np.median(seconds)), 5),
        "cache_write_s": round(writing, 5),
    }


if __name__ == "__main__":
    from benchmarks.support.machine import run_part

    run_part(measure)
