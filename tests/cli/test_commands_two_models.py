"""A run whose answers are read by a larger model, from the command line to the model folder."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.cli.options import main
from core.journey.delivery import delivery
from core.journey.jobs import jobs_of
from core.journey.tune import models_for_answers, tuning_runs
from core.tuning.presets import PRESETS, to_document

LARGE = "wordllama-l2-supercat-256"


@pytest.fixture
def settings(tmp_path, tiny_bert):
    """A file of settings that asks for two models."""
    config = PRESETS["quick"].config(base_model=f"local:{tiny_bert}", answer_model=LARGE, epochs=3)
    path = tmp_path / "settings.json"
    path.write_bytes(to_document(config))
    return path


def test_a_larger_model_reads_the_answers(faq, workspace, settings, tiny_bert, tmp_path, capsys):
    from core.experts.catalogue import find_entry
    from core.experts.encoders import load_encoder

    base, out = f"local:{tiny_bert}", tmp_path / "out"
    words = ["run", str(faq), "--config", str(settings), "--experts", f"{base},{LARGE},bm25"]
    assert main([*words, "--verdict", "split", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    project = next(p for p in workspace.projects())
    (run,) = tuning_runs(project)
    assert run.answer_model == LARGE and run.mixed_share == 0.0
    assert models_for_answers(project, base) == [LARGE]
    assert models_for_answers(project, LARGE) == []
    folder = workspace.run_folder(run.job.id)
    assert not (folder / "start").exists(), "what was made to begin with is gone"

    dataset = project.load_dataset()
    tuned = load_encoder(folder / "model", workspace.models, "cpu")
    large = load_encoder(find_entry(LARGE), workspace.models, "cpu")
    answers = list(dataset.answers)
    np.testing.assert_allclose(
        tuned.encode(answers, "document"), large.encode(answers, "document"), atol=1e-5
    )
    (compared,) = (job.id for job in jobs_of(project) if job.kind == "compare")
    card = delivery(project, run.job.id, compared, "en").card
    assert "only the model that reads questions was tuned" in card
    assert told["model"]


@pytest.mark.parametrize("wrong", ["bm25", "nobody", "self"])
def test_a_model_that_cannot_read_answers_is_refused(
    faq, workspace, settings, tiny_bert, wrong, capsys
):
    base = f"local:{tiny_bert}"
    document = json.loads(settings.read_text())
    document["settings"]["answer_model"] = base if wrong == "self" else wrong
    settings.write_text(json.dumps(document))
    words = ["tune", str(faq), "--config", str(settings), "--experts", f"{base},{LARGE}"]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "cannot read" in said
