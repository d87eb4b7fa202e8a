"""Every kind of sentence-transformers model is tuned and comes out as what it was."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from tests.tuning.tiny_runs import CONFIG, run

PROMPTS = {"query": "query : ", "passage": "passage : "}
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
SMALL |= {"intermediate_size": 64, "max_position_embeddings": 64, "pad_token_id": 0}


def bert():
    from transformers import BertConfig

    return BertConfig(**SMALL)


def xlm_roberta():
    """The build of the multilingual e5 models."""
    from transformers import XLMRobertaConfig

    return XLMRobertaConfig(**SMALL)


def mpnet():
    from transformers import MPNetConfig

    return MPNetConfig(**SMALL)


def distilbert():
    from transformers import DistilBertConfig

    return DistilBertConfig(
        dim=32, n_layers=2, n_heads=2, hidden_dim=64, max_position_embeddings=64, pad_token_id=0
    )


def modernbert():
    """The build of the ruri-v3 models."""
    from transformers import ModernBertConfig

    special = {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
    return ModernBertConfig(**SMALL, **special)


CONFIGS = {one.__name__: one for one in (bert, xlm_roberta, mpnet, distilbert, modernbert)}


def build(name: str, tiny_bert: Path, tiny_static: Path, folder: Path) -> Path:
    """Make a model of random weights: the named transformer, or a more unusual row of modules."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling

    if name == "static":
        return tiny_static
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = SentenceTransformer(str(tiny_bert), device="cpu")
        if name == "dense":
            modules = [model[0], Pooling(32, pooling_mode="cls"), Dense(32, 16), Normalize()]
            model = SentenceTransformer(
                modules=modules,
                device="cpu",
                prompts=PROMPTS,
                default_prompt_name="query",
                similarity_fn_name="dot",
            )
            model.save_pretrained(str(folder), create_model_card=False)
            return folder
        from transformers import AutoModel

        config = CONFIGS[name]()
        config.vocab_size = model[0].auto_model.config.vocab_size
        AutoModel.from_config(config).save_pretrained(folder / "raw")
    model[0].tokenizer.save_pretrained(folder / "raw")
    from sentence_transformers.sentence_transformer.modules import Transformer

    first = Transformer(str(folder / "raw"), max_seq_length=40)
    whole = SentenceTransformer(modules=[first, Pooling(32)], device="cpu", prompts=PROMPTS)
    whole.save_pretrained(str(folder / "model"), create_model_card=False)
    return folder / "model"


@pytest.mark.parametrize("name", [*CONFIGS, "dense", "static"])
def test_each_learns_and_keeps_prompts_modules_and_limits(
    name, small_dataset, tiny_bert, tiny_static, tmp_path
):
    """A prompt or module that is lost makes the tuned model worse in use than it measured."""
    from sentence_transformers import SentenceTransformer

    base = build(name, tiny_bert, tiny_static, tmp_path / "base")
    values = itertools.count(1)
    config = dataclasses.replace(CONFIG, epochs=1, questions_per_batch=14, learning_rate=1e-3)
    outcome = run(
        small_dataset,
        base,
        tmp_path / "run",
        config=config,
        evaluate=lambda *_: next(values) / 100,
        checkpoint_seconds=1e9,
    )
    assert outcome.best_step == outcome.steps == 2
    folders = base, tmp_path / "run" / "model"
    before, after = (SentenceTransformer(str(folder), device="cpu") for folder in folders)
    assert after.prompts == {**before.prompts, "document": before.prompts.get("passage", "")}
    assert after.default_prompt_name == before.default_prompt_name
    assert after.max_seq_length == before.max_seq_length
    assert after.similarity_fn_name == before.similarity_fn_name
    rows = [json.loads((folder / "modules.json").read_text()) for folder in folders]
    assert [m["type"] for m in rows[0]] == [m["type"] for m in rows[1]]
    for encode in ("encode_query", "encode_document"):
        old, new = (getattr(model, encode)(["my refund", "tax"]) for model in (before, after))
        assert new.shape == old.shape
        assert np.isfinite(new).all()
        assert np.abs(old - new).max() > 1e-4
