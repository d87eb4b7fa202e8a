"""The model that learns: loaded, read with, given adapters (LoRA), and written to its folder."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import Stopped, TuningError
from core.experts import encoding
from core.experts.encoding import (
    Coming,
    arriving,
    fetch,
    has_two_models,
    is_static,
    length_batches,
    longest_text,
    modules_for,
    side_by_side,
    to_device,
    token_estimates,
)
from core.hashing import file_sha256
from core.tuning.device import computing_in

if TYPE_CHECKING:
    from peft.tuners.lora import LoraModel
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

QUERY = "query"
DOCUMENT = "document"

Read = Callable[[Sequence[str], str], np.ndarray]
"""Texts and task (query, document) to unit vectors float32 [n, d]: :func:`encode` by one model."""

# The usual choice: the strength of an adapter then hardly depends on its rank.
ALPHA_PER_RANK = 2


def load_model(
    folder: Path, device: str = "cpu", prompts: Mapping[str, str] | None = None
) -> SentenceTransformer:
    """Load a model folder in fp32 to learn: local files, safetensors, no foreign code.

    Parameters
    ----------
    prompts : mapping of ``query`` and ``document`` to text, or None
        Where the folder does not say them; None = as the folder does.

    Raises
    ------
    ExpertError
        If the folder is refused or does not hold a sentence-transformers model.
    """
    # fp32: Adam's small steps vanish in the rounding of half-precision weights.
    model = encoding.load_model(folder, device, prompts=prompts).float()
    if has_two_models(model):  # the one that reads answers stays as it is
        modules_for(model, DOCUMENT).requires_grad_(False)
    return model


def folder_fingerprint(folder: Path) -> str:
    """Return 16 hex digits for the content of all files of a model folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\x00{file_sha256(path)}\n".encode())
    return digest.hexdigest()[:16]


@contextmanager
def limited_length(model: SentenceTransformer, max_length: int) -> Iterator[None]:
    """Cut texts at ``max_length`` tokens inside the block, never above the model's own limit."""
    own = None if is_static(model) else longest_text(model, QUERY)
    if own is None:
        yield
        return
    # Of two models that of the questions: answers are read whole, once.
    reads: Any = modules_for(model, QUERY)[0] if has_two_models(model) else model
    reads.max_seq_length = min(own, max_length)
    try:
        yield
    finally:
        reads.max_seq_length = own


def embed(model: SentenceTransformer, texts: Sequence[str], task: str) -> Tensor:
    """Return unit vectors [n, d] of a batch, in the model's current mode, on its device."""
    import torch

    features = {
        name: to_device(value, model.device) if isinstance(value, torch.Tensor) else value
        for name, value in model.preprocess(
            list(texts), prompt=model.prompts.get(task), task=task
        ).items()
    }
    vectors = model(features, task=task)["sentence_embedding"]
    return torch.nn.functional.normalize(vectors.float(), dim=1)


def encode(
    model: SentenceTransformer,
    texts: Sequence[str],
    task: str,
    should_stop: Callable[[], bool] = lambda: False,
    precision: str = "fp32",
) -> np.ndarray:
    """Return unit vectors float32 [n, d] without gradient or dropout.

    Parameters
    ----------
    precision : str
        ``bf16`` or ``fp32``: what the model computes in.

    Raises
    ------
    Stopped
        As soon as ``should_stop`` answers True; it is asked after every batch.
    """
    import torch

    kind, longest = model.device.type, longest_text(model, task)
    vectors: np.ndarray | None = None
    batches = length_batches(token_estimates(texts, longest), kind, precision)

    def read(rows: np.ndarray) -> Coming:
        with torch.inference_mode(), computing_in(precision, kind):
            return fetch(embed(model, [texts[row] for row in rows], task))

    training = model.training
    model.eval()
    try:
        # Here, too: what the context has cast once is kept while it lasts.
        with computing_in(precision, kind), side_by_side(model, len(texts)) as at_once:
            if at_once is not None:
                model.preprocess(["."], prompt=model.prompts.get(task), task=task)
            begun = at_once.threads.map(read, batches) if at_once else map(read, batches)
            parts = arriving(begun, kind)
            for rows in batches:
                if should_stop():
                    raise Stopped
                part = next(parts)
                if vectors is None:
                    vectors = np.empty((len(texts), part.shape[1]), np.float32)
                vectors[rows] = part
    finally:
        model.train(training)
    return np.empty((0, 0), np.float32) if vectors is None else vectors


