"""What tuning takes of a small machine's memory: ``python benchmarks/speed_parts/memory.py``.

The sample projects are tuned for one pass with the settings of Balanced, checks, saved states,
mixtures and the written model included, each in a process of its own that counts on the free
memory of a laptop with 8 GB. The peak is that of the whole process, programs included. WORK is
ignored: memory is what counts. The last line is one JSON object.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

FREE_MB = 3000  # of 8 GB, beside the system, a browser and the app
LANGUAGES = {"minilm": "en", "e5": "ja"}
TRIMMED = "ja-trimmed"  # the Japanese base with the words of Japanese alone


def tuned(language: str, store: Path, *, only_score: bool = False) -> dict[str, float]:
    """Tune a sample project in this process; return its peak in GB and the seconds of CPU."""
    import time

    from core.tuning.device import spare_memory

    spare_memory()  # as a worker does, before torch is loaded
    from benchmarks.small_data import Bench, sample
    from core.experts.catalogue import default_student, find_entry
    from core.labels.model import LabelModel, answer_labels
    from core.tuning.device import peak_mb
    from core.tuning.presets import PRESETS
    from core.tuning.run import train
    from core.tuning.task import TuningTask
    from core.tuning.taught import TaughtQuestions
    from core.types import LabelRecipe, SilentReporter
    from core.types.expert_entry import DOCUMENT, QUERY

    language, trimmed = language.split("-")[0], language == TRIMMED
    bench, student = Bench(store / "results.jsonl", store, False), default_student(language)
    experts, dataset = ["bm25", "tfidf", student], sample(language, 1)
    scores = bench.scores(dataset, experts)
    if only_score:
        return {}
    labels = LabelModel.fit(dataset, scores, LabelRecipe(tuple(experts)))
    config = PRESETS["balanced"].config(base_model=student, seed=0)
    entry, began = find_entry(student), time.process_time()
    base = entry.folder(bench.context.models)
    if trimmed:  # in a process of its own: a run finds it in the store
        base = store / "trimmed"
    with tempfile.TemporaryDirectory() as folder:
        task = TuningTask(
            dataset,
            labels,
            base,
            dataclasses.replace(config, epochs=1),
            Path(folder) / "run",
            answer_labels=answer_labels(labels),
            prompts={role: entry.prompt(role) for role in (QUERY, DOCUMENT)},
            taught=TaughtQuestions.of(labels, borrows=config.borrow_answers),
        )
        result = train(task, SilentReporter())
    seconds = time.process_time() - began
    return {"peak_gb": peak_mb("cpu") / 1000, "cpu_s": seconds, "steps": result.steps}


def measure(work: float = 16.0) -> dict[str, float]:
    """Return the peak of each model in GB."""
    from core.tuning.device import FREE_MEMORY_VARIABLE

    store, found = Path(tempfile.gettempdir()) / "speed-memory", {}
    environment = {**os.environ, FREE_MEMORY_VARIABLE: str(FREE_MB)}
    for name, language in {**LANGUAGES, "e5_trimmed": TRIMMED}.items():
        if language == TRIMMED:
            trimmed_mb(store)
        for what in ("score", "tune"):  # reading texts is no part of what is measured
            command = [sys.executable, __file__, what, language, str(store)]
            done = subprocess.run(
                command, capture_output=True, text=True, env=environment, cwd=ROOT, check=True
            )
        figures = json.loads(done.stdout.strip().splitlines()[-1])
        print(f"{name:8}{figures['peak_gb']:6.2f} GB in {figures['steps']} steps", flush=True)
        found[f"tuning_peak_gb_{name}"] = round(figures["peak_gb"], 2)
    found["trim_mb"] = round(trimmed_mb(store), 1)
    return found


def trimmed_mb(store: Path) -> float:
    """Return the size of the Japanese base with the tokens of Japanese alone, in MB."""
    from benchmarks.small_data import Bench, sample
    from core.experts.catalogue import default_student, find_entry
    from core.experts.trimming import trim

    bench, dataset = Bench(store / "results.jsonl", store, False), sample("ja", 1)
    source = find_entry(default_student("ja")).folder(bench.context.models)
    target = store / "trimmed"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    return trim(source, target, ["ja"], [*dataset.questions, *dataset.answers]).size_mb


if __name__ == "__main__":
    if sys.argv[1:2] in (["score"], ["tune"]):
        scored = sys.argv[1] == "score"
        print(json.dumps(tuned(sys.argv[2], Path(sys.argv[3]), only_score=scored)))
    else:
        from benchmarks.support.machine import run_part

        run_part(measure)
