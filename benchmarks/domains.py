"""The paper's table on nine data sets: ``python benchmarks/domains.py [--domains …] [--arms …]``.

Nine sets in five languages: both samples, StackFAQ, the six of ``$DATA_DIR/domains``. Each arm is
one way to search or to learn, on the same split:

untuned, bm25, hybrid, strongest   the base model; keyword search; both joined with a weight that
                                   validation questions chose; the best expert by itself
hard-mse, hard-infonce             the same tuning from right answers alone, no expert
soft-1, soft-2, soft-3             labels by mean, by median, anchored
reliability                        the product's default: experts weighed by what they know
decorrelated                       minimum-variance weights
open                               the default, but a third of the training questions have lost
                                   their right answers and are open questions
trimmed                            the default on a multilingual base that keeps only the words of
                                   the data's languages; English has no such base

``--arms mechanisms`` takes every term of a step off alone, and puts it on alone.

Figures are nDCG@10, mAP@10 and AUPRC (average precision over all pairs of a held-out question and
an answer) on held-out questions, by regime. Checkpoint, mixing and weights are chosen on validation
questions; test questions are looked at once per run. Texts are read as Compare reads them: up to
the model's own limit.

A run that can only end as another one (:func:`same_as`) is not run: its line is that of the other
one, and names it.

Every run is a line of ``--out`` (default: ``docs/evidence/domains.jsonl``); what is there with the
same settings is not run again, so a killed run goes on. ``--table`` prints from it and tunes
nothing. Split seeds and training seeds are two kinds of luck and are told apart.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.domains_table import (  # noqa: E402
    DEFAULT,
    HARD,
    TEACHER,
    Row,
    asked,
    figures_of,
    forest,
    report,
    told,
)
from benchmarks.support.machine import commit, data_folder, machine  # noqa: E402
from benchmarks.support.panel import panel_scores  # noqa: E402
from core.types import OPEN, REGIMES, TRAIN, LabelRecipe, QADataset  # noqa: E402
from core.types.tuning_config import TuningConfig  # noqa: E402

OPEN_SHARE = 1 / 3
# English first and small ones first: a day that is cut short has whole sets.
DOMAINS: dict[str, str] = {
    "shop_faq_en": "en",
    "stackfaq": "en",
    "covid_faq_de": "de",
    "xquad_es": "es",
    "xquad_zh": "zh",
    "shop_faq_ja": "ja",
    "jaquad_ja": "ja",
    "shop_pqa_en": "en",
    "city_pages_de": "de",
}
SAMPLES = {"shop_faq_en": "shop_faq_en.csv", "shop_faq_ja": "shop_faq_ja.xlsx"}
SEARCHES = ("untuned", "bm25", "hybrid", "strongest")
TRIMMED = "trimmed"


@dataclass(frozen=True)
class Arm:
    """One way to learn.

    Attributes
    ----------
    rule : str
        Of the labels; ``hard`` = no experts.
    blend : float
        Share of the hard label.
    changes : dict
        What differs from the preset Balanced.
    hides : bool
        Whether a third of the training questions lose their right answers.
    """

    rule: str = "reliability"
    blend: float = 0.5
    changes: dict[str, Any] = dataclasses.field(default_factory=dict)
    hides: bool = False


# Without experts nobody says how alike answers are, nor what could answer an open question.
NO_EXPERTS: dict[str, Any] = {"neighbourhoods_per_batch": 0}
ARMS: dict[str, Arm] = {
    "hard-infonce": Arm("hard", 1.0, {"loss": "infonce", **NO_EXPERTS}),
    "reliability": Arm(),
    "soft-1": Arm("mean"),
    "open": Arm(hides=True),
    "hard-mse": Arm("hard", 1.0, {"loss": "mse_matched", **NO_EXPERTS}),
    "soft-3": Arm("anchored"),
    "soft-2": Arm("median"),
    "decorrelated": Arm("decorrelated"),
    TRIMMED: Arm(changes={"trim_vocabulary": True}),
}
# What a step has nothing of: labels of question rows are hard ones, no answer joins for its
# likeness, nothing is mixed.
BARE: dict[str, Any] = {"loss": "infonce", "interpolation": "off", **NO_EXPERTS}
MECHANISMS: dict[str, Arm] = {
    "off-likeness": Arm(changes={"neighbourhoods_per_batch": 0}),
    "off-columns": Arm(changes={"neighbourhood_columns": False}),
    "off-blend": Arm(blend=0.0),
    "off-mixing": Arm(changes={"interpolation": "off"}),
    "off-sparing": Arm(changes={"spare_unasked": False}),
    "off-labels": Arm(blend=1.0),
    # Against ``open``: a third of the answers is hidden, and nothing is learned instead.
    "off-open": Arm(changes={"open_share": 0.0}, hides=True),
    "off-whole-texts": Arm(changes={"max_length": 128}),
    # Off by default: unmarked answers that the experts find nearly as good are not pushed away.
    "add-masking": Arm(changes={"false_negative_margin": 0.1}),
    "on-labels": Arm(changes={**BARE, "loss": "kl"}),
    # Mixing alone is hard-infonce.
    "on-nothing": Arm("hard", 1.0, BARE),
}


def with_hidden(dataset: QADataset, share: float, seed: int) -> QADataset:
    """Return the data in which some training questions have lost their right answers.

    Parameters
    ----------
    share : float in [0, 1]
        Of the training questions; drawn once for each seed.
    """
    rows = dataset.rows(TRAIN)
    chosen = np.random.default_rng(seed).permutation(rows)[: round(share * len(rows))]
    kept = ~np.isin(dataset.right_question, chosen)
    group, split = dataset.question_group.copy(), dataset.split.copy()
    first = int(max(group.max(), dataset.answer_group.max())) + 1
    group[chosen] = first + np.arange(len(chosen))  # what they belong to is what is not known
    split[chosen] = OPEN
    return dataclasses.replace(
        dataset,
        right_question=dataset.right_question[kept],
        right_answer=dataset.right_answer[kept],
        right_grade=dataset.right_grade[kept],
        question_group=group,
        split=split,
    )


def read_domain(name: str, split_seed: int) -> QADataset:
    """Return a set, split with a seed.

    Raises
    ------
    FileNotFoundError
        If the data are not here.
    """
    from core.data.beir import read_beir
    from core.data.splitting import split_by_group
    from core.journey.data import read_dataset

    if name == "stackfaq":
        dataset = read_beir(data_folder() / "stackfaq", name=name).dataset
        split = split_by_group(dataset.question_group, seed=split_seed)
        return dataclasses.replace(dataset, split=split)
    path = (
        ROOT / "sample_data" / SAMPLES[name]
        if name in SAMPLES
        else data_folder() / "domains" / f"{name}.csv"
    )
    return read_dataset(path.read_bytes(), path.name, seed=split_seed)[0]


class Domain:
    """A set with one split, what its experts say, and what searches it.

    Parameters
    ----------
    store : Path
        Folder of models and vectors.
    with_teacher : bool
        Whether the stronger expert is asked, where there is one for the language.
    """

    def __init__(self, name: str, split_seed: int, store: Path, with_teacher: bool) -> None:
        from core.experts.catalogue import default_experts, default_student, find_entry
        from core.experts.source import ScoringContext
        from core.types.expert_entry import DOCUMENT, QUERY
        from core.workspace.workspace import Workspace

        self.name, self.split_seed, self.language = name, split_seed, DOMAINS[name]
        self.workspace = Workspace.open(store)
        self.context = ScoringContext(self.workspace.models, self.workspace.vectors)
        self.dataset = read_domain(name, split_seed)
        self.student = default_student(self.language)
        teachers = [TEACHER] if with_teacher and self.language == "en" else []
        listed = [one for one in default_experts(self.language) if one not in teachers]
        self.experts = (*listed, *teachers)
        entry = find_entry(self.student)
        self.base = entry.folder(self.context.models)
        self.prompts = {role: entry.prompt(role) for role in (QUERY, DOCUMENT)}

    def scores(self, dataset: QADataset) -> list[Any]:
        """Return what every expert says; each text is read once."""
        return panel_scores(self.experts, dataset, self.context)

    @cached_property
    def own_scores(self) -> list[Any]:
        """Scores of the data as they are."""
        return self.scores(self.dataset)

    def read(self, folder: Path) -> tuple[np.ndarray, np.ndarray, float]:
        """Return a model's question and answer vectors, and what it knows of everyday language."""
        from core.evaluation.generality import everyday_pairs
        from core.tuning.student import DOCUMENT, QUERY, encode, load_model

        model = load_model(folder, "cpu", self.prompts)
        answers = encode(model, self.dataset.answers, DOCUMENT)
        questions = encode(model, self.dataset.questions, QUERY)
        everyday = everyday_pairs(self.language).spearman(
            lambda texts: encode(model, list(texts), QUERY)
        )
        return questions, answers, everyday

    @property
    def is_multilingual(self) -> bool:
        """Whether the base model knows other languages, whose words can be left out."""
        return self.language != "en"

    @cached_property
    def trimmed(self) -> tuple[Path, Row]:
        """The base model with the words of the data's language alone, and what is left of it."""
        from core.journey.experts import trim_model

        folder, left = trim_model(self.workspace, self.student, (self.language,), self.dataset)
        return folder, {name: round(value, 5) for name, value in dataclasses.asdict(left).items()}

    @cached_property
    def untuned(self) -> tuple[np.ndarray, np.ndarray, float]:
        """The base model's vectors, and its everyday language."""
        return self.read(self.base)

    def figures(self, scores: Callable[[np.ndarray], np.ndarray]) -> dict[str, Row]:
        """Return the figures by regime; ``scores`` gives those of questions, float [n, n_a]."""
        return figures_of(self.dataset, scores)

    def search(self, arm: str) -> Row:
        """Return the figures of one that needs no tuning."""
        questions, answers, _ = self.untuned
        if arm == "untuned":
            return self.figures(lambda rows: questions[rows] @ answers.T)
        if arm == "strongest":
            best = self._strongest()
            return {"expert": best.expert} | self.figures(lambda rows: _block(best, rows))
        words = next(one for one in self.own_scores if one.expert == "bm25")
        if arm == "bm25":
            return self.figures(lambda rows: _block(words, rows))
        weight, joined = self._hybrid(words, questions, answers)
        return {"weight": weight} | self.figures(joined)

    def _strongest(self) -> Any:
        """Return the expert that searches best on validation questions, of those with answers."""
        from core.evaluation.measures import ndcg_at_10

        rows = self._validation_rows()

        def quality(one: Any) -> float:
            top = np.argsort(-_block(one, rows), axis=1, kind="stable")[:, :10].astype(np.int32)
            return float(ndcg_at_10(self.dataset, rows, top).mean())

        return max(self.own_scores, key=quality)

    def _validation_rows(self) -> np.ndarray:
        from core.types import VALIDATION_SPLIT

        rows = np.concatenate([self.dataset.rows(split) for split in VALIDATION_SPLIT.values()])
        return np.sort(rows[np.isin(rows, self.dataset.right_question)])

    def joined(self, questions: np.ndarray, answers: np.ndarray) -> Row:
        """Return what keyword search makes of a model: its weight, and nDCG@10 by regime."""
        words = next(one for one in self.own_scores if one.expert == "bm25")
        weight, scores = self._hybrid(words, questions, answers)
        found = self.figures(scores)
        return {"weight": weight} | {regime: one["ndcg@10"] for regime, one in found.items()}

    def _hybrid(
        self, words: Any, questions: np.ndarray, answers: np.ndarray
    ) -> tuple[float, Callable[[np.ndarray], np.ndarray]]:
        from core.evaluation.hybrid import JOINED_DEPTH, JoinedScores, choose_weight
        from core.evaluation.search import rank
        from core.types import VALIDATION_SPLIT

        def joined(rows: np.ndarray) -> JoinedScores:
            lists = (
                rank(words.question_matrix[rows], words.answer_matrix, JOINED_DEPTH),
                rank(questions[rows], answers, JOINED_DEPTH),
            )
            return JoinedScores.of(*lists)

        given = self._validation_rows()
        by_regime = {
            regime: np.intersect1d(given, self.dataset.rows(split)).astype(np.int32)
            for regime, split in VALIDATION_SPLIT.items()
        }
        by_regime = {regime: rows for regime, rows in by_regime.items() if len(rows)}
        found = choose_weight(
            self.dataset, by_regime, {regime: joined(rows) for regime, rows in by_regime.items()}
        )

        def scores(rows: np.ndarray) -> np.ndarray:
            both = joined(rows)
            values = np.zeros((len(rows), len(answers)), np.float32)
            parts = zip(both.answers, both.words, both.model, strict=True)
            for at, (listed, left, right) in enumerate(parts):
                values[at, listed] = found.weight * left + (1 - found.weight) * right
            return values

        return found.weight, scores

    def config(self, arm: Arm, seed: int) -> TuningConfig:
        """Return the settings of an arm."""
        from core.tuning.presets import PRESETS

        balanced = PRESETS["balanced"].config(base_model=self.student, seed=seed)
        return dataclasses.replace(balanced, **arm.changes)

    def tuned(self, arm: Arm, seed: int, *, quick: bool) -> Row:
        """Tune once and return the figures."""
        from core.labels.model import LabelModel, answer_labels
        from core.tuning.run import train
        from core.tuning.task import TuningTask
        from core.tuning.taught import TaughtQuestions
        from core.tuning.validation import generality_check, strongest_teacher
        from core.types import SilentReporter

        config, dataset = self.config(arm, seed), self.dataset
        if quick:
            config = dataclasses.replace(config, epochs=1, questions_per_batch=300, max_length=16)
        if arm.hides:
            dataset = with_hidden(dataset, OPEN_SHARE, self.split_seed)
        has_experts = arm.rule != "hard"
        scores = self.scores(dataset) if has_experts else []
        recipe = LabelRecipe(self.experts if has_experts else (), arm.rule, arm.blend)
        labels = LabelModel.fit(dataset, scores, recipe)
        base, left = self.trimmed if config.trim_vocabulary else (self.base, None)
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            task = TuningTask(
                dataset,
                labels,
                base,
                config,
                Path(folder) / "run",
                answer_labels=answer_labels(labels) if has_experts else None,
                generality=generality_check(self.language),
                strongest_teacher=strongest_teacher(labels, self.student) if has_experts else None,
                prompts=self.prompts,
                taught=TaughtQuestions.of(labels, borrows=config.borrow_answers)
                if has_experts
                else None,
            )
            outcome = train(task, SilentReporter())
            seconds = time.perf_counter() - began
            questions, answers, everyday = self.read(task.model)
        found = self.figures(lambda rows: questions[rows] @ answers.T) | {
            "joined": self.joined(questions, answers),
            "generality": round(everyday - self.untuned[2], 5),
            "seconds": round(seconds),
            "alpha": outcome.alpha,
            "best_step": outcome.best_step,
            "validation_gain": _gain(outcome),
            "left_out": list(outcome.left_out),
        }
        return found if left is None else found | {"trimmed": left}


