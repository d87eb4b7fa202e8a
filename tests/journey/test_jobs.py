"""Every kind of job is known everywhere: to the worker, the pages, the queue and the report."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path

import pytest

from core.jobs.folder import RunFolder, append_event
from core.journey.jobs import EXPORT, KINDS, PROBE, WATCH, WRITE, launch_job, need_of
from core.journey.report import step_times
from core.journey.steps import STEPS
from core.workspace.workspace import Workspace
from tests.fake_cluster import fake_cluster

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_says_all_that_is_asked_of_it(kind):
    missing = [f.name for f in dataclasses.fields(kind) if getattr(kind, f.name) == ""]
    assert set(missing) <= {"view"}
    assert (ROOT / "pages" / f"{kind.page}.py").is_file()
    assert "{model}" in kind.with_model


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_worker_finds_the_step_of_a_kind(kind):
    module, _, function = kind.step.partition(":")
    step = getattr(__import__(module, fromlist=[function]), function)
    folder, _asked, report = inspect.signature(step).parameters
    assert (folder, report) == ("folder", "report")
    assert dataclasses.is_dataclass(kind.request)
    assert STEPS[kind.key] == kind.do


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_only_queued_kinds_need_a_device(kind):
    assert (need_of({"kind": kind.key, "config": {"device": "cpu"}}) is not None) == kind.queued


def test_the_report_names_what_any_kind_took(tmp_path, monkeypatch):
    """A kind that the report did not know was a KeyError on the last page of the journey."""
    workspace = Workspace.open(tmp_path)
    monkeypatch.setattr(
        "core.jobs.launch._start", lambda folder, _: append_event(folder, "launched")
    )
    project = workspace.create_project("Kinds", "Mika")
    runs = {kind: launch_job(project, kind, {}, "Mika") for kind in KINDS}
    assert all(RunFolder(workspace.run_folder(run)).is_valid() for run in runs.values())
    steps = step_times(workspace, runs)
    assert [step.title for step in steps] == [kind.done for kind in KINDS.values()]


def test_what_computes_for_long_goes_to_the_cluster_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    project = Workspace.open(tmp_path).create_project("Kinds", "Mika")
    monkeypatch.setattr("core.jobs.launchers.subprocess.Popen", lambda *_, **__: None)
    with fake_cluster() as fake:
        monkeypatch.setenv("RAY_JOBS_ADDRESS", fake.address)
        for kind in KINDS:
            launch_job(project, kind, {}, "Mika")
    went = {job["metadata"]["kind"] for job in fake.submitted}
    assert went == set(KINDS) - {PROBE, EXPORT, WRITE, WATCH}
    monkeypatch.setenv("RAY_JOBS_SUBMISSION", "tune-1")  # such a worker waits for no lock of ours
    assert {need_of({"kind": kind, "config": {"device": "cuda:3"}}) for kind in KINDS} == {None}
