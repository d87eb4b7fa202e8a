"""A damaged run folder is a row that says so; it takes no page and no other run with it."""

from __future__ import annotations

import json

import pytest

from core.jobs.folder import RunFolder, create_run, read_events
from core.journey import compare, cross_fit, delivery, experiments, jobs, tune
from core.journey.projects import finished_runs
from core.workspace.records import RunRecord
from core.workspace.workspace import Workspace

WHOLE = {"at": "2026-11-26T03:00:00.000+00:00", "event": "started"}
BENT_EVENTS = (
    *({}, {"event": "progress"}, {"event": "started"}, {"at": "now", "event": "started"}),
    {"at": "2026-11-26T03:00:00", "event": "started"},  # without a time zone
    *(WHOLE | more for more in ({"event": ["started"]}, {"event": "failed", "message": 3})),
    WHOLE | {"event": "progress", "fraction": "half", "message": {"template": "x", "params": {}}},
    WHOLE | {"event": "progress", "fraction": 0.5, "message": {"template": "{a}", "params": {}}},
    WHOLE | {"event": "metric", "values": [1]},
    WHOLE | {"event": "warning", "message": {"params": {}}},
)
BENT_REQUESTS = ("{}", "[]", "", "\x00", '{"kind": "tune"}', '{"kind": ["tune"], "config": 3}')


def add_run(project, kind: str, request: str, number: int = 0) -> RunFolder:
    run_id = f"{kind}-20261126-03000{number}-abcd"
    project.workspace.records.add_run(RunRecord(run_id, project.id, kind, WHOLE["at"]))
    folder = create_run(project.workspace.run_folder(run_id), {})
    folder.request.write_text(request, encoding="utf-8")
    return folder


@pytest.fixture
def project(tmp_path):
    return Workspace.open(tmp_path).create_project("Damaged", "me")


@pytest.mark.parametrize("request_text", BENT_REQUESTS)
def test_a_damaged_request_is_a_failed_job_that_names_its_run(project, request_text):
    folder = add_run(project, jobs.TUNE, request_text)
    (view,) = jobs.jobs_of(project)
    assert (view.id, view.kind, view.project_id) == (folder.root.name, jobs.TUNE, project.id)
    if '"tune"' not in request_text or "[" in request_text:
        assert view.state == "failed"
        assert f"The run {folder.root.name} is damaged" in str(view.error)
    (run,) = tune.tuning_runs(project)
    assert run.problem is not None


@pytest.mark.parametrize("kind", sorted(jobs.KINDS))
def test_whoever_lists_runs_lists_the_whole_ones(project, kind):
    for number, request in enumerate(BENT_REQUESTS):
        add_run(project, kind, request, number)
    assert len(jobs.jobs_of(project, kind)) == len(BENT_REQUESTS)
    assert compare.comparisons_of(project, "tune-1") == []
    assert finished_runs(project, kind) == []
    assert delivery.usable_export(project, "tune-1") is None
    for listed in (cross_fit.cross_fits, experiments.races, experiments.data_curves):
        assert all(one.problem is not None for one in listed(project))


def test_a_folder_that_was_deleted_is_no_job_at_all(project):
    folder = add_run(project, jobs.TUNE, "{}")
    folder.request.unlink()
    folder.root.rmdir()
    assert jobs.jobs_of(project) == []


@pytest.mark.parametrize("event", BENT_EVENTS, ids=json.dumps)
def test_a_bent_event_is_left_out_of_the_story(project, event):
    folder = add_run(project, jobs.TUNE, '{"kind": "tune", "config": {}, "project_id": "x"}')
    lines = [json.dumps(one) for one in (WHOLE, event, WHOLE)]
    folder.events.write_text("\n".join(lines), encoding="utf-8")
    assert read_events(folder) == [WHOLE, WHOLE]
    (view,) = jobs.jobs_of(project)
    assert view.state == "interrupted"