def _gain(outcome: Any) -> float | None:
    """Return by how much the kept state lies above the base model on validation questions."""
    if outcome.best_score is None or outcome.base_score is None:
        return None
    return round(float(outcome.best_score - outcome.base_score), 5)


def _block(expert: Any, rows: np.ndarray) -> np.ndarray:
    scores = expert.question_matrix[rows] @ expert.answer_matrix.T
    return np.asarray(scores.todense() if hasattr(scores, "todense") else scores)


@dataclass(frozen=True)
class Run:
    """What one line is about."""

    domain: str
    arm: str
    seed: int
    split_seed: int


def planned(options: argparse.Namespace, arms: Sequence[str]) -> Iterable[Run]:
    """Yield the runs, the first split and seed of every set before the second of any."""
    for split_seed in range(1, options.splits + 1):
        for seed in range(options.seeds):
            for domain in options.domains.split(","):
                for arm in arms:
                    if arm in SEARCHES and seed:
                        continue
                    yield Run(domain, arm, seed, split_seed)


class Evidence:
    """The lines of results: what is there is not run again.

    Parameters
    ----------
    path : Path
        JSON lines; a line that was cut short is left out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[Row] = []
        for line in path.read_text("utf-8").splitlines() if path.is_file() else []:
            try:
                self.rows.append(json.loads(line))
            except ValueError:
                continue

    def has(self, run: Run, settings: Row) -> bool:
        """Return whether this was run with these settings."""
        wanted = json.loads(json.dumps(dataclasses.asdict(run) | {"settings": settings}))
        return any(all(row.get(key) == wanted[key] for key in wanted) for row in self.rows)

    def keep(self, row: Row) -> None:
        """Append a line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self.rows.append(row)


