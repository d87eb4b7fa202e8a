"""The champion's deployment sheet, costs and smaller forms, through the steps of the journey."""

from __future__ import annotations

import subprocess
import sys
from zipfile import ZipFile

import pytest

from core.errors import ExportError
from core.journey.compare import load_comparison
from core.journey.pilot import rollout, versions
from core.journey.steps import in_this_process
from core.reporting.snippets import ANSWERS
from core.types.exporting import DISTILLED, INT8
from tests.reporting.finished_journey import BASE, finished_journey

HERE = in_this_process(lambda _: None, lambda report: report, lambda _: None)


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return finished_journey(tmp_path / "workspace")


def take_into_use(made) -> None:
    comparison = load_comparison(made.workspace, made.compare_run)
    versions.promote(made.project, comparison, "ann", reason="we tried it on ten questions")


def test_without_a_tuned_model_in_use_there_is_no_sheet(made):
    assert rollout.champion_to_deploy(made.project) is None
    with pytest.raises(ExportError, match="No tuned model is in use"):
        rollout.deployment_of(made.project, "en")


def test_the_sheet_is_that_of_the_champion_and_says_what_was_not_measured(made):
    take_into_use(made)
    facts = rollout.deployment_of(made.project, "en")
    assert facts.version == 2 and facts.index.endswith("_v2") and facts.facts.dimension == 8
    assert facts.facts.query_prompt == "query: " and facts.pooling == ""
    assert facts.answers == 24 and facts.costs is None and facts.reindex_seconds is None
    assert len(facts.verdict) >= 2 and facts.forms == ()
    sheet = rollout.deployment_sheet(facts, "ja")
    assert "8" in sheet and facts.index in sheet
    assert "<script" not in rollout.deployment_body(sheet)


def test_prices_are_kept_and_damaged_ones_are_the_usual_ones(made):
    prices = rollout.RunningPrices(2.5, 3_000, currency="CHF")
    assert rollout.prices_of(made.project) == rollout.RunningPrices()
    rollout.keep_prices(made.project, prices, "ann")
    assert rollout.prices_of(made.project) == prices
    made.workspace.records.set(made.project.id, "running_prices", {"machine_hour": "much"})
    assert rollout.prices_of(made.project) == rollout.RunningPrices()


def test_each_smaller_form_is_measured_beside_the_model_or_says_why_not(made, tmp_path):
    project = made.project
    assert rollout.smaller_job(project, made.tune_run) is None
    rollout.launch_smaller(project, made.tune_run, "ann", start=HERE)
    forms = {form.key: form for form in rollout.small_forms(project, made.tune_run)}
    whole = forms[INT8]
    assert whole.failure is None, str(whole.failure)
    assert whole.questions == len(project.load_dataset().held_out_rows)
    assert whole.low <= whole.after - whole.before <= whole.high and whole.megabytes > 0
    assert f"{whole.after:.3f}" in str(whole.message())
    assert (rollout.form_folder(project, made.tune_run, INT8) / "tokenizer.json").is_file()
    assert "word vectors already" in str(forms[DISTILLED].message())
    assert rollout.form_folder(project, made.tune_run, DISTILLED) is None
    with pytest.raises(ExportError, match="is gone"):
        rollout.write_form_zip(project, made.tune_run, forms[DISTILLED], "en")
    packed = rollout.write_form_zip(project, made.tune_run, whole, "en")
    assert packed == rollout.form_archive(project, made.tune_run, INT8, "en")
    with ZipFile(packed) as archive:
        archive.extractall(tmp_path / "unpacked")
    (card,) = (tmp_path / "unpacked").glob("*/README.md")
    said = card.read_text("utf-8")
    assert f"{whole.after:.3f}" in said
    program = said.partition("```python\n")[2].partition("```")[0]
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path / "unpacked",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert any(answer in done.stdout for answer in ANSWERS["en"])
    with pytest.raises(ExportError, match="is gone"):
        rollout.launch_smaller(project, "tune-never", "ann", start=HERE)
    assert BASE  # the tuned model of this journey is one of word vectors, as its base is
