"""Quality: test nDCG@10 of the default recipe against base, hard-label InfoNCE, strongest expert.

The protocol of the data: fixed splits, both regimes, three seeds; the test questions are looked at
once, here. The labels are those of the panel that the app suggests, with the strongest expert.
Texts are cut at 128 word pieces in learning and in the test, those of the strongest expert in the
test too. General ability is Spearman's correlation on the test part of the STS benchmark.
"""

from __future__ import annotations

import csv
import dataclasses
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.label_rules import experts_of
from benchmarks.support.panel import panel_scores
from benchmarks.tuning_parts.setting import LENGTH, STUDENT, Findings, Setting, data_folder
from core.data.checks import guess_language
from core.evaluation.generality import cosines, spearman
from core.experts.catalogue import default_experts
from core.labels.model import LabelModel, answer_labels
from core.tuning.run import train
from core.tuning.student import DOCUMENT, QUERY, encode, limited_length, load_model
from core.tuning.task import TuningTask
from core.tuning.validation import generality_check, search_quality, strongest_teacher
from core.types import TEST_SPLIT, LabelRecipe, SilentReporter

SEEDS = (0, 1, 2)
STRONGEST = "all-mpnet-base-v2"
# What each contestant changes in the default settings. The baseline is plain: no mixing.
CONTESTANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "infonce": {"loss": "infonce", "interpolation": "off"},
}
Figures = dict[str, float]


def measure(setting: Setting, before: dict[str, Any]) -> Findings:
    """Tune with every seed, then look at the test questions."""
    answers = np.arange(len(setting.dataset.answers), dtype=np.int32)
    sts = sts_pairs()
    at_hand = experts_of(data_folder() / "stackfaq", setting.dataset)
    strongest = next(one for one in at_hand if one.expert == STRONGEST)
    experts = at_hand if setting.quick else suggested(setting)
    recipe = LabelRecipe(tuple(one.expert for one in experts))
    labels = LabelModel.fit(setting.dataset, experts, recipe)
    expert = {
        regime: score(setting, rows, strongest.question_matrix[rows], strongest.answer_matrix)
        for regime, rows in tests_of(setting).items()
    }
    base = quality(setting, setting.base, answers, sts)
    print(f"base {told(base)}  {STRONGEST} {told(expert)}", flush=True)
    found: dict[str, list[Figures]] = {name: [] for name in CONTESTANTS}
    for seed in SEEDS[:1] if setting.quick else SEEDS:
        for name, changes in CONTESTANTS.items():
            found[name].append(tuned(setting, labels, changes, seed, answers, sts))
            print(f"{name} seed {seed} {told(found[name][-1])}", flush=True)
    return findings(base, expert, found)


def suggested(setting: Setting) -> list[Any]:
    """Return what the panel that the app suggests says, the strongest expert with it."""
    listed = [one for one in default_experts("en") if one != STRONGEST]
    return panel_scores((*listed, STRONGEST), setting.dataset, setting.context)


