"""Measure the import of large files: from the uploaded bytes to the saved dataset.

Run ``python benchmarks/speed_parts/importing.py [WORK]``; WORK 16 (default) is a CSV of 500,000
rows and a workbook of 100,000, WORK 1 a sixteenth of that. Everything the Data page does is in it:
encoding, delimiter, column names, columns guessed, every check, pairs, near-duplicate groups,
split, saving. Each import runs in a process of its own, so that its peak of memory is its own. Wall
time depends on what else the machine does; the table shows CPU time besides. The last line is one
JSON object.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

LARGEST = 16.0
CSV_ROWS, XLSX_ROWS = 500_000, 100_000  # at the largest work


def measure(work: float = LARGEST) -> dict[str, float]:
    """Return seconds and MB of both imports.

    Parameters
    ----------
    work : float > 0
        16 = the sizes named above; cost should grow in proportion.
    """
    found = _figures(work)
    return {
        "import_500k_s": found["csv"]["wall_s"],
        "import_500k_peak_mb": found["csv"]["peak_mb"],
        "import_xlsx_100k_s": found["xlsx"]["wall_s"],
        "import_xlsx_100k_peak_mb": found["xlsx"]["peak_mb"],
    }


def _figures(work: float) -> dict[str, dict[str, float]]:
    from benchmarks.support.made_faq import write_csv, write_xlsx

    with tempfile.TemporaryDirectory() as folder:
        files = {"csv": Path(folder, "faq.csv"), "xlsx": Path(folder, "faq.xlsx")}
        write_csv(files["csv"], round(CSV_ROWS * work / LARGEST))
        write_xlsx(files["xlsx"], round(XLSX_ROWS * work / LARGEST))
        return {kind: _in_own_process(file) for kind, file in files.items()}


def _in_own_process(file: Path) -> dict[str, float]:
    command = [sys.executable, str(Path(__file__).resolve()), "--import", str(file)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def import_once(file: Path) -> dict[str, float]:
    """Import a file into a new workspace; return its figures and what was found."""
    from benchmarks.support.machine import peak_mb
    from core.journey import data
    from core.workspace.workspace import Workspace

    folder = tempfile.TemporaryDirectory(dir=file.parent)
    workspace = Workspace.open(Path(folder.name))
    project = workspace.create_project("Import", "benchmark")
    start, cpu = time.perf_counter(), time.process_time()
    content = file.read_bytes()
    found = data.preview(content, file.name)
    dataset = data.import_file(project, content, file.name, who="benchmark", found=found)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = peak_mb()
    folder.cleanup()
    return {
        "wall_s": round(wall, 2),
        "cpu_s": round(cpu, 2),
        "peak_mb": round(peak),
        "file_mb": round(len(content) / 1e6, 1),
        "rows": len(found.table.frame),
        "questions": len(dataset.questions),
        "answers": len(dataset.answers),
        "groups": len(set(dataset.question_group.tolist())),
    }


def main() -> None:
    """Print both imports and the figures as JSON."""
    if sys.argv[1:2] == ["--import"]:
        print(json.dumps(import_once(Path(sys.argv[2]))))
        return
    work = float(sys.argv[1]) if len(sys.argv) > 1 else LARGEST
    found = _figures(work)
    names = list(found["csv"])
    print(f"{'':6}" + "".join(f"{name:>11}" for name in names))
    for kind, figures in found.items():
        print(f"{kind:6}" + "".join(f"{figures[name]:>11,}" for name in names))
    print(
        json.dumps(
            {
                "work": work,
                "import_500k_s": found["csv"]["wall_s"],
                "import_500k_peak_mb": found["csv"]["peak_mb"],
                "import_xlsx_100k_s": found["xlsx"]["wall_s"],
                "import_xlsx_100k_peak_mb": found["xlsx"]["peak_mb"],
            }
        )
    )


if __name__ == "__main__":
    main()
