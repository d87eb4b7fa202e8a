"""Measure what this machine gains in tuning: the loop as it runs here against the same loop plain.

Run ``python benchmarks/speed_parts/tuning.py [WORK]``; WORK 16 (default) is 4 steps of each kind,
WORK 1 the least, two. Steps of the default settings on StackFAQ (``$DATA_DIR``, default
``../shared/data``); all kinds take the same batches, in turns, so that a busy moment meets all. The
plain loop computes in fp32 and pads all texts of a step to the longest. Both encode each text of a
step once: what that gains is ``labels_per_s_ratio`` of ``benchmarks/tuning.py``. The last line is
one JSON object.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

LARGEST, STEPS = 16.0, 4


def measure(work: float = LARGEST) -> dict[str, float]:
    """Return seconds per step of each kind, and the gain over the plain one."""
    from benchmarks.support.machine import data_folder
    from benchmarks.tuning_parts.setting import stackfaq
    from core.tuning import learner as learner_module
    from core.tuning.batches import plan_epoch
    from core.tuning.learner import Learner
    from core.tuning.student import limited_length, load_model
    from core.tuning.task import TuningTask
    from core.types import TRAIN, SilentReporter

    count = max(2, round(STEPS * work / LARGEST))
    usual = learner_module.CPU_BUCKET
    if not (data_folder() / "stackfaq").is_dir():
        raise SystemExit(f"{data_folder()} holds no stackfaq: set DATA_DIR to the folder that does")
    with stackfaq(quick=False) as found:
        batches = plan_epoch(found.dataset, found.dataset.rows(TRAIN), None, found.config, 0)
        batches = batches[:-1] or batches  # the last one may be smaller
        plain = replace(found.device, precision="fp32")
        kinds = {
            "plain": (plain, 0),
            "like lengths together": (plain, usual),
            found.device.precision: (found.device, 0),
            "as it runs": (found.device, usual),
        }
        task = TuningTask(*(found.dataset, found.labels, found.base, found.config, Path("nowhere")))
        learners: dict[str, Learner] = {}
        for name, (device, _) in kinds.items():
            model = load_model(found.base, device.kind)
            learners[name] = Learner(model, task, device, SilentReporter())
        seconds: dict[str, list[float]] = {name: [] for name in kinds}
        for number in range(count + 1):
            for name, (_, bucket) in kinds.items():
                learner_module.CPU_BUCKET = bucket
                learner = learners[name]
                with limited_length(learner.model, found.config.max_length):
                    start = time.perf_counter()
                    learner.step(batches[number % len(batches)], number, count + 1)
                if number:  # the first step sets things up
                    seconds[name].append(time.perf_counter() - start)
        learner_module.CPU_BUCKET = usual
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    for name, value in medians.items():
        print(f"{name:24}{value:8.2f} s a step{medians['plain'] / value:8.2f} ×")
    return {
        "tuning_speedup": round(medians["plain"] / medians["as it runs"], 2),
        "tuning_step_s": round(medians["as it runs"], 3),
        "tuning_s": round(sum(seconds["as it runs"]), 2),
    }


if __name__ == "__main__":
    from benchmarks.support.machine import run_part

    run_part(measure)
