"""Whatever turns texts into vectors, and the cache that lets it read each text once.

Models are loaded when first needed: fingerprint, dimension and prompts are known from files, so a
step whose texts are all in the cache never pays for loading one. What is missing is encoded in
chunks and kept at once, so that work goes on after a kill.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.errors import ExpertError
from core.experts.encoding import BF16, FP32, Pace, encode_with, growing_chunks, load_model
from core.experts.folders import ModelFolder, read_folder
from core.experts.models import ModelExpert, fingerprint_of_folder
from core.experts.onnx_form import OnnxForm
from core.experts.precision import ONNX, choose_encoding_model
from core.experts.source import ExpertSource, LiveScore, ScoringContext, Stopwatch
from core.hashing import text_key
from core.progress import Progress
from core.types import ExpertScores, QADataset, Reporter, SilentReporter
from core.types.expert_entry import DOCUMENT, QUERY, CatalogueEntry
from core.workspace.modelstore import ModelStore
from core.workspace.vectors import VectorCache

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FIRST_CHUNK, LARGEST_CHUNK = 256, 16_384  # texts
# Fewer texts say more about loading the model than about its speed.
ENOUGH_TO_MEASURE = 64
LOOKED_AT = 1000  # texts of a kind, or pairs, in which what is not read yet is counted
_UNMEASURED = 50.0  # texts a second of all-MiniLM-L6-v2 on a slow processor: a careful guess
FETCHING = 0.5  # share of the progress that fetching a model takes, where it is not here yet


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

    @property
    def device(self) -> str:
        """Type of the device that computes; may load the model."""
        ...

    def prompt(self, role: str) -> str:
        """Return the text put before a ``query`` or ``document``."""
        ...

    def load(self, texts: Sequence[str], role: str) -> None:
        """Do all that comes before the first text: load the weights, choose what computes.

        Parameters
        ----------
        texts : sequence of str
            All that are about to be read; forms of the model are tried on some of them.
        """
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
    encoding_model : SentenceTransformer, OnnxForm or None
        What encodes: ``model``, its copy in bf16 or its ONNX form; None before the first text.
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
        self.encoding_model: SentenceTransformer | OnnxForm | None = None

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

    def load(self, texts: Sequence[str], role: str) -> None:
        """Load the model and choose what computes, once."""
        prompt = self.prompt(role)
        if self.encoding_model is None:
            self.encoding_model = choose_encoding_model(
                self.model,
                self.fingerprint,
                texts,
                lambda form, some: _encode_by(form, some, prompt, role),
                self._store,
                self._clock,
            )

    def encode(self, texts: Sequence[str], role: str, report: Reporter | None = None) -> np.ndarray:
        """Return unit vectors, float32 [n, d]; equal texts are encoded once."""
        self.load(texts, role)
        assert self.encoding_model is not None
        return _encode_by(self.encoding_model, texts, self.prompt(role), role, report, self._clock)

    @property
    def precision(self) -> str:
        """Form that it encodes in: ``fp32``, ``bf16`` or ``onnx``."""
        if isinstance(self.encoding_model, OnnxForm):
            return ONNX
        return FP32 if self.encoding_model in (None, self.model) else BF16


def _encode_by(
    form: SentenceTransformer | OnnxForm,
    texts: Sequence[str],
    prompt: str,
    role: str,
    report: Reporter | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> np.ndarray:
    if isinstance(form, OnnxForm):
        return form.encode(texts, prompt, role=role, report=report, clock=clock)
    return encode_with(form, texts, prompt, role=role, report=report, clock=clock)


@dataclass(frozen=True, kw_only=True)
class EmbeddingModel(ModelExpert):
    """A model that turns texts into vectors; raw score = cosine."""

    @staticmethod
    def read(path: Path) -> ModelFolder:
        """Return what a sentence-transformers folder says."""
        return read_folder(path)

    def folder(self, models: ModelStore, report: Reporter | None = None) -> Path:
        """Return the folder of the model, converted or downloaded the first time."""
        return self.files.fetch(self, models, report)

    def encoder(
        self,
        models: ModelStore,
        device: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        report: Reporter | None = None,
    ) -> Encoder:
        """Return its encoder, see :func:`load_encoder`; ``report`` hears how fetching goes on."""
        folder = self.folder(models, report)
        return SentenceEncoder(folder, models, entry=self, device=device, clock=clock)

    def workload(self, dataset: QADataset) -> int:
        """Return the number of texts."""
        return len(dataset.questions) + len(dataset.answers)

    def left_to_read(self, dataset: QADataset, models: ModelStore, vectors: VectorCache) -> int:
        """Return the number of texts that have no vector yet, from an even sample of them."""
        fingerprint, left = self.fingerprint(models), 0.0
        if fingerprint is None:
            return self.workload(dataset)
        for texts, role in ((dataset.questions, QUERY), (dataset.answers, DOCUMENT)):
            looked_at = texts[:: max(1, len(texts) // LOOKED_AT)]
            _, is_there = vectors.get(fingerprint, text_keys(looked_at, self.prompt(role)))
            left += float((~is_there).mean()) * len(texts) if len(is_there) else 0.0
        return round(left)

    def score(self, dataset: QADataset, context: ScoringContext, report: Reporter) -> int:
        """Encode what is not in the cache and remember how fast that went.

        Every distinct question and answer is read once, so the work grows with the number of texts,
        never with that of pairs.
        """
        clock, cache, watch = context.clock, context.vectors, context.stopwatch
        before, models = watch.seconds, context.models
        start = 0.0 if self.fingerprint(models) else FETCHING
        with watch.loading(clock):
            encoder = self.encoder(models, context.device, clock, Progress(report, 0, start))
        sizes = [sum(map(len, texts)) for texts in (dataset.questions, dataset.answers)]
        middle = start + (1 - start) * sizes[0] / max(sum(sizes), 1)
        began, loaded = clock(), watch.seconds
        first, rest = Progress(report, start, middle), Progress(report, middle, 1)
        count = fill_cache(encoder, dataset.questions, QUERY, cache, first, clock, watch)
        count += fill_cache(encoder, dataset.answers, DOCUMENT, cache, rest, clock, watch)
        seconds = clock() - began - (watch.seconds - loaded)
        if count >= ENOUGH_TO_MEASURE and seconds > 0:
            # Fetching comes once in a lifetime: it is no part of the time that loading takes.
            loading = watch.seconds - (before if start == 0 else loaded)
            models.record_speed(self.key, encoder.device, count / seconds, loading)
        return count

    def recall(self, dataset: QADataset, context: ScoringContext) -> ExpertScores | None:
        """Return unit vectors from the cache."""
        fingerprint = self.fingerprint(context.models)
        if fingerprint is None:
            return None
        return cached_scores(self, fingerprint, dataset, context.vectors)

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
        """Return unit vectors; those of known questions and answers from the cache or for it.

        Time is told by the speed of the model when it last read on such a device, before that by
        the catalogue's.
        """
        fingerprint = self.fingerprint(context.models)
        if fingerprint is None:
            raise ExpertError(
                "{title} was not asked: its files are not on this machine.", title=self.title
            )
        left = len(new)
        for texts, role in ((known, QUERY), (answers, DOCUMENT)):
            distinct = list(dict.fromkeys(texts))
            _, is_there = context.vectors.get(fingerprint, text_keys(distinct, self.prompt(role)))
            left += int((~is_there).sum())
        speed = context.models.speeds(context.device).get(self.key, 0.0)
        seconds = left / (speed or self.relative_speed * _UNMEASURED)
        if seconds > most_seconds:
            raise ExpertError(
                "{title} was not asked: reading {count} texts would take about {seconds} seconds.",
                title=self.title,
                count=left,
                seconds=round(seconds),
            )
        encoder = self.encoder(context.models, context.device, context.clock)
        cache = context.vectors
        asked = [
            encode_cached(encoder, known, QUERY, cache, Progress(report, 0.0, 0.3)),
            encoder.encode(new, QUERY, Progress(report, 0.3, 0.5)),
        ]
        told = encode_cached(encoder, answers, DOCUMENT, cache, Progress(report, 0.5, 1.0))
        return ExpertScores(self.key, fingerprint, "", np.concatenate(asked), told)

    def live(self, dataset: QADataset, context: ScoringContext) -> LiveScore | None:
        """Return the cosine of two texts; vectors of texts that were read are not made again."""
        if self.fingerprint(context.models) is None:
            return None
        made: list[Encoder] = []

        def vector(text: str, role: str) -> np.ndarray:
            fingerprint = self.fingerprint(context.models)
            known = None
            if fingerprint is not None:
                known = read_cached(fingerprint, [text], self.prompt(role), context.vectors)
            if known is None:
                if not made:
                    made.append(self.encoder(context.models, context.device, context.clock))
                known = made[0].encode([text], role)
            return np.asarray(known[0], np.float32)

        return lambda question, answer: float(vector(question, QUERY) @ vector(answer, DOCUMENT))


def load_encoder(
    source: ExpertSource | Path,
    models: ModelStore,
    device: str | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Encoder:
    """Return an encoder; bundles are converted and hub models downloaded now, loaded later.

    Parameters
    ----------
    source : ExpertSource or Path
        An expert, or a sentence-transformers folder, for example of a tuned model.
    device : str or None
        ``cuda``, ``mps`` or ``cpu``; None takes the fastest there is.

    Raises
    ------
    ModelUnavailableError
        If the model cannot be had.
    ExpertError
        If the expert makes no vectors.
    """
    if isinstance(source, Path):
        return SentenceEncoder(source, models, device=device, clock=clock)
    if isinstance(source, EmbeddingModel):
        return source.encoder(models, device, clock)
    return SentenceEncoder(source.folder(models), models)  # tells why it has none


def text_keys(texts: Sequence[str], prompt: str) -> np.ndarray:
    """Return the cache keys of texts, uint8 [n, 16]."""
    joined = b"".join(text_key(text, prompt) for text in texts)
    return np.frombuffer(joined, np.uint8).reshape(-1, 16)


def read_cached(
    fingerprint: str, texts: Sequence[str], prompt: str, cache: VectorCache
) -> np.ndarray | None:
    """Return the vectors of texts from the cache, float32 [n, d], None if any is missing."""
    vectors, is_there = cache.get(fingerprint, text_keys(texts, prompt))
    return vectors if is_there.all() else None


def cached_scores(
    expert: CatalogueEntry, fingerprint: str, dataset: QADataset, cache: VectorCache
) -> ExpertScores | None:
    """Return an expert's vectors of all texts of a dataset, None if the cache lacks any."""
    sides = []
    for texts, role in ((dataset.questions, QUERY), (dataset.answers, DOCUMENT)):
        vectors = read_cached(fingerprint, texts, expert.prompt(role), cache)
        if vectors is None:
            return None
        sides.append(vectors)
    return ExpertScores(expert.key, fingerprint, dataset.id, *sides)


