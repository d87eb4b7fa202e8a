"""A workspace in one file and back: records as JSON lines, files as they are, all with sha256.

The records are read in one transaction, so that a backup of a workspace in use is one moment of it;
whichever database they lie in, they can be restored into another.
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from core.documents import from_json, to_json
from core.errors import WorkspaceError
from core.messages import N_, Message
from core.progress import Progress
from core.workspace.database import now
from core.workspace.files import TEMPORARY_PREFIX, atomic_file
from core.workspace.workspace import Workspace

FORMAT = 1
_MANIFEST, _RECORDS, _FILES = "manifest.json", "records", "files"
_BLOCK = 1 << 20
# What can be made anew: vectors and models are larger than all the rest, and only cost time.
CACHES = ("vectors", "models", "probes")
_NEVER = ("queue", "records.db", "records.db-wal", "records.db-shm")
_LONGEST_LINE = 64 << 20  # bytes of one row; a comparison's document is below 1 MB


@dataclass(frozen=True)
class StoredFile:
    """A file of a backup.

    Attributes
    ----------
    size : int
        Bytes.
    """

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes
    ----------
    made_at : str
        UTC, ISO 8601.
    tables : mapping of table to int
        Rows of each.
    files : mapping of path to StoredFile
        Relative to the workspace, with ``/``; of each table too, as ``records/<table>.jsonl``.
    """

    format: int
    made_at: str
    tables: Mapping[str, int]
    files: Mapping[str, StoredFile]

    @property
    def size(self) -> int:
        """Bytes of all files before packing."""
        return sum(file.size for file in self.files.values())


def back_up(
    workspace: Workspace, target: Path, *, caches: bool = False, progress: Progress | None = None
) -> Manifest:
    """Write a workspace into one ZIP file that appears whole or not at all.

    Parameters
    ----------
    target : Path
        Outside the workspace.
    caches : bool
        Also vectors and downloaded models, which can be made anew.

    Raises
    ------
    WorkspaceError
        If the file cannot be written, or would lie in what it backs up.
    """
    progress, root = progress or Progress(), workspace.layout.root
    if target.resolve().is_relative_to(root):
        raise WorkspaceError(
            "The backup {file} would lie inside the workspace {folder}. Choose a place outside.",
            file=str(target),
            folder=str(root),
        )
    left_out = {*_NEVER, *(() if caches else CACHES)}
    try:
        with atomic_file(target) as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as pack:
            files, tables = {}, {}
            for table, rows in workspace.records.dump():
                name = f"{_RECORDS}/{table}.jsonl"
                text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
                files[name] = _packed(pack, name, io.BytesIO(text.encode()))
                tables[table] = len(rows)
            paths = sorted(_paths(root, left_out))
            for place, path in enumerate(paths):
                name = f"{_FILES}/{path.relative_to(root).as_posix()}"
                try:
                    with path.open("rb") as file:
                        files[name] = _packed(pack, name, file)
                except FileNotFoundError:  # a job that goes on put something else in its place
                    continue
                told = Message(N_("Packing file {number} of {total}"), _counted(place, len(paths)))
                progress.progress((place + 1) / len(paths), told)
            manifest = Manifest(FORMAT, now(), tables, files)
            pack.writestr(_MANIFEST, json.dumps(to_json(manifest), ensure_ascii=False))
    except OSError as error:
        raise WorkspaceError(
            "The backup {file} cannot be written: {reason}. Nothing of it was kept; free disk "
            "space or choose another place.",
            file=str(target),
            reason=error.strerror or str(error),
        ) from error
    return manifest


