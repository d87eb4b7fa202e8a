"""From a finished journey to what others get: the model archive with its card."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from core.errors import TuningError
from core.jobs.folder import RunFolder
from core.journey import delivery, report
from core.reporting.model_card import model_card
from core.reporting.model_export import archive_name, exported_files, write_archive
from tests.reporting.finished_journey import BASE, EVIL, finished_journey


@pytest.fixture(scope="module")
def archive(journey):
    return delivery.write_model_zip(journey.project, journey.tune_run, journey.compare_run)


def card_of(path: Path) -> str:
    with zipfile.ZipFile(path) as file:
        return file.read(f"{BASE}-tuned/README.md").decode()


def test_model_card_is_valid_metadata_without_texts_of_the_user(archive, journey):
    """The hub refuses a card whose front matter is not YAML; a card is public, texts are not."""
    card = card_of(archive)
    _, front, text = card.split("---\n", 2)
    metadata = yaml.safe_load(front)
    assert metadata["library_name"] == "sentence-transformers"
    assert metadata["license"] == "mit"
    metrics = metadata["model-index"][0]["results"][0]["metrics"]
    low, high = metrics[0]["args"]["interval_95"]
    assert metrics[0]["type"] == "ndcg@10" and low <= metrics[0]["value"] <= high
    assert "Better: +" in text and "licence MIT" in text
    dataset = journey.workspace.load_dataset(journey.project.dataset_id)
    private = (EVIL, "Pilot", "ann", "faq", *dataset.questions, *dataset.answers)
    assert not [secret for secret in private if secret in card]


def test_model_card_satisfies_the_hub_library(archive):
    from huggingface_hub import ModelCard

    data = ModelCard(card_of(archive)).data
    assert data.eval_results and len(data.eval_results) == 10


def test_card_of_a_rounded_model_names_its_origin(journey):
    content = report.content_of(journey.project, journey.compare_run)
    base = report.origin_of("multilingual-e5-small-4bit")
    card = model_card(replace(content, tuning=replace(content.tuning, base=base)), "en")
    assert "4 bits" in card
    assert "base_model: intfloat/multilingual-e5-small" in card
    assert "- query: `query: `" in card and "- multilingual" in card


def test_archive_is_the_same_every_time(journey, archive):
    """Same model, same bytes: a checksum of the archive can be kept beside it."""
    first = archive.read_bytes()
    for path in exported_files(RunFolder(journey.workspace.run_folder(journey.tune_run)).model):
        os.utime(path, (1, 1))
    again = delivery.write_model_zip(journey.project, journey.tune_run, journey.compare_run)
    assert again == archive and again.read_bytes() == first
    assert [p.name for p in archive.parent.iterdir() if p.name.startswith(".")] == []


def test_archive_loads_without_this_app_and_gives_the_same_vectors(journey, archive, tmp_path):
    """What a customer downloads must be the model that was measured."""
    from sentence_transformers import SentenceTransformer

    with zipfile.ZipFile(archive) as file:
        assert all(
            Path(n).suffix in {".json", ".safetensors", ".txt", ".md"} for n in file.namelist()
        )
        file.extractall(tmp_path)
    model = RunFolder(journey.workspace.run_folder(journey.tune_run)).model
    texts = ["where is my parcel", "All about tent"]
    loaded = SentenceTransformer(str(tmp_path / f"{BASE}-tuned"), device="cpu")
    original = SentenceTransformer(str(model), device="cpu")
    assert loaded.prompts["query"] == "query: "
    for encode in ("encode_query", "encode_document"):
        ours, theirs = getattr(loaded, encode)(texts), getattr(original, encode)(texts)
        np.testing.assert_array_equal(ours, theirs)
        assert np.abs(ours).sum() > 0


def test_the_usage_snippet_of_the_card_runs(archive, tmp_path, monkeypatch, capsys):
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path)
    monkeypatch.chdir(tmp_path)
    snippet = card_of(archive).split("```python\n")[1].split("```")[0]
    exec(compile(snippet, "card", "exec"), {})
    assert "tensor([[" in capsys.readouterr().out


def test_a_model_that_was_never_compared_has_a_card_without_figures(journey):
    path = delivery.write_model_zip(journey.project, journey.tune_run)
    assert "This model was not compared with its base model." in card_of(path)
    assert "model-index" not in card_of(path)


def test_a_run_without_a_model_says_so(tmp_path):
    journey = finished_journey(tmp_path, model=False)
    RunFolder(journey.workspace.run_folder(journey.tune_run)).model.rmdir()
    with pytest.raises(TuningError, match="no model folder"):
        delivery.write_model_zip(journey.project, journey.tune_run)


def test_archive_takes_no_links_and_no_code(tmp_path):
    """A link in the model folder would carry any file of the server into the download."""
    model = tmp_path / "model"
    (model / "1_Pooling").mkdir(parents=True)
    (model / "1_Pooling" / "config.json").write_text("{}")
    (model / "modeling.py").write_text("import os")
    (model / "pytorch_model.bin").write_bytes(b"pickle")
    (model / "secret.txt").symlink_to("/etc/hostname")
    target = io.BytesIO()
    write_archive(target, model, "card", name="../../etc/passwd")
    assert zipfile.ZipFile(target).namelist() == [
        "passwd-tuned/README.md",
        "passwd-tuned/1_Pooling/config.json",
    ]
    assert archive_name("local:/home/x/mein modell") == "mein-modell-tuned"
