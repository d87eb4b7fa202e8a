"""Learning from little data: ``python benchmarks/small_data.py [--parts …] [--seeds 3]``.

small    StackFAQ, the title of a thread as its only training question: what titles give, what 624
         open questions (a search log) add, with a stronger expert (all-mpnet-base-v2) and without
         one; and what the same open questions give when they carry their right answers
teacher  English sample with and without the stronger expert, five split seeds
japanese Japanese sample, five split seeds
tuned_teacher  English sample with a stronger expert that learned from the known pairs first (a
         quarter of an hour for each split on one core)
folds    does a cross-fitted verdict hold (``benchmarks/small_data_folds.py``)

The unseen answers of the fixed StackFAQ splits are measured by ``benchmarks/tuning.py``.

Texts are cut at 128 word pieces, in learning and in the test, as in the references of the data.
``--whole-texts`` reads them as the app does: learning as far as the answers need, the test up to
the model's own limit.

Every tuning is a line of ``--out``: a killed run goes on with the next one. Settings are those of
the preset Balanced; checkpoints are chosen on validation questions, test questions are looked at
once per tuning. Prints a table; the last line is one JSON object. ``--quick`` only sees whether
everything works: its figures mean nothing. Reads ``$DATA_DIR/stackfaq``.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.support.machine import commit, data_folder, machine  # noqa: E402
from benchmarks.support.panel import panel_scores  # noqa: E402
from core.types import (  # noqa: E402
    OPEN,
    TEST_KNOWN,
    TEST_UNSEEN,
    TRAIN,
    VALIDATION_UNSEEN,
    QADataset,
)

TEACHER = "all-mpnet-base-v2"
LENGTH, NO_LIMIT = 128, 1 << 30  # word pieces of a text
SPLIT_SEEDS = (1, 2, 3, 4, 5)
PARTS = ("small", "teacher", "japanese", "tuned_teacher", "folds")
Row = dict[str, Any]


def small_dataset(open_: str) -> QADataset:
    """Return StackFAQ with titles to learn from.

    Parameters
    ----------
    open_ : str
        What the open questions are: ``none`` of them, ``open``, or ``labelled`` with their right
        answers (those of threads held out for validation stay open).
    """
    folder = data_folder() / "stackfaq"

    def lines(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]

    corpus, queries = lines("corpus.jsonl"), lines("queries.jsonl")
    titles = json.loads((folder / "titles.json").read_text("utf-8"))
    splits = json.loads((folder / "small_splits.json").read_text("utf-8"))
    place = {document["_id"]: row for row, document in enumerate(corpus)}
    of_thread: dict[int, list[int]] = {}
    for document in corpus:
        of_thread.setdefault(document["group"], []).append(place[document["_id"]])
    right: dict[str, list[int]] = {}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        question, answer, _ = line.split("\t")
        right.setdefault(question, []).append(place[answer])
    held, log, test = (set(splits[k]) for k in ("validation_groups", "open", "test"))

    texts, ids, groups, split, answers = [], [], [], [], []

    def add(text: str, key: str, group: int, name: str, found: Sequence[int]) -> None:
        texts.append(text)
        ids.append(key)
        groups.append(group)
        split.append(name)
        answers.append(sorted(set(found)))

    for title in titles:
        group = title["group"]
        name = VALIDATION_UNSEEN if group in held else TRAIN
        add(title["title"], f"t{group}", group, name, of_thread[group])
    for query in queries:
        key, group = query["_id"], query["group"]
        if key in test:
            name = TEST_UNSEEN if group in held else TEST_KNOWN
            add(query["text"], key, group, name, right[key])
        elif key in log and open_ == "labelled" and group not in held:
            add(query["text"], key, group, TRAIN, right[key])
        elif key in log and open_ != "none":
            add(query["text"], key, len(corpus) + len(texts), OPEN, ())
    pairs = [(row, answer) for row, found in enumerate(answers) for answer in found]
    return QADataset(
        name="stackfaq titles",
        questions=tuple(texts),
        answers=tuple(f"{d['title']} {d['text']}".strip() for d in corpus),
        question_ids=tuple(ids),
        answer_ids=tuple(document["_id"] for document in corpus),
        right_question=np.array([row for row, _ in pairs], np.int32),
        right_answer=np.array([answer for _, answer in pairs], np.int32),
        right_grade=np.ones(len(pairs), np.float32),
        question_group=np.array(groups, np.int32),
        answer_group=np.array([document["group"] for document in corpus], np.int32),
        split=np.array(split, "U18"),
        question_row=np.arange(len(texts), dtype=np.int32) + 2,
    )


def sample(language: str, seed: int) -> QADataset:
    """Return a sample project's data, split with a seed."""
    from core.journey.data import read_dataset

    name = {"en": "shop_faq_en.csv", "ja": "shop_faq_ja.xlsx"}[language]
    return read_dataset((ROOT / "sample_data" / name).read_bytes(), name, seed=seed)[0]


