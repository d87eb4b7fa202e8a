"""Measure searching: one question typed by hand in a million answers.

Run ``python benchmarks/speed_parts/search.py [WORK]``; WORK 16 (default) is 1,000,000 answers ×
384, WORK 1 a sixteenth of that. Exact, the best 100, made-up unit vectors, median of 30 questions
after the first. Encoding the question is not in it (``benchmarks/free_search.py`` has that). Memory
is the peak of this process, vectors included.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

LARGEST, ANSWERS, DIMENSION, QUESTIONS, DEPTH = 16.0, 1_000_000, 384, 31, 100
PIECE = 50_000


def unit_vectors(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return float32 unit vectors [count, DIMENSION], made piece by piece."""
    vectors = np.empty((count, DIMENSION), np.float32)
    for start in range(0, count, PIECE):
        part = vectors[start : start + PIECE]
        part[:] = rng.standard_normal(part.shape, dtype=np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


def measure(work: float = LARGEST) -> dict[str, float]:
    """Return milliseconds per question and the peak of memory."""
    import torch  # is loaded where a question is typed, because a model reads it

    from benchmarks.support.machine import peak_mb
    from core.evaluation.search import rank_one

    torch.get_num_threads()
    rng = np.random.default_rng(0)
    answers = unit_vectors(rng, round(ANSWERS * work / LARGEST))
    seconds = []
    for question in unit_vectors(rng, QUESTIONS):
        start = time.perf_counter()
        rank_one(question, answers, DEPTH)
        seconds.append(time.perf_counter() - start)
    return {
        "search_ms_1m": round(1e3 * float(np.median(seconds[1:])), 1),
        "search_ms_1m_slowest": round(1e3 * max(seconds[1:]), 1),
        "search_peak_mb": round(peak_mb()),
    }


if __name__ == "__main__":
    from benchmarks.support.machine import run_part

    run_part(measure)
