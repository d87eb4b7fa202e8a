"""Read files that somebody made to hurt: what is refused, what it costs, what escapes.

Run ``python benchmarks/hostile.py [--count 1600] [--seed 0] [--out FILE]``. Every file is made from
a seed and read as the app would read it, in a child process with limits, and then used there:
columns guessed, pairs collected, the dataset made, ratings, scores and labels matched. Counted are
files that were taken, refused with a sentence, stopped at a limit, and those that raised what
nobody foresaw; what must be 0 are ``uncaught``, ``over_20_s_of_cpu`` and ``over_the_memory_limit``
(more at their peak than the limit allows beside the loaded program). One file at a time on one
core. With ``--out`` a line is written for each, and a run that was broken off goes on after the
last. The last line printed is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.hostile_files import (
    DATA,
    FOLDER,
    LABELS,
    LOG,
    RATINGS,
    ROWS,
    RUN,
    SCORES,
    SETS,
    SETTINGS,
    Hostile,
    bent_folder,
    hostile_files,
)
from core.data.beir import read_for_evaluation
from core.data.correction_file import match_corrections
from core.data.file_preview import outcome, preview, read_dataset, unknown_ratings
from core.data.logs.question_log import add_log, guess_log, read_log
from core.data.rating_file import read_ratings
from core.data.reading.formats import read_table
from core.data.score_table import guess_score_columns, match_scores
from core.data.trec_run import parse_run
from core.errors import AppError, DataError, LimitError
from core.experts.folders import own_folder
from core.experts.local_folder import expert_in_folder
from core.jobs.limited import UNFORESEEN, Limits, Used, run_limited
from core.tuning.presets import from_document
from core.types import QADataset

MOST_CPU_S = 20.0
PRELOAD = ("core.data.file_preview:warm_up", "benchmarks.hostile")
TAKEN, REFUSED, LIMIT, UNCAUGHT = "taken", "refused", "limit", "uncaught"


@dataclass
class Reading:
    """What became of a file.

    Attributes
    ----------
    outcome : str
        Taken, refused with a sentence, stopped at a limit, or not foreseen.
    said : str
        The sentence, or what was not foreseen.
    cpu_seconds, peak_mb : float
        What it took.
    """

    outcome: str
    said: str = ""
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0


def read_one(case: Hostile, limits: Limits, root: Path) -> Reading:
    """Make a file, read it in a child process with limits, and say what became of it.

    Parameters
    ----------
    root : Path
        An empty folder for model folders.
    """
    content = case.make()
    used: list[Used] = []
    name = case.name
    if case.reading == FOLDER:
        name = bent_folder(root, case.name, content)
    try:
        run_limited(
            *(use, case.reading, content, name),
            name=case.kind,
            limits=limits,
            preload=PRELOAD,
            on_end=used.append,
        )
        outcome, said = TAKEN, ""
    except AppError as error:
        said = str(error)
        said.encode("utf-8")  # what cannot be shown would end a page
        outcome = REFUSED
        if isinstance(error, LimitError):
            outcome = LIMIT
        elif error.message.template in UNFORESEEN:
            outcome = UNCAUGHT
    except Exception as error:
        outcome, said = UNCAUGHT, f"{type(error).__name__}: {error}"
    took = used[0] if used else Used(0.0, 0.0)
    return Reading(outcome, said, took.cpu_seconds, took.peak_mb)


def use(reading: str, content: bytes, name: str) -> str:
    """Read a file and use what is in it; runs in the child."""
    if reading == DATA:
        return _use_data(content, name)
    if reading == LOG:
        table = read_log(content, name)
        columns = guess_log(table)
        if columns.question:
            add_log(_present_data(), table, columns, name)
    elif reading == SCORES:
        table = read_table(content, name)
        match_scores(table, guess_score_columns(table), _present_data(), name=name)
    elif reading == RATINGS:
        read_ratings(content, name, _present_data(), "somebody")
    elif reading == LABELS:
        table, at = read_table(content, name), "2026-01-01T00:00:00+00:00"
        match_corrections(table, name, _present_data(), "somebody", at, on_record=(), holding=())
    elif reading == RUN:
        parse_run(content, _present_data())
    elif reading == SETS:
        read_for_evaluation(content, name)
    elif reading == SETTINGS:
        from_document(content)
    else:
        expert_in_folder(own_folder(name))
    return ""


def _use_data(content: bytes, name: str) -> str:
    found = preview(content, name)
    mapping = found.mapping
    if found.can_be_mapped:
        if not (mapping.question and mapping.answer):
            return ""
        unknown_ratings(found, mapping)
        tried = outcome(found, mapping)
        if tried.refused:
            raise DataError(tried.refused.template, **tried.refused.params)
    dataset, account = read_dataset(content, name, None, found=found)
    json.dumps(account).encode()
    for text in (dataset.id, dataset.name, *dataset.questions, *dataset.answers):
        text.encode()
    return dataset.id


def _present_data() -> QADataset:
    """Return data that ratings, scores and runs could belong to."""
    count = len(ROWS)
    each = np.arange(count, dtype=np.int32)
    return QADataset(
        name="present",
        questions=tuple(q for q, _ in ROWS),
        answers=tuple(a for _, a in ROWS),
        question_ids=tuple(f"q{i}" for i in each),
        answer_ids=tuple(f"a{i}" for i in each),
        right_question=each,
        right_answer=each,
        right_grade=np.ones(count, np.float32),
        question_group=each,
        answer_group=each,
        split=np.array(["train"] * (count - 10) + ["test_unseen"] * 10),
        question_row=each,
    )


def measure(count: int, seed: int = 0, out: Path | None = None) -> dict[str, Any]:
    """Read that many hostile files; return how many ended how, and what they took."""
    limits, rows = Limits(), []
    if out is not None and out.is_file():
        rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    for number, case in enumerate(hostile_files(count, seed)):
        if number < len(rows):
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = read_one(case, limits, Path(folder))
        row = {"number": number, "kind": case.kind, "name": case.name[:60]} | asdict(found)
        row["said"] = found.said[:300]
        rows.append(row)
        if found.outcome == UNCAUGHT or found.cpu_seconds > MOST_CPU_S:
            print(json.dumps(row), flush=True)
        if out is not None:
            with out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    loaded = min(row["peak_mb"] for row in rows)
    cpu = [row["cpu_seconds"] for row in rows]
    return {
        "files": len(rows),
        "kinds": len({row["kind"] for row in rows}),
        **Counter(row["outcome"] for row in rows),
        "uncaught": sum(row["outcome"] == UNCAUGHT for row in rows),
        "over_20_s_of_cpu": sum(seconds > MOST_CPU_S for seconds in cpu),
        "over_the_memory_limit": sum(
            row["peak_mb"] - loaded > limits.memory_mb + 50 for row in rows
        ),
        "cpu_seconds_median": sorted(cpu)[len(cpu) // 2],
        "cpu_seconds_most": max(cpu),
        "peak_mb_most": round(max(row["peak_mb"] for row in rows)),
        "peak_mb_of_nothing": round(loaded),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    print(json.dumps(measure(options.count, options.seed, options.out)))


if __name__ == "__main__":
    from benchmarks import hostile  # the child looks its functions up by the name of the module

    hostile.main()
