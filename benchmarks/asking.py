"""Asking people and models: ``python benchmarks/asking.py [--parts judging,people] [--seeds 1]``.

judging  StackFAQ, titles as the only training questions and 624 open questions, with the stronger
         expert: the gain over the number of open questions that are judged (0, 25, 50, 100, 200,
         all), what decides most first (the app's order) against random order. Simulated judges
         answer from the true labels, over the pool of the first three answers of every system
people   25 people collect questions and judge results at once (``benchmarks/asking_people.py``):
         seconds until the next answer is there, and what was lost
written  what questions add to titles that were written from the answers without any model
llm      how far a small language model on this machine agrees with true labels
         (both: ``benchmarks/asking_models.py``)

Every tuning is a line of ``--out``: a killed run goes on with the next one. ``--points`` chooses
points of the curve, such as ``app:50,random:100``; ``--no-tuning`` tells only what judging finds.
Prints tables; the last line is one JSON object. ``--quick`` only sees whether everything works: its
figures mean nothing. Reads ``$DATA_DIR/stackfaq``.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.asking_models import llm, written  # noqa: E402
from benchmarks.small_data import TEACHER, Bench, small_dataset  # noqa: E402
from benchmarks.support.machine import data_folder, machine  # noqa: E402
from core.types import QADataset  # noqa: E402

COUNTS = (0, 25, 50, 100, 200, 624)
APP, RANDOM = "app", "random"
Figures = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a part is told.

    Attributes
    ----------
    bench : Bench
        Where tunings are done and kept.
    seeds : int
        How many of each.
    points : tuple of str
        ``order:count`` of the curve; empty = all.
    tunes : bool
        Whether to tune; else only what judging finds is told.
    store : Path
        Folder for whatever a part keeps.
    quick : bool
    """

    bench: Bench
    seeds: int
    points: tuple[str, ...]
    tunes: bool
    store: Path
    quick: bool


