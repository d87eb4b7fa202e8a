"""From a finished journey to files: report, model card, model archive."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import zipfile
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import yaml
from openpyxl import load_workbook

from core.__main__ import _parser
from core.documents import to_json
from core.errors import AppError, TuningError, WorkspaceError
from core.hashing import document_id
from core.jobs.folder import RunFolder
from core.journey import command_inputs as inputs
from core.journey import model_delivery, reporting
from core.journey.diagnostics import Examination
from core.journey.report_command import repeat_command
from core.journey.report_content import in_force
from core.reporting.html_report import render
from core.reporting.model_export import archive_name, exported_files, write_archive
from core.reporting.workbook import decision_workbook
from core.tuning.config import TuningConfig
from core.tuning.presets import PRESETS
from core.types import Calibration, LabelRecipe, Override
from tests.reporting.finished_journey import BASE, EVIL, finished_journey


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    return finished_journey(tmp_path_factory.mktemp("journey"))


@pytest.fixture(scope="module")
def archive(journey):
    return model_delivery.write_model_zip(journey.project, journey.tune_run, journey.compare_run)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_report_is_written_and_recorded(journey, language):
    """The journey bar shows the Report step as done only if the record names the comparison."""
    path = reporting.write_report(journey.project, journey.compare_run, language, "ben")
    page = path.read_text("utf-8")
    assert EVIL not in page
    assert path.is_relative_to(journey.workspace.layout.exports)
    table = reporting.exported_workbook(journey.workspace, journey.compare_run, language)
    assert table.read_bytes().startswith(b"PK")
    kept = journey.workspace.records.get(journey.project.id, "report")
    assert kept["run_id"] == journey.compare_run
    last = journey.workspace.records.audit_trail(journey.project.id)[-1]
    assert (last["what"], last["who"]) == ("report made", "ben")


def test_report_input_holds_the_journey(journey):
    report = reporting.report_input(journey.project, journey.compare_run)
    assert report.words == ("better", "not shown")  # too few unseen answers in so small a file
    assert [o.value for o in report.labels.overrides] == [0.4]  # the withdrawn one is gone
    assert dict(report.hashes)["Labels"] == "0123456789abcdef"
    assert len(dict(report.hashes)["Uploaded file (sha256)"]) == 64
    assert [e.weight for e in report.experts] == [0.5, 0.5]
    assert {title for title, _ in report.absent} == {"gone", "TF-IDF"}
    assert all(m.change < 0 or m.lost for m in report.losses)
    assert all(m.change > 0 for m in report.wins) and len(report.wins) > 10
    assert [m.change for m in report.wins] == sorted((m.change for m in report.wins), reverse=True)
    json.dumps(report.configuration)
    assert report.command.startswith("python -m core run 'faq <b>.csv' --experts bm25,tfidf")
    assert "--recipe mean:0.3 --base wordllama" in report.command
    assert report.command.endswith("--preset balanced --overrides overrides.json --seed 0")


def test_worse_model_is_refused_in_the_report(tmp_path):
    journey = finished_journey(tmp_path, gain=-0.5, model=False)
    report = reporting.report_input(journey.project, journey.compare_run)
    assert "worse" in report.words and report.refusals
    assert report.lost > 0 and report.losses[0].lost
    assert any(movement.first_now for movement in report.losses)


def test_a_damaged_result_is_a_readable_error(tmp_path):
    journey = finished_journey(tmp_path, model=False)
    RunFolder(journey.workspace.run_folder(journey.compare_run)).result.write_text("{")
    with pytest.raises(WorkspaceError):
        reporting.report_input(journey.project, journey.compare_run)
    dataset = journey.workspace.load_dataset(journey.project.dataset_id)
    with pytest.raises(WorkspaceError):
        reporting.preview(journey.workspace, dataset, journey.compare_run)


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
    from dataclasses import replace

    from core.journey.report_facts import tuning_facts
    from core.reporting.model_card import CardInput, model_card

    result = RunFolder(journey.workspace.run_folder(journey.tune_run)).read_result()
    report = reporting.report_input(journey.project, journey.compare_run)
    facts = tuning_facts(TuningConfig(base_model="multilingual-e5-small-4bit"), result)
    card = model_card(CardInput.of(replace(report, tuning=facts)), "en")
    assert "4 bits" in card
    assert "base_model: intfloat/multilingual-e5-small" in card
    assert "- query: `query: `" in card and "- multilingual" in card


def test_archive_is_the_same_every_time(journey, archive):
    """Same model, same bytes: a checksum of the archive can be kept beside it."""
    first = archive.read_bytes()
    for path in exported_files(RunFolder(journey.workspace.run_folder(journey.tune_run)).model):
        os.utime(path, (1, 1))
    again = model_delivery.write_model_zip(journey.project, journey.tune_run, journey.compare_run)
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
    path = model_delivery.write_model_zip(journey.project, journey.tune_run)
    assert "This model was not compared with its base model." in card_of(path)
    assert "model-index" not in card_of(path)


def test_a_run_without_a_model_says_so(tmp_path):
    journey = finished_journey(tmp_path, model=False)
    RunFolder(journey.workspace.run_folder(journey.tune_run)).model.rmdir()
    with pytest.raises(TuningError, match="no model folder"):
        model_delivery.write_model_zip(journey.project, journey.tune_run)


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


def test_only_the_newest_override_of_a_pair_counts():
    def override(value, at, question="q"):
        return Override(question, "a", value, "w", "r", at)

    found = in_force(
        [override(0.9, "3"), override(0.1, "1"), override(None, "5", "p"), override(1.0, "4", "p")]
    )
    assert [(o.question, o.value) for o in found] == [("q", 0.9)]


RECIPES = (
    LabelRecipe(("bm25", "tfidf"), rule="median", blend=0.25),
    LabelRecipe(("bm25",), blend=1 / 3),  # no short number
    LabelRecipe(("bm25",), calibrations={"bm25": Calibration("rank")}, recentre=("category",)),
    LabelRecipe((), rule="hard"),
)
SETTINGS = (
    PRESETS["thorough"].config(base_model="m", seed=3),
    PRESETS["quick"].config(base_model="m", seed=0),
    TuningConfig(base_model="m", epochs=17, learning_rate=3.3e-5),
)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("config", SETTINGS)
def test_the_command_repeats_every_setting(recipe, config, tmp_path, monkeypatch):
    """A report whose command does something else than what was done is worse than none."""
    changed = (Override("q", "a", 0.4, "ann", 'because "=1+1"\ud83d', "2026-01-01"),)
    imported = {"file": "my faq.csv"}
    found = repeat_command(imported, recipe, config, overrides=changed, split_seed=3)
    monkeypatch.chdir(tmp_path)
    for name, text in found.files.items():
        Path(name).write_text(text, "utf-8")
    options = _parser().parse_args(shlex.split(found.command)[3:])
    assert (str(options.file), options.seed, found.notes) == ("my faq.csv", 3, ())
    experts = (options.experts or "unasked").split(",")
    again = inputs.parse_recipe(options.recipe, experts)
    assert document_id(to_json(again)) == document_id(to_json(recipe))
    settings = inputs.read_settings(options.config) if options.config else None
    chosen = inputs.chosen_settings(None, settings, options.preset, options.base, options.seed)
    assert document_id(to_json(chosen)) == document_id(to_json(config))
    (one,) = inputs.read_overrides(options.overrides)
    assert one == changed[0]


def test_what_a_word_can_say_needs_no_file():
    found = repeat_command({"file": "f.csv"}, RECIPES[0], SETTINGS[0], split_seed=3)
    assert found.files == {}
    assert found.command.endswith(
        "f.csv --experts bm25,tfidf --recipe median:0.25 --base m --preset thorough --seed 3"
    )
    by_hand = repeat_command(
        {"file": "f.csv", "mapped_by_hand": True}, RECIPES[0], SETTINGS[0], split_seed=3
    )
    assert "chosen by hand" in str(by_hand.notes[0])


def test_the_report_holds_the_files_of_its_command(journey):
    """Who gets the report by mail has nothing but the report."""
    report = reporting.report_input(journey.project, journey.compare_run)
    assert list(report.command_files) == ["overrides.json"]
    page = render(report, "en")
    ((name, address),) = re.findall(r'download="([^"]+)" href="data:[^,]+,([^"]+)"', page)
    assert name == "overrides.json" and unquote(address) == report.command_files[name]
    table = io.BytesIO(decision_workbook(report, "en"))
    cells = [c.value for row in load_workbook(table)["Configuration"] for c in row]
    assert report.command_files[name].strip() in [str(cell).strip() for cell in cells]


@pytest.mark.parametrize("content", ["[]", "{}", '{"overrides": [1]}', '{"overrides": [{}]}', "{"])
def test_a_wrong_file_of_labels_is_a_readable_error(tmp_path, content):
    file = tmp_path / "overrides.json"
    file.write_text(content)
    with pytest.raises(AppError):
        inputs.read_overrides(file)


def test_headless_report_lies_beside_the_model(journey):
    workspace = journey.workspace
    folder = RunFolder(workspace.run_folder(journey.tune_run))
    dataset = workspace.load_dataset(journey.project.dataset_id)
    scored = RunFolder(workspace.run_folder("score-20261123-120000-abcd")).read_result()
    path = reporting.write_headless_report(
        workspace,
        name="faq",
        dataset=dataset,
        import_report=workspace.load_import_report(dataset.id),
        scored=scored,
        folder=folder,
        comparison=reporting.load_comparison(workspace, journey.compare_run),
        language="en",
        split_seed=0,
        examined=Examination(),
    )
    assert path.parent == folder.root and path.with_suffix(".xlsx").is_file()
    assert "Better in one test" in path.read_text("utf-8")
