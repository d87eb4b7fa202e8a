"""Measure how long a question typed by hand takes, once the models are loaded.

Run ``python benchmarks/free_search.py [ANSWERS]`` (default 20000). Two bundled models of 6 and of
12 layers each stand for base and tuned at once: encoding twice, searching ANSWERS made-up vectors
twice, setting both lists side by side. Wall time depends on what else the machine does; CPU time
does not. The last line is one JSON object, milliseconds, median of 30 questions.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.evaluation.examination import Searcher  # noqa: E402
from core.experts.catalogue import find_entry  # noqa: E402
from core.experts.encoders import load_encoder  # noqa: E402
from core.workspace.workspace import Workspace  # noqa: E402

MODELS = ("all-MiniLM-L6-v2", "multilingual-e5-small-4bit")
QUESTIONS = 30


def measure(key: str, answers: int, workspace: Workspace) -> dict[str, float]:
    """Return milliseconds per question for one model, and seconds until it was loaded."""
    start = time.perf_counter()
    encoder = load_encoder(find_entry(key), workspace.models)
    vectors = np.random.default_rng(0).normal(size=(answers, encoder.dimension))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    searcher = Searcher(encoder, encoder, vectors, vectors[::-1].copy())
    searcher.warm_up()
    loaded = time.perf_counter() - start
    wall, cpu = [], []
    for number in range(QUESTIONS):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        question = f"How long does parcel number {number} take to Osaka?"
        searcher.search(question, np.empty(0, np.int32), depth=20)
        wall.append(1e3 * (time.perf_counter() - wall_start))
        cpu.append(1e3 * (time.process_time() - cpu_start))
    found = {"wall_ms": np.median(wall), "slowest_ms": max(wall), "cpu_ms": np.median(cpu)}
    return {name: round(float(value), 1) for name, value in found.items()} | {
        "load_s": round(loaded, 1)
    }


def main() -> None:
    """Print the figures of both models."""
    answers = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    workspace = Workspace.open()
    figures = {key: measure(key, answers, workspace) for key in MODELS}
    for key, found in figures.items():
        print(f"{key:32}{found['wall_ms']:8.1f} ms{found['cpu_ms']:8.1f} ms of CPU")
    print(json.dumps({"answers": answers, **figures}))


if __name__ == "__main__":
    main()
