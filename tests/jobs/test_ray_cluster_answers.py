"""What is made of a cluster's answers, and of none: with a small server in its place."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import JobError
from core.jobs import launch, ray_cluster
from core.jobs.folder import WHOLE_NODE, JobRequest, RunFolder, append_event, create_run
from core.jobs.launchers import ThisMachine
from core.jobs.ray_cluster import (
    ClusterNode,
    ClusterSettings,
    ClusterView,
    RayCluster,
    RayJobs,
    launcher_of,
)
from core.jobs.state import ALIVE, ENDED, INTERRUPTED, PENDING
from tests.fake_cluster import FakeCluster, fake_cluster

BIG = ClusterNode(cpus=16, cards=8, cpus_taken=4, cards_taken=3)
SMALL = ClusterNode(cpus=2)


@pytest.fixture
def fake():
    with fake_cluster() as cluster:
        yield cluster


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return create_run(tmp_path / "ws" / "runs" / "tune-1", {"kind": "tune", "cluster": "place"})


def cluster_of(fake: FakeCluster, **settings) -> RayCluster:
    return RayCluster(ClusterSettings(fake.address, **settings))


def test_settings_are_those_of_the_environment():
    assert ClusterSettings.of({}) is None
    assert ClusterSettings.of({"RAY_JOBS_ADDRESS": "head:8265/"}).address == "http://head:8265"
    told = {"RAY_JOBS_ADDRESS": "https://ray.example", "RAY_JOBS_CPUS": "8", "RAY_JOBS_MOST": "9"}
    told |= {"RAY_JOBS_PYTHON": "/opt/python", "RAY_JOBS_CODE": "/srv/code"}
    expected = ClusterSettings("https://ray.example", 8, 9, "/opt/python", "/srv/code")
    assert ClusterSettings.of(told) == expected
    with pytest.raises(JobError, match="RAY_JOBS_CPUS says many"):
        ClusterSettings.of(told | {"RAY_JOBS_CPUS": "many"})


@pytest.mark.parametrize(
    ("device", "whole_node", "need"),
    [
        ("auto", False, (4, 1)),
        ("cuda", False, (4, 1)),
        ("cuda:5", False, (4, 1)),
        ("cuda_all", True, (4, 8)),
        ("cpu", False, (4, 0)),
    ],
)
def test_a_job_takes_a_card_where_there_are_any(device, whole_node, need):
    view = ClusterView("here", (SMALL, BIG))
    found = view.need_of(device, whole_node=whole_node, cpus=4)
    assert (found.cpus, found.cards) == need
    assert BIG.has_room_for(found) == (need[1] <= 5)
    assert not SMALL.has_room_for(found)


def test_without_cards_a_job_takes_no_more_cores_than_a_machine_has():
    view = ClusterView("here", (SMALL,))
    assert view.need_of("auto", whole_node=False, cpus=4).cpus == 2
    for device in ("cuda", "cuda_all", "mps"):
        with pytest.raises(JobError, match=f"no {device} device"):
            view.need_of(device, whole_node=device == "cuda_all", cpus=4)


def test_a_run_on_all_cards_asks_for_one_whole_machine(fake, folder):
    fake.nodes = {"a": {"CPU": [0, 16], "GPU": [0, 8]}, "b": {"CPU": [0, 2]}}
    request = JobRequest("tune", config={"device": "cuda_all"}, cluster=WHOLE_NODE)
    cluster_of(fake).submit(folder, request)
    (job,) = fake.submitted
    assert (job["entrypoint_num_cpus"], job["entrypoint_num_gpus"]) == (4, 8)
    assert job["submission_id"] == "tune-1" and job["metadata"]["run"] == "tune-1"
    assert f"-m core work {folder.root} >> {folder.log}" in job["entrypoint"]
    assert "CUDA_VISIBLE_DEVICES" not in job["runtime_env"]["env_vars"]


def test_no_password_of_the_records_is_handed_over(fake, folder, monkeypatch):
    request = JobRequest("tune", config={"device": "cpu"}, cluster="place")
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://app:secret@db/records")
    cluster_of(fake).submit(folder, request)
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://app@db/records")
    cluster_of(fake).submit(folder, request)
    first, second = (job["runtime_env"]["env_vars"] for job in fake.submitted)
    assert "secret" not in str(fake.submitted)
    assert "DATABASE_URL" not in first
    assert second["DATABASE_URL"] == "postgresql+psycopg://app@db/records"
    assert first["CUDA_VISIBLE_DEVICES"] == ""  # no card was asked for: it sees none
    assert [job["submission_id"] for job in fake.submitted] == ["tune-1", "tune-1-2"]


def test_only_jobs_that_may_and_need_no_secrets_leave_this_machine(fake, folder, monkeypatch):
    assert isinstance(launcher_of(folder), ThisMachine)
    monkeypatch.setenv("RAY_JOBS_ADDRESS", fake.address)
    assert isinstance(launcher_of(folder), RayJobs)
    assert isinstance(launcher_of(folder, {"SOME_API_KEY": "x"}), ThisMachine)
    stays = create_run(folder.root.with_name("probe-1"), {"kind": "probe"})
    assert isinstance(launcher_of(stays), ThisMachine)


def test_no_more_jobs_than_allowed(fake, folder):
    fake.jobs = [{"submission_id": f"x{n}", "status": "PENDING"} for n in range(3)]
    with pytest.raises(JobError, match="3 jobs that compute or wait, and 3 is the most"):
        cluster_of(fake, most=3).submit(folder, folder.job())
    assert not fake.submitted


def sign(fake: FakeCluster, status: str, minutes: float = 1) -> tuple[str, str]:
    fake.jobs = [
        {"submission_id": "other", "status": "RUNNING"},
        *([{"submission_id": "mine", "status": status, "message": "why\n"}] if status else []),
        {"submission_id": None, "status": "RUNNING"},
    ]
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    found = RayJobs(cluster_of(fake)).sign("mine", at.isoformat())
    return found.word, str(found.message or "")


def test_what_ray_says_of_a_job(fake):
    assert sign(fake, "PENDING") == (PENDING, "")
    assert sign(fake, "RUNNING") == (ALIVE, "")
    for status in ("FAILED", "STOPPED", "SUCCEEDED"):
        assert sign(fake, status) == (ENDED, "The cluster says: why")
    assert sign(fake, "", minutes=0) == (PENDING, "")  # on its way there
    word, message = sign(fake, "")
    assert word == ENDED and "started anew" in message


def test_answers_in_an_unknown_form_are_no_crash(fake):
    fake.nodes = "many"
    view = cluster_of(fake).look()
    assert view.nodes == () and view.problem is None
    fake.status = 500
    assert "refused (status 500)" in str(cluster_of(fake).look().problem)
    fake.status, fake.body = 200, b"<html>a proxy</html>"
    assert "does not answer" in str(cluster_of(fake).look().problem)


def test_a_cluster_is_asked_once_in_two_seconds_by_all_pages(fake):
    cluster = cluster_of(fake)
    for _ in range(50):
        cluster.look()
    assert fake.asked == 2  # its jobs and its machines


def test_a_cluster_that_hangs_costs_a_page_seconds_once(folder, monkeypatch):
    """A connection that is taken and never answered, as by a head that is out of memory."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        monkeypatch.setenv("RAY_JOBS_ADDRESS", f"127.0.0.1:{deaf.getsockname()[1]}")
        append_event(folder, "launched", submission="tune-1", cluster="there")
        append_event(folder, "started")
        began = time.monotonic()
        seen = [launch.follow(folder) for _ in range(100)]
        assert time.monotonic() - began < 6
    assert {one.state for one in seen} == {INTERRUPTED}
    assert "does not answer" in str(seen[-1].note)


def test_for_a_moment_without_answer_nothing_looks_interrupted(fake, folder, monkeypatch):
    monkeypatch.setattr(ray_cluster, "_FRESH_SECONDS", 0.0)
    monkeypatch.setenv("RAY_JOBS_ADDRESS", fake.address)
    append_event(folder, "launched", submission="tune-1", cluster=fake.address)
    append_event(folder, "started")
    fake.jobs = [{"submission_id": "tune-1", "status": "RUNNING"}]
    assert launch.follow(folder).state == "running"
    fake.status = 503
    assert launch.follow(folder).state == "running"
    monkeypatch.setattr(ray_cluster, "_TRUSTED_SECONDS", 0.0)
    seen = launch.follow(folder)
    assert seen.state == INTERRUPTED and "status 503" in str(seen.note)


def test_the_token_comes_from_the_variable_or_the_file(tmp_path, monkeypatch, fake):
    monkeypatch.setenv("RAY_JOBS_ADDRESS", fake.address)
    fake.token = "abc"
    assert "does not accept the token" in str(RayCluster.named().look().problem)
    file = tmp_path / "token"
    file.write_text("abc\n")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(file))
    assert RayCluster.named().look().problem is None
