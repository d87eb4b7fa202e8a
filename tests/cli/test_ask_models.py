"""``judge`` and ``write`` on the command line: nothing is sent or added before it was agreed to."""

from __future__ import annotations

import json

import pytest

from core.cli.options import main
from core.journey import steps
from core.journey.experts import launch_scoring
from core.journey.projects import scored_experts
from core.workspace.workspace import Workspace
from tests.experts.api_server import KEY, ChatServer, embeddings_server


@pytest.fixture
def server():
    with embeddings_server(ChatServer) as running:
        yield running


@pytest.fixture
def project(tmp_path, tiny_dataset, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("WORKSPACE", str(tmp_path / "workspace"))
    monkeypatch.setenv("TEST_API_KEY", KEY)
    workspace = Workspace.open(tmp_path / "workspace")
    project = workspace.create_project("Pilot", "Mika")
    workspace.save_dataset(tiny_dataset, {})
    workspace.records.use_dataset(project.id, tiny_dataset.id, "Mika")
    here = steps.in_this_process(lambda _: None, lambda report: report)
    launch_scoring(workspace.projects()[0], ["bm25"], "Mika", start=here)
    return workspace.projects()[0]


def test_a_model_judges_once_it_was_agreed_to(project, server, capsys):
    words = ["judge", "Pilot", "--url", server.url, "--model", "m", "--key-variable"]
    words += ["TEST_API_KEY", "--pairs", "20"]
    assert main(words) == 1
    told = capsys.readouterr().out
    assert "20 pairs at most" in told and "terms:" in told and "--yes" in told
    assert not server.requests
    assert main(["judge", "Pilot", "--yes", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("no people take part" in line for line in lines)
    assert json.loads(lines[-1])["expert"] == "llm:judge"
    assert 0 < len(server.answered) <= 20
    assert set(scored_experts(project)) == {"bm25", "llm:judge"}
    before = len(server.answered)
    assert main(["judge", "Pilot"]) == 0  # nothing left to send, so nothing to agree to
    assert len(server.answered) == before


def test_an_unknown_model_is_refused_with_those_that_are_known(project, capsys):
    assert main(["judge", "Pilot", "--name", "other"]) == 1
    assert "There is no language model other" in capsys.readouterr().err
    assert main(["write", "Pilot", "--by", "other"]) == 1
    assert "There is no language model other" in capsys.readouterr().err


def test_questions_are_written_looked_at_taken_and_removed(project, capsys):
    assert main(["write", "Pilot", "--most", "4"]) == 0
    assert "lead back to their answer" in capsys.readouterr().out
    assert not len(project.load_dataset().written_rows)
    assert main(["write", "Pilot", "--most", "4", "--take", "--json"]) == 0
    count = json.loads(capsys.readouterr().out.splitlines()[-1])["written"]
    now = project.workspace.project(project.id)
    assert len(now.load_dataset().written_rows) == count > 0
    assert main(["write", "Pilot", "--remove"]) == 0
    assert not len(project.workspace.project(project.id).load_dataset().written_rows)


def test_a_model_writes_after_consent(project, server, capsys):
    server.write = lambda answer: [{"style": "title", "text": answer.rstrip(".") + " now"}]
    words = ["--url", server.url, "--model", "m", "--key-variable", "TEST_API_KEY"]
    main(["judge", "Pilot", *words, "--pairs", "3", "--yes"])
    sent = len(server.requests)
    assert main(["write", "Pilot", "--by", "judge"]) == 1  # other texts: agreed to anew
    assert len(server.requests) == sent
    assert main(["write", "Pilot", "--by", "judge", "--yes", "--take"]) == 0
    assert len(server.requests) == sent + 12
    assert "are part of Pilot" in capsys.readouterr().out
