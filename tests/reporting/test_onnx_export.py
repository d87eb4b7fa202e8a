"""The ONNX file is the model: the same vectors, measured, or it is not handed over."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.errors import ExportError, Stopped
from core.experts import onnx_graph
from core.experts.encoding import encode_with, load_model
from core.jobs.folder import RunFolder, append_event, create_run
from core.journey import delivery
from core.journey.delivery import convert, finished_export, launch_export
from core.journey.jobs import EXPORT, KINDS
from core.reporting import onnx_export
from core.reporting.onnx_export import (
    FILE,
    checked_rows,
    measure_fidelity,
    onnx_encoder,
    token_rules,
    write_onnx,
)
from core.reporting.snippets import render_snippet
from core.types import TEST_KNOWN, TEST_UNSEEN, SilentReporter
from core.types.exporting import MOST_DISTANCE
from core.workspace.files import write_json
from core.workspace.records import RunRecord, now
from tests.reporting.finished_journey import BASE
from tests.tuning.conftest import small_dataset, tiny_bert  # noqa: F401  (fixtures)


@pytest.fixture(scope="module")
def exported(journey):
    """A word-vector model through the job's own steps, recorded as a worker records it."""
    workspace, run_id = journey.workspace, "export-20261123-130000-abcd"
    config = {"dataset_id": journey.project.dataset_id, "tune_run": journey.tune_run}
    request = {
        "kind": EXPORT, "project_id": journey.project.id, "config": config, "who": "ann",
        "created_at": now(),
    }  # fmt: skip
    folder = create_run(workspace.run_folder(run_id), request)
    for event in ("launched", "started", "finished"):
        append_event(folder, event)
    write_json(folder.result, KINDS[EXPORT].do(folder, request, SilentReporter()))
    workspace.records.add_run(RunRecord(run_id, journey.project.id, EXPORT, now()))
    return finished_export(journey.project, journey.tune_run)


def test_a_transformer_gives_the_same_vectors(tiny_bert, small_dataset, tmp_path):  # noqa: F811
    """Another pooling, a lost attention mask or another cut of long texts would change results."""
    model = load_model(tiny_bert, "cpu")
    write_onnx(model, tmp_path / FILE)
    onnx_export.save_tokenizer(model, tmp_path / "tokenizer.json")
    rules = token_rules(model)
    assert (rules.max_length, rules.special) == (40, True)
    encode = onnx_encoder(tmp_path, rules)
    texts = ["refund", "where my parcel please help", "money " * 90, "courier login tax"]
    ours, theirs = encode(texts, "query : "), encode_with(model, texts, "query : ")
    assert (1 - (ours * theirs).sum(1)).max() < 1e-5
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    alone = np.concatenate([encode([text], "query : ") for text in texts])
    np.testing.assert_allclose(alone, ours, atol=1e-5)  # padding of a batch changes nothing
    found = measure_fidelity(
        small_dataset,
        lambda batch, prompt: encode_with(model, batch, prompt),
        encode,
        ("query : ", "passage : "),
        seed=0,
    )
    assert found.passed and found.distance < 1e-5 and abs(found.change) < 1e-9
    assert found.questions == 12 and found.texts == 20


def test_word_vectors_give_the_same_vectors_and_the_figures_are_kept(exported):
    assert exported.usable and exported.result.fidelity.distance < 1e-5
    kept = json.loads((exported.folder / "fidelity.json").read_text())
    assert kept["passed"] and kept["questions"] == exported.result.fidelity.questions > 0
    facts = json.loads((exported.folder / "config.json").read_text())
    assert facts["query_prompt"] == "query: " and facts["special"] is False
    assert "Checked" in str(exported.result.fidelity.message())


def test_the_check_never_looks_at_test_questions(journey):
    dataset = journey.workspace.load_dataset(journey.project.dataset_id)
    rows, columns = checked_rows(dataset, seed=0)
    assert len(rows) and not np.isin(rows, dataset.rows(TEST_KNOWN, TEST_UNSEEN)).any()
    right = dataset.right_answer[np.isin(dataset.right_question, rows)]
    assert np.isin(right, columns).all()


