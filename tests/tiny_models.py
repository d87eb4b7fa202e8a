"""Tiny models with random weights, and a data file whose words they know: fixtures."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

TOPICS = [
    ("refund", "money"),
    ("parcel", "courier"),
    ("password", "login"),
    ("invoice", "tax"),
    ("size", "chart"),
    ("voucher", "code"),
    ("repair", "warranty"),
    ("newsletter", "email"),
]
FILLERS = ["my", "the", "help", "please", "where"]


@pytest.fixture
def faq(tmp_path) -> Path:
    """A data file: eight answers with six questions each."""
    forms = ["my {}", "{} help", "please {}", "where {}", "the {}", "{} please"]
    path = tmp_path / "faq.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "answer"])
        for word, _ in TOPICS:
            writer.writerows([form.format(word), f"About your {word} code."] for form in forms)
    return path


def _tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "query", "passage", ":"]
    words += [word for topic in TOPICS for word in topic] + FILLERS
    tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer, len(words)


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory) -> Path:
    """Two layers of 32 dimensions with dropout, prompts and a length limit of 40."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny_bert")
    tokenizer, size = _tokenizer()
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]"}
    special |= {"sep_token": "[SEP]", "mask_token": "[MASK]"}
    raw = folder / "raw"
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(raw)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=size,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        )
        BertModel(config).save_pretrained(raw)
    first = Transformer(str(raw), max_seq_length=40)
    model = SentenceTransformer(
        modules=[first, Pooling(32)],
        device="cpu",
        prompts={"query": "query : ", "passage": "passage : "},
    )
    model.save_pretrained(str(folder / "model"), create_model_card=False)
    return folder / "model"


@pytest.fixture(scope="session")
def tiny_static(tmp_path_factory) -> Path:
    """A word-vector model: one table of 32 dimensions."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    folder = tmp_path_factory.mktemp("tiny_static") / "model"
    tokenizer, size = _tokenizer()
    table = np.random.default_rng(0).normal(size=(size, 32)).astype(np.float32)
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, table)], device="cpu")
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


ENGLISH = ["how", "do", "i", "get", "my", "money", "back", "where", "is", "the", "parcel"]
JAPANESE = ["返品", "したい", "です", "荷物", "どこ", "は"]
OTHERS = ["где", "посылка", "возврат", "деньги", "택배", "반품", "kuriért", "küldtek", "价钱"]


def write_multilingual(folder: Path, kind: str) -> Path:
    """A tiny multilingual model of either kind of tokenizer, with a mask token far behind."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["<pad>", "<unk>", "<s>", "</s>"]
    signs = sorted({sign for word in ENGLISH + JAPANESE + OTHERS for sign in word})
    words = OTHERS[:4] + ENGLISH + OTHERS[4:] + JAPANESE
    if kind == "Unigram":
        tokens = [*special, "▁", *signs, *(f"▁{w}" for w in words if w.isascii()), *words]
        tokens = [*dict.fromkeys(tokens), "<mask>"]
        vocabulary = [(t, -float(len(t) < 3) * 9 - 1) for t in tokens]
        tokenizer = Tokenizer(models.Unigram(vocabulary, 1))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    else:
        tokens = list(dict.fromkeys([*special, *words, *signs, *(f"##{w}" for w in words)]))
        tokens += [f"##{sign}" for sign in signs if f"##{sign}" not in tokens] + ["<mask>"]
        numbered = {token: number for number, token in enumerate(tokens)}
        tokenizer = Tokenizer(models.WordPiece(numbered, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    raw = folder.with_name("raw")
    names = {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, mask_token="<mask>", **names)
    fast.save_pretrained(raw)
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    # More rows than tokens, as many models have.
    size |= {"vocab_size": len(tokens) + 5, "intermediate_size": 32, "pad_token_id": 0}
    config = BertConfig(**size)
    BertModel(config).save_pretrained(raw)
    model = SentenceTransformer(modules=[Transformer(str(raw)), Pooling(16)], device="cpu")
    model.save_pretrained(str(folder), create_model_card=False)
    return folder
