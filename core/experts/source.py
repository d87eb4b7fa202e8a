"""What an expert is: its description, whether it is at hand, how it scores and is read again.

Every kind of expert is one class with the four answers of :class:`ExpertSource`, in a file of its
own. :data:`core.experts.catalogue.SOURCES` says which prefix of a key stands for which kind; nobody
else looks at prefixes.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from core.errors import ExpertError
from core.messages import N_
from core.types import ExpertScores, PairScores, QADataset, Reporter
from core.types.expert_entry import Availability, CatalogueEntry
from core.workspace.modelstore import ModelStore
from core.workspace.scorefiles import ScoreFiles
from core.workspace.vectors import VectorCache

LiveScore = Callable[[str, str], float]  # question and answer to a raw score


SENDS_NOTHING = N_("{title} was not asked: its server would be sent texts, and a look sends none.")


@dataclass
class Stopwatch:
    """Time that models take until they can read: fetching, loading, choosing a number format.

    Paid once, however many texts there are, so it says nothing about how fast a model reads.

    Attributes
    ----------
    seconds : float
    """

    seconds: float = 0.0

    @contextmanager
    def loading(self, clock: Callable[[], float]) -> Iterator[None]:
        """Add the time that passes inside."""
        began = clock()
        try:
            yield
        finally:
            self.seconds += clock() - began


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
    proposing : sequence of PairScores
        Experts that have scored all pairs; they propose pairs to those that list some.
    stopwatch : Stopwatch
        Takes the time in which models are fetched and loaded.
    """

    models: ModelStore
    vectors: VectorCache
    score_files: ScoreFiles | None = None
    device: str | None = None
    clock: Callable[[], float] = time.monotonic
    apis: Mapping[str, ExpertSource] = field(default_factory=dict)
    proposing: Sequence[PairScores] = ()
    stopwatch: Stopwatch = field(default_factory=lambda: Stopwatch())


class ExpertSource(CatalogueEntry, ABC):
    """One expert: its entry in the catalogue, and what it does.

    Attributes
    ----------
    lists_pairs : bool
        Whether it has an opinion on a list of pairs only; such experts score after the others,
        which propose the pairs that are worth it.
    not_asked : str
        Why :meth:`read_unseen` refuses, with ``{title}``.
    """

    lists_pairs: ClassVar[bool] = False
    not_asked: ClassVar[str] = N_(
        "{title} was not asked: it knows the pairs that it was given, no new questions."
    )

    @abstractmethod
    def availability(self, models: ModelStore | None = None) -> Availability:
        """Say whether the expert is at hand, by looking at names and sizes of files only.

        Parameters
        ----------
        models : ModelStore or None
            Where downloaded models lie; None = nothing was downloaded.
        """

    @abstractmethod
    def score(self, dataset: QADataset, context: ScoringContext, report: Reporter) -> int:
        """Do the work, keep it, and return how many texts (or pairs) had to be read.

        Time that passes until the model is in memory is told to ``context.stopwatch``.

        Raises
        ------
        Stopped
            If the reporter was asked to stop; what was finished is kept.
        """

    @abstractmethod
    def recall(self, dataset: QADataset, context: ScoringContext) -> PairScores | None:
        """Return what :meth:`score` kept, None if it is not all there; loads no model."""

    def live(self, dataset: QADataset, context: ScoringContext) -> LiveScore | None:
        """Return what scores one pair of any texts here and now, None where nothing does.

        Of a pair of the dataset it gives what :meth:`score` gave. Files and people have nothing to
        be asked, and what lies behind an API is asked in jobs only, with leave. The model is loaded
        at the first pair.
        """
        return None

    def read_unseen(
        self,
        known: Sequence[str],
        new: Sequence[str],
        answers: Sequence[str],
        context: ScoringContext,
        report: Reporter,
        *,
        most_seconds: float,
    ) -> ExpertScores:
        """Return what it thinks of any of these questions and answers, known questions first.

        Nothing is sent, and what is made of the new questions is kept nowhere: they are what
        customers typed.

        Parameters
        ----------
        known, new, answers : sequences of str
        most_seconds : float
            What would take longer is not begun.

        Raises
        ------
        ExpertError
            If it cannot be asked this way; the text says why.
        """
        raise ExpertError(self.not_asked, title=self.title)

    def workload(self, dataset: QADataset) -> int:
        """Return how many texts (or pairs) a model on this machine reads; 0 = there is none."""
        return 0

    def left_to_read(self, dataset: QADataset, models: ModelStore, vectors: VectorCache) -> int:
        """Return how much of the workload is not in the cache of vectors; from a sample of it."""
        return self.workload(dataset)

    def folder(self, models: ModelStore, report: Reporter | None = None) -> Path:
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

    @property
    def command(self) -> str:
        """What installs the model without the model hub; "" where nothing does."""
        return ""