def test_a_file_that_differs_is_refused_and_deleted(journey, exported, tmp_path, monkeypatch):
    """A conversion that silently changes results must not reach anybody's search."""
    converted = (exported.folder / FILE).read_bytes()
    monkeypatch.setattr(
        onnx_export, "write_onnx", lambda model, place: place.write_bytes(converted)
    )
    honest = onnx_export.onnx_encoder

    def damaged(folder, rules):
        encode, rng = honest(folder, rules), np.random.default_rng(0)

        def noisy(texts, prompt):
            vectors = encode(texts, prompt)
            vectors = vectors + rng.normal(size=vectors.shape).astype(np.float32)
            return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

        return noisy

    monkeypatch.setattr(onnx_export, "onnx_encoder", damaged)
    model = RunFolder(journey.workspace.run_folder(journey.tune_run)).model
    warned = []

    class Listening(SilentReporter):
        def warning(self, message):
            warned.append(str(message))

    fidelity, _, _ = convert(journey.project.load_dataset(), model, tmp_path, Listening())
    assert fidelity.distance > MOST_DISTANCE
    assert not (tmp_path / FILE).exists()
    assert warned and warned[0].startswith("Refused")


def test_archive_holds_the_checked_file_and_the_card_says_so(journey, exported):
    path = delivery.write_model_zip(journey.project, journey.tune_run, journey.compare_run)
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        card = archive.read(f"{BASE}-tuned/README.md").decode()
    inside = {"sentence_embedding.onnx", "tokenizer.json", "config.json", "fidelity.json"}
    assert {f"{BASE}-tuned/onnx/{name}" for name in inside} <= names
    assert "Checked: the largest distance" in card and "- onnx" in card
    folder = delivery.exported_folder(journey.workspace, journey.compare_run, BASE)
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert {f"{BASE}-tuned/{file}" for file in files} == names


def test_a_refused_export_stays_out_of_the_archive(journey, exported):
    from dataclasses import replace

    differs = replace(exported.result.fidelity, distance=0.5)
    assert not replace(exported, result=replace(exported.result, fidelity=differs)).usable


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_snippet_for_onnx_runtime_finds_what_the_model_finds(
    journey, exported, monkeypatch, capsys, language
):
    """The code on the page is what people copy: it must give the model's own scores."""
    delivery.write_model_zip(journey.project, journey.tune_run, journey.compare_run)
    folder = delivery.exported_folder(journey.workspace, journey.compare_run, BASE)
    monkeypatch.chdir(folder.parent)
    tuned = RunFolder(journey.workspace.run_folder(journey.tune_run)).model
    facts = delivery.model_facts(tuned, BASE, exported)
    assert (facts.dimension, facts.query_prompt) == (8, "query: ")
    printed = []
    for key in ("onnxruntime", "sentence_transformers"):
        exec(compile(render_snippet(key, facts, language), key, "exec"), {})
        text, score = capsys.readouterr().out.strip().rsplit(" ", 1)
        printed.append((text, pytest.approx(float(score), abs=1e-4)))
    assert printed[0] == printed[1]


def test_stop_is_obeyed_before_the_next_part(journey, tmp_path):
    """A button "Stop" that does nothing is worse than none."""

    class Stopping(SilentReporter):
        def should_stop(self):
            return True

    model = RunFolder(journey.workspace.run_folder(journey.tune_run)).model
    with pytest.raises(Stopped):
        convert(journey.project.load_dataset(), model, tmp_path, Stopping())
    assert not list(tmp_path.iterdir())


def test_missing_packages_are_named_before_anything_starts(journey, monkeypatch):
    monkeypatch.setattr(onnx_graph, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match="pip install onnx onnxscript onnxruntime"):
        launch_export(journey.project, journey.tune_run, "ann")
    assert not KINDS[EXPORT].queued


def test_layers_that_cannot_be_converted_give_a_readable_error(tmp_path):
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models

    class Odd(torch.nn.Module):
        def forward(self, features):
            if features["sentence_embedding"].sum().item() > 0:  # depends on values: no graph
                raise RuntimeError("odd")
            return features

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1}, "[UNK]"))
    table = np.ones((16, 4), np.float32)
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, table), Odd()], device="cpu")
    with pytest.raises(ExportError, match="cannot be converted to ONNX"):
        write_onnx(model, tmp_path / FILE)
    assert not (tmp_path / FILE).exists()


def test_a_model_beyond_the_format_is_refused(tmp_path, monkeypatch, tiny_bert):  # noqa: F811
    monkeypatch.setattr(onnx_graph, "MOST_BYTES", 1000)
    with pytest.raises(ExportError, match="at most"):
        write_onnx(load_model(Path(tiny_bert), "cpu"), tmp_path / FILE)
