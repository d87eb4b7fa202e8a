"""What tuning gains by a base with fewer words: ``python benchmarks/speed_parts/trimmed.py``.

Steps of the default settings on the Japanese sample, with multilingual-e5-small as it is and
trimmed to Japanese, in turns on the same batches, so that a busy moment meets both; and what is
done with all weights at once: loading the model and writing it. WORK 16 (default) is 6 steps of
each, WORK 1 the least, two. The last line is one JSON object.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

LARGEST, STEPS = 16.0, 6


def measure(work: float = LARGEST) -> dict[str, float]:
    """Return seconds of a step, of loading and of writing, whole and trimmed, and their ratios."""
    from benchmarks.small_data import Bench, sample
    from core.experts.catalogue import default_student, find_entry
    from core.experts.trimming import trim
    from core.labels.model import LabelModel
    from core.tuning.batches import plan_epoch
    from core.tuning.device import find_device
    from core.tuning.learner import Learner
    from core.tuning.presets import PRESETS
    from core.tuning.student import limited_length, load_model
    from core.tuning.task import TuningTask
    from core.types import TRAIN, LabelRecipe, SilentReporter
    from core.types.expert_entry import DOCUMENT, QUERY

    count = max(2, round(STEPS * work / LARGEST))
    seconds: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as place:
        store, small = Path(place) / "store", Path(place) / "small"
        small.mkdir()
        bench, student = Bench(store / "results.jsonl", store, False), default_student("ja")
        dataset, entry = sample("ja", 1), find_entry(student)
        scores = bench.scores(dataset, ["bm25", "tfidf"])
        labels = LabelModel.fit(dataset, scores, LabelRecipe(("bm25", "tfidf")))
        whole = entry.folder(bench.context.models)
        trim(whole, small, ["ja"], [*dataset.questions, *dataset.answers])
        config = PRESETS["balanced"].config(base_model=student)
        device = find_device(config.device, config.precision)
        batches = plan_epoch(dataset, dataset.rows(TRAIN), None, config, 0)
        prompts = {role: entry.prompt(role) for role in (QUERY, DOCUMENT)}
        learners = {}
        for name, folder in {"whole": whole, "trimmed": small}.items():
            took = seconds.setdefault(name, {"step": [], "loading": [], "writing": []})
            for number in range(3):
                start = time.perf_counter()
                model = load_model(folder, device.kind)
                took["loading"].append(time.perf_counter() - start)
                start = time.perf_counter()
                model.save_pretrained(str(Path(place) / name / str(number)))
                took["writing"].append(time.perf_counter() - start)
            task = TuningTask(dataset, labels, folder, config, Path(place) / "run", prompts=prompts)
            learners[name] = Learner(model, task, device, SilentReporter())
        for number in range(count + 1):
            for name, learner in learners.items():
                with limited_length(learner.model, config.max_length):
                    start = time.perf_counter()
                    learner.step(batches[number % len(batches)], number, count + 1)
                if number:  # the first step sets things up
                    seconds[name]["step"].append(time.perf_counter() - start)
    found = {}
    for part in ("step", "loading", "writing"):
        both = [np.array(seconds[name][part]) for name in ("whole", "trimmed")]
        found[f"trimmed_{part}_s"] = round(float(np.median(both[1])), 3)
        found[f"whole_{part}_s"] = round(float(np.median(both[0])), 3)
        found[f"trimmed_{part}_ratio"] = round(float(np.median(both[0] / both[1])), 2)
    return found


if __name__ == "__main__":
    from benchmarks.support.machine import run_part

    run_part(measure)
