"""Tuning for questions only: the answers keep the vectors of an index, or of a larger model."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy.linalg import orthogonal_procrustes

from core.errors import ExportError, ModelUnavailableError
from core.experts.encoders import SentenceEncoder
from core.experts.folders import read_folder
from core.journey.delivery import convert
from core.tuning import learner as learner_module
from core.tuning.student import DOCUMENT, QUERY, encode, load_model, weights_of
from core.tuning.two_models import fit_rotation, write_two_models
from core.types import SilentReporter
from core.workspace.modelstore import ModelStore
from tests.tuning.tiny_runs import CONFIG, Killed, Recorder, ndcg, run, same, weights

PROMPTS = {QUERY: "query : ", DOCUMENT: "passage : "}
WIDTH = 48
SIDE = dataclasses.replace(CONFIG, answer_model="large", hard_negatives_per_question=0)
QUERY_SIDE = dataclasses.replace(CONFIG, query_side=True, max_length=8)


@pytest.fixture(scope="module")
def large(tiny_static, tmp_path_factory) -> Path:
    """A model with longer vectors than the one that learns."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    tokenizer = SentenceTransformer(str(tiny_static), device="cpu")[0].tokenizer
    table = np.random.default_rng(5).normal(size=(tokenizer.get_vocab_size(), WIDTH))
    model = SentenceTransformer(
        modules=[StaticEmbedding(tokenizer, table.astype(np.float32))], device="cpu"
    )
    folder = tmp_path_factory.mktemp("large") / "model"
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


@pytest.fixture(scope="module")
def both(tiny_bert, large, small_dataset, tmp_path_factory) -> Path:
    """Both models in one folder."""
    texts = list(small_dataset.answers)
    small, wide = (encode(load_model(folder), texts, DOCUMENT) for folder in (tiny_bert, large))
    folder = tmp_path_factory.mktemp("both") / "model"
    write_two_models(tiny_bert, large, fit_rotation(small, wide), PROMPTS, folder)
    return folder