def fill_cache(
    encoder: Encoder,
    texts: Sequence[str],
    role: str,
    cache: VectorCache,
    report: Reporter | None = None,
    clock: Callable[[], float] = time.monotonic,
    stopwatch: Stopwatch | None = None,
) -> int:
    """Encode the texts that are not in the cache, and keep them.

    Parameters
    ----------
    stopwatch : Stopwatch or None
        Takes the time until the model is in memory.

    Returns
    -------
    int
        Number of texts that were encoded.

    Raises
    ------
    Stopped
        If the reporter was asked to stop; finished chunks are kept.
    """
    report = report or SilentReporter()
    prompt = encoder.prompt(role)
    # Sorted by length, so that a chunk holds texts of like length and its batches pad little.
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    _, is_there = cache.get(encoder.fingerprint, text_keys(distinct, prompt))
    missing = [distinct[i] for i in np.flatnonzero(~is_there)]
    if missing:
        with (stopwatch or Stopwatch()).loading(clock):
            encoder.load(missing, role)
    pace = Pace([len(text) for text in missing], report, clock)
    for part in growing_chunks(len(missing), FIRST_CHUNK, LARGEST_CHUNK, clock):
        chunk = missing[part]
        vectors = encoder.encode(chunk, role, pace.chunk(part.start, part.stop))
        cache.put(encoder.fingerprint, text_keys(chunk, prompt), vectors)
    return len(missing)


def encode_cached(
    encoder: Encoder,
    texts: Sequence[str],
    role: str,
    cache: VectorCache,
    report: Reporter | None = None,
) -> np.ndarray:
    """Return unit vectors of texts, encoding only those never seen before by this model.

    Parameters
    ----------
    role : str
        ``query`` or ``document``; decides the prompt.

    Returns
    -------
    float32 array [n, d]
    """
    if not len(texts):
        return np.zeros((0, encoder.dimension), np.float32)
    fill_cache(encoder, texts, role, cache, report)
    vectors, is_there = cache.get(encoder.fingerprint, text_keys(texts, encoder.prompt(role)))
    if not is_there.all():
        # The cache was cleared under our hands: answer from the model, once.
        vectors = encoder.encode(texts, role, report)
    return vectors
