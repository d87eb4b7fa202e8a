"""Where things lie in a workspace, and how a file gets there whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import WorkspaceError

WORKSPACE_VARIABLE = "WORKSPACE"


@dataclass(frozen=True)
class Layout:
    """Folders of one workspace.

    Attributes
    ----------
    root : Path
        Everything a user would miss lies below this folder.
    """

    root: Path

    @property
    def database(self) -> Path:
        """Records, unless ``$DATABASE_URL`` points elsewhere."""
        return self.root / "records.db"

    @property
    def datasets(self) -> Path:
        """One folder per dataset id."""
        return self.root / "datasets"

    @property
    def vectors(self) -> Path:
        """Embedding cache, one folder per expert fingerprint."""
        return self.root / "vectors"

    @property
    def models(self) -> Path:
        """Converted and downloaded models."""
        return self.root / "models"

    @property
    def scores(self) -> Path:
        """Scores that people uploaded, one folder per dataset id."""
        return self.root / "scores"

    @property
    def run_files(self) -> Path:
        """Result lists of other searches that people uploaded, by content hash."""
        return self.root / "run_files"

    @property
    def runs(self) -> Path:
        """One folder per background job."""
        return self.root / "runs"

    @property
    def queue(self) -> Path:
        """Who waits for which device; made by the first that waits."""
        return self.root / "queue"

    @property
    def probes(self) -> Path:
        """Short measurements before a run, one folder each, laid out like a background job."""
        return self.root / "probes"

    @property
    def exports(self) -> Path:
        """Reports and model archives made for download."""
        return self.root / "exports"

    def create(self) -> Layout:
        """Make the folders that are missing.

        Raises
        ------
        WorkspaceError
            If a folder cannot be made, with the reason of the operating system.
        """
        try:
            for folder in (self.datasets, self.vectors, self.models, self.runs, self.exports):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkspaceError(
                "The workspace {folder} cannot be used: {reason}. Make the folder writable, or "
                "start the app with the environment variable WORKSPACE set to another folder.",
                folder=str(self.root),
                reason=error.strerror or str(error),
            ) from error
        return self


def default_root() -> Path:
    """Return ``$WORKSPACE``, or ``workspace`` below the current folder."""
    return Path(os.environ.get(WORKSPACE_VARIABLE) or "workspace").expanduser().resolve()


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that appears whole or not at all.

    A temporary file in the same folder, fsync, rename; on an error nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically, see :func:`atomic_file`."""
    with atomic_file(path) as file:
        file.write(content)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document atomically, readable by people."""
    write_bytes(path, json.dumps(document, ensure_ascii=False, indent=1).encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON document.

    Raises
    ------
    WorkspaceError
        If the file is missing or not JSON.
    """
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise WorkspaceError(
            "The file {file} cannot be read: {reason}. It may have been deleted or damaged; "
            "repeat the step that made it.",
            file=str(path),
            reason=str(error),
        ) from error
    if not isinstance(document, dict):
        raise WorkspaceError("The file {file} holds no document.", file=str(path))
    return document
