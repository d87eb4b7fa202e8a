"""A retrieval task of mteb, read and run by mteb itself, gives the figure that this app gives."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from core.data.mteb_task import load_mteb_task
from core.evaluation.measures import ndcg_at_10
from core.evaluation.search import rank
from core.experts.catalogue import find_entry
from core.experts.encoders import load_encoder
from core.types.expert_entry import DOCUMENT, QUERY
from core.workspace.modelstore import ModelStore

pytest.importorskip("mteb")
SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
CARD = """---
configs:
- config_name: corpus
  data_files: [{split: test, path: corpus.jsonl}]
- config_name: queries
  data_files: [{split: test, path: queries.jsonl}]
- config_name: default
  data_files: [{split: test, path: qrels.jsonl}]
---
"""


def _rows(name: str) -> list[dict[str, str]]:
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def task(tmp_path, monkeypatch):
    """A task of mteb whose data lie in a folder: the sample FAQ, asked with its search log."""
    import datasets
    import mteb

    folder = tmp_path / "task"
    folder.mkdir()
    corpus = [
        {"_id": row["faq id"], "title": row["question"], "text": row["answer"]}
        for row in _rows("bare_faq_en.csv")
    ]
    log = [row for row in _rows("bare_faq_en_answers_of_log.csv") if row["faq_id"]]
    queries = [{"_id": f"q{n}", "text": row["question"]} for n, row in enumerate(log)]
    qrels = [
        {"query-id": f"q{n}", "corpus-id": row["faq_id"], "score": 1} for n, row in enumerate(log)
    ]
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    for name, rows in (("corpus", corpus), ("queries", queries), ("qrels", qrels)):
        lines = "\n".join(json.dumps(row) for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    real = mteb.get_task("SciFact")
    place = {"dataset": {"path": str(folder), "revision": "local"}}
    real.metadata = real.metadata.model_copy(update=place)
    monkeypatch.setattr(mteb, "get_task", lambda name: real)
    # Its cache knows a set by name and revision, not by what the files hold.
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    return real


def test_mteb_and_this_app_measure_the_same(task, installed_models, tmp_path):
    import mteb
    from sentence_transformers import SentenceTransformer

    entry, store = find_entry("wordllama-l2-supercat-256"), ModelStore(installed_models)
    encoder = load_encoder(entry, store)
    dataset = load_mteb_task("SciFact")
    rows = dataset.judged_rows
    assert len(dataset.answers) == 60 and len(rows) == 270
    ranking = rank(
        encoder.encode([dataset.questions[row] for row in rows], QUERY),
        encoder.encode(dataset.answers, DOCUMENT),
        10,
    )
    ours = float(ndcg_at_10(dataset, rows, ranking.top_answers).mean())
    model = SentenceTransformer(str(entry.folder(store)), device="cpu")
    found = mteb.evaluate(model, task, cache=None, show_progress_bar=False, co2_tracker=False)
    theirs = found.task_results[0].get_score()
    assert 0.3 < theirs < 0.95
    assert round(ours, 5) == pytest.approx(theirs, abs=1e-6)  # mteb rounds its means
