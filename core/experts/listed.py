"""Experts that score a list of pairs: the protocol, and what fits it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.errors import ExpertError
from core.experts.catalogue import find_entry
from core.experts.cross_encoder import CrossEncoderExpert
from core.experts.entry import CROSS_ENCODER, LISTED_FAMILIES, SCORE_FILE, CatalogueEntry
from core.hashing import content_id
from core.types import ListedScores, PairScores, QADataset, Reporter
from core.workspace.modelstore import ModelStore
from core.workspace.scorefiles import ScoreFiles
from core.workspace.vectors import VectorCache


class ListedExpert(Protocol):
    """Whatever has an opinion on some pairs of a dataset."""

    @property
    def key(self) -> str:
        """Catalogue key."""
        ...

    def score(
        self,
        dataset: QADataset,
        others: Sequence[PairScores],
        cache: VectorCache,
        report: Reporter,
    ) -> int:
        """Do the work, keep it, return how many pairs had to be read.

        Parameters
        ----------
        others : sequence of PairScores
            Experts that have scored all pairs; they propose which pairs are worth reading.
        """
        ...

    def recall(self, dataset: QADataset, cache: VectorCache) -> ListedScores | None:
        """Return what :meth:`score` kept, None if it is not all there; loads no model."""
        ...


@dataclass(frozen=True)
class UploadedExpert:
    """Scores that came as a file; nothing is computed."""

    entry: CatalogueEntry
    files: ScoreFiles | None

    @property
    def key(self) -> str:
        """``file:<name>``."""
        return self.entry.key

    def score(
        self,
        dataset: QADataset,
        others: Sequence[PairScores],
        cache: VectorCache,
        report: Reporter,
    ) -> int:
        """Do nothing: the scores are there since the upload."""
        return 0

    def recall(self, dataset: QADataset, cache: VectorCache) -> ListedScores | None:
        """Return the uploaded scores of this dataset, None where there are none."""
        arrays = self.files.load(dataset.id, self.key) if self.files else None
        if arrays is None:
            return None
        parts = [np.array(arrays[name]) for name in ("question_rows", "answer_rows", "values")]
        return ListedScores(self.key, content_id(parts), dataset.id, *parts)


def is_listed(key: str) -> bool:
    """Return True if the expert of a key scores a list of pairs; see ``find_entry`` for errors."""
    return find_entry(key).family in LISTED_FAMILIES


def find_listed(
    key: str,
    store: ModelStore,
    files: ScoreFiles | None = None,
    device: str | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> ListedExpert:
    """Return the expert of a key whose family is listed.

    Parameters
    ----------
    files : ScoreFiles or None
        Where uploaded scores lie.

    Raises
    ------
    ExpertError
        If the expert scores all pairs.
    """
    entry = find_entry(key)
    if entry.family == CROSS_ENCODER:
        return CrossEncoderExpert(entry, store, device, clock)
    if entry.family == SCORE_FILE:
        return UploadedExpert(entry, files)
    raise ExpertError("{title} scores all pairs, not a list of them.", title=entry.title)