def without_dropout(model: SentenceTransformer) -> None:
    """Switch off, for good, what leaves parts of the model out at random while it learns."""
    from torch.nn import Dropout

    for part in model.modules():
        if isinstance(part, Dropout):
            part.p = 0.0
        # Newer models keep the rate of their attention as a number of its own.
        if isinstance(getattr(part, "attention_dropout", None), float):
            part.attention_dropout = 0.0  # type: ignore[assignment]


def weights_of(model: SentenceTransformer) -> dict[str, Tensor]:
    """Return all weights that learn on the CPU, by name; shared ones once.

    Those of a model on the CPU are its own, not copies: they change as it learns.
    Where some are frozen (adapters learn beside them), these are the base model's own and left
    out; else the buffers are there, too.
    """
    shared = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    tensors = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if not _frozen(model):
        tensors.update((n, t) for n, t in model.state_dict().items() if n not in shared)
    return {name: t.detach().to("cpu").contiguous() for name, t in tensors.items()}


def _frozen(model: SentenceTransformer) -> set[str]:
    """Return the names of what stays as it is in a model of which only a part learns."""
    learning = {name for name, p in model.named_parameters() if p.requires_grad}
    if learning == {name for name, _ in model.named_parameters()}:
        return set()
    return set(model.state_dict()) - learning


def load_weights(model: SentenceTransformer, weights: dict[str, Tensor]) -> None:
    """Put weights from :func:`weights_of` into a model of the same build.

    Raises
    ------
    TuningError
        If a weight of the model is missing among them, or one of them is unknown.
    """
    missing, unknown = model.load_state_dict(weights, strict=False)
    tied = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    tied -= {name for name, _ in model.named_parameters()}
    absent = set(missing) - tied - _frozen(model)
    if unknown or absent:
        raise TuningError(
            "The saved state does not fit the base model ({count} weights differ). "
            "Start a new run instead of resuming this one.",
            count=len(unknown) + len(absent),
        )


def add_adapters(model: SentenceTransformer, rank: int, seed: int) -> LoraModel:
    """Put an adapter beside every linear layer and freeze everything else.

    Low-rank adapters (LoRA: Hu et al. 2021, arXiv:2106.09685, through peft) make saved states
    small and take little optimizer memory. Only they learn; in the end they are merged into the
    weights, so that the result is a plain sentence-transformers folder.

    Parameters
    ----------
    rank : int
        Width of the adapters.
    seed : int
        Of their random halves; the other halves are zero, so that the model starts as its base.

    Raises
    ------
    TuningError
        If the model is not a transformer.
    """
    from transformers import PreTrainedModel

    inner = getattr(modules_for(model, QUERY)[0], "auto_model", None)
    if not isinstance(inner, PreTrainedModel):
        raise TuningError(
            "This base model has no layers for adapters (LoRA); word-vector models learn fast "
            "without. Set the adapter rank (LoRA) to 0, or choose a transformer model."
        )
    import torch
    from peft import LoraConfig
    from peft.tuners.lora import LoraModel

    model.requires_grad_(False)
    config = LoraConfig(r=rank, lora_alpha=ALPHA_PER_RANK * rank, target_modules="all-linear")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        adapters = LoraModel(inner, {"default": config}, "default")
    return adapters


def merge_adapters(model: SentenceTransformer, adapters: LoraModel) -> None:
    """Add the adapters to the weights beside them and take them out of the model."""
    adapters.merge_and_unload()
    model.requires_grad_(True)


def write_model(model: SentenceTransformer, folder: Path) -> None:
    """Write a model as a folder that plain sentence-transformers loads, all of it or nothing.

    A folder that exists is replaced.
    """
    half, old = (folder.with_name(f"{folder.name}.{word}") for word in ("writing", "replaced"))
    shutil.rmtree(old, ignore_errors=True)
    with whole_folder(half):
        model.save_pretrained(str(half), create_model_card=False, safe_serialization=True)
    if folder.exists():
        folder.rename(old)
    half.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Make a folder to be filled inside the block and flush it; on an error it is gone again.

    What a full disk left half done must not fill the disk. The folder above must be there.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
        _flush_folder(folder)
    except Exception:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _flush_folder(folder: Path) -> None:
    """Force files and names of a folder onto the disk: a rename then never shows half of them."""
    if os.name != "posix":  # Windows cannot flush what is open for reading only
        return
    for path in [*(p for p in folder.rglob("*") if p.is_file()), folder]:
        flush(path)


def flush(path: Path) -> None:
    """Force one file, or the list of names of one folder, onto the disk."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
