"""Speed of learning and encoding on a graphics card: ``python benchmarks/gpu.py``.

On the same card, side by side in one run:

learning  labels per second: grid training against sentence-transformers' own trainer with
          CosineSimilarityLoss on the same pairs written out as rows, at several batch sizes
encoding  texts per second: the app's way against plain ``SentenceTransformer.encode`` at its own
          batch size and at 256, and against its own with copies that wait for the card, in turns
          of a fifth of the texts each
fidelity  least cosine of the card's vectors to those of the processor, and memory on the card that
          is still held once the model is dropped

StackFAQ of ``$DATA_DIR`` where it is there, else the English sample with labels of two lexical
experts. Prints a table; the last line is one JSON object. Without a card it says so and returns 2:
``--device cpu --quick`` then tries whether everything works.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.speed_parts.encoding import MODEL, TEXTS, TURNS, faq_texts  # noqa: E402
from benchmarks.support.machine import data_folder, machine  # noqa: E402
from benchmarks.tuning_parts.setting import STUDENT, Setting, stackfaq  # noqa: E402

QUICK_TEXTS = 60
LARGE_BATCH = 256
COMPARED = 500  # texts, of which the processor makes vectors, too
WAITING = "waiting"
FORMS = {"default": {}, f"batch {LARGE_BATCH}": {"batch_size": LARGE_BATCH}}


@contextlib.contextmanager
def english_sample(quick: bool) -> Iterator[Setting]:
    """Give the English sample, labelled by BM25 and TF-IDF."""
    from core.experts.catalogue import find_entry
    from core.experts.source import ScoringContext
    from core.journey.data import read_dataset
    from core.labels.model import LabelModel
    from core.tuning.device import find_device
    from core.tuning.presets import PRESETS
    from core.types import LabelRecipe, SilentReporter
    from core.workspace.modelstore import ModelStore
    from core.workspace.vectors import VectorCache

    path = ROOT / "sample_data" / "shop_faq_en.csv"
    dataset = read_dataset(path.read_bytes(), path.name, seed=1)[0]
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        context = ScoringContext(ModelStore(store / "models"), VectorCache(store / "vectors"))
        keys, scores = ("bm25", "tfidf"), []
        for key in keys:
            find_entry(key).score(dataset, context, SilentReporter())
            scores.append(find_entry(key).recall(dataset, context))
        labels = LabelModel.fit(dataset, scores, LabelRecipe(keys))
        config = PRESETS["balanced"].config(base_model=STUDENT)
        base = find_entry(STUDENT).folder(context.models)
        yield Setting(dataset, labels, base, config, find_device("cpu"), quick)


def wait(device: str) -> None:
    """Let the card finish what it was given; a processor has."""
    if device == "cuda":
        import torch

        torch.cuda.synchronize()


def held_mb(device: str) -> float:
    """Return the memory that tensors hold on the card, in MB; 0 on a processor."""
    if device != "cuda":
        return 0.0
    import torch

    gc.collect()
    torch.cuda.empty_cache()
    return float(torch.cuda.memory_allocated() / 1e6)


@contextlib.contextmanager
def copies_that_wait() -> Iterator[None]:
    """Let every copy to the card and back wait until it has done what it was given before."""
    from core.experts import encoding as texts_on_a_device

    beside = texts_on_a_device.COPIES_BESIDE.copy()
    texts_on_a_device.COPIES_BESIDE.clear()
    try:
        yield
    finally:
        texts_on_a_device.COPIES_BESIDE.update(beside)


def encoding(device: str, count: int) -> dict[str, Any]:
    """Return texts per second of both ways, their ratio, and how near the vectors are."""
    from core.experts.catalogue import find_entry
    from core.experts.encoders import load_encoder
    from core.workspace.modelstore import ModelStore

    texts = faq_texts(count)
    before = held_mb(device)
    seconds = dict.fromkeys(["ours", WAITING, *FORMS], 0.0)
    with tempfile.TemporaryDirectory() as folder:
        models = ModelStore(Path(folder))
        ours = load_encoder(find_entry(MODEL), models, device)
        ours.load(texts, "document")
        plain = ours.model
        plain.encode(texts[:64])
        ours.encode(texts[:64], "document")
        wait(device)
        for part in (texts[turn::TURNS] for turn in range(TURNS)):
            start = time.perf_counter()
            ours.encode(part, "document")
            wait(device)
            seconds["ours"] += time.perf_counter() - start
            start = time.perf_counter()
            with copies_that_wait():
                ours.encode(part, "document")
                wait(device)
            seconds[WAITING] += time.perf_counter() - start
            for name, settings in FORMS.items():
                start = time.perf_counter()
                plain.encode(part, **settings)
                wait(device)
                seconds[name] += time.perf_counter() - start
        some = texts[:COMPARED]
        here, precision = ours.encode(some, "document"), ours.precision
        there = load_encoder(find_entry(MODEL), models, "cpu")
        there.load(some[:1], "document")
        least = float(np.min((here * there.encode(some, "document")).sum(axis=1)))
        del ours, plain, there
    return {
        "encode_precision": precision,
        "encode_texts_per_s": round(len(texts) / seconds["ours"], 1),
        **{
            f"encode_ratio_{name.replace(' ', '_')}": round(seconds[name] / seconds["ours"], 2)
            for name in (WAITING, *FORMS)
        },
        "encode_least_cosine_to_cpu": round(least, 6),
        "memory_still_held_mb": round(held_mb(device) - before, 1),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; returns 2 where there is no card and no other device was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N or cpu (default: cuda)")
    parser.add_argument("--quick", action="store_true", help="very few steps and texts")
    options = parser.parse_args(arguments)

    from benchmarks.tuning_parts import rate as tuning_rate
    from core.errors import TuningError
    from core.tuning.device import find_device, take

    try:
        device = find_device(options.device)
    except TuningError as error:
        sys.stderr.write(f"{error}\n--device cpu --quick only tries whether everything works.\n")
        return 2
    take(device)
    memory = f", {device.memory_gb} GB" if device.memory_gb else ""
    print(f"{machine()}; {device.kind}: {device.name}{memory}, {device.precision}")
    has_data = (data_folder() / "stackfaq").is_dir()
    print("StackFAQ" if has_data else f"English sample ({data_folder()} holds no stackfaq)")
    figures: dict[str, Any] = {"device": device.name, "precision": device.precision}
    with (stackfaq if has_data else english_sample)(options.quick) as given:
        setting = Setting(
            given.dataset, given.labels, given.base, given.config, device, options.quick
        )
        found = tuning_rate.measure(setting, figures)
    for name, value, _ in found.rows:
        print(f"{name:46}{value:>22}")
    figures |= found.figures
    read = encoding(device.kind, QUICK_TEXTS if options.quick else TEXTS)
    for name, value in read.items():
        print(f"{name:46}{value:>22}")
    print(json.dumps(figures | read | ({"quick": True} if options.quick else {})))
    return 0


if __name__ == "__main__":
    sys.exit(main())
