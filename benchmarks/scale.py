"""Measure the rates that docs/scale.md counts with: what one core and one database do.

Run ``OMP_NUM_THREADS=1 python benchmarks/scale.py [WORK]``; WORK 16 (default) encodes 2,000 texts
per model, WORK 1 a sixteenth of that. Rates are per second of processor time of one thread, so that
others who use the machine do not change them much; those of the records are by the clock and name
``$TEST_DATABASE_URL`` where that is set. Texts are those of ``benchmarks/speed_parts/encoding.py``,
encoded in shards as ``python -m core encode`` does it. The last line is one JSON object.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

LARGEST, TEXTS, STEPS, WRITES, WRITERS = 16.0, 2_000, 8, 400, 8
MODELS = ("all-MiniLM-L6-v2", "multilingual-e5-small-4bit", "wordllama-l2-supercat-256")


def measure(work: float = LARGEST) -> dict[str, float]:
    """Return the rates by name."""
    import torch

    torch.set_num_threads(1)
    share = work / LARGEST
    with tempfile.TemporaryDirectory() as folder:
        found = encoding(Path(folder), max(64, round(TEXTS * share)))
        found |= records(Path(folder), max(40, round(WRITES * share)))
    return found | pairs() | steps(max(2, round(STEPS * share)))


def encoding(folder: Path, count: int) -> dict[str, float]:
    """Return texts per second of each model, and what the rest of a shard takes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from benchmarks.speed_parts.encoding import faq_texts
    from core.experts.catalogue import find_entry
    from core.experts.shards import CorpusTask, Shard, ShardEncoder
    from core.workspace.modelstore import ModelStore

    texts, found = faq_texts(count + 64), {}
    found["characters_per_text"] = round(float(np.mean([len(text) for text in texts])), 1)
    path = folder / "texts.parquet"
    pq.write_table(pa.table({"text": texts}), path)
    for model in MODELS:
        models = ModelStore(folder / "models")
        find_entry(model).folder(models)
        places = {"models": str(models.root), "vectors": str(folder / "vectors")}
        task = CorpusTask(model, "document", "text", str(folder / model), **places, device="cpu")
        encoder = ShardEncoder(task)
        encoder.do(Shard(str(path), count, count + 64))  # loads the weights, chooses the format
        began = time.process_time()
        done = encoder.do(Shard(str(path), 0, count))
        found[f"texts_per_s {model}"] = round(done.encoded / (time.process_time() - began), 1)
        began = time.process_time()
        known = ShardEncoder(task)
        Path(done.path).unlink()
        again = known.do(Shard(str(path), 0, count))
        assert not again.encoded
        found[f"cached_per_s {model}"] = round(count / (time.process_time() - began), 0)
        found[f"parquet_bytes_per_text {model}"] = round(Path(again.path).stat().st_size / count, 0)
    return found


def pairs() -> dict[str, float]:
    """Return cosines per second: every question with every answer, 384 dimensions."""
    rng = np.random.default_rng(0)
    questions, answers = (rng.normal(size=(n, 384)).astype(np.float32) for n in (1000, 10_000))
    began = time.process_time()
    for _ in range(3):
        questions @ answers.T
    return {"pairs_per_s": round(3 * 1e7 / (time.process_time() - began), 0)}


def steps(count: int) -> dict[str, float]:
    """Return steps per second of a tuning run with the default settings."""
    from benchmarks.support.machine import data_folder
    from benchmarks.tuning_parts.setting import stackfaq
    from core.tuning.batches import plan_epoch
    from core.tuning.learner import Learner
    from core.tuning.student import load_model
    from core.tuning.task import TuningTask
    from core.types import TRAIN, SilentReporter

    if not (data_folder() / "stackfaq").is_dir():
        return {}
    with stackfaq(quick=False) as found:
        batches = plan_epoch(found.dataset, found.dataset.rows(TRAIN), None, found.config, 0)
        task = TuningTask(*(found.dataset, found.labels, found.base, found.config, Path("nowhere")))
        learner = Learner(load_model(found.base, "cpu"), task, found.device, SilentReporter())
        began = 0.0
        for number in range(count + 1):
            if number == 1:
                began = time.process_time()
            learner.step(batches[number % len(batches)], number, 100)
        seconds = (time.process_time() - began) / count
    return {"tuning_seconds_per_step": round(seconds, 3), "epoch_steps": float(len(batches))}


def records(folder: Path, count: int) -> dict[str, float]:
    """Return how many entries of the audit trail several writers make per second, and look-ups."""
    from core.workspace.database import sqlite_url
    from core.workspace.records import Records

    url = os.environ.get("TEST_DATABASE_URL") or sqlite_url(folder / "records.db")
    opened = Records(url)
    project = opened.create_project(f"Scale {time.time_ns()}", "bench")

    def write() -> None:
        own = Records(url)
        for _ in range(count // WRITERS):
            own.note(project.id, "measured", "bench", {})

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrote = time.monotonic() - began
    began = time.monotonic()
    for _ in range(count):
        opened.project(project.id)
    looked = time.monotonic() - began
    kind = url.partition(":")[0].partition("+")[0]
    return {
        f"records_written_per_s {kind}": round(count / wrote, 0),
        f"records_read_per_s {kind}": round(count / looked, 0),
    }


if __name__ == "__main__":
    from benchmarks.support.machine import machine, run_part

    print(machine())
    run_part(measure, LARGEST)
