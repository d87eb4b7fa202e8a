"""What an expert is: its description, whether it is at hand, how it scores and is read again.

Every kind of expert is one class with the four answers of :class:`ExpertSource`, in a file of its
own. :data:`core.experts.catalogue.SOURCES` says which prefix of a key stands for which kind; nobody
else looks at prefixes.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from core.errors import ExpertError
from core.messages import Message
from core.types import PairScores, QADataset, Reporter
from core.workspace.modelstore import ModelStore
from core.workspace.scorefiles import ScoreFiles
from core.workspace.vectors import VectorCache

QUERY, DOCUMENT = "query", "document"
EMBEDDING, LEXICAL = "embedding", "lexical"
CROSS_ENCODER, SCORE_FILE = "cross-encoder", "file"
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
class ScoringContext:
    """What experts work with.

    Attributes
    ----------
    models : ModelStore
        Where downloaded and converted models lie.
    vectors : VectorCache
        Where vectors of texts and scores of pairs are kept.
    score_files : ScoreFiles or None
        Where uploaded scores lie.
    device : str or None
        ``cuda``, ``mps`` or ``cpu``; None takes the fastest there is.
    clock : function
        Seconds.
    apis : mapping of key to ExpertSource
        Experts behind APIs with their settings, which no catalogue knows.
    """

    models: ModelStore
    vectors: VectorCache
    score_files: ScoreFiles | None = None
    device: str | None = None
    clock: Callable[[], float] = time.monotonic
    apis: Mapping[str, ExpertSource] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CatalogueEntry:
    """What is said about one expert.

    Attributes
    ----------
    key, title : str
    meaning : str
        One sentence for the user, a translatable message.
    family : str
        ``embedding`` (vectors, raw score = cosine), ``lexical`` (shared words or characters),
        ``cross-encoder`` (reads question and answer together) or ``file`` (scores that are there).
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
    default_for: tuple[str, ...] = ()
    student_for: tuple[str, ...] = ()

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


class ExpertSource(CatalogueEntry, ABC):
    """One expert: its entry in the catalogue, and what it does.

    Attributes
    ----------
    lists_pairs : bool
        Whether it has an opinion on a list of pairs only; such experts score after the others,
        which propose the pairs that are worth it.
    """

    lists_pairs: ClassVar[bool] = False

    @abstractmethod
    def availability(self, models: ModelStore | None = None) -> Availability:
        """Say whether the expert is at hand, by looking at names and sizes of files only.

        Parameters
        ----------
        models : ModelStore or None
            Where downloaded models lie; None = nothing was downloaded.
        """

    @abstractmethod
    def score(
        self,
        dataset: QADataset,
        others: Sequence[PairScores],
        context: ScoringContext,
        report: Reporter,
    ) -> int:
        """Do the work, keep it, and return how many texts (or pairs) had to be read.

        Parameters
        ----------
        others : sequence of PairScores
            Experts that have scored all pairs; of use to those that list pairs.

        Raises
        ------
        Stopped
            If the reporter was asked to stop; what was finished is kept.
        """

    @abstractmethod
    def recall(self, dataset: QADataset, context: ScoringContext) -> PairScores | None:
        """Return what :meth:`score` kept, None if it is not all there; loads no model."""

    def workload(self, dataset: QADataset) -> int:
        """Return how many texts (or pairs) a model on this machine reads; 0 = there is none."""
        return 0

    def folder(self, models: ModelStore) -> Path:
        """Return a sentence-transformers folder that can be fine-tuned; made or fetched if needed.

        Raises
        ------
        ModelUnavailableError
            If there is no way to get the model; says what to do.
        ExpertError
            If the expert is no such model.
        """
        raise ExpertError(
            "{title} can score but is not a model that can be fine-tuned. Choose a model that "
            "is marked as trainable.",
            title=self.title,
        )

    def present_folder(self, models: ModelStore) -> Path | None:
        """Return the folder of a model that is ready to load, None if it is yet to be made."""
        return None

    @property
    def repository(self) -> str | None:
        """Name of the model's repository on the model hub; None where it has none."""
        return None
