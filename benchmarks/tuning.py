"""Speed and quality of tuning on StackFAQ: ``python benchmarks/tuning.py [--parts rate,time]``.

Same base model, same data, same machine, side by side in one run:

rate     labels learned from per second: grid training against sentence-transformers' own trainer
         with CosineSimilarityLoss on the same pairs written out as rows
time     wall time of grid training to the baseline's best validation nDCG@10
quality  test nDCG@10 against base, hard-label InfoNCE and the strongest expert, over seeds

Reads ``$DATA_DIR/stackfaq`` (default ``../shared/data``). Prints a table, and as its last line one
JSON object. ``--quick`` only sees whether everything works; ``--store`` keeps what experts read.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PARTS = ("rate", "time", "quality")  # each is benchmarks/tuning_parts/<part>.py with a measure()


def present() -> tuple[str, ...]:
    """Return the parts that are here."""
    return tuple(
        part for part in PARTS if importlib.util.find_spec(f"benchmarks.tuning_parts.{part}")
    )


def report(setting: Any, parts: Sequence[str]) -> dict[str, Any]:
    """Measure the parts and print their tables; return the figures of all."""
    print(f"{len(setting.dataset.questions):,} questions, {len(setting.dataset.answers):,} answers")
    import torch

    from benchmarks.support.machine import machine

    device = f"{setting.device.kind}, {setting.device.precision}"
    print(f"{machine()}, {device}, {torch.get_num_threads()} threads")
    figures: dict[str, Any] = {}
    for part in parts:
        found = importlib.import_module(f"benchmarks.tuning_parts.{part}").measure(setting, figures)
        print(f"\n{part:46}{'measured':>22}   target")
        for name, value, target in found.rows:
            print(f"{name:46}{value:>22}   {target}".rstrip(), flush=True)
        figures |= found.figures
    print(json.dumps(figures | ({"quick": True} if setting.quick else {})))
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for; returns 2 where the data are not here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", default=",".join(present()), help="comma-separated")
    parser.add_argument("--store", type=Path, help="folder of models and vectors")
    parser.add_argument("--quick", action="store_true", help="very few steps")
    options = parser.parse_args(arguments)
    parts = options.parts.split(",")
    unknown = [part for part in parts if part not in present()]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are: {', '.join(present())}")

    from benchmarks.support.machine import data_folder
    from benchmarks.tuning_parts.setting import stackfaq

    if not (data_folder() / "stackfaq").is_dir():
        sys.stderr.write(
            f"{data_folder()} holds no stackfaq: set DATA_DIR to the folder that does\n"
        )
        return 2
    with stackfaq(options.quick, options.store) as setting:
        report(setting, parts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