class Bench:
    """Tunes once per setting and keeps every result as a line of a file.

    Attributes
    ----------
    rows : mapping of key to row
        What was measured, in this call or an earlier one with the same commit.
    """

    def __init__(self, out: Path, store: Path, quick: bool, whole_texts: bool = False) -> None:
        from core.experts.source import ScoringContext
        from core.workspace.modelstore import ModelStore
        from core.workspace.vectors import VectorCache

        self.out, self.quick, self.commit = out, quick, commit()
        self.length = 0 if whole_texts else LENGTH
        self.context = ScoringContext(ModelStore(store / "models"), VectorCache(store / "vectors"))
        self.rows: dict[str, Row] = {}
        if out.is_file():
            found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
            mine = [row for row in found if row["commit"] == self.commit]
            self.rows = {row["key"]: row for row in mine if row["quick"] == quick}

    def keep(self, key: str, row: Mapping[str, Any]) -> Row:
        """Write one result down."""
        kept = {"key": key, "commit": self.commit, "quick": self.quick, **row}
        self.out.parent.mkdir(parents=True, exist_ok=True)
        with self.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(kept) + "\n")
        self.rows[key] = kept
        return kept

    def scores(self, dataset: QADataset, keys: Sequence[str]) -> list[Any]:
        """Return the scores of experts; every text is read once."""
        return panel_scores(keys, dataset, self.context)

    def tuned(
        self,
        name: str,
        dataset: QADataset,
        language: str,
        teacher: bool,
        seed: int,
        *,
        tunes_teacher: bool = False,
    ) -> Row:
        """Tune with the default settings, or take what was measured before.

        Parameters
        ----------
        tunes_teacher : bool
            Whether the stronger expert learns from the known pairs first.
        """
        whole = "" if self.length else "/whole"
        which = ("+tuned" if tunes_teacher else "") + ("+teacher" if teacher else "")
        key = f"{name}{which}/{seed}{whole}"
        if key in self.rows:
            return self.rows[key]
        from core.experts.catalogue import default_experts, default_student

        experts = [getattr(one, "key", one) for one in default_experts(language)]
        experts = [one for one in experts if one != TEACHER] + [TEACHER] * teacher
        scores, student, began = (
            self.scores(dataset, experts),
            default_student(language),
            time.perf_counter(),
        )
        with tempfile.TemporaryDirectory() as folder:
            if tunes_teacher:
                scores[-1] = self._tuned_scores(dataset, language, scores, seed, Path(folder))
            task, outcome = self._learn(
                dataset, language, student, scores, seed, Path(folder) / "run"
            )
            seconds = time.perf_counter() - began
            after = self.quality(task.model, dataset, task.prompts)
            before = self.quality(task.base_folder, dataset, task.prompts)
        row = {"before": before, "after": after, "seconds": round(seconds)}
        row |= {"alpha": outcome.alpha, "best_step": outcome.best_step, "steps": outcome.steps}
        row["curve"] = [[point.step, point.regimes] for point in outcome.curve]
        if teacher:
            row["teacher"] = self.search(
                dataset, scores[-1].question_matrix, scores[-1].answer_matrix
            )
        kept = self.keep(key, row)
        print(key, json.dumps({k: kept[k] for k in ("before", "after", "seconds")}), flush=True)
        return kept

    def _learn(
        self,
        dataset: QADataset,
        language: str,
        student: str,
        scores: Sequence[Any],
        seed: int,
        folder: Path,
    ) -> tuple[Any, Any]:
        """Tune a model as the preset Balanced does; return the task and what came out."""
        from core.experts.catalogue import find_entry
        from core.labels.model import LabelModel, answer_labels
        from core.tuning.presets import PRESETS
        from core.tuning.run import train
        from core.tuning.task import TuningTask
        from core.tuning.taught import TaughtQuestions
        from core.tuning.validation import generality_check, strongest_teacher
        from core.types import LabelRecipe, SilentReporter
        from core.types.expert_entry import DOCUMENT, QUERY

        labels = LabelModel.fit(dataset, scores, LabelRecipe(tuple(one.expert for one in scores)))
        settings = {"seed": seed if seed < 100 else 0, "max_length": self.length}
        config = PRESETS["balanced"].config(base_model=student, **settings)
        if self.quick:
            config = dataclasses.replace(config, epochs=1, questions_per_batch=200, max_length=16)
        entry = find_entry(student)
        task = TuningTask(
            dataset,
            labels,
            entry.folder(self.context.models),
            config,
            folder,
            answer_labels=answer_labels(labels),
            generality=generality_check(language),
            strongest_teacher=strongest_teacher(labels, student),
            prompts={role: entry.prompt(role) for role in (QUERY, DOCUMENT)},
            taught=TaughtQuestions.of(labels, borrows=config.borrow_answers),
        )
        return task, train(task, SilentReporter())

    def _tuned_scores(
        self, dataset: QADataset, language: str, scores: Sequence[Any], seed: int, folder: Path
    ) -> Any:
        """Return what the stronger expert says once it has learned from the known pairs."""
        from core.tuning.student import DOCUMENT, QUERY, encode, load_model

        task, outcome = self._learn(dataset, language, TEACHER, scores, seed, folder / "teacher")
        model = load_model(task.model, "cpu", task.prompts)
        print(f"teacher: {outcome.base_score:.3f} → {outcome.best_score:.3f}", flush=True)
        return dataclasses.replace(
            scores[-1],
            fingerprint=f"tuned-{seed}",
            question_matrix=encode(model, dataset.questions, QUERY),
            answer_matrix=encode(model, dataset.answers, DOCUMENT),
        )

    def quality(self, folder: Path, dataset: QADataset, prompts: Mapping[str, str]) -> Row:
        """Return the nDCG@10 of a model on the held-out questions."""
        from core.tuning.student import DOCUMENT, QUERY, encode, limited_length, load_model

        model = load_model(folder, "cpu", prompts)
        with limited_length(model, self.length or NO_LIMIT):
            answers = encode(model, dataset.answers, DOCUMENT)
            questions = encode(model, dataset.questions, QUERY)
        return self.search(dataset, questions, answers)

    @staticmethod
    def search(dataset: QADataset, questions: np.ndarray, answers: np.ndarray) -> Row:
        """Return mean nDCG@10 by regime and over ``all`` held-out questions."""
        from core.tuning.validation import search_quality

        rows, corpus = dataset.held_out_rows, np.arange(len(dataset.answers), dtype=np.int32)
        values = search_quality(dataset, rows, questions[rows], corpus, answers)
        regimes = dataset.regimes_of(rows)
        found = {name: float(values[regimes == name].mean()) for name in np.unique(regimes)}
        return {**found, "all": float(values.mean())}


