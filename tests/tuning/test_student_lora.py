"""Adapters learn, resume exactly, and end up in a plain model folder."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.errors import TuningError
from core.tuning.student import QUERY, add_adapters, encode, load_model, load_weights
from tests.tuning.tiny_runs import CONFIG, Killed, Recorder, run, same, weights

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
