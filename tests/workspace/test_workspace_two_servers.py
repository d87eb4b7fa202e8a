"""Two app servers on one workspace: one folder, one database, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = textwrap.dedent(
    """
    import json, sys
    from core.errors import AppError
    from core.jobs.folder import RunFolder, append_event, create_run
    from core.journey import jobs
    from core.workspace.records import RunRecord, now
    from core.workspace.workspace import Workspace

    for line in sys.stdin:  # what somebody does in the browser of this server
        told = json.loads(line)
        workspace = Workspace.open()
        if told["do"] == "create":
            try:
                said = workspace.create_project(told["name"], told["who"]).id
            except AppError as error:
                said = str(error)
        elif told["do"] == "projects":
            said = sorted(project.name for project in workspace.projects())
        elif told["do"] == "launch":
            request = {"kind": "export", "project_id": told["project"], "config": {}}
            folder = create_run(workspace.run_folder(told["run"]), request)
            append_event(folder, "launched")
            workspace.records.add_run(RunRecord(told["run"], told["project"], "export", now()))
            said = None
        elif told["do"] == "stop":
            jobs.stop(workspace, told["run"])
            said = None
        elif told["do"] == "jobs":
            project = workspace.project(told["project"])
            said = [(one.id, one.state, one.stop_requested) for one in jobs.jobs_of(project)]
        print(json.dumps(said), flush=True)
    """
)


class AppServer:
    """A process that does what is asked, one thing after the other."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def asked(self, do: str, **values: str) -> object:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"do": do, **values}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@pytest.fixture
def servers(tmp_path, records_url):
    environment = os.environ | {"WORKSPACE": str(tmp_path / "ws"), "DATABASE_URL": records_url}
    environment.pop("RAY_JOBS_ADDRESS", None)
    made = [AppServer(environment), AppServer(environment)]
    yield made
    for server in made:
        server.process.kill()
        server.process.wait()


def test_what_is_done_on_one_server_is_seen_and_stopped_on_the_other(servers):
    one, other = servers
    project = one.asked("create", name="Shared", who="ann")
    other.asked("create", name="Second", who="bo")
    assert one.asked("projects") == other.asked("projects") == ["Second", "Shared"]
    one.asked("launch", project=project, run="export-20261126-120000-aaaa")
    assert other.asked("jobs", project=project) == [
        ["export-20261126-120000-aaaa", "starting", None]
    ]
    other.asked("stop", run="export-20261126-120000-aaaa")
    assert one.asked("jobs", project=project) == [
        ["export-20261126-120000-aaaa", "starting", "cancel"]
    ]


def test_a_name_given_on_one_server_is_taken_on_the_other(servers):
    one, other = servers
    assert len(str(one.asked("create", name="Same", who="ann"))) == 12
    assert "already a project named Same" in str(other.asked("create", name="Same", who="bo"))
    assert one.asked("projects") == ["Same"]
