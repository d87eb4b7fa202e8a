"""Does the interval of a cross-fitted verdict cover the truth? Many draws of data, a cheap learner.

    python benchmarks/cross_fit_coverage.py [--draws 400] [--out coverage.jsonl]

Two kinds of draws, with the folds and the statistics of the product:

- ``ridge``: a company's answers are random vectors, its questions are the answers seen through a
  way of writing that all share, plus noise. "Before" compares question and answer as they are,
  "after" through a linear map that was fitted (ridge regression towards the identity, its strength
  chosen on the fold's validation questions) in each fold. ``planted``: a true gain. ``A/A``: both
  sides are fitted on random halves of the same training part, so that the true difference is 0
  while the luck of each fold is shared by all of its questions.
- ``noise``: differences of questions are drawn directly, with luck of the fold (standard deviation
  0.03 nDCG@10) and of the answer group; the truth is known exactly.

The truth of ``planted`` is the mean over all draws: what this recipe gains on average on data of
this size. ``coverage`` is the share of intervals that hold it, ``factor`` how many times as wide an
interval has to be to hold it in 95 of 100 draws, ``shown`` how often the verdict says "better" or
"worse" (with A/A: how often it is wrong).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.data.splitting import cross_fit_folds
from core.evaluation.statistics import mean_interval, randomisation_p
from core.evaluation.verdict import NOT_SHOWN, word
from core.tuning.experiments.folds import widening
from core.types import KNOWN, TRAIN, UNSEEN, QADataset

DIMENSIONS = 12
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)  # of the pull towards the identity
FOLD_LUCK, GROUP_LUCK, QUESTION_LUCK, GAIN = 0.03, 0.1, 0.25, 0.05
AA, PLANTED = "A/A", "planted"
RESAMPLES = 2000


@dataclass(frozen=True)
class Setting:
    """What is drawn: a number of answers, each with a number of questions."""

    learner: str
    effect: str
    groups: int
    each: int
    regime: str


@dataclass(frozen=True)
class Coverage:
    """What came out of one setting.

    ``factor`` says how much wider intervals would have to be; the figures ``widened`` hold for the
    product's own :func:`core.tuning.experiments.folds.widening`.
    """

    truth: float
    spread: float
    coverage: float
    factor: float
    shown: float
    coverage_widened: float
    shown_widened: float


def settings() -> Iterator[Setting]:
    """Yield everything that is drawn."""
    for learner in ("ridge", "noise"):
        for effect in (AA, PLANTED):
            for groups in (20, 40, 80, 160, 300):
                yield Setting(learner, effect, groups, 1, UNSEEN)
            for groups in (20, 40, 80) if learner == "ridge" else ():
                for regime in (KNOWN, UNSEEN):
                    yield Setting(learner, effect, groups, 4, regime)


def drawn_data(groups: int, each: int) -> QADataset:
    """Return a dataset of so many answers and questions; the texts do not matter."""
    group = np.repeat(np.arange(groups), each).astype(np.int32)
    count = len(group)
    return QADataset(
        name="drawn",
        questions=tuple(f"question {i}" for i in range(count)),
        answers=tuple(f"answer {i}" for i in range(groups)),
        question_ids=tuple(f"q{i}" for i in range(count)),
        answer_ids=tuple(f"a{i}" for i in range(groups)),
        right_question=np.arange(count, dtype=np.int32),
        right_answer=group,
        right_grade=np.ones(count, np.float32),
        question_group=group,
        answer_group=np.arange(groups, dtype=np.int32),
        split=np.full(count, TRAIN, "U18"),
        question_row=np.arange(count, dtype=np.int32),
    )


def ndcg(questions: np.ndarray, answers: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return nDCG@10 of questions with one right answer each, float64 [n]."""
    cosines = questions @ answers.T / np.linalg.norm(answers, axis=1)
    best = cosines[np.arange(len(right)), right]
    rank = 1 + (cosines > best[:, None]).sum(axis=1)
    return np.where(rank <= 10, 1 / np.log2(1.0 + rank), 0.0)


def fitted(
    questions: np.ndarray,
    answers: np.ndarray,
    right: np.ndarray,
    train: np.ndarray,
    validation: np.ndarray,
) -> np.ndarray:
    """Return the linear map that does best on validation questions, the identity included."""
    left, goal = questions[train], answers[right[train]]
    maps = [np.eye(DIMENSIONS)]
    for strength in STRENGTHS:
        pull = strength * np.eye(DIMENSIONS)
        maps.append(np.linalg.solve(left.T @ left + pull, left.T @ goal + pull))
    scores = [ndcg(questions[validation] @ m, answers, right[validation]).mean() for m in maps]
    return maps[int(np.argmax(scores))]


