"""A workspace with one whole journey in it, made in a second: real folders, a tiny model."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from core.documents import to_json
from core.evaluation.systems import EncodedSystem, compare, to_files
from core.jobs.folder import RunFolder, append_event, create_run
from core.journey import data, labels
from core.journey.compare import load_comparison
from core.messages import Message
from core.types import (
    Comparison,
    Generality,
    Interval,
    LabelRecipe,
    Override,
    QADataset,
    SilentReporter,
)
from core.types.scoring import ExpertFigures, ScoringResult
from core.types.tuning_config import TuningConfig
from core.workspace.files import write_json, write_tensors
from core.workspace.records import RunRecord, now
from core.workspace.workspace import Project, Workspace

EVIL = "<script>alert(1)</script>"
BASE = "wordllama-l2-supercat-256"
TOPICS = [
    "parcel",
    "refund",
    "password",
    "invoice",
    "size",
    "colour",
    "tent",
    "stove",
    "boots",
    "voucher",
    "store",
    "bike",
    "rope",
    "helmet",
    "lamp",
    "jacket",
    "kayak",
    "map",
    "compass",
    "knife",
    "bottle",
    "gloves",
    "socks",
    "poles",
]
FORMS = (
    "where is my {}", "{} help please", "trouble with the {}", "who pays for the {}",
    "the {} came late", "can I change {} online", "how long does a {} last", "broken {} what now",
)  # fmt: skip


def small_dataset(
    evil: str = EVIL, file_name: str = "faq <b>.csv", categories: Sequence[str] = ()
) -> tuple[QADataset, dict]:
    """192 questions on 24 answers, through the real import; every text ends with ``evil``."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["question", "answer", *(["category"] if categories else [])])
    for number, topic in enumerate(TOPICS):
        category = [categories[number % len(categories)]] if categories else []
        for form in FORMS:
            texts = [f"{form.format(topic)} {evil}", f"All about {topic}. {evil}"]
            writer.writerow([*texts, *category])
    return data.read_dataset(file.getvalue().encode(), file_name)


def small_comparison(
    dataset: QADataset, run_id: str, gain: float = 0.5, evil: str = EVIL
) -> Comparison:
    """Random vectors; the tuned ones lie nearer to the right answers by ``gain``."""
    rng = np.random.default_rng(3)
    answers = rng.normal(size=(len(dataset.answers), 16)).astype(np.float32)
    right = answers[[dataset.right_answers(q)[0] for q in range(len(dataset.questions))]]
    noise = rng.normal(size=right.shape).astype(np.float32) * 1.6
    arms = [
        EncodedSystem(name, title, kind, f"print-{name}", near * right + noise, answers)
        for name, title, kind, near in (
            ("base", "WordLlama", "base", 0.6),
            ("tuned", "Tuned model", "tuned", 0.6 + gain),
            ("bm25", "BM25", "lexical", 0.3),
        )
    ]
    return compare(
        dataset,
        arms,
        run_id=run_id,
        seed=0,
        report=SilentReporter(),
        generality=[Generality("en", 283, 0.80, 0.79, -0.02, 0.0)],
        absent={"tfidf": Message("It failed because {reason}.", {"reason": evil})},
    )


