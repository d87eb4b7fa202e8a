"""Pairs that were drawn to look at and to fit on, beside their dataset: a cache.

``<datasets>/<dataset id>/pairs-<key>.safetensors``. Rows and scores only, no texts; whatever is
missing or damaged is drawn anew. They go with their dataset.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.workspace.files import read_tensors, write_tensors

MOST = 24  # draws of one dataset that are kept: one per panel that somebody tried


@dataclass(frozen=True)
class PairFiles:
    """Drawn pairs of the datasets of a workspace.

    Attributes
    ----------
    root : Path
        The datasets folder of the workspace.
    """

    root: Path

    def load(self, dataset_id: str, key: str) -> dict[str, np.ndarray] | None:
        """Return the arrays that :meth:`save` was given; None where they are missing or damaged."""
        try:
            read = read_tensors(self._path(dataset_id, key))
            return {name: np.array(values) for name, values in read.items()}
        except (OSError, ValueError):
            return None

    def save(self, dataset_id: str, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays, and of all that were kept for the dataset the newest ``MOST``.

        Nothing is kept where the dataset is gone or the disk refuses: they can be drawn again.
        """
        path = self._path(dataset_id, key)
        if not path.parent.is_dir():
            return
        with suppress(OSError):
            write_tensors(path, arrays)
            kept = sorted(path.parent.glob("pairs-*.safetensors"), key=_written)
            for old in kept[:-MOST]:
                old.unlink(missing_ok=True)

    def _path(self, dataset_id: str, key: str) -> Path:
        return self.root / Path(dataset_id).name / f"pairs-{Path(key).name}.safetensors"


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # somebody else took it away
        return 0.0
