"""Speed wherever a user waits: ``python benchmarks/speed.py [--parts encoding,cache] [--growth]``.

encoding    texts per second against plain SentenceTransformer.encode, on the same texts
cache       reading back the vectors of 100,000 texts
pages       start to the first page, opening every page of a large project, data sent
search      a question typed by hand in 1,000,000 answers
evaluation  10,000 questions × 100,000 answers against InformationRetrievalEvaluator
import      a CSV of 500,000 rows and a workbook of 100,000
tuning      a step of tuning with this machine's settings against the same step plain
memory      the most memory that tuning takes where as much is free as on a laptop with 8 GB
verdict     from the file of the English sample to the first verdict

Each part runs in a process of its own (``benchmarks/speed_parts/<part>.py`` says what it does) and
can be run alone. ``--growth`` measures each at a sixteenth and a quarter of its work, too. Prints a
table with machine and commit, and as its last line one JSON object. A part that fails is named and
leaves the others alone; the exit code is then 1. Reads ``$DATA_DIR`` (default ``../shared/data``)
for the texts of some parts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

WORKS = (1.0, 4.0, 16.0)


@dataclass(frozen=True)
class Figure:
    """A figure that a part gives.

    Attributes
    ----------
    title : str
    target : float or None
        None where it only informs.
    least : bool
        Whether the target is the least (a ratio) or the most (a time) that is wanted.
    """

    title: str
    target: float | None = None
    least: bool = False

    def judged(self, value: float) -> str:
        """Return the target and whether it is reached."""
        if self.target is None:
            return ""
        reached = value >= self.target if self.least else value <= self.target
        sign = "≥" if self.least else "≤"
        return f"{sign} {self.target:,g}  {'reached' if reached else 'MISSED'}"


PARTS: dict[str, dict[str, Figure]] = {
    "encoding": {
        "encode_ratio": Figure("encoding ÷ plain sentence-transformers", 2.0, True),
        "encode_ratio_no_bf16": Figure("the same, as on a processor without bf16"),
        "encode_texts_per_s": Figure("texts per second"),
        "encode_s": Figure("5,000 texts, seconds"),
        "encode_least_cosine": Figure("least cosine to the plain vectors"),
        "encode_ndcg_change": Figure("change of nDCG@10 on StackFAQ"),
    },
    "cache": {
        "warm_cache_s": Figure("100,000 cached vectors read, seconds", 1.0),
        "cache_write_s": Figure("the same written, seconds"),
    },
    "pages": {
        "first_page_s": Figure("start to first page, seconds", 2.5),
        "page_rerun_ms": Figure("slowest page opened again, ms", 300),
        "page_payload_kb": Figure("most data of a page, KB", 500),
    },
    "search": {
        "search_ms_1m": Figure("search in 1,000,000 answers, ms", 150),
        "search_peak_mb": Figure("its memory, MB", 2500),
    },
    "evaluation": {
        "evaluate_ratio": Figure("InformationRetrievalEvaluator ÷ evaluation", 5, True),
        "evaluate_s": Figure("10,000 × 100,000, seconds"),
        "evaluate_peak_mb": Figure("its memory, MB"),
    },
    "importing": {
        "import_500k_s": Figure("CSV of 500,000 rows, seconds", 60),
        "import_500k_peak_mb": Figure("its memory, MB", 3000),
        "import_xlsx_100k_s": Figure("workbook of 100,000 rows, seconds", 60),
        "import_xlsx_100k_peak_mb": Figure("its memory, MB", 3000),
    },
    "tuning": {
        "tuning_speedup": Figure("plain step ÷ step of tuning"),
        "tuning_step_s": Figure("a step, seconds"),
        "tuning_s": Figure("4 steps, seconds"),
    },
    "verdict": {
        "first_verdict_s": Figure("file to first verdict, Quick, seconds", 90),
        "scoring_s": Figure("of which experts score, seconds", 25),
        "first_verdict_balanced_s": Figure("the same, Balanced, seconds"),
    },
    "memory": {
        "tuning_peak_gb_minilm": Figure("tuning all-MiniLM-L6-v2, GB", 1.2),
        "tuning_peak_gb_e5": Figure("tuning multilingual-e5-small, GB", 2.5),
        "tuning_peak_gb_e5_trimmed": Figure("the same trimmed to Japanese, GB"),
        "trim_mb": Figure("multilingual-e5-small trimmed to Japanese, MB", 120),
    },
}


def measured(part: str, work: float) -> dict[str, Any]:
    """Run a part in its own process; return its figures.

    Raises
    ------
    RuntimeError
        If it fails; says what it said last.
    """
    command = [sys.executable, str(ROOT / "benchmarks" / "speed_parts" / f"{part}.py"), f"{work:g}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    lines = done.stdout.strip().splitlines()
    try:
        if done.returncode == 0:
            return dict(json.loads(lines[-1]))
        raise ValueError
    except (ValueError, IndexError) as error:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise RuntimeError(said[-1] if said else f"exit code {done.returncode}") from error


def show(part: str, by_work: Mapping[float, Mapping[str, Any]]) -> None:
    """Print the lines of a part: one column per work, then the target."""
    works = sorted(by_work)
    print(f"\n{part:46}" + "".join(f"{f'1/{16 / w:g}' if w < 16 else 'full':>11}" for w in works))
    for key, figure in PARTS[part].items():
        values = [by_work[work].get(key) for work in works]
        if values[-1] is None:
            continue
        cells = "".join(f"{'–' if v is None else f'{v:,g}':>11}" for v in values)
        print(f"{figure.title:46}{cells}   {figure.judged(values[-1])}".rstrip(), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for."""
    from benchmarks.support.machine import machine

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", default=",".join(PARTS), help="comma-separated")
    parser.add_argument("--growth", action="store_true", help="a sixteenth and a quarter, too")
    options = parser.parse_args(arguments)
    parts = options.parts.split(",")
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    print(machine())
    figures: dict[str, Any] = {"machine": machine()}
    for part in parts:
        found: dict[float, dict[str, Any]] = {}
        try:
            for work in WORKS if options.growth else WORKS[-1:]:
                found[work] = measured(part, work)
        except RuntimeError as error:
            print(f"\n{part}: failed: {error}", flush=True)
            figures.setdefault("failed", []).append(part)
            continue
        show(part, found)
        figures |= {key: value for key, value in found[WORKS[-1]].items() if key != "work"}
        if options.growth:
            figures[f"growth_{part}"] = {f"{work:g}": values for work, values in found.items()}
    print(json.dumps(figures))
    return 1 if "failed" in figures else 0


if __name__ == "__main__":
    sys.exit(main())
