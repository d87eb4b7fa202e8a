"""The Expert protocol, and what makes models and lexical methods fit it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from core.errors import ExpertError
from core.experts.api_connection import API_PREFIX
from core.experts.catalogue import find_entry
from core.experts.embedding import fill_cache, read_cached
from core.experts.encoders import load_encoder
from core.experts.entry import DOCUMENT, LEXICAL, LISTED_FAMILIES, QUERY, CatalogueEntry
from core.experts.lexical import LEXICAL_METHODS
from core.experts.sources import known_fingerprint
from core.hashing import content_id
from core.progress import Progress
from core.types import Reporter
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache

if TYPE_CHECKING:
    from core.types import Matrix

# Fewer texts say more about loading the model than about its speed.
_ENOUGH_TO_MEASURE = 64


class Tables(NamedTuple):
    """Question matrix [n_q, d] and answer matrix [n_a, d]; their product are the raw scores."""

    questions: Matrix
    answers: Matrix


class Expert(Protocol):
    """Whatever has an opinion on any pair of texts."""

    @property
    def key(self) -> str:
        """Catalogue key."""
        ...

    def fingerprint(self) -> str | None:
        """Return the hash of model and settings; None if the model is not on this machine yet."""
        ...

    def represent(
        self,
        questions: Sequence[str],
        answers: Sequence[str],
        cache: VectorCache,
        report: Reporter,
    ) -> int:
        """Do the work, keep it in the cache, return how many texts had to be read."""
        ...

    def recall(
        self, questions: Sequence[str], answers: Sequence[str], cache: VectorCache
    ) -> Tables | None:
        """Return what :meth:`represent` kept, None if it is not all there; loads no model."""
        ...


@dataclass(frozen=True)
class EmbeddingExpert:
    """A model that turns texts into vectors; raw score = cosine."""

    entry: CatalogueEntry
    store: ModelStore
    device: str | None
    clock: Callable[[], float]

    @property
    def key(self) -> str:
        """Catalogue key."""
        return self.entry.key

    def fingerprint(self) -> str | None:
        """Return the hash of the model's files and settings."""
        return known_fingerprint(self.entry, self.store)

    def represent(
        self,
        questions: Sequence[str],
        answers: Sequence[str],
        cache: VectorCache,
        report: Reporter,
    ) -> int:
        """Encode what is not in the cache and remember how fast that went."""
        encoder = load_encoder(self.entry, self.store, self.device, clock=self.clock)
        sizes = [sum(map(len, texts)) for texts in (questions, answers)]
        share = sizes[0] / max(sum(sizes), 1)
        began = self.clock()
        first = Progress(report, 0, share)
        count = fill_cache(encoder, questions, QUERY, cache, first, self.clock)
        rest = Progress(report, share, 1)
        count += fill_cache(encoder, answers, DOCUMENT, cache, rest, self.clock)
        seconds = self.clock() - began
        if count >= _ENOUGH_TO_MEASURE and seconds > 0:
            self.store.record_speed(self.key, encoder.device, count / seconds)
        return count

    def recall(
        self, questions: Sequence[str], answers: Sequence[str], cache: VectorCache
    ) -> Tables | None:
        """Return unit vectors from the cache."""
        fingerprint = self.fingerprint()
        if fingerprint is None:
            return None
        left = read_cached(fingerprint, questions, self.entry.prompt(QUERY), cache)
        if left is None:
            return None
        right = read_cached(fingerprint, answers, self.entry.prompt(DOCUMENT), cache)
        return None if right is None else Tables(left, right)


@dataclass(frozen=True)
class LexicalExpert:
    """BM25 or TF-IDF: two sparse tables, made for one set of answers."""

    entry: CatalogueEntry

    @property
    def key(self) -> str:
        """Catalogue key."""
        return self.entry.key

    def fingerprint(self) -> str:
        """Return the hash of the settings."""
        return content_id([LEXICAL_METHODS[self.key].settings])

    def represent(
        self,
        questions: Sequence[str],
        answers: Sequence[str],
        cache: VectorCache,
        report: Reporter,
    ) -> int:
        """Make the tables unless they are in the cache."""
        if self.recall(questions, answers, cache) is not None:
            return 0
        arrays: dict[str, np.ndarray] = {}
        tables = LEXICAL_METHODS[self.key].tables(questions, answers)
        for side, table in zip(("questions", "answers"), tables, strict=True):
            arrays[f"{side}.data"] = table.data.astype(np.float32)
            arrays[f"{side}.indices"] = table.indices.astype(np.int64)
            arrays[f"{side}.indptr"] = table.indptr.astype(np.int64)
            arrays[f"{side}.shape"] = np.array(table.shape, np.int64)
        cache.put_matrices(self.fingerprint(), _texts_id(questions, answers), arrays)
        return len(questions) + len(answers)

    def recall(
        self, questions: Sequence[str], answers: Sequence[str], cache: VectorCache
    ) -> Tables | None:
        """Return the sparse tables from the cache."""
        from scipy.sparse import csr_array

        arrays = cache.get_matrices(self.fingerprint(), _texts_id(questions, answers))
        if arrays is None:
            return None
        sides = []
        for side in ("questions", "answers"):
            parts = [np.array(arrays[f"{side}.{part}"]) for part in ("data", "indices", "indptr")]
            sides.append(csr_array(tuple(parts), shape=tuple(arrays[f"{side}.shape"].tolist())))
        return Tables(*sides)


def _texts_id(questions: Sequence[str], answers: Sequence[str]) -> str:
    return content_id([*questions, "\x00", *answers])


def find_expert(
    key: str,
    store: ModelStore,
    device: str | None = None,
    clock: Callable[[], float] = time.monotonic,
    extra: Mapping[str, Expert] | None = None,
) -> Expert:
    """Return the expert of a catalogue key or ``local:<path>``; see ``find_entry`` for errors.

    Parameters
    ----------
    extra : mapping of key to Expert, or None
        Experts that no catalogue knows, for example those behind an API.
    """
    if extra and key in extra:
        return extra[key]
    if key.startswith(API_PREFIX):
        raise ExpertError(
            "There is no connection to an API called {name} in this workspace. Add it on the "
            "Experts page.",
            name=key.removeprefix(API_PREFIX),
        )
    entry = find_entry(key)
    if entry.family in LISTED_FAMILIES:
        raise ExpertError(
            "{title} scores listed pairs and has no vectors of texts.", title=entry.title
        )
    if entry.family == LEXICAL:
        return LexicalExpert(entry)
    return EmbeddingExpert(entry, store, device, clock)
