"""What is said about an expert, and whether it is at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.messages import Message

QUERY, DOCUMENT = "query", "document"
EMBEDDING, LEXICAL = "embedding", "lexical"
CROSS_ENCODER, SCORE_FILE, LLM = "cross-encoder", "file", "llm"
ANY_LANGUAGE = "*"
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


@dataclass(frozen=True)
class PublishedFigure:
    """How well a model searches according to its makers or a public benchmark.

    Attributes
    ----------
    benchmark : str
        A translatable message: what was searched, and the measure.
    value : float
        On the benchmark's own scale.
    source : str
        Address.
    than : str
        The model that came with the app which the same source measured.
    than_value : float
    """

    benchmark: str
    value: float
    source: str
    than: str
    than_value: float


@dataclass(frozen=True, kw_only=True)
class CatalogueEntry:
    """What is said about one expert.

    Attributes
    ----------
    key : str
    title : str
        What people call it; the key where nothing else is said.
    meaning : str
        One sentence for the user, a translatable message.
    family : str
        ``embedding`` (vectors, raw score = cosine), ``lexical`` (shared words or characters),
        ``cross-encoder`` (reads question and answer together), ``llm`` (a language model that
        judges pairs) or ``file`` (scores that are there).
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
    default_for : tuple of str
        Languages in which this expert is suggested, ``*`` = all.
    student_for : tuple of str
        Languages in which this is the suggested model to fine-tune, ``*`` = all others.
    teacher_for : tuple of str
        Languages in which this is the stronger expert that others should learn from, ``*`` = all
        others.
    published : PublishedFigure or None
        Why it is taken for stronger.
    """

    key: str
    title: str = ""
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
    default_for: tuple[str, ...] = ()
    student_for: tuple[str, ...] = ()
    teacher_for: tuple[str, ...] = ()
    published: PublishedFigure | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.key)

    @property
    def full_title(self) -> str:
        """Title that tells apart what may have the same title; of a folder, its path."""
        return self.title

    def prompt(self, role: str) -> str:
        """Return the prompt for ``query`` or ``document``, "" where the model needs none."""
        return self.prompts.get(role, "")

    def speaks(self, language: str) -> bool:
        """Return True if the expert was made for a language (ISO 639-1)."""
        return ANY_LANGUAGE in self.languages or language in self.languages
