"""How long somebody waits for the first verdict: ``python benchmarks/speed_parts/verdict.py``.

The English sample is walked from the file to the verdict by the app's own steps, in a workspace of
its own in which no text was read before. The models of the experts that the app suggests, a
stronger one among them where it is at hand, are installed already (``--store FOLDER`` keeps them
for the next time). Once with the preset Quick, once with Balanced.
WORK below 16 leaves Balanced out. What the app measures after the verdict (vector shape, speed) is
not in it. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

SAMPLE = ROOT / "sample_data" / "shop_faq_en.csv"
LARGEST = 16.0
STOPS = ("data", "experts", "labels", "tune", "compare")  # what comes before the verdict


def install(models: Path) -> None:
    """Put the models of the suggested experts and the model to tune into a folder."""
    from core.experts.catalogue import default_student, find_entry
    from core.experts.encoders import EmbeddingModel, load_encoder
    from core.journey.data import read_dataset
    from core.journey.experts import suggested_experts
    from core.types.expert_entry import QUERY
    from core.workspace.workspace import Workspace

    dataset = read_dataset(SAMPLE.read_bytes(), SAMPLE.name)[0]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "models").symlink_to(models)
        workspace = Workspace.open(Path(folder))
        for key in (*suggested_experts(workspace, dataset), default_student("en")):
            entry = find_entry(key)
            if isinstance(entry, EmbeddingModel):
                load_encoder(entry, workspace.models).load(["."], QUERY)


def walked(models: Path, preset: str) -> dict[str, float]:
    """Return the seconds of each stop of a walk in a new workspace."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "models").symlink_to(models)
        command = [sys.executable, "-m", "core", "run", str(SAMPLE), "--preset", preset, "--json"]
        environment = {**os.environ, "WORKSPACE": folder, "HF_HUB_OFFLINE": "1"}
        environment.pop("DATABASE_URL", None)
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment
        )
    return dict(json.loads(done.stdout.splitlines()[-1])["seconds"])


def measure(work: float, models: Path) -> dict[str, float]:
    """Return seconds until the verdict, and of scoring alone."""
    install(models)
    quick = walked(models, "quick")
    print("quick   ", quick, file=sys.stderr)
    found = {"first_verdict_s": _before(quick), "scoring_s": quick["experts"]}
    if work >= LARGEST:
        balanced = walked(models, "balanced")
        print("balanced", balanced, file=sys.stderr)
        found["first_verdict_balanced_s"] = _before(balanced)
    return found


def _before(seconds: dict[str, float]) -> float:
    return round(sum(seconds.get(stop, 0.0) for stop in STOPS), 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=float, nargs="?", default=LARGEST)
    parser.add_argument("--store", type=Path, help="folder of installed models")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(measure(options.work, (options.store or Path(scratch)).resolve())))
