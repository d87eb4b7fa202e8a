"""One workspace: its folders, records, datasets and caches; and one project in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.types import QADataset
from core.workspace.datasets import load_dataset, load_report, save_dataset
from core.workspace.layout import Layout, default_root
from core.workspace.modelstore import ModelStore
from core.workspace.project_state import ProjectState
from core.workspace.records import ProjectRecord, Records, sqlite_url
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

    def projects(self) -> list[Project]:
        """Return all projects that were not deleted, newest first."""
        return [Project(self, record) for record in self.records.projects()]

    def project(self, project_id: str) -> Project:
        """Return one project; raises WorkspaceError if it does not exist or was deleted."""
        return Project(self, self.records.project(project_id))

    def create_project(self, name: str, who: str) -> Project:
        """Add a project; raises WorkspaceError if the name is empty or taken."""
        return Project(self, self.records.create_project(name, who))


@dataclass(frozen=True)
class Project:
    """One project with the workspace it lies in: what a step of the journey works on.

    The record is as it was when the project was opened; :attr:`state` is always as of now.
    """

    workspace: Workspace
    record: ProjectRecord

    @property
    def id(self) -> str:
        """Id of the project, also in links."""
        return self.record.id

    @property
    def name(self) -> str:
        """What people call it."""
        return self.record.name

    @property
    def created_at(self) -> str:
        """Time in UTC, ISO 8601."""
        return self.record.created_at

    @property
    def dataset_id(self) -> str | None:
        """The dataset in use, None before the first upload."""
        return self.record.dataset_id

    @property
    def state(self) -> ProjectState:
        """What the project has chosen so far."""
        return ProjectState(self.workspace.records, self.id)

    def load_dataset(self) -> QADataset:
        """Read the dataset in use; raises WorkspaceError if there is none or it is damaged."""
        return self.workspace.load_dataset(self.dataset_id or "")

    def note(self, what: str, who: str, detail: Mapping[str, Any]) -> None:
        """Add a line to the audit trail."""
        self.workspace.records.note(self.id, what, who, detail)
