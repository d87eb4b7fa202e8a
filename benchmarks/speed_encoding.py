"""Measure encoding against plain ``SentenceTransformer.encode``, on texts of mixed length.

Run ``python benchmarks/speed_encoding.py [WORK]``; WORK 16 (default) is 5,000 texts, WORK 1 a
sixteenth of that. Distinct questions, answers and sentences of answers of StackFAQ (``$DATA_DIR``,
default ``../shared/data``; left out where it is not there) and of the English sample. Both ways
encode the same texts with the bundled all-MiniLM-L6-v2, in turns of a fifth of the texts each, so
that a busy moment meets both. Loading the model and the probe that chooses the number format are
not counted. ``encode_ndcg_change`` is what the format changes on all questions of StackFAQ.
"""

from __future__ import annotations

import csv
import json
import random
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

LARGEST, TEXTS, TURNS = 16.0, 5_000, 5
MODEL = "all-MiniLM-L6-v2"


def faq_texts(count: int, seed: int = 0) -> list[str]:
    """Return distinct texts in random order: whole ones first, then sentences of answers."""
    from benchmarks.machine import data_folder

    whole: list[str] = []
    for name in ("queries.jsonl", "corpus.jsonl"):
        file = data_folder() / "stackfaq" / name
        if file.exists():
            whole += [json.loads(line)["text"] for line in file.read_text("utf-8").splitlines()]
    with (ROOT / "sample_data" / "shop_faq_en.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            whole += [text for name, text in row.items() if name in ("question", "answer")]
    whole = [text for text in dict.fromkeys(whole) if text.strip()]
    parts = [part for text in whole for part in re.split(r"(?<=[.!?])\s+", text) if len(part) > 20]
    texts = list(dict.fromkeys([*whole, *parts]))[:TEXTS]
    if len(texts) < count:
        raise SystemExit(f"only {len(texts):,} texts here; set DATA_DIR to the folder of stackfaq")
    random.Random(seed).shuffle(texts)  # the same mix, however many are taken
    return texts[:count]


def measure(work: float = LARGEST) -> dict[str, float]:
    """Return both speeds, their ratio, and how near the vectors are."""
    from core.experts.catalogue import find_entry
    from core.experts.encoders import load_encoder
    from core.workspace.modelstore import ModelStore

    texts = faq_texts(round(TEXTS * work / LARGEST))
    with tempfile.TemporaryDirectory() as folder:
        encoder = load_encoder(find_entry(MODEL), ModelStore(Path(folder)))
        encoder.encode(texts[:64], "document")  # loads, probes, warms up
        plain = encoder.model
        plain.encode(texts[:64])
        seconds = {"plain": 0.0, "ours": 0.0}
        least = 1.0
        for part in (texts[turn::TURNS] for turn in range(TURNS)):
            start = time.perf_counter()
            left = plain.encode(part)
            middle = time.perf_counter()
            right = encoder.encode(part, "document")
            seconds["plain"] += middle - start
            seconds["ours"] += time.perf_counter() - middle
            left = left / np.linalg.norm(left, axis=1, keepdims=True)
            least = min(least, float((left * right).sum(axis=1).min()))
        found = {
            "encode_ratio": round(seconds["plain"] / seconds["ours"], 2),
            "encode_texts_per_s": round(len(texts) / seconds["ours"], 1),
            "encode_texts_per_s_plain": round(len(texts) / seconds["plain"], 1),
            "encode_s": round(seconds["ours"], 2),
            "encode_least_cosine": round(least, 6),
        }
        if work >= LARGEST:
            found |= _quality(encoder)
    return found


def _quality(encoder: object) -> dict[str, float]:
    """Return the change of nDCG@10 on StackFAQ; nothing where the data are not here."""
    from benchmarks.machine import data_folder
    from core.data.beir import read_beir
    from core.evaluation.measures import ndcg_at_10
    from core.evaluation.search import rank
    from core.experts.encoding import encode_with

    if not (data_folder() / "stackfaq").is_dir():
        return {}
    dataset = read_beir(data_folder() / "stackfaq", name="stackfaq").dataset

    rows = np.arange(len(dataset.questions))

    def ndcg(questions: np.ndarray, answers: np.ndarray) -> float:
        top = rank(questions, answers, 10).top_answers
        return float(ndcg_at_10(dataset, rows, top).mean())

    sides = dataset.questions, dataset.answers
    roles = "query", "document"
    ours = ndcg(*(encoder.encode(t, role) for t, role in zip(sides, roles, strict=True)))
    plain = ndcg(*(encode_with(encoder.model, texts) for texts in sides))
    return {"encode_ndcg": round(ours, 5), "encode_ndcg_change": round(ours - plain, 5)}


if __name__ == "__main__":
    from benchmarks.machine import run_part

    run_part(measure)
