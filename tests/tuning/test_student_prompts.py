"""One prompt per role, in scoring, tuning, the saved model and plain sentence-transformers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from core.experts import precision
from core.experts.encoders import load_encoder
from core.tuning.student import encode, load_model
from core.workspace.modelstore import ModelStore
from tests.tuning.tiny_runs import CONFIG, run

TEXT = ["my parcel"]


@pytest.fixture(autouse=True)
def full_precision(monkeypatch):
    """A machine may find bf16 quicker, whose vectors are close, not equal."""
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: False)


@pytest.fixture
def odd(tiny_bert, tmp_path) -> Path:
    """A model whose answers have the prompt "passage" only, and that has a default prompt."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(tiny_bert), device="cpu")
    model.prompts = {"passage": "passage : ", "other": "help help "}
    model.default_prompt_name = "other"
    model.save_pretrained(str(tmp_path / "odd"), create_model_card=False)
    return tmp_path / "odd"


def test_scoring_and_tuning_read_the_same_text(odd, tmp_path):
    """Measured with a prompt and tuned without one, a model looks worse than it is."""
    encoder = load_encoder(odd, ModelStore(tmp_path / "store"), "cpu")
    model = load_model(odd)
    bare = model.encode(TEXT, prompt="", normalize_embeddings=True)
    for role, told in (("query", ""), ("document", "passage : ")):
        wanted = model.encode(TEXT, prompt=told, normalize_embeddings=True)
        np.testing.assert_allclose(encoder.encode(TEXT, role), wanted, atol=1e-5)
        np.testing.assert_allclose(encode(model, TEXT, role), wanted, atol=1e-5)
        assert np.allclose(wanted, bare, atol=1e-3) == (role == "query")


@pytest.mark.parametrize("given", [None, {"query": "query : ", "document": "please "}])
def test_the_tuned_model_carries_its_prompts(odd, small_dataset, tmp_path, given):
    """encode_document of plain sentence-transformers must read what tuning and scoring read."""
    from sentence_transformers import SentenceTransformer

    config = dataclasses.replace(CONFIG, epochs=1, questions_per_batch=14)
    values = iter(np.linspace(0.1, 0.9, 50))
    run(
        small_dataset, odd, tmp_path / "run", config=config, prompts=given,
        evaluate=lambda *_: float(next(values)), checkpoint_seconds=1e9,
    )  # fmt: skip
    folder = tmp_path / "run" / "model"
    plain = SentenceTransformer(str(folder), device="cpu")
    said = given or {"query": "", "document": "passage : "}
    assert {role: plain.prompts[role] for role in said} == said
    encoder = load_encoder(folder, ModelStore(tmp_path / "store"), "cpu")
    assert [encoder.prompt(role) for role in said] == list(said.values())
    for role, method in (("query", plain.encode_query), ("document", plain.encode_document)):
        theirs = method(TEXT, normalize_embeddings=True)
        np.testing.assert_allclose(encoder.encode(TEXT, role), theirs, atol=1e-5)