def settings_of(domain: Domain, run: Run) -> Row:
    """Return what makes a run another one: the settings that differ from their defaults."""
    if run.arm in SEARCHES:
        return {"experts": list(domain.experts)} if run.arm == "strongest" else {}
    arm = {**ARMS, **MECHANISMS}[run.arm]
    config, usual = domain.config(arm, run.seed), TuningConfig()
    apart = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if field.name not in ("seed", "base_model")
        and getattr(config, field.name) != getattr(usual, field.name)
    }
    labels = {"rule": arm.rule, "blend": arm.blend, "hides": arm.hides}
    return apart | labels | {"experts": list(domain.experts) if arm.rule != "hard" else []}


# What is like the default where likeness of answers is not learned from, and like another arm where
# the whole of what was learned is kept.
ON_LIKENESS = ("off-likeness", "off-columns", "off-sparing", "on-labels")
ON_MIXING = {"off-mixing": DEFAULT, "on-labels": DEFAULT, "on-nothing": HARD}
ON_OPEN = {"off-open": "open"}


def same_as(run: Run, evidence: Evidence, dataset: QADataset, settings: Row) -> Row | None:
    """Return the line of a run that learns the same steps and keeps the same of them, if any.

    Only of a run that asked the same experts: without a teacher everything is another one.

    Likeness of answers is left out of a run by what the data are (fewer right answers for each
    question than ``SEVERAL``) or by what was seen of the experts (``left_out`` of the line); with
    it all of what joins a step for its sake; so are open questions. Mixing happens after learning:
    where it chose to keep all of what was learned, nothing was mixed.
    """
    from core.tuning.data_rules import SEVERAL, right_answers_each

    other = {**dict.fromkeys(ON_LIKENESS, DEFAULT), **ON_MIXING, **ON_OPEN}.get(run.arm)
    wanted = dataclasses.asdict(dataclasses.replace(run, arm=other or run.arm))
    lines = [
        row
        for row in evidence.rows
        if all(row[key] == wanted[key] for key in wanted)
        and row["settings"].get("experts") == settings.get("experts")
    ]
    if other is None or not lines:
        return None
    line = lines[-1]
    each = right_answers_each(dataset, dataset.rows(TRAIN))
    left_out = each < SEVERAL or "neighbourhoods_per_batch" in line.get("left_out", ())
    if run.arm in ON_LIKENESS and not left_out:
        return None
    if run.arm in ON_MIXING and line["alpha"] != 1.0:
        return None
    if run.arm in ON_OPEN and "open_share" not in line.get("left_out", ()):
        return None
    return {key: value for key, value in line.items() if key not in wanted} | {"same_as": other}