class Judges:
    """Simulated judges of the open questions of the small protocol."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.dataset = bench, small_dataset("open")

    @cached_property
    def truth(self) -> dict[str, set[int]]:
        """Rows of the right answers of each question, by its id."""
        place = {key: row for row, key in enumerate(self.dataset.answer_ids)}
        found: dict[str, set[int]] = {}
        path = data_folder() / "stackfaq" / "qrels.tsv"
        for line in path.read_text("utf-8").splitlines()[1:]:
            question, answer, _ = line.split("\t")
            found.setdefault(question, set()).add(place[answer])
        return found

    @cached_property
    def tops(self) -> list[np.ndarray]:
        """First answers of keyword search and every expert for the open questions."""
        from core.asking.judging import DEPTH
        from core.evaluation.search import rank
        from core.experts.catalogue import default_experts

        experts = [getattr(one, "key", one) for one in default_experts("en")]
        keys = dict.fromkeys(["bm25", *experts, TEACHER])
        rows = self.dataset.open_rows
        return [
            rank(scores.question_matrix[rows], scores.answer_matrix, DEPTH).top_answers
            for scores in self.bench.scores(self.dataset, list(keys))
        ]

    def order(self, name: str, count: int, seed: int) -> np.ndarray:
        """Return which open questions are judged, as positions among them."""
        from core.asking.judging import DEPTH, judging_order
        from core.data.answered_questions import kept_back_answers

        rows = self.dataset.open_rows
        if name == RANDOM:
            return np.random.default_rng(seed).permutation(len(rows))[:count]
        weight, groups = self.dataset.question_weight[rows], self.dataset.answer_group
        held = kept_back_answers(self.dataset)
        return judging_order(self.tops, weight, groups, depth=DEPTH, count=count, kept_back=held)

    def judged(self, name: str, count: int, seed: int) -> tuple[QADataset, Figures]:
        """Return the data after so many questions were judged, and what judging found."""
        from core.asking.judging import DEPTH, pooled
        from core.data.answered_questions import (
            JUDGED,
            TO_LEARN,
            AnsweredQuestion,
            with_answered_questions,
        )

        rows, pools, items = self.dataset.open_rows, pooled(self.tops, DEPTH), []
        for position in self.order(name, count, seed).tolist():
            row = int(rows[position])
            right = self.truth[self.dataset.question_ids[row]]
            pool = pools[position]
            found = {answer: 1.0 for answer in pool if answer in right}
            wrong = tuple(answer for answer in pool if answer not in right)
            items.append(AnsweredQuestion(self.dataset.questions[row], found, wrong))
        made, account = with_answered_questions(self.dataset, items, use=TO_LEARN, source=JUDGED)
        pairs = sum(len(item.right) + len(item.wrong) for item in items)
        gained = np.setdiff1d(self.dataset.open_rows, made.open_rows)
        groups = len(np.unique(made.question_group[gained]))
        found = {"judged": len(items), "pairs": pairs, "groups": groups}
        return made, found | dataclasses.asdict(account)


def judging(asked: Asked) -> Figures:
    """Measure the curve of the gain over the number of judged questions."""
    judges, bench = Judges(asked.bench), asked.bench
    wanted = [(name, count) for count in COUNTS for name in (APP, RANDOM)]
    if asked.points:
        wanted = [p for p in wanted if f"{p[0]}:{p[1]}" in asked.points]
    if asked.quick:
        wanted = [(APP, 50), (RANDOM, 50)]
    curve: dict[str, dict[str, float]] = {APP: {}, RANDOM: {}}
    head = f"{'order':8}{'judged':>8}{'pairs':>8}{'learned':>9}{'groups':>8}{'no right':>10}"
    print(f"\n{head}{'gain in nDCG@10 per seed':>28}", flush=True)
    for name, count in wanted:
        gains, told = [], {}
        for seed in range(asked.seeds):
            dataset, told = judges.judged(name, count, seed)
            if not asked.tunes:
                continue
            key = f"judged-{name if 0 < count < COUNTS[-1] else 'any'}-{count}"
            row = bench.tuned(key, dataset, "en", True, seed)
            gains.append(row["after"]["all"] - row["before"]["all"])
        if gains:
            curve[name][str(count)] = round(float(np.mean(gains)), 4)
        line = f"{name:8}{count:8}{told['pairs']:8}{told['learned']:9}{told['groups']:8}"
        line += f"{told['none_right']:10}"
        print(f"{line}{' '.join(f'{gain:+.4f}' for gain in gains):>28}", flush=True)
    figures: Figures = {"judging_curve": curve, "judging_seeds": asked.seeds}
    for key, name, count in (("judging_50", APP, 50), ("judging_random_100", RANDOM, 100)):
        if str(count) in curve[name]:
            figures[key] = curve[name][str(count)]
    return figures


def people(asked: Asked) -> Figures:
    """Measure a room of people who collect and judge at once."""
    from benchmarks.asking_people import EACH, PEOPLE, people as measure

    return measure(3, 2) if asked.quick else measure(PEOPLE, EACH)


PARTS: dict[str, Callable[[Asked], Figures]] = {
    "judging": judging,
    "people": people,
    "written": written,
    "llm": llm,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for; returns 2 where the data are not here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", default=",".join(PARTS), help=", ".join(PARTS))
    parser.add_argument("--seeds", type=int, default=1, help="of each tuning (default: 1)")
    parser.add_argument("--points", default="", help="of the curve, such as app:50,random:100")
    parser.add_argument("--no-tuning", action="store_true", help="only what judging finds")
    parser.add_argument("--out", type=Path, help="lines of results; default: beside the models")
    parser.add_argument("--store", type=Path, help="folder of models and vectors")
    parser.add_argument("--quick", action="store_true", help="very few steps")
    options = parser.parse_args(arguments)
    parts = options.parts.split(",")
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    if {"judging", "written"} & set(parts) and not (
        data_folder() / "stackfaq" / "titles.json"
    ).is_file():
        sys.stderr.write(
            f"{data_folder()} holds no stackfaq: set DATA_DIR to the folder that does\n"
        )
        return 2
    mark = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    store = options.store or Path(tempfile.gettempdir()) / f"asking-{mark}"
    bench = Bench(options.out or store / "results.jsonl", store, options.quick)
    points = tuple(options.points.split(",")) if options.points else ()
    asked = Asked(bench, options.seeds, points, not options.no_tuning, store, options.quick)
    print(machine())
    figures: Figures = {}
    for part in parts:
        figures |= PARTS[part](asked)
    print(json.dumps(figures | ({"quick": True} if options.quick else {})))
    return 0


if __name__ == "__main__":
    sys.exit(main())
