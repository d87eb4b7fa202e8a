"""Which rule makes the best labels? Average precision on held-out questions of StackFAQ.

Run ``python benchmarks/label_rules.py``. Reads vectors of five models as experts from
``$DATA_DIR/stackfaq`` (default ``../shared/data``), adds BM25 and TF-IDF. Calibration and weights
are fitted on training questions; figures are means over the test questions, blend 0, so that no
known right answer is in the labels. The last line is one JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.support.machine import data_folder  # noqa: E402
from core.data.beir import read_beir  # noqa: E402
from core.experts.lexical import LEXICAL_EXPERTS  # noqa: E402
from core.labels.model import LabelModel  # noqa: E402
from core.types import TEST_SPLIT, ExpertScores, LabelRecipe, QADataset  # noqa: E402

RULES = ("mean", "median", "reliability", "decorrelated", "consensus")


def average_precision(scores: np.ndarray, right: np.ndarray) -> float:
    """Return the mean over questions of average precision over all answers."""
    from sklearn.metrics import average_precision_score

    rows = zip(right, scores, strict=True)
    return float(np.mean([average_precision_score(y, s) for y, s in rows]))


def experts_of(folder: Path, dataset: QADataset) -> list[ExpertScores]:
    """Return the models whose vectors are there, then the lexical experts."""
    found = []
    for path in sorted((folder / "vectors").glob("*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            left, right = (arrays[k].astype(np.float32) for k in ("questions", "answers"))
        found.append(ExpertScores(path.stem, path.stem, dataset.id, left, right))
    for expert in LEXICAL_EXPERTS:
        left, right = expert.tables(dataset.questions, dataset.answers)
        found.append(ExpertScores(expert.key, expert.key, dataset.id, left, right))
    return found


def main() -> None:
    """Print the table."""
    folder = data_folder() / "stackfaq"
    if not folder.is_dir():
        sys.exit(f"{folder} is not here: set DATA_DIR to the folder that holds stackfaq")
    dataset = read_beir(folder, name="stackfaq").dataset
    experts = experts_of(folder, dataset)
    answers = np.arange(len(dataset.answers))
    keys = tuple(expert.expert for expert in experts)
    model = LabelModel.fit(dataset, experts, LabelRecipe(keys, "mean", 0.0))
    figures: dict[str, dict[str, float]] = {}
    for regime, split in TEST_SPLIT.items():
        rows = dataset.rows(split)
        right = dataset.hard_block(rows, answers)
        for expert in experts:
            values = average_precision(expert.block(rows, answers), right)
            figures.setdefault(f"expert {expert.expert}", {})[regime] = values
        for rule in RULES:
            labels, _ = model.with_recipe(LabelRecipe(keys, rule, 0.0)).block(rows, answers)
            figures.setdefault(f"rule {rule}", {})[regime] = average_precision(labels, right)
    print(f"{'average precision, test questions':44}{'known':>8}{'unseen':>8}")
    for name, values in figures.items():
        print(f"{name:44}{values['known']:8.3f}{values['unseen']:8.3f}")
    print(
        json.dumps(
            {name: {k: round(v, 4) for k, v in values.items()} for name, values in figures.items()}
        )
    )


if __name__ == "__main__":
    main()
