"""Load a sentence-transformers model and turn texts into unit vectors, in batches of like length.

Together with ``core.tuning`` the only place that loads models.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from core.errors import ExpertError, Stopped, first_line
from core.experts.folders import read_folder
from core.messages import N_, Message
from core.progress import Progress
from core.types import Reporter, SilentReporter
from core.types.expert_entry import DOCUMENT, QUERY

if TYPE_CHECKING:
    import torch
    from sentence_transformers import CrossEncoder, SentenceTransformer
    from torch import Tensor

_Model = TypeVar("_Model", "SentenceTransformer", "CrossEncoder")


CPU, CUDA, MPS = "cpu", "cuda", "mps"
FP32, BF16 = "fp32", "bf16"
# Tokens of a batch, padding included: enough to keep the device busy, little enough to stay in
# its fast memory. On one core in fp32, 4096 took a third longer than 512; in
# bf16, 1024 took a quarter longer than 4096.
BATCH_TOKENS = {
    (CPU, FP32): 512,
    (CPU, BF16): 4096,
    (MPS, FP32): 8192,
    (CUDA, FP32): 65_536,
    (CUDA, BF16): 65_536,
}
MOST_TEXTS = {CPU: 128, MPS: 128, CUDA: 1024}
COPIES_BESIDE = {CUDA}  # devices that copy to and from pinned memory while they compute
# No text is padded to more than this much of its length, or by this many tokens: of few texts of
# very different length most would be padding.
STRETCH, SLACK = 1.3, 8
# Batches that a processor computes at once, a part of its cores each: cores that share one batch
# wait for each other at every layer, the longer the busier the machine is. See `side_by_side`.
MOST_AT_ONCE = 8
# Of fewer texts there are not enough batches for all: two took 10 ms instead of 6 (bf16).
WORTH_SPLITTING = 256
BATCHES_EACH = 3  # of those that compute at once: then all end at about the same time
# A token is about four bytes of UTF-8, in English as in Japanese, plus begin and end signs.
_BYTES_PER_TOKEN, _SIGNS = 4, 2
USUAL_LONGEST = 512  # tokens, where a model names no limit
_ROUTER = "Router"  # sentence-transformers' module with a route for each role


def token_estimates(texts: Sequence[str], longest: int | None) -> np.ndarray:
    """Return about how many tokens a model reads of each text, int64 [n].

    Parameters
    ----------
    longest : int or None
        Where the model cuts; None where it does not say.
    """
    sizes = [len(text.encode("utf-8", "replace")) for text in texts]
    tokens = np.asarray(sizes, np.int64) // _BYTES_PER_TOKEN + _SIGNS
    return np.minimum(tokens, longest or USUAL_LONGEST)


def length_batches(
    tokens: np.ndarray,
    device: str = CPU,
    precision: str = FP32,
    most_tokens: int | None = None,
) -> list[np.ndarray]:
    """Part texts into batches of like length, shortest first.

    Parameters
    ----------
    tokens : int array [n]
        Length of each text.
    device : str
        Type of the device that computes.
    precision : str
        What it computes in: ``fp32`` or ``bf16``.
    most_tokens : int or None
        Tokens of a batch, padding included; None takes what suits both.

    Returns
    -------
    list of int64 array
        Rows of the texts; each row is in one batch.
    """
    budget = most_tokens or BATCH_TOKENS.get((device, precision), BATCH_TOKENS[CPU, FP32])
    most = MOST_TEXTS.get(device, MOST_TEXTS[CPU])
    order = np.argsort(tokens, kind="stable")
    batches: list[np.ndarray] = []
    start = 0
    while start < len(order):
        stop = min(start + most, len(order))
        # All are padded to the longest, which is the last: take as many as fit, of like length.
        lengths = tokens[order[start:stop]]
        fitting = int(np.searchsorted(lengths * np.arange(1, stop - start + 1), budget, "right"))
        alike = int(
            np.searchsorted(lengths, max(STRETCH * lengths[0], lengths[0] + SLACK), "right")
        )
        stop = start + max(1, min(fitting, alike))
        batches.append(order[start:stop])
        start = stop
    return batches


CHUNK_SECONDS = 5.0
_MINUTE = 90.0  # seconds from which minutes are told
_FEW_SECONDS = 2.0  # before that an estimate is a guess
# Work per text that does not depend on its length, in characters; and the length from which a
# model cuts anyway, so that one huge text does not look like an hour.
_PER_TEXT, _LONGEST = 40, 2000


def growing_chunks(
    count: int, first: int, largest: int, clock: Callable[[], float]
) -> Iterator[slice]:
    """Yield slices of ``count`` things, doubled in size while one is done within seconds.

    A chunk is what a kill may lose.
    """
    start, size = 0, first
    while start < count:
        began = clock()
        stop = min(start + size, count)
        yield slice(start, stop)
        start = stop
        if clock() - began < CHUNK_SECONDS:
            size = min(2 * size, largest)


class Pace:
    """Tell a reporter the share of work done and the time left.

    Parameters
    ----------
    lengths : sequence of int
        Characters of each text in the order of encoding: long texts take longer.
    report : Reporter
    clock : function
        Seconds.
    """

    told = N_("{done} of {total} texts read")
    told_minutes = N_("{done} of {total} texts read, about {left} minutes left")
    told_seconds = N_("{done} of {total} texts read, about {left} seconds left")

    def __init__(
        self, lengths: Sequence[int], report: Reporter, clock: Callable[[], float]
    ) -> None:
        weights = np.minimum(np.asarray(lengths, np.float64), _LONGEST) + _PER_TEXT
        self._shares = np.concatenate([[0.0], np.cumsum(weights) / max(weights.sum(), 1.0)])
        self._report, self._clock, self._start = report, clock, clock()

    def done(self, count: int) -> None:
        """Say that the first ``count`` texts are encoded."""
        self.reached(float(self._shares[count]))

    def reached(self, share: float) -> None:
        """Say that a share in [0, 1] of the work is done."""
        count = int(np.searchsorted(self._shares, share + 1e-9, side="right")) - 1
        values: dict[str, str | int | float] = {"done": count, "total": len(self._shares) - 1}
        passed = self._clock() - self._start
        text = self.told
        if passed >= _FEW_SECONDS and 0 < share < 1:
            left = passed * (1 - share) / share
            if left >= _MINUTE:
                text = self.told_minutes
                values["left"] = round(left / 60)
            else:
                text = self.told_seconds
                values["left"] = max(1, round(left))
        self._report.progress(min(share, 1.0), Message(text, values))

    def chunk(self, start: int, end: int) -> Reporter:
        """Return a reporter for the texts from ``start`` to ``end``, which tells of all texts."""
        return _Chunk(self, self._report, float(self._shares[start]), float(self._shares[end]))


class PairPace(Pace):
    """The same for pairs; lengths are those of question and answer together."""

    told = N_("{done} of {total} pairs scored")
    told_minutes = N_("{done} of {total} pairs scored, about {left} minutes left")
    told_seconds = N_("{done} of {total} pairs scored, about {left} seconds left")


class _Chunk(Progress):
    """Progress within a chunk, told as progress of all texts."""

    def __init__(self, pace: Pace, report: Reporter, low: float, high: float) -> None:
        super().__init__(report, low, high)
        self._pace = pace

    def progress(self, fraction: float, message: Message) -> None:
        """Say how far all texts are instead of passing the chunk's own message on."""
        self._pace.reached(self._low + (self._high - self._low) * fraction)


