"""Where a figure was measured, and how a part of a benchmark runs by itself."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def commit() -> str:
    """Return the short hash of the commit, with ``+`` where files were changed since."""
    asked = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(asked, capture_output=True, text=True)
    return done.stdout.strip() or "?"


def processor() -> str:
    """Return what the maker calls the processor, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def machine() -> str:
    """Say where this runs, in one line; imports no model library."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{processor()}, {cores} cores, {platform.system()}, Python {platform.python_version()}, "
        f"torch {version('torch')}, commit {commit()}"
    )


def peak_mb() -> float:
    """Return the most memory that this process ever held, in MB."""
    unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def data_folder() -> Path:
    """Return where the public data sets lie, whether or not they are there."""
    return Path(os.environ.get("DATA_DIR", ROOT.parent / "shared" / "data")).resolve()


def run_part(measure: Callable[[float], Mapping[str, float]], largest: float = 16.0) -> None:
    """Measure at the work named on the command line; print a table and one JSON object."""
    work = float(sys.argv[1]) if len(sys.argv) > 1 else largest
    found = dict(measure(work))
    for name, value in found.items():
        print(f"{name:30}{value:>16,}")
    print(json.dumps({"work": work, **found}))