def run_all(options: argparse.Namespace, evidence: Evidence, arms: Sequence[str]) -> None:
    """Run what is planned and not there yet."""
    domain: Domain | None = None
    for run in planned(options, arms):
        if domain is None or (domain.name, domain.split_seed) != (run.domain, run.split_seed):
            domain = Domain(run.domain, run.split_seed, options.store, not options.no_teacher)
        settings = settings_of(domain, run)
        if options.quick:
            settings = settings | {"quick": True}
        if evidence.has(run, settings):
            continue
        if run.arm in SEARCHES:
            found = domain.search(run.arm)
        elif run.arm == TRIMMED and not domain.is_multilingual:
            continue
        elif twin := same_as(run, evidence, domain.dataset, settings):
            row = dataclasses.asdict(run) | twin | {"settings": settings}
            evidence.keep(row)
            print(told(row), "as", row["same_as"], flush=True)
            continue
        else:
            arm = {**ARMS, **MECHANISMS}[run.arm]
            found = domain.tuned(arm, run.seed, quick=options.quick)
        if run.arm != "untuned":  # the same for every arm of a split
            for regime in set(found) & set(REGIMES):
                del found[regime]["question_groups"]
        about = {"base": domain.student, "commit": commit(), "machine": machine()}
        row = dataclasses.asdict(run) | about | found | {"settings": settings}
        evidence.keep(row)
        print(told(row), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, print the table; returns 2 where the data are not here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--domains", default=",".join(DOMAINS), help=", ".join(DOMAINS))
    arms = [*SEARCHES, *ARMS]
    parser.add_argument("--arms", default=",".join(arms), help=f"{', '.join(arms)}, mechanisms")
    parser.add_argument("--seeds", type=int, default=3, help="training seeds (default: 3)")
    parser.add_argument("--splits", type=int, default=3, help="split seeds (default: 3)")
    parser.add_argument("--no-teacher", action="store_true", help="without the stronger expert")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "evidence" / "domains.jsonl")
    parser.add_argument("--store", type=Path, help="folder of models and vectors")
    parser.add_argument("--table", action="store_true", help="print from what is there")
    parser.add_argument("--quick", action="store_true", help="very few steps; figures mean nothing")
    options = parser.parse_args(arguments)
    wanted = options.arms.replace("mechanisms", ",".join(MECHANISMS)).split(",")
    for name, known in (("domains", DOMAINS), ("arms", {**dict.fromkeys(arms), **MECHANISMS})):
        given = wanted if name == "arms" else options.domains.split(",")
        strange = [one for one in given if one not in known]
        if strange:
            parser.error(f"no {name} {', '.join(strange)}; there are: {', '.join(known)}")
    evidence = Evidence(options.out)
    if not options.table:
        outside = set(options.domains.split(",")) - set(SAMPLES)
        if outside and not (data_folder() / "domains").is_dir():
            sys.stderr.write(
                f"{data_folder()} holds no domains: set DATA_DIR to the folder that does, or take "
                f"--domains {','.join(SAMPLES)}\n"
            )
            return 2
        if options.store is None:
            options.store = Path(tempfile.gettempdir()) / "domains-store"
        print(machine())
        run_all(options, evidence, wanted)
    figures = report(evidence.rows, quick=options.quick)
    if not options.quick and (picture := forest(asked(evidence.rows, teacher=True))):
        options.out.with_suffix(".svg").write_text(picture, encoding="utf-8")
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
