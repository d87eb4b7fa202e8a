"""Model folders that a user added to a project as experts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import ExpertError
from core.experts.local_folder import FOLDER_PREFIX, expert_in_folder
from core.messages import Message
from core.workspace.workspace import Project


@dataclass(frozen=True)
class ModelFolders:
    """The added folders of a project.

    Attributes
    ----------
    usable : tuple of str
        Keys ``local:<path>``.
    broken : mapping of path to Message
        Folders that were moved, deleted or changed since, and why they cannot be used.
    """

    usable: tuple[str, ...] = ()
    broken: Mapping[str, Message] = field(default_factory=dict)


def model_folders(project: Project) -> ModelFolders:
    """Return the folders that were added to a project, looked at afresh."""
    usable: list[str] = []
    broken: dict[str, Message] = {}
    for path in project.state.model_folders:
        try:
            usable.append(expert_in_folder(Path(path)).key)
        except ExpertError as error:
            broken[path] = error.message
    return ModelFolders(tuple(usable), broken)


def add_model_folder(project: Project, path: str, who: str) -> str:
    """Add a sentence-transformers folder to a project's experts; returns its key.

    Raises
    ------
    ModelUnavailableError
        If the folder is no such folder, has no safetensors weights or needs code of its own.
    """
    # Paths copied from a file manager come in quotes.
    key = expert_in_folder(Path(path.strip().strip("\"'"))).key
    found = key.removeprefix(FOLDER_PREFIX)
    known = project.state.model_folders
    if found not in known:
        project.state.model_folders = (*known, found)
        project.note("model folder added", who, {"folder": found})
    return key


def remove_model_folder(project: Project, path: str, who: str) -> None:
    """Take a folder off a project's experts; nothing is deleted on disk."""
    known = project.state.model_folders
    project.state.model_folders = tuple(one for one in known if one != path)
    project.note("model folder removed", who, {"folder": path})