def tiny_model(folder: Path) -> None:
    """Save a static model with random weights and prompts, as a tuning run leaves it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["[UNK]", "query", "passage", ":", *TOPICS, "where", "is", "my", "All", "about"]
    tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    weights = np.random.default_rng(5).normal(size=(len(words), 8)).astype(np.float32)
    part = StaticEmbedding(tokenizer, embedding_weights=weights)
    prompts = {"query": "query: ", "document": "passage: "}
    SentenceTransformer(modules=[part], prompts=prompts, device="cpu").save_pretrained(str(folder))
    (folder / "optimizer.pt").write_bytes(b"never to be exported")


@dataclass(frozen=True)
class FinishedJourney:
    """Where everything is."""

    workspace: Workspace
    project: Project
    tune_run: str
    compare_run: str


def finished_journey(
    root: Path,
    *,
    gain: float = 0.5,
    model: bool = True,
    evil: str = EVIL,
    recipe_name: str = "first",
    imported: tuple[QADataset, dict] | None = None,
) -> FinishedJourney:
    """Write the journey into a new workspace.

    Parameters
    ----------
    evil : str
        What stands in the project's name, in its texts and wherever somebody could type something.
    imported : (dataset, import report), optional
        Other data than :func:`small_dataset`.
    """
    workspace = Workspace.open(root)
    project = workspace.create_project(f"Pilot {evil}", "ann")
    dataset, report = imported or small_dataset(evil)
    workspace.save_dataset(dataset, report)
    workspace.records.use_dataset(project.id, dataset.id, "ann")
    recipe = LabelRecipe(("bm25", "tfidf"), rule="mean", blend=0.3)
    interval = Interval(0.5, 0.4, 0.6)
    scored = ScoringResult(
        figures=tuple(
            ExpertFigures(key, key, interval, interval, interval, 1.5, 0, f"print-{key}")
            for key in ("bm25", "tfidf")
        ),
        agreement=((1.0, 0.7), (0.7, 1.0)),
        failures={"gone": Message("There is no {what}.", {"what": evil})},
    )
    project = workspace.project(project.id)
    score_run = _finish(
        workspace, project, "score", {"dataset_id": dataset.id, "experts": []}, to_json(scored)
    )
    kept = {"dataset_id": dataset.id, "experts": ["bm25", "tfidf"], "run_id": score_run}
    workspace.records.set(project.id, "scored", kept)
    labels.save_recipe(project, recipe_name, recipe, "ann")
    override = Override(dataset.questions[0], dataset.answers[1], 0.4, "ann", evil, now())
    withdrawn = Override(dataset.questions[1], dataset.answers[1], 0.4, "ann", "no", "2020-01-01")
    config = TuningConfig(base_model=BASE)
    request = {
        "dataset_id": dataset.id,
        "recipe_name": recipe_name,
        "recipe": to_json(recipe),
        "overrides": [
            asdict(override),
            asdict(withdrawn),
            asdict(withdrawn) | {"value": None, "at": "2020-01-02"},
        ],
        "tuning": asdict(config),
    }
    result = {
        "base_model": BASE,
        "has_model": model,
        "best_step": 20,
        "best_score": 0.62,
        "base_score": 0.55,
        "curve": [{"step": s, "score": v, "regimes": {}} for s, v in ((0, 0.55), (20, 0.62))],
        "steps": 30,
        "seconds": 95.0,
        "stopped_early": False,
        "cancelled": False,
        "labels_per_s": 1e4,
        "device": {
            "name": "test", "kind": "cpu", "precision": "fp32", "memory_gb": None, "cores": 2
        },
        "dataset_id": dataset.id,
        "label_id": "0123456789abcdef",
        "weights": {"bm25": 0.5, "tfidf": 0.5},
    }  # fmt: skip
    tune_run = _finish(workspace, project, "tune", request, result)
    if model:
        tiny_model(RunFolder(workspace.run_folder(tune_run)).model)
    else:
        RunFolder(workspace.run_folder(tune_run)).model.mkdir()
    document, arrays = to_files(small_comparison(dataset, tune_run, gain, evil))
    request = {
        "dataset_id": dataset.id,
        "tune_run": tune_run,
        "experts": ["bm25", "tfidf"],
        "base_model": BASE,
    }
    compare_run = _finish(workspace, project, "compare", request, document)
    write_tensors(RunFolder(workspace.run_folder(compare_run)).arrays, arrays)
    return FinishedJourney(workspace, project, tune_run, compare_run)


def add_hybrid(made: FinishedJourney, words: float, gain: float) -> None:
    """Add keyword search joined with the tuned model to the comparison of a finished journey.

    Parameters
    ----------
    words : float in [0, 1]
        How much keyword search counts.
    gain : float
        Metric that it adds to the tuned model, on every question.
    """
    comparison = load_comparison(made.workspace, made.compare_run)
    tuned = comparison.system("tuned")
    assert tuned is not None
    joined = replace(
        tuned,
        name="hybrid:tuned",
        kind="hybrid",
        title="Hybrid: BM25 + tuned model",
        metrics={key: np.clip(values + gain, 0, 1) for key, values in tuned.metrics.items()},
        words=words,
    )
    document, arrays = to_files(replace(comparison, systems=(*comparison.systems, joined)))
    folder = RunFolder(made.workspace.run_folder(made.compare_run))
    write_json(folder.result, document)
    write_tensors(folder.arrays, arrays)


def _finish(workspace: Workspace, project: Project, kind: str, config: dict, result: dict) -> str:
    """Write a run folder as a worker leaves it."""
    run_id = f"{kind}-20261123-120000-abcd"
    request = {
        "kind": kind, "project_id": project.id, "config": config, "who": "ann", "created_at": now()
    }  # fmt: skip
    folder = create_run(workspace.run_folder(run_id), request)
    for event in ("launched", "started", "finished"):
        append_event(folder, event)
    write_json(folder.result, result)
    workspace.records.add_run(RunRecord(run_id, project.id, kind, now()))
    return run_id
