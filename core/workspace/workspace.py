"""One workspace: its folders, its records, its datasets, its caches."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.types import QADataset
from core.workspace.datasets import load_dataset, load_report, save_dataset
from core.workspace.layout import Layout, default_root
from core.workspace.modelstore import ModelStore
from core.workspace.records import Records, sqlite_url
from core.workspace.scorefiles import ScoreFiles
from core.workspace.vectors import VectorCache


@dataclass(frozen=True)
class Workspace:
    """Everything that outlives a browser tab.

    Attributes
    ----------
    layout : Layout
    records : Records
    vectors : VectorCache
    models : ModelStore
    """

    layout: Layout
    records: Records
    vectors: VectorCache
    models: ModelStore

    @classmethod
    def open(cls, root: Path | None = None) -> Workspace:
        """Open a workspace, making it if it is not there.

        Parameters
        ----------
        root : Path or None
            None takes ``$WORKSPACE`` or ``./workspace``; ``$DATABASE_URL`` says where records lie.

        Raises
        ------
        WorkspaceError
            If the folder or the database cannot be used.
        """
        layout = Layout(default_root() if root is None else root.resolve()).create()
        url = os.environ.get("DATABASE_URL") or sqlite_url(layout.database)
        return cls(layout, Records(url), VectorCache(layout.vectors), ModelStore(layout.models))

    @property
    def score_files(self) -> ScoreFiles:
        """Scores that people uploaded."""
        return ScoreFiles(self.layout.scores)

    def save_dataset(self, dataset: QADataset, report: dict[str, Any]) -> None:
        """Keep a dataset and what its import reported."""
        save_dataset(self.layout.datasets, dataset, report)

    def load_dataset(self, dataset_id: str) -> QADataset:
        """Read a dataset back; raises WorkspaceError if it is missing or damaged."""
        return load_dataset(self.layout.datasets, dataset_id)

    def load_import_report(self, dataset_id: str) -> dict[str, Any]:
        """Return what the import of a dataset reported."""
        return load_report(self.layout.datasets, dataset_id)

    def run_folder(self, run_id: str) -> Path:
        """Return the folder of a background job; an id is never a path."""
        return self.layout.runs / Path(run_id).name
