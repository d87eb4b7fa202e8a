"""Texts for an API in a real worker: killed and resumed, cut off from changes, and no key left."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from core.errors import ExpertError
from core.experts.outside.api import ApiExpert
from core.jobs import launch
from core.jobs.state import FINISHED, INTERRUPTED
from core.journey import experts, jobs, steps
from core.journey.sending import (
    confirm_terms,
    remove_connection,
    save_connection,
    send_plans,
    terms_sheets,
)
from core.types import SilentReporter
from core.types.scoring import ApiConnection
from core.workspace.workspace import Workspace
from tests.experts.api_server import KEY, embeddings_server

SECRET = {"TEST_API_KEY": KEY}


@pytest.fixture
def server():
    with embeddings_server() as running_server:
        yield running_server


@pytest.fixture
def workspace(tmp_path, tiny_dataset, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("TEST_API_KEY", raising=False)
    workspace = Workspace.open(tmp_path / "workspace")
    # More texts than fit into one request.
    more = tuple(f"{q} (case {i})" for i, q in enumerate(tiny_dataset.questions))
    dataset = replace(tiny_dataset, questions=more)
    dataset = replace(dataset, answers=tuple(a * 100 for a in dataset.answers))
    project = workspace.create_project("Pilot", "Mika")
    workspace.save_dataset(dataset, {})
    workspace.records.use_dataset(project.id, dataset.id, "Mika")
    return workspace


@pytest.fixture
def project(workspace):
    return workspace.projects()[0]


def connect(workspace, project, server, **settings) -> ApiConnection:
    fields = {"name": "Ours", "base_url": server.url, "model": "m", "key_variable": "TEST_API_KEY"}
    return save_connection(project, ApiConnection(**{**fields, **settings}), "Mika", {})


def plans(workspace, project, connection):
    dataset = workspace.load_dataset(project.dataset_id)
    return send_plans(project, dataset, [connection.key])


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_a_killed_job_resumes_with_the_rest_and_no_key_stays_anywhere(
    workspace, project, server, processes
):
    """Texts that were answered are paid for: a resumed job must not send them again."""

    def hang(body):
        time.sleep(1.5)
        return server.answer(body)

    def accepted() -> list[str]:
        taken = [r["input"] for r in server.requests if len(r["input"]) <= server.most]
        return [text for batch in taken for text in batch]

    server.most = 10
    server.misbehave = [None] * 5 + [hang]
    one = connect(workspace, project, server)
    agreed = plans(workspace, project, one)
    confirm_terms(project, terms_sheets(project, [one.key]), "Mika")
    run_id = experts.launch_scoring(
        project, [one.key, "bm25"], "Mika", agreed=agreed, environment=SECRET
    )
    until(lambda: not server.misbehave)  # the request that hangs has come in
    os.killpg(processes[0].pid, signal.SIGKILL)
    processes[0].wait()
    assert jobs.job(workspace, run_id).state == INTERRUPTED
    server.requests.pop()  # nobody heard its answer
    answered = accepted()
    server.requests.clear()
    jobs.resume(workspace, run_id, SECRET)
    until(lambda: jobs.job(workspace, run_id).is_final)
    assert jobs.job(workspace, run_id).state == FINISHED, jobs.log_of(workspace, run_id)
    again = Counter(accepted())
    assert len(answered) >= 10 and not set(answered) & set(again)
    assert len(again) == 60 - len(answered) and max(again.values()) == 1
    report = experts.scoring_report(project)
    assert [one.expert for one in report.figures] == ["api:Ours", "bm25"]
    dataset = workspace.load_dataset(project.dataset_id)
    (scores,) = experts.load_expert_scores(workspace, dataset, [one.key])
    assert np.isfinite(scores.block(np.arange(48), np.arange(12))).all()
    for file in workspace.layout.root.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


def test_a_job_sends_to_the_server_that_was_confirmed(workspace, project, server, monkeypatch):
    """Whoever changes the connection after the confirmation must not divert the texts."""
    folders = []
    monkeypatch.setattr(launch, "_start", lambda folder, _=None: folders.append(folder))
    one = connect(workspace, project, server)
    agreed = plans(workspace, project, one)
    confirm_terms(project, terms_sheets(project, [one.key]), "Mika")
    experts.launch_scoring(project, [one.key], "Mika", agreed=agreed, environment=SECRET)
    with embeddings_server() as other:
        connect(workspace, project, other)
        monkeypatch.setenv("TEST_API_KEY", KEY)
        request = folders[0].read_request()
        jobs.KINDS[jobs.SCORE].do(folders[0], request, SilentReporter())
        assert other.requests == [] and len(server.texts) == 60


@pytest.mark.parametrize("change", ["none", "other model", "more texts", "removed", "no key"])
def test_what_nobody_agreed_to_is_not_started(workspace, project, server, monkeypatch, change):
    started = []
    monkeypatch.setattr(launch, "_start", lambda folder, _=None: started.append(folder))
    one = connect(workspace, project, server)
    agreed, environment = plans(workspace, project, one), SECRET
    if change == "none":
        agreed = []
    elif change == "other model":
        connect(workspace, project, server, model="other")
    elif change == "more texts":
        agreed = [replace(agreed[0], questions=agreed[0].questions - 1)]
    elif change == "removed":
        remove_connection(project, one.name, "Mika")
    else:
        environment = {}
    with pytest.raises(ExpertError, match=r"nobody agreed|was removed|is not set"):
        experts.launch_scoring(project, [one.key], "Mika", agreed=agreed, environment=environment)
    assert started == [] and server.requests == []
    trail = workspace.records.audit_trail(project.id)
    assert "sending to an API confirmed" not in [line["what"] for line in trail]


def test_scores_outlive_the_connection_and_a_name_means_one_model(workspace, project, server):
    one = connect(workspace, project, server)
    dataset = workspace.load_dataset(project.dataset_id)
    may_send = {one.key: ApiExpert.of(one, SECRET)}
    experts.run_scoring(workspace, dataset, [one.key], SilentReporter(), may_send)
    other = workspace.create_project("Second", "Mika")
    with pytest.raises(ExpertError, match="Another project uses the name Ours"):
        connect(workspace, other, server, model="other")
    assert connect(workspace, other, server, price=3.0).price == 3.0, "the same model may be shared"
    remove_connection(other, "Ours", "Mika")
    remove_connection(project, "Ours", "Mika")
    (scores,) = experts.load_expert_scores(workspace, dataset, [one.key])
    assert scores.fingerprint == one.fingerprint


def test_the_command_line_sends_nothing(workspace, project, server, monkeypatch):
    """A command has nobody to ask: it may read the cache, not send."""
    monkeypatch.setenv("TEST_API_KEY", KEY)
    connect(workspace, project, server)
    start = steps.in_this_process(lambda _: None, lambda report: report)
    keys = ["api:Ours", "bm25"]
    run = experts.launch_scoring(project, keys, "Mika", agreed=None, start=start)
    result = experts.scoring_result(workspace, project.state.scored)
    assert project.state.scored.run_id == run
    assert "nobody agreed" in str(result.failures["api:Ours"])
    assert server.requests == []
