"""Where the files of a model are, whichever way they came, and the fingerprint over them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.errors import ExpertError, ModelUnavailableError
from core.experts.bundled import bundled_folder
from core.experts.entry import LISTED_FAMILIES, CatalogueEntry
from core.experts.folders import ModelFolder, read_folder, reader_of
from core.experts.hub import downloaded_folder
from core.experts.packages import checked_folder, missing_file, package_folder
from core.hashing import content_id
from core.workspace.modelstore import ModelStore

USEM3 = "usem3"


def model_folder(entry: CatalogueEntry, store: ModelStore) -> Path:
    """Return a sentence-transformers folder for an entry: convert or download it if needed.

    The user's own folder first, then the package that came with the app, then the model store,
    then the model hub.

    Raises
    ------
    ModelUnavailableError
        If there is no way to get the model; says what to do.
    ExpertError
        If the expert is not a sentence-transformers model.
    """
    scores_only = entry.family in LISTED_FAMILIES
    if entry.folder is not None and not scores_only:
        return read_folder(Path(entry.folder)).path
    packed = bool(entry.bundle and entry.bundle.loader == USEM3)
    if packed or scores_only or not (entry.bundle or entry.hub):
        raise ExpertError(
            "{title} can score but is not a model that can be fine-tuned. Choose a model that "
            "is marked as trainable.",
            title=entry.title,
        )
    bundled = entry.bundle and missing_file(entry.bundle) is None
    if entry.bundle and (bundled or entry.hub is None):
        return bundled_folder(entry, store)
    return downloaded_folder(entry, store)


def present_folder(entry: CatalogueEntry, store: ModelStore) -> Path | None:
    """Return the folder of a model that is ready to load, None if it must be made or fetched."""
    if entry.folder is not None:
        return Path(entry.folder)
    bundle = entry.bundle
    if bundle and bundle.loader == "folder" and missing_file(bundle) is None:
        package = package_folder(bundle.module)
        return package / bundle.folder if package else None
    return store.folder_for(entry.key) if store.is_valid(entry.key) else None


def fingerprint_of_folder(
    path: Path, prompts: Mapping[str, str], max_length: int | None, store: ModelStore
) -> str:
    """Return 16 hex digits for everything that decides a model's vectors.

    Weights, tokenizer and configuration files by sha256 (remembered by path, size and time of
    change), prompts and maximum length.
    """
    return _fingerprint(read_folder(path), prompts, max_length, store)


def _fingerprint(
    folder: ModelFolder, prompts: Mapping[str, str], max_length: int | None, store: ModelStore
) -> str:
    path = folder.path
    parts = [f"{p.relative_to(path).as_posix()}={store.file_sha256(p)}" for p in folder.files()]
    said = [f"{role}={prompts[role]}" for role in sorted(prompts) if prompts[role]]
    return content_id([*parts, *said, f"max_length={max_length}"])


def known_fingerprint(entry: CatalogueEntry, store: ModelStore) -> str | None:
    """Return the fingerprint of a model on this machine without loading it, None if it is not here.

    Raises
    ------
    ModelUnavailableError
        If the files are here but were changed or are refused.
    """
    if entry.bundle and entry.bundle.loader == USEM3:
        if missing_file(entry.bundle) is not None:
            return None
        checked_folder(entry.bundle, store)
        sums = [file.sha256 for file in entry.bundle.files]
        return content_id([USEM3, entry.bundle.version, *sums])
    folder = present_folder(entry, store)
    if folder is None:
        return None
    try:
        read = reader_of(entry.family)(folder)
        return _fingerprint(read, entry.prompts, entry.max_length, store)
    except OSError as error:
        raise ModelUnavailableError(
            "The files of {title} in {folder} cannot be read: {reason}.",
            title=entry.title,
            folder=str(folder),
            reason=error.strerror or str(error),
        ) from error
