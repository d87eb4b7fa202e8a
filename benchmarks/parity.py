"""Do this app's numbers equal everybody else's? Against ir_measures, and against a published one.

Run ``python benchmarks/parity.py [stackfaq] [scifact]`` (default: both). ``$DATA_DIR`` (default
``../shared/data``) holds the data in BEIR layout.

stackfaq
    Every measure at every cut-off and grade from which an answer counts as right, per test
    question, against ir_measures on the same ranking: largest difference at most 1e-6.
scifact
    The bundled all-MiniLM-L6-v2 on the 300 test queries and 5,183 abstracts (text = title, space,
    text) as in MTEB: nDCG@10 within 0.002 of the published 0.64508. Vectors are kept in
    ``$WORKSPACE``, so a second run encodes nothing.

Prints a table; the last line is one JSON object. Exit code 1 where a figure is off.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.support.machine import data_folder  # noqa: E402
from core.evaluation.measures import (  # noqa: E402
    CUTOFFS,
    MEASURES,
    NDCG,
    ideal_grades,
    ranked_grades,
)
from core.evaluation.search import rank  # noqa: E402

MODEL = "all-MiniLM-L6-v2"
PUBLISHED, WITHIN = 0.64508, 0.002  # MTEB's result for SciFact, nDCG@10
ROUNDING = 1e-6
THRESHOLDS = (1, 2)  # grade from which an answer counts as right


def read_lines(path: Path) -> dict[str, dict[str, str]]:
    """Return the documents of a JSONL file by id."""
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return {row["_id"]: row for row in rows}


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """Return grades by query and document."""
    found: dict[str, dict[str, int]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for query, document, grade in list(csv.reader(file, delimiter="\t"))[1:]:
            found.setdefault(query, {})[document] = int(grade)
    return found


def relevance_table(qrels: dict[str, dict[str, int]], queries: list[str], documents: list[str]):
    """Return grades as csr_array [n_q, n_a]."""
    from scipy.sparse import csr_array

    place = {document: i for i, document in enumerate(documents)}
    cells = [(i, place[d], g) for i, q in enumerate(queries) for d, g in qrels[q].items()]
    rows, columns, grades = (np.array(column) for column in zip(*cells, strict=True))
    shape = (len(queries), len(documents))
    return csr_array((grades.astype(np.float32), (rows, columns)), shape=shape)


def against_ir_measures(folder: Path) -> dict[str, float]:
    """Return the largest difference per question from ir_measures, by measure."""
    import ir_measures

    queries, corpus = read_lines(folder / "queries.jsonl"), read_lines(folder / "corpus.jsonl")
    splits = json.loads((folder / "splits.json").read_text("utf-8"))
    asked = [*splits["test_known"], *splits["test_unseen"]]
    documents = list(corpus)
    qrels = read_qrels(folder / "qrels.tsv")
    rng = np.random.default_rng(0)  # grades 1 to 3, so that graded gains are checked too
    qrels = {q: {d: int(rng.integers(1, 4)) for d in found} for q, found in qrels.items()}
    with np.load(folder / "vectors" / f"{MODEL}.npz", allow_pickle=False) as file:
        position = {query: i for i, query in enumerate(queries)}
        questions = file["questions"][[position[q] for q in asked]].astype(np.float32)
        answers = file["answers"].astype(np.float32)
    relevance = relevance_table(qrels, asked, documents)
    found = rank(questions, answers, max(CUTOFFS))
    ranked, ideal = ranked_grades(relevance, found.top_answers), ideal_grades(relevance)
    # The place in the list as the score: ties are broken here, not once more over there.
    run = {
        query: {documents[a]: float(-place) for place, a in enumerate(found.top_answers[i])}
        for i, query in enumerate(asked)
    }
    largest: dict[str, float] = {}
    for uncut in MEASURES.values():
        for cutoff in CUTOFFS:
            for grade in THRESHOLDS[: 1 if uncut.graded else None]:
                measure = uncut.from_grade(grade) @ cutoff
                same = ir_measures.parse_measure(measure.ir_measure)
                theirs = {v.query_id: v.value for v in ir_measures.iter_calc([same], qrels, run)}
                ours = measure.values(ranked, ideal)
                gap = max(abs(ours[i] - theirs[q]) for i, q in enumerate(asked))
                largest[str(same)] = float(gap)
    return largest


def published(folder: Path) -> dict[str, float]:
    """Return nDCG@10 on SciFact and how long encoding took."""
    from core.experts.catalogue import find_entry
    from core.experts.encoders import encode_cached, load_encoder
    from core.types.expert_entry import DOCUMENT, QUERY
    from core.workspace.workspace import Workspace

    queries, corpus = read_lines(folder / "queries.jsonl"), read_lines(folder / "corpus.jsonl")
    qrels = read_qrels(folder / "qrels" / "test.tsv")
    asked, documents = list(qrels), list(corpus)
    workspace = Workspace.open()
    encoder = load_encoder(find_entry(MODEL), workspace.models)
    start = time.monotonic()
    texts = [f"{row.get('title', '')} {row['text']}".strip() for row in corpus.values()]
    right = encode_cached(encoder, texts, DOCUMENT, workspace.vectors)
    left = encode_cached(encoder, [queries[q]["text"] for q in asked], QUERY, workspace.vectors)
    seconds = time.monotonic() - start
    relevance = relevance_table(qrels, asked, documents)
    values = (NDCG @ 10).of(relevance, rank(left, right, 10).top_answers)
    return {
        "ndcg@10": float(values.mean()),
        "published": PUBLISHED,
        "max_length": float(encoder.max_length or 0),
        "queries": len(asked),
        "documents": len(documents),
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Print the figures; exit code 1 where one is off."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=["stackfaq", "scifact"])
    wanted = parser.parse_args().sets
    data = data_folder()
    for name in wanted:
        if not (data / name).is_dir():
            sys.exit(f"{data / name} is not here: set DATA_DIR to the folder that holds it")
    figures: dict[str, object] = {}
    fits = True
    if "stackfaq" in wanted:
        gaps = against_ir_measures(data / "stackfaq")
        print(f"{'measure (ir_measures)':28}{'largest difference':>20}")
        for name, gap in gaps.items():
            print(f"{name:28}{gap:20.2e}")
        worst = max(gaps.values())
        fits &= worst <= ROUNDING
        figures["ir_measures"] = {"measures": len(gaps), "largest_difference": worst}
    if "scifact" in wanted:
        found = published(data / "scifact")
        gap = found["ndcg@10"] - PUBLISHED
        fits &= abs(gap) <= WITHIN
        print(f"SciFact nDCG@10 {found['ndcg@10']:.5f}, published {PUBLISHED} ({gap:+.5f})")
        figures["scifact"] = found
    print(json.dumps(figures | {"fits": bool(fits)}))
    sys.exit(0 if fits else 1)


if __name__ == "__main__":
    main()
