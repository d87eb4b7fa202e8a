"""Measure encoding against plain ``SentenceTransformer.encode``, on texts of mixed length.

Run ``python benchmarks/speed_parts/encoding.py [WORK]``; WORK 16 (default) is 5,000 texts, WORK 1 a
sixteenth of that. Distinct questions, answers and sentences of answers of StackFAQ (``$DATA_DIR``,
default ``../shared/data``; left out where it is not there) and of the English sample. Both ways
encode the same texts with the bundled all-MiniLM-L6-v2, in turns of a fifth of the texts each, so
that a busy moment meets both; the ratio is the median of the turns. Loading the model and the probe
that chooses what computes are not counted; ``encode_choosing_s`` is what they take.
``encode_ndcg_change`` is what the choice changes on all questions of StackFAQ. The figures that end
in ``_no_bf16`` are those of a processor that does not multiply bf16 matrices by itself.
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

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

LARGEST, TEXTS, TURNS = 16.0, 5_000, 5
MODEL = "all-MiniLM-L6-v2"


def faq_texts(count: int, seed: int = 0) -> list[str]:
    """Return distinct texts in random order: whole ones first, then sentences of answers."""
    from benchmarks.support.machine import data_folder

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
    """Return the speeds, their ratios to the plain one, and how near the vectors are."""
    from core.experts import precision
    from core.experts.catalogue import find_entry
    from core.experts.encoders import load_encoder
    from core.workspace.modelstore import ModelStore

    texts = faq_texts(round(TEXTS * work / LARGEST))
    with tempfile.TemporaryDirectory() as folder:
        encoders, took = {}, {}
        for way, bf16 in (("", precision.computes_bf16()), ("_no_bf16", False)):
            # As on a processor that does not multiply bf16; a store each, so that it is probed.
            honest, precision.computes_bf16 = precision.computes_bf16, lambda bf16=bf16: bf16
            encoders[way] = load_encoder(find_entry(MODEL), ModelStore(Path(folder) / f"s{way}"))
            start = time.perf_counter()
            encoders[way].load(texts, "document")
            took[way] = time.perf_counter() - start
            precision.computes_bf16 = honest
        plain = encoders[""].model
        plain.encode(texts[:64])
        ratios = {way: [] for way in encoders}
        seconds = dict.fromkeys([*encoders, "plain"], 0.0)
        least = dict.fromkeys(encoders, 1.0)
        for part in (texts[turn::TURNS] for turn in range(TURNS)):
            start = time.perf_counter()
            left = plain.encode(part)
            taken = time.perf_counter() - start
            seconds["plain"] += taken
            left = left / np.linalg.norm(left, axis=1, keepdims=True)
            for way, encoder in encoders.items():
                start = time.perf_counter()
                right = encoder.encode(part, "document")
                spent = time.perf_counter() - start
                seconds[way] += spent
                ratios[way].append(taken / spent)
                least[way] = min(least[way], float((left * right).sum(axis=1).min()))
        found = {
            "encode_texts_per_s": round(len(texts) / seconds[""], 1),
            "encode_texts_per_s_plain": round(len(texts) / seconds["plain"], 1),
            "encode_s": round(seconds[""], 2),
        }
        for way, encoder in encoders.items():
            print(f"encode{way}: {encoder.precision}")
            found |= {
                f"encode_ratio{way}": round(float(np.median(ratios[way])), 2),
                f"encode_choosing_s{way}": round(took[way], 1),
                f"encode_least_cosine{way}": round(least[way], 6),
            }
        if work >= LARGEST:
            for way, encoder in encoders.items():
                found |= {f"{key}{way}": value for key, value in _quality(encoder).items()}
    return found


def _quality(encoder: object) -> dict[str, float]:
    """Return the change of nDCG@10 on StackFAQ; nothing where the data are not here."""
    from benchmarks.support.machine import data_folder
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
    from benchmarks.support.machine import run_part

    run_part(measure)
