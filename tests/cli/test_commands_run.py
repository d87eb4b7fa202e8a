"""``python -m core run``: what it makes is a project of the app, on every one of its pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli.options import main
from core.errors import Stopped
from core.journey import projects, tune as tuning
from core.journey.jobs import jobs_of
from core.workspace.workspace import Workspace
from tests.pages.conftest import app as app

WORDLLAMA = "wordllama-l2-supercat-256"
QUICK = ["--base", WORDLLAMA, "--preset", "quick", "--experts", f"{WORDLLAMA},bm25"]


def the_project(workspace: Workspace, name: str = "faq") -> projects.Project:
    return next(project for project in workspace.projects() if project.name == name)


def test_the_journey_is_in_the_app(faq, workspace, app):
    assert main(["run", str(faq), *QUICK, "--language", "ja", "--recipe", "mean:0.3"]) == 0
    project = the_project(workspace)
    assert all(stop.state == projects.DONE for stop in projects.journey_status(project))
    assert [job.kind for job in jobs_of(project)] == ["compare", "tune", "score"]
    assert project.state.report.language == "ja"
    for page in ("home", "data", "experts", "labels", "tune", "compare", "report"):
        at = app(workspace.layout.root, page, project.id)
        assert not at.exception and not [error.value for error in at.error], page


def test_a_second_run_of_a_file_is_a_project_of_its_own(faq, workspace, monkeypatch):
    def stop(*_told):
        raise Stopped

    monkeypatch.setattr(tuning, "tune_step", stop)
    for _ in range(2):
        assert main(["run", str(faq), *QUICK]) == 2
    assert {project.name for project in workspace.projects()} == {"faq", "faq 2"}


def test_the_workspace_can_be_named(faq, workspace, tmp_path):
    other = tmp_path / "other"
    words = ["tune", str(faq), *QUICK, "--workspace", str(other)]
    assert main(words) == 0
    assert workspace.projects() == [] and the_project(Workspace.open(other)).dataset_id


def test_out_gets_a_copy_of_report_and_model(faq, workspace, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["run", str(faq), *QUICK, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    page, model = Path(told["report"]), Path(told["model"])
    assert page.is_relative_to(out) and page.with_suffix(".xlsx").is_file()
    assert (model / "modules.json").is_file() and model.parent == page.parent


@pytest.mark.parametrize("wrong", [["--experts", "nobody"], ["--recipe", "odd"], ["--preset", "x"]])
def test_wrong_words_make_no_project(faq, workspace, wrong, capsys):
    assert main(["run", str(faq), *QUICK, *wrong]) == 1
    assert workspace.projects() == [] and wrong[1] in capsys.readouterr().err


def test_a_failed_step_ends_the_run_with_its_reason_and_can_be_resumed(
    faq, workspace, monkeypatch, capsys
):
    """The app shows the failed job with Resume, as any other."""

    def fail(*_told):
        raise MemoryError

    monkeypatch.setattr(tuning, "tune_step", fail)
    assert main(["run", str(faq), *QUICK]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("There was not enough memory.")
    (job, _) = jobs_of(the_project(workspace))
    assert (job.kind, job.state) == ("tune", "failed")


def test_an_interrupt_leaves_the_job_to_be_resumed(faq, workspace, monkeypatch, capsys):
    def interrupt(*_told):
        raise KeyboardInterrupt

    monkeypatch.setattr(tuning, "tune_step", interrupt)
    assert main(["run", str(faq), *QUICK]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "Stopped."
    assert jobs_of(the_project(workspace))[0].state == "interrupted"
