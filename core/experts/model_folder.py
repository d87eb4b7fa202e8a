"""Write a sentence-transformers folder file by file, without torch.

The layout is the one that sentence-transformers has read since version 2
(https://sbert.net/docs/package_reference/sentence_transformer): modules.json names the parts,
the first part lies in the folder itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

_TYPE = "sentence_transformers.models."


def write_model_folder(
    target: Path,
    *,
    weights: Mapping[str, np.ndarray],
    tokenizer: str,
    modules: Sequence[str],
    files: Mapping[str, Mapping[str, Any]] | None = None,
    prompts: Mapping[str, str] | None = None,
    note: str = "",
) -> None:
    """Write the folder.

    Parameters
    ----------
    target : Path
        An empty folder.
    weights : mapping of str to float32 array
        Tensors of the first part.
    tokenizer : str
        Content of tokenizer.json.
    modules : sequence of str
        Class names of the parts, in order.
    files : mapping of path to JSON document
        Configuration files besides those written here.
    prompts : mapping of role to text
    note : str
        Recorded in config_sentence_transformers.json, for example that weights are rounded.
    """
    from safetensors.numpy import save_file

    tensors = {name: np.ascontiguousarray(array) for name, array in weights.items()}
    # transformers refuses a file without this tag.
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    (target / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    names = ["", *[f"{i}_{name}" for i, name in enumerate(modules)][1:]]
    parts = [
        {"idx": i, "name": str(i), "path": path, "type": f"{_TYPE}{module}"}
        for i, (path, module) in enumerate(zip(names, modules, strict=True))
    ]
    config = {"prompts": dict(prompts or {}), "similarity_fn_name": "cosine", "note": note}
    documents: dict[str, Any] = {
        "modules.json": parts,
        "config_sentence_transformers.json": config,
        **(files or {}),
    }
    for name, document in documents.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2), encoding="utf-8")
