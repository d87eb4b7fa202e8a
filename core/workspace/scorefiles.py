"""Uploaded scores of one dataset: ``<root>/<dataset id>/<name>.safetensors`` and ``.json``.

The JSON file is written last and removed first: where it is, the scores are whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import WorkspaceError
from core.hashing import content_id
from core.workspace.files import not_kept, read_json, read_tensors, write_json, write_tensors


@dataclass(frozen=True)
class ScoreFiles:
    """Scores that people uploaded, by dataset and expert key.

    Attributes
    ----------
    root : Path
        The scores folder of the workspace; made when first needed.
    """

    root: Path

    def save(
        self, dataset_id: str, key: str, arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]
    ) -> None:
        """Keep listed scores and what is known about them.

        Parameters
        ----------
        arrays : mapping
            ``question_rows``, ``answer_rows``, ``values``.
        about : mapping of JSON types

        Raises
        ------
        WorkspaceError
            If the disk refuses.
        """
        path = self._path(dataset_id, key)
        try:
            write_tensors(path.with_suffix(".safetensors"), arrays)
            write_json(path.with_suffix(".json"), {"key": key, **about})
        except OSError as error:
            raise not_kept(error, key, path.parent) from error

    def load(self, dataset_id: str, key: str) -> dict[str, np.ndarray] | None:
        """Return the arrays, None where there are none.

        Raises
        ------
        WorkspaceError
            If the file is damaged.
        """
        path = self._path(dataset_id, key)
        if not path.with_suffix(".json").is_file():
            return None
        try:
            return read_tensors(path.with_suffix(".safetensors"))
        except (OSError, ValueError) as error:
            raise WorkspaceError(
                "The scores {key} cannot be read: {reason}. Upload the file again.",
                key=key,
                reason=str(error),
            ) from error

    def carry_over(self, before: str, after: str, moved: np.ndarray) -> None:
        """Keep the scores of one version of a dataset for another, which may have them already.

        Parameters
        ----------
        before, after : str
            Dataset ids; the answers of both are the same.
        moved : int array [n_q]
            Row of each question in the other version, -1 where it has none.

        Raises
        ------
        WorkspaceError
            If a file is damaged or the disk refuses.
        """
        for path in sorted((self.root / Path(before).name).glob("*.json")):
            about = read_json(path)
            key = str(about.pop("key"))
            arrays = self.load(before, key)
            if arrays is None or self.about(after, key) is not None:
                continue
            rows = moved[arrays["question_rows"]]
            order = np.lexsort((arrays["answer_rows"], rows))
            order = order[rows[order] >= 0]
            arrays = {name: values[order] for name, values in arrays.items()}
            self.save(after, key, arrays | {"question_rows": rows[order].astype(np.int32)}, about)

    def about(self, dataset_id: str, key: str) -> dict[str, Any] | None:
        """Return what is known about uploaded scores, None where there are none."""
        path = self._path(dataset_id, key).with_suffix(".json")
        return read_json(path) if path.is_file() else None

    def delete(self, dataset_id: str, key: str) -> None:
        """Remove uploaded scores; does nothing where there are none."""
        path = self._path(dataset_id, key)
        path.with_suffix(".json").unlink(missing_ok=True)
        path.with_suffix(".safetensors").unlink(missing_ok=True)

    def _path(self, dataset_id: str, key: str) -> Path:
        # A key holds a name that somebody typed: its hash is the file name.
        return self.root / Path(dataset_id).name / content_id([key])
