"""``python -m core tune``: the worker's step, from a terminal, on a file and on a project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli.options import main
from core.jobs import launch
from core.jobs.folder import RunFolder, append_event
from core.jobs.state import FINISHED
from core.journey import data, experts, labels, steps
from core.journey.tune import tuning_runs
from core.tuning.presets import to_document
from core.types.tuning_config import TuningConfig


@pytest.fixture
def settings(tmp_path, tiny_bert) -> Path:
    path = tmp_path / "settings.json"
    config = TuningConfig(
        base_model=f"local:{tiny_bert}", epochs=1, questions_per_batch=8, max_length=16
    )
    path.write_bytes(to_document(config))
    return path


def test_file_is_tuned_with_the_settings_given(faq, settings, workspace, capsys):
    done = main(["tune", str(faq), "--config", str(settings), "--experts", "bm25", "--json"])
    out = capsys.readouterr()
    assert done == 0, out.err
    result = json.loads(out.out.splitlines()[-1])
    folder = RunFolder(Path(result["run"]))
    assert folder.root.parent == workspace.layout.runs
    assert (folder.model / "modules.json").is_file() and str(folder.model) in out.out
    seen = launch.follow(folder)
    assert seen.state == FINISHED and seen.config["tuning"]["questions_per_batch"] == 8
    memory = [values["memory_mb"] for values in seen.metrics if "memory_mb" in values]
    assert memory and all(value > 50 for value in memory)  # torch alone takes more
    assert all(values["labels_per_s"] > 0 for values in seen.metrics if "loss" in values)


def test_run_on_a_project_is_on_its_page(faq, settings, workspace, capsys, monkeypatch):
    def here(folder: RunFolder, _environment: object = None) -> None:
        append_event(folder, "launched")
        assert steps.work(folder.root) == 0

    monkeypatch.setattr(launch, "_start", here)
    project = workspace.create_project("Pilot", "me")
    data.import_file(project, faq.read_bytes(), "faq.csv", who="me")
    project = workspace.project(project.id)
    assert main(["tune", "--project", "Pilot", "--config", str(settings)]) == 1
    assert "Save one on the Labels page first" in capsys.readouterr().err
    experts.launch_scoring(project, ["bm25"], "me")
    labels.save_recipe(project, "First", labels.default_recipe(["bm25"]), "me")
    assert main(["tune", "--project", "Pilot", "--config", str(settings)]) == 0
    (run,) = tuning_runs(project)
    assert run.job.state == FINISHED and run.has_model and run.recipe == "First"
    assert main(["tune", "--project", "Pilot", "--recipe", "Other"]) == 1
    assert "has no recipe Other. Recipes: First." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name either a data file or a project"),
        (["faq.csv", "--project", "x"], "Name either a data file or a project"),
        (["--project", "Nobody"], "There is no project Nobody"),
        (["no-such-file.csv"], "cannot be read"),
        (["{faq}", "--config", "no-such-settings.json"], "The settings no-such-settings.json"),
        (["{faq}", "--config", "{faq}"], "not JSON"),
        (["{faq}", "--preset", "best"], "There is no preset best"),
    ],
)
def test_wrong_use_is_said_in_one_line(faq, workspace, capsys, arguments, said):
    assert main(["tune", *(argument.format(faq=faq) for argument in arguments)]) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert said in told[-1]
    assert not list(workspace.layout.runs.iterdir())