def ridge_draw(setting: Setting, way: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the difference of each question of the regime, and its answer group."""
    rng = np.random.default_rng([seed, setting.groups, setting.each])
    data = drawn_data(setting.groups, setting.each)
    right = data.question_group
    answers = rng.normal(size=(setting.groups, DIMENSIONS))
    habit = rng.normal(size=answers.shape)[right]  # how people speak of one answer
    noise = rng.normal(size=(len(right), DIMENSIONS))
    questions = answers[right] @ way + 0.6 * habit + 0.6 * noise
    found = np.full(len(right), np.nan)
    for fold in cross_fit_folds(data, np.arange(len(right)), seed=seed):
        rows = fold.held_out_rows
        rows = rows[fold.regimes_of(rows) == setting.regime]
        train, validation = fold.rows(TRAIN), fold.validation_rows
        if setting.effect == AA:
            halves = [rng.permutation(train)[: -(-len(train) // 2)] for _ in range(2)]
            before, after = (fitted(questions, answers, right, h, validation) for h in halves)
        else:
            before = np.eye(DIMENSIONS)
            after = fitted(questions, answers, right, train, validation)
        sides = [ndcg(questions[rows] @ m, answers, right[rows]) for m in (before, after)]
        found[rows] = sides[1] - sides[0]
    tested = ~np.isnan(found)
    return found[tested], right[tested]


def noise_draw(setting: Setting, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return differences that were drawn directly, and the answer group of each."""
    rng = np.random.default_rng([seed, setting.groups, setting.each, 1])
    data = drawn_data(setting.groups, setting.each)
    found = np.full(len(data.questions), np.nan)
    for fold in cross_fit_folds(data, np.arange(len(found)), seed=seed):
        rows = fold.held_out_rows
        rows = rows[fold.regimes_of(rows) == setting.regime]
        found[rows] = FOLD_LUCK * rng.normal()
    tested = ~np.isnan(found)
    groups = data.question_group[tested]
    values = found[tested] + GROUP_LUCK * rng.normal(size=setting.groups)[groups]
    values += QUESTION_LUCK * rng.normal(size=len(groups))
    return values + (GAIN if setting.effect == PLANTED else 0.0), groups


def drawn(setting: Setting, draws: int) -> list[list[float]]:
    """Return (value, low, high, p, questions, groups) of so many draws."""
    style = np.random.default_rng(7).normal(size=(DIMENSIONS, DIMENSIONS))
    way = np.eye(DIMENSIONS) + style / np.sqrt(DIMENSIONS)
    found = []
    for seed in range(draws):
        ridge = setting.learner == "ridge"
        values, groups = ridge_draw(setting, way, seed) if ridge else noise_draw(setting, seed)
        interval = mean_interval(values, groups, seed=seed, resamples=RESAMPLES)
        p = randomisation_p(values, groups, seed=seed, resamples=RESAMPLES)
        told = [interval.value, interval.low, interval.high, p]
        found.append([round(x, 6) for x in told] + [len(values), len(np.unique(groups))])
    return found


def coverage(setting: Setting, draws: list[list[float]]) -> Coverage:
    """Count how often the intervals hold the truth."""
    value, low, high, p, questions, groups = np.array(draws).T
    truth = 0.0 if setting.effect == AA else float(value.mean())
    if (setting.learner, setting.effect) == ("noise", PLANTED):
        truth = GAIN
    arm = np.where(truth > value, high - value, value - low)
    needed = np.abs(truth - value) / np.maximum(arm, 1e-9)
    wide = np.array([widening(int(count)) for count in groups])

    def shown(factor: np.ndarray) -> float:
        ends = value - factor * (value - low), value + factor * (high - value)
        said = [
            word(ends[0][i], ends[1][i], p[i], questions[i], groups[i]) for i in range(len(value))
        ]
        return float(np.mean([one != NOT_SHOWN for one in said]))

    return Coverage(
        round(truth, 4),
        round(float(value.std(ddof=1)), 4),
        round(float(np.mean(needed <= 1)), 4),
        round(float(np.quantile(needed, 0.95)), 3),
        round(shown(np.ones(len(value))), 4),
        round(float(np.mean(needed <= wide)), 4),
        round(shown(wide), 4),
    )


def main() -> None:
    """Draw what is not in the file yet and print the table; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--out", type=Path, default=Path("coverage.jsonl"))
    told = parser.parse_args()
    done: dict[Setting, list[list[float]]] = {}
    if told.out.is_file():
        for line in told.out.read_text().splitlines():
            record = json.loads(line)
            done[Setting(**record["setting"])] = record["draws"]
    figures: dict[Setting, Coverage] = {}
    for setting in settings():
        if setting not in done:
            done[setting] = drawn(setting, told.draws)
            with told.out.open("a") as file:
                record = {"setting": asdict(setting), "draws": done[setting]}
                file.write(json.dumps(record) + "\n")
        found = figures[setting] = coverage(setting, done[setting])
        sys.stdout.write(
            f"{setting.learner:5} {setting.effect:7} {setting.groups:3} answers × {setting.each} "
            f"{setting.regime:6} truth {found.truth:+.3f} ± {found.spread:.3f}  coverage "
            f"{found.coverage:.3f}  factor {found.factor:.2f}  shown {found.shown:.3f}  widened: "
            f"{found.coverage_widened:.3f}, {found.shown_widened:.3f}\n"
        )
        sys.stdout.flush()
    factors = {
        groups: max(f.factor for s, f in figures.items() if s.groups == groups)
        for groups in sorted({s.groups for s in figures})
    }
    last = {
        "coverage_least": min(f.coverage for f in figures.values()),
        "coverage_widened_least": min(f.coverage_widened for f in figures.values()),
        "factor_by_groups": factors,
        "false_alarms": max(f.shown for s, f in figures.items() if s.effect == AA),
        "false_alarms_widened": max(f.shown_widened for s, f in figures.items() if s.effect == AA),
    }
    sys.stdout.write(json.dumps(last) + "\n")


if __name__ == "__main__":
    main()
