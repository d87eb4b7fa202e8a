"""The model that learns: its prompts, and adapters (LoRA) beside its weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from core.errors import TuningError
from core.experts import precision
from core.experts.encoders import load_encoder
from core.tuning.student import QUERY, add_adapters, encode, load_model, load_weights
from core.workspace.modelstore import ModelStore
from tests.tuning.tiny_runs import CONFIG, Killed, Recorder, run, same, weights

TEXT = ["my parcel"]


@pytest.fixture(autouse=True)
def full_precision(monkeypatch):
    """A machine may find bf16 quicker, whose vectors are close, not equal."""
    monkeypatch.setattr(precision, "computes_bf16", lambda: False)


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


LORA = dataclasses.replace(CONFIG, lora_rank=4, learning_rate=2e-2)


def test_adapters_learn_and_are_merged_into_a_plain_folder(small_dataset, tiny_bert, tmp_path):
    """A folder that needs peft, or lacks the learned part, would be no model for the user."""
    from safetensors.numpy import load_file
    from sentence_transformers import SentenceTransformer

    with pytest.raises(Killed):
        run(small_dataset, tiny_bert, tmp_path, Recorder(die_at=8), LORA)
    states = sorted((tmp_path / "checkpoints").glob("step-*"))
    saved = load_file(states[-1] / "model.safetensors")
    assert saved
    assert all("lora_" in name for name in saved)  # adapters only
    sizes = [sum(v.size for v in w.values()) for w in (saved, weights(tiny_bert))]
    assert sizes[0] < 0.4 * sizes[1]

    outcome = run(small_dataset, tiny_bert, tmp_path, config=LORA)
    assert outcome.best_score > outcome.base_score
    names = [{p.name for p in f.rglob("*") if p.is_file()} for f in (tmp_path / "model", tiny_bert)]
    assert names[0] == names[1]
    assert "peft" not in (tmp_path / "model" / "config.json").read_text()
    assert weights(tmp_path / "model").keys() == weights(tiny_bert).keys()
    plain = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    base = SentenceTransformer(str(tiny_bert), device="cpu")
    vectors = [model.encode_query(["my refund"]) for model in (plain, base)]
    assert not np.allclose(*vectors, atol=1e-3)

    straight = run(small_dataset, tiny_bert, tmp_path / "straight", config=LORA)
    assert straight.curve == outcome.curve
    assert same(tmp_path / "model", tmp_path / "straight" / "model")  # bit for bit


def test_the_merged_model_gives_the_vectors_of_model_and_adapters(
    small_dataset, tiny_bert, tmp_path
):
    kept = {}

    checks = iter(range(100))

    def better(question_rows, question_vectors, *_):
        kept["rows"], kept["vectors"] = question_rows, question_vectors.copy()
        return next(checks) / 100

    run(small_dataset, tiny_bert, tmp_path, config=LORA, evaluate=better)
    texts = [small_dataset.questions[row] for row in kept["rows"]]
    merged = encode(load_model(tmp_path / "model"), texts, QUERY)
    np.testing.assert_allclose(merged, kept["vectors"], atol=1e-5)


def test_models_without_layers_for_adapters_are_refused_before_anything_is_written(
    small_dataset, tiny_static, tmp_path
):
    with pytest.raises(TuningError, match=r"LoRA.* to 0"):
        run(small_dataset, tiny_static, tmp_path, config=LORA)
    assert not (tmp_path / "model").exists()


def test_a_state_of_another_rank_is_refused(tiny_bert):
    """Missing adapters would leave the random ones in place without a word."""
    one, other = load_model(tiny_bert), load_model(tiny_bert)
    add_adapters(one, 4, seed=0)
    learned = {n: p.detach() for n, p in one.named_parameters() if p.requires_grad}
    add_adapters(other, 4, seed=1)
    load_weights(other, learned)
    assert all((p == learned[n]).all() for n, p in other.named_parameters() if p.requires_grad)
    learned.popitem()
    with pytest.raises(TuningError, match="1 weights differ"):
        load_weights(other, learned)
