"""One interface to whatever turns texts into vectors; models are loaded when first needed.

Fingerprint, dimension and prompts are known from files, so a step whose texts are all in the cache
never pays for loading a model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.errors import ExpertError
from core.experts.encoding import BF16, FP32, encode_in_batches, encode_with, load_model
from core.experts.entry import LEXICAL, CatalogueEntry
from core.experts.folders import read_folder
from core.experts.packages import checked_folder
from core.experts.precision import choose_encoding_model
from core.experts.sources import USEM3, fingerprint_of_folder, known_fingerprint, model_folder
from core.types import Reporter
from core.workspace.modelstore import ModelStore

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_USE_TOKENS = 2048  # of a batch; its engine gains nothing by wider ones


class Encoder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def fingerprint(self) -> str:
        """Hash of everything that decides the vectors; the key of the cache."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def max_length(self) -> int | None:
        """Tokens that are read of a text; None = all."""
        ...

    def prompt(self, role: str) -> str:
        """Return the text put before a ``query`` or ``document``."""
        ...

    def encode(self, texts: Sequence[str], role: str, report: Reporter | None = None) -> np.ndarray:
        """Return unit vectors, float32 [n, d]; equal texts are encoded once."""
        ...


class SentenceEncoder:
    """A sentence-transformers folder as an :class:`Encoder`.

    Parameters
    ----------
    folder : Path
    prompts : mapping of role to text, or None
        None takes what the folder says.
    max_length : int or None
        None takes what the folder says.
    device : str or None
        None takes the fastest there is.

    Attributes
    ----------
    encoding_model : SentenceTransformer or None
        What encodes: ``model`` or its copy in bf16; None before the first text.
    """

    def __init__(
        self,
        folder: Path,
        store: ModelStore,
        *,
        entry: CatalogueEntry | None = None,
        device: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        read = read_folder(folder)
        self.folder = folder
        self.max_length = entry.max_length if entry else read.max_length
        self._prompts = entry.prompts if entry else read.prompts
        self._dimension = (entry.dimension if entry else None) or read.dimension
        self._device, self._clock, self._store = device, clock, store
        self.fingerprint = fingerprint_of_folder(folder, self._prompts, self.max_length, store)
        self.encoding_model: SentenceTransformer | None = None

    @cached_property
    def model(self) -> SentenceTransformer:
        """The model, loaded at first use."""
        return load_model(self.folder, self._device, self.max_length)

    @property
    def device(self) -> str:
        """Type of the device that the model is on; loads it."""
        return str(self.model.device.type)

    @property
    def dimension(self) -> int:
        """Length of a vector; loads the model where its files do not say."""
        return self._dimension or self.model.get_embedding_dimension() or 0

    def prompt(self, role: str) -> str:
        """Return the text put before a ``query`` or ``document``."""
        return self._prompts.get(role, "")

    def encode(self, texts: Sequence[str], role: str, report: Reporter | None = None) -> np.ndarray:
        """Return unit vectors, float32 [n, d]; equal texts are encoded once."""
        prompt = self.prompt(role)
        if self.encoding_model is None:
            self.encoding_model = choose_encoding_model(
                self.model,
                self.fingerprint,
                texts,
                lambda model, some: encode_with(model, some, prompt),
                self._store,
                self._clock,
            )
        return encode_with(self.encoding_model, texts, prompt, report=report, clock=self._clock)

    @property
    def precision(self) -> str:
        """Number format that it encodes in: ``fp32`` or ``bf16``."""
        return FP32 if self.encoding_model in (None, self.model) else BF16


class UniversalSentenceEncoder:
    """The numpy build of Google's Universal Sentence Encoder multilingual v3 as an Encoder.

    Its package reads the weights with ``allow_pickle=False`` and runs on the CPU.
    """

    device = "cpu"
    max_length: int | None = None

    def __init__(
        self,
        entry: CatalogueEntry,
        store: ModelStore,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        assert entry.bundle is not None
        checked_folder(entry.bundle, store)
        self.fingerprint = known_fingerprint(entry, store) or ""
        self.dimension = entry.dimension or 0
        self._clock = clock

    @cached_property
    def _encode(self) -> Callable[[list[str]], np.ndarray]:
        from usem3 import USE

        # Its matrices are small: on two cores two threads took 3.5 times the CPU time of one and
        # were slower, because they mostly wait for each other.
        return USE(threads=1).encode

    def prompt(self, role: str) -> str:
        """Return "": the model has no prompts."""
        return ""

    def encode(self, texts: Sequence[str], role: str, report: Reporter | None = None) -> np.ndarray:
        """Return unit vectors, float32 [n, d]; equal texts are encoded once."""
        return encode_in_batches(
            # Its tokenizer encodes to UTF-8, which a lone surrogate from a broken file breaks.
            lambda batch: self._encode([t.encode("utf-8", "replace").decode() for t in batch]),
            texts,
            self.dimension,
            most_tokens=_USE_TOKENS,
            report=report,
            clock=self._clock,
        )


def load_encoder(
    source: CatalogueEntry | Path,
    store: ModelStore,
    device: str | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> SentenceEncoder | UniversalSentenceEncoder:
    """Return an encoder; bundles are converted and hub models downloaded now, loaded later.

    Parameters
    ----------
    source : CatalogueEntry or Path
        An expert, or a sentence-transformers folder, for example of a tuned model.
    device : str or None
        ``cuda``, ``mps`` or ``cpu``; None takes the fastest there is.

    Raises
    ------
    ModelUnavailableError
        If the model cannot be had.
    ExpertError
        If the expert has no vectors.
    """
    if isinstance(source, Path):
        return SentenceEncoder(source, store, device=device, clock=clock)
    if source.family == LEXICAL:
        raise ExpertError("{title} compares words and has no vectors.", title=source.title)
    if source.bundle and source.bundle.loader == USEM3:
        return UniversalSentenceEncoder(source, store, clock=clock)
    folder = model_folder(source, store)
    return SentenceEncoder(folder, store, entry=source, device=device, clock=clock)
