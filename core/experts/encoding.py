"""Load a sentence-transformers model and turn texts into unit vectors.

Together with ``core.tuning`` the only place that loads models.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ExpertError, Stopped
from core.experts.batching import BF16, CPU, CUDA, FP32, MPS, length_batches, token_estimates
from core.experts.progress import Pace
from core.types import Reporter, SilentReporter

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def pick_device() -> str:
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
        None takes :func:`pick_device`.
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
    from core.experts.folders import read_folder

    read = read_folder(folder)
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as noise

    noise.disable_progress_bar()  # our logs are files, a progress bar fills them with one line
    try:
        model = SentenceTransformer(
            str(folder),
            device=device or pick_device(),
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # whatever is wrong in a model's files, the user picks another
        raise ExpertError(
            "The model in {folder} cannot be loaded: {reason}. Choose another model, or save or "
            "download this one again.",
            folder=str(folder),
            reason=_first_line(error),
        ) from error
    model.prompts.update(read.prompts if prompts is None else prompts)
    model.float()  # weights stored in half precision are slow on a CPU and round the vectors
    if max_length is not None and np.isfinite(model.max_seq_length or np.inf):
        model.max_seq_length = max_length
    return model


def encode_with(
    model: SentenceTransformer,
    texts: Sequence[str],
    prompt: str = "",
    *,
    report: Reporter | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> np.ndarray:
    """Encode texts with a model in memory; equal texts are encoded once.

    Parameters
    ----------
    prompt : str
        Put before every text.
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

    def encode_batch(batch: list[str]) -> np.ndarray:
        vectors = model.encode(
            batch,
            prompt=prompt,  # never None, which stands for the model's default prompt
            batch_size=len(batch),
            show_progress_bar=False,
            convert_to_tensor=True,  # numpy has no bf16
        )
        return vectors.float().cpu().numpy()

    return encode_in_batches(
        encode_batch,
        texts,
        model.get_embedding_dimension() or 0,
        device=model.device.type,
        precision=BF16 if "bfloat16" in str(model.dtype) else FP32,
        longest=_longest(model),
        report=report,
        clock=clock,
    )


def encode_in_batches(
    encode_batch: Callable[[list[str]], np.ndarray],
    texts: Sequence[str],
    dimension: int,
    *,
    device: str = CPU,
    precision: str = FP32,
    longest: int | None = None,
    most_tokens: int | None = None,
    report: Reporter | None = None,
    clock: Callable[[], float] = time.monotonic,
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
    """
    report = report or SilentReporter()
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    position = {text: i for i, text in enumerate(distinct)}
    vectors = np.zeros((len(distinct), dimension), np.float32)
    batches = length_batches(token_estimates(distinct, longest), device, precision, most_tokens)
    pace = Pace([len(distinct[row]) for rows in batches for row in rows], report, clock)
    done = 0
    for rows in batches:
        if report.should_stop():
            raise Stopped
        vectors[rows] = encode_batch([distinct[row] for row in rows])
        done += len(rows)
        pace.done(done)
    return unit(vectors)[[position[text] for text in texts]] if len(texts) else vectors


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
    """Return True for word-vector models, which look tokens up and compute nothing else."""
    return type(model[0]).__name__ == "StaticEmbedding"


def _longest(model: SentenceTransformer) -> int | None:
    """Return the tokens at which a model cuts, None where it has no limit."""
    limit = getattr(model, "max_seq_length", None)
    return int(limit) if limit is not None and np.isfinite(limit) else None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