def _pick_device() -> str:
    """Return the fastest device there is: ``cuda``, ``mps`` or ``cpu``."""
    import torch

    if torch.cuda.is_available():
        return CUDA
    return MPS if torch.backends.mps.is_available() else CPU


def load_model(
    folder: Path,
    device: str | None = None,
    max_length: int | None = None,
    prompts: Mapping[str, str] | None = None,
) -> SentenceTransformer:
    """Load a folder with plain sentence-transformers: local files, safetensors, no foreign code.

    Parameters
    ----------
    folder : Path
        A folder that :func:`core.experts.folders.read_folder` accepts.
    device : str or None
        None takes :func:`_pick_device`.
    max_length : int or None
        Tokens read of a text; None = what the folder says.
    prompts : mapping of ``query`` and ``document`` to text, or None
        None = what the folder says. They are the model's own from then on, also once it is saved.

    Raises
    ------
    ModelUnavailableError
        If the folder is refused.
    ExpertError
        If its files cannot be loaded.
    """
    read = read_folder(folder)
    from sentence_transformers import SentenceTransformer

    model = load_with(SentenceTransformer, folder, device)
    model.prompts.update(read.prompts if prompts is None else prompts)
    if max_length is not None and np.isfinite(model.max_seq_length or np.inf):
        model.max_seq_length = max_length
    return model