def files(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    return {
        str(path.parent.name): load_file(path) for path in sorted(folder.rglob("*.safetensors"))
    }


@pytest.mark.parametrize(("d_small", "d_large"), [(6, 6), (4, 9), (9, 4)])
def test_the_rotation_is_the_best_that_keeps_angles(d_small, d_large):
    rng = np.random.default_rng(1)
    small, large = rng.normal(size=(40, d_small)), rng.normal(size=(40, d_large))
    found = fit_rotation(small, large).astype(np.float64)
    least = min(d_small, d_large)
    square = found @ found.T if d_small <= d_large else found.T @ found
    np.testing.assert_allclose(square, np.eye(least), atol=1e-6)
    if d_small == d_large:
        np.testing.assert_allclose(found, orthogonal_procrustes(small, large)[0], atol=1e-6)
    error = np.linalg.norm(small @ found - large)
    for seed in range(20):
        other = np.linalg.qr(np.random.default_rng(seed).normal(size=(max(d_small, d_large),) * 2))
        any_one = other[0][:d_small, :d_large]
        if d_small <= d_large:  # the same length for every text: errors can be compared
            assert error <= np.linalg.norm(small @ any_one - large) + 1e-6


def test_each_side_is_read_by_its_own_model(both, tiny_bert, large, small_dataset, tmp_path):
    texts = list(small_dataset.answers)
    model = load_model(both)
    np.testing.assert_allclose(
        encode(model, texts, DOCUMENT),
        encode(load_model(large, prompts=PROMPTS), texts, DOCUMENT),
        atol=1e-6,
    )
    questions = encode(model, texts, QUERY)
    alone = encode(load_model(tiny_bert), texts, QUERY)
    np.testing.assert_allclose(questions @ questions.T, alone @ alone.T, atol=1e-5)
    # The same through the encoder that scoring, comparing and searching use.
    encoder = SentenceEncoder(both, ModelStore(tmp_path), device="cpu")
    assert encoder.dimension == WIDTH
    np.testing.assert_allclose(encoder.encode(texts, QUERY), questions, atol=1e-5)
    np.testing.assert_allclose(
        encoder.encode(texts, DOCUMENT), encode(model, texts, DOCUMENT), atol=1e-5
    )


def test_only_what_reads_questions_learns(both, large, small_dataset, tmp_path, monkeypatch):
    in_steps = []
    real = learner_module.embed
    monkeypatch.setattr(
        learner_module, "embed", lambda m, t, task: in_steps.append(task) or real(m, t, task)
    )
    vectors = encode(load_model(large, prompts=PROMPTS), small_dataset.answers, DOCUMENT)
    outcome = run(
        small_dataset,
        both,
        tmp_path,
        config=dataclasses.replace(SIDE, epochs=6),
        answer_vectors=vectors,
    )
    assert set(in_steps) == {QUERY}
    assert outcome.best_step > 0 and outcome.best_score > outcome.base_score
    assert not outcome.query_side, "an index that is in use has to be made anew"
    before, after = files(both), files(outcome.model_folder)
    assert before.keys() == after.keys()
    for part, arrays in before.items():
        equal = all((arrays[name] == after[part][name]).all() for name in arrays)
        assert equal is part.startswith("document"), part
    assert read_folder(outcome.model_folder).prompts == PROMPTS


def test_a_saved_state_holds_what_learns_only_and_resumes(both, small_dataset, tmp_path):
    names = set(weights_of(load_model(both)))
    assert names and not any(".document." in name for name in names)
    straight = run(small_dataset, both, tmp_path / "straight", config=SIDE)
    with pytest.raises(Killed):
        run(small_dataset, both, tmp_path, Recorder(die_at=4), SIDE)
    resumed = run(small_dataset, both, tmp_path, config=SIDE)
    assert resumed.curve == straight.curve
    one, other = files(resumed.model_folder), files(straight.model_folder)
    assert all((one[part][n] == other[part][n]).all() for part in one for n in one[part])


def test_adapters_go_into_the_model_of_the_questions(both, small_dataset, tmp_path):
    config = dataclasses.replace(SIDE, lora_rank=2, epochs=4, learning_rate=2e-2)
    outcome = run(small_dataset, both, tmp_path, config=config)
    before, after = files(both), files(outcome.model_folder)
    assert before.keys() == after.keys()
    changed = {p for p in before if any((before[p][n] != after[p][n]).any() for n in before[p])}
    assert changed <= {"query_0_Transformer"}


def test_a_router_that_names_code_of_its_own_is_refused(both, tmp_path):
    import shutil

    folder = tmp_path / "evil"
    shutil.copytree(both, folder)
    read_folder(folder)
    routes = json.loads((folder / "router_config.json").read_text())
    for kind in ("os.system", "sentence_transformers.util.http_get"):
        named = {**routes, "types": {**routes["types"], "query_1_Pooling": kind}}
        (folder / "router_config.json").write_text(json.dumps(named))
        with pytest.raises(ModelUnavailableError, match="code of its own"):
            read_folder(folder)
    outside = {**routes, "types": {**routes["types"], "../../etc": routes["types"].popitem()[1]}}
    (folder / "router_config.json").write_text(json.dumps(outside))
    with pytest.raises(ModelUnavailableError, match="outside of its folder"):
        read_folder(folder)


def test_there_is_no_onnx_file_of_two_models(both, small_dataset, tmp_path):
    with pytest.raises(ExportError, match="two models"):
        convert(small_dataset, both, tmp_path, SilentReporter())


def test_answers_keep_the_base_vectors_in_steps_and_checks(
    small_dataset, tiny_bert, tmp_path, monkeypatch
):
    """Answers through the tuned model would promise a gain that the deployed index cannot give."""
    long = tuple(f"{answer} {'courier ' * 12}" for answer in small_dataset.answers)
    dataset = dataclasses.replace(small_dataset, answers=long)
    base = encode(load_model(tiny_bert), dataset.answers, DOCUMENT)  # uncut: longer than 8 tokens
    in_steps, in_checks = [], []
    real = learner_module.embed
    monkeypatch.setattr(
        learner_module, "embed", lambda m, t, task: in_steps.append(task) or real(m, t, task)
    )
    measure = ndcg(dataset)

    def evaluate(questions, vectors, answers, corpus):
        in_checks.append(np.abs(corpus - base[answers]).max())
        return measure(questions, vectors, answers, corpus)

    outcome = run(dataset, tiny_bert, tmp_path, config=QUERY_SIDE, evaluate=evaluate)
    assert set(in_steps) == {QUERY}
    assert len(in_checks) == 2 * len(outcome.curve)
    assert max(in_checks) < 1e-6
    assert outcome.query_side
    assert not same(outcome.model_folder, tiny_bert) or outcome.best_step == 0


def test_it_learns_with_the_answers_where_they_are(small_dataset, tiny_bert, tmp_path):
    report = Recorder()
    config = dataclasses.replace(QUERY_SIDE, epochs=6, max_length=16)
    run(small_dataset, tiny_bert, tmp_path, report, config, checkpoint_seconds=1e9)
    losses = [values["loss"] for values in report.metrics if "loss" in values]
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def test_a_killed_run_ends_as_an_uninterrupted_one(small_dataset, tiny_bert, tmp_path):
    """After a kill the answers are encoded anew: with the base, not with the half-tuned model."""
    straight = run(small_dataset, tiny_bert, tmp_path / "straight", config=QUERY_SIDE)
    for die_at in (2, 7):
        try:
            run(small_dataset, tiny_bert, tmp_path, Recorder(die_at=die_at), QUERY_SIDE)
        except Killed:
            continue
        raise AssertionError("it should have died")
    resumed = run(small_dataset, tiny_bert, tmp_path, config=QUERY_SIDE)
    assert resumed.curve == straight.curve
    assert same(resumed.model_folder, straight.model_folder)
    assert weights(resumed.model_folder).keys() == weights(tiny_bert).keys()