def gains(rows: Sequence[Row], regime: str = "all") -> list[float]:
    """Return tuned minus base of each run."""
    return [row["after"][regime] - row["before"][regime] for row in rows]


def summary(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and standard deviation over runs."""
    return float(np.mean(values)), float(np.std(values, ddof=min(1, len(values) - 1)))


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of a mean over runs (Student's t)."""
    from scipy.stats import t

    mean, spread = summary(values)
    width = float(t.ppf(0.975, max(len(values) - 1, 1))) * spread / len(values) ** 0.5
    return mean - width, mean + width


def small(bench: Bench, seeds: Sequence[int]) -> dict[str, Sequence[float]]:
    """Measure the small protocol."""
    found = {}
    for name, open_, teacher in (
        ("titles_gain_bundled", "none", False),
        ("titles_gain", "none", True),
        ("open_gain_bundled", "open", False),
        ("open_gain", "open", True),
        ("labelled_gain", "labelled", True),
    ):
        dataset = small_dataset(open_)
        rows = [bench.tuned(f"small-{open_}", dataset, "en", teacher, seed) for seed in seeds]
        found[name] = gains(rows)
        if name == "open_gain":
            found["student_minus_expert_open"] = [
                row["after"]["all"] - row["teacher"]["all"] for row in rows
            ]
    labelled = float(np.mean(found["labelled_gain"]))
    found["open_share"] = [gain / labelled for gain in found["open_gain"]] if labelled > 0 else [0]
    return found


def teacher(bench: Bench, seeds: Sequence[int]) -> dict[str, Sequence[float]]:
    """Measure the English sample with and without the stronger expert."""
    found = {}
    for name, with_teacher in (("no_teacher", False), ("teacher", True)):
        rows = [bench.tuned(f"en{s}", sample("en", s), "en", with_teacher, 0) for s in seeds]
        found |= {f"{name}_{regime}": gains(rows, regime) for regime in ("known", "unseen")}
    return found


def tuned_teacher(bench: Bench, seeds: Sequence[int]) -> dict[str, Sequence[float]]:
    """Measure the English sample with a stronger expert that learned from the known pairs first."""
    rows = [
        bench.tuned(f"en{s}", sample("en", s), "en", True, 0, tunes_teacher=True) for s in seeds
    ]
    return {f"tuned_teacher_{regime}": gains(rows, regime) for regime in ("known", "unseen")}


def japanese(bench: Bench, seeds: Sequence[int]) -> dict[str, Sequence[float]]:
    """Measure the Japanese sample."""
    rows = [bench.tuned(f"ja{s}", sample("ja", s), "ja", False, 0) for s in seeds]
    return {f"japanese_{regime}": gains(rows, regime) for regime in ("known", "unseen")}


TARGETS = {
    "titles_gain_bundled": "≥ +0.02",
    "titles_gain": "≥ +0.065",
    "open_gain_bundled": "≥ +0.01",
    "open_gain": "≥ +0.08",
    "student_minus_expert_open": "≥ +0.01",
    "open_share": "≥ 0.6",
    "teacher_unseen": "≥ +0.07 and above no_teacher_unseen",
    "japanese_unseen": "> 0 with its interval",
}


def report(bench: Bench, parts: Sequence[str], seeds: int) -> dict[str, Any]:
    """Measure the parts, print their tables and return the figures."""
    print(machine())
    splits = SPLIT_SEEDS[:1] if bench.quick else SPLIT_SEEDS
    runs = range(1 if bench.quick else seeds)
    figures: dict[str, Any] = {}
    measured = {
        "small": (small, runs),
        "teacher": (teacher, splits),
        "japanese": (japanese, splits),
        "tuned_teacher": (tuned_teacher, splits),
    }
    for part in parts:
        if part == "folds":
            continue
        measure, given = measured[part]
        print(f"\n{part:32}{'mean ± std':>20}{'95 % interval':>22}   target")
        for name, values in measure(bench, list(given)).items():
            mean, spread = summary(values)
            low, high = interval(values)
            told = f"{low:+.4f} to {high:+.4f}" if len(values) > 1 else ""
            target = TARGETS.get(name, "")
            line = f"{name:32}{f'{mean:+.4f} ± {spread:.4f}':>20}{told:>22}   {target}"
            print(line.rstrip(), flush=True)
            figures |= {name: round(mean, 4), f"{name}_std": round(spread, 4)}
            if len(values) > 1:
                figures[f"{name}_interval"] = [round(low, 4), round(high, 4)]
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for; returns 2 where the data are not here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", default="small,teacher,japanese", help=", ".join(PARTS))
    parser.add_argument("--seeds", type=int, default=3, help="of the small protocol (default: 3)")
    parser.add_argument("--out", type=Path, help="lines of results; default: beside the models")
    parser.add_argument("--store", type=Path, help="folder of models and vectors")
    parser.add_argument("--whole-texts", action="store_true", help="read them as the app does")
    parser.add_argument("--quick", action="store_true", help="very few steps")
    options = parser.parse_args(arguments)
    parts = options.parts.split(",")
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    if not (data_folder() / "stackfaq" / "titles.json").is_file() and "small" in parts:
        sys.stderr.write(
            f"{data_folder()} holds no stackfaq: set DATA_DIR to the folder that does\n"
        )
        return 2
    mark = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    store = options.store or Path(tempfile.gettempdir()) / f"small-data-{mark}"
    bench = Bench(options.out or store / "results.jsonl", store, options.quick, options.whole_texts)
    figures = report(bench, parts, options.seeds)
    if "folds" in parts:
        from benchmarks.small_data_folds import measure

        figures |= measure(store / "folds.jsonl")
    print(json.dumps(figures | ({"quick": True} if options.quick else {})))
    return 0


if __name__ == "__main__":
    sys.exit(main())