def restore(archive: Path, workspace: Workspace, progress: Progress | None = None) -> Manifest:
    """Bring a backup back into an empty workspace; everything is checked before it is kept.

    Raises
    ------
    WorkspaceError
        If the file is no backup, was damaged or changed, or the workspace holds projects.
    """
    progress = progress or Progress()
    if workspace.records.projects():
        raise WorkspaceError(
            "The workspace {folder} holds projects already. Restore into an empty one: name "
            "another folder.",
            folder=str(workspace.layout.root),
        )
    try:
        with zipfile.ZipFile(archive) as pack:
            manifest = _manifest(pack, archive)
            tables = {
                table: _rows(pack, f"{_RECORDS}/{table}.jsonl", manifest)
                for table in manifest.tables
            }
            names = [name for name in manifest.files if name.startswith(f"{_FILES}/")]
            for place, name in enumerate(names):
                _unpack(pack, name, manifest, workspace.layout.root)
                told = Message(
                    N_("Bringing back file {number} of {total}"), _counted(place, len(names))
                )
                progress.progress((place + 1) / len(names), told)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise WorkspaceError(
            "The backup {file} cannot be read: {reason}. No project was restored; take another "
            "copy of it.",
            file=str(archive),
            reason=str(error),
        ) from error
    workspace.records.load(tables)  # last: projects appear once all of their files are there
    return manifest


def _counted(place: int, total: int) -> dict[str, str | int | float]:
    return {"number": place + 1, "total": total}


def _paths(root: Path, left_out: set[str]) -> Iterator[Path]:
    for path in root.rglob("*"):
        first = path.relative_to(root).parts[0]
        if first in left_out or path.name.startswith(TEMPORARY_PREFIX) or path.suffix == ".lock":
            continue
        if path.is_file() and not path.is_symlink():
            yield path


def _packed(pack: zipfile.ZipFile, name: str, source: IO[bytes]) -> StoredFile:
    digest, size = hashlib.sha256(), 0
    with pack.open(zipfile.ZipInfo(name), "w", force_zip64=True) as packed:
        while block := source.read(_BLOCK):
            packed.write(block)
            digest.update(block)
            size += len(block)
    return StoredFile(size, digest.hexdigest())


def _manifest(pack: zipfile.ZipFile, archive: Path) -> Manifest:
    try:
        manifest = from_json(Manifest, json.loads(pack.read(_MANIFEST)))
    except (KeyError, ValueError, WorkspaceError) as error:
        raise WorkspaceError(
            "The file {file} is no backup of a workspace. Choose one that was made by the command "
            "“backup”.",
            file=str(archive),
        ) from error
    if manifest.format != FORMAT:
        raise WorkspaceError(
            "The backup {file} was made by another version (format {format}). Restore it with that "
            "version.",
            file=str(archive),
            format=manifest.format,
        )
    for name in manifest.files:
        path = PurePosixPath(name)
        outside = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name
        if outside or path.parts[0] not in (_RECORDS, _FILES) or path.parts[1] in _NEVER:
            raise ValueError(f"a path that leads outside: {name}")
    return manifest


def _blocks(pack: zipfile.ZipFile, name: str, manifest: Manifest) -> Iterator[bytes]:
    """Yield a file in blocks; raises ValueError at its end if it is not what the manifest says."""
    told, digest, size = manifest.files[name], hashlib.sha256(), 0
    with pack.open(name) as file:
        while block := file.read(_BLOCK):
            size += len(block)
            if size > told.size:
                break
            digest.update(block)
            yield block
    if (size, digest.hexdigest()) != (told.size, told.sha256):
        raise ValueError(f"{name} was damaged or changed")


def _rows(pack: zipfile.ZipFile, name: str, manifest: Manifest) -> list[dict[str, Any]]:
    lines = b"".join(_blocks(pack, name, manifest)).splitlines()
    if any(len(line) > _LONGEST_LINE for line in lines):
        raise ValueError(f"{name} holds a row of more than {_LONGEST_LINE} bytes")
    return [json.loads(line) for line in lines]


def _unpack(pack: zipfile.ZipFile, name: str, manifest: Manifest, root: Path) -> None:
    with (
        tempfile.TemporaryDirectory(dir=root, prefix=TEMPORARY_PREFIX) as folder,
        (Path(folder) / "file").open("wb") as file,
    ):
        for block in _blocks(pack, name, manifest):
            file.write(block)
        file.close()
        path = root / PurePosixPath(name).relative_to(_FILES)
        path.parent.mkdir(parents=True, exist_ok=True)
        (Path(folder) / "file").replace(path)
