"""A sentence-transformers model as one ONNX graph: token ids in, unit vectors out.

The graph holds everything after the tokenizer: transformer (or word vectors), pooling, further
layers, scaling to length 1.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ExportError, first_line
from core.messages import N_, Message

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

INPUTS = ("input_ids", "attention_mask")
OUTPUT = "sentence_embedding"
OPSET = 18
PACKAGES = ("onnx", "onnxscript", "onnxruntime")
MOST_BYTES = 1_900_000_000  # protobuf, the format of the file, ends at 2 GB
PARTS = "parts."  # before the names that weights have in the model: first its place, "0."
_EXAMPLE = ((5, 6, 7, 8), (5, 6, 0, 0))  # ids of a batch to trace with; 0 = padding


def missing_packages() -> Message | None:
    """Return what has to be installed before a model can be converted, None if nothing."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if not missing:
        return None
    text = N_("ONNX needs packages that are not installed. Install them with: {command}")
    return Message(text, {"command": f"pip install {' '.join(missing)}"})


def write_onnx(model: SentenceTransformer, target: Path) -> None:
    """Convert a model on the CPU and write it to a file.

    Raises
    ------
    ExportError
        If packages are missing, the model is too large for the format, or torch cannot convert
        its layers; the model itself is not changed.
    """
    import torch

    absent = missing_packages()
    if absent is not None:
        raise ExportError(absent.template, **absent.params)
    size = sum(p.numel() * p.element_size() for p in model.parameters())
    if size > MOST_BYTES:
        raise ExportError(
            "The model has {size} GB of weights; an ONNX file holds at most {most} GB. Use the "
            "model folder with sentence-transformers instead.",
            size=round(size / 1e9, 1),
            most=MOST_BYTES / 1e9,
        )
    graph = _graph(model).eval()
    ids = torch.tensor(_EXAMPLE)
    mask = (ids > 0).long()
    batch, length = torch.export.Dim("batch"), torch.export.Dim("tokens")
    try:
        with torch.inference_mode():
            torch.onnx.export(
                graph,
                (ids, mask),
                str(target),
                input_names=list(INPUTS),
                output_names=[OUTPUT],
                dynamic_shapes=({0: batch, 1: length}, {0: batch, 1: length}),
                opset_version=OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # torch names what it cannot convert in its own words
        raise ExportError(
            "This kind of model cannot be converted to ONNX: {reason}. The model folder works "
            "with sentence-transformers all the same.",
            reason=first_line(error),
        ) from error


def _is_static(model: SentenceTransformer) -> bool:
    return type(model[0]).__name__ == "StaticEmbedding"


def _graph(model: SentenceTransformer) -> Any:
    """Return a module ``(input_ids, attention_mask) -> unit vectors`` made of the model's parts."""
    from torch import nn
    from torch.nn.functional import embedding, normalize

    parts: list[Any] = list(model)
    static = _is_static(model)
    table: Any = parts[0].embedding if static else None

    class Graph(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleList(parts)

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            later = list(self.parts)
            if static:
                # The bag of word vectors has no mask: the same mean, written out.
                vectors = embedding(input_ids, table.weight)
                mask = attention_mask.unsqueeze(-1).to(vectors.dtype)
                total = (vectors * mask).sum(1)
                features[OUTPUT] = total / mask.sum(1).clamp(min=1.0)
                later = later[1:]
            for part in later:
                features = part(features)
            return normalize(features[OUTPUT], dim=1)

    return Graph()
