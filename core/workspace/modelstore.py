"""Models that were converted or downloaded on this machine, each written once and checked.

On disk ``<root>/<key>/``: the files of a model plus ``store.json``, which lists every file with
size and sha256 and says where the model came from. A folder appears by a rename, so it is whole
or not there. ``<root>/measurements.json`` keeps file hashes, encoding speeds
and number formats.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import WorkspaceError
from core.hashing import file_sha256
from core.workspace.files import read_json, write_json

MANIFEST = "store.json"
_LOCK_SECONDS = 1800.0  # another process may be downloading the same model


@dataclass(frozen=True)
class StoredModel:
    """One model folder in the store.

    Attributes
    ----------
    folder : Path
    """

    folder: Path

    @property
    def manifest(self) -> Path:
        """List of files with size and sha256, and the origin."""
        return self.folder / MANIFEST

    def is_valid(self) -> bool:
        """Return True if every listed file is there with its size; reads no weights."""
        try:
            files = read_json(self.manifest)["files"]
            return bool(files) and all(
                (self.folder / name).stat().st_size == entry["size"]
                for name, entry in files.items()
            )
        except (WorkspaceError, OSError, KeyError, TypeError, AttributeError):
            return False

    def origin(self) -> dict[str, Any]:
        """Return where the model came from: package and version, or repository and revision."""
        return dict(read_json(self.manifest).get("origin", {}))


class ModelStore:
    """Folders of converted and downloaded models, hashes of model files, measured speeds.

    Parameters
    ----------
    root : Path
        The models folder of the workspace; made when first needed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._hashes: dict[str, str] = {}

    def model(self, key: str) -> StoredModel:
        """Return the place of a model, whether or not it is there.

        Raises
        ------
        WorkspaceError
            If the key could not be the name of one folder.
        """
        if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}", key):
            raise WorkspaceError("{key} cannot be the name of a stored model.", key=key)
        return StoredModel(self.root / key)

    def folder_for(self, key: str) -> Path:
        """Return the folder of a model, whether or not it is there."""
        return self.model(key).folder

    def is_valid(self, key: str) -> bool:
        """Return True if the model is in the store and whole."""
        return self.model(key).is_valid()

    def install(
        self, key: str, build: Callable[[Path], Mapping[str, Any]], *, resumable: bool = False
    ) -> Path:
        """Put a model into the store, once; later calls return the folder that is there.

        Parameters
        ----------
        build : function
            Gets an empty folder, fills and checks it, returns the origin (JSON types) to record.
            What it raises goes on to the caller and nothing is kept.
        resumable : bool
            Keep what lies in the folder where ``build`` raises or is killed: the next call gets it
            again, and has to check what it takes over.

        Returns
        -------
        Path
            The model's folder.

        Raises
        ------
        WorkspaceError
            If the store cannot be written.
        """
        model = self.model(key)
        if model.is_valid():
            return model.folder
        try:
            with self._lock(key):
                if not model.is_valid():  # another process may have built it while we waited
                    self._build(model, build, resumable)
        except OSError as error:
            raise WorkspaceError(
                "The model {key} cannot be kept in {folder}: {reason}. Free disk space or make "
                "the folder writable.",
                key=key,
                folder=str(self.root),
                reason=error.strerror or str(error),
            ) from error
        return model.folder

    def _build(
        self, model: StoredModel, build: Callable[[Path], Mapping[str, Any]], resumable: bool
    ) -> None:
        # One fixed name per model: under the lock, whatever lies there was left by a kill.
        partial = self.root / ".partial" / model.folder.name
        if not resumable:
            shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, exist_ok=True)
        try:
            origin = dict(build(partial))
            files = {}
            for path in sorted(p for p in partial.rglob("*") if p.is_file()):
                _sync(path)
                name = path.relative_to(partial).as_posix()
                files[name] = {"size": path.stat().st_size, "sha256": file_sha256(path)}
            write_json(partial / MANIFEST, {"origin": origin, "files": files})
            if model.folder.exists():  # damaged, or is_valid would have been true
                shutil.rmtree(model.folder)
            partial.rename(model.folder)
        except BaseException:
            if not resumable:
                shutil.rmtree(partial, ignore_errors=True)
            raise

    def keep_newest(self, prefix: str, count: int) -> None:
        """Delete all but the newest models of those whose key begins so.

        What another process has open stays where the system does not let go of it.
        """
        folders = [path for path in self.root.glob(f"{prefix}*") if path.is_dir()]
        for folder in sorted(folders, key=lambda path: path.stat().st_mtime)[:-count]:
            shutil.rmtree(folder, ignore_errors=True)

    def file_sha256(self, path: Path) -> str:
        """Return the sha256 of a model file, computed once for what the file system says of it.

        The time of the last change of the file's entry (ctime) counts, too: who exchanges weights
        may give them the old size and time, but not that.
        """
        path = path.resolve()
        status = path.stat()
        times = f"{status.st_mtime_ns}|{status.st_ctime_ns}"
        tag = f"{path}|{status.st_size}|{times}|{status.st_ino}"
        if tag not in self._hashes:
            self._hashes.update(self._measurements().get("sha256", {}))
        if tag not in self._hashes:
            self._hashes[tag] = file_sha256(path)
            self._record("sha256", tag, self._hashes[tag])
        return self._hashes[tag]

    def record_speed(
        self, key: str, device: str, texts_per_second: float, loading: float | None = None
    ) -> None:
        """Remember how fast a model encoded real texts on this machine.

        Parameters
        ----------
        texts_per_second : float
            Without the time that loading took.
        loading : float or None
            Seconds until the model was in memory; None = not measured.
        """
        measured = {"device": device, "value": texts_per_second}
        if loading is not None:
            measured["loading"] = round(loading, 2)
        self._record("texts_per_second", key, measured)

    def speeds(self, device: str | None = None) -> dict[str, float]:
        """Return the last measured texts per second of each model.

        Parameters
        ----------
        device : str or None
            Only those measured on such a device; None = on any.
        """
        speeds = self._measurements().get("texts_per_second", {})
        return {
            key: float(entry["value"])
            for key, entry in speeds.items()
            if device is None or entry.get("device") == device
        }

    def loading_seconds(self, key: str) -> float | None:
        """Return how long a model took until it was in memory, None where nobody measured it."""
        measured = self._measurements().get("texts_per_second", {}).get(key, {})
        return float(measured["loading"]) if "loading" in measured else None

    def record_hub(self, reachable: bool, at: float) -> None:
        """Remember whether the model hub answered, and when (seconds since 1970)."""
        self._record("hub", "reachable", {"value": reachable, "at": at})

    def hub(self) -> tuple[bool, float] | None:
        """Return whether the model hub answered when it was last asked, and when that was."""
        said = self._measurements().get("hub", {}).get("reachable")
        return (bool(said["value"]), float(said["at"])) if isinstance(said, dict) else None

    def record_probe(self, fingerprint: str, values: Mapping[str, Any]) -> None:
        """Remember which number format was found best for a model on this machine."""
        self._record("precision", fingerprint, dict(values))

    def probe(self, fingerprint: str) -> dict[str, Any] | None:
        """Return what :meth:`record_probe` kept, None if there is nothing."""
        found = self._measurements().get("precision", {}).get(fingerprint)
        return found if isinstance(found, dict) else None

    def _measurements(self) -> dict[str, Any]:
        try:
            return read_json(self.root / "measurements.json")
        except WorkspaceError:
            return {}  # nothing measured yet, or damaged: it is measured again

    def _record(self, table: str, key: str, value: object) -> None:
        """Write one measurement; a read-only store keeps working, it only measures again."""
        try:
            with self._lock("measurements"):
                document = self._measurements()
                document.setdefault(table, {})[key] = value
                write_json(self.root / "measurements.json", document)
        except OSError:
            return

    def _lock(self, name: str) -> Any:
        from filelock import FileLock

        folder = self.root / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{name}.lock", timeout=_LOCK_SECONDS)


def _sync(path: Path) -> None:
    """Have the operating system write a file to disk before its folder gets its name."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
