"""A model as ONNX Runtime computes it: the same fp32 numbers, in less time on many processors.

Converted once per model (some ten seconds) and kept in the model store. The word vectors, most of
a multilingual model, stay out of the file: they are handed over from the model in memory.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ExportError, WorkspaceError
from core.experts.encoding import (
    MOST_AT_ONCE,
    AtOnce,
    encode_in_batches,
    has_two_models,
    is_static,
    longest_text,
)
from core.experts.onnx_graph import INPUTS, MOST_BYTES, PARTS, missing_packages, write_onnx
from core.types import Reporter
from core.workspace.modelstore import ModelStore

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FILE, SHARED = "graph.onnx", "shared.json"
PREFIX, KEPT = "onnx-", 6  # converted models that the store keeps, 20 to 350 MB each
LAYOUT = 1  # of the folder; another number makes it anew
LEAST_SHARED = 4_000_000  # numbers; smaller tables are not worth a second file
# Room for the weights of the graph, what ONNX Runtime makes of them, and the conversion.
MEMORY_FACTOR = 4
# Tokens of a batch, padding included. On two cores of an AMD EPYC, a batch each, 512 took 8% longer
# than 256 and 2048 took 45% longer; below 192 it makes no difference.
BATCH_TOKENS = 256
_KNOWN_MODULES = {"Transformer", "Pooling", "Normalize", "Dense"}
_BYTES = 4  # of a number in fp32


class OnnxForm:
    """Encodes texts like the model that it was made of, with its tokenizer.

    Parameters
    ----------
    model : SentenceTransformer
        On the CPU, in fp32.
    folder : Path
        Made of the same model by :func:`convert`.
    """

    def __init__(self, model: SentenceTransformer, folder: Path) -> None:
        import onnxruntime
        import torch

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors only: warnings about the hardware worry people
        # Batches are computed side by side and share these beside a thread of their own each.
        cores = torch.get_num_threads()
        workers = min(cores, MOST_AT_ONCE)
        options.intra_op_num_threads = cores - workers + 1
        # Threads that wait sleep instead of spinning: others need the processor, too.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        names: list[str] = json.loads((folder / SHARED).read_text("utf-8"))
        weights = _weights(model)
        tables = [onnxruntime.OrtValue.ortvalue_from_numpy(weights[name]) for name in names]
        if names:
            options.add_external_initializers(names, tables)
        self.session = onnxruntime.InferenceSession(
            str(folder / FILE), options, providers=["CPUExecutionProvider"]
        )
        self.model = model
        self._at_once = AtOnce(ThreadPoolExecutor(workers, "onnx"), workers)
        self._tables = tables  # their memory is read as long as the session lives

    def encode(
        self,
        texts: Sequence[str],
        prompt: str = "",
        *,
        role: str | None = None,
        report: Reporter | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> np.ndarray:
        """Return unit vectors; see :func:`core.experts.encoding.encode_with`."""

        def encode_batch(batch: list[str]) -> np.ndarray:
            read = self.model.preprocess(batch, prompt=prompt, task=role)
            given = {name: read[name].numpy() for name in INPUTS}
            return np.asarray(self.session.run(None, given)[0], np.float32)

        at_once = self._at_once if len(texts) > 1 and self._at_once.count > 1 else None
        if at_once is not None:  # settles how the tokenizer cuts and fills up, which is its state
            self.model.preprocess(["."], prompt=prompt, task=role)
        return encode_in_batches(
            encode_batch,
            texts,
            self.model.get_embedding_dimension() or 0,
            longest=longest_text(self.model, role),
            most_tokens=BATCH_TOKENS,
            report=report,
            clock=clock,
            at_once=at_once,
        )


def can_convert(model: SentenceTransformer, free_bytes: float | None = None) -> bool:
    """Return True if a model may be worth trying in this form on this machine.

    Parameters
    ----------
    free_bytes : float or None
        Main memory that is free; None asks the machine.
    """
    if missing_packages() is not None or is_static(model) or has_two_models(model):
        return False
    if {type(part).__name__ for part in model} - _KNOWN_MODULES or model.truncate_dim is not None:
        return False
    if not all(getattr(part, "include_prompt", True) for part in model):
        return False
    size = sum(parameter.numel() for parameter in model.parameters()) * _BYTES
    if free_bytes is None:
        import psutil

        free_bytes = float(psutil.virtual_memory().available)
    return size <= min(MOST_BYTES, free_bytes / MEMORY_FACTOR)


def convert(model: SentenceTransformer, fingerprint: str, store: ModelStore) -> OnnxForm | None:
    """Return the ONNX form of a model, from the store where it was made before.

    Parameters
    ----------
    fingerprint : str
        Of everything that decides the vectors; the form is kept under it.

    Returns
    -------
    OnnxForm or None
        None where the model cannot be converted or the form cannot be kept or read: the model
        itself works as before.
    """

    def build(folder: Path) -> Mapping[str, Any]:
        for noisy in ("torch.onnx", "onnx_ir", "onnxscript"):  # each step of the conversion
            logging.getLogger(noisy).setLevel(logging.ERROR)
        write_onnx(model, folder / FILE)
        names = _without_tables(folder / FILE, _weights(model))
        (folder / SHARED).write_text(json.dumps(names), "utf-8")
        return {"fingerprint": fingerprint}

    key = _key(fingerprint)
    try:
        folder = store.install(key, build)
        os.utime(folder)  # those that nobody used for longest go first
        form = OnnxForm(model, folder)
    except (ExportError, WorkspaceError):
        return None
    except Exception as error:  # whatever ONNX Runtime cannot read, in its own words
        logging.getLogger(__name__).warning("ONNX Runtime does not take %s: %s", key, error)
        return None
    store.keep_newest(PREFIX, KEPT)
    return form


def is_converted(fingerprint: str, store: ModelStore) -> bool:
    """Return True if the ONNX form of a model is in the store."""
    return store.is_valid(_key(fingerprint))


def _key(fingerprint: str) -> str:
    return f"{PREFIX}{fingerprint}-{runtime_version()}-{LAYOUT}"


def runtime_version() -> str:
    """Return the version of ONNX Runtime, "" where it is not installed."""
    try:
        return version("onnxruntime")
    except PackageNotFoundError:
        return ""


def _weights(model: SentenceTransformer) -> dict[str, np.ndarray]:
    """Return the large tables of a model under the names that they have in the graph."""
    return {
        PARTS + name: parameter.detach().numpy()
        for name, parameter in model.named_parameters()
        if parameter.numel() >= LEAST_SHARED
    }


def _without_tables(path: Path, weights: Mapping[str, np.ndarray]) -> list[str]:
    """Take the tables out of a graph that the model in memory has; return their names."""
    import onnx

    graph = onnx.load(str(path))
    taken = []
    for table in graph.graph.initializer:
        # Shape and name: what the converter has turned round has a name of its own.
        if table.name in weights and tuple(table.dims) == weights[table.name].shape:
            table.ClearField("raw_data")
            table.ClearField("float_data")
            table.data_location = onnx.TensorProto.EXTERNAL
            place = table.external_data.add()
            place.key, place.value = "location", "in-memory"
            taken.append(table.name)
    if taken:
        onnx.save(graph, str(path))
    return taken
