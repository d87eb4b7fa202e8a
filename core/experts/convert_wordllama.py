"""WordLlama's packaged word vectors → a sentence-transformers folder.

The package's own loader asks the model hub for its tokenizer and so fails offline; its two files
are all that is needed: one vector per token, a text being the mean of its tokens.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from core.errors import ModelUnavailableError
from core.experts.model_folder import write_model_folder

WEIGHTS = "weights/l2_supercat_256.safetensors"
TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"


def convert_wordllama(package: Path, target: Path) -> None:
    """Write the folder.

    Parameters
    ----------
    package : Path
        The installed package's folder.
    target : Path
        An empty folder.

    Raises
    ------
    ModelUnavailableError
        If the vectors do not fit the tokenizer.
    """
    from safetensors.numpy import load_file

    vectors = load_file(package / WEIGHTS)["embedding.weight"].astype(np.float32)
    tokenizer = json.loads((package / TOKENIZER).read_text(encoding="utf-8"))
    tokens = len(tokenizer["model"]["vocab"])
    if vectors.ndim != 2 or len(vectors) != tokens:
        raise ModelUnavailableError(
            "WordLlama's table of vectors has the shape {shape}, but its tokenizer knows {tokens} "
            "tokens. Install the package again.",
            shape=str(vectors.shape),
            tokens=tokens,
        )
    # StaticEmbedding pools token lists of any length; padding or cutting would change the mean.
    tokenizer["padding"] = tokenizer["truncation"] = None
    write_model_folder(
        target,
        weights={"embedding.weight": vectors},
        tokenizer=json.dumps(tokenizer, ensure_ascii=False),
        modules=("StaticEmbedding", "Normalize"),
    )