def load_with(kind: Callable[..., _Model], folder: Path, device: str | None) -> _Model:
    """Load a folder with a class of sentence-transformers: local, safetensors, no foreign code.

    Raises
    ------
    ExpertError
        If its files cannot be loaded.
    """
    from transformers.utils import logging as noise

    noise.disable_progress_bar()  # our logs are files, a progress bar fills them with one line
    try:
        model = kind(
            str(folder),
            device=device or _pick_device(),
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # whatever is wrong in a model's files, the user picks another
        raise ExpertError(
            "The model in {folder} cannot be loaded: {reason}. Choose another model, or save or "
            "download this one again.",
            folder=str(folder),
            reason=first_line(error),
        ) from error
    model.float()  # weights stored in half precision are slow on a CPU and round what comes out
    return model


def encode_with(
    model: SentenceTransformer,
    texts: Sequence[str],
    prompt: str = "",
    *,
    role: str | None = None,
    report: Reporter | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> np.ndarray:
    """Encode texts with a model in memory; equal texts are encoded once.

    Parameters
    ----------
    prompt : str
        Put before every text.
    role : str or None
        ``query`` or ``document``, for a model that reads the two by different routes.
    clock : function
        Seconds, for the time left.

    Returns
    -------
    float32 array [n, d]
        Unit vectors in the order of ``texts``; zero for a text without a single known token.

    Raises
    ------
    Stopped
        Between two batches, once the reporter was asked to stop.
    ExpertError
        If the model gives numbers that are not finite.
    """

    def encode_batch(batch: list[str]) -> Coming:
        vectors = model.encode(
            batch,
            prompt=prompt,  # never None, which stands for the model's default prompt
            task=role,
            batch_size=len(batch),
            show_progress_bar=False,
            convert_to_tensor=True,  # numpy has no bf16
        )
        return fetch(vectors.float())

    with side_by_side(model, len(texts)) as at_once:
        if at_once is not None:  # settles how the tokenizer cuts and fills up, which is its state
            model.preprocess(["."], prompt=prompt, task=role)
        return encode_in_batches(
            encode_batch,
            texts,
            model.get_embedding_dimension() or 0,
            device=model.device.type,
            precision=BF16 if "bfloat16" in str(model.dtype) else FP32,
            longest=longest_text(model, role),
            report=report,
            clock=clock,
            at_once=at_once,
        )


@dataclass(frozen=True)
class AtOnce:
    """Threads that compute a batch each.

    Attributes
    ----------
    threads : ThreadPoolExecutor
    count : int
    """

    threads: ThreadPoolExecutor
    count: int


_starting = threading.Lock()


@contextmanager
def side_by_side(model: SentenceTransformer, texts: int) -> Iterator[AtOnce | None]:
    """Give threads that compute a batch each, with their part of the cores that torch may use.

    One batch on all cores makes them wait for each other at every layer. On two cores of an AMD
    EPYC, of which another program took one, all-MiniLM-L6-v2 read 1,265 texts in 12 s of processor
    time with both cores on one batch, and in 3.3 s with a batch each (bf16; fp32: 46 and 8.3 s).
    The vectors are the same, in bf16 but for rounding.

    Yields
    ------
    AtOnce or None
        None where one batch at a time is as good: another device, word vectors, few texts, or one
        core.
    """
    if model.device.type != CPU or texts < WORTH_SPLITTING or is_static(model):
        yield None
        return
    import torch

    with _starting:
        cores = torch.get_num_threads()
        workers = min(cores, MOST_AT_ONCE)
        ready = threading.Barrier(workers + 1)

        def begin() -> None:
            torch.get_num_threads()  # a thread takes over the setting of all at its first question
            # Holds for this thread, and for all that begin later: set back once these have begun.
            torch.set_num_threads(cores // workers)
            ready.wait()

        threads = ThreadPoolExecutor(workers, "encode", begin)
        if workers > 1:
            try:
                for _ in range(workers):
                    threads.submit(int)  # a thread begins with its first task
                ready.wait()
            except BaseException:
                ready.abort()  # the machine gives no further thread: let none wait for it
                raise
            finally:
                torch.set_num_threads(cores)
    try:
        yield AtOnce(threads, workers) if workers > 1 else None
    finally:
        threads.shutdown(cancel_futures=True)


def encode_in_batches(
    encode_batch: Callable[[list[str]], Coming],
    texts: Sequence[str],
    dimension: int,
    *,
    device: str = CPU,
    precision: str = FP32,
    longest: int | None = None,
    most_tokens: int | None = None,
    report: Reporter | None = None,
    clock: Callable[[], float] = time.monotonic,
    at_once: AtOnce | None = None,
) -> np.ndarray:
    """Encode distinct texts in batches of like length; see encode_with.

    Parameters
    ----------
    device : str
        Type of the device that computes; decides with the next how large a batch is.
    precision : str
        ``fp32`` or ``bf16``.
    longest : int or None
        Tokens at which the model cuts; None where it does not say.
    most_tokens : int or None
        Tokens of a batch, padding included; None takes those of the device.
    at_once : AtOnce or None
        Its threads compute a batch each; None computes one after the other, here.
    """
    report = report or SilentReporter()
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    position = {text: i for i, text in enumerate(distinct)}
    vectors = np.zeros((len(distinct), dimension), np.float32)
    tokens = token_estimates(distinct, longest)
    if at_once is not None and most_tokens is None:
        usual, least = BATCH_TOKENS[device, precision], BATCH_TOKENS[CPU, FP32]
        share = int(tokens.sum()) // (BATCHES_EACH * at_once.count)
        most_tokens = min(usual, max(least, share))
    batches = length_batches(tokens, device, precision, most_tokens)
    if at_once is not None:
        batches.reverse()  # the last ones are short: no thread waits long for another
    pace = Pace([len(distinct[row]) for rows in batches for row in rows], report, clock)
    parts = [[distinct[row] for row in rows] for rows in batches]
    begun = at_once.threads.map(encode_batch, parts) if at_once else map(encode_batch, parts)
    given = arriving(begun, device)
    done = 0
    for rows in batches:
        if report.should_stop():
            raise Stopped
        vectors[rows] = next(given)
        done += len(rows)
        pace.done(done)
    return unit(vectors)[[position[text] for text in texts]] if len(texts) else vectors


Coming = np.ndarray | Callable[[], np.ndarray]
"""Numbers, or what waits until a card has computed and copied them, and gives them."""


def arrived(coming: Coming) -> np.ndarray:
    """Return numbers, waiting for them where they are on their way."""
    return coming() if callable(coming) else coming


def to_device(tensor: Tensor, device: torch.device | str) -> Tensor:
    """Return a tensor on a device.

    A card copies it out of pinned memory while it computes what it was given before: an ordinary
    copy first waits for all of that.
    """
    import torch

    if torch.device(device).type not in COPIES_BESIDE:
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def fetch(numbers: Tensor) -> Coming:
    """Begin to bring numbers to main memory; a card copies them while more is prepared for it."""
    numbers = numbers.detach()
    if numbers.device.type not in COPIES_BESIDE:
        return np.asarray(numbers.cpu().numpy())
    import torch

    here = torch.empty(numbers.shape, dtype=numbers.dtype, pin_memory=True)
    here.copy_(numbers, non_blocking=True)
    wait = _when_done(numbers.device)

    def after_waiting() -> np.ndarray:
        wait()
        return np.asarray(here.numpy())

    return after_waiting


def _when_done(device: torch.device) -> Callable[[], None]:
    """Return what waits until a card has done all that it was given until now."""
    import torch

    mark = torch.cuda.Event(blocking=True)  # the processor sleeps
    mark.record(torch.cuda.current_stream(device))
    return mark.synchronize


def arriving(begun: Iterable[Coming], device: str) -> Iterator[np.ndarray]:
    """Give numbers in order; a card has the next ones to do before it is waited for.

    Meanwhile tokens are cut. What is begun and not given is lost if nobody asks on.
    """
    ahead = 1 if device in COPIES_BESIDE else 0
    waiting: deque[Coming] = deque()
    for coming in begun:
        waiting.append(coming)
        if len(waiting) > ahead:
            yield arrived(waiting.popleft())
    while waiting:
        yield arrived(waiting.popleft())


def give_back_memory() -> None:
    """Give what models took of a card back to other programs, once nobody holds them."""
    torch: Any = sys.modules.get("torch")
    if torch is None:  # no model was read
        return
    if torch.cuda.is_initialized():
        gc.collect()  # what libraries hold in circles would stay
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        gc.collect()
        torch.mps.empty_cache()


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return rows scaled to length 1, zero rows as they are, float32 [n, d].

    Raises
    ------
    ExpertError
        If a number is not finite.
    """
    if not np.isfinite(vectors).all():
        raise ExpertError(
            "The model gave numbers that are not finite for {count} of {total} texts. Its "
            "weights may be damaged; choose another model or fetch it again.",
            count=int((~np.isfinite(vectors).all(axis=1)).sum()),
            total=len(vectors),
        )
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(length > 0, length, 1)).astype(np.float32)


def is_static(model: SentenceTransformer) -> bool:
    """Return True for word-vector models, which look tokens up and compute nothing else.

    Of a model that reads questions and answers by different routes, that of the questions counts.
    """
    return type(modules_for(model, QUERY)[0]).__name__ == "StaticEmbedding"


def has_two_models(model: SentenceTransformer) -> bool:
    """Return True if questions and answers are read by models of their own."""
    first: Any = model[0]
    return type(first).__name__ == _ROUTER and {QUERY, DOCUMENT} <= set(first.sub_modules)


def modules_for(model: SentenceTransformer, role: str) -> Any:
    """Return the modules that read the texts of a role, in order."""
    first: Any = model[0]
    return first.sub_modules[role] if has_two_models(model) else model


def longest_text(model: SentenceTransformer, role: str | None = None) -> int | None:
    """Return the tokens at which a model cuts texts of a role, None where it has no limit."""
    reads = modules_for(model, role or DOCUMENT)[0] if has_two_models(model) else model
    limit = getattr(reads, "max_seq_length", None)
    return int(limit) if limit is not None and np.isfinite(limit) else None
