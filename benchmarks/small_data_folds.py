"""Fold agreement: does a cross-fitted verdict tell what the delivered model does for real people.

    python benchmarks/small_data_folds.py [--student KEY] [--faqs 20] [--out rows.jsonl]

Twenty FAQs are drawn from StackFAQ: 80 of its 125 threads each, with the title as the only question
of an entry and the answers of these threads as the corpus. Each walks the app's own steps: experts
score, folds are tuned and tested on the 80 titles, the delivered model learns from all 80. Then
base and delivered model search for 600 rewordings by people that nobody has learned from.

``fold_agreement`` is the share of FAQs in which the difference on the rewordings lies inside the
interval of the cross-fitted difference. The two are not the same question: a title is written once
by the author of a thread, a rewording by somebody else, and in the folds a title's answers were
never asked for in training, while the delivered model has met every entry once. The figure says
whether the verdict of a bare FAQ can stand for what comes after, shift of wording included;
``folds_promise_kept`` is the share in which the delivered model does not fall below the interval.

What lies between the two is measured apart: the models of the folds search, too, each for the
rewordings of those entries that it has not met. ``fold_agreement_unseen`` is the share in which
that difference lies inside the interval (unmet entries on both sides, only the wording differs);
``folds_wording_gain`` is what the other wording adds, ``folds_met_gain`` what having met the entry
adds.

A finished FAQ is a line in ``--out``: a killed run goes on with the next one.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.support.machine import data_folder, machine

STUDENT = "wordllama-l2-supercat-256"
EXPERTS = (STUDENT, "bm25", "tfidf", "all-mpnet-base-v2")
FAQS, ENTRIES, REWORDINGS = 20, 80, 600
TARGET = 0.9


def threads() -> tuple[list[str], list[list[int]], list[str], list[tuple[str, int]]]:
    """Return titles, answer rows of each thread, answers, and rewordings with their thread."""
    folder = data_folder() / "stackfaq"

    def lines(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]

    titles = {t["group"]: t["title"] for t in json.loads((folder / "titles.json").read_text())}
    corpus, queries = lines("corpus.jsonl"), lines("queries.jsonl")
    place = {document["_id"]: row for row, document in enumerate(corpus)}
    group = {query["_id"]: query["group"] for query in queries}
    answers: dict[int, set[int]] = {key: set() for key in titles}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines():
        question, answer, grade = line.split("\t")[:3]
        if question in group and grade.isdigit() and int(grade) > 0:
            answers[group[question]].add(place[answer])
    keys = sorted(titles)
    asked = [(query["text"], keys.index(query["group"])) for query in queries]
    texts = [document["text"] for document in corpus]
    return [titles[key] for key in keys], [sorted(answers[key]) for key in keys], texts, asked


def walked(workspace: Any, seed: int, student: str, preset: str) -> dict[str, Any]:
    """Walk one FAQ to its cross-fitted verdict and test the delivered model on rewordings."""
    from core.data.matching import clean_text
    from core.evaluation.search import rank
    from core.experts.catalogue import find_entry
    from core.experts.encoders import load_encoder
    from core.journey import compare, cross_fit, data, experts, labels
    from core.journey.steps import in_this_process
    from core.tuning.presets import PRESETS
    from core.types.expert_entry import DOCUMENT, QUERY

    began = time.monotonic()
    titles, right, answers, asked = threads()
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(len(titles), ENTRIES, replace=False)).tolist()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["question", "answer"])
    writer.writerows((titles[key], answers[row]) for key in chosen for row in right[key])
    project = workspace.create_project(f"FAQ {seed} {time.time_ns()}", "benchmark")
    data.import_file(project, text.getvalue().encode(), f"faq{seed}.csv", who="benchmark")
    project = workspace.project(project.id)
    start = in_this_process(lambda _: None, lambda report: report)
    keys = tuple(dict.fromkeys((student, *EXPERTS[1:])))
    experts.launch_scoring(project, keys, "benchmark", start=start)
    labels.save_recipe(project, "default", labels.default_recipe(keys), "benchmark")
    config = PRESETS[preset].config(base_model=student, seed=seed, device="cpu")
    with fold_models_stay():
        run = cross_fit.launch_cross_fit(project, config, "benchmark", start=start, examined=False)
    done = cross_fit.cross_fit_outcome(workspace, run)
    found = compare.load_comparison(workspace, done.compare_run)
    told = found.difference("unseen")
    assert told is not None

    dataset = project.load_dataset()
    place = {answer: row for row, answer in enumerate(dataset.answers)}
    pool = [(question, key) for question, key in asked if key in set(chosen)]
    some = [pool[at] for at in rng.permutation(len(pool))[:REWORDINGS]]
    grades = np.zeros((len(some), len(dataset.answers)))
    for at, (_, key) in enumerate(some):
        for row in right[key]:
            grades[at, place[clean_text(answers[row])]] = 1

    def searched(model: Any, rows: np.ndarray) -> np.ndarray:
        """Return nDCG@10 of some of the rewordings."""
        encoder = load_encoder(model, workspace.models)
        left = encoder.encode([some[at][0] for at in rows], QUERY)
        top = rank(left, encoder.encode(dataset.answers, DOCUMENT), 10).top_answers
        return _ndcg(grades[rows], top)

    every = np.arange(len(some))
    before = searched(find_entry(student), every)
    after = searched(workspace.run_folder(done.tune_run) / "model", every)
    unmet = before.copy()
    threads_of = {key: group_of(dataset, titles[key]) for key in chosen}
    for groups, model in fold_models(workspace, dataset, run):
        rows = np.array([at for at, (_, key) in enumerate(some) if threads_of[key] in groups])
        if len(rows) and model is not None:
            unmet[rows] = searched(model, rows)
    return {
        "seed": seed,
        "student": student,
        "preset": preset,
        "questions": told.questions,
        "groups": told.groups,
        "before": round(told.before, 4),
        "cross": round(told.difference, 4),
        "low": round(told.low, 4),
        "high": round(told.high, 4),
        "word": told.word,
        "widening": found.widening,
        "rewordings": len(some),
        "rewordings_before": round(float(before.mean()), 4),
        "rewordings_gain": round(float((after - before).mean()), 4),
        "rewordings_unmet_gain": round(float((unmet - before).mean()), 4),
        "seconds": round(time.monotonic() - began, 1),
    }


@contextmanager
def fold_models_stay() -> Iterator[None]:
    """Let a cross-fit keep the models of its folds, which it deletes once they are measured."""
    from core.journey.trials import Trials

    drop = Trials.drop_model
    Trials.drop_model = lambda *_: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        Trials.drop_model = drop  # type: ignore[method-assign]


def fold_models(workspace: Any, dataset: Any, run: str) -> Iterator[tuple[set[int], Path | None]]:
    """Give, fold by fold, the groups of answers that it has not met and its model; None = base."""
    from core.data.near_duplicates.grouping import question_clusters
    from core.data.splitting import cross_fit_folds
    from core.jobs.folder import RunFolder
    from core.journey.jobs import request_of
    from core.journey.trials import Trials
    from core.tuning.experiments.folds import fold_key
    from core.types import TEST_SPLIT, UNSEEN
    from core.types.tuning import trial_key

    folder = RunFolder(workspace.run_folder(run))
    asked = request_of(folder)
    clusters = question_clusters(dataset)
    parts = cross_fit_folds(dataset, clusters, seed=asked.tuning.seed, folds=asked.folds)
    for number, part in enumerate(parts, 1):
        model = Trials.of(folder.root).folder(trial_key(fold_key(number), 0)).model
        groups = part.question_group[part.rows(TEST_SPLIT[UNSEEN])]
        yield set(groups.tolist()), model if (model / "modules.json").is_file() else None


def group_of(dataset: Any, title: str) -> int:
    """Return the group of the question that is a title."""
    from core.data.matching import clean_text

    return int(dataset.question_group[dataset.questions.index(clean_text(title))])


def _ndcg(grades: np.ndarray, top: np.ndarray) -> np.ndarray:
    discount = 1 / np.log2(np.arange(2, top.shape[1] + 2))
    gained = (np.take_along_axis(grades, top, axis=1) * discount).sum(axis=1)
    best = np.sort(grades, axis=1)[:, ::-1][:, : top.shape[1]]
    return gained / (best * discount).sum(axis=1)


def measure(
    out: Path, student: str = STUDENT, preset: str = "balanced", faqs: int = FAQS
) -> Mapping[str, Any]:
    """Walk the FAQs that are not in ``out`` yet; return the figures of all that are."""
    from core.workspace.workspace import Workspace

    rows = _rows(out, student, preset)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(os.environ.get("FOLDS_WORKSPACE", folder))
        workspace = Workspace.open(root)
        for seed in range(faqs):
            if seed not in rows:
                rows[seed] = walked(workspace, seed, student, preset)
                with out.open("a") as file:
                    file.write(json.dumps(rows[seed]) + "\n")
            row = rows[seed]
            low, high = _interval(row)
            side = "below" if row["rewordings_gain"] < low else "above"
            where = "inside" if low <= row["rewordings_gain"] <= high else side
            sys.stdout.write(
                f"FAQ {seed:2}: {row['cross']:+.3f} ({low:+.3f} to {high:+.3f}) on "
                f"{row['questions']} titles, {row['rewordings_gain']:+.3f} on "
                f"{row['rewordings']} rewordings: {where}\n"
            )
            sys.stdout.flush()
    found = list(rows.values())
    ends = [_interval(row) for row in found]
    gains = [row["rewordings_gain"] for row in found]
    unmet = [row["rewordings_unmet_gain"] for row in found]
    cross = float(np.mean([row["cross"] for row in found]))
    kept = [gain >= low for (low, _), gain in zip(ends, gains, strict=True)]
    return {
        "fold_agreement": round(_share_inside(ends, gains), 3),
        "folds_promise_kept": round(float(np.mean(kept)), 3),
        "folds_student": student,
        "folds_faqs": len(found),
        "fold_agreement_unseen": round(_share_inside(ends, unmet), 3),
        "folds_wording_gain": round(float(np.mean(unmet)) - cross, 4),
        "folds_met_gain": round(float(np.mean(gains)) - float(np.mean(unmet)), 4),
        "folds_cross_gain": round(cross, 4),
        "folds_rewordings_gain": round(float(np.mean(gains)), 4),
        "folds_better": sum(row["word"] == "better" for row in found),
    }


def _share_inside(ends: Sequence[tuple[float, float]], values: Sequence[float]) -> float:
    inside = [low <= value <= high for (low, high), value in zip(ends, values, strict=True)]
    return float(np.mean(inside))


def _interval(row: Mapping[str, Any]) -> tuple[float, float]:
    """Return the interval of a row as wide as the product makes it now."""
    from core.tuning.experiments.folds import widening

    factor = widening(row["groups"]) / row["widening"]
    value = row["cross"]
    return value - factor * (value - row["low"]), value + factor * (row["high"] - value)


def _rows(out: Path, student: str, preset: str) -> dict[int, dict[str, Any]]:
    if not out.is_file():
        return {}
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    asked = (student, preset)
    whole = (row for row in rows if "rewordings_unmet_gain" in row)  # of before, without it
    return {row["seed"]: row for row in whole if (row["student"], row["preset"]) == asked}


def main() -> int:
    """Measure and print; returns 2 where the data are not here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--student", default=STUDENT)
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--faqs", type=int, default=FAQS)
    parser.add_argument("--out", type=Path, default=Path("small_data_folds.jsonl"))
    told = parser.parse_args()
    if not (data_folder() / "stackfaq" / "titles.json").is_file():
        sys.stderr.write("StackFAQ is not here: set DATA_DIR.\n")
        return 2
    logging.disable(logging.WARNING)
    sys.stdout.write(f"{machine()}\n")
    found = measure(told.out, told.student, told.preset, told.faqs)
    target = "reached" if found["fold_agreement"] >= TARGET else "not reached"
    sys.stdout.write(f"fold_agreement {found['fold_agreement']:.2f} (target {TARGET}: {target})\n")
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