def findings(base: Figures, expert: Figures, found: dict[str, list[Figures]]) -> Findings:
    """Return table and figures: means and standard deviations over seeds."""
    wanted: dict[str, tuple[str, str, Callable[[Figures], float], str]] = {
        "known_gain": ("default", "known answers", lambda f: f["known"] - base["known"], "≥ +0.10"),
        "unseen_gain": ("default", "unseen", lambda f: f["unseen"] - base["unseen"], "≥ +0.04"),
        "infonce_known_gain": ("infonce", "known", lambda f: f["known"] - base["known"], ""),
        "infonce_unseen_gain": ("infonce", "unseen", lambda f: f["unseen"] - base["unseen"], ""),
        "sts_change": ("default", "STS-B", lambda f: f["sts"] - base["sts"], "≥ −0.005"),
        "infonce_sts_change": ("infonce", "STS-B", lambda f: f["sts"] - base["sts"], ""),
        "student_minus_expert_known": (
            "default",
            "known, student − expert",
            lambda f: f["known"] - expert["known"],
            "≥ 0",
        ),
        "student_minus_expert_unseen": (
            "default",
            "unseen, student − expert",
            lambda f: f["unseen"] - expert["unseen"],
            "≥ −0.02",
        ),
        "tuning_s": ("default", "seconds of a run", lambda f: f["seconds"], ""),
    }
    figures: dict[str, Any] = {f"base_{key}": round(value, 4) for key, value in base.items()}
    rows = []
    for key, (name, what, value, target) in wanted.items():
        values = [value(one) for one in found[name]]
        mean, spread = float(np.mean(values)), float(np.std(values, ddof=min(1, len(values) - 1)))
        figures |= {key: round(mean, 4), f"{key}_std": round(spread, 4)}
        rows.append((f"{name}: {what}", f"{mean:+.4f} ± {spread:.4f}", target))
    return Findings(tuple(rows), figures)


def tuned(
    setting: Setting,
    labels: LabelModel,
    changes: dict[str, Any],
    seed: int,
    answers: np.ndarray,
    sts: tuple[list[str], list[str], np.ndarray],
) -> Figures:
    """Tune once as the product does, and measure the model that it keeps."""
    config = dataclasses.replace(setting.config, seed=seed, **changes)
    if setting.quick:
        config = dataclasses.replace(config, epochs=1, questions_per_batch=190, max_length=16)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        task = TuningTask(
            setting.dataset,
            labels,
            setting.base,
            config,
            Path(folder) / "run",
            answer_labels=answer_labels(labels),
            generality=generality_check(guess_language(setting.dataset.questions)),
            strongest_teacher=strongest_teacher(labels, STUDENT),
        )
        outcome = train(task, SilentReporter())
        seconds = time.perf_counter() - began
        found = quality(setting, task.model, answers, sts)
    return found | {"seconds": seconds, "alpha": outcome.alpha, "best_step": outcome.best_step}


def quality(
    setting: Setting,
    folder: Path,
    answers: np.ndarray,
    sts: tuple[list[str], list[str], np.ndarray],
) -> Figures:
    """Return test nDCG@10 per regime and Spearman's correlation on STS-B."""
    model = load_model(folder, setting.device.kind)
    dataset = setting.dataset
    with limited_length(model, LENGTH):
        corpus = encode(model, [dataset.answers[row] for row in answers], DOCUMENT)
        found = {}
        for regime, rows in tests_of(setting).items():
            vectors = encode(model, [dataset.questions[row] for row in rows], QUERY)
            found[regime] = score(setting, rows, vectors, corpus)
        left, right = (encode(model, side, QUERY) for side in sts[:2])
    return found | {"sts": spearman(cosines(left, right), sts[2])}


def score(setting: Setting, rows: np.ndarray, questions: Any, corpus: Any) -> float:
    """Return the mean nDCG@10 of questions over the whole corpus."""
    answers = np.arange(len(setting.dataset.answers), dtype=np.int32)
    return float(search_quality(setting.dataset, rows, questions, answers, corpus).mean())


def tests_of(setting: Setting) -> dict[str, np.ndarray]:
    """Return the rows of the test questions by regime; a few of them in a quick run."""
    rows = {regime: setting.dataset.rows(split) for regime, split in TEST_SPLIT.items()}
    return {regime: r[:20] for regime, r in rows.items()} if setting.quick else rows


def sts_pairs() -> tuple[list[str], list[str], np.ndarray]:
    """Return the sentences and grades of the STS-B test part."""
    path = data_folder() / "stsbenchmark" / "sts-test.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [r[5] for r in rows], [r[6] for r in rows], np.array([float(r[4]) for r in rows])


def told(figures: Figures) -> str:
    """Return figures in one line."""
    shown: Sequence[str] = [f"{key} {value:.4f}" for key, value in figures.items()]
    return " ".join(shown)
